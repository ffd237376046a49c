using NodaTime;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Risk.Tests;

/// <summary>One patient, by days since the first: what was said of them, and a task to ask about them.</summary>
internal static class PatientP
{
    internal static readonly TaskDefinition Daily = new()
    {
        Name = "test",
        Title = "Test",
        OutcomeKinds = ["hospital-admission"],
        Grid = AsOfGrid.DailyLocalMidnight,
        Population = new() { Setting = CareSetting.Home },
        Horizon = Horizon.LocalDays(2),
        ReportingDelay = Duration.FromDays(1),
        MinimumUnderMonitoring = Duration.FromDays(2),
        FeatureSet = "none",
        Baselines = [BaselineRules.News2],
    };

    private static readonly Instant s_day0 = Instant.FromUtc(2025, 1, 1, 0, 0);

    internal static Instant Day(double day) => s_day0 + Duration.FromDays(day);

    internal static IEnumerable<Instant> Days(params int[] days) => days.Select(d => Day(d));

    internal static CensusEvent Enrolled(Instant at) => Event(CensusKind.Enrolled, at);

    internal static CensusEvent Event(CensusKind kind, Instant at) => new() { PatientId = "p", Kind = kind, Effective = at, Known = at };

    internal static Outcome Admission(Instant at, Instant known) => new() { PatientId = "p", Kind = "hospital-admission", Effective = at, Known = known };

    internal static Patient Roster(string id, string zone) => new() { PatientId = id, CareTeamId = "t", TimeZone = zone, Known = Instant.MinValue };

    internal static ReferenceData Home(CensusEvent[] census, Outcome[]? outcomes = null, string zone = "Etc/UTC") =>
        new() { Patients = [Roster("p", zone)], Census = census, Outcomes = outcomes ?? [] };

    internal static (int Patients, int Rows) Fell(Cohort cohort, string step)
    {
        var found = cohort.Flow.Single(s => s.Step == step);
        return (found.Patients, found.Rows);
    }

    internal static IEnumerable<Instant> AsOfs(Cohort cohort) => cohort.Rows.Select(r => r.AsOf);

    internal static IEnumerable<Instant> Positive(Cohort cohort) => cohort.Rows.Where(r => r.Label).Select(r => r.AsOf);
}
