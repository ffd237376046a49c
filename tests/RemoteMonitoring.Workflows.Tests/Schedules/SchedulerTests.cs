using System.Text.Json;
using NodaTime;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Drift;
using RemoteMonitoring.Workflows.Engine.Embedded;
using RemoteMonitoring.Workflows.Housekeeping;
using RemoteMonitoring.Workflows.ReportTables;
using RemoteMonitoring.Workflows.Runs;
using RemoteMonitoring.Workflows.Schedules;

namespace RemoteMonitoring.Workflows.Tests.Schedules;

public sealed class SchedulerTests : IAsyncDisposable
{
    private static readonly Instant s_begin = Instant.FromUtc(2025, 6, 1, 12, 0);

    private readonly TempHome _home = new();
    private readonly ClockByHand _clock = new(s_begin);

    public ValueTask DisposeAsync() => _home.DisposeAsync();

    [Fact]
    public async Task Nights_that_were_missed_are_made_up_for_once_by_two_that_begin_to_serve_at_the_same_time()
    {
        var night = Bundled()[0];
        Assert.Equal(s_begin, await Scheduler().SinceAsync(night, default));
        _clock.Now += Duration.FromDays(2);
        var started = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
        {
            var scheduler = Scheduler();
            var started = new List<bool>();
            foreach (var occurrence in night.Due(await scheduler.SinceAsync(night, default), _clock.Now))
            {
                started.Add(await scheduler.StartAsync(occurrence, default));
            }

            return started;
        })));
        Assert.All(started, s => Assert.Equal(2, s.Count));
        Assert.Equal(["daily-risk-ward-admission-7d-20250602T230000Z", "daily-risk-ward-admission-7d-20250601T230000Z"], (await Client().ListAsync(null, 10, default)).Select(i => i.Id));

        // Triggered once more, and by one who begins to serve now: nothing new.
        var again = Scheduler();
        foreach (var occurrence in night.Due(await again.SinceAsync(night, default), _clock.Now))
        {
            Assert.False(await again.StartAsync(occurrence, default));
        }

        Assert.Equal(2, (await Client().ListAsync(null, 10, default)).Count);
    }

    [Fact]
    public async Task Of_a_home_that_is_new_nothing_was_missed_and_later_no_more_than_is_caught_up_with()
    {
        var night = Bundled()[0];
        Assert.Empty(night.Due(await Scheduler().SinceAsync(night, default), _clock.Now));
        _clock.Now += Duration.FromDays(10);
        Assert.Equal(_clock.Now - Duration.FromDays(3), await Scheduler().SinceAsync(night, default));
        Assert.Equal(s_begin, await Scheduler().SinceAsync(night with { CatchUp = null }, default));
        // Another schedule of the same runs, as one of another zone, was not begun later.
        Assert.Equal(s_begin, await Scheduler().SinceAsync(night with { Name = "other", CatchUp = null }, default));
    }

    [Fact]
    public async Task A_night_waits_until_its_deadline_and_one_that_is_made_up_for_has_its_time_from_now()
    {
        var night = Bundled()[0];
        var due = night.Next(s_begin, 1).Single();
        _clock.Now = due.At;
        Assert.True(await Scheduler().StartAsync(due, default));
        var input = await InputAsync(due.InstanceId);
        Assert.Equal((Instant.FromUtc(2025, 6, 2, 5, 45), Instant.FromUtc(2025, 6, 2, 6, 0)), (input.WaitUntil, input.Deadline));
        Assert.Equal((Instant.FromUtc(2025, 6, 1, 23, 0), "ward", "admission-7d"), (input.AsOf, input.Cohort, input.Task));

        var missed = night.Next(due.At, 1).Single();
        _clock.Now = missed.At + Duration.FromHours(30);
        Assert.True(await Scheduler().StartAsync(missed, default));
        var late = await InputAsync(missed.InstanceId);
        Assert.Equal(_clock.Now + RemoteMonitoring.Workflows.Schedules.Scheduler.AfterWaiting, late.Deadline);
        Assert.True(late.WaitUntil < _clock.Now);
    }

    [Fact]
    public async Task Each_workflow_is_started_as_what_it_is()
    {
        foreach (var schedule in Bundled())
        {
            Assert.True(await Scheduler().StartAsync(schedule.Next(s_begin, 1).Single(), default));
        }

        var runs = await Client().ListAsync(null, 10, default);
        Assert.Equal(
            [HousekeepingWorkflow.Definition.Name, ReportTablesWorkflow.Definition.Name, DriftWorkflow.Definition.Name, DriftWorkflow.Definition.Name, DailyRiskWorkflow.Hourly.Name, DailyRiskWorkflow.Daily.Name], runs.Select(r => r.Workflow));
        var drift = JsonSerializer.Deserialize(runs[3].Input, DriftWorkflow.Definition.Input)!;
        // A Monday in June, from midnight in London.
        Assert.Equal(("ward", "admission-7d", Instant.FromUtc(2025, 6, 1, 23, 0), Duration.FromDays(28)), (drift.Cohort, drift.Task, drift.AsOf, drift.Window));
        var house = JsonSerializer.Deserialize(runs[0].Input, HousekeepingWorkflow.Definition.Input)!;
        Assert.Equal(("ward", Instant.FromUtc(2025, 6, 8, 2, 30), 30), (house.Cohort, house.Now, house.HistoryDays));
        var report = JsonSerializer.Deserialize(runs[1].Input, ReportTablesWorkflow.Definition.Input)!;
        Assert.Equal(("ward", Instant.FromUtc(2025, 6, 2, 6, 30), null), (report.Cohort, report.Now, report.Since));
        var none = Bundled()[0] with { Workflow = "nightly" };
        await Assert.ThrowsAsync<InvalidOperationException>(() => Scheduler().StartAsync(none.Next(s_begin, 1).Single(), default));
    }

    private static IReadOnlyList<Schedule> Bundled() => BundledSchedules.Of("ward", "Europe/London", ["admission-7d"], ["in-hospital-death-48h"]);

    private JournalClient Client() => new(Path.Combine(_home.Root, "workflows.db"), _clock);

    private Scheduler Scheduler() => new(new RunRegister(_home.Store.Lake, Client(), _clock), _clock);

    private async Task<DailyRiskInput> InputAsync(string id) => JsonSerializer.Deserialize((await Client().FindAsync(id, default))!.Input, DailyRiskWorkflow.Daily.Input)!;
}
