using System.Globalization;
using NodaTime;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Compaction;

namespace RemoteMonitoring.Workflows.Features;

/// <summary>A value of a vector, and what it rests on.</summary>
/// <param name="Explanation">The column in words.</param>
/// <param name="Value">The value; NaN where it is unknown.</param>
/// <param name="Readings">The readings it was made of: those used, in its window and its part of the day.</param>
/// <param name="Baseline">Those it was compared with; empty where with none.</param>
/// <param name="Working">How the value comes from them, or from which lines of reference data.</param>
public sealed record ShownFeature(
    FeatureExplanation Explanation, double Value, IReadOnlyList<PatientReading> Readings, IReadOnlyList<PatientReading> Baseline, string Working)
{
    /// <summary>The column.</summary>
    public FeatureColumn Column => Explanation.Column;
}

/// <summary>The vector of one patient with what is behind each value.</summary>
public sealed class ShownVector
{
    private static readonly string[] s_scoreInputs = [.. ScoreColumn.Inputs];

    private readonly PatientEvents _events;

    private ShownVector(FeatureSet set, VectorKey key, PatientEvents events, IReadOnlyList<PatientReading> readings)
    {
        (Set, Key, _events, Readings) = (set, key, events, readings);
        Zone = DateTimeZoneProviders.Tzdb[events.Roster?.TimeZone ?? "Etc/UTC"];
    }

    /// <summary>Set.</summary>
    public FeatureSet Set { get; }

    /// <summary>Patient, as-of and known-by.</summary>
    public VectorKey Key { get; }

    /// <summary>The patient's zone, as known by then; UTC where nobody said.</summary>
    public DateTimeZone Zone { get; }

    /// <summary>The roster's word on the patient as known by then; null where it did not name them yet.</summary>
    public Patient? Roster => _events.Roster;

    /// <summary>All readings of the look-back of the vitals that the set looks at, also those that were not held then.</summary>
    public IReadOnlyList<PatientReading> Readings { get; }

    /// <summary>The values, in the order of the set's columns.</summary>
    public IReadOnlyList<ShownFeature> Features { get; private set; } = [];

    /// <summary>Builds a patient's vector and gathers what is behind it; null for a patient whom neither roster nor readings know.</summary>
    public static async Task<ShownVector?> BuildAsync(CohortStore store, ObservationsManifest manifest, FeatureSet set, VectorKey key, CancellationToken cancellationToken)
    {
        var (reference, _) = UsableReference.WithZonesThatExist(await store.Reference.LoadAsync(manifest.Inputs.Reference, cancellationToken));
        if (reference.Patients.All(p => p.PatientId != key.PatientId) && !await PatientReadings.AnyAsync(store.Lake, manifest, key.PatientId, cancellationToken))
        {
            return null;
        }

        var vitals = set.Columns.Select(c => c.VitalKey).OfType<string>().Concat(set.Columns.Any(c => c.Statistic == "score") ? s_scoreInputs : []).ToHashSet(StringComparer.Ordinal);
        var readings = await PatientReadings.ReadAsync(store.Lake, manifest, key.PatientId, key.AsOf - set.LookBack, key.AsOf, cancellationToken);
        var vector = await FeatureStage.BuildAsync(store, manifest, set, reference, [key], null, cancellationToken);
        var shown = new ShownVector(set, key, new PatientEvents(reference, key), [.. readings.Where(r => vitals.Contains(r.Vital.Key))]);
        shown.Features = [.. set.Columns.Select((column, c) => shown.Feature(FeatureExplanation.Of(set, column), vector.Values[c][0]))];
        return shown;
    }

    /// <summary>Whether a reading counts for a column: held then, in its window, in its part of the day.</summary>
    public bool Counts(FeatureExplanation explanation, PatientReading reading) => Is(explanation, explanation.Window, reading);

    private bool Is(FeatureExplanation explanation, Stretch? stretch, PatientReading reading) =>
        (explanation.Column.VitalKey ?? reading.Vital.Key) == reading.Vital.Key
        && reading.At(Key.KnownBy) == ReadingStatus.Used
        && stretch is { } s && s.Has(reading.Time, Key.AsOf)
        && IsInPart(explanation.Column.Part, reading.Time);

    private bool IsInPart(string? part, long time)
    {
        if (part is null)
        {
            return true;
        }

        var date = UnixMicros.ToInstant(time).InZone(Zone).Date;
        long At(int hour) => Zone.AtLeniently(date.At(new LocalTime(hour, 0))).ToInstant().ToUnixMicros();
        return part == "night" ? time > At(0) && time <= At(6) : time > At(10) && time <= At(20);
    }

    private ShownFeature Feature(FeatureExplanation explanation, double value)
    {
        var column = explanation.Column;
        if (column.From == "reference")
        {
            return new ShownFeature(explanation, value, [], [], _events.Of(column, explanation.Window));
        }

        if (column.VitalKey is null)
        {
            PatientReading[] used = [.. Readings.Where(r => s_scoreInputs.Contains(r.Vital.Key) && Is(explanation, Carried(explanation), r))];
            return new ShownFeature(explanation, value, used, [], InputsOf(explanation, used));
        }

        PatientReading[] readings = [.. Readings.Where(r => Is(explanation, explanation.Window, r))];
        PatientReading[] baseline = explanation.Baseline is null ? [] : [.. Readings.Where(r => Is(explanation, explanation.Baseline, r))];
        return new ShownFeature(explanation, value, readings, baseline, Summary(readings) + (explanation.Baseline is null ? "" : $"; baseline: {Summary(baseline)}"));
    }

    /// <summary>The highest NEWS2 carries each input forward, so it looks at twice its window, as far as the set looks back.</summary>
    private static Stretch? Carried(FeatureExplanation explanation) => explanation.Column.Name == "news2_max_24h"
        ? new Stretch(Math.Min(2 * explanation.Column.Window, explanation.Set.LookBack), 0)
        : explanation.Window;

    private static string InputsOf(FeatureExplanation explanation, PatientReading[] used)
    {
        if (explanation.Column.Name == "news2_max_24h")
        {
            return used.Length == 0 ? "no reading of its inputs" : $"{used.Length} readings of its inputs";
        }

        var latest = used.GroupBy(r => r.Vital.Key).ToDictionary(g => g.Key, g => g.Last());
        return latest.Count == 0
            ? "no reading of its inputs"
            : "latest " + string.Join(", ", s_scoreInputs.Where(latest.ContainsKey).Select(k => $"{latest[k].Vital.Label} {Number(latest[k].Value)} {Unit(latest[k].Vital)}at {UnixMicros.Format(latest[k].Time)}"));
    }

    private static string Summary(PatientReading[] readings)
    {
        if (readings.Length == 0)
        {
            return "no reading";
        }

        var mean = readings.Average(r => r.Value);
        var spread = readings.Length < 2 ? "" : $", standard deviation {Number(Math.Sqrt(readings.Sum(r => (r.Value - mean) * (r.Value - mean)) / (readings.Length - 1)))}";
        return $"n {readings.Length}, mean {Number(mean)}{spread}, lowest {Number(readings.Min(r => r.Value))}, highest {Number(readings.Max(r => r.Value))}, "
            + $"first {Number(readings[0].Value)} at {UnixMicros.Format(readings[0].Time)}, last {Number(readings[^1].Value)} at {UnixMicros.Format(readings[^1].Time)}";
    }

    private static string Unit(VitalSign vital) => vital.Unit is "1" or "{score}" ? "" : vital.Unit + " ";

    private static string Number(double value) => value.ToString("0.######", CultureInfo.InvariantCulture);
}
