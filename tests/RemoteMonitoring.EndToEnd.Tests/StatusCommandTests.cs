using System.Text.Json;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;

namespace RemoteMonitoring.EndToEnd.Tests;

/// <summary><c>rmon status</c> over a home with a scored day.</summary>
[Collection("runs the program")]
public sealed class StatusCommandTests(ScoredHome made) : IClassFixture<ScoredHome>
{
    [Fact]
    public async Task Where_nothing_is_missed_it_ends_well_and_says_what_is_not_known_yet()
    {
        var said = await made.Rmon.RunAsync("status", "--cohort", "simulated");
        Assert.Equal(0, said.ExitCode);
        Assert.Contains("not yet   list-in-time   admission-7d   out by 07:00", said.Output, StringComparison.Ordinal);
        Assert.Contains("nobody has served its schedule", said.Output, StringComparison.Ordinal);
        var status = await made.Rmon.RunAsync("status", "--cohort", "simulated", "--json");
        Assert.Equal(0, status.ExitCode);
        Assert.True(status.Document.GetProperty("well").GetBoolean());
        var objectives = Objectives(status.Document);
        Assert.Equal(["list-in-time", "ingest-lag", "rejects", "coverage", "drift", "follow-ups", "erasures"], objectives.Select(o => o.GetProperty("objective").GetString()));
        Assert.Equal(["not_yet", "not_yet", "met", "met", "not_yet", "not_yet", "met"], objectives.Select(o => o.GetProperty("state").GetString()));
        // What is not known has no figure, and no zero in place of one.
        Assert.All(objectives, o => Assert.Equal(o.GetProperty("state").GetString() == "met" ? JsonValueKind.Number : JsonValueKind.Null, o.GetProperty("value").ValueKind));
        Assert.Equal(1, objectives[3].GetProperty("value").GetDouble());
        Assert.DoesNotContain(made.Patient, status.Output + said.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_met_is_the_exit_code_of_its_home_and_each_cohort_is_told()
    {
        await using (var store = CohortStore.Open(made.Rmon.Home, "ward"))
        {
            await store.Documents.UpsertAsync(
                Containers.Ingestion,
                [new Document { PartitionKey = "hub", Id = "e1/0", Body = """{"schemaVersion":1,"hub":"hub","epoch":"e1","partition":0,"landedThrough":1750000000000000,"stated":1750000000000000}""" }],
                default);
        }

        var said = await made.Rmon.RunAsync("status");
        Assert.Equal(4, said.ExitCode);
        Assert.Contains("NOT MET   ingest-lag", said.Output, StringComparison.Ordinal);
        Assert.Contains("ingest-lag: Nobody has read hub/e1/0 for", said.Output, StringComparison.Ordinal);
        Assert.Contains("pipelines/README.md#ingestion-behind", said.Output, StringComparison.Ordinal);
        var status = (await made.Rmon.RunAsync("status", "--json")).Document;
        Assert.False(status.GetProperty("well").GetBoolean());
        Assert.Equal(["simulated", "ward"], status.GetProperty("cohorts").EnumerateArray().Select(c => c.GetProperty("cohort").GetString()));
        Assert.Equal(0, (await made.Rmon.RunAsync("status", "--cohort", "simulated")).ExitCode);
    }

    [Fact]
    public async Task A_home_without_a_cohort_is_told_in_one_line_and_looking_leaves_nothing_behind()
    {
        using var empty = new Rmon();
        var said = await empty.RunAsync("status");
        Assert.Equal(3, said.ExitCode);
        Assert.Contains("holds no cohort yet", Assert.Single(said.ErrorLines), StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(empty.Home));
    }

    private static JsonElement[] Objectives(JsonElement document) => [.. Assert.Single(document.GetProperty("cohorts").EnumerateArray()).GetProperty("objectives").EnumerateArray()];
}
