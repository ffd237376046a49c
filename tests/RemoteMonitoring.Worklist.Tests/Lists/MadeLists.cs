using NodaTime;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Worklist.Tests.Lists;

/// <summary>Lists of team-001 as a night would leave them, with the predictions that stand on them.</summary>
internal static class MadeLists
{
    public const string Task = "admission-7d";

    /// <summary>A prediction without reasons.</summary>
    public static Prediction Of(string patient, double probability, Instant asOf, string run) => new()
    {
        Id = new ListsMade(run, Task, "Admission", asOf, asOf, 1).Id,
        PatientId = patient,
        Task = Task,
        AsOf = asOf,
        KnownBy = asOf,
        Model = "m",
        FeatureSetHash = "f",
        Run = run,
        Probability = probability,
        Raw = 0,
        Reasons = [],
    };

    /// <summary>Makes a list, and has the pages see it.</summary>
    public static async Task<ListsMade> MakeAsync(this ServedPages pages, Instant asOf, string run, Func<TeamWorklist, TeamWorklist>? with = null, params Prediction[] listed)
    {
        var made = new ListsMade(run, Task, "Admission", asOf, asOf, Math.Max(1, listed.Length));
        var list = new TeamWorklist { CareTeamId = "team-001", Name = "North", Capacity = 5, Title = made.Title, AsOf = asOf, Run = run, Watermark = asOf, Scored = listed.Length, Listed = listed, NotScored = [] };
        await pages.Store.Documents.UpsertAsync(Containers.Predictions, [.. listed.Select(p => new Document { PartitionKey = p.PatientId, Id = made.Id, Body = RiskDocumentJson.ToJson(p) })], default);
        await pages.Store.Documents.UpsertAsync(Containers.Worklists, [new Document { PartitionKey = "team-001", Id = made.Id, Body = RiskDocumentJson.ToJson(with is null ? list : with(list)) }], default);
        await pages.Store.Documents.UpsertAsync(Containers.Runs, [new Document { PartitionKey = ListsMade.Partition, Id = made.Id, Body = RiskDocumentJson.ToJson(made) }], default);
        pages.Clock.Move(TimeSpan.FromSeconds(3));
        return made;
    }
}
