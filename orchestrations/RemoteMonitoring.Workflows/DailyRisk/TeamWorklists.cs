using NodaTime;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>Deals the scored patients, and those who could not be scored, out to the teams that care for them.</summary>
internal static class TeamWorklists
{
    /// <summary>Patients scored, by team.</summary>
    public static IReadOnlyDictionary<string, int> Count(RiskPlan plan, IEnumerable<Prediction> predictions) =>
        predictions.CountBy(p => TeamOf(plan, p.PatientId), StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);

    /// <summary>
    /// Of predictions those that may be listed: of each team as many as it can call of those who do not rest, and whoever rests of as many, riskiest
    /// first; and of those before the last of them who are snoozed, since an urgent reading may break that. Of the candidates of parts together the candidates are those of all.
    /// </summary>
    public static IReadOnlyList<Prediction> Candidates(RiskPlan plan, IEnumerable<Prediction> predictions)
    {
        var stated = Stated(plan);
        return
        [
            .. predictions.GroupBy(p => TeamOf(plan, p.PatientId), StringComparer.Ordinal)
                .SelectMany(g => Cut(plan, g, stated.GetValueOrDefault(g.Key)?.Capacity ?? int.MaxValue, null) is var (listed, resting) ? listed.Concat(resting.Select(r => r.Prediction)) : []),
        ];
    }

    /// <summary>
    /// Of a team's predictions those that are listed, riskiest first, and those that would be, and rest, with why. Who rests leaves their place to the next. At
    /// the cut the exact raw score decides, and patient ids among equals. Where nobody says yet whose readings are urgent, whoever that may bring back is among those who rest.
    /// </summary>
    private static (List<Prediction> Listed, List<(Prediction Prediction, string Why)> Resting) Cut(RiskPlan plan, IEnumerable<Prediction> predictions, int capacity, UrgentTimes? urgent)
    {
        var (listed, resting) = (new List<Prediction>(), new List<(Prediction, string)>());
        foreach (var (rank, prediction) in predictions.OrderByDescending(p => p.Raw).ThenBy(p => p.PatientId, StringComparer.Ordinal).Index())
        {
            if (listed.Count >= capacity)
            {
                break;
            }

            if (WhyRests(plan, prediction, urgent?.Of(prediction.PatientId)) is not { } why)
            {
                listed.Add(prediction);
            }
            else if (rank < capacity || (urgent is null && WhyRests(plan, prediction, Instant.MaxValue) is null))
            {
                resting.Add((prediction, why));
            }
        }

        return (listed, resting);
    }

    private static string? WhyRests(RiskPlan plan, Prediction prediction, Instant? urgent)
    {
        if (!plan.FollowUps.TryGetValue(prediction.PatientId, out var state))
        {
            return null;
        }

        var zone = plan.ZoneOf(TeamOf(plan, prediction.PatientId));
        var day = TeamZone.DayOf(plan.Request.Task, prediction.AsOf, zone);
        return Relisting.WhyRests(state, prediction.Task, prediction.Probability, prediction.Reasons.Select(r => r.Key).OfType<string>(), prediction.AsOf, zone, urgent, day);
    }

    /// <summary>
    /// A list for every team stated by then, cut to what the team can call, in <see cref="ListOrder"/> behind the <paramref name="earlier"/> list of the team. A team that the roster names
    /// and nobody has stated gets a list of all its patients under its id: better a list too long than a patient on none.
    /// </summary>
    public static List<TeamWorklist> Make(
        RiskPlan plan, IReadOnlyList<Prediction> candidates, IReadOnlyDictionary<string, int> scored, IReadOnlyList<NotScored> notScored, IReadOnlyList<NotScored> setAside, IReadOnlyList<string> notices, string? bands,
        ListCalibration? calibration, Lanes lanes, UrgentTimes urgent, IReadOnlyDictionary<string, IReadOnlyList<string>> earlier)
    {
        var byTeam = candidates.ToLookup(p => TeamOf(plan, p.PatientId), StringComparer.Ordinal);
        var silentByTeam = notScored.ToLookup(n => TeamOf(plan, n.PatientId), StringComparer.Ordinal);
        var gapsByTeam = setAside.ToLookup(n => TeamOf(plan, n.PatientId), StringComparer.Ordinal);
        var (silentByRisk, technical) = (lanes.Silent.ToLookup(s => TeamOf(plan, s.PatientId), StringComparer.Ordinal), lanes.Technical.ToLookup(t => TeamOf(plan, t.PatientId), StringComparer.Ordinal));
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
                    var (listed, resting) = Cut(plan, byTeam[id], capacity, urgent);
                    NotScored[] gaps = [.. gapsByTeam[id].OrderBy(n => n.PatientId, StringComparer.Ordinal)];
                    return new TeamWorklist
                    {
                        CareTeamId = id,
                        Name = team?.Name ?? id,
                        Capacity = capacity,
                        Title = plan.Request.Task.Title,
                        Outcome = RiskWords.Outcome(plan.Request.Task),
                        AsOf = plan.Request.AsOf,
                        Run = plan.Run,
                        Watermark = UnixMicros.ToInstant(plan.Manifest.Inputs.Watermark),
                        Scored = scored.GetValueOrDefault(id),
                        Bands = bands,
                        Listed = ListOrder.Of(listed, earlier.GetValueOrDefault(id, [])),
                        NotScored = [.. silentByTeam[id].OrderBy(n => n.PatientId, StringComparer.Ordinal)],
                        SetAside = gaps,
                        Silent = [.. silentByRisk[id]],
                        Technical = [.. technical[id]],
                        Expected = calibration?.Of([.. listed.Select(p => p.Probability)]),
                        WhyNotExpected = calibration is null ? "How many of those listed will have the outcome is not said: the predictions of the last days could not be read." : calibration.WhyNot,
                        Resting = [.. resting.Select(r => new RestingPatient(r.Prediction.PatientId, r.Prediction.Probability, r.Why))],
                        Notices = gaps.Length == 0 ? notices : [GapNotice(gaps.Length, scored.GetValueOrDefault(id)), .. notices],
                    };
                }),
        ];
    }

    /// <summary>What a team is told of the patients that a run could not get through.</summary>
    public static string GapNotice(int missing, int scored) =>
        $"This list is not whole: of {missing + scored} patients {missing} could not be scored, and any of them may be ill. They are named below, with why.";

    /// <summary>What teams are told where documents of urgent readings cannot be read.</summary>
    public static string UnreadableNotice(int documents) =>
        $"{(documents == 1 ? "A document" : $"{documents} documents")} of urgent readings cannot be read, so a patient may rest as snoozed whom an urgent reading would have brought back.";

    private static string TeamOf(RiskPlan plan, string patientId) => plan.Records[patientId].RosterAt(plan.KnownBy)!.CareTeamId;

    // The latest statement holds; of two with the same time the later line does.
    private static Dictionary<string, CareTeam> Stated(RiskPlan plan) => plan.Reference.Teams
        .Where(t => t.Known.ToUnixMicros() <= plan.KnownBy)
        .GroupBy(t => t.CareTeamId, StringComparer.Ordinal)
        .ToDictionary(g => g.Key, g => g.OrderBy(t => t.Known).Last(), StringComparer.Ordinal);
}
