using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>Deals the scored patients, and those who could not be scored, out to the teams that care for them.</summary>
internal static class TeamWorklists
{
    /// <summary>Patients scored, by team.</summary>
    public static IReadOnlyDictionary<string, int> Count(RiskPlan plan, IEnumerable<Prediction> predictions) =>
        predictions.CountBy(p => TeamOf(plan, p.PatientId), StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);

    /// <summary>Of predictions those that may be listed: of each team as many as it can call, riskiest first.</summary>
    public static IReadOnlyList<Prediction> Candidates(RiskPlan plan, IEnumerable<Prediction> predictions)
    {
        var stated = Stated(plan);
        return
        [
            .. predictions.GroupBy(p => TeamOf(plan, p.PatientId), StringComparer.Ordinal)
                .SelectMany(g => Ranked(g).Take(stated.GetValueOrDefault(g.Key)?.Capacity ?? int.MaxValue)),
        ];
    }

    /// <summary>
    /// A list for every team stated by then, riskiest first, cut to what the team can call. A team that the roster names
    /// and nobody has stated gets a list of all its patients under its id: better a list too long than a patient on none.
    /// </summary>
    public static List<TeamWorklist> Make(
        RiskPlan plan, IReadOnlyList<Prediction> candidates, IReadOnlyDictionary<string, int> scored, IReadOnlyList<NotScored> notScored, IReadOnlyList<NotScored> setAside, IReadOnlyList<string> notices, string? bands)
    {
        var byTeam = candidates.ToLookup(p => TeamOf(plan, p.PatientId), StringComparer.Ordinal);
        var silentByTeam = notScored.ToLookup(n => TeamOf(plan, n.PatientId), StringComparer.Ordinal);
        var gapsByTeam = setAside.ToLookup(n => TeamOf(plan, n.PatientId), StringComparer.Ordinal);
        var stated = Stated(plan);
        return
        [
            .. stated.Keys
                .Concat(scored.Keys)
                .Concat(silentByTeam.Select(g => g.Key))
                .Concat(gapsByTeam.Select(g => g.Key))
                .Distinct(StringComparer.Ordinal)
                .Order(StringComparer.Ordinal)
                .Select(id =>
                {
                    var team = stated.GetValueOrDefault(id);
                    var capacity = team?.Capacity ?? scored.GetValueOrDefault(id);
                    NotScored[] gaps = [.. gapsByTeam[id].OrderBy(n => n.PatientId, StringComparer.Ordinal)];
                    return new TeamWorklist
                    {
                        CareTeamId = id,
                        Name = team?.Name ?? id,
                        Capacity = capacity,
                        Title = plan.Request.Task.Title,
                        AsOf = plan.Request.AsOf,
                        Run = plan.Run,
                        Watermark = UnixMicros.ToInstant(plan.Manifest.Inputs.Watermark),
                        Scored = scored.GetValueOrDefault(id),
                        Bands = bands,
                        Listed = [.. Ranked(byTeam[id]).Take(capacity)],
                        NotScored = [.. silentByTeam[id].OrderBy(n => n.PatientId, StringComparer.Ordinal)],
                        SetAside = gaps,
                        Notices = gaps.Length == 0 ? notices : [GapNotice(gaps.Length, scored.GetValueOrDefault(id)), .. notices],
                    };
                }),
        ];
    }

    /// <summary>What a team is told of the patients that a run could not get through.</summary>
    public static string GapNotice(int missing, int scored) =>
        $"This list is not whole: of {missing + scored} patients {missing} could not be scored, and any of them may be ill. They are named below, with why.";

    private static IEnumerable<Prediction> Ranked(IEnumerable<Prediction> predictions) =>
        predictions.OrderByDescending(p => p.Raw).ThenBy(p => p.PatientId, StringComparer.Ordinal);

    private static string TeamOf(RiskPlan plan, string patientId) => plan.Records[patientId].RosterAt(plan.KnownBy)!.CareTeamId;

    // The latest statement holds; of two with the same time the later line does.
    private static Dictionary<string, CareTeam> Stated(RiskPlan plan) => plan.Reference.Teams
        .Where(t => t.Known.ToUnixMicros() <= plan.KnownBy)
        .GroupBy(t => t.CareTeamId, StringComparer.Ordinal)
        .ToDictionary(g => g.Key, g => g.OrderBy(t => t.Known).Last(), StringComparer.Ordinal);
}
