using System.Text;
using System.Text.Json.Nodes;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Tests.Erasure;

namespace RemoteMonitoring.Workflows.Tests.Compaction;

/// <summary>What a run redoes, and what it leaves alone: four patients in two shards, each with a device that measures at noon of five days.</summary>
public sealed class IncrementalCompactionTests : IAsyncLifetime, IAsyncDisposable
{
    private const int Shards = 2;
    private static readonly CompactionOptions s_twoShards = new() { Shards = Shards };

    private readonly GrowingCohort _cohort = new();

    public async Task InitializeAsync()
    {
        string[] patients = ["A", "B", "C", "D"];
        Assert.Equal([0, 1], patients.Select(Shard).Distinct().Order());
        await _cohort.PatientsAsync(patients);
        foreach (var patient in patients)
        {
            await _cohort.AssignAsync("d-" + patient, patient, 0, known: 0);
        }

        for (var day = 0; day < 5; day++)
        {
            await _cohort.LandAsync(0, false, [.. patients.Select(p => Sent.Of("d-" + p, day + 0.5, 70 + day, $"{p}{day}", day + 0.51))]);
        }
    }

    public ValueTask DisposeAsync() => _cohort.DisposeAsync();

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    [Fact]
    public async Task A_late_reading_redoes_exactly_its_day_and_shard()
    {
        var (before, _) = await _cohort.CompactAsync(s_twoShards);
        await _cohort.LandAsync(0, false, Sent.Of("d-A", 2.6, 90, enqueued: 8));
        var after = await _cohort.CompactAsync();

        Assert.Equal([(GrowingCohort.Date(2), Shard("A"))], after.Redone.Select(k => (k.Date, k.Shard)));
        Assert.Equal([(GrowingCohort.Date(2), Shard("A"))], NewFiles(before, after.Manifest));
        Assert.Equal(before.Accepted + 1, after.Manifest.Accepted);
    }

    [Fact]
    public async Task A_late_reading_of_an_instant_corrects_it()
    {
        var (before, _) = await _cohort.CompactAsync(s_twoShards);
        await _cohort.LandAsync(0, false, Sent.Of("d-A", 2.5, 90, enqueued: 8));
        var after = await _cohort.CompactAsync();

        Assert.Equal([(GrowingCohort.Date(2), Shard("A"))], NewFiles(before, after.Manifest));
        Assert.Equal((before.Accepted + 1, before.Corrected + 1), (after.Manifest.Accepted, after.Manifest.Corrected));
    }

    [Fact]
    public async Task A_reassignment_redoes_its_days_for_the_shards_of_both_patients()
    {
        var to = "BCD".Select(c => $"{c}").First(p => Shard(p) != Shard("A"));
        var (before, _) = await _cohort.CompactAsync(s_twoShards);
        await _cohort.AssignAsync("d-A", to, 1, to: 3);
        var after = await _cohort.CompactAsync();

        Assert.Equal(
            [(GrowingCohort.Date(1), 0), (GrowingCohort.Date(1), 1), (GrowingCohort.Date(2), 0), (GrowingCohort.Date(2), 1)],
            after.Redone.Select(k => (k.Date, k.Shard)));
        Assert.Equal(2, after.Manifest.Reassigned);
        var other = "BCD".Select(c => $"{c}").FirstOrDefault(p => Shard(p) == Shard("A"));
        Assert.NotNull(other);
        await _cohort.AssignAsync("d-A", other, 4);
        Assert.Equal([(GrowingCohort.Date(4), Shard("A"))], (await _cohort.CompactAsync()).Redone.Select(k => (k.Date, k.Shard)));
    }

    [Fact]
    public async Task A_statement_about_the_future_redoes_nothing_and_the_manifest_says_what_it_was_made_of()
    {
        var (before, _) = await _cohort.CompactAsync(s_twoShards);
        await _cohort.AssignAsync("d-A", "B", 100);
        var (after, alreadyThere) = await _cohort.CompactAsync();

        Assert.False(alreadyThere);
        Assert.NotEqual(before.InputHash, after.InputHash);
        Assert.Equal(before.Files, after.Files);
        Assert.True((await _cohort.CompactAsync()).AlreadyThere);
    }

    [Fact]
    public async Task A_device_that_becomes_a_patients_leaves_no_file_of_nobody()
    {
        await _cohort.LandAsync(0, false, Sent.Of("stranger", 3.2, 80, enqueued: 8));
        var (before, _) = await _cohort.CompactAsync(s_twoShards);
        Assert.Equal([GrowingCohort.Date(3)], before.Unassigned.Select(f => f.EventDate));
        await _cohort.AssignAsync("stranger", "A", 0);
        var (after, _) = await _cohort.CompactAsync();

        Assert.Empty(after.Unassigned);
        Assert.DoesNotContain(after.Partitions, p => p.Shard == PartitionKey.Nobody);
        Assert.Equal(before.Accepted + 1, after.Accepted);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_copy_over_midnight_of_a_message_without_a_time_counts_once_whichever_comes_first(bool earlierFirst)
    {
        // Of imported streams the hub's time is when a message was known: the copy of before midnight is the first, whenever it lands.
        var (before, after) = (Sent.HubTimed("d-A", 1.9999, 88, "m"), Sent.HubTimed("d-A", 2.0001, 88, "m"));
        var (first, _) = await _cohort.CompactAsync(s_twoShards);
        await _cohort.LandAsync(1, true, earlierFirst ? before : after);
        await _cohort.CompactAsync();
        await _cohort.LandAsync(2, true, earlierFirst ? after : before);
        var last = await _cohort.CompactAsync();

        Assert.Equal((first.Accepted + 1, first.Duplicates + 1), (last.Manifest.Accepted, last.Manifest.Duplicates));
        Assert.Equal((await _cohort.ResolveAllAsync()).Rows, await _cohort.RowsAsync(last.Manifest));
        Assert.Equal([GrowingCohort.Date(1), GrowingCohort.Date(2)], last.Redone.Select(k => k.Date));
        Assert.Equal([GrowingCohort.Date(1)], NewFiles(first, last.Manifest).Select(f => f.Date));
    }

    [Theory]
    [InlineData(7.5, 1)]
    [InlineData(8.5, 0)]
    public async Task A_copy_is_looked_for_seven_days_away_and_no_further(double later, int duplicates)
    {
        await _cohort.LandAsync(1, true, Sent.HubTimed("d-A", 0.5, 88, "m"), Sent.HubTimed("d-A", later, 88, "m"));
        Assert.Equal(duplicates, (await _cohort.CompactAsync(s_twoShards)).Manifest.Duplicates);
    }

    [Fact]
    public async Task Silver_of_days_that_are_not_touched_is_not_read()
    {
        await _cohort.CompactAsync(s_twoShards);
        var old = (await _cohort.Lake.ListAsync(LakePaths.SilverReadings, default))[0];
        var bytes = await _cohort.Lake.ReadAsync(old, default);
        bytes[48] ^= 0xff; // in a page: the footer is good, and is read each time
        await _cohort.Lake.ReplaceAsync(old, bytes, default);

        await _cohort.LandAsync(0, false, Sent.Of("d-A", 4.6, 90, enqueued: 8));
        Assert.Single((await _cohort.CompactAsync()).Redone);
        await _cohort.LandAsync(0, false, Sent.Of("d-A", 0.6, 90, enqueued: 8));
        Assert.Contains(_cohort.Lake.NameOf(old), (await Assert.ThrowsAsync<LakeException>(() => _cohort.CompactAsync())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Small_files_that_were_sealed_redo_nothing()
    {
        var (before, _) = await _cohort.CompactAsync(s_twoShards);
        _cohort.Time.Now += TimeSpan.FromDays(1);
        await _cohort.LandAsync(0, false, Sent.Of("d-A", 4.6, 90, enqueued: 8)); // of another day, so that the group before is done
        Assert.True(await _cohort.SealAsync() > 1);
        var after = await _cohort.CompactAsync();

        Assert.Equal([(GrowingCohort.Date(4), Shard("A"))], after.Redone.Select(k => (k.Date, k.Shard)));
        Assert.True(before.Index!.Sources.Count > after.Manifest.Index!.Sources.Count);
        var (full, _) = await _cohort.CompactAsync(new CompactionOptions { Full = true });
        Assert.Equal(after.Manifest.ToBytes(), full.ToBytes());
    }

    [Fact]
    public async Task A_command_to_read_again_redoes_what_it_changes()
    {
        await _cohort.LandAsync(0, false, Sent.Odd("d-A", 3.3, 71, 81, "odd"));
        var (before, _) = await _cohort.CompactAsync(s_twoShards);
        await _cohort.ActivateAsync(1);
        Assert.Empty((await _cohort.CompactAsync()).Redone);
        await _cohort.ReprocessAsync();
        var after = await _cohort.CompactAsync();

        Assert.Equal([(GrowingCohort.Date(3), Shard("A"))], after.Redone.Select(k => (k.Date, k.Shard)));
        Assert.Equal(before.Accepted + 1, after.Manifest.Accepted);
        await _cohort.ActivateAsync(2);
        await _cohort.ReprocessAsync();
        var last = await _cohort.CompactAsync();
        Assert.Equal([(GrowingCohort.Date(3), Shard("A"))], last.Redone.Select(k => (k.Date, k.Shard)));
        Assert.Equal((1, after.Manifest.Accepted), (last.Manifest.TakenBack, last.Manifest.Accepted));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(7)]
    public async Task No_more_readings_are_resolved_at_a_time_than_the_budget_and_it_comes_out_the_same(int budget)
    {
        var whole = await _cohort.CompactAsync(s_twoShards);
        Assert.Equal(20, whole.MostAtATime);
        var parts = await _cohort.CompactAsync(new CompactionOptions { Full = true, ReadingsAtATime = budget });

        // A day and shard is the least that can be done.
        Assert.InRange(parts.MostAtATime, 1, Math.Max(budget, whole.Manifest.Partitions.Max(p => p.Read)));
        Assert.Equal(whole.Manifest.ToBytes(), parts.Manifest.ToBytes());
    }

    [Fact]
    public async Task Killed_after_any_number_of_writes_and_run_again_it_comes_out_the_same()
    {
        await _cohort.CompactAsync(s_twoShards);
        await _cohort.LandAsync(0, false, Sent.Of("d-A", 2.6, 90, enqueued: 8), Sent.Of("d-B", 3.6, 91, enqueued: 8), Sent.Of("stranger", 1.5, 91, enqueued: 8));
        await _cohort.AssignAsync("d-C", "D", 1);
        var begun = _cohort.Home.Root;
        await _cohort.Home.CloseStoreAsync();
        var writes = 0;
        for (var most = 0; most <= writes; most++)
        {
            await using var undisturbed = TempHome.CopyOf(begun);
            var (expected, _) = await CompactionStage.RunAsync(undisturbed.Store, default);
            await using var home = TempHome.CopyOf(begun);
            var lake = new DyingLake(home.Lake, most);
            var dying = new CohortStore(MadeUpFeed.Cohort, lake, home.Store.Documents, home.Store.Folder);
            try
            {
                await CompactionStage.RunAsync(dying, default);
            }
            catch (OperationCanceledException)
            {
                writes = Math.Max(writes, lake.Writes);
            }

            var (again, _) = await CompactionStage.RunAsync(home.Store, default);
            Assert.Equal(expected.ToBytes(), again.ToBytes());
            Assert.Equal(await undisturbed.HashesAsync("gold"), await home.HashesAsync("gold"));
        }

        Assert.True(writes > 5);
    }

    [Fact]
    public async Task The_number_of_shards_stays_as_it_was_set_until_it_is_set_otherwise()
    {
        Assert.Equal(1, (await _cohort.CompactAsync()).Manifest.Shards);
        Assert.Equal(3, (await _cohort.CompactAsync(new CompactionOptions { Shards = 3 })).Manifest.Shards);
        Assert.True((await _cohort.CompactAsync()).AlreadyThere);
        Assert.Equal(3, (await _cohort.CompactAsync(new CompactionOptions { Full = true })).Manifest.Shards);
        Assert.Equal(1, (await _cohort.CompactAsync(new CompactionOptions { Shards = 0 })).Manifest.Shards);
        Assert.Contains("cannot be the number of shards", (await Assert.ThrowsAsync<LakeException>(() => _cohort.CompactAsync(new CompactionOptions { Shards = -1 }))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_a_manifest_of_before_there_was_an_index_everything_is_redone()
    {
        var (made, _) = await _cohort.CompactAsync();
        var old = JsonNode.Parse(made.ToBytes())!.AsObject();
        old["schemaVersion"] = 2;
        foreach (var name in (string[])["rules", "takenBack", "unassigned", "partitions", "index"])
        {
            Assert.True(old.Remove(name), name);
        }

        await _cohort.Lake.ReplaceAsync(LakePaths.ObservationsManifest, Encoding.UTF8.GetBytes(old.ToJsonString()), default);
        var again = await _cohort.CompactAsync();
        Assert.Equal(made.Partitions.Count, again.Redone.Count);
        Assert.Equal(made.ToBytes(), again.Manifest.ToBytes());
    }

    [Fact]
    public async Task A_manifest_of_a_newer_version_is_told_in_one_line()
    {
        var (made, _) = await _cohort.CompactAsync();
        var newer = JsonNode.Parse(made.ToBytes())!.AsObject();
        newer["schemaVersion"] = 4;
        newer["colour"] = "red";
        await _cohort.Lake.ReplaceAsync(LakePaths.ObservationsManifest, Encoding.UTF8.GetBytes(newer.ToJsonString()), default);
        var fault = await Assert.ThrowsAsync<LakeException>(() => _cohort.CompactAsync());
        Assert.EndsWith("has layout version 4; this program reads up to 3: update it, or delete the file and compact again.", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
    }

    [Fact]
    public async Task A_range_of_days_of_a_shard_is_those_days()
    {
        var (manifest, _) = await _cohort.CompactAsync(s_twoShards);
        var some = await CompactionStage.ReadShardAsync(_cohort.Lake, manifest, Shard("A"), GrowingCohort.Date(1), GrowingCohort.Date(2), default);
        var all = await CompactionStage.ReadShardAsync(_cohort.Lake, manifest, Shard("A"), default);
        Assert.Equal(all.PatientIds, some.PatientIds);
        Assert.Equal(GrowingCohort.Values(all).Where(v => v is 71 or 72), GrowingCohort.Values(some));
    }

    private static int Shard(string patient) => Partitioning.PartitionOf(patient, Shards);

    private static IEnumerable<(DateOnly Date, int Shard)> NewFiles(ObservationsManifest before, ObservationsManifest after) =>
        after.Files.Where(f => !before.Files.Contains(f)).Select(f => (f.EventDate, f.Shard));
}
