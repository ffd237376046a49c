using System.Xml.Linq;
using NodaTime;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Features;
using RemoteMonitoring.Worklist.Lists;
using RemoteMonitoring.Worklist.Patients;

namespace RemoteMonitoring.Worklist.Tests.Patients;

public sealed class VitalPictureTests
{
    private static readonly Instant s_from = Instant.FromUtc(2025, 6, 1, 0, 0);

    private static readonly double[] s_weights = [98.4, 98.9, 99.2, 217.7, 98.6, 98.8, 98.7, 218.1, 98.9, 98.5];

    [Fact]
    public void Pounds_among_kilograms_are_marked_at_the_edge_and_flatten_nothing()
    {
        var svg = Picture(s_weights);
        Assert.Equal(2, svg.Elements().Count(e => (string?)e.Attribute("class") == "odd"));
        double[] heights = [.. svg.Elements().Where(e => (string?)e.Attribute("class") == "dot").Select(e => (double)e.Attribute("cy")!)];
        Assert.Equal(8, heights.Length);
        Assert.True(heights.Max() - heights.Min() > 90, "The others fill the picture.");
        Assert.Equal("10 readings, from 98.4 kg to 99.2 kg but for 2 far off, marked at the edge, last 98.5 kg", (string?)svg.Attribute("aria-label"));
    }

    [Fact]
    public void A_value_that_illness_may_have_moved_is_drawn_where_it_is() =>
        Assert.DoesNotContain(Picture([96, 97, 96, 97, 96, 71], "spo2").Elements(), e => (string?)e.Attribute("class") == "odd");

    [Fact]
    public void The_small_picture_of_the_list_is_not_flattened_either()
    {
        var svg = XElement.Parse(TrendPicture.Of(new Trend { Vital = "weight", Values = [.. s_weights.Select(w => (double?)w)], UsualLow = 98.4, UsualHigh = 99.2 }).Value);
        double[] heights = [.. ((string)svg.Elements().First(e => e.Name.LocalName == "polyline").Attribute("points")!).Split(' ').Select(p => double.Parse(p.Split(',')[1], System.Globalization.CultureInfo.InvariantCulture))];
        Assert.True(heights.Distinct().Count() > 4);
    }

    private static XElement Picture(double[] values, string vital = "weight") => XElement.Parse(VitalPicture.Of(
        new VitalSeries(VitalSignCatalog.Default[vital], [.. values.Select((v, i) => new VitalPoint(s_from + Duration.FromHours(24 * i), v))], null, null),
        null, s_from - Duration.FromDays(1), s_from + Duration.FromDays(11), DateTimeZone.Utc).Value);
}
