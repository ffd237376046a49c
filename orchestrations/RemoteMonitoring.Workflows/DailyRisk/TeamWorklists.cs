using NodaTime;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>Deals the scored patients, and those who could not be scored, out to the teams that care for them.</summary>
internal static class TeamWorklists
{
    /// <summary>
    /// A list for every team stated by then, riskiest first, cut to what the team can call. A team that the roster names
    /// and nobody has stated gets a list of all its patients under its id: better a list too long than a patient on none.
    /// </summary>
    public static List<TeamWorklist> Make(
        DailyRiskRequest request,
        string run,
        Instant watermark,
        ReferenceData reference,
        IReadOnlyDictionary<string, PatientRecord> records,
        long knownBy,
        IReadOnlyList<Prediction> predictions,
        IReadOnlyList<NotScored> notScored)
    {
        string TeamOf(string patientId) => records[patientId].RosterAt(knownBy)!.CareTeamId;
        var byTeam = predictions.ToLookup(p => TeamOf(p.PatientId), StringComparer.Ordinal);
        var silentByTeam = notScored.ToLookup(n => TeamOf(n.PatientId), StringComparer.Ordinal);

        // The latest statement holds; of two with the same time the later line does.
        var stated = reference.Teams
            .Where(t => t.Known.ToUnixMicros() <= knownBy)
            .GroupBy(t => t.CareTeamId, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => g.OrderBy(t => t.Known).Last(), StringComparer.Ordinal);
        return
        [
            .. stated.Keys
                .Concat(byTeam.Select(g => g.Key))
                .Concat(silentByTeam.Select(g => g.Key))
                .Distinct(StringComparer.Ordinal)
                .Order(StringComparer.Ordinal)
                .Select(id =>
                {
                    var team = stated.GetValueOrDefault(id);
                    var capacity = team?.Capacity ?? byTeam[id].Count();
                    return new TeamWorklist
                    {
                        CareTeamId = id,
                        Name = team?.Name ?? id,
                        Capacity = capacity,
                        Title = request.Task.Title,
                        AsOf = request.AsOf,
                        Run = run,
                        Watermark = watermark,
                        Scored = byTeam[id].Count(),
                        Listed =
                        [
                            .. byTeam[id]
                                .OrderByDescending(p => p.Raw)
                                .ThenBy(p => p.PatientId, StringComparer.Ordinal)
                                .Take(capacity),
                        ],
                        NotScored = [.. silentByTeam[id].OrderBy(n => n.PatientId, StringComparer.Ordinal)],
                    };
                }),
        ];
    }
}
