using System.Globalization;
using NodaTime;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Workflows.FollowUps;

/// <summary>What there is to say of a follow-up, from the documents it refers to.</summary>
internal sealed record FollowUpContent(string Team, string Title, string? Band, string? Risk, IReadOnlyList<string> Reasons)
{
    /// <summary>Looks it up, in the list that holds by now; null where the list, the reading or the patient in it is no longer there.</summary>
    public static async Task<FollowUpContent?> FindAsync(CohortStore store, FollowUpInput input, CancellationToken cancellationToken)
    {
        if (input.Kind == FollowUpKind.Urgent)
        {
            return await FindUrgentAsync(store.Documents, input, cancellationToken) is { } urgent && urgent.PatientId == input.PatientId
                ? OfUrgent(await TeamNameAsync(store, input.CareTeamId, cancellationToken), urgent)
                : null;
        }

        // Another run of the same instant may have taken the place of the one that began it.
        var holds = ListsIndex.Latest((await ListsIndex.ReadAsync(store.Documents, cancellationToken)).Where(l => l.Task == input.Task), input.AsOf).Select(l => l.Run).FirstOrDefault() ?? input.Run ?? "";
        return await store.Documents.FindAsync(Containers.Worklists, input.CareTeamId, ListId(input.AsOf, holds), cancellationToken) is { } document
            && RiskDocumentJson.ReadWorklist(document.Body) is var list && list.Listed.FirstOrDefault(p => p.PatientId == input.PatientId) is { } prediction
            ? new FollowUpContent(list.Name, list.Title, prediction.BandInWords, RiskWords.Sentence(prediction.Probability, list.Outcome ?? $"had the outcome ({list.Title})"), [.. prediction.Reasons.Select(r => r.Text)])
            : null;
    }

    /// <summary>Id of the document of a team's list.</summary>
    public static string ListId(Instant asOf, string run) => $"{LakePaths.Stamp(asOf.ToUnixMicros())}-{run}";

    /// <summary>The reading as it stands: one that was made worse since it first landed lies under the day of then.</summary>
    private static async Task<UrgentReading?> FindUrgentAsync(DocumentStore documents, FollowUpInput input, CancellationToken cancellationToken)
    {
        for (var ago = 0; ago <= UrgentFollowUps.Days; ago++)
        {
            if (await documents.FindAsync(Containers.Urgent, UrgentReading.PartitionOf(input.AsOf - Duration.FromDays(ago)), input.Task, cancellationToken) is { } document)
            {
                return UrgentReading.TryRead(document.Body);
            }
        }

        return null;
    }

    private static FollowUpContent OfUrgent(string team, UrgentReading reading)
    {
        var label = VitalSignCatalog.Default.Vitals.FirstOrDefault(v => v.Key == reading.Vital)?.Label ?? reading.Vital;
        var limit = reading.Low is { } low && reading.Value < low ? $"below the personal limit of {Figure(low)}"
            : reading.High is { } high ? $"above the personal limit of {Figure(high)}"
            : "beyond a personal limit";
        return new FollowUpContent(team, $"{label} beyond a personal limit", null, null,
            [$"{label} {Figure(reading.Value)} {reading.Unit} at {reading.EffectiveTime.ToString("uuuu-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture)}, {limit}. This is no emergency service."]);
    }

    private static string Figure(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    private static async Task<string> TeamNameAsync(CohortStore store, string careTeamId, CancellationToken cancellationToken)
    {
        var (teams, _) = await store.Reference.ReadAfterAsync<CareTeam>(ReferenceKinds.Teams, 0, cancellationToken);
        return teams.Where(t => t.CareTeamId == careTeamId).OrderBy(t => t.Known).LastOrDefault()?.Name ?? careTeamId;
    }
}
