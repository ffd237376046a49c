using NodaTime;
using RemoteMonitoring.Cohorts.Import;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Cohorts.Tests.Import;

public sealed class ReferenceCsvCarePlansTests
{
    private static readonly Instant s_now = Instant.FromUtc(2025, 1, 2, 0, 0);

    private static FileRows<CarePlan> Read(string lines, string header = "patient_id,vital,low,high,unit,contact_preference")
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, $"{header}\n{lines}\n");
            return ReferenceCsv.ReadCarePlans(file, s_now);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void The_lines_of_a_patient_are_one_plan()
    {
        var read = Read("A,spo2,88,,,\nB,heart_rate,50,110,,\nA,heart_rate,,120,,after 10 please");
        Assert.Empty(read.Problems);
        Assert.Equal(["A", "B"], read.Rows.Select(p => p.PatientId));
        Assert.Equal([new PersonalLimit("spo2", 88, null), new PersonalLimit("heart_rate", null, 120)], read.Rows[0].Limits);
        Assert.Equal(("after 10 please", "import", s_now), (read.Rows[0].ContactPreference, read.Rows[0].By, read.Rows[0].Known));
        Assert.Null(read.Rows[1].ContactPreference);
    }

    [Fact]
    public void A_limit_in_another_unit_is_put_into_the_vitals_own()
    {
        var limit = Assert.Single(Assert.Single(Read("A,temperature,,101.3,[degF],").Rows).Limits);
        Assert.Equal(38.5, limit.High!.Value, 9);
    }

    [Fact]
    public void A_preference_may_stand_alone() => Assert.Equal("by text", Assert.Single(Read("A,,,,,by text").Rows).ContactPreference);

    [Theory]
    [InlineData("A,spo3,88,,,", "column vital: 'spo3' is not known; write")]
    [InlineData("A,spo2,,,,", "column low: and high are both empty; write one of them at least")]
    [InlineData("A,spo2,95,90,,", "column low: is not below high")]
    [InlineData("A,spo2,950,,,", "column low: '950' is not a number from")]
    [InlineData("A,spo2,88,,/min,", "column unit: '/min' is none of SpO2; write %")]
    [InlineData("A,,,,,", "column vital: is empty, and there is no contact_preference either")]
    [InlineData("A,spo2,88,,,\nA,spo2,89,,,", "line 3, column vital: 'spo2' has a limit on an earlier line of this patient")]
    [InlineData("A,spo2,88,,,x\nA,heart_rate,50,,,y", "line 3, column contact_preference: is longer than 500 characters, or another")]
    public void What_is_wrong_with_a_line_is_told_and_no_plan_is_half_stated(string lines, string problem)
    {
        var read = Read($"{lines}\nB,spo2,90,,,");
        Assert.Contains(problem, Assert.Single(read.Problems).ToString(), StringComparison.Ordinal);
        Assert.Equal("B", Assert.Single(read.Rows).PatientId);
    }
}
