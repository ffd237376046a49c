using System.Net;
using System.Net.Http.Headers;
using NodaTime;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Workflows.Tests.FollowUps;

public sealed class FollowUpWorkflowTests
{
    [Fact]
    public async Task It_is_delivered_reminded_of_escalated_and_closed_under_one_key_and_signed()
    {
        await using var home = await new FollowUpHome().MakeAsync("""  "escalateTo": { "webhook": "https://hooks.example.org/two", "secret": "SECRET", "user": "lead" } """, times: "\"remindAfter\": \"00:00:04\", \"escalateAfter\": \"00:00:08\", \"giveUpAfter\": \"00:00:12\"");
        var outcome = await home.EndAsync(await home.StartAsync(home.ListedInput));
        Assert.Equal(FollowUpResult.Unanswered, outcome.Result);
        Assert.Equal([DeliveryPurpose.First, DeliveryPurpose.Reminder, DeliveryPurpose.Escalation], outcome.Deliveries.Select(d => d.Purpose));
        Assert.Equal(["first", "reminder", "escalation"], home.Requests.Select(r => (string)r.Document["purpose"]!));
        Assert.Equal(["/one", "/one", "/two"], home.Requests.Select(r => r.Url.AbsolutePath));
        Assert.All(home.Requests, r =>
        {
            Assert.Equal(home.ListedInput.Key, r.Headers["Idempotency-Key"]);
            Assert.Equal(home.ListedInput.Key, (string)r.Document["key"]!);
            Assert.Equal(WebhookDelivery.Sign(FollowUpHome.Secret, r.Headers["X-RMon-Timestamp"], r.Body), r.Headers["X-RMon-Signature"]);
            Assert.DoesNotContain(FollowUpHome.Listed, r.Document.ToJsonString(), StringComparison.Ordinal);
        });
        Assert.Equal("lead", (string)home.Requests.Last().Document["for"]!);
    }

    [Fact]
    public async Task What_a_receiver_cannot_take_now_it_is_sent_again_under_the_same_key()
    {
        await using var home = await new FollowUpHome().MakeAsync();
        home.Answer = number => number switch
        {
            0 => new HttpResponseMessage(HttpStatusCode.ServiceUnavailable),
            1 => throw new HttpRequestException(HttpRequestError.ConnectionError, "https://hooks.example.org/one?sig=secret"),
            2 => new HttpResponseMessage(HttpStatusCode.TooManyRequests) { Headers = { RetryAfter = new RetryConditionHeaderValue(TimeSpan.FromDays(1)) } },
            _ => new HttpResponseMessage(HttpStatusCode.OK),
        };
        var outcome = await home.EndAsync(await home.StartAsync(home.ListedInput));
        var first = outcome.Deliveries.Single(d => d.Purpose == DeliveryPurpose.First);
        Assert.Equal((DeliveryStatus.Taken, 4), (first.Status, first.Attempts));
        Assert.Equal(["1", "2", "3", "4"], home.Requests.Where(r => (string)r.Document["purpose"]! == "first").Select(r => r.Headers["X-RMon-Attempt"]));
        Assert.Single(home.Requests.Select(r => r.Headers["Idempotency-Key"]).Distinct());
    }

    [Theory]
    [InlineData(HttpStatusCode.NotFound, "status 404")]
    [InlineData(HttpStatusCode.Found, "status 302")]
    public async Task What_a_receiver_refuses_is_not_sent_again_and_closed_as_refused(HttpStatusCode status, string problem)
    {
        await using var home = await new FollowUpHome().MakeAsync();
        home.Answer = _ => new HttpResponseMessage(status) { Headers = { Location = new Uri("https://elsewhere.example/") } };
        var outcome = await home.EndAsync(await home.StartAsync(home.ListedInput));
        Assert.Equal((FollowUpResult.Refused, problem), (outcome.Result, outcome.Deliveries.Single().Problem));
        Assert.Single(home.Requests);
    }

    [Fact]
    public async Task A_contact_closes_it_when_somebody_nudges_and_at_its_next_look_when_nobody_does()
    {
        await using var home = await new FollowUpHome().MakeAsync(times: "\"remindAfter\": \"00:00:02\", \"escalateAfter\": \"00:10:00\", \"giveUpAfter\": \"01:00:00\"");
        var (listed, urgent) = (await home.StartAsync(home.Earlier(home.ListedInput)), await home.StartAsync(home.Earlier(home.UrgentInput)));
        await home.CameAsync(2);
        await home.ActAsync(FollowUpHome.Urgent, ActionKind.VisitArranged, "ben", Duration.FromMinutes(2));
        var unnudged = await home.EndAsync(urgent);
        Assert.Equal((FollowUpResult.Contacted, ActionKind.VisitArranged, "ben"), (unnudged.Result, unnudged.Action, unnudged.By));
        await home.ActAsync(FollowUpHome.Listed, ActionKind.Claim, ago: Duration.FromMinutes(2));
        await home.ActAsync(FollowUpHome.Listed, ActionKind.Contacted, ago: Duration.FromMinutes(2));
        using var log = new FollowUpLog(home.Home.Store.Reference, TimeProvider.System);
        var nudges = new FollowUpNudges(log, home.Engine.Client);
        Assert.Equal(1, await nudges.LookAsync(default));
        Assert.Equal(0, await nudges.LookAsync(default));
        Assert.Equal(FollowUpResult.Contacted, (await home.EndAsync(listed)).Result);
    }

    [Fact]
    public async Task A_contact_from_a_page_of_before_the_urgent_reading_closes_nothing_and_the_team_is_told_and_reminded()
    {
        await using var home = await new FollowUpHome().MakeAsync(times: "\"remindAfter\": \"00:00:01\", \"escalateAfter\": \"00:10:00\", \"giveUpAfter\": \"01:00:00\"");
        var id = await home.StartAsync(home.Earlier(home.UrgentInput));
        // Long enough ago to have closed it, had it counted.
        await home.ActAsync(FollowUpHome.Urgent, ActionKind.Contacted, ago: Duration.FromMinutes(2), isBlind: true);
        await home.Engine.Client.RaiseAsync(id, FollowUpSteps.Changed, "", default);
        await home.CameAsync(2);
        Assert.Equal(["first", "reminder"], home.Requests.Select(r => (string)r.Document["purpose"]!));
        await home.Log.RefreshAsync(default);
        Assert.False(home.Log.Of(FollowUpHome.Urgent).Settled(home.Begun));
        await home.ActAsync(FollowUpHome.Urgent, ActionKind.Contacted, "ben", Duration.FromMinutes(2));
        await home.Engine.Client.RaiseAsync(id, FollowUpSteps.Changed, "", default);
        var outcome = await home.EndAsync(id);
        Assert.Equal((FollowUpResult.Contacted, "ben"), (outcome.Result, outcome.By));
    }

    [Fact]
    public async Task A_contact_that_is_taken_back_has_closed_nothing_and_the_team_is_reminded()
    {
        await using var home = await new FollowUpHome().MakeAsync(times: "\"remindAfter\": \"00:00:06\", \"escalateAfter\": \"00:10:00\", \"giveUpAfter\": \"01:00:00\"");
        var id = await home.StartAsync(home.ListedInput);
        await home.CameAsync(1);
        await home.ActAsync(FollowUpHome.Listed, ActionKind.Contacted);
        await home.Engine.Client.RaiseAsync(id, FollowUpSteps.Changed, "", default);
        for (var i = 0; FollowUpSteps.StatusOf((await home.Engine.Client.FindAsync(id, default))!)!.Note != "contacted by anna, unless it is taken back"; i++)
        {
            Assert.True(i < 500);
            await Task.Delay(20);
        }

        await Task.Delay(TimeSpan.FromSeconds(7)); // the reminder would be due
        Assert.Single(home.Requests);
        using var log = new FollowUpLog(home.Home.Store.Reference, TimeProvider.System);
        var nudges = new FollowUpNudges(log, home.Engine.Client);
        await nudges.LookAsync(default);
        await home.UndoAsync(FollowUpHome.Listed);
        Assert.Equal(1, await nudges.LookAsync(default));
        await home.CameAsync(2);
        Assert.Equal(["first", "reminder"], home.Requests.Select(r => (string)r.Document["purpose"]!));
    }

    [Fact]
    public async Task The_same_is_begun_once_whoever_asks_and_not_again_when_it_is_long_forgotten()
    {
        await using var home = await new FollowUpHome().MakeAsync();
        Assert.Equal(home.ListedInput.Key, (home.ListedInput with { Run = "another", State = new FollowUpState(default, []) }).Key);
        Assert.NotEqual(home.ListedInput.Key, (home.ListedInput with { Kind = FollowUpKind.Urgent }).Key);
        Assert.True(FollowUpSteps.IsKey(home.ListedInput.Key));
        var started = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => FollowUpActivities.StartAsync(home.Home.Store, home.Engine.Client, home.ListedInput, default)));
        Assert.Single(started, s => s);
        await home.EndAsync(home.ListedInput.InstanceId);
        await home.PurgeAsync();
        Assert.Null(await home.Engine.Client.FindAsync(home.ListedInput.InstanceId, default));
        Assert.False(await FollowUpActivities.StartAsync(home.Home.Store, home.Engine.Client, home.ListedInput, default));
        // What is kept for ever says that it was, and not about whom.
        var archive = await home.Home.Store.Lake.ReadAsync(Storage.Lake.LakePaths.RunArchive(home.ListedInput.InstanceId), default);
        await using var unzipped = new System.IO.Compression.GZipStream(new MemoryStream(archive), System.IO.Compression.CompressionMode.Decompress);
        Assert.Equal("", await new StreamReader(unzipped).ReadToEndAsync());
    }

    [Fact]
    public async Task A_reading_beyond_a_limit_begins_one_wherever_and_however_often_it_is_looked_for()
    {
        await using var home = await new FollowUpHome().MakeAsync();
        var one = new UrgentFollowUps(home.Home.Store, home.Engine.Client, home.Log, TimeProvider.System);
        Assert.Equal(1, await one.LookAsync(default));
        Assert.Equal(0, await one.LookAsync(default));
        Assert.Equal(0, await new UrgentFollowUps(home.Home.Store, home.Engine.Client, home.Log, TimeProvider.System).LookAsync(default));
        Assert.Equal(FollowUpResult.Unanswered, (await home.EndAsync(home.UrgentInput.InstanceId)).Result);
        File.Delete(Path.Combine(home.Home.Root, FollowUpFile.FileName));
        Assert.Equal(0, await new UrgentFollowUps(home.Home.Store, home.Engine.Client, home.Log, TimeProvider.System).LookAsync(default));
    }

    [Fact]
    public async Task A_file_with_a_fault_is_waited_for_one_that_is_put_right_delivers_and_one_that_is_gone_closes_it()
    {
        await using var home = await new FollowUpHome().MakeAsync(times: "\"remindAfter\": \"00:10:00\", \"escalateAfter\": \"00:10:00\", \"giveUpAfter\": \"01:00:00\"");
        var file = Path.Combine(home.Home.Root, FollowUpFile.FileName);
        var sound = await File.ReadAllTextAsync(file);
        await File.WriteAllTextAsync(file, "{");
        var id = await home.StartAsync(home.ListedInput);
        for (var i = 0; (await home.Engine.Client.FindAsync(id, default))!.CustomStatus is null; i++)
        {
            Assert.True(i < 500);
            await Task.Delay(20);
        }

        Assert.Contains("rmon follow-ups check", FollowUpSteps.StatusOf((await home.Engine.Client.FindAsync(id, default))!)!.Note, StringComparison.Ordinal);
        Assert.Empty(home.Requests);
        await File.WriteAllTextAsync(file, sound);
        await home.Engine.Client.RaiseAsync(id, FollowUpSteps.Changed, "", default);
        await home.CameAsync(1);
        File.Delete(file);
        await home.Engine.Client.RaiseAsync(id, FollowUpSteps.Changed, "", default);
        Assert.Equal(FollowUpResult.Off, (await home.EndAsync(id)).Result);
        Assert.Single(home.Requests);
    }

    [Fact]
    public async Task Of_a_patient_who_is_no_longer_there_nobody_is_told()
    {
        await using var home = await new FollowUpHome().MakeAsync();
        await home.Home.Store.Documents.DeletePartitionAsync(Containers.Worklists, "north", default);
        Assert.Equal(FollowUpResult.Gone, (await home.EndAsync(await home.StartAsync(home.ListedInput))).Result);
        Assert.Equal(FollowUpResult.Gone, (await home.EndAsync(await home.StartAsync(home.UrgentInput with { PatientId = "another" }))).Result);
        Assert.Empty(home.Requests);
    }

    [Fact]
    public async Task One_that_is_looked_at_very_often_begins_its_history_anew_and_loses_nothing()
    {
        await using var home = await new FollowUpHome().MakeAsync(times: "\"remindAfter\": \"00:10:00\", \"escalateAfter\": \"00:10:00\", \"giveUpAfter\": \"01:00:00\"");
        var id = await home.StartAsync(home.Earlier(home.ListedInput));
        await home.CameAsync(1);
        for (var i = 0; i < 100; i++)
        {
            Assert.True(await home.Engine.Client.RaiseAsync(id, FollowUpSteps.Changed, "", default));
        }

        for (var i = 0; FollowUpSteps.InputOf((await home.Engine.Client.FindAsync(id, default))!).State!.Deliveries.Count == 0; i++)
        {
            Assert.True(i < 500, "It did not begin anew.");
            await Task.Delay(20);
        }

        await home.ActAsync(FollowUpHome.Listed, ActionKind.Contacted, ago: Duration.FromMinutes(2));
        await home.Engine.Client.RaiseAsync(id, FollowUpSteps.Changed, "", default);
        Assert.Equal(FollowUpResult.Contacted, (await home.EndAsync(id)).Result);
        Assert.Single(home.Requests);
    }

    [Fact]
    public async Task The_lists_of_a_night_begin_those_of_their_patients_and_lists_of_the_past_none()
    {
        await using var home = await new FollowUpHome().MakeAsync();
        Task<FollowUpsStarted> Start(Instant asOf) => StartAsync(home, asOf);
        Assert.Equal(new FollowUpsStarted(1, 0), await Start(home.Begun));
        Assert.Equal(new FollowUpsStarted(0, 1), await Start(home.Begun));
        Assert.Equal("the lists are of the past, so nobody is told", (await Start(home.Begun - Duration.FromDays(3))).Problem);
        await home.EndAsync(home.ListedInput.InstanceId);
        await File.WriteAllTextAsync(Path.Combine(home.Home.Root, FollowUpFile.FileName), "{");
        Assert.Contains("rmon follow-ups check", (await Start(home.Begun)).Problem, StringComparison.Ordinal);
    }

    private static async Task<FollowUpsStarted> StartAsync(FollowUpHome home, Instant asOf)
    {
        var asked = System.Text.Json.JsonSerializer.Serialize(new FollowUpsAsked(MadeUpFeed.Cohort, FollowUpHome.Task, asOf, "run-1"), FollowUpSteps.Start.Input);
        return System.Text.Json.JsonSerializer.Deserialize(await home.Registry.RunAsync(FollowUpSteps.Start.Name, asked, default), FollowUpSteps.Start.Output)!;
    }
}
