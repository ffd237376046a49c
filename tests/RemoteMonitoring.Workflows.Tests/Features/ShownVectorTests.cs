using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Workflows.Features;

namespace RemoteMonitoring.Workflows.Tests.Features;

public sealed class ShownVectorTests
{
    private static readonly CancellationToken s_none = CancellationToken.None;

    private static readonly FeatureSet s_set = FeatureSet.Of(FeatureSet.Home.Definition with
    {
        Groups = [.. FeatureSet.Home.Definition.Groups, Group(null, "median", "24h", "7d"), Group("night", "count", "3d", "28d"), Group("daytime", "max", "28d")],
    });

    private static VitalGroup Group(string? part, string statistic, params string[] windows) =>
        new() { Vitals = ["heart_rate"], Part = part, Statistics = new Dictionary<string, IReadOnlyList<string>> { [statistic] = windows } };

    /// <summary>A patient of New York with readings at all hours, over the change of the clocks on 9 March (day 8), some corrected, some late.</summary>
    private static MadeUpFeed Feed()
    {
        var feed = new MadeUpFeed().Team("north", 5).Patient("a", zone: "America/New_York");
        for (var i = 0; i < 120; i++)
        {
            var day = i / 10.0;
            feed.Reading("d-a", "heart_rate", 60 + (i * 7 % 23), day, i % 9 == 0 ? day + 1.5 : null);
            feed.Reading("d-a", "spo2", 90 + (i % 8), day + 0.01, null);
            if (i % 11 == 3)
            {
                feed.Reading("d-a", "heart_rate", 130 + i, day, day + 0.4);
            }
        }

        return feed.Outcome("a", 4).Outcome("a", 9);
    }

    /// <summary>The evidence and the vector are made apart: what is said to be behind a value has to give it.</summary>
    [Theory]
    [InlineData(11.0, 11.0)]
    [InlineData(8.5, 8.5)]
    [InlineData(9.3, 12.0)]
    [InlineData(10.0, 6.2)]
    public async Task The_readings_behind_a_value_give_the_value(double asOf, double knownBy)
    {
        await using var home = new TempHome();
        var vector = await ShowAsync(home, Feed(), asOf, knownBy);
        var compared = 0;
        foreach (var feature in vector.Features.Where(f => f.Column.VitalKey is not null))
        {
            double[] values = [.. feature.Readings.Select(r => r.Value)];
            double[] baseline = [.. feature.Baseline.Select(r => r.Value)];
            double? expected = (feature.Column.Statistic, values.Length) switch
            {
                ("count", var n) => n,
                ("adherence", _) => null,
                (_, 0) => double.NaN,
                ("mean", _) => values.Average(),
                ("min", _) => values.Min(),
                ("max", _) => values.Max(),
                ("range", _) => values.Max() - values.Min(),
                ("last", _) => values[^1],
                ("gain", _) => values[^1] - values[0],
                ("age", _) => (vector.Key.AsOf - feature.Readings[^1].Time) / (double)UnixMicros.PerHour,
                ("median", var n) => (values.Order().ElementAt((n - 1) / 2) + values.Order().ElementAt(n / 2)) / 2,
                ("change", _) => baseline.Length == 0 ? double.NaN : values.Average() - baseline.Average(),
                _ => null,
            };
            if (expected is { } value)
            {
                Assert.True(double.IsNaN(value) ? double.IsNaN(feature.Value) : Math.Abs(value - feature.Value) < 1e-9, $"{feature.Column.Name}: {value} of {values.Length} readings, {feature.Value} in the vector");
                compared += double.IsNaN(value) ? 0 : 1;
            }
        }

        Assert.True(compared > 40, $"only {compared} values compared");
        Assert.Contains(vector.Features, f => f.Column.Name == "heart_rate_night_count_28d" && f.Value > 0);
    }

    [Fact]
    public async Task Each_reading_says_whence_it_came_when_it_was_known_and_what_became_of_it()
    {
        await using var home = new TempHome();
        var feed = new MadeUpFeed().Team("north", 5).Patient("a")
            .Reading("d-a", "spo2", 95, 1).Reading("d-a", "spo2", 91, 1, known: 3)
            .Reading("d-a", "spo2", 97, 2, known: 6)
            .Reading("d-a", "spo2", 96, 3.5);
        var vector = await ShowAsync(home, feed, 4, 4);
        Assert.Equal(
            [(95, ReadingStatus.Corrected, false), (91, ReadingStatus.Used, true), (97, ReadingStatus.KnownLater, true), (96, ReadingStatus.Used, false)],
            vector.Readings.Select(r => (r.Value, r.At(vector.Key.KnownBy), r.IsLate)));
        var (first, second) = (vector.Readings[0], vector.Readings[1]);
        Assert.Equal((91.0, null), (first.CorrectedTo, first.Corrects));
        Assert.Equal((null, 95.0), (second.CorrectedTo, second.Corrects));
        Assert.Equal((MadeUpFeed.At(3).ToUnixMicros(), "d-a"), (second.KnownFrom, second.DeviceId));
        Assert.NotEqual(first.Origin, second.Origin);
        Assert.Equal(ReadingStatus.Used, first.At(MadeUpFeed.At(2).ToUnixMicros()));

        var mean = vector.Features.Single(f => f.Column.Name == "spo2_mean_7d");
        Assert.Equal([91, 96], mean.Readings.Select(r => r.Value));
        Assert.Contains("n 2, mean 93.5", mean.Working, StringComparison.Ordinal);
        Assert.Empty(vector.Features.Single(f => f.Column.Name == "heart_rate_mean_7d").Readings);
        Assert.Equal([96], vector.Features.Single(f => f.Column.Name == "news2_point").Readings.Select(r => r.Value));
    }

    [Fact]
    public async Task Columns_of_reference_data_name_the_lines_they_come_from()
    {
        await using var home = new TempHome();
        var vector = await ShowAsync(home, Feed(), 10, 10);
        string Working(string column) => vector.Features.Single(f => f.Column.Name == column).Working;
        Assert.Equal($"hospital-admission at {MadeUpFeed.At(4)}, known {MadeUpFeed.At(4)}; hospital-admission at {MadeUpFeed.At(9)}, known {MadeUpFeed.At(9)}", Working("prior_hospital_admission_7d"));
        Assert.Equal($"hospital-admission at {MadeUpFeed.At(9)}, known {MadeUpFeed.At(9)}", Working("since_hospital_admission"));
        Assert.Contains("age 70", Working("age"), StringComparison.Ordinal);
        Assert.Contains($"enrolled at {MadeUpFeed.At(0)}", Working("since_enrolled"), StringComparison.Ordinal);
        Assert.Contains("no such step", Working("since_discharged"), StringComparison.Ordinal);
    }

    /// <summary>In New York the day that has midnight of UTC in it began at 05:00 UTC of the day before, and at 04:00 once the clocks had gone forward.</summary>
    [Theory]
    [InlineData(9.1, 1, 4)]
    [InlineData(10, 2, 9)]
    public async Task A_history_that_ends_before_the_day_names_the_lines_of_earlier_days(double asOf, int counted, double last)
    {
        await using var home = new TempHome();
        var vector = await ShowAsync(home, Feed(), asOf, asOf, FeatureSet.HomeDetection);
        ShownFeature Feature(string column) => vector.Features.Single(f => f.Column.Name == column);
        Assert.Equal(counted, Feature("prior_hospital_admission_7d").Value);
        Assert.Equal(counted, Feature("prior_hospital_admission_7d").Working.Split(';').Length);
        Assert.Equal(asOf - last, Feature("since_hospital_admission").Value, 9);
        Assert.Equal($"hospital-admission at {MadeUpFeed.At(last)}, known {MadeUpFeed.At(last)}", Feature("since_hospital_admission").Working);
    }

    [Fact]
    public async Task A_patient_whom_nobody_knows_has_no_vector_and_one_not_named_yet_has_an_unknown_one()
    {
        await using var home = new TempHome();
        var manifest = await new MadeUpFeed().Team("north", 5).Patient("a", known: 5, enrolled: 5).Daily("a", 6, 2).LandAsync(home);
        Assert.Null(await ShownVector.BuildAsync(home.Store, manifest, FeatureSet.Home, new VectorKey("b", 0, 0), s_none));
        var at = MadeUpFeed.At(2).ToUnixMicros();
        var early = await ShownVector.BuildAsync(home.Store, manifest, FeatureSet.Home, new VectorKey("a", at, at), s_none);
        Assert.Null(early!.Roster);
        Assert.True(double.IsNaN(early.Features.Single(f => f.Column.Name == "age").Value));
        Assert.Contains("does not name", early.Features.Single(f => f.Column.Name == "age").Working, StringComparison.Ordinal);
    }

    private static async Task<ShownVector> ShowAsync(TempHome home, MadeUpFeed feed, double asOf, double knownBy, FeatureSet? set = null)
    {
        var manifest = await feed.LandAsync(home);
        var key = new VectorKey("a", MadeUpFeed.At(asOf).ToUnixMicros(), MadeUpFeed.At(knownBy).ToUnixMicros());
        return (await ShownVector.BuildAsync(home.Store, manifest, set ?? s_set, key, s_none))!;
    }
}
