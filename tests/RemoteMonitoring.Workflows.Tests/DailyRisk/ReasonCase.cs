using NodaTime;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Workflows.Tests.DailyRisk;

/// <summary>A made-up explanation of one made-up row, on Thursday 5 June 2025, midnight in London (summer time).</summary>
internal sealed class ReasonCase(FeatureSet set)
{
    private const string Patient = "p";

    private static readonly Instant s_asOf = Instant.FromUtc(2025, 6, 4, 23, 0);

    private readonly List<(int Vital, Instant Time, double Value, Instant Known)> _readings = [];
    private readonly Dictionary<string, double> _values = new(StringComparer.Ordinal);
    private readonly List<ReasonCandidate> _candidates = [];

    public ReasonCase()
        : this(FeatureSet.Home)
    {
    }

    public ReasonCase Reading(string vital, Instant time, double value, Instant? known = null)
    {
        _readings.Add((VitalSignCatalog.Default[vital].Index, time, value, known ?? time));
        return this;
    }

    /// <summary>A reading at noon UTC of each of these values' days, from 10 May on.</summary>
    public ReasonCase Earlier(string vital, params double[] values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            Reading(vital, Instant.FromUtc(2025, 5, 10 + i, 12, 0), values[i]);
        }

        return this;
    }

    /// <summary>A column that moves the score, and its value; the first is the strongest.</summary>
    public ReasonCase Driver(string column, double value)
    {
        _values[column] = value;
        var found = set.Columns.Single(c => c.Name == column);
        _candidates.Add(new ReasonCandidate(
            found.VitalKey ?? found.Topic ?? found.Name, found.VitalKey is not null, found.VitalKey is not null && found.Statistic is "count" or "age" or "adherence" && !VitalSignCatalog.Default[found.VitalKey].IsCounted,
            1.0 / (1 + _candidates.Count), found, found.Meaning));
        return this;
    }

    public ShownReasons Shown(string zone = "Europe/London", Instant? knownBy = null, bool news2 = true)
    {
        var batch = new ObservationBatch(_readings.Count);
        foreach (var (i, (vital, time, value, known)) in _readings.OrderBy(r => r.Vital).ThenBy(r => r.Time).Index())
        {
            batch.PatientId[i] = Patient;
            batch.Vital[i] = vital;
            batch.EffectiveTime[i] = time.ToUnixMicros();
            batch.Value[i] = value;
            batch.KnownFrom[i] = known.ToUnixMicros();
            batch.KnownTo[i] = UnixMicros.Open;
        }

        var table = new FeatureTable
        {
            SetName = set.Definition.Name,
            SetHash = set.Hash,
            Columns = set.Columns,
            PatientId = [Patient],
            AsOf = [s_asOf.ToUnixMicros()],
            Values = [.. set.Columns.Select(c => new[] { _values.GetValueOrDefault(c.Name, double.NaN) })],
            News2Low = [double.NaN],
            News2Point = [double.NaN],
            News2High = [double.NaN],
            HasReading = [true],
        };
        var builder = new VectorBuilder(set, new PatientObservations([ObservationColumns.Of(batch)]), new Dictionary<string, PatientRecord>());
        var key = new VectorKey(Patient, s_asOf.ToUnixMicros(), (knownBy ?? s_asOf).ToUnixMicros());
        return ReasonText.Of(
            new Explanation(0, 0, [], _candidates),
            table,
            0,
            vital => builder.CellsOf(key, vital),
            set.LookBack,
            DateTimeZoneProviders.Tzdb[zone],
            news2);
    }

    /// <summary>The reasons that speak of the patient.</summary>
    public IReadOnlyList<Reason> Reasons(string zone = "Europe/London", Instant? knownBy = null) => Shown(zone, knownBy).Clinical;

    /// <summary>The sentences of those that speak of the measuring.</summary>
    public string[] Technical() => [.. Shown().Technical.Select(r => r.Text)];

    /// <summary>The reasons' sentences.</summary>
    public string[] Texts(string zone = "Europe/London", Instant? knownBy = null) => [.. Reasons(zone, knownBy).Select(r => r.Text)];
}
