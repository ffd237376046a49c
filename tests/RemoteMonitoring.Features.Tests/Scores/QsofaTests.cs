using RemoteMonitoring.Features.Scores;

namespace RemoteMonitoring.Features.Tests.Scores;

public sealed class QsofaTests
{
    [Theory]
    [InlineData(21.9, 0)]
    [InlineData(22.0, 1)]
    [InlineData(40.0, 1)]
    public void Respirations_of_22_and_more_score_a_point(double rate, int points) => Assert.Equal(points, Qsofa.Score(rate, 120, true).Low);

    [Theory]
    [InlineData(100.1, 0)]
    [InlineData(100.0, 1)]
    [InlineData(60.0, 1)]
    public void A_systolic_pressure_of_100_and_less_scores_a_point(double systolic, int points) => Assert.Equal(points, Qsofa.Score(16, systolic, true).Low);

    [Theory]
    [InlineData(true, 0)]
    [InlineData(false, 1)]
    public void Whoever_is_not_alert_scores_a_point(bool alert, int points) => Assert.Equal(points, Qsofa.Score(16, 120, alert).Low);

    [Fact]
    public void What_is_missing_opens_the_score_upwards()
    {
        Assert.Equal(new QsofaScore(3, 3, 3), Qsofa.Score(22, 100, false));
        Assert.Equal(new QsofaScore(1, 2, 2), Qsofa.Score(22, null, true));
        Assert.Equal(new QsofaScore(0, 2, 1), Qsofa.Score(double.NaN, double.NaN, true));
        Assert.Equal(new QsofaScore(0, 3, 0), Qsofa.Score(null, null, null));
    }
}
