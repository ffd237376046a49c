using System.Text;
using System.Text.Json.Nodes;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Ingestion;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Erasure;
using RemoteMonitoring.Workflows.Features;
using RemoteMonitoring.Workflows.Rebuild;
using RemoteMonitoring.Workflows.Tests.Compaction;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Workflows.Tests.Erasure;

public sealed class PatientErasureTests(LeavingPatient made) : IClassFixture<LeavingPatient>
{
    [Fact]
    public async Task Nothing_is_left_of_an_erased_patient_and_nothing_brings_anything_back()
    {
        await using var home = made.Copy();
        var cohort = home.Store.Folder;
        Assert.Equal(LeavingPatient.Words.Length, (await HomeSearch.FindAsync(cohort, LeavingPatient.Words)).Select(f => f.Split(": ")[1]).Distinct().Count());
        Assert.Contains(LeavingPatient.Patient, Encoding.UTF8.GetString(await home.Lake.ReadAsync(made.Model.Report, default)), StringComparison.Ordinal);
        var before = await LeavingPatient.OthersAsync(home);
        var manifest = (await ObservationsManifest.TryReadAsync(home.Lake, default))!;

        var (proof, _) = await EraseAsync(home);
        Assert.Empty(await HomeSearch.FindAsync(cohort, LeavingPatient.Words));
        Assert.Equal(before, await LeavingPatient.OthersAsync(home));
        Assert.Contains(proof.Things, t => t.Place == "bronze");

        // A message of both goes on with the other's reading alone.
        Assert.Equal((1, 0), (proof.Rewritten, proof.OthersLost));
        var after = (await ObservationsManifest.TryReadAsync(home.Lake, default))!;
        Assert.True(after.Conserves);
        Assert.Equal((manifest.Messages, manifest.Inputs.Watermark), (after.Messages, after.Inputs.Watermark));
        Assert.Equal(manifest.Inputs.Frontier, after.Inputs.Frontier);
        Assert.True(after.Received < manifest.Received);

        Assert.All(await RebuildStage.RunAsync(home.Store, default), p => Assert.True(p.IsEqual, p.ToString()));
        Assert.True(await home.Lake.AllExistAsync(manifest.Files.Select(f => f.Path), default)); // the ledger refers to them
        Assert.Empty(await HomeSearch.FindAsync(cohort, LeavingPatient.Words));

        var again = await FeedIngestion.RunAsync(home.Store, FeedFolder.Open(Path.Combine(home.Root, "feed"), null, false), TimeProvider.System, null, default);
        Assert.True(again.NothingNew);
        await CompactionStage.RunAsync(home.Store, default);
        Assert.Empty(await HomeSearch.FindAsync(cohort, LeavingPatient.Words));
        Assert.Equal(before, await LeavingPatient.OthersAsync(home));
    }

    [Fact]
    public async Task What_a_job_wrote_of_an_erased_patient_is_gone_before_anybody_collects_it()
    {
        await using var home = made.Copy();
        foreach (var path in (string[])[made.Model.HeldOut[0], made.Model.Report])
        {
            await home.Lake.TryCreateAsync($"{LakePaths.Work("run", TrainedFiles.Folder)}/{path}", await home.Lake.ReadAsync(path, default), default);
        }

        await home.Lake.TryCreateAsync(LakePaths.Pin("run", "observations"), Array.Empty<byte>(), default);
        await EraseAsync(home);
        Assert.Empty(await HomeSearch.FindAsync(home.Store.Folder, LeavingPatient.Words));
        Assert.Equal([LakePaths.Pin("run", "observations")], await home.Lake.ListAsync(LakePaths.WorkFolder, default));
    }

    [Fact]
    public async Task The_same_feed_under_another_epoch_brings_nothing_of_an_erased_patient_in()
    {
        await using var home = made.Copy();
        await EraseAsync(home);
        var folder = Path.Combine(home.Root, "other");
        LeavingPatient.Feed().Write(folder);
        var header = Path.Combine(folder, "feed.json");
        await File.WriteAllTextAsync(header, (await File.ReadAllTextAsync(header)).Replace("\"e1\"", "\"e2\"", StringComparison.Ordinal).Replace("\"cohort\":\"made-up\"", "\"cohort\":\"other\"", StringComparison.Ordinal));
        var report = await FeedIngestion.RunAsync(home.Store, FeedFolder.Open(folder, MadeUpFeed.Cohort, false), TimeProvider.System, null, default);

        Assert.True(report.Landed > 0);
        Assert.Equal(0, report.ReferenceBatches);
        var (manifest, _) = await CompactionStage.RunAsync(home.Store, default);
        Assert.True(manifest.Conserves);
        Assert.Empty(await HomeSearch.FindAsync(home.Store.Folder, LeavingPatient.Words));
    }

    [Fact]
    public async Task The_proof_names_models_runs_and_what_remains_and_not_the_patient()
    {
        await using var home = made.Copy();
        var then = await home.Lake.ReadAsync(LakePaths.Ledger(made.Ledger.Run), default);
        var (proof, path) = await EraseAsync(home);

        Assert.Equal([$"{TrainedHome.Task.Name}/{made.Model.Version}"], proof.Models);
        Assert.Equal([made.Ledger.Run], proof.Runs);
        Assert.Contains(proof.Remains, r => r.Contains(made.Model.Version, StringComparison.Ordinal));
        Assert.All(proof.Things.Where(t => t.Sha256 is not null), t => Assert.Equal(t.Sha256, LakeDirectory.Hash(File.ReadAllBytes(home.Lake.FullPath(t.Name)))));
        Assert.DoesNotContain(LeavingPatient.Patient, Encoding.UTF8.GetString(await home.Lake.ReadAsync(path, default)), StringComparison.Ordinal);
        foreach (var place in (string[])["bronze", "silver", "reference log", "observations", "features", "predictions", "held-out rows", "reports", "documents"])
        {
            Assert.Contains(proof.Things, t => t.Place == place);
        }

        Assert.Equal(then, await home.Lake.ReadAsync(LakePaths.Ledger(made.Ledger.Run), default));
        var note = JsonNode.Parse(await home.Lake.ReadAsync(LakePaths.LedgerErasures(made.Ledger.Run), default))!["erasures"]![0]!;
        Assert.True(note["inputFiles"]!.GetValue<int>() > 0);
        Assert.Equal(made.Ledger.Outputs.Count, note["outputs"]!.AsArray().Count);
    }

    [Fact]
    public async Task Observations_of_the_past_that_a_run_used_are_still_read_and_without_the_patient()
    {
        await using var home = made.Copy();
        var before = (await ObservationsManifest.TryReadAsync(home.Lake, made.Ledger.Observations, default))!;
        var then = await CompactionStage.ReadShardAsync(home.Lake, before, 0, default);
        await EraseAsync(home);
        var past = (await ObservationsManifest.TryReadAsync(home.Lake, made.Ledger.Observations, default))!;
        var now = await CompactionStage.ReadShardAsync(home.Lake, past, 0, default);

        Assert.Contains(LeavingPatient.Patient, then.PatientIds);
        Assert.Equal(then.PatientIds.Where(p => p != LeavingPatient.Patient), now.PatientIds);
        Assert.Equal(past.Rows, GrowingCohort.Values(now).Count);
        Assert.NotEmpty(before.Rollups!.Files);
        var reference = await home.Store.Reference.LoadAsync(past.Inputs.Reference, default);
        VectorKey[] keys = [.. now.PatientIds.Select(id => new VectorKey(id, made.Ledger.AsOf.ToUnixMicros(), made.Ledger.KnownBy.ToUnixMicros()))];
        Assert.All((await FeatureStage.BuildAsync(home.Store, past, FeatureSet.Home, reference, keys, null, default)).HasReading, Assert.True);
        Assert.True((await CompactionStage.RunAsync(home.Store, default)).AlreadyThere);
    }

    [Fact]
    public async Task Who_looked_at_an_erased_patient_stays_on_record_about_a_hash_and_nothing_else_of_the_patient_does()
    {
        await using var home = made.Copy();
        var at = NodaTime.Instant.FromUtc(2026, 3, 1, 8, 0);
        AuditEntry Viewed(string id, string patient, string? reason) => new()
        {
            Id = id,
            At = at,
            Event = AuditEvent.GlassBroken,
            User = "nurse",
            PatientId = patient,
            CareTeamId = "north",
            Ground = AccessGround.BrokenGlass,
            Reason = reason,
            Address = AddressClass.Loopback,
        };
        Document Of(string day, string id, string body) => new() { PartitionKey = day, Id = id, Body = body };
        var documents = home.Store.Documents;
        var login = Of("nurse", "login", """{"stamp":"s"}""");
        await documents.UpsertAsync(Containers.Logins, [login], default);
        await documents.UpsertAsync(
            Containers.Audit,
            [
                Of("2026-03-01", "1", Viewed("1", LeavingPatient.Patient, $"asked by the family of {LeavingPatient.Patient}").ToJson()),
                Of("2026-03-01", "2", Viewed("2", "p01", "covering tonight").ToJson()),
            ],
            default);
        // Sent in one message by a device that was handed on in the midst of it.
        async Task<double[]> UrgentAsync(string patient) => await documents.ListAsync(Containers.Urgent, default).Select(d => UrgentReading.TryRead(d.Body)!).Where(u => u.PatientId == patient).Select(u => u.Value).ToArrayAsync();
        Assert.Contains(77, await UrgentAsync(LeavingPatient.Patient));
        Assert.Equal((double[])[78], await UrgentAsync("p01"));

        var (proof, _) = await EraseAsync(home);
        var entries = (await documents.ListAsync(Containers.Audit, "2026-03-01", default)).Select(d => AuditEntry.Read(d.Body)).ToArray();
        Assert.Equal(Viewed("1", LeavingPatient.Patient, null) with { PatientId = null, ErasedPatient = home.Store.MakeErasureKey().OfPatient(LeavingPatient.Patient) }, entries[0]);
        Assert.Equal(Viewed("2", "p01", "covering tonight"), entries[1]);
        Assert.Empty(await UrgentAsync(LeavingPatient.Patient));
        Assert.Equal((double[])[78], await UrgentAsync("p01"));
        Assert.Equal(login.Body, Assert.Single(await documents.ListAsync(Containers.Logins, "nurse", default)).Body);
        Assert.Contains(proof.Things, t => t.Name == Containers.Audit);
        Assert.Contains(proof.Things, t => t.Name == Containers.Urgent);
        Assert.Empty(await HomeSearch.FindAsync(home.Store.Folder, LeavingPatient.Words));
    }

    [Fact]
    public async Task Trying_out_changes_nothing_and_says_what_the_erasure_then_does()
    {
        await using var home = made.Copy();
        var before = await home.FilesAsync();
        var (_, tried) = await PatientErasure.TryOutAsync(home.Store, LeavingPatient.Patient, TimeProvider.System, default);
        Assert.Equal(before, await home.FilesAsync());
        Assert.False(File.Exists(home.Store.ErasureKeyFile));

        var (proof, _) = await EraseAsync(home);
        string Count(string place, IEnumerable<Ingestion.Erasure.ErasedThing> things) => $"{place} {things.Where(t => t.Place == place).Sum(t => t.Rows)}";
        Assert.All((string[])["bronze", "features", "predictions", "held-out rows", "reports", "documents"], place => Assert.Equal(Count(place, tried.Things), Count(place, proof.Things)));
    }

    [Fact]
    public async Task A_list_goes_on_without_the_patient()
    {
        await using var home = made.Copy();
        var others = await LeavingPatient.DocumentsAsync(home, Containers.Worklists);
        await EraseAsync(home);

        var lists = await LeavingPatient.DocumentsAsync(home, Containers.Worklists);
        Assert.Equal(others.Count, lists.Count);
        Assert.Contains(lists, l => others.Contains(l)); // the other team's
        Assert.DoesNotContain(lists, l => l.Contains(LeavingPatient.Patient, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Who_is_enrolled_again_starts_anew()
    {
        await using var home = made.Copy();
        var (proof, _) = await EraseAsync(home);
        var begin = proof.At + NodaTime.Duration.FromHours(1);
        await home.Store.Reference.AppendAsync(ReferenceKinds.Roster, Line(new Patient { PatientId = LeavingPatient.Patient, CareTeamId = "south", Age = 71, Known = begin }), default);
        await home.Store.Reference.AppendAsync(ReferenceKinds.Assignments, Line(new DeviceAssignment { DeviceId = LeavingPatient.Own, PatientId = LeavingPatient.Patient, From = begin, Known = begin }), default);
        var file = Path.Combine(home.Root, "new.ndjson");
        await File.WriteAllLinesAsync(file,
        [
            Message("old", proof.At - NodaTime.Duration.FromDays(1)), // late, of before
            Message("new", begin + NodaTime.Duration.FromDays(1)),
        ]);
        await FeedIngestion.RunAsync(home.Store, FeedFolder.Open(file, MadeUpFeed.Cohort, imported: true), new Later(begin.ToDateTimeOffset().AddDays(2)), null, default);
        var (manifest, _) = await CompactionStage.RunAsync(home.Store, default);

        var rows = new List<string?>();
        foreach (var observations in manifest.Files)
        {
            rows.AddRange((await home.Lake.ReadTableAsync(observations.Path, ["patient_id"], default)).Text("patient_id"));
        }

        Assert.Single(rows, LeavingPatient.Patient);
        Assert.Single(await home.Store.Documents.ListAsync(Containers.Telemetry, LeavingPatient.Patient, default));
        Assert.NotNull(await home.Store.Documents.FindAsync(Containers.Patients, LeavingPatient.Patient, LeavingPatient.Patient, default));

        // And can be erased again.
        var (second, _) = await PatientErasure.RunAsync(home.Store, LeavingPatient.Patient, new Later(begin.ToDateTimeOffset().AddDays(3)), default);
        Assert.Equal(2, second.Sequence);
        Assert.Empty(await HomeSearch.FindAsync(home.Store.Folder, LeavingPatient.Words));
    }

    [Fact]
    public async Task Nobody_is_erased_whom_nobody_knows()
    {
        await using var home = made.Copy();
        var before = await home.FilesAsync();
        var fault = await Assert.ThrowsAsync<LakeException>(() => PatientErasure.RunAsync(home.Store, "nobody-at-all", TimeProvider.System, default));
        Assert.DoesNotContain("nobody-at-all", fault.Message, StringComparison.Ordinal);
        Assert.Equal(before, await home.FilesAsync());
    }

    [Fact]
    public async Task Without_the_key_nothing_is_read_that_an_erasure_covers()
    {
        await using var home = made.Copy();
        await EraseAsync(home);
        await home.CloseStoreAsync();
        File.Delete(Path.Combine(home.Root, MadeUpFeed.Cohort, "erasure.key"));
        var fault = await Assert.ThrowsAsync<LakeException>(() => CompactionStage.RunAsync(home.Store, default));
        Assert.Contains("key", fault.Message, StringComparison.Ordinal);
    }

    /// <summary>Each write that an erasure does in the lake is once the last that it lives to do.</summary>
    [Fact]
    public async Task An_erasure_that_was_killed_at_any_write_is_completed_by_the_next()
    {
        var writes = 0;
        await using (var whole = made.Copy())
        {
            var counting = new DyingLake(whole.Lake, int.MaxValue);
            await using var store = Behind(whole, counting);
            await PatientErasure.RunAsync(store, LeavingPatient.Patient, TimeProvider.System, default);
            writes = counting.Writes;
        }

        Assert.InRange(writes, 20, 2000);
        for (var last = 0; last < writes; last += Math.Max(1, writes / 20))
        {
            await using var home = made.Copy();
            var before = await LeavingPatient.OthersAsync(home);
            await home.CloseStoreAsync();
            await using (var store = Behind(home, new DyingLake(home.Lake, last)))
            {
                await Assert.ThrowsAsync<OperationCanceledException>(() => PatientErasure.RunAsync(store, LeavingPatient.Patient, TimeProvider.System, default));
            }

            var (proof, _) = await EraseAsync(home);
            Assert.Empty(await HomeSearch.FindAsync(home.Store.Folder, LeavingPatient.Words));
            Assert.Equal(before, await LeavingPatient.OthersAsync(home));
            Assert.Equal([$"{TrainedHome.Task.Name}/{made.Model.Version}"], proof.Models);
            Assert.True((1, 1) == (proof.Sequence, proof.Rewritten), $"after {last} of {writes} writes: erasure {proof.Sequence}, {proof.Rewritten} messages rewritten");
        }
    }

    private static CohortStore Behind(TempHome home, Lake lake) => new(
        MadeUpFeed.Cohort, lake, new SqliteDocuments(Path.Combine(home.Root, MadeUpFeed.Cohort, "documents.db")), Path.Combine(home.Root, MadeUpFeed.Cohort));

    private static Task<(ErasureProof Proof, string Path)> EraseAsync(TempHome home) => PatientErasure.RunAsync(home.Store, LeavingPatient.Patient, TimeProvider.System, default);

    private static byte[] Line<T>(T row) => Encoding.UTF8.GetBytes(ReferenceJson.ToLine(row) + "\n");

    private static string Message(string id, NodaTime.Instant time) =>
        $$$"""{"EnqueuedTimeUtc":"{{{time}}}","Properties":{},"SystemProperties":{"connectionDeviceId":"{{{LeavingPatient.Own}}}","messageId":"{{{id}}}"},"Body":{"time":"{{{time}}}","readings":[{"code":"8867-4","value":64,"unit":"/min"}]}}""";

    private sealed class Later(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;
    }
}
