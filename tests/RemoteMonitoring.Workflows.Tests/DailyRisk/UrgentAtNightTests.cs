using System.Text;
using NodaTime;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Workflows.Tests.DailyRisk;

/// <summary>What readings beyond personal limits have to do with the lists of a night.</summary>
[Collection(TrainedOnce.Name)]
public sealed class UrgentAtNightTests(TrainedHome trained)
{
    private static readonly Instant s_snoozed = MadeUpFeed.At(11);

    [Fact]
    public async Task Who_was_snoozed_before_a_reading_landed_or_was_made_worse_is_listed_though_they_are_beyond_the_first()
    {
        var ranked = await RankedAsync();
        var (home, _) = await trained.CopyAsync();
        await using var _1 = home;
        await SnoozeAsync(home, ranked[..5]);
        await LandAsync(home, ranked[0], known: 11.5);
        await LandAsync(home, ranked[1], known: 10.5);
        await LandAsync(home, ranked[3], known: 10.5, worse: 11.5);
        await LandAsync(home, ranked[4], known: 12.5);
        await using var night = new NightOf(home);
        var outcome = await night.SucceedAsync(NightOf.Input());
        Assert.Empty(outcome.Notices);
        var north = (await DailyRiskRun.WorklistsAsync(home.Store, outcome.Run, default)).Single(l => l.CareTeamId == "north");
        Assert.Equal(new[] { ranked[0], ranked[3], ranked[5] }.Order(), north.Listed.Select(p => p.PatientId).Order());
        Assert.All(north.Listed, p => Assert.NotNull(p.Trends));
        Assert.Equal(new[] { ranked[1], ranked[2] }.Order(), north.Resting.Select(r => r.PatientId).Order());
    }

    [Fact]
    public async Task A_document_that_cannot_be_read_keeps_no_list_from_its_team_which_is_told()
    {
        var ranked = await RankedAsync();
        var (home, _) = await trained.CopyAsync();
        await using var _1 = home;
        await SnoozeAsync(home, ranked[..1]);
        await LandAsync(home, ranked[0], known: 11.5);
        foreach (var (id, body) in (IEnumerable<(string, string)>)[("a", "{}"), ("b", """{ "id": "b", "of-another-version": 1 }""")])
        {
            await home.Store.Documents.UpsertAsync(Containers.Urgent, [new Document { PartitionKey = UrgentReading.PartitionOf(MadeUpFeed.At(11.5)), Id = id, Body = body }], default);
        }

        await using var night = new NightOf(home);
        var outcome = await night.SucceedAsync(NightOf.Input());
        var lists = await DailyRiskRun.WorklistsAsync(home.Store, outcome.Run, default);
        Assert.Contains(lists.Single(l => l.CareTeamId == "north").Listed, p => p.PatientId == ranked[0]);
        Assert.Equal(2, lists.Count);
        Assert.All(lists, l => Assert.StartsWith("2 documents of urgent readings cannot be read", Assert.Single(l.Notices), StringComparison.Ordinal));
        Assert.Equal(lists[0].Notices, outcome.Notices);
    }

    [Theory]
    [InlineData(10, null, 10.0)]
    [InlineData(10, 11.0, 11.0)]
    [InlineData(10, 12.5, 10.0)]
    [InlineData(12.5, null, null)]
    public async Task What_is_known_by_then_counts_from_when_on_it_was_open_by_then(double known, double? worse, double? since)
    {
        await using var home = new TempHome();
        await LandAsync(home, "a", known, worse);
        var times = await UrgentTimes.ReadAsync(home.Store.Documents, MadeUpFeed.At(12), default);
        Assert.Equal((since is { } day ? MadeUpFeed.At(day) : (Instant?)null, 0), (times.Of("a"), times.Unreadable));
    }

    /// <summary>The scored of the team that can call three, riskiest first.</summary>
    private async Task<string[]> RankedAsync()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        await DailyRiskRun.RunAsync(home.Store, manifest, new DailyRiskRequest { Task = TrainedHome.Task, AsOf = MadeUpFeed.At(12), Model = trained.Model.Version }, default);
        var north = (await home.Store.Reference.LoadAsync(manifest.Inputs.Reference, default)).Patients.Where(p => p.CareTeamId == "north").Select(p => p.PatientId).ToHashSet(StringComparer.Ordinal);
        var predictions = await home.Store.Documents.ListAsync(Containers.Predictions, default).Select(d => RiskDocumentJson.ReadPrediction(d.Body)).ToArrayAsync();
        return [.. predictions.Where(p => north.Contains(p.PatientId)).OrderByDescending(p => p.Raw).ThenBy(p => p.PatientId, StringComparer.Ordinal).Select(p => p.PatientId)];
    }

    private static async Task SnoozeAsync(TempHome home, IEnumerable<string> patients)
    {
        var actions = patients.Select((id, i) => new WorklistAction
        {
            Id = $"{i:x32}",
            PatientId = id,
            CareTeamId = "north",
            Kind = ActionKind.Snooze,
            By = "nurse",
            Until = MadeUpFeed.At(20),
            Known = s_snoozed,
        });
        await home.Store.Reference.AppendAsync(ReferenceKinds.Actions, Encoding.UTF8.GetBytes(string.Concat(actions.Select(a => ReferenceJson.ToLine(a) + "\n"))), default);
    }

    private static async Task LandAsync(TempHome home, string patient, double known, double? worse = null)
    {
        var reading = new UrgentReading($"u-{patient}", patient, "spo2", 84, "%", MadeUpFeed.At(known), MadeUpFeed.At(known), 88, null) { Changed = worse is { } day ? MadeUpFeed.At(day) : null };
        await home.Store.Documents.UpsertAsync(Containers.Urgent, [new Document { PartitionKey = UrgentReading.PartitionOf(reading.Known), Id = reading.Id, Body = reading.ToJson() }], default);
    }
}
