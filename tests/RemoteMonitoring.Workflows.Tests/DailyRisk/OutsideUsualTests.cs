using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Workflows.Tests.DailyRisk;

public sealed class OutsideUsualTests
{
    [Fact]
    public void Fresh_readings_outside_the_usual_range_that_are_no_reasons_are_told_the_furthest_first() => Assert.Equal(
        "outside the usual range, and not what moved the score: Diastolic blood pressure 103 mmHg (usual 78.7–94.4), SpO2 93 % (usual 94–97)",
        OutsideUsual.InWords(Of(Trend("spo2", 94, 97, 96, 93), Trend("diastolic_bp", 78.7, 94.4, 90, 103), Trend("weight", 80, 82, 81, 90), Trend("heart_rate", 60, 70, 65, 66))));

    [Fact]
    public void What_was_measured_four_days_ago_and_what_has_no_usual_range_is_not_told()
    {
        Assert.Null(OutsideUsual.InWords(Of(Trend("spo2", 94, 97, 88, null, null, null))));
        Assert.NotNull(OutsideUsual.InWords(Of(Trend("spo2", 94, 97, 88, null, null))));
        Assert.Null(OutsideUsual.InWords(Of(new Trend { Vital = "spo2", Values = [88] })));
        Assert.Null(OutsideUsual.InWords(Of() with { Trends = null }));
    }

    private static Trend Trend(string vital, double low, double high, params double?[] values) => new() { Vital = vital, Values = values, UsualLow = low, UsualHigh = high };

    /// <summary>A prediction whose reason is the weight.</summary>
    private static Prediction Of(params Trend[] trends) => new()
    {
        Id = "i",
        PatientId = "p",
        Task = "t",
        AsOf = default,
        KnownBy = default,
        Model = "m",
        FeatureSetHash = "h",
        Run = "r",
        Probability = 0.1,
        Raw = -2,
        Reasons = [new Reason { Text = "Weight", Contribution = 1, Vital = "weight" }],
        Trends = trends,
    };
}
