using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>Who stands beside the list of a run: the silent at high risk, riskiest first, and what is wrong with measuring, by patient.</summary>
internal sealed record Lanes(IReadOnlyList<SilentPatient> Silent, IReadOnlyList<TechnicalFinding> Technical)
{
    /// <summary>
    /// Puts what scoring found, and what is known of devices, into the lanes. Nobody is cut. Who is in hospital, away or put off is expected to be silent, and what somebody has put right takes new readings, or as long a silence
    /// again, to be told anew.
    /// </summary>
    public static Lanes Of(RiskPlan plan, IReadOnlyList<ScoredRows> parts, IReadOnlyList<TechnicalFinding> devices, UrgentTimes urgent, double top)
    {
        var (silent, technical, asOf) = (new List<SilentPatient>(), new List<TechnicalFinding>(devices), plan.Request.AsOf);
        foreach (var quiet in parts.SelectMany(p => p.Quiet))
        {
            var state = plan.FollowUps.GetValueOrDefault(quiet.PatientId, PatientFollowUp.None);
            if (Silence.IsExpected(state, asOf, urgent.Of(quiet.PatientId)))
            {
                continue;
            }

            if (Silence.IsClinical(quiet, top))
            {
                silent.Add(new(quiet.PatientId, quiet.LastReading, quiet.Probability, Silence.InWords(quiet, asOf)));
            }
            else if (!Silence.IsFixed(state, asOf - Silence.After))
            {
                technical.Add(new(quiet.PatientId, "no-data", null, Silence.InWords(quiet, asOf)));
            }
        }

        foreach (var (id, fault) in parts.SelectMany(p => p.Faults))
        {
            if (!Silence.IsFixed(plan.FollowUps.GetValueOrDefault(id, PatientFollowUp.None), UnixMicros.ToInstant(fault.Evidence)))
            {
                technical.Add(new(id, fault.Kind, fault.Vital, fault.Text));
            }
        }

        return new(
            [.. silent.OrderByDescending(s => RiskWords.Shown(s.Probability!.Value)).ThenBy(s => s.PatientId, StringComparer.Ordinal)],
            [.. technical.OrderBy(t => t.PatientId, StringComparer.Ordinal).ThenBy(t => t.Kind, StringComparer.Ordinal).ThenBy(t => t.Vital, StringComparer.Ordinal).ThenBy(t => t.Text, StringComparer.Ordinal)]);
    }
}
