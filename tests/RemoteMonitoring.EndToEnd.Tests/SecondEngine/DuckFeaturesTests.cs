using NodaTime;
using NodaTime.Text;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.EndToEnd.Tests.SecondEngine;

/// <summary>
/// What the second engine says of a few readings that can be worked out by hand: a judge must be right before two engines
/// are compared. New York's clocks went forward on 9 March 2025, so midnight is 05:00 UTC before that night and 04:00 after.
/// </summary>
public sealed class DuckFeaturesTests : IDisposable
{
    private const string Zone = "America/New_York";
    private const string AsOf = "2025-03-10T04:00:00Z"; // midnight at the end of the short day

    private readonly string _folder = Directory.CreateTempSubdirectory("rmon-duck-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("heart_rate", "gain", 30)]
    [InlineData("heart_rate", "range", 30)]
    [InlineData("heart_rate", "cv", 0.180020575)] // the square root of (144 + 36 + 0 + 324) / 3, over 72
    [InlineData("heart_rate", "median", 69)]
    [InlineData("spo2", "gain", 0)] // of a single reading
    [InlineData("spo2", "range", 0)]
    [InlineData("spo2", "cv", double.NaN)]
    [InlineData("spo2", "median", 97)]
    [InlineData("base_excess", "cv", double.NaN)] // about zero
    [InlineData("weight", "gain", double.NaN)] // never read
    [InlineData("weight", "median", double.NaN)]
    public void Spread_and_gain_are_those_of_the_window(string vital, string statistic, double expected)
    {
        using var duck = Open(
            Read("heart_rate", 1000, "2025-03-07T04:00:00Z"), // where the window of three days begins, which is open
            Read("heart_rate", 60, "2025-03-07T04:00:01Z"),
            Read("heart_rate", 66, "2025-03-08T12:00:00Z"),
            Read("heart_rate", 72, "2025-03-09T12:00:00Z"),
            Read("heart_rate", 90, AsOf),
            Read("heart_rate", 1000, "2025-03-10T04:00:01Z"),
            Read("spo2", 97, "2025-03-09T12:00:00Z"),
            Read("base_excess", -1, "2025-03-09T12:00:00Z"),
            Read("base_excess", 1, "2025-03-09T13:00:00Z"));
        Assert.Equal(expected, Ask(duck, Column($"{vital}_{statistic}_3d", vital, statistic, 72)), 1e-9);
    }

    [Fact]
    public void Of_two_values_of_one_instant_the_one_further_down_is_the_last()
    {
        using var duck = Open(Read("weight", 70, "2025-03-09T12:00:00Z"), Read("weight", 60, "2025-03-09T13:00:00Z"), Read("weight", 65, "2025-03-09T13:00:00Z"));
        Assert.Equal(65, Ask(duck, Column("weight_last", "weight", "last", 672)));
        Assert.Equal(-5, Ask(duck, Column("weight_gain_7d", "weight", "gain", 168)));
        Assert.Equal(15, Ask(duck, Column("weight_age", "weight", "age", 672)));
    }

    [Theory]
    [InlineData("2025-03-09T05:00:00Z", 3)] // midnight is of the day that ends, which is the 8th
    [InlineData("2025-03-09T05:00:00.000001Z", 2)]
    [InlineData("2025-03-10T04:00:00Z", 2)] // as-of is of the day before it
    [InlineData("2025-03-09T04:30:00Z", 3)] // within 24 hours, and yet of the 8th: the 9th has 23
    public void A_reading_is_of_the_day_that_ends_with_the_midnight_after_it(string time, int days)
    {
        using var duck = Open(Read("weight", 70, time), Read("weight", 70, "2025-03-09T12:00:00Z"), Read("weight", 70, "2025-03-07T12:00:00Z"));
        Assert.Equal(days / 7.0, Ask(duck, Column("weight_adherence_7d", "weight", "adherence", 168)), 1e-12); // the 7th, the 9th, and perhaps the 8th
    }

    [Fact]
    public void Adherence_is_never_more_than_whole_and_never_unknown()
    {
        using var duck = Open(Read("weight", 70, "2025-03-09T04:30:00Z"), Read("weight", 70, "2025-03-09T12:00:00Z"));
        Assert.Equal(1, Ask(duck, Column("weight_adherence_24h", "weight", "adherence", 24)));
        Assert.Equal(0, Ask(duck, Column("spo2_adherence_24h", "spo2", "adherence", 24)));
    }

    [Theory]
    [InlineData("2025-03-09T05:00:00Z", 0, 0)] // midnight
    [InlineData("2025-03-09T05:00:00.000001Z", 1, 0)]
    [InlineData("2025-03-09T10:00:00Z", 1, 0)] // six in the morning, five hours later
    [InlineData("2025-03-09T10:00:00.000001Z", 0, 0)]
    [InlineData("2025-03-09T14:00:00Z", 0, 0)] // ten
    [InlineData("2025-03-09T14:00:00.000001Z", 0, 1)]
    [InlineData("2025-03-10T00:00:00Z", 0, 1)] // eight in the evening
    [InlineData("2025-03-10T00:00:00.000001Z", 0, 0)]
    [InlineData("2025-03-08T11:00:00Z", 1, 0)] // six of the day before, six hours after midnight
    public void Night_and_daytime_are_hours_of_the_patients_own_clock(string time, int atNight, int byDay)
    {
        using var duck = Open(Read("heart_rate", 60, time));
        Assert.Equal(1, Ask(duck, Column("heart_rate_count_7d", "heart_rate", "count", 168)));
        Assert.Equal(atNight, Ask(duck, Column("heart_rate_night_count_7d", "heart_rate", "count", 168)));
        Assert.Equal(byDay, Ask(duck, Column("heart_rate_daytime_count_7d", "heart_rate", "count", 168)));
    }

    [Theory]
    [InlineData("mean", 2)]
    [InlineData("sd", 1)] // of three, one and two
    [InlineData("max", 3)]
    public void Hours_are_those_of_the_patients_own_clock_and_only_those_with_a_reading(string statistic, double expected)
    {
        using var duck = Open(
            Read("activity_kitchen", 1, "2025-03-09T04:00:00Z"), // where the window of 24 hours begins, which is open
            Read("activity_kitchen", 1, "2025-03-09T06:00:01Z"),
            Read("activity_kitchen", 1, "2025-03-09T06:59:00Z"),
            Read("activity_kitchen", 1, "2025-03-09T07:00:00Z"), // three, where the clocks have just gone from two: still of the hour after one
            Read("activity_kitchen", 1, "2025-03-09T07:00:01Z"),
            Read("activity_kitchen", 1, "2025-03-10T03:30:00Z"),
            Read("activity_kitchen", 1, AsOf));
        var column = $"hourly_count_{statistic}";
        Assert.Equal(expected, Ask(duck, Column($"activity_kitchen_{column}_24h", "activity_kitchen", column, 24)), 1e-9);
        Assert.Equal(double.NaN, Ask(duck, Column($"activity_lounge_{column}_24h", "activity_lounge", column, 24)));
    }

    [Fact]
    public void A_change_at_night_is_against_earlier_nights()
    {
        using var duck = Open(
            Read("heart_rate", 60, "2025-03-07T07:00:00Z"), Read("heart_rate", 64, "2025-03-08T07:00:00Z"), Read("heart_rate", 70, "2025-03-09T07:00:00Z"),
            Read("heart_rate", 90, "2025-03-07T17:00:00Z"), Read("heart_rate", 110, "2025-03-09T17:00:00Z"));
        Assert.Equal(8, Ask(duck, Column("heart_rate_night_change_24h", "heart_rate", "change", 24)), 1e-12);
        Assert.Equal(8 / Math.Sqrt(8), Ask(duck, Column("heart_rate_night_z_24h", "heart_rate", "z", 24)), 1e-12);
        Assert.Equal(20, Ask(duck, Column("heart_rate_daytime_change_24h", "heart_rate", "change", 24)), 1e-12);
        Assert.Equal(double.NaN, Ask(duck, Column("heart_rate_daytime_z_24h", "heart_rate", "z", 24))); // of one reading before
    }

    [Fact]
    public void The_highest_score_of_a_day_carries_what_was_read_the_day_before()
    {
        using var duck = Open(
            Read("respiratory_rate", 25, "2025-03-08T22:00:00Z"), // 30 hours before: 3 points, for a day
            Read("heart_rate", 131, "2025-03-09T18:00:00Z"), // 3 points
            Read("heart_rate", 70, "2025-03-09T19:00:00Z"),
            Read("temperature", 39.1, "2025-03-10T02:00:00Z")); // 2 points, when the respirations are too old
        Assert.Equal(2, Ask(duck, Score("news2_point")));
        Assert.Equal(6, Ask(duck, Score("news2_max_24h")));
    }

    [Fact]
    public void A_score_of_a_day_without_its_inputs_is_unknown()
    {
        using var duck = Open(Read("heart_rate", 131, "2025-03-09T04:00:00Z"), Read("weight", 70, AsOf));
        Assert.All(["news2_low", "news2_point", "news2_high", "news2_max_24h", "qsofa_low", "qsofa_point", "qsofa_high"], (string name) => Assert.Equal(double.NaN, Ask(duck, Score(name))));
    }

    [Theory]
    [InlineData(22.0, 101.0, null, null, 1, 2)]
    [InlineData(21.9, 100.0, null, null, 1, 2)] // as measured, not rounded
    [InlineData(21.0, 100.1, 15.0, null, 0, 0)]
    [InlineData(22.0, 100.0, 14.0, null, 3, 3)]
    [InlineData(22.0, 100.0, 14.0, 0.0, 2, 2)] // alert by ACVPU, which is asked first
    [InlineData(null, null, null, 1.0, 1, 3)]
    public void Quick_sofa_counts_fast_breathing_low_pressure_and_altered_mentation(double? breaths, double? pressure, double? gcs, double? acvpu, double point, double high)
    {
        var readings = new List<(string, double, string)>();
        foreach (var (vital, value) in ((string, double?)[])[("respiratory_rate", breaths), ("invasive_systolic_bp", pressure), ("gcs", gcs), ("acvpu", acvpu)])
        {
            if (value is { } v)
            {
                readings.Add(Read(vital, v, "2025-03-10T01:00:00Z"));
            }
        }

        using var duck = Open([.. readings]);
        Assert.Equal((point, point, high), (Ask(duck, Score("qsofa_low")), Ask(duck, Score("qsofa_point")), Ask(duck, Score("qsofa_high"))));
    }

    [Fact]
    public void A_column_it_has_no_sql_for_is_named()
    {
        using var duck = Open(Read("weight", 70, AsOf));
        Assert.Contains("weight_kurtosis_7d", Assert.Throws<NotSupportedException>(() => Ask(duck, Column("weight_kurtosis_7d", "weight", "kurtosis", 168))).Message, StringComparison.Ordinal);
    }

    private static (string Vital, double Value, string Time) Read(string vital, double value, string time) => (vital, value, time);

    private static FeatureColumn Column(string name, string vital, string statistic, int hours) =>
        new() { Name = name, VitalKey = vital, Statistic = statistic, Window = hours * UnixMicros.PerHour, Unit = "1", Meaning = name };

    private static FeatureColumn Score(string name) => new() { Name = name, Topic = "news2", Statistic = "static", Unit = "{score}", Meaning = name };

    private static long Micros(string time) => InstantPattern.ExtendedIso.Parse(time).Value.ToUnixMicros();

    private static double Ask(DuckFeatures duck, FeatureColumn column) => duck.Compute([column], 672 * UnixMicros.PerHour, [new DuckRow("p", Micros(AsOf), Micros(AsOf) + 1, Zone)])[0][0];

    /// <summary>Readings in the order given within their vital, one file a UTC day, known when taken.</summary>
    private DuckFeatures Open(params (string Vital, double Value, string Time)[] readings)
    {
        var files = new List<string>();
        foreach (var day in readings.GroupBy(r => Micros(r.Time) / UnixMicros.PerDay))
        {
            (string Vital, double Value, string Time)[] rows = [.. day.OrderBy(r => VitalSignCatalog.Default[r.Vital].Index).ThenBy(r => Micros(r.Time))];
            var batch = new ObservationBatch(rows.Length);
            for (var i = 0; i < rows.Length; i++)
            {
                (batch.PatientId[i], batch.DeviceId[i], batch.Stream[i], batch.Ordinal[i]) = ("p", "d", "s/e/0", i);
                (batch.Vital[i], batch.Value[i]) = (VitalSignCatalog.Default[rows[i].Vital].Index, rows[i].Value);
                (batch.EffectiveTime[i], batch.KnownFrom[i], batch.KnownTo[i]) = (Micros(rows[i].Time), Micros(rows[i].Time), UnixMicros.Open);
            }

            var file = Path.Combine(_folder, $"{day.Key}.parquet");
            File.WriteAllBytes(file, TelemetryTables.ToTable(batch, VitalSignCatalog.Default).ToBytes());
            files.Add(file);
        }

        return DuckFeatures.Open(files, new ReferenceData { Patients = [new Patient { PatientId = "p", CareTeamId = "t", TimeZone = Zone, Known = Instant.MinValue }] });
    }
}
