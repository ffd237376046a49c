using RemoteMonitoring.Ingestion.Erasure;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Engine.Embedded;
using RemoteMonitoring.Workflows.Erasure;
using RemoteMonitoring.Workflows.FollowUps;
using RemoteMonitoring.Workflows.Tests.Erasure;

namespace RemoteMonitoring.Workflows.Tests.FollowUps;

public sealed class FollowUpErasureTests
{
    [Fact]
    public async Task An_erased_patients_follow_ups_are_ended_and_forgotten_to_the_last_byte_of_the_journal_and_others_go_on()
    {
        await using var home = await new FollowUpHome().MakeAsync(times: "\"remindAfter\": \"01:00:00\", \"escalateAfter\": \"01:00:00\", \"giveUpAfter\": \"02:00:00\"");
        var (running, other) = (await home.StartAsync(home.ListedInput), await home.StartAsync(home.UrgentInput));
        await home.CameAsync(2);
        await home.ActAsync(FollowUpHome.Listed, ActionKind.Claim);
        Assert.NotEmpty(await HomeSearch.FindAsync(home.Home.Root, FollowUpHome.Listed));

        var dry = new ErasureReport();
        await FollowUpErasure.EraseAsync(home.Engine.Client, FollowUpHome.Listed, dry, dryRun: true, TimeProvider.System, default);
        Assert.Equal(("workflows", "follow-ups", 1L), Assert.Single(dry.Things) is var found ? (found.Place, found.Name, found.Rows) : default);
        Assert.NotNull(await home.Engine.Client.FindAsync(running, default));

        await FollowUpErasure.EraseAsync(home.Engine.Client, FollowUpHome.Listed, new ErasureReport(), dryRun: false, TimeProvider.System, default);
        Assert.Null(await home.Engine.Client.FindAsync(running, default));
        Assert.Equal(FollowUpHome.Urgent, FollowUpSteps.InputOf((await home.Engine.Client.FindAsync(other, default))!).PatientId);
        Assert.DoesNotContain(await HomeSearch.FindAsync(home.Home.Root, FollowUpHome.Listed), f => f.StartsWith("workflows.db", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_engine_that_an_erasure_did_not_reach_ends_and_forgets_the_follow_ups_of_who_was_erased_by_itself()
    {
        await using var home = await new FollowUpHome().MakeAsync(times: "\"remindAfter\": \"01:00:00\", \"escalateAfter\": \"01:00:00\", \"giveUpAfter\": \"02:00:00\"");
        var (running, other, ended) = (home.ListedInput, home.UrgentInput, home.ListedInput with { Task = "ended" });
        // One engine may run the follow-ups of several cohorts, and another cohort's patient may have the same id.
        var elsewhere = home.ListedInput with { Cohort = "elsewhere" };
        await home.StartAsync(elsewhere);
        await home.StartAsync(ended);
        await home.Engine.Client.TerminateAsync(ended.InstanceId, "to have one that has ended", default);
        await home.StartAsync(running);
        await home.StartAsync(other);
        await home.CameAsync(3);
        using var rounds = new FollowUpRounds(home.Home.Store, home.Engine.Client, TimeProvider.System);
        await rounds.LookAsync(default);
        Assert.NotNull(await home.Engine.Client.FindAsync(running.InstanceId, default));

        await PatientErasure.RunAsync(home.Home.Store, FollowUpHome.Listed, TimeProvider.System, default, client: null);
        Assert.NotNull(await home.Engine.Client.FindAsync(running.InstanceId, default));
        using var later = new FollowUpRounds(home.Home.Store, home.Engine.Client, new ClockThatRuns());
        for (var i = 0; i < 100 && await home.Engine.Client.FindAsync(running.InstanceId, default) is not null; i++)
        {
            await later.LookAsync(default);
            await Task.Delay(20);
        }

        Assert.Null(await home.Engine.Client.FindAsync(running.InstanceId, default));
        Assert.Null(await home.Engine.Client.FindAsync(ended.InstanceId, default));
        Assert.Equal(FollowUpHome.Urgent, FollowUpSteps.InputOf((await home.Engine.Client.FindAsync(other.InstanceId, default))!).PatientId);
        Assert.NotNull(await home.Engine.Client.FindAsync(elsewhere.InstanceId, default));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_an_erasure_that_was_killed_or_housekeeping_left_in_the_pages_of_the_journal_goes_when_it_is_run_again(bool isPurged)
    {
        await using var home = await new FollowUpHome().MakeAsync();
        for (var i = 0; i < 20; i++)
        {
            await home.StartAsync(home.ListedInput with { Task = $"task-{i}" });
        }

        for (var i = 0; i < 20; i++)
        {
            await home.EndAsync((home.ListedInput with { Task = $"task-{i}" }).InstanceId);
        }

        if (isPurged)
        {
            await home.PurgeAsync();
        }
        else
        {
            using var connection = JournalFile.Open(home.Journal);
            using var delete = connection.CreateCommand();
            delete.CommandText = "BEGIN IMMEDIATE; DELETE FROM history; DELETE FROM instances; COMMIT;"; // and killed before the file is written anew
            delete.ExecuteNonQuery();
        }

        Assert.Empty(await home.Engine.Client.ListAsync(null, 100, default));
        Assert.True(await IsInJournalAsync(home));
        await FollowUpErasure.EraseAsync(home.Engine.Client, FollowUpHome.Listed, new ErasureReport(), dryRun: true, TimeProvider.System, default);
        Assert.True(await IsInJournalAsync(home));
        await FollowUpErasure.EraseAsync(home.Engine.Client, FollowUpHome.Listed, new ErasureReport(), dryRun: false, TimeProvider.System, default);
        Assert.False(await IsInJournalAsync(home));
    }

    [Fact]
    public async Task While_something_keeps_reading_the_journal_the_rewriting_waits_and_says_at_last_that_bytes_may_be_left()
    {
        await using var home = await new FollowUpHome().MakeAsync();
        await home.EndAsync(await home.StartAsync(home.ListedInput));
        using var reader = JournalFile.Open(home.Journal);
        using var reading = reader.BeginTransaction(deferred: true);
        using (var look = reader.CreateCommand())
        {
            look.Transaction = reading;
            look.CommandText = "SELECT count(*) FROM instances";
            Assert.Equal(1L, look.ExecuteScalar());
        }

        using var writer = JournalFile.Open(home.Journal);
        var fault = await Assert.ThrowsAsync<Storage.Lake.LakeException>(() => JournalFile.RewriteAsync(writer, TimeProvider.System, default, attempts: 3));
        Assert.Contains("Stop what reads it", fault.Message, StringComparison.Ordinal);
        var rewriting = JournalFile.RewriteAsync(writer, TimeProvider.System, default);
        Assert.False(rewriting.IsCompleted);
        await reading.RollbackAsync();
        await rewriting.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(0, new FileInfo(home.Journal + "-wal").Length);
    }

    [Fact]
    public async Task What_may_still_hold_something_is_named_whatever_was_found()
    {
        await using var home = await new FollowUpHome().MakeAsync();
        var (proof, _) = await PatientErasure.RunAsync(home.Home.Store, FollowUpHome.Listed, TimeProvider.System, default, home.Engine.Client);
        Assert.Contains(proof.Remains, r => r.StartsWith("receivers of follow-ups", StringComparison.Ordinal));
        Assert.Contains(proof.Remains, r => r.Contains("'rmon features export', 'rmon export', 'rmon feedback'", StringComparison.Ordinal));
        Assert.DoesNotContain(proof.Remains, r => r.Contains("task hub", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Where_no_engine_serves_the_home_the_erasure_says_so_and_is_completed_later()
    {
        await using var home = await new FollowUpHome().MakeAsync();
        var client = new Workflows.Engine.Embedded.JournalClient(home.Journal, TimeProvider.System);
        Assert.True(await FollowUpActivities.StartAsync(home.Home.Store, client, home.ListedInput, default));
        var late = new ClockThatRuns();
        var refused = await Assert.ThrowsAsync<Storage.Lake.LakeException>(() => FollowUpErasure.EraseAsync(client, FollowUpHome.Listed, new ErasureReport(), dryRun: false, late, default));
        Assert.Contains("rmon serve", refused.Message, StringComparison.Ordinal);
        _ = home.Engine; // somebody serves
        await FollowUpErasure.EraseAsync(client, FollowUpHome.Listed, new ErasureReport(), dryRun: false, TimeProvider.System, default);
        Assert.Null(await client.FindAsync(home.ListedInput.InstanceId, default));
    }

    /// <summary>Whether bytes of the patient's id are anywhere in the journal's files.</summary>
    private static async Task<bool> IsInJournalAsync(FollowUpHome home)
    {
        var found = false;
        foreach (var file in Directory.EnumerateFiles(home.Home.Root, "workflows.db*"))
        {
            await using var opened = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var bytes = new MemoryStream();
            await opened.CopyToAsync(bytes);
            found |= bytes.ToArray().AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(FollowUpHome.Listed)) >= 0;
        }

        return found;
    }

    /// <summary>Half a minute passes whenever somebody looks.</summary>
    private sealed class ClockThatRuns : TimeProvider
    {
        private int _looks;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddSeconds(30 * _looks++);

        public override long GetTimestamp() => TimestampFrequency * 30 * _looks++;
    }
}
