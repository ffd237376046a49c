using NodaTime;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Workflows.FollowUps;

/// <summary>What the reference log says about the patients of teams, as it was known by an instant: what the figures of every team of a cohort are made of, gathered once.</summary>
internal sealed class TeamRecords
{
    private readonly Instant _now;
    private readonly Outcome[] _outcomes;
    private readonly IReadOnlyDictionary<string, PatientFollowUp> _actions;
    private readonly Dictionary<string, Patient[]> _roster;
    private readonly Dictionary<string, CensusEvent[]> _stays;

    /// <summary>Gathers it.</summary>
    /// <param name="reference">What was known by the instant, with time zones that exist.</param>
    /// <param name="now">The instant.</param>
    public TeamRecords(ReferenceData reference, Instant now)
    {
        _now = now;
        _outcomes = [.. reference.Outcomes.HoldingAt(now)];
        _actions = PatientFollowUp.Of(reference.Actions);
        _roster = reference.Patients.GroupBy(p => p.PatientId, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.OrderBy(p => p.Known).ToArray(), StringComparer.Ordinal);
        _stays = reference.Census.HoldingAt(now).Where(c => c.Kind is CensusKind.Enrolled or CensusKind.Withdrawn or CensusKind.Died)
            .GroupBy(c => c.PatientId, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.ToArray(), StringComparer.Ordinal);
    }

    /// <summary>The patients of the roster.</summary>
    public IReadOnlyCollection<string> Patients => _roster.Keys;

    /// <summary>Outcomes that hold.</summary>
    public IReadOnlyList<Outcome> Outcomes => _outcomes;

    /// <summary>What staff did about a patient.</summary>
    public PatientFollowUp FollowUpOf(string patientId) => _actions.GetValueOrDefault(patientId, PatientFollowUp.None);

    /// <summary>The roster's word on a patient as known then, its first word where it had none yet; null for who is not on it.</summary>
    public Patient? RosterAt(string patientId, Instant at) =>
        _roster.TryGetValue(patientId, out var said) ? Array.FindLast(said, p => p.Known <= at) ?? said[0] : null;

    /// <summary>The zone of a team, by the roster's last word on its patients.</summary>
    public DateTimeZone ZoneOf(string careTeamId) => TeamZone.Of(_roster.Values.Select(said => said[^1]).Where(p => p.CareTeamId == careTeamId));

    /// <summary>Whether a patient is monitored at an instant, in hospital too: that is where events are.</summary>
    public bool IsMonitored(string patientId, Instant at) =>
        _stays.TryGetValue(patientId, out var steps) && steps.Where(c => c.Effective < at).MaxBy(c => c.Effective)?.Kind == CensusKind.Enrolled;

    /// <summary>What the figures of a team over some lists are made of. A patient belongs to the team of then.</summary>
    public TeamPeriod PeriodOf(TaskDefinition task, string careTeamId, IReadOnlyList<TeamWorklist> lists, IReadOnlyList<UrgentReading> urgent, IReadOnlyList<Outcome>? outcomes = null) => new(
        task,
        lists,
        FollowUpOf,
        outcomes ?? _outcomes,
        (id, at) => RosterAt(id, at)?.CareTeamId == careTeamId && IsMonitored(id, at),
        id => DateTimeZoneProviders.Tzdb[_roster.TryGetValue(id, out var said) ? said[^1].TimeZone : "Etc/UTC"],
        urgent,
        _now);
}
