using RemoteMonitoring.Ingestion.Erasure;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Erasure;
using RemoteMonitoring.Telemetry.Readings;
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
        await DocumentErasure.EraseAsync(documents, Erased, "handle", ErasureKey.Passing(), report, dryRun, default);

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
}
