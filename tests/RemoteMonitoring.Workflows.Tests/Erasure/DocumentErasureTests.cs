using RemoteMonitoring.Ingestion.Erasure;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Erasure;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Erasure;

namespace RemoteMonitoring.Workflows.Tests.Erasure;

public sealed class DocumentErasureTests
{
    private const string Erased = "erased-patient";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_patient_leaves_what_stands_beside_the_lists_and_the_urgent_readings_and_others_stay(bool dryRun)
    {
        await using var home = new TempHome();
        var documents = home.Store.Documents;
        TeamWorklist List(string team, params string[] patients) => new()
        {
            CareTeamId = team,
            Name = team,
            Capacity = 1,
            Title = "t",
            AsOf = MadeUpFeed.At(1),
            Run = "r",
            Scored = 2,
            Listed = [],
            NotScored = [],
            Resting = [.. patients.Select(p => new RestingPatient(p, 0.1, "paused"))],
            Silent = [.. patients.Select(p => new SilentPatient(p, null, 0.1, "silent"))],
            Technical = [.. patients.Select(p => new TechnicalFinding(p, "flat-line", "weight", "flat"))],
        };
        await documents.UpsertAsync(
            Containers.Worklists,
            [.. new[] { List("north", Erased, "other"), List("south", "other") }.Select(l => new Document { PartitionKey = l.CareTeamId, Id = "1", Body = RiskDocumentJson.ToJson(l) })],
            default);
        await documents.UpsertAsync(
            Containers.Urgent,
            [.. new[] { Erased, "other" }.Select(p => new Document { PartitionKey = "2025-03-02", Id = p[..2], Body = new UrgentReading(p[..2], p, "spo2", 80, "%", MadeUpFeed.At(1), MadeUpFeed.At(1), 85, null).ToJson() })],
            default);
        await documents.UpsertAsync(
            Containers.Urgent,
            [new Document { PartitionKey = "2025-03-02", Id = "torn", Body = $"{{\"patientId\":\"{Erased}\"," }, new Document { PartitionKey = "2025-03-02", Id = "torn-other", Body = "{" }],
            default);
        await documents.UpsertAsync(Containers.Logins, [new Document { PartitionKey = "ann", Id = Containers.GlassPrefix + "handle", Body = "{}" }, new Document { PartitionKey = "ann", Id = Containers.GlassPrefix + "others", Body = "{}" }], default);
        var report = new ErasureReport();
        await DocumentErasure.EraseAsync(documents, Erased, [], "handle", ErasureKey.Passing(), report, dryRun, default);

        var left = string.Join('\n', await documents.ListAsync(Containers.Worklists, default).Concat(documents.ListAsync(Containers.Urgent, default)).Select(d => d.Body).ToArrayAsync());
        Assert.Equal(dryRun, left.Contains(Erased, StringComparison.Ordinal));
        var north = RiskDocumentJson.ReadWorklist((await documents.FindAsync(Containers.Worklists, "north", "1", default))!.Body);
        Assert.Equal(dryRun ? 2 : 1, north.Resting.Count);
        Assert.Equal("other", north.Resting[^1].PatientId);
        Assert.Equal("other", north.Silent[^1].PatientId);
        Assert.Equal("other", north.Technical[^1].PatientId);
        Assert.NotNull(await documents.FindAsync(Containers.Urgent, "2025-03-02", "ot", default));
        Assert.NotNull(await documents.FindAsync(Containers.Urgent, "2025-03-02", "torn-other", default));
        Assert.Equal(dryRun, await documents.FindAsync(Containers.Logins, "ann", Containers.GlassPrefix + "handle", default) is not null);
        Assert.NotNull(await documents.FindAsync(Containers.Logins, "ann", Containers.GlassPrefix + "others", default));
    }

    [Fact]
    public async Task Counts_of_lists_that_went_out_agree_with_who_is_left_on_them_and_twice_is_once()
    {
        await using var home = new TempHome();
        var documents = home.Store.Documents;
        Prediction Of(string id, string run) => new() { Id = run, PatientId = id, Task = "t", AsOf = MadeUpFeed.At(1), KnownBy = MadeUpFeed.At(1), Model = "m", FeatureSetHash = "f", Run = run, Probability = id == Erased ? 0.5 : 0.2, Raw = 0, Reasons = [] };
        TeamWorklist List(string team, int scored, params Prediction[] listed) => new()
        {
            CareTeamId = team,
            Name = team,
            Capacity = 2,
            Title = "t",
            AsOf = MadeUpFeed.At(1),
            Run = "r",
            Scored = scored,
            Listed = listed,
            NotScored = [],
            Expected = new ExpectedYield(0.7, 0, 2, 1.1),
        };
        var named = List("north", 9, Of(Erased, "named"), Of("other", "named"));
        var gap = List("north", 9, Of("other", "gap")) with { SetAside = [new(Erased, "w"), new("x", "w")], Notices = [TeamWorklists.GapNotice(2, 9), "late"] };
        async Task PutAsync(string id, TeamWorklist list) => await documents.UpsertAsync(Containers.Worklists, [new Document { PartitionKey = list.CareTeamId, Id = id, Body = RiskDocumentJson.ToJson(list) }], default);
        await PutAsync("named", named);
        await PutAsync("gap", gap);
        await PutAsync("counted", List("north", 9, Of("other", "counted")));
        await PutAsync("counted", List("south", 9, Of("else", "counted")));
        await PutAsync("not-scored", List("north", 9, Of("other", "not-scored")));
        await documents.UpsertAsync(Containers.Predictions, [.. "named counted".Split(' ').Select(run => new Document { PartitionKey = Erased, Id = run, Body = RiskDocumentJson.ToJson(Of(Erased, run)) })], default);
        Patient[] roster = [new() { PatientId = Erased, CareTeamId = "north", TimeZone = "Etc/UTC", Known = MadeUpFeed.At(0) }, new() { PatientId = Erased, CareTeamId = "south", TimeZone = "Etc/UTC", Known = MadeUpFeed.At(2) }];
        var key = ErasureKey.Passing();

        // As one that is killed after the lists, and run again when the roster is gone.
        await DocumentErasure.EraseListsAsync(documents, Erased, roster, key.OfPatient(Erased), new ErasureReport(), dryRun: false, default);
        await DocumentErasure.EraseAsync(documents, Erased, roster, null, key, new ErasureReport(), dryRun: false, default);
        await DocumentErasure.EraseAsync(documents, Erased, [], null, key, new ErasureReport(), dryRun: false, default);

        async Task<TeamWorklist> ReadAsync(string team, string id) => RiskDocumentJson.ReadWorklist((await documents.FindAsync(Containers.Worklists, team, id, default))!.Body);
        var left = await ReadAsync("north", "named");
        Assert.Equal((8, "other", (int?)1), (left.Scored, Assert.Single(left.Listed).PatientId, left.Erased?.Count));
        Assert.Equal((0.2, 0, 1, 1.1), (left.Expected!.Mean, left.Expected.Low, left.Expected.High, left.Expected.ObservedExpected));
        var rest = await ReadAsync("north", "gap");
        Assert.Equal((9, 1), (rest.Scored, rest.SetAside.Count));
        Assert.Equal([TeamWorklists.GapNotice(1, 9), "late"], rest.Notices);
        Assert.Equal((8, (int?)1), ((await ReadAsync("north", "counted")).Scored, (await ReadAsync("north", "counted")).Erased?.Count));
        Assert.Equal((9, (int?)null), ((await ReadAsync("south", "counted")).Scored, (await ReadAsync("south", "counted")).Erased?.Count));
        Assert.Equal((9, (int?)null), ((await ReadAsync("north", "not-scored")).Scored, (await ReadAsync("north", "not-scored")).Erased?.Count));
    }
}
