using NodaTime;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Telemetry.Reference;
using static RemoteMonitoring.Risk.Tests.PatientP;

namespace RemoteMonitoring.Risk.Tests;

public sealed class CohortTests
{
    private static readonly TaskDefinition s_daily = PatientP.Daily;

    [Fact]
    public void Rows_begin_after_the_minimum_and_end_when_window_and_delay_reach_the_end_of_the_data()
    {
        var cohort = Cohort.Build(s_daily, Home([Enrolled(Day(0.5))]), Day(10));
        // 0.5 + 2 days of history: first midnight is day 3. Window 2 d and delay 1 d before day 10: last midnight is day 7.
        Assert.Equal(Days(3, 4, 5, 6, 7), cohort.Rows.Select(r => r.AsOf));
        Assert.All(cohort.Rows, r => Assert.False(r.Label));
        Assert.Equal(Day(7 + 3), cohort.Rows[^1].LabelKnown);
        Assert.Equal((1, 2), Fell(cohort, CohortFlowSteps.TooLittleHistory));
        Assert.Equal((1, 3), Fell(cohort, CohortFlowSteps.WindowOpen));
    }

    [Theory]
    [InlineData(5.0, new[] { 3, 4 }, "an event at as-of itself is past; one at the end of the window is inside")]
    [InlineData(5.1, new[] { 4, 5 }, "the window is (as-of, as-of + 2 d]")]
    public void Outcomes_count_in_the_window_that_is_open_at_as_of_and_closed_at_its_end(double at, int[] positive, string why)
    {
        var cohort = Cohort.Build(s_daily, Home([Enrolled(Day(0))], [Admission(Day(at), Day(at))]), Day(12));
        Assert.True(Days(positive).SequenceEqual(cohort.Rows.Where(r => r.Label).Select(r => r.AsOf)), why);
    }

    [Fact]
    public void An_outcome_known_after_the_end_of_the_data_does_not_exist_yet()
    {
        var late = Home([Enrolled(Day(0))], [Admission(Day(5.1), Day(11))]);
        Assert.DoesNotContain(Cohort.Build(s_daily, late, Day(10)).Rows, r => r.Label);
        Assert.Equal(Days(4, 5), Cohort.Build(s_daily, late, Day(11)).Rows.Where(r => r.Label).Select(r => r.AsOf));
    }

    [Fact]
    public void Positive_rows_wait_for_their_window_like_negative_ones()
    {
        var cohort = Cohort.Build(s_daily, Home([Enrolled(Day(0))], [Admission(Day(8.1), Day(8.1))]), Day(10));
        Assert.Equal(Days(7), cohort.Rows.Where(r => r.Label).Select(r => r.AsOf));
        Assert.DoesNotContain(cohort.Rows, r => r.AsOf == Day(8));
    }

    [Fact]
    public void A_patient_in_hospital_has_no_row_until_discharge()
    {
        var cohort = Cohort.Build(
            s_daily, Home([Enrolled(Day(0)), Event(CensusKind.Admitted, Day(4.5)), Event(CensusKind.Discharged, Day(6.5))]), Day(11));
        Assert.Equal(Days(2, 3, 4, 7, 8), cohort.Rows.Select(r => r.AsOf));
        Assert.Equal((1, 2), Fell(cohort, CohortFlowSteps.InHospital));
    }

    [Fact]
    public void Nobody_has_a_row_after_death_and_a_death_in_the_window_is_a_counted_negative()
    {
        var cohort = Cohort.Build(s_daily, Home([Enrolled(Day(0)), Event(CensusKind.Died, Day(5.5))]), Day(10));
        Assert.Equal(Days(2, 3, 4, 5), cohort.Rows.Select(r => r.AsOf));
        Assert.All(cohort.Rows, r => Assert.False(r.Label));
        Assert.Equal((1, 2), Fell(cohort, CohortFlowSteps.DiedInWindow));
        Assert.Equal((1, 5), Fell(cohort, CohortFlowSteps.Dead));
    }

    [Fact]
    public void A_patient_who_leaves_within_the_window_has_a_row_only_with_an_outcome()
    {
        var left = Event(CensusKind.Withdrawn, Day(6.5));
        var without = Cohort.Build(s_daily, Home([Enrolled(Day(0)), left]), Day(12));
        Assert.Equal(Days(2, 3, 4), without.Rows.Select(r => r.AsOf));
        Assert.Equal((1, 2), Fell(without, CohortFlowSteps.LeftInWindow));
        var with = Cohort.Build(s_daily, Home([Enrolled(Day(0)), left], [Admission(Day(6.4), Day(6.4))]), Day(12));
        Assert.Equal(Days(5, 6), with.Rows.Where(r => r.Label).Select(r => r.AsOf));
    }

    [Fact]
    public void A_second_enrolment_starts_the_history_again()
    {
        var cohort = Cohort.Build(
            s_daily, Home([Enrolled(Day(0)), Event(CensusKind.Withdrawn, Day(3.5)), Enrolled(Day(5.5))]), Day(12));
        Assert.Equal(Days(8, 9), cohort.Rows.Where(r => r.AsOf > Day(4)).Select(r => r.AsOf));
    }

    [Fact]
    public void Local_midnights_follow_the_clocks_and_a_local_day_may_have_23_hours()
    {
        // London, 30 March 2025: clocks go forward at 01:00.
        var task = s_daily with { Horizon = Horizon.LocalDays(1), MinimumUnderMonitoring = Duration.Zero, ReportingDelay = Duration.Zero };
        var enrolled = Instant.FromUtc(2025, 3, 28, 12, 0);
        var outcome = Instant.FromUtc(2025, 3, 30, 23, 30);
        var cohort = Cohort.Build(
            task, Home([Enrolled(enrolled)], [Admission(outcome, outcome)], "Europe/London"), Instant.FromUtc(2025, 4, 1, 23, 0));
        Assert.Equal(
            [
                Instant.FromUtc(2025, 3, 29, 0, 0), Instant.FromUtc(2025, 3, 30, 0, 0), Instant.FromUtc(2025, 3, 30, 23, 0),
                Instant.FromUtc(2025, 3, 31, 23, 0),
            ],
            cohort.Rows.Select(r => r.AsOf));
        // 23:30 UTC on the 30th is 00:30 on the 31st in London: it belongs to the day that began at 23:00 UTC.
        Assert.Equal(Instant.FromUtc(2025, 3, 30, 23, 0), Assert.Single(cohort.Rows, r => r.Label).AsOf);
    }

    [Fact]
    public void A_day_whose_midnight_does_not_exist_starts_at_its_first_instant()
    {
        // Santiago, 8 September 2024: 00:00 does not exist, the day starts at 01:00 (-03:00).
        var task = s_daily with { MinimumUnderMonitoring = Duration.Zero, ReportingDelay = Duration.Zero };
        var cohort = Cohort.Build(task, Home([Enrolled(Instant.FromUtc(2024, 9, 7, 12, 0))], zone: "America/Santiago"), Instant.FromUtc(2024, 9, 20, 0, 0));
        Assert.Equal(Instant.FromUtc(2024, 9, 8, 4, 0), cohort.Rows[0].AsOf);
    }

    [Fact]
    public void Prior_outcomes_count_only_what_was_known_at_as_of()
    {
        var cohort = Cohort.Build(
            s_daily, Home([Enrolled(Day(0))], [Admission(Day(3.5), Day(3.5)), Admission(Day(4.5), Day(6.5)), Admission(Day(12.5), Day(12.5))]), Day(20));
        var prior = cohort.Rows.ToDictionary(r => r.AsOf, r => (r.PriorOutcomes7Days, r.PriorOutcomes28Days));
        Assert.Equal((1, 1), prior[Day(4)]);
        Assert.Equal((1, 1), prior[Day(5)]);
        Assert.Equal((2, 2), prior[Day(7)]);
        Assert.Equal((1, 2), prior[Day(11)]);
        Assert.Equal((1, 3), prior[Day(13)]);
    }

    [Fact]
    public void Details_narrow_what_counts()
    {
        var task = s_daily with { OutcomeDetails = ["heart-failure"] };
        var fall = Admission(Day(5.5), Day(5.5)) with { Detail = "fall" };
        var failure = Admission(Day(5.5), Day(5.5)) with { Detail = "heart-failure" };
        Assert.DoesNotContain(Cohort.Build(task, Home([Enrolled(Day(0))], [fall]), Day(12)).Rows, r => r.Label);
        Assert.Contains(Cohort.Build(task, Home([Enrolled(Day(0))], [failure]), Day(12)).Rows, r => r.Label);
    }

    [Fact]
    public void Patients_without_census_and_census_without_roster_are_counted_not_scored()
    {
        var reference = Home([Enrolled(Day(0)), Enrolled(Day(0)) with { PatientId = "stranger" }]);
        reference = reference with { Patients = [.. reference.Patients, Roster("silent", "Etc/UTC")] };
        var cohort = Cohort.Build(s_daily, reference, Day(12));
        Assert.Equal((2, 0), Fell(cohort, CohortFlowSteps.OnRoster));
        Assert.Equal((1, 0), Fell(cohort, CohortFlowSteps.NoCensus));
        Assert.Equal((1, 0), Fell(cohort, CohortFlowSteps.NotOnRoster));
        Assert.All(cohort.Rows, r => Assert.Equal("p", r.PatientId));
    }

    [Fact]
    public void The_flow_accounts_for_every_instant_of_the_grid()
    {
        var reference = Home([
            Enrolled(Day(0)), Event(CensusKind.Admitted, Day(4.5)), Event(CensusKind.Discharged, Day(6.5)), Event(CensusKind.Withdrawn, Day(14.5))]);
        var cohort = Cohort.Build(s_daily, reference, Day(20));
        var fell = cohort.Flow.Where(s => !s.Kept).Sum(s => s.Rows);
        Assert.Equal(Fell(cohort, CohortFlowSteps.Candidates).Rows, fell + cohort.Rows.Count);
    }

    [Fact]
    public void A_hospital_stay_has_one_row_after_48_hours_and_its_end_decides()
    {
        var task = BundledTasks.InHospitalDeath;
        Cohort Stay(CensusEvent? end, params Outcome[] outcomes) =>
            Cohort.Build(task, Home([Enrolled(Day(0)), .. end is null ? [] : (CensusEvent[])[end]], outcomes), Day(60));
        var death = new Outcome { PatientId = "p", Kind = "in-hospital-death", Effective = Day(9), Known = Day(9) };
        var died = Assert.Single(Stay(Event(CensusKind.Died, Day(9)), death).Rows);
        Assert.Equal((Day(2), true), (died.AsOf, died.Label));
        Assert.False(Assert.Single(Stay(Event(CensusKind.Withdrawn, Day(7))).Rows).Label);
        Assert.False(Assert.Single(Stay(Event(CensusKind.Discharged, Day(7))).Rows).Label);
        Assert.Empty(Stay(null).Rows);
        Assert.Empty(Stay(Event(CensusKind.Withdrawn, Day(1.5))).Rows);
    }

    [Fact]
    public void Who_is_scoreable_depends_only_on_what_was_known_then()
    {
        var reference = Home([Enrolled(Day(0)), Event(CensusKind.Admitted, Day(4.5)) with { Known = Day(6) }]);
        Assert.Single(Cohort.Scoreable(s_daily, reference, Day(5)).Rows);
        Assert.Empty(Cohort.Scoreable(s_daily, reference, Day(6)).Rows);
        var flow = Cohort.Scoreable(s_daily, reference, Day(6)).Flow;
        Assert.Contains(flow, s => s.Step == CohortFlowSteps.InHospital && s.Patients == 1);
        Assert.Empty(Cohort.Scoreable(s_daily, reference, Day(1)).Rows);
    }

    [Theory]
    [InlineData(CensusKind.Admitted)]
    [InlineData(CensusKind.Withdrawn)]
    [InlineData(CensusKind.Died)]
    public void Scoring_stops_from_the_instant_of_an_admission_a_withdrawal_or_a_death_as_soon_as_it_is_known(CensusKind kind)
    {
        var reference = Home([Enrolled(Day(0)), Event(kind, Day(5)) with { Known = Day(6) }]);
        Assert.Single(Cohort.Scoreable(s_daily, reference, Day(5.9)).Rows); // it was not known yet
        Assert.Empty(Cohort.Scoreable(s_daily, reference, Day(6)).Rows);
    }

    [Fact]
    public void An_admission_that_was_taken_back_stops_nothing_from_then_on_and_teaches_nothing()
    {
        var admitted = Event(CensusKind.Admitted, Day(5));
        var reference = Home(
            [Enrolled(Day(0)), admitted, admitted with { Known = Day(6), TakenBack = true }],
            [Admission(Day(5), Day(5)), Admission(Day(5), Day(6)) with { TakenBack = true }]);
        Assert.Empty(Cohort.Scoreable(s_daily, reference, Day(5.5)).Rows);
        Assert.Single(Cohort.Scoreable(s_daily, reference, Day(6)).Rows);
        Assert.Contains(Cohort.Build(s_daily, reference, Day(12)).Rows, r => r.AsOf == Day(6));
        Assert.DoesNotContain(Cohort.Build(s_daily, reference, Day(12)).Rows, r => r.Label);
    }

    [Fact]
    public void The_hash_of_a_task_changes_with_anything_that_changes_rows_and_not_with_its_title()
    {
        Assert.Equal(s_daily.Hash, (s_daily with { Title = "Other words" }).Hash);
        Assert.NotEqual(s_daily.Hash, (s_daily with { Horizon = Horizon.Hours(48) }).Hash);
        Assert.NotEqual(s_daily.Hash, (s_daily with { ReportingDelay = Duration.Zero }).Hash);
        Assert.Equal(BundledTasks.All.Count, BundledTasks.All.Select(t => t.Hash).Distinct().Count());
    }
}
