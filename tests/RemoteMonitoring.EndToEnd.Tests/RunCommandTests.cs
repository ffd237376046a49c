using System.Text.Json;
using NodaTime;
using NodaTime.Text;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;

namespace RemoteMonitoring.EndToEnd.Tests;

/// <summary><c>rmon run</c> and <c>rmon runs</c> as operators use them.</summary>
[Collection("runs the program")]
public sealed class RunCommandTests(ScoredHome made) : IClassFixture<ScoredHome>
{
    private Rmon Rmon => made.Rmon;

    [Fact]
    public async Task A_night_is_scored_once_and_asked_for_again_stands_until_it_is_wanted_anew()
    {
        var first = await Rmon.RunAsync("run", "daily", "--as-of", "2025-02-20T00:00:00Z", "--retrospective", "--json");
        Assert.True(first.ExitCode == 0, first.Errors);
        var night = first.Document;
        Assert.Equal(("daily-risk-simulated-admission-7d-20250220T000000Z", "daily-risk", "succeeded"), (Text(night, "run"), Text(night, "workflow"), Text(night, "status")));
        Assert.False(night.GetProperty("outcome").GetProperty("alreadyThere").GetBoolean());
        var lists = night.GetProperty("worklists").EnumerateArray().ToArray();
        Assert.NotEmpty(lists);
        Assert.Equal(night.GetProperty("outcome").GetProperty("listed").GetInt32(), lists.Sum(l => l.GetProperty("listed").GetArrayLength()));
        Assert.All(lists, l => Assert.Contains(l.GetProperty("notices").EnumerateArray(), n => n.GetString()!.StartsWith("Retrospective: the model was taught", StringComparison.Ordinal)));

        var again = await Rmon.RunAsync("run", "daily", "--as-of", "2025-02-20T00:00:00Z", "--retrospective");
        Assert.Equal(0, again.ExitCode);
        Assert.Contains($"That was done before, at {Text(night, "updated")}, and stands", again.Output, StringComparison.Ordinal);
        Assert.Empty(again.Errors);
        var anew = (await Rmon.RunAsync("run", "daily", "--as-of", "2025-02-20T00:00:00Z", "--retrospective", "--resume", "--json")).Document;
        Assert.Equal(Text(night, "run") + ".attempt-2", Text(anew, "run"));
        Assert.True(anew.GetProperty("outcome").GetProperty("alreadyThere").GetBoolean());
    }

    [Fact]
    public async Task A_day_of_before_the_model_is_refused_in_one_line_and_scored_when_asked_for_as_retrospective()
    {
        var refused = await Rmon.RunAsync("run", "daily", "--as-of", "2025-02-19T00:00:00Z");
        Assert.Equal(3, refused.ExitCode);
        Assert.Contains("of that day it knows the future", Assert.Single(refused.ErrorLines), StringComparison.Ordinal);
        Assert.DoesNotContain("✓", refused.Output, StringComparison.Ordinal);
        var asked = await Rmon.RunAsync("run", "daily", "--as-of", "2025-02-19T00:00:00Z", "--retrospective", "--json");
        Assert.Equal((0, "daily-risk-simulated-admission-7d-20250219T000000Z.attempt-2"), (asked.ExitCode, Text(asked.Document, "run")));

        var backfill = await Rmon.RunAsync("run", "backfill", "--from", "2025-02-17T00:00:00Z", "--to", "2025-02-18T00:00:00Z");
        Assert.Equal(3, backfill.ExitCode);
        Assert.Contains("no day could be scored; the first: ", Assert.Single(backfill.ErrorLines), StringComparison.Ordinal);
        var days = await Rmon.RunAsync("run", "backfill", "--from", "2025-02-17T00:00:00Z", "--to", "2025-02-18T00:00:00Z", "--retrospective");
        Assert.Equal(0, days.ExitCode);
        Assert.Contains("2 days scored", days.Output, StringComparison.Ordinal);
        Assert.Contains("2025-02-18T00:00:00Z", days.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "There is no task 'nothing'", "run", "daily", "--task", "nothing")]
    [InlineData(3, "there is no model for 'tihm-alert-next-day' yet. Run 'rmon train", "run", "daily", "--task", "tihm-alert-next-day")]
    [InlineData(2, "holds no cohort 'nobody'", "run", "daily", "--cohort", "nobody")]
    [InlineData(3, "there is no version '../x' of the model", "run", "daily", "--model", "../x", "--as-of", "2025-02-10T00:00:00Z")]
    [InlineData(2, "lies in the future", "run", "daily", "--as-of", "2999-01-01T00:00:00Z")]
    [InlineData(2, "--to lies before --from", "run", "backfill", "--from", "2025-02-10T00:00:00Z", "--to", "2025-02-08T00:00:00Z")]
    [InlineData(2, "the last would be 2025-02-10T00:00:00Z", "run", "backfill", "--from", "2025-02-10T00:00:00Z", "--to", "2025-02-10T10:00:00Z")]
    [InlineData(3, "There is no run 'nothing' in cohort 'simulated'", "runs", "show", "nothing")]
    [InlineData(3, "There is no run '../home' in cohort 'simulated'", "runs", "show", "../home")]
    [InlineData(3, "There is no run 'nothing' in cohort 'simulated'", "runs", "watch", "nothing")]
    [InlineData(3, "There is no run 'nothing' in cohort 'simulated'", "runs", "cancel", "nothing")]
    [InlineData(3, "There is no run 'nothing' in cohort 'simulated'", "runs", "resume", "nothing")]
    public async Task What_cannot_be_done_is_one_line_and_no_run_is_left_of_it(int exitCode, string says, params string[] arguments)
    {
        var before = (await RunsAsync()).Length;
        var result = await Rmon.RunAsync(arguments);
        Assert.Equal(exitCode, result.ExitCode);
        Assert.Contains(says, Assert.Single(result.ErrorLines), StringComparison.Ordinal);
        Assert.Equal(before, (await RunsAsync()).Length);
    }

    [Theory]
    [InlineData("--as-of", "yesterday")]
    [InlineData("--deadline", "07:00")]
    public async Task An_instant_that_is_none_is_a_wrong_command_line(string option, string value)
    {
        var result = await Rmon.RunAsync("run", "daily", option, value);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains($"got '{value}'", result.ErrorLines[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_night_that_begins_after_its_deadline_is_late_and_whole_and_stands_when_asked_for_again()
    {
        string[] night = ["run", "daily", "--as-of", "2025-02-21T00:00:00Z", "--retrospective", "--deadline", "2025-02-21T06:00:00Z", "--json"];
        var late = await Rmon.RunAsync(night);
        Assert.Equal((0, "succeeded"), (late.ExitCode, Text(late.Document, "status")));
        Assert.Equal(0, late.Document.GetProperty("outcome").GetProperty("setAside").GetInt32());
        Assert.True(late.Document.GetProperty("outcome").GetProperty("scored").GetInt32() > 50);
        var again = await Rmon.RunAsync(night);
        Assert.Equal((0, Text(late.Document, "run")), (again.ExitCode, Text(again.Document, "run")));
    }

    [Fact]
    public async Task A_run_is_shown_with_its_parts_and_histories_and_archived_still()
    {
        var id = Text((await Rmon.RunAsync("run", "daily", "--as-of", "2025-02-22T00:00:00Z", "--retrospective", "--json")).Document, "run");
        Assert.Contains(await RunsAsync(), r => Text(r, "run") == id && Text(r, "status") == "succeeded" && r.GetProperty("failure").ValueKind == JsonValueKind.Null);
        var shown = (await Rmon.RunAsync("runs", "show", id, "--history", "--json")).Document;
        var part = Text(Assert.Single(shown.GetProperty("called").EnumerateArray()), "run");
        Assert.Equal([id, part], shown.GetProperty("histories").EnumerateObject().Select(h => h.Name));
        var events = shown.GetProperty("histories").GetProperty(id).EnumerateArray().Select(e => Text(e, "kind")).ToArray();
        Assert.Equal(("Started", "Completed"), (events[0], events[^1]));
        Assert.Contains(id, (await Rmon.RunAsync("runs", "show", id, "--history")).Output, StringComparison.Ordinal);
        Assert.Contains(id, (await Rmon.RunAsync("runs", "list")).Output, StringComparison.Ordinal);
        Assert.Single((await Rmon.RunAsync("runs", "list", "--most", "1", "--json")).Document.GetProperty("runs").EnumerateArray());

        Assert.Contains("has ended already", Assert.Single((await Rmon.RunAsync("runs", "cancel", id)).ErrorLines), StringComparison.Ordinal);
        Assert.Contains($"is a part of {id}", Assert.Single((await Rmon.RunAsync("runs", "cancel", part)).ErrorLines), StringComparison.Ordinal);
        Assert.Contains($"is a part of {id}", Assert.Single((await Rmon.RunAsync("runs", "resume", part)).ErrorLines), StringComparison.Ordinal);

        var house = await Rmon.RunAsync("run", "housekeeping", "--history-days", "1");
        Assert.Equal(0, house.ExitCode);
        Assert.Contains("0 histories archived", house.Output, StringComparison.Ordinal); // all are of today
    }

    [Fact]
    public async Task Told_to_stop_a_night_stops_with_a_line_that_says_how_it_goes_on_and_the_same_command_goes_on()
    {
        await StateAsync(Instant.FromUtc(2025, 1, 2, 0, 0));
        var until = Instant.FromDateTimeOffset(TimeProvider.System.GetUtcNow()) + Duration.FromSeconds(25);
        string[] night = ["run", "daily", "--as-of", "2025-02-23T00:00:00Z", "--retrospective", "--wait-until", InstantPattern.ExtendedIso.Format(until)];
        using var stopped = RmonProcess.Start([.. night, "--home", Rmon.Home]);
        await stopped.LineAsync(l => l.Contains("wait for ingestion (landed up to 2025-01-02T00:00:00Z", StringComparison.Ordinal));
        // As Ctrl-C does, which a process cannot hear whose shell has put it into the background.
        Assert.Equal(130, await stopped.TerminateAsync());
        var line = Assert.Single(stopped.Errors);
        Assert.Contains("stopped; daily-risk-simulated-admission-7d-20250223T000000Z goes on where it was when the same is run again", line, StringComparison.Ordinal);

        var again = await Rmon.RunAsync(night);
        Assert.True(again.ExitCode == 0, again.Errors);
        Assert.Contains("is under way already", again.Output, StringComparison.Ordinal);
        Assert.Contains("Late data: when this list was made, ingestion had landed what was sent up to 2025-01-02T00:00:00Z.", again.Output.ReplaceLineEndings(" "), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_night_under_way_is_watched_from_elsewhere_ended_and_resumed()
    {
        await StateAsync(Instant.FromUtc(2025, 1, 2, 0, 0));
        const string Id = "daily-risk-simulated-admission-7d-20250224T000000Z";
        using var night = RmonProcess.Start(["run", "daily", "--as-of", "2025-02-24T00:00:00Z", "--retrospective", "--wait-until", "2999-01-01T00:00:00Z", "--home", Rmon.Home]);
        await night.LineAsync(l => l.Contains("wait for ingestion (", StringComparison.Ordinal));
        using var watch = RmonProcess.Start(["runs", "watch", Id, "--home", Rmon.Home]);
        await watch.LineAsync(l => l.Contains("wait for ingestion (", StringComparison.Ordinal));
        Assert.Contains(await RunsAsync(), r => Text(r, "run") == Id && Text(r, "status") == "running");

        var cancelled = await Rmon.RunAsync("runs", "cancel", Id, "--why", "no need", "--json");
        Assert.Equal((0, "ended"), (cancelled.ExitCode, Text(cancelled.Document, "status")));
        foreach (var process in (RmonProcess[])[night, watch])
        {
            Assert.Equal(3, await process.ExitAsync());
            await process.LineAsync(process.Errors, l => l.Contains($"{Id} was ended: no need.", StringComparison.Ordinal));
        }

        var resumed = await Rmon.RunAsync("runs", "resume", Id, "--json");
        Assert.True(resumed.ExitCode == 0, resumed.Errors);
        Assert.Equal((Id + ".attempt-2", "succeeded"), (Text(resumed.Document, "run"), Text(resumed.Document, "status")));
        Assert.False(resumed.Document.GetProperty("input").TryGetProperty("waitUntil", out _));
    }

    private async Task<JsonElement[]> RunsAsync() => [.. (await Rmon.RunAsync("runs", "list", "--most", "1000", "--json")).Document.GetProperty("runs").EnumerateArray()];

    /// <summary>A worker stated that all is landed up to an instant.</summary>
    private async Task StateAsync(Instant through)
    {
        await using var store = CohortStore.Open(Rmon.Home, "simulated");
        var micros = through.ToUnixTimeTicks() / 10;
        await store.Documents.UpsertAsync(
            Containers.Ingestion,
            [new Document { PartitionKey = "hub", Id = "e1/0", Body = $$"""{"schemaVersion":1,"hub":"hub","epoch":"e1","partition":0,"landedThrough":{{micros}},"stated":{{micros}}}""" }],
            default);
    }

    private static string Text(JsonElement document, string name) => document.GetProperty(name).GetString()!;
}
