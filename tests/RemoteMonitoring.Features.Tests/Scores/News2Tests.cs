using RemoteMonitoring.Features.Scores;

namespace RemoteMonitoring.Features.Tests.Scores;

/// <summary>
/// Chart 1 of the Royal College of Physicians' NEWS2 (London 2017), band by band: the value on each edge, the values next to
/// it, and those that rounding moves over it.
/// </summary>
public sealed class News2Tests
{
    private static readonly News2Inputs s_well = new()
    {
        RespiratoryRate = 16,
        Spo2 = 98,
        OnOxygen = false,
        Systolic = 120,
        Pulse = 70,
        Alert = true,
        Temperature = 37,
    };

    public static TheoryData<double, int> RespirationBands => new()
    {
        { 3, 3 }, { 7, 3 }, { 8, 3 }, { 8.4, 3 }, { 8.5, 1 }, { 9, 1 }, { 10, 1 }, { 11, 1 }, { 11.4, 1 }, { 11.5, 0 }, { 12, 0 }, { 16, 0 },
        { 20, 0 }, { 20.4, 0 }, { 20.5, 2 }, { 21, 2 }, { 22, 2 }, { 24, 2 }, { 24.4, 2 }, { 24.5, 3 }, { 25, 3 }, { 26, 3 }, { 80, 3 },
    };

    public static TheoryData<double, int> Scale1Bands => new()
    {
        { 40, 3 }, { 90, 3 }, { 91, 3 }, { 91.4, 3 }, { 91.5, 2 }, { 92, 2 }, { 93, 2 }, { 93.4, 2 }, { 93.5, 1 }, { 94, 1 }, { 95, 1 },
        { 95.4, 1 }, { 95.5, 0 }, { 96, 0 }, { 97, 0 }, { 100, 0 },
    };

    public static TheoryData<double, int, int> Scale2Bands => new()
    {
        // Saturation, points on air, points on oxygen.
        { 40, 3, 3 }, { 82, 3, 3 }, { 83, 3, 3 }, { 83.4, 3, 3 }, { 83.5, 2, 2 }, { 84, 2, 2 }, { 85, 2, 2 }, { 85.4, 2, 2 }, { 85.5, 1, 1 },
        { 86, 1, 1 }, { 87, 1, 1 }, { 87.4, 1, 1 }, { 87.5, 0, 0 }, { 88, 0, 0 }, { 90, 0, 0 }, { 92, 0, 0 }, { 92.4, 0, 0 }, { 92.5, 0, 1 },
        { 93, 0, 1 }, { 94, 0, 1 }, { 94.4, 0, 1 }, { 94.5, 0, 2 }, { 95, 0, 2 }, { 96, 0, 2 }, { 96.4, 0, 2 }, { 96.5, 0, 3 }, { 97, 0, 3 },
        { 98, 0, 3 }, { 100, 0, 3 },
    };

    public static TheoryData<double, int> SystolicBands => new()
    {
        { 40, 3 }, { 89, 3 }, { 90, 3 }, { 90.4, 3 }, { 90.5, 2 }, { 91, 2 }, { 95, 2 }, { 100, 2 }, { 100.4, 2 }, { 100.5, 1 }, { 101, 1 },
        { 110, 1 }, { 110.4, 1 }, { 110.5, 0 }, { 111, 0 }, { 150, 0 }, { 219, 0 }, { 219.4, 0 }, { 219.5, 3 }, { 220, 3 }, { 221, 3 }, { 300, 3 },
    };

    public static TheoryData<double, int> PulseBands => new()
    {
        { 20, 3 }, { 39, 3 }, { 40, 3 }, { 40.4, 3 }, { 40.5, 1 }, { 41, 1 }, { 50, 1 }, { 50.4, 1 }, { 50.5, 0 }, { 51, 0 }, { 70, 0 }, { 90, 0 },
        { 90.4, 0 }, { 90.5, 1 }, { 91, 1 }, { 110, 1 }, { 110.4, 1 }, { 110.5, 2 }, { 111, 2 }, { 130, 2 }, { 130.4, 2 }, { 130.5, 3 }, { 131, 3 },
        { 300, 3 },
    };

    public static TheoryData<double, int> TemperatureBands => new()
    {
        { 25, 3 }, { 34.9, 3 }, { 35.0, 3 }, { 35.04, 3 }, { 35.05, 1 }, { 35.1, 1 }, { 35.9, 1 }, { 36.0, 1 }, { 36.04, 1 }, { 36.05, 0 },
        { 36.1, 0 }, { 37, 0 }, { 38.0, 0 }, { 38.04, 0 }, { 38.05, 1 }, { 38.1, 1 }, { 39.0, 1 }, { 39.04, 1 }, { 39.05, 2 }, { 39.1, 2 }, { 45, 2 },
    };

    [Theory]
    [MemberData(nameof(RespirationBands))]
    public void Respiration_scores_by_the_chart(double rate, int points) => AssertPoints(points, s_well with { RespiratoryRate = rate });

    [Theory]
    [MemberData(nameof(Scale1Bands))]
    public void Saturation_on_scale_1_scores_by_the_chart_whether_on_air_or_oxygen(double spo2, int points)
    {
        AssertPoints(points, s_well with { Spo2 = spo2 });
        Assert.Equal(points + 2, News2.Score(s_well with { Spo2 = spo2, OnOxygen = true }).Point);
    }

    [Theory]
    [MemberData(nameof(Scale2Bands))]
    public void Saturation_on_scale_2_scores_by_the_chart(double spo2, int onAir, int onOxygen)
    {
        AssertPoints(onAir, s_well with { Spo2 = spo2, Spo2Scale2 = true });
        Assert.Equal(onOxygen + 2, News2.Score(s_well with { Spo2 = spo2, Spo2Scale2 = true, OnOxygen = true }).Point);
    }

    [Theory]
    [MemberData(nameof(SystolicBands))]
    public void Systolic_pressure_scores_by_the_chart(double systolic, int points) => AssertPoints(points, s_well with { Systolic = systolic });

    [Theory]
    [MemberData(nameof(PulseBands))]
    public void Pulse_scores_by_the_chart(double pulse, int points) => AssertPoints(points, s_well with { Pulse = pulse });

    [Theory]
    [MemberData(nameof(TemperatureBands))]
    public void Temperature_is_rounded_to_a_tenth_and_scores_by_the_chart(double temperature, int points) =>
        AssertPoints(points, s_well with { Temperature = temperature });

    [Fact]
    public void Oxygen_scores_2_and_a_patient_who_is_not_alert_3()
    {
        AssertPoints(0, s_well);
        AssertPoints(2, s_well with { OnOxygen = true });
        AssertPoints(3, s_well with { Alert = false });
    }

    [Fact]
    public void The_worst_of_everything_is_20() => AssertPoints(20, new News2Inputs
    {
        RespiratoryRate = 30,
        Spo2 = 80,
        OnOxygen = true,
        Systolic = 80,
        Pulse = 140,
        Alert = false,
        Temperature = 34,
    });

    [Fact]
    public void A_single_parameter_of_3_is_red_and_no_sum_of_smaller_ones_is()
    {
        Assert.False(News2.Score(s_well).AnyRed);
        Assert.True(News2.Score(s_well with { RespiratoryRate = 8 }).AnyRed);
        Assert.True(News2.Score(s_well with { Spo2 = 91 }).AnyRed);
        Assert.True(News2.Score(s_well with { Spo2 = 97, Spo2Scale2 = true, OnOxygen = true }).AnyRed);
        Assert.True(News2.Score(s_well with { Spo2 = 83, Spo2Scale2 = true, OnOxygen = null }).AnyRed);
        Assert.False(News2.Score(s_well with { Spo2 = 97, Spo2Scale2 = true, OnOxygen = null }).AnyRed);
        Assert.True(News2.Score(s_well with { Systolic = 220 }).AnyRed);
        Assert.True(News2.Score(s_well with { Pulse = 131 }).AnyRed);
        Assert.True(News2.Score(s_well with { Alert = false }).AnyRed);
        Assert.True(News2.Score(s_well with { Temperature = 35 }).AnyRed);
        Assert.False(News2.Score(s_well with { OnOxygen = true, Temperature = 39.1, RespiratoryRate = 24, Pulse = 130 }).AnyRed);
    }

    [Theory]
    [InlineData(0, false, "low")]
    [InlineData(4, false, "low")]
    [InlineData(3, true, "urgent-ward-review")]
    [InlineData(4, true, "urgent-ward-review")]
    [InlineData(5, false, "urgent")]
    [InlineData(5, true, "urgent")]
    [InlineData(6, true, "urgent")]
    [InlineData(7, false, "emergency")]
    [InlineData(20, true, "emergency")]
    public void Urgency_goes_by_the_chart(int point, bool red, string urgency) =>
        Assert.Equal(urgency, new News2Score(point, point, point, News2.Inputs, red).Urgency);

    private static void AssertPoints(int points, in News2Inputs inputs)
    {
        var score = News2.Score(inputs);
        Assert.Equal((points, points, points), (score.Low, score.Point, score.High));
        Assert.Equal(News2.Inputs, score.InputsPresent);
    }
}
