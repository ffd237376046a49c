using NodaTime;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Workflows.Tests.FollowUps;

/// <summary>What happens to follow-ups when something else changes while they are under way.</summary>
public sealed class FollowUpChangesTests
{
    private const string Slow = "\"remindAfter\": \"00:10:00\", \"escalateAfter\": \"00:10:00\", \"giveUpAfter\": \"01:00:00\"";

    private static readonly Instant s_now = Instant.FromUtc(2026, 11, 23, 9, 30);

    [Fact]
    public async Task Of_a_patient_who_is_another_teams_by_now_the_team_hears_nothing_more()
    {
        await using var home = await new FollowUpHome().MakeAsync(times: Slow);
        var id = await home.StartAsync(home.ListedInput);
        await home.CameAsync(1);
        await MoveAsync(home, FollowUpHome.Listed, "south");
        await home.Engine.Client.RaiseAsync(id, FollowUpSteps.Changed, "", default);
        Assert.Equal(FollowUpResult.Moved, (await home.EndAsync(id)).Result);
        Assert.Single(home.Requests);
    }

    [Fact]
    public async Task Their_urgent_reading_is_told_to_the_new_team_at_once()
    {
        await using var home = await new FollowUpHome().MakeAsync(times: Slow);
        var urgent = new UrgentFollowUps(home.Home.Store, home.Engine.Client, home.Log, home.Time);
        Assert.Equal(1, await urgent.LookAsync(default));
        await MoveAsync(home, FollowUpHome.Urgent, "south");
        Assert.Equal(1, await urgent.LookAsync(default));
        Assert.Equal(0, await urgent.LookAsync(default));
        Assert.NotNull(await home.Engine.Client.FindAsync((home.UrgentInput with { CareTeamId = "south" }).InstanceId, default));
    }

    [Fact]
    public async Task A_reading_that_somebody_has_seen_to_begins_none_and_one_of_nobodys_patient_does_when_the_roster_names_them()
    {
        await using var home = await new FollowUpHome().MakeAsync(times: Slow);
        await home.ActAsync(FollowUpHome.Urgent, ActionKind.Contacted);
        var stranger = new UrgentReading("urgent-2", "stranger", "heart_rate", 150, "/min", home.Begun, home.Begun, 45, 120);
        await home.Home.Store.Documents.UpsertAsync(Containers.Urgent, [new Document { PartitionKey = UrgentReading.PartitionOf(home.Begun), Id = stranger.Id, Body = stranger.ToJson() }], default);
        var urgent = new UrgentFollowUps(home.Home.Store, home.Engine.Client, home.Log, home.Time);
        Assert.Equal(0, await urgent.LookAsync(default));
        await MoveAsync(home, "stranger", "north");
        Assert.Equal(1, await urgent.LookAsync(default));
    }

    [Fact]
    public async Task A_reading_begins_one_when_the_contact_that_settled_it_is_taken_back()
    {
        await using var home = await new FollowUpHome().MakeAsync(times: Slow);
        var urgent = new UrgentFollowUps(home.Home.Store, home.Engine.Client, home.Log, home.Time);
        await home.ActAsync(FollowUpHome.Urgent, ActionKind.Contacted);
        Assert.Equal(0, await urgent.LookAsync(default));
        await home.UndoAsync(FollowUpHome.Urgent);
        Assert.Equal(1, await urgent.LookAsync(default));
        Assert.Equal(0, await urgent.LookAsync(default));
    }

    [Fact]
    public async Task A_reading_that_was_seen_to_and_is_made_worse_days_later_begins_another_that_says_the_new_value()
    {
        var clock = new ClockByHand(s_now);
        await using var home = await new FollowUpHome(clock).MakeAsync(times: Slow);
        var urgent = new UrgentFollowUps(home.Home.Store, home.Engine.Client, home.Log, clock);
        Assert.Equal(1, await urgent.LookAsync(default));
        await home.ActAsync(FollowUpHome.Urgent, ActionKind.Contacted);
        clock.Now = s_now + Duration.FromDays(2);
        await CorrectAsync(home, 139, null);
        Assert.Equal(0, await urgent.LookAsync(default));
        await CorrectAsync(home, 170, clock.Now);
        clock.Now += Duration.FromMinutes(1);
        Assert.Equal(1, await urgent.LookAsync(default));
        Assert.Equal(0, await urgent.LookAsync(default));
        var begun = home.UrgentInput with { AsOf = s_now + Duration.FromDays(2) };
        Assert.NotNull(await home.Engine.Client.FindAsync(begun.InstanceId, default));
        Assert.Equal(DeliveryStatus.Taken, (await DeliverAsync(home, begun)).Status);
        Assert.Contains(home.Requests, r => ((string)r.Document["reasons"]![0]!).StartsWith("Heart rate 170 ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_document_of_a_reading_that_cannot_be_read_keeps_no_other_from_being_told()
    {
        await using var home = await new FollowUpHome().MakeAsync(times: Slow);
        foreach (var (id, body) in (IEnumerable<(string, string)>)[("a", "{}"), ("b", """{ "id": "b" }"""), ("c", """{ "id": "c", "of-another-version": 1 }""")])
        {
            await home.Home.Store.Documents.UpsertAsync(Containers.Urgent, [new Document { PartitionKey = UrgentReading.PartitionOf(home.Begun), Id = id, Body = body }], default);
        }

        Assert.Equal(1, await new UrgentFollowUps(home.Home.Store, home.Engine.Client, home.Log, home.Time).LookAsync(default));
    }

    [Fact]
    public async Task A_reading_begins_one_when_settings_say_at_last_whom_to_tell()
    {
        await using var home = await new FollowUpHome().MakeAsync(times: Slow);
        var file = Path.Combine(home.Home.Root, FollowUpFile.FileName);
        var sound = await File.ReadAllTextAsync(file);
        await File.WriteAllTextAsync(file, """{ "schemaVersion": 1, "worklist": "https://x.example/", "teams": { "north": { "deliver": false } } }""");
        var urgent = new UrgentFollowUps(home.Home.Store, home.Engine.Client, home.Log, home.Time);
        Assert.Equal(0, await urgent.LookAsync(default));
        await File.WriteAllTextAsync(file, sound);
        Assert.Equal(1, await urgent.LookAsync(default));
    }

    [Theory]
    [InlineData(3, 1)]
    [InlineData(7, 1)]
    [InlineData(9, 0)]
    public async Task A_reading_of_the_days_that_it_is_open_begins_one_after_nobody_served_for_long(int days, int begun)
    {
        var clock = new ClockByHand(s_now);
        await using var home = await new FollowUpHome(clock).MakeAsync(times: Slow);
        clock.Now = s_now + Duration.FromDays(days);
        var urgent = new UrgentFollowUps(home.Home.Store, home.Engine.Client, home.Log, clock);
        Assert.Equal(begun, await urgent.LookAsync(default));
    }

    [Fact]
    public async Task A_contact_closes_it_though_the_file_has_a_fault()
    {
        await using var home = await new FollowUpHome().MakeAsync(times: Slow);
        var id = await home.StartAsync(home.Earlier(home.ListedInput));
        await home.CameAsync(1);
        await File.WriteAllTextAsync(Path.Combine(home.Home.Root, FollowUpFile.FileName), "{");
        await home.ActAsync(FollowUpHome.Listed, ActionKind.Contacted, ago: Duration.FromMinutes(2));
        await home.Engine.Client.RaiseAsync(id, FollowUpSteps.Changed, "", default);
        Assert.Equal(FollowUpResult.Contacted, (await home.EndAsync(id)).Result);
    }

    [Theory]
    [InlineData("acted")]
    [InlineData("quiet")]
    [InlineData("moved")]
    [InlineData("fault")]
    [InlineData("off")]
    public async Task What_is_not_due_any_more_when_the_process_comes_back_is_not_sent(string meanwhile)
    {
        var clock = new ClockByHand(s_now);
        await using var home = await new FollowUpHome(clock).MakeAsync("\"quietHours\": \"18:00-08:00\"", Slow);
        var file = Path.Combine(home.Home.Root, FollowUpFile.FileName);
        clock.Now = s_now + Duration.FromMinutes(5);
        await (meanwhile switch
        {
            "acted" => home.ActAsync(FollowUpHome.Listed, ActionKind.Claim),
            "quiet" => Task.Run(() => clock.Now = Instant.FromUtc(2026, 11, 23, 18, 30)),
            "moved" => MoveAsync(home, FollowUpHome.Listed, "south"),
            "fault" => File.WriteAllTextAsync(file, "{"),
            _ => File.WriteAllTextAsync(file, """{ "schemaVersion": 1, "worklist": "https://x.example/", "teams": { "north": { "deliver": false } } }"""),
        });
        var delivery = await DeliverAsync(home);
        Assert.Empty(home.Requests);
        Assert.Equal((DeliveryStatus.Failed, 0, (Instant?)null), (delivery.Status, delivery.Attempts, delivery.NotBefore));
    }

    [Fact]
    public async Task Without_its_secret_nothing_leaves_and_it_is_tried_again()
    {
        var clock = new ClockByHand(s_now);
        await using var home = await new FollowUpHome(clock).MakeAsync(times: Slow);
        var file = Path.Combine(home.Home.Root, FollowUpFile.FileName);
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file)).Replace("\"SECRET\"", "\"ANOTHER\"", StringComparison.Ordinal));
        var delivery = await DeliverAsync(home);
        Assert.Equal((DeliveryStatus.Failed, 1, "the environment variable ANOTHER is not set"), (delivery.Status, delivery.Attempts, delivery.Problem));
        Assert.True(delivery.NotBefore > s_now);
        Assert.Empty(home.Requests);
    }

    [Fact]
    public async Task However_much_there_is_to_say_what_is_sent_stays_small()
    {
        var clock = new ClockByHand(s_now);
        await using var home = await new FollowUpHome(clock).MakeAsync(times: Slow);
        var id = FollowUpContent.ListId(home.Begun, "run-1");
        var document = (await home.Home.Store.Documents.FindAsync(Containers.Worklists, "north", id, default))!;
        var list = RiskDocumentJson.ReadWorklist(document.Body);
        var endless = string.Concat(Enumerable.Repeat("\U0001F9E8", 100_000));
        list = list with
        {
            Name = endless,
            Title = endless,
            Outcome = endless,
            Listed = [list.Listed[0] with { Reasons = [.. Enumerable.Range(0, 500).Select(_ => new Reason { Text = endless, Contribution = 1 })] }],
        };
        await home.Home.Store.Documents.UpsertAsync(Containers.Worklists, [document with { Body = RiskDocumentJson.ToJson(list) }], default);
        Assert.Equal(DeliveryStatus.Taken, (await DeliverAsync(home)).Status);
        var body = Assert.Single(home.Requests).Body;
        Assert.InRange(body.Length, 1000, 64 * 1024);
        Assert.All(home.Requests.Single().Document["reasons"]!.AsArray(), r => Assert.EndsWith("\U0001F9E8…", (string)r!, StringComparison.Ordinal));
    }

    private static async Task MoveAsync(FollowUpHome home, string patient, string team) => Assert.True(await home.Home.Store.Reference.AppendAsync(
        ReferenceKinds.Roster, System.Text.Encoding.UTF8.GetBytes(ReferenceJson.ToLine(new Patient { PatientId = patient, CareTeamId = team, Known = home.Begun + Duration.FromSeconds(1) }) + "\n"), default));

    private static async Task CorrectAsync(FollowUpHome home, double value, Instant? changed)
    {
        var document = (await home.Home.Store.Documents.FindAsync(Containers.Urgent, UrgentReading.PartitionOf(home.Begun), "urgent-1", default))!;
        await home.Home.Store.Documents.UpsertAsync(Containers.Urgent, [document with { Body = (UrgentReading.TryRead(document.Body)! with { Value = value, Changed = changed }).ToJson() }], default);
    }

    private static async Task<Delivery> DeliverAsync(FollowUpHome home, FollowUpInput? input = null) => System.Text.Json.JsonSerializer.Deserialize(
        await home.Registry.RunAsync(
            FollowUpSteps.Deliver.Name, System.Text.Json.JsonSerializer.Serialize(new DeliveryAsked(input ?? home.ListedInput, new FollowUpState(input?.AsOf ?? s_now, []), DeliveryPurpose.First), FollowUpSteps.Deliver.Input), default),
        FollowUpSteps.Deliver.Output)!;
}
