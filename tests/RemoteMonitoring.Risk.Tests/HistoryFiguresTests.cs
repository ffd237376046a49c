using RemoteMonitoring.Risk.Reporting;

namespace RemoteMonitoring.Risk.Tests;

public sealed class HistoryFiguresTests
{
    // The two shares that differ from the observed one by 1.96 of their own standard errors, found by bisection.
    [Theory]
    [InlineData(10, 100, 0.0552, 0.1744)]
    [InlineData(0, 20, 0.0, 0.1611)]
    [InlineData(20, 20, 0.8389, 1.0)]
    [InlineData(1, 3, 0.0615, 0.7923)]
    public void A_share_has_wilsons_interval(int events, int rows, double low, double high)
    {
        var share = HistoryFigures.Share(events, rows);
        Assert.Equal((double)events / rows, share.Value);
        Assert.Equal(low, share.Low, 2e-4);
        Assert.Equal(high, share.High, 2e-4);
    }

    [Fact]
    public void Rows_that_meet_an_event_several_times_count_as_one_in_an_interval()
    {
        Assert.Equal(HistoryFigures.Share(10, 100) with { Value = 0 }, HistoryFigures.Share(70, 700, 7) with { Value = 0 });
        var (ratio, low, high) = HistoryFigures.ObservedExpected(70, 35, 7);
        Assert.Equal((2, 2 * Math.Exp(-1.96 / Math.Sqrt(10)), 2 * Math.Exp(1.96 / Math.Sqrt(10))), (ratio, low, high));
    }

    [Fact]
    public void Of_nothing_there_is_no_figure()
    {
        Assert.True(double.IsNaN(HistoryFigures.Share(0, 0).Value));
        Assert.True(double.IsNaN(HistoryFigures.ObservedExpected(0, 0).Value));
        Assert.Equal(0, HistoryFigures.ObservedExpected(0, 3).Value);
        Assert.True(double.IsNaN(HistoryFigures.ObservedExpected(0, 3).Low));
        Assert.True(double.IsNaN(HistoryFigures.PerHundred(1, 0)));
        Assert.Equal(12.5, HistoryFigures.PerHundred(5, 40));
    }
}
