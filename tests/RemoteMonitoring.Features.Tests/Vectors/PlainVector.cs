using NodaTime;
using RemoteMonitoring.Features.Scores;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Features.Tests.Vectors;

/// <summary>
/// Every column worked out on its own from what it is said to mean, by going through the whole history each time: what
/// the builder is held against.
/// </summary>
internal sealed class PlainVector(History history, FeatureSet set, VectorKey key)
{
    private readonly List<Version> _held = [.. history.Versions.Where(v => v.Patient == key.PatientId && v.Time <= key.AsOf && v.KnownFrom <= key.KnownBy && key.KnownBy < v.KnownTo)];
    private static readonly string[] s_scored =
        ["respiratory_rate", "spo2", "sao2", "systolic_bp", "noninvasive_systolic_bp", "invasive_systolic_bp", "heart_rate", "temperature", "acvpu", "gcs", "oxygen_flow", "fio2"];

    private readonly Patient? _roster = history.Reference.Patients.LastOrDefault(p => p.PatientId == key.PatientId && p.Known.ToUnixMicros() <= key.KnownBy);

    public double Value(FeatureColumn column) => column.VitalKey is { } vital ? OfVital(vital, column) : Static(column);

    /// <summary>
    /// How far another way of working a slope out may come out: 1e-9 of the steepest that the spreads allow, and more where
    /// the readings lie so close together that days since as-of, to 16 digits, tell them apart badly.
    /// </summary>
    public double SlopeTolerance(FeatureColumn column)
    {
        var (daySquares, squares, _) = Squares(Within(column.VitalKey!, column.Window, column.Part));
        return daySquares == 0 ? 0 : Math.Sqrt(squares / daySquares) * (1e-9 + (1e-13 / Math.Sqrt(daySquares)));
    }

    private double OfVital(string vital, FeatureColumn column)
    {
        var lookBack = Within(vital, set.LookBack, column.Part);
        var window = Within(vital, column.Window, column.Part);
        var values = window.ConvertAll(v => v.Value);
        var baseline = lookBack.Where(v => v.Time <= key.AsOf - column.Window).Select(v => v.Value).ToList();
        return column.Statistic switch
        {
            "count" => window.Count,
            "mean" => Mean(values),
            "min" => values.Count == 0 ? double.NaN : values.Min(),
            "max" => values.Count == 0 ? double.NaN : values.Max(),
            "range" => values.Count == 0 ? double.NaN : values.Max() - values.Min(),
            "median" => values.Count == 0 ? double.NaN : (values.Order().ElementAt((values.Count - 1) / 2) + values.Order().ElementAt(values.Count / 2)) / 2,
            "gain" => values.Count == 0 ? double.NaN : values[^1] - values[0],
            "cv" => Mean(values) == 0 ? double.NaN : Sd(values) / Mean(values),
            "adherence" => Math.Min(1, window.Select(v => Local(v).Date).Distinct().Count() / (column.Window / 8.64e10)),
            "sd" => Sd(values),
            "slope" => Slope(window),
            "last" => lookBack.Count == 0 ? double.NaN : lookBack[^1].Value,
            "age" => lookBack.Count == 0 ? double.NaN : (key.AsOf - lookBack[^1].Time) / 3.6e9,
            "change" => Mean(values) - Mean(baseline),
            "z" => Sd(baseline) > 0 ? (Mean(values) - Mean(baseline)) / Sd(baseline) : double.NaN,
            "hourly_count_mean" => Mean(PerHour(window)),
            "hourly_count_sd" => Sd(PerHour(window)),
            "hourly_count_max" => PerHour(window).DefaultIfEmpty(double.NaN).Max(),
            _ => throw new InvalidOperationException(column.Statistic),
        };
    }

    private double Static(FeatureColumn column)
    {
        var name = column.Name;
        if (name == "news2_max_24h")
        {
            var instants = _held.Where(v => v.Time > key.AsOf - UnixMicros.PerDay && s_scored.Contains(v.Vital)).Select(v => v.Time);
            return instants.Select(at => (double)News2.Score(News2Inputs(at)).Point).DefaultIfEmpty(double.NaN).Max();
        }

        if (name.StartsWith("qsofa_", StringComparison.Ordinal))
        {
            var inputs = News2Inputs(key.AsOf);
            bool?[] points = [inputs.RespiratoryRate is { } r ? r >= 22 : null, inputs.Systolic is { } s ? s <= 100 : null, inputs.Alert is { } a ? !a : null];
            return points.All(p => p is null) ? double.NaN : points.Count(p => p == true || (name == "qsofa_high" && p is null));
        }

        if (name.StartsWith("news2_", StringComparison.Ordinal))
        {
            var score = News2.Score(News2Inputs(key.AsOf));
            return score.InputsPresent == 0 ? double.NaN : name switch { "news2_low" => score.Low, "news2_high" => score.High, _ => score.Point };
        }

        if (_roster is null)
        {
            return double.NaN;
        }

        return name switch
        {
            "age" => _roster.Age ?? double.NaN,
            "female" => _roster.Sex == "female" ? 1 : _roster.Sex == "male" ? 0 : double.NaN,
            "icu_type" or "medical_icu" or "hours_in_hospital_before_icu" => _roster.Attributes.TryGetValue(name, out var value) ? value : double.NaN,
            "since_enrolled" => Since(Census(CensusKind.Enrolled)),
            "since_discharged" => Since(Census(CensusKind.Discharged)),
            _ when name.StartsWith("condition_", StringComparison.Ordinal) => _roster.Conditions.Contains(name["condition_".Length..].Replace('_', '-')) ? 1 : 0,
            _ when name.StartsWith("since_", StringComparison.Ordinal) => Since(Outcomes(column)),
            _ => Outcomes(column).Count(t => t > (column.BeforeDay ? DayStart : key.AsOf) - column.Window),
        };
    }

    private IEnumerable<long> Outcomes(FeatureColumn column) => history.Reference.Outcomes
        .Where(o => o.PatientId == key.PatientId && column.Topic!.Split(':') is var asked && o.Kind == asked[0] && (asked.Length == 1 || o.Detail == asked[1]))
        .Where(o => o.Known.ToUnixMicros() <= key.KnownBy && (!column.BeforeDay || o.Known.ToUnixMicros() <= DayStart))
        .Select(o => o.Effective.ToUnixMicros())
        .Where(t => t <= (column.BeforeDay ? DayStart : key.AsOf));

    private long DayStart => Zone.AtStartOfDay(UnixMicros.ToInstant(key.AsOf - 1).InZone(Zone).Date).ToInstant().ToUnixMicros();

    private DateTimeZone Zone => DateTimeZoneProviders.Tzdb[_roster?.TimeZone ?? "Etc/UTC"];

    /// <summary>Readings of each hour of the local clock that has one; an hour that comes twice is two, by its offset.</summary>
    private List<double> PerHour(List<Version> window) =>
        [.. window.GroupBy(v => (Local(v).Date, Local(v).Hour, Zone.GetUtcOffset(UnixMicros.ToInstant(v.Time - 1)))).Select(g => (double)g.Count())];

    private IEnumerable<long> Census(CensusKind kind) => history.Reference.Census
        .Where(c => c.PatientId == key.PatientId && c.Kind == kind && c.Known.ToUnixMicros() <= key.KnownBy)
        .Select(c => c.Effective.ToUnixMicros())
        .Where(t => t <= key.AsOf);

    private double Since(IEnumerable<long> times) => times.Select(t => (key.AsOf - t) / 8.64e10).DefaultIfEmpty(double.NaN).Min();

    private News2Inputs News2Inputs(long at)
    {
        double? Latest(params string[] vitals) => LatestAt(at, vitals);
        var (flow, fio2) = (Latest("oxygen_flow"), Latest("fio2"));
        return new News2Inputs
        {
            RespiratoryRate = Latest("respiratory_rate"),
            Spo2 = Latest("spo2", "sao2"),
            Spo2Scale2 = _roster?.Attributes.ContainsKey("spo2_scale_2") == true,
            OnOxygen = flow > 0 || fio2 > 21 ? true : flow == 0 || fio2 == 21 ? false : null,
            Systolic = Latest("systolic_bp", "noninvasive_systolic_bp", "invasive_systolic_bp"),
            Pulse = Latest("heart_rate"),
            Alert = Latest("acvpu") is { } acvpu ? acvpu == 0 : Latest("gcs") is { } gcs ? gcs == 15 : null,
            Temperature = Latest("temperature"),
        };
    }

    /// <summary>The value of the day before an instant that was taken last; of several of one instant that of the vital named first.</summary>
    private double? LatestAt(long at, string[] vitals) => vitals
        .Select(vital => _held.LastOrDefault(v => v.Vital == vital && v.Time <= at && v.Time > at - UnixMicros.PerDay))
        .OfType<Version>()
        .OrderByDescending(v => v.Time)
        .FirstOrDefault()?.Value;

    private List<Version> Within(string vital, long window, string? part) => _held.FindAll(v => v.Vital == vital && v.Time > key.AsOf - window && part switch
    {
        "night" => Local(v).TimeOfDay < new LocalTime(6, 0),
        "daytime" => Local(v).TimeOfDay >= new LocalTime(10, 0) && Local(v).TimeOfDay < new LocalTime(20, 0),
        _ => true,
    });

    /// <summary>Local time just before the reading, since what is taken at the end of a day or night still belongs to it.</summary>
    private LocalDateTime Local(Version version) =>
        UnixMicros.ToInstant(version.Time - 1).InZone(Zone).LocalDateTime;

    private static double Mean(List<double> values) => values.Count == 0 ? double.NaN : values.Average();

    private static double Sd(List<double> values) => values.Count < 2 ? double.NaN : values.Distinct().Count() == 1 ? 0 : Math.Sqrt(values.Sum(v => Math.Pow(v - Mean(values), 2)) / (values.Count - 1));

    private static double Slope(List<Version> window)
    {
        var (daySquares, _, products) = Squares(window);
        return daySquares == 0 || window.Count < 2 ? double.NaN : products / daySquares;
    }

    private static (double Days, double Values, double Products) Squares(List<Version> window)
    {
        if (window.Count == 0)
        {
            return default;
        }

        // Days from the last reading, so that readings a microsecond apart still span a line.
        var days = window.ConvertAll(v => (v.Time - window[^1].Time) / 8.64e10);
        var (meanDay, mean) = (days.Average(), window.Average(v => v.Value));
        return (
            window[0].Time == window[^1].Time ? 0 : days.Sum(d => Math.Pow(d - meanDay, 2)),
            window.Sum(v => Math.Pow(v.Value - mean, 2)),
            days.Zip(window, (d, v) => (d - meanDay) * (v.Value - mean)).Sum());
    }
}
