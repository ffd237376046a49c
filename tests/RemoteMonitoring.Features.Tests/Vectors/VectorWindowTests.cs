using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Features.Tests.Vectors;

public sealed class VectorWindowTests
{
    private const long AsOf = History.AsOf;

    public static IEnumerable<object[]> Windows =>
        from set in new[] { FeatureSet.Home, FeatureSet.Acute }
        from hours in set.Windows.Select(w => w / UnixMicros.PerHour)
        select new object[] { set.Name, hours };

    [Theory]
    [MemberData(nameof(Windows))]
    public void A_window_is_open_where_it_begins_and_closed_at_as_of_to_the_microsecond(string set, long hours)
    {
        var column = $"heart_rate_count_{FeatureSet.WindowName(hours)}";
        double CountAt(long time) => Build(set, new Version("p1", "heart_rate", time, 70, 0))[column];

        Assert.Equal(0, CountAt(AsOf - (hours * UnixMicros.PerHour)));
        Assert.Equal(1, CountAt(AsOf - (hours * UnixMicros.PerHour) + 1));
        Assert.Equal(1, CountAt(AsOf));
        Assert.Equal(0, CountAt(AsOf + 1));
    }

    [Theory]
    [InlineData(1, 2, 0)]
    [InlineData(0, 1, 1)]
    [InlineData(-1, 0, 0)]
    [InlineData(0, 0, 0)]
    [InlineData(-5, 5, 1)]
    public void A_version_counts_from_known_from_inclusive_to_known_to_exclusive(int from, int to, int counted)
    {
        var knownBy = AsOf - 10;
        var history = new History([new Version("p1", "heart_rate", AsOf - 100, 70, knownBy + from, knownBy + to)], new());
        Assert.Equal(counted, history.Build(FeatureSet.Home, new VectorKey("p1", AsOf, knownBy)).Values[0][0]);
    }

    [Fact]
    public void Hourly_counts_are_of_the_local_hours_that_have_a_reading()
    {
        var hour = UnixMicros.PerHour;
        long[] times = [AsOf - (24 * hour), AsOf - (24 * hour) + 1, AsOf - (23 * hour), AsOf - (5 * hour) + 1, AsOf - (4 * hour), AsOf - (4 * hour) + 1, AsOf - (3 * hour) - 1, AsOf - (3 * hour) - 1];
        var x = Build("home-detection", [.. times.Select(t => new Version("p1", "activity_kitchen", t, 1, 0))]);

        // Of the day two in its first hour (the reading before it is left out), two between four and five, three after.
        Assert.Equal(7, x["activity_kitchen_count_24h"]);
        Assert.Equal(7 / 3.0, x["activity_kitchen_hourly_count_mean_24h"], 12);
        Assert.Equal(Math.Sqrt(1 / 3.0), x["activity_kitchen_hourly_count_sd_24h"], 12);
        Assert.Equal(3, x["activity_kitchen_hourly_count_max_24h"]);
        Assert.Equal((3, 8 / 4.0), (x["activity_kitchen_hourly_count_max_7d"], x["activity_kitchen_hourly_count_mean_7d"]));
        Assert.All(["mean", "sd", "max"], name => Assert.Equal(double.NaN, x[$"activity_lounge_hourly_count_{name}_24h"]));
    }

    [Fact]
    public void Each_statistic_of_a_small_history_is_what_one_works_out_by_hand()
    {
        var day = UnixMicros.PerDay;
        var x = Build(
            "home",
            new Version("p1", "weight", AsOf - (5 * day), 80, 0),
            new Version("p1", "weight", AsOf - (4 * day), 82, 0),
            new Version("p1", "weight", AsOf - day, 84, 0), // the day's window begins here, and leaves it out
            new Version("p1", "weight", AsOf - (day / 2), 85, 0),
            new Version("p1", "weight", AsOf - (day / 4), 87, 0));

        Assert.Equal((2, 3, 5, 5), (x["weight_count_24h"], x["weight_count_3d"], x["weight_count_7d"], x["weight_count_28d"]));
        Assert.Equal((84, 87), (x["weight_min_3d"], x["weight_max_3d"]));
        Assert.Equal((80, 87), (x["weight_min_7d"], x["weight_max_7d"]));
        Assert.Equal(86, x["weight_mean_24h"]);
        Assert.Equal(83.6, x["weight_mean_28d"], 12);
        Assert.Equal(Math.Sqrt(29.2 / 4), x["weight_sd_7d"], 12);
        Assert.Equal((87, 6), (x["weight_last"], x["weight_age"]));
        Assert.Equal(4, x["weight_change_24h"], 12); // 86 against 80, 82 and 84
        Assert.Equal(2, x["weight_z_24h"], 12);
        Assert.Equal(double.NaN, x["weight_change_7d"]);
    }

    [Fact]
    public void A_baseline_without_spread_gives_a_change_but_no_z()
    {
        var x = Build(
            "home",
            new Version("p1", "weight", AsOf - (5 * UnixMicros.PerDay), 98.3, 0),
            new Version("p1", "weight", AsOf - (4 * UnixMicros.PerDay), 98.3, 0),
            new Version("p1", "weight", AsOf, 99.3, 0));
        Assert.Equal(1, x["weight_change_24h"], 12);
        Assert.Equal(double.NaN, x["weight_z_24h"]);
    }

    [Fact]
    public void Of_several_readings_of_one_instant_the_one_known_last_is_the_last()
    {
        var x = Build("home", new Version("p1", "weight", AsOf - 1, 80, 0), new Version("p1", "weight", AsOf - 1, 90, 5));
        Assert.Equal(90, x["weight_last"]);
    }

    [Theory]
    [InlineData(null, null, 0, 5)] // nothing said: 0 to 2 for the oxygen, and 0 to 3 for a saturation of 97 on scale 2
    [InlineData(0.0, null, 0, 0)]
    [InlineData(null, 21.0, 0, 0)]
    [InlineData(0.0, 21.0, 0, 0)]
    [InlineData(2.0, null, 5, 5)]
    [InlineData(2.0, 21.0, 5, 5)]
    [InlineData(null, 28.0, 5, 5)]
    [InlineData(0.0, 28.0, 5, 5)]
    public void Oxygen_is_given_when_flow_or_fraction_says_so_air_when_one_does_and_else_unknown(double? flow, double? fio2, int low, int high)
    {
        List<Version> versions =
        [
            .. new (string Vital, double? Value)[]
            {
                ("respiratory_rate", 16), ("spo2", 97), ("systolic_bp", 120), ("heart_rate", 70), ("acvpu", 0), ("temperature", 37), ("oxygen_flow", flow), ("fio2", fio2),
            }.Where(v => v.Value is not null).Select(v => new Version("p1", v.Vital, AsOf - 5, v.Value!.Value, 0)),
        ];
        var scale2 = new Telemetry.Reference.Patient
        {
            PatientId = "p1",
            CareTeamId = "t",
            Attributes = new Dictionary<string, double> { ["spo2_scale_2"] = 1 },
            Known = default,
        };
        var table = new History(versions, new() { Patients = [scale2] }).Build(FeatureSet.Acute, new VectorKey("p1", AsOf, AsOf));
        Assert.Equal((low, low, high), (table.News2Low[0], table.News2Point[0], table.News2High[0]));
    }

    private static Dictionary<string, double> Build(string set, params Version[] versions)
    {
        var table = new History(versions, new()).Build(FeatureSet.Named(set), new VectorKey("p1", AsOf, AsOf));
        return table.Columns.Select((c, i) => (c.Name, table.Values[i][0])).ToDictionary();
    }
}
