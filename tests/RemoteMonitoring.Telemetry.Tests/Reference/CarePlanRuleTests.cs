using NodaTime;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Telemetry.Tests.Reference;

public sealed class CarePlanRuleTests
{
    [Theory]
    [InlineData("spo2", 90.0, null, null)]
    [InlineData("spo2", null, 99.0, null)]
    [InlineData("weight", 60.0, 65.0, null)]
    [InlineData("spo2_pct", 90.0, null, "a limit is of a vital that there is not; there are heart_rate, ")]
    [InlineData("spo2", null, null, "the limit of spo2 has neither low nor high")]
    [InlineData("spo2", 95.0, 95.0, "the low limit of spo2 must be less than the high one")]
    [InlineData("spo2", 9.0, null, "limits of spo2 lie within 40 and 100 %")]
    [InlineData("spo2", null, 900.0, "limits of spo2 lie within 40 and 100 %")]
    [InlineData("spo2", double.NaN, null, "limits of spo2 lie within 40 and 100 %")]
    public void A_limit_that_cannot_alarm_is_told(string vital, double? low, double? high, string? says)
    {
        var fault = CarePlanRule.Fault(Plan(new PersonalLimit(vital, low, high)));
        Assert.Equal(says is null, fault is null);
        Assert.StartsWith(says ?? "", fault ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void Two_limits_of_one_vital_are_told_since_one_of_them_would_not_count() =>
        Assert.Equal("heart_rate has two limits; give low and high in one", CarePlanRule.Fault(Plan(new PersonalLimit("heart_rate", 40, null), new PersonalLimit("heart_rate", null, 120))));

    [Fact]
    public void A_plan_without_limits_is_one() => Assert.Null(CarePlanRule.Fault(Plan()));

    private static CarePlan Plan(params PersonalLimit[] limits) => new() { PatientId = "p", Limits = limits, By = "ann", Known = Instant.FromUnixTimeSeconds(0) };
}
