using NodaTime;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Telemetry.Reference;
using static RemoteMonitoring.Risk.Tests.PatientP;

namespace RemoteMonitoring.Risk.Tests;

/// <summary>What a task can ask for beyond outcomes within days at home.</summary>
public sealed class CohortFormsTests
{
    private static readonly TaskDefinition s_sepsis = BundledTasks.Named("sepsis-hourly");

    [Fact]
    public void An_hourly_grid_has_the_first_and_the_last_instant_of_the_stay()
    {
        var cohort = Cohort.Build(s_sepsis, Home([Enrolled(Hour(0)), Event(CensusKind.Discharged, Hour(5))]), Hour(50));
        Assert.Equal(Hours(0, 1, 2, 3, 4, 5), AsOfs(cohort));
        var ragged = Cohort.Build(s_sepsis, Home([Enrolled(Hour(0.25)), Event(CensusKind.Withdrawn, Hour(2.5))]), Hour(50));
        Assert.Equal([Hour(0.25), Hour(1.25), Hour(2.25)], AsOfs(ragged));
        Assert.Equal(Hours(3), Cohort.Scoreable(s_sepsis, Home([Enrolled(Hour(0))]), Hour(3)).Rows.Select(r => r.AsOf));
    }

    [Fact]
    public void Of_a_stay_that_lasts_nobody_knows_yet_what_has_been_going_on()
    {
        // Said at the end of the stay, as records that are labelled afterwards do.
        CensusEvent[] census = [Enrolled(Hour(0)), Event(CensusKind.Discharged, Hour(5)) with { Known = Hour(6) }];
        Outcome[] outcomes = [Of("sepsis-window", Hour(2)) with { Known = Hour(6) }];
        var lasting = Cohort.Build(s_sepsis, Home(census, outcomes), Hour(5.5));
        Assert.Empty(lasting.Rows);
        Assert.Equal((1, 6), Fell(lasting, CohortFlowSteps.WindowOpen));
        var over = Cohort.Build(s_sepsis, Home(census, outcomes), Hour(6));
        Assert.Equal(Hours(0, 1, 2, 3, 4, 5), AsOfs(over));
        Assert.Equal(Hours(2, 3, 4, 5), Positive(over));
        Assert.All(over.Rows, row => Assert.Equal(Hour(6), row.LabelKnown));
        Assert.Empty(Cohort.Build(s_sepsis with { ReportingDelay = Duration.FromHours(24) }, Home(census, outcomes), Hour(28)).Rows);
    }

    [Fact]
    public void An_hourly_grid_begins_anew_with_the_next_stay()
    {
        var cohort = Cohort.Build(
            s_sepsis, Home([Enrolled(Hour(0)), Event(CensusKind.Discharged, Hour(1)), Enrolled(Hour(3.5)), Event(CensusKind.Died, Hour(5))]), Hour(50));
        Assert.Equal([Hour(0), Hour(1), Hour(3.5), Hour(4.5)], AsOfs(cohort));
    }

    [Fact]
    public void What_is_ongoing_holds_from_the_first_outcome_to_the_end_of_the_stay_and_not_into_the_next()
    {
        var reference = Home(
            [Enrolled(Hour(0)), Event(CensusKind.Discharged, Hour(4)), Enrolled(Hour(10)), Event(CensusKind.Discharged, Hour(12))],
            [Of("sepsis-window", Hour(2)), Of("sepsis-window", Hour(3.5))]);
        var cohort = Cohort.Build(s_sepsis, reference, Hour(50));
        Assert.Equal(Hours(0, 1, 2, 3, 4, 10, 11, 12), AsOfs(cohort));
        Assert.Equal(Hours(2, 3, 4), Positive(cohort));
    }

    [Fact]
    public void An_outcome_at_enrolment_makes_the_first_row_positive() =>
        Assert.Equal(Hours(0, 1), Positive(Cohort.Build(s_sepsis, Home([Enrolled(Hour(0)), Event(CensusKind.Discharged, Hour(1))], [Of("sepsis-window", Hour(0))]), Hour(50))));

    [Fact]
    public void The_same_day_is_the_local_day_that_ends_at_as_of()
    {
        var task = Daily with { Horizon = Horizon.SameDay };
        var cohort = Cohort.Build(task, Home([Enrolled(Day(0))], [Admission(Day(5), Day(5)), Admission(Day(7.5), Day(7.5))]), Day(12));
        // Midnight itself still belongs to the day before.
        Assert.Equal(Days(5, 8), Positive(cohort));
        Assert.Equal(Day(7).InUtc().Date, cohort.Rows.Single(r => r.AsOf == Day(8)).Day);
        Assert.Equal(Day(9), cohort.Rows.Single(r => r.AsOf == Day(8)).LabelKnown);
    }

    [Fact]
    public void The_same_day_of_a_short_local_day_has_23_hours()
    {
        // London, 30 March 2025: clocks go forward at 01:00; the day began at 00:00 UTC and ends at 23:00 UTC.
        var task = Daily with { Horizon = Horizon.SameDay, MinimumUnderMonitoring = Duration.Zero, ReportingDelay = Duration.Zero };
        var outcome = Instant.FromUtc(2025, 3, 30, 0, 0) + Duration.FromMinutes(1);
        var cohort = Cohort.Build(task, Home([Enrolled(Instant.FromUtc(2025, 3, 28, 12, 0))], [Admission(outcome, outcome)], "Europe/London"), Instant.FromUtc(2025, 4, 1, 23, 0));
        Assert.Equal(Instant.FromUtc(2025, 3, 30, 23, 0), Assert.Single(Positive(cohort)));
    }

    [Fact]
    public void The_own_history_of_a_detection_ends_where_the_detected_day_begins()
    {
        var reference = Home([Enrolled(Day(0))], [Admission(Day(4.5), Day(4.5)), Admission(Day(7.5), Day(7.5))]);
        var row = Cohort.Build(Daily with { Horizon = Horizon.SameDay }, reference, Day(12)).Rows.Single(r => r.AsOf == Day(8));
        Assert.Equal((true, 1), (row.Label, row.PriorOutcomes7Days));
    }

    [Fact]
    public void Where_nobody_looked_there_is_no_label()
    {
        var task = Daily with { Horizon = Horizon.LocalDays(1), ReportingDelay = Duration.Zero, ObservedBy = ["glucose-measured"] };
        Outcome[] outcomes = [Of("glucose-measured", Day(3.5)), Admission(Day(5.5), Day(5.5)), Of("elsewhere", Day(6.5))];
        var cohort = Cohort.Build(task, Home([Enrolled(Day(0))], outcomes), Day(8));
        Assert.Equal(Days(3, 5), AsOfs(cohort));
        Assert.Equal(Days(5), Positive(cohort));
        Assert.Equal((1, 4), Fell(cohort, CohortFlowSteps.NotObserved));
        // A sign that somebody looked is none of the patient's own outcomes.
        Assert.Equal(0, cohort.Rows[1].PriorOutcomes7Days);
    }

    [Theory]
    [InlineData(DeathBeforeEvent.Negative, CohortFlowSteps.DiedInWindow, 4, 0)]
    [InlineData(DeathBeforeEvent.Censored, CohortFlowSteps.CensoredByDeath, 2, 0)]
    [InlineData(DeathBeforeEvent.Positive, CohortFlowSteps.DiedAsOutcome, 4, 2)]
    public void Death_before_the_event_counts_as_the_task_has_it(DeathBeforeEvent how, string step, int rows, int positive)
    {
        var death = Event(CensusKind.Died, Day(5.5)) with { Known = Day(9.5) };
        var cohort = Cohort.Build(Daily with { DeathBeforeEvent = how }, Home([Enrolled(Day(0)), death]), Day(12));
        Assert.Equal((rows, positive), (cohort.Rows.Count, Positive(cohort).Count()));
        Assert.Equal((1, 2), Fell(cohort, step));
        Assert.All(cohort.Rows.Where(r => r.Label), r => Assert.Equal(Day(9.5), r.LabelKnown));
    }

    [Theory]
    [InlineData(DeathBeforeEvent.Negative, false)]
    [InlineData(DeathBeforeEvent.Positive, true)]
    [InlineData(DeathBeforeEvent.Censored, null)]
    public void Death_that_ends_a_stay_counts_so_too(DeathBeforeEvent how, bool? label)
    {
        var task = BundledTasks.InHospitalDeath with { OutcomeKinds = ["septic-shock"], DeathBeforeEvent = how };
        var cohort = Cohort.Build(task, Home([Enrolled(Day(0)), Event(CensusKind.Died, Day(9))]), Day(60));
        Assert.Equal(label, cohort.Rows.SingleOrDefault()?.Label);
    }

    [Fact]
    public void What_comes_after_the_patient_left_is_no_outcome_of_the_task()
    {
        var left = Cohort.Build(Daily, Home([Enrolled(Day(0)), Event(CensusKind.Withdrawn, Day(6.2))], [Admission(Day(6.4), Day(6.4))]), Day(12));
        Assert.Empty(Positive(left));
        Assert.Equal((1, 2), Fell(left, CohortFlowSteps.LeftInWindow));
    }

    [Fact]
    public void A_patient_whose_devices_have_all_come_back_is_at_risk_no_more()
    {
        DeviceAssignment Cuff(string id, double from, double? to, double known) =>
            new() { DeviceId = id, PatientId = "p", From = Day(from), To = to is { } t ? Day(t) : null, Known = Day(known) };
        ReferenceData With(params DeviceAssignment[] devices) => Home([Enrolled(Day(0))]) with { Assignments = devices };
        var kept = Cohort.Build(Daily, With(Cuff("a", 0, null, 0), Cuff("b", 0, 4, 4)), Day(12));
        Assert.Equal(Days(2, 3, 4, 5, 6, 7, 8, 9), AsOfs(kept));
        var back = Cohort.Build(Daily, With(Cuff("a", 0, null, 0), Cuff("a", 0, 6.5, 7.5)), Day(12));
        // Day 7 was a member, since nobody knew yet; days 5 and 6 lose their label, for nobody saw what followed.
        Assert.Equal(Days(2, 3, 4), AsOfs(back));
        Assert.Equal((1, 2), Fell(back, CohortFlowSteps.LeftInWindow));
        Assert.Equal((1, 1), Fell(back, CohortFlowSteps.NotAtRisk));
        Assert.Equal((1, 5), Fell(back, CohortFlowSteps.DevicesReturned));
        var again = Cohort.Build(Daily, With(Cuff("a", 0, 6.5, 6.5), Cuff("c", 8.5, null, 8.5)), Day(14));
        Assert.Equal(Days(2, 3, 4, 5, 6, 9, 10, 11), AsOfs(again));
        Assert.Equal((1, 2), Fell(again, CohortFlowSteps.DevicesReturned));
    }

    [Fact]
    public void A_hospital_stay_is_over_at_discharge_whatever_the_devices()
    {
        var device = new DeviceAssignment { DeviceId = "m", PatientId = "p", From = Day(0), To = Day(1), Known = Day(1) };
        var stay = Home([Enrolled(Day(0)), Event(CensusKind.Discharged, Day(7))]) with { Assignments = [device] };
        Assert.Single(Cohort.Build(BundledTasks.InHospitalDeath, stay, Day(60)).Rows);
        var brief = Home([Enrolled(Day(0)), Event(CensusKind.Discharged, Day(1.5))]);
        var cohort = Cohort.Build(BundledTasks.InHospitalDeath, brief, Day(60));
        Assert.Empty(cohort.Rows);
        Assert.Equal((1, 1), Fell(cohort, CohortFlowSteps.Withdrawn));
    }

    [Fact]
    public void A_population_is_told_by_the_roster_as_known_at_as_of()
    {
        var first = Roster("p", "Etc/UTC") with { Known = Day(0), Age = 63.99, Conditions = ["heart-failure"] };
        var reference = Home([Enrolled(Day(0))]) with { Patients = [first, first with { Known = Day(6.5), Age = 64, Conditions = ["copd"] }] };
        Cohort Of(Population population) => Cohort.Build(Daily with { Population = population }, reference, Day(12));
        Assert.Equal(Days(4, 5, 6, 7, 8, 9), AsOfs(Of(new() { Setting = CareSetting.Home, MinimumAge = 64 })));
        var failing = Of(new() { Setting = CareSetting.Home, Conditions = ["heart-failure", "stroke"] });
        Assert.Equal(Days(2, 3, 4, 5, 6), AsOfs(failing));
        Assert.Equal((1, 6), Fell(failing, CohortFlowSteps.OtherConditions));
        Assert.Equal(Days(7, 8, 9), AsOfs(Of(new() { Setting = CareSetting.Home, WithoutConditions = ["heart-failure"] })));
        var unknown = Cohort.Build(Daily with { Population = new() { Setting = CareSetting.Home, MinimumAge = 18 } }, Home([Enrolled(Day(0))]), Day(12));
        Assert.Empty(unknown.Rows);
        Assert.True(Fell(unknown, CohortFlowSteps.TooYoung).Rows > 0);
    }

    private static Instant Hour(double hour) => Day(hour / 24);

    private static IEnumerable<Instant> Hours(params int[] hours) => hours.Select(h => Hour(h));

    private static Outcome Of(string kind, Instant at) => new() { PatientId = "p", Kind = kind, Effective = at, Known = at };
}
