using NodaTime;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Workflows.Tests.DailyRisk;

public sealed class LatestAsOfTests
{
    private static readonly TaskDefinition s_daily = BundledTasks.AdmissionSevenDays;

    private static Patient Living(string id, string zone, Instant? known = null) =>
        new() { PatientId = id, CareTeamId = "north", TimeZone = zone, Known = known ?? MadeUpFeed.Begin };

    private static ReferenceData Roster(params string[] zones) => new() { Patients = [.. zones.Select((z, i) => Living($"p{i}", z))] };

    [Theory]
    [InlineData("Etc/UTC", "2025-06-04T15:30", "2025-06-04T00:00")]
    [InlineData("Etc/UTC", "2025-06-04T00:00", "2025-06-04T00:00")]
    [InlineData("Europe/London", "2025-06-04T22:59", "2025-06-03T23:00")]
    [InlineData("Europe/London", "2025-06-04T23:00", "2025-06-04T23:00")]
    [InlineData("America/New_York", "2025-06-04T03:59", "2025-06-03T04:00")]
    // The clocks went forward at 01:00 UTC: the day began in winter time and has 23 hours.
    [InlineData("Europe/London", "2025-03-30T22:59", "2025-03-30T00:00")]
    [InlineData("Europe/London", "2025-03-30T23:00", "2025-03-30T23:00")]
    // They went back: 25 hours.
    [InlineData("Europe/London", "2025-10-26T23:59", "2025-10-25T23:00")]
    // In Beirut they go forward at midnight: that day begins at 01:00, which is 22:00 UTC.
    [InlineData("Asia/Beirut", "2025-03-30T12:00", "2025-03-29T22:00")]
    public void On_a_daily_grid_it_is_the_last_local_midnight(string zone, string watermark, string expected) =>
        Assert.Equal(At(expected), DailyRiskRun.LatestAsOf(s_daily, Roster(zone), At(watermark)));

    [Fact]
    public void The_zone_is_the_one_most_patients_live_in()
    {
        var watermark = At("2025-06-04T15:30");
        Assert.Equal(At("2025-06-03T23:00"), DailyRiskRun.LatestAsOf(s_daily, Roster("Etc/UTC", "Europe/London", "Europe/London"), watermark));
        Assert.Equal(At("2025-06-03T22:00"), DailyRiskRun.LatestAsOf(s_daily, Roster("Europe/London", "Europe/Berlin"), watermark));
    }

    [Fact]
    public void A_patient_counts_once_where_the_roster_last_put_them_by_then()
    {
        var later = MadeUpFeed.Begin + Duration.FromDays(1);
        ReferenceData roster = new()
        {
            Patients =
            [
                Living("moved", "Asia/Kolkata"), Living("moved", "Asia/Kolkata", later), Living("moved", "Asia/Kolkata", later), Living("moved", "Europe/London", later),
                Living("b", "Europe/London"),
                Living("not-known-yet", "Asia/Kolkata", At("2025-07-01T00:00")), Living("nor-this-one", "Asia/Kolkata", At("2025-07-01T00:00")),
                Living("nor-that-one", "Asia/Kolkata", At("2025-07-01T00:00")),
            ],
        };
        Assert.Equal(At("2025-06-03T23:00"), DailyRiskRun.LatestAsOf(s_daily, roster, At("2025-06-04T15:30")));
    }

    [Fact]
    public void A_zone_that_does_not_exist_stands_for_utc() =>
        Assert.Equal(At("2025-06-04T00:00"), DailyRiskRun.LatestAsOf(s_daily, Roster("Mars/Olympus_Mons"), At("2025-06-04T15:30")));

    [Fact]
    public void Once_a_stay_and_without_patients_it_is_the_watermark()
    {
        var watermark = At("2025-06-04T15:30");
        Assert.Equal(watermark, DailyRiskRun.LatestAsOf(BundledTasks.InHospitalDeath, Roster("Europe/London"), watermark));
        Assert.Equal(watermark, DailyRiskRun.LatestAsOf(s_daily, new ReferenceData(), watermark));
    }

    private static Instant At(string text) => NodaTime.Text.InstantPattern.ExtendedIso.Parse(text + ":00Z").Value;
}
