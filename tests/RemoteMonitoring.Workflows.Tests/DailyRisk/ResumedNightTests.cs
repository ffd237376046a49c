using System.Text.Json;
using NodaTime;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Runs;

namespace RemoteMonitoring.Workflows.Tests.DailyRisk;

[Collection(TrainedOnce.Name)]
public sealed class ResumedNightTests(TrainedHome trained)
{
    [Fact]
    public async Task A_night_that_failed_at_its_end_is_tried_again_without_anybody_being_scored_twice()
    {
        var (whole, manifest) = await trained.CopyAsync();
        await using var _1 = whole;
        var (truth, _, _) = await DailyRiskRun.RunAsync(whole.Store, manifest, new DailyRiskRequest { Task = TrainedHome.Task, AsOf = MadeUpFeed.At(12), Model = trained.Model.Version }, default);
        var (home, _) = await trained.CopyAsync();
        await using var _2 = home;
        var scored = 0;
        await using var night = new NightOf(home, _ =>
        {
            if (Interlocked.Increment(ref scored) == 1)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(home.Lake.FullPath(LakePaths.Ledger(truth.Run)))!);
                home.Overwrite(LakePaths.Ledger(truth.Run), "no ledger entry"); // after the plan, before the lists
            }
        });
        var register = new RunRegister(home.Lake, night.Engine.Client, TimeProvider.System);
        await register.StartAsync(DailyRiskWorkflow.Daily, "night", NightOf.Input(), default);
        var failed = await EndAsync(night, "night");
        Assert.Equal((InstanceStatus.Failed, RiskSteps.PublishLists.Name), (failed.Status, failed.Failure?.Step));
        Assert.Contains("not a ledger entry", failed.Failure!.Message, StringComparison.Ordinal);
        Assert.Equal(18, scored);
        home.Delete(LakePaths.Ledger(truth.Run));

        var next = await register.ResumeAsync(DailyRiskWorkflow.Daily, "night", i => i.Whenever(), default);
        Assert.Equal("night.attempt-2", next);
        Assert.Equal(InstanceStatus.Completed, (await EndAsync(night, next!)).Status);
        Assert.Equal(18, scored);
        Assert.Equal(await NightOf.DocumentsAsync(whole), await NightOf.DocumentsAsync(home));
        // What the first pinned is left to housekeeping; nothing else is.
        Assert.EndsWith(LakePaths.PinSuffix, Assert.Single(await home.Lake.ListAsync(LakePaths.WorkFolder, default)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_night_that_was_too_slow_for_its_deadline_scores_everybody_when_it_is_resumed()
    {
        var (home, _) = await trained.CopyAsync();
        await using var _1 = home;
        using var later = new ManualResetEventSlim();
        var scored = 0;
        var time = new Engine.OffsetTime();
        await using var night = new NightOf(
            home,
            _ =>
            {
                // The deadline comes while the first is being scored.
                if (Interlocked.Increment(ref scored) == 1)
                {
                    time.Move(TimeSpan.FromHours(2));
                }

                later.Wait(TimeSpan.FromSeconds(30));
            },
            time: time);
        var register = new RunRegister(home.Lake, night.Engine.Client, time);
        var soon = Instant.FromDateTimeOffset(time.GetUtcNow()) + Duration.FromHours(1);
        await register.StartAsync(DailyRiskWorkflow.Daily, "night", NightOf.Input() with { Deadline = soon }, default);
        Assert.Equal((0, 18), Of(await EndAsync(night, "night")));
        later.Set();
        var next = await register.ResumeAsync(DailyRiskWorkflow.Daily, "night", i => i.Whenever(), default);
        Assert.Equal((18, 0), Of(await EndAsync(night, next!)));

        static (int Scored, int SetAside) Of(WorkflowInstance ended) =>
            JsonSerializer.Deserialize(ended.Output!, DailyRiskWorkflow.Daily.Output) is { } outcome ? (outcome.Scored, outcome.SetAside) : default;
    }

    [Fact]
    public void What_is_asked_for_whenever_differs_in_nothing_but_its_times()
    {
        var input = NightOf.Input() with { WaitUntil = MadeUpFeed.At(13), Deadline = MadeUpFeed.At(14), Retrospective = true, Model = "m", KnownBy = MadeUpFeed.At(15), PartTimeout = Duration.FromSeconds(3) };
        Assert.Equal(input with { WaitUntil = null, Deadline = null }, input.Whenever());
    }

    private static Task<WorkflowInstance> EndAsync(NightOf night, string id) => night.Engine.Client.WaitAsync(id, default).WaitAsync(TimeSpan.FromSeconds(60));
}
