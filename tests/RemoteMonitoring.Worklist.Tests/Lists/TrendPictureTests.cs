using System.Xml.Linq;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Worklist.Lists;

namespace RemoteMonitoring.Worklist.Tests.Lists;

public sealed class TrendPictureTests
{
    [Fact]
    public void A_gap_is_a_gap()
    {
        var svg = Picture([1, 2, null, null, 3, 4, 5]);
        Assert.Equal(2, svg.Elements().Count(e => e.Name.LocalName == "polyline"));
    }

    [Fact]
    public void A_day_alone_is_a_dot() => Assert.Equal(2, Picture([1, null, 2, null, null]).Elements().Count(e => e.Name.LocalName == "circle"));

    [Fact]
    public void The_last_value_has_a_dot_and_its_figure_however_long_ago_it_was()
    {
        var svg = Picture([95, 94, 91, null, null]);
        Assert.Equal("2.5", (string?)Assert.Single(svg.Elements(), e => e.Name.LocalName == "circle").Attribute("r"));
        Assert.Equal(["91 %", "5 days"], svg.Elements().Where(e => e.Name.LocalName == "text").Select(e => e.Value));
    }

    [Fact]
    public void It_says_in_words_what_it_shows() =>
        Assert.Equal("SpO2, 5 days: a value on 3 of them, from 91 % to 96 %, usual 94 % to 97 %", (string?)Picture([96, null, 95, null, 91], 94, 97).Attribute("aria-label"));

    [Fact]
    public void It_stays_inside_its_frame_whatever_the_values()
    {
        foreach (var values in (double?[][])[[0, 0, 0], [-5, 1e9, 3], [95, 95.0001, 95], [double.Epsilon, null, 1]])
        {
            var svg = Picture(values, 10, 20);
            var numbers = svg.Elements().Attributes("points").SelectMany(p => p.Value.Split(' ', ',')).Concat(svg.Elements().Attributes("cy").Select(a => a.Value))
                .Select(n => double.Parse(n, System.Globalization.CultureInfo.InvariantCulture));
            Assert.All(numbers, n => Assert.InRange(n, 0, 168));
        }
    }

    [Fact]
    public void Without_a_value_there_is_none() => Assert.Null(TrendPicture.Of(new Trend { Vital = "spo2", Values = [null, null] }).Value);

    private static XElement Picture(double?[] values, double? low = null, double? high = null) =>
        XElement.Parse(TrendPicture.Of(new Trend { Vital = "spo2", Values = values, UsualLow = low, UsualHigh = high }).Value);
}
