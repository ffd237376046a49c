using NodaTime;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Risk.Training;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Risk.Tests;

/// <summary>Events of tasks whose window lies behind as-of, from the reference log on.</summary>
public sealed class OwnEventTests
{
    private static readonly Instant s_start = Instant.FromUtc(2025, 3, 3, 0, 0);

    private static readonly TaskDefinition s_sameDay = BundledTasks.Named("tihm-agitation-day") with { MinimumUnderMonitoring = Duration.Zero, Windows = null };

    private static readonly TaskDefinition s_ongoing = BundledTasks.Named("sepsis-hourly");

    [Fact]
    public void A_perfect_detector_of_the_day_itself_catches_every_event_and_warns_of_none()
    {
        // Forty people over ten days; every fourth is agitated at noon of day 3, and at 15:00 and 18:00 of day 6.
        var rows = Perfect(s_sameDay, 40, 10, p => p % 4 == 0 ? [Day(3, 12), Day(6, 15), Day(6, 18)] : []);
        Assert.True(rows.LooksBack);
        Assert.Equal(20, rows.Label.Count(l => l));
        var clinical = ClinicalFigures.Of(rows, 5, 1);
        Assert.Equal((true, 20, 20), (clinical.LooksBack, clinical.Events, clinical.EventsInReach));
        var alerts = clinical.Lists[ListFigures.ModelAlerts];
        Assert.Equal(1, alerts[ListFigures.SensitivityPerEvent].Value);
        Assert.Equal(1, alerts[ListFigures.Ppv].Value);
        Assert.True(double.IsNaN(alerts[ListFigures.LeadTimeMedian].Value));
        // Both outcomes of day 6 are of the row that speaks for that day: its event is the first of them.
        Assert.Equal(Day(6, 15).ToUnixMicros(), rows.OwnEvent[Enumerable.Range(0, rows.Rows).Last(i => rows.Label[i])]);
    }

    [Fact]
    public void One_who_lists_the_day_after_an_event_has_not_caught_it()
    {
        var rows = Perfect(s_sameDay, 40, 10, p => p % 4 == 0 ? [Day(3, 12)] : []);
        for (var i = rows.Rows - 1; i > 0; i--)
        {
            rows.Alert[i] = rows.Label[i - 1];
        }

        Assert.Equal(0, ClinicalFigures.Of(rows, 5, 1).Lists[ListFigures.ModelAlerts][ListFigures.SensitivityPerEvent].Value);
    }

    [Fact]
    public void What_lasts_is_one_event_however_many_hours_and_an_alert_in_any_of_them_catches_it()
    {
        // Thirty stays of two days, fifteen of them with an onset ten hours in.
        var rows = Perfect(s_ongoing, 30, 2, p => p % 2 == 0 ? [s_start + Duration.FromHours(10)] : []);
        Assert.True(rows.Label.Count(l => l) > 15 * 20);
        // Only the last hour of each stay alerts.
        for (var i = 0; i < rows.Rows; i++)
        {
            rows.Alert[i] = rows.Label[i] && (i + 1 == rows.Rows || rows.PatientId[i + 1] != rows.PatientId[i]);
        }

        var clinical = ClinicalFigures.Of(rows, 5, 1);
        Assert.Equal((15, 15), (clinical.Events, clinical.EventsInReach));
        Assert.Equal(1, clinical.Lists[ListFigures.ModelAlerts][ListFigures.SensitivityPerEvent].Value);
        var women = Assert.Single(clinical.Subgroups, s => s.Dimension == SubgroupDimensions.Sex);
        Assert.Equal((15, null), (women.Events, women.Judged));
    }

    [Fact]
    public void The_worst_misses_of_a_day_are_days_and_say_when_the_event_was()
    {
        var rows = Perfect(s_sameDay, 40, 10, p => p % 4 == 0 ? [Day(3, 12)] : []);
        var missed = Array.IndexOf(rows.Label, true);
        rows.P[missed] = 0.02;
        var worst = ErrorReview.Of(rows, _ => new([], [])).Misses[0];
        Assert.Equal((rows.PatientId[missed], Day(3, 12).ToUnixMicros(), 0.02), (worst.PatientId, worst.Event, worst.P));
        Assert.True(worst.Event <= worst.AsOf);
    }

    [Fact]
    public void A_death_that_counts_as_the_outcome_is_one_event_of_all_the_instants_before_it()
    {
        var task = BundledTasks.AdmissionSevenDays with { MinimumUnderMonitoring = Duration.Zero, DeathBeforeEvent = DeathBeforeEvent.Positive, ReportingDelay = Duration.Zero };
        var died = Day(9, 8);
        var reference = Reference(task, 1, _ => []) is var all ? all with { Census = [.. all.Census, new CensusEvent { PatientId = "p000", Kind = CensusKind.Died, Effective = died, Known = died }] } : all;
        var positive = Cohort.Build(task, reference, Day(30, 0)).Rows.Where(r => r.Label).ToArray();
        Assert.True(positive.Length >= 7);
        Assert.All(positive, r => Assert.Equal(died, r.Outcome));
    }

    [Fact]
    public void Where_rows_name_no_event_a_patients_unbroken_run_of_positive_rows_is_one()
    {
        string[] patient = ["a", "a", "a", "a", "a", "b", "b"];
        long[] asOf = [0, 1, 2, 3, 4, 4, 5];
        bool[] label = [true, true, false, true, true, true, true];
        Assert.Equal([0, 0, -1, 1, 1, 2, 2], HeldOutEvents.Number(patient, asOf, label, null));
        long[] own = [UnixMicros.Open, UnixMicros.Open, UnixMicros.Open, 7, 9, 9, 9];
        var number = HeldOutEvents.Number(patient, asOf, label, own);
        Assert.Equal(4, HeldOutEvents.Count(number));
        Assert.Equal((number[0], number[5]), (number[1], number[6]));
    }

    private static Instant Day(int day, int hour) => s_start + Duration.FromHours((24 * day) + hour);

    /// <summary>The rows of a cohort, all held out, of a model that says what is so.</summary>
    private static HeldOutRows Perfect(TaskDefinition task, int patients, int days, Func<int, Instant[]> outcomes)
    {
        var reference = Reference(task, patients, outcomes);
        var census = reference.Census.Select(c => c with { Kind = CensusKind.Withdrawn, Effective = Day(days, 1), Known = Day(days, 1) });
        var cohort = Cohort.Build(task, reference with { Census = [.. reference.Census, .. census] }, Day(days + 2, 0));
        var data = LabelledRows.Join(cohort, SyntheticCohort.Table(
            [.. cohort.Rows.Select(r => r.PatientId)], [.. cohort.Rows.Select(r => r.AsOf.ToUnixMicros())], [[.. cohort.Rows.Select(r => r.Label ? 1.0 : 0)]]));
        var rows = Evaluator.Evaluate(
            data, cohort.Flow, SplitKind.NewPatients, SyntheticCohort.Quick with { Resamples = 2, Folds = 2 }, null, CancellationToken.None,
            RowContext.Of(task, reference, Day(days + 2, 0))).HeldOut;
        for (var i = 0; i < rows.Rows; i++)
        {
            (rows.P[i], rows.Alert[i]) = (rows.Label[i] ? 0.9 : 0.1, rows.Label[i]);
        }

        return rows;
    }

    private static ReferenceData Reference(TaskDefinition task, int patients, Func<int, Instant[]> outcomes)
    {
        string[] ids = [.. Enumerable.Range(0, patients).Select(p => $"p{p:D3}")];
        return new()
        {
            Patients = [.. ids.Select(id => new Patient { PatientId = id, CareTeamId = "team", Sex = "female", Known = s_start })],
            Census = [.. ids.Select(id => new CensusEvent { PatientId = id, Kind = CensusKind.Enrolled, Effective = s_start, Known = s_start })],
            Outcomes =
            [
                .. ids.SelectMany((id, p) => outcomes(p).Select(at => new Outcome
                {
                    PatientId = id, Kind = task.OutcomeKinds[0], Detail = task.OutcomeDetails.Count > 0 ? task.OutcomeDetails[0] : null, Effective = at, Known = at,
                })),
            ],
        };
    }
}
