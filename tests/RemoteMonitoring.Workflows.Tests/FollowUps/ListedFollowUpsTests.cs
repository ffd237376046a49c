using System.Text.Json;
using NodaTime;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Workflows.Tests.FollowUps;

/// <summary>Follow-ups of lists: which are begun, by the night and after it, and which list they quote.</summary>
public sealed class ListedFollowUpsTests
{
    private const string Slow = "\"remindAfter\": \"00:10:00\", \"escalateAfter\": \"00:10:00\", \"giveUpAfter\": \"01:00:00\"";

    [Fact]
    public async Task Those_of_a_night_whose_file_had_a_fault_are_begun_all_the_same_and_delivered_when_it_is_put_right()
    {
        await using var home = await new FollowUpHome().MakeAsync(times: Slow);
        var file = Path.Combine(home.Home.Root, FollowUpFile.FileName);
        var sound = await File.ReadAllTextAsync(file);
        await File.WriteAllTextAsync(file, "{");
        var started = await StepAsync(home);
        Assert.Equal((1, 0), (started.Started, started.Before));
        Assert.Contains("rmon follow-ups check", started.Problem, StringComparison.Ordinal);
        await Task.Delay(500);
        Assert.Empty(home.Requests);
        await File.WriteAllTextAsync(file, sound);
        await home.Engine.Client.RaiseAsync(home.ListedInput.InstanceId, FollowUpSteps.Changed, "", default);
        await home.CameAsync(1);
        Assert.Equal(home.ListedInput.Key, (string)home.Requests.Single().Document["key"]!);
    }

    [Fact]
    public async Task Those_that_a_night_could_not_begin_are_begun_by_whoever_serves_once()
    {
        await using var home = await new FollowUpHome().MakeAsync(times: Slow);
        var lists = await AfterANightAsync(home, new FollowUpsStarted(0, 0, "the store is away"));
        Assert.Equal(1, await lists.LookAsync(default));
        Assert.Equal(0, await lists.LookAsync(default));
        Assert.Equal(0, await new ListedFollowUps(home.Home.Store, home.Engine.Client, home.Log, home.Time).LookAsync(default));
        await home.CameAsync(1);
    }

    [Fact]
    public async Task Of_a_night_that_was_to_deliver_none_none_are_begun()
    {
        await using var home = await new FollowUpHome().MakeAsync(times: Slow);
        Assert.Equal(0, await (await AfterANightAsync(home, null)).LookAsync(default));
    }

    [Fact]
    public async Task Of_lists_of_the_past_none_are_begun()
    {
        await using var home = await new FollowUpHome().MakeAsync(times: Slow);
        await AfterANightAsync(home, new FollowUpsStarted(0, 0));
        var late = new ListedFollowUps(home.Home.Store, home.Engine.Client, home.Log, new ClockByHand(home.Begun + FollowUpActivities.Oldest + Duration.FromMinutes(1)));
        Assert.Equal(0, await late.LookAsync(default));
    }

    [Fact]
    public async Task Whoever_was_contacted_after_what_the_list_knows_is_left_out_until_that_is_taken_back()
    {
        await using var home = await new FollowUpHome().MakeAsync(times: Slow);
        await home.ActAsync(FollowUpHome.Listed, ActionKind.Contacted);
        var lists = await AfterANightAsync(home, new FollowUpsStarted(0, 0));
        Assert.Equal(new FollowUpsStarted(0, 0), await StepAsync(home));
        Assert.Equal(0, await lists.LookAsync(default));
        await home.UndoAsync(FollowUpHome.Listed);
        Assert.Equal(1, await lists.LookAsync(default));
        await home.CameAsync(1);
    }

    [Theory]
    [InlineData(ActionKind.Pause)]
    [InlineData(ActionKind.Snooze)]
    public async Task Whoever_is_paused_or_snoozed_by_now_is_left_out_until_that_is_over(ActionKind kind)
    {
        var clock = new ClockByHand(Instant.FromUtc(2026, 11, 23, 9, 30));
        await using var home = await new FollowUpHome(clock).MakeAsync(times: Slow);
        await home.ActAsync(FollowUpHome.Listed, kind, until: home.Begun + Duration.FromHours(3));
        var lists = await AfterANightAsync(home, new FollowUpsStarted(0, 0));
        Assert.Equal(new FollowUpsStarted(0, 0), await StepAsync(home));
        clock.Now += Duration.FromHours(2);
        Assert.Equal(0, await lists.LookAsync(default));
        clock.Now += Duration.FromHours(1);
        Assert.Equal(1, await lists.LookAsync(default));
        Assert.Equal(0, await lists.LookAsync(default));
    }

    [Fact]
    public async Task Whoever_was_snoozed_before_an_urgent_reading_is_not_left_out()
    {
        var clock = new ClockByHand(Instant.FromUtc(2026, 11, 23, 9, 30));
        await using var home = await new FollowUpHome(clock).MakeAsync(times: Slow);
        await home.ActAsync(FollowUpHome.Listed, ActionKind.Snooze, until: home.Begun + Duration.FromHours(3));
        clock.Now += Duration.FromMinutes(1);
        var reading = new UrgentReading("urgent-2", FollowUpHome.Listed, "heart_rate", 150, "/min", clock.Now, clock.Now, 45, 120);
        await home.Home.Store.Documents.UpsertAsync(Containers.Urgent, [new Document { PartitionKey = UrgentReading.PartitionOf(clock.Now), Id = reading.Id, Body = reading.ToJson() }], default);
        Assert.Equal(new FollowUpsStarted(1, 0), await StepAsync(home));
    }

    [Fact]
    public async Task Whoever_was_contacted_before_what_the_list_knows_is_told_of()
    {
        await using var home = await new FollowUpHome().MakeAsync(times: Slow);
        await home.ActAsync(FollowUpHome.Listed, ActionKind.Contacted, ago: Duration.FromHours(1));
        Assert.Equal(new FollowUpsStarted(1, 0), await StepAsync(home));
    }

    [Fact]
    public async Task What_is_told_is_what_the_list_says_that_holds_and_nobody_is_told_of_who_is_no_longer_on_it()
    {
        await using var home = await new FollowUpHome(new ClockByHand(Instant.FromUtc(2026, 11, 23, 9, 30))).MakeAsync(times: Slow);
        await PublishAsync(home, "run-1", 1, list => list);
        await PublishAsync(home, "run-0", 2, list => list with { Listed = [list.Listed[0] with { Probability = 0.31 }] });
        Assert.Equal(DeliveryStatus.Taken, (await DeliverAsync(home)).Status);
        Assert.StartsWith("31 of 100", (string)home.Requests.Single().Document["risk"]!, StringComparison.Ordinal);
        await PublishAsync(home, "run-2", 3, list => list with { Listed = [] });
        Assert.Equal(DeliveryStatus.Gone, (await DeliverAsync(home)).Status);
        Assert.Single(home.Requests);
    }

    /// <summary>A night has made the list, and said this of its follow-ups.</summary>
    private static async Task<ListedFollowUps> AfterANightAsync(FollowUpHome home, FollowUpsStarted? followUps)
    {
        home.Registry.Add(DailyRiskWorkflow.Daily with { Run = (_, _) => Task.FromResult(new DailyRiskOutcome("run-1", 12, 0, 0, 1, false, []) { FollowUps = followUps }) });
        await PublishAsync(home, "run-1", 1, list => list);
        var lists = new ListedFollowUps(home.Home.Store, home.Engine.Client, home.Log, home.Time);
        Assert.Equal(0, await lists.LookAsync(default)); // the night itself is under way
        Assert.True(await home.Engine.Client.TryStartAsync(DailyRiskWorkflow.Daily, "night", new DailyRiskInput { Cohort = MadeUpFeed.Cohort, Task = FollowUpHome.Task, AsOf = home.Begun }, default));
        await home.Engine.Client.WaitAsync("night", default).WaitAsync(TimeSpan.FromSeconds(30));
        return lists;
    }

    private static async Task PublishAsync(FollowUpHome home, string run, int watermark, Func<TeamWorklist, TeamWorklist> change)
    {
        var documents = home.Home.Store.Documents;
        var made = (await documents.FindAsync(Containers.Worklists, "north", FollowUpContent.ListId(home.Begun, "run-1"), default))!;
        var list = change(RiskDocumentJson.ReadWorklist(made.Body)) with { Run = run };
        await documents.UpsertAsync(Containers.Worklists, [new Document { PartitionKey = "north", Id = FollowUpContent.ListId(home.Begun, run), Body = RiskDocumentJson.ToJson(list) }], default);
        await ListsIndex.AddAsync(documents, new ListsMade(run, FollowUpHome.Task, list.Title, home.Begun, home.Begun + Duration.FromSeconds(watermark), 12), home.Begun, default);
    }

    private static async Task<FollowUpsStarted> StepAsync(FollowUpHome home) => JsonSerializer.Deserialize(
        await home.Registry.RunAsync(FollowUpSteps.Start.Name, JsonSerializer.Serialize(new FollowUpsAsked(MadeUpFeed.Cohort, FollowUpHome.Task, home.Begun, "run-1"), FollowUpSteps.Start.Input), default),
        FollowUpSteps.Start.Output)!;

    private static async Task<Delivery> DeliverAsync(FollowUpHome home) => JsonSerializer.Deserialize(
        await home.Registry.RunAsync(
            FollowUpSteps.Deliver.Name, JsonSerializer.Serialize(new DeliveryAsked(home.ListedInput, new FollowUpState(home.Begun, []), DeliveryPurpose.First), FollowUpSteps.Deliver.Input), default),
        FollowUpSteps.Deliver.Output)!;
}
