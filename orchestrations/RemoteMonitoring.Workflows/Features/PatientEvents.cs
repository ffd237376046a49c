using System.Globalization;
using NodaTime;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Workflows.Features;

/// <summary>The lines of reference data behind a patient's vector, as they were known by its known-by.</summary>
internal sealed class PatientEvents
{
    private readonly Outcome[] _outcomes;
    private readonly Outcome[] _beforeDay;
    private readonly CensusEvent[] _census;
    private readonly VectorKey _key;
    private readonly long _dayStart;

    public PatientEvents(ReferenceData reference, VectorKey key)
    {
        _key = key;
        var (asOf, knownBy) = (UnixMicros.ToInstant(key.AsOf), UnixMicros.ToInstant(key.KnownBy));
        Roster = reference.Patients.Where(p => p.PatientId == key.PatientId && p.Known <= knownBy).OrderBy(p => p.Known).LastOrDefault();
        _outcomes = Outcomes(reference, asOf, knownBy);
        _dayStart = PatientRecord.DayStart(PatientRecord.Index(reference).GetValueOrDefault(key.PatientId), key.AsOf, key.KnownBy);
        var begun = UnixMicros.ToInstant(_dayStart);
        _beforeDay = Outcomes(reference, begun, Instant.Min(begun, knownBy));
        _census = [.. reference.Census.HoldingAt(knownBy).Where(c => c.PatientId == key.PatientId && c.Effective <= asOf).OrderBy(c => c.Effective)];
    }

    /// <summary>The roster's last word; null where it did not name the patient yet.</summary>
    public Patient? Roster { get; }

    /// <summary>Which lines a column comes from.</summary>
    public string Of(FeatureColumn column, Stretch? window)
    {
        if (Roster is null)
        {
            return "the roster does not name the patient by then";
        }

        if (column.Name is "since_enrolled" or "since_discharged")
        {
            var kind = column.Name == "since_enrolled" ? CensusKind.Enrolled : CensusKind.Discharged;
            return Array.FindLast(_census, c => c.Kind == kind) is { } step
                ? $"census: {kind.ToString().ToLowerInvariant()} at {step.Effective}, known {step.Known}"
                : "the census has no such step of theirs by then";
        }

        if (column.Statistic is not ("count" or "age"))
        {
            return $"roster, as stated {Roster.Known}: {Stated(column, Roster)}";
        }

        var (outcomes, end) = column.BeforeDay ? (_beforeDay, _dayStart) : (_outcomes, _key.AsOf);
        Outcome[] counted = [.. outcomes.Where(o => (o.Kind == column.Topic || $"{o.Kind}:{o.Detail}" == column.Topic) && (window is null || o.Effective.ToUnixMicros() > end - column.Window))];
        return counted.Length == 0
            ? $"no {column.Topic} by then{(window is null ? "" : $" in {window}")}"
            : string.Join("; ", (column.Statistic == "age" ? counted[^1..] : counted).Select(o => $"{o.Kind} at {o.Effective}, known {o.Known}"));
    }

    private Outcome[] Outcomes(ReferenceData reference, Instant until, Instant knownBy) =>
        [.. reference.Outcomes.HoldingAt(knownBy).Where(o => o.PatientId == _key.PatientId && o.Effective <= until).OrderBy(o => o.Effective)];

    private static string Stated(FeatureColumn column, Patient roster) => column.Name switch
    {
        "age" => roster.Age is { } age ? $"age {age.ToString(CultureInfo.InvariantCulture)}" : "no age",
        "female" => $"sex {roster.Sex}",
        var name when name.StartsWith("condition_", StringComparison.Ordinal) => roster.Conditions.Count == 0 ? "no conditions" : $"conditions {string.Join(", ", roster.Conditions)}",
        var name => roster.Attributes.TryGetValue(name, out var value) ? $"{name} {value.ToString(CultureInfo.InvariantCulture)}" : $"nothing of {name}",
    };
}
