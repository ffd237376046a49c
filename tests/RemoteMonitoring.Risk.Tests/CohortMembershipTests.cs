using CsCheck;
using NodaTime;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Telemetry.Reference;
using static RemoteMonitoring.Risk.Tests.PatientP;

namespace RemoteMonitoring.Risk.Tests;

/// <summary>Who is a member at an instant is told by what was known then; only labels know better.</summary>
public sealed class CohortMembershipTests
{
    private const int End = 20;

    private static readonly string[] s_zones = ["Etc/UTC", "Europe/London", "Asia/Tokyo", "America/New_York"];

    private static readonly TaskDefinition[] s_tasks =
    [
        Daily with { Population = new() { Setting = CareSetting.Home, MinimumAge = 50, WithoutConditions = ["copd"] } },
        Daily with { Horizon = Horizon.SameDay, ObservedBy = ["seen"] },
        BundledTasks.Named("sepsis-hourly") with { OutcomeKinds = ["hospital-admission"] },
        BundledTasks.InHospitalDeath with { OutcomeKinds = ["hospital-admission"] },
    ];

    /// <summary>Records of one patient with random times, each known a random while after it happened, in hundredths of a day, no two at the same instant.</summary>
    private static readonly Gen<ReferenceData> s_reference =
        from drawn in Gen.Select(Gen.Int[0, 7], Gen.Int[0, End * 100], Gen.Int[0, 500], Gen.Int[0, 3], Gen.Bool).Array[1, 12]
        from enrolled in Gen.Int[0, 300]
        select Reference([(0, enrolled, 0, 0, false), .. drawn]);

    [Fact]
    public void An_enrolment_that_became_known_late_makes_no_member_before()
    {
        var cohort = Cohort.Build(Daily, Home([Enrolled(Day(0)) with { Known = Day(5.5) }]), Day(12));
        Assert.Equal(Days(6, 7, 8, 9), AsOfs(cohort));
        Assert.Equal((1, 5), Fell(cohort, CohortFlowSteps.NotEnrolled));
    }

    [Fact]
    public void A_roster_line_that_became_known_late_makes_no_member_before()
    {
        var reference = Home([Enrolled(Day(0))]) with { Patients = [Roster("p", "Etc/UTC") with { Known = Day(5.5) }] };
        Assert.Equal(Days(6, 7, 8, 9), AsOfs(Cohort.Build(Daily, reference, Day(12))));
    }

    [Fact]
    public void An_admission_that_was_heard_of_late_leaves_members_without_a_label_until_then()
    {
        var cohort = Cohort.Build(
            Daily, Home([Enrolled(Day(0)), Event(CensusKind.Admitted, Day(4.5)) with { Known = Day(6.5) }, Event(CensusKind.Discharged, Day(7.5)) with { Known = Day(8.5) }]), Day(14));
        // Days 5 and 6 would have been on a list; day 8 would not, though by then the patient was home.
        Assert.Equal((1, 2), Fell(cohort, CohortFlowSteps.NotAtRisk));
        Assert.Equal((1, 2), Fell(cohort, CohortFlowSteps.InHospital));
        Assert.Equal(Days(2, 3, 4, 9, 10, 11), AsOfs(cohort));
    }

    [Fact]
    public void An_admission_that_was_taken_back_later_still_made_no_member_while_it_held()
    {
        var admitted = Event(CensusKind.Admitted, Day(5));
        var cohort = Cohort.Build(Daily, Home([Enrolled(Day(0)), admitted, admitted with { Known = Day(6.5), TakenBack = true }]), Day(12));
        Assert.Equal(Days(2, 3, 4, 7, 8, 9), AsOfs(cohort));
    }

    [Fact]
    public void A_stay_that_went_on_between_a_departure_taken_back_and_another_stated_later_has_rows_then()
    {
        var left = Event(CensusKind.Withdrawn, Day(1));
        CensusEvent[] census =
        [
            Enrolled(Day(0)), left, left with { Known = Day(2), TakenBack = true },
            Event(CensusKind.Discharged, Day(1.5)) with { Known = Day(3) }, // of the time before it was known: over after all
        ];
        var asOfs = Members(BundledTasks.Named("sepsis-hourly"), Home(census)).Where(m => m.IsMember).Select(m => m.AsOf);
        Assert.Equal([.. Hours(0, 1), .. Hours(2, 3).SkipLast(1)], asOfs);

        static IEnumerable<Instant> Hours(int from, int to) => Enumerable.Range(24 * from, 24 * (to - from) + 1).Select(h => Day(h / 24.0));
    }

    [Fact]
    public void A_move_to_another_zone_changes_no_midnight_before_it_was_known()
    {
        var first = Roster("p", "Etc/UTC");
        var reference = Home([Enrolled(Day(0))]) with { Patients = [first, first with { TimeZone = "Asia/Tokyo", Known = Day(5.5) }] };
        var tokyo = Duration.FromHours(15); // 00:00 of the next day there
        Assert.Equal([Day(2), Day(3), Day(4), Day(5), Day(5) + tokyo, Day(6) + tokyo, Day(7) + tokyo, Day(8) + tokyo], AsOfs(Cohort.Build(Daily, reference, Day(12))));
    }

    [Fact]
    public void The_members_of_a_day_are_those_whom_a_list_made_then_names() => Gen.Select(s_reference, Gen.Int[0, 1]).Sample((reference, task) =>
    {
        foreach (var (asOf, isMember) in Members(s_tasks[task], reference))
        {
            Assert.Equal(isMember, Cohort.Scoreable(s_tasks[task], reference, asOf).Rows.Count == 1);
        }
    });

    [Fact]
    public void What_becomes_known_after_an_as_of_never_changes_who_was_a_member_then() =>
        Gen.Select(s_reference, Gen.Int[0, s_tasks.Length - 1], Gen.Int[0, End * 100]).Sample((reference, task, cut) =>
        {
            var until = Day(cut / 100.0);
            var less = reference with
            {
                Patients = [.. reference.Patients.Where(p => p.Known <= until)],
                Census = [.. reference.Census.Where(e => e.Known <= until)],
                Outcomes = [.. reference.Outcomes.Where(o => o.Known <= until)],
                Assignments = [.. reference.Assignments.Where(a => a.Known <= until)],
            };
            Instant[] Before(ReferenceData data) => [.. Members(s_tasks[task], data).Where(m => m.IsMember && m.AsOf <= until).Select(m => m.AsOf).Order()];
            Assert.Equal(Before(less), Before(reference));
        });

    [Fact]
    public void The_order_of_records_changes_nothing() => Gen.Select(s_reference, Gen.Int[0, s_tasks.Length - 1], Gen.Int[0, 99]).Sample((reference, task, seed) =>
    {
        T[] Shuffled<T>(IReadOnlyList<T> items)
        {
            T[] copy = [.. items];
            new Random(seed).Shuffle(copy);
            return copy;
        }

        var other = new ReferenceData
        {
            Patients = Shuffled(reference.Patients),
            Census = Shuffled(reference.Census),
            Outcomes = Shuffled(reference.Outcomes),
            Assignments = Shuffled(reference.Assignments),
        };
        var (one, two) = (Cohort.Build(s_tasks[task], reference, Day(End)), Cohort.Build(s_tasks[task], other, Day(End)));
        Assert.Equal(one.Rows, two.Rows);
        Assert.Equal(one.Flow, two.Flow);
    });

    [Fact]
    public void Every_instant_of_the_grid_is_a_row_or_falls_out_at_one_step() => Gen.Select(s_reference, Gen.Int[0, s_tasks.Length - 1]).Sample((reference, task) =>
    {
        var cohort = Cohort.Build(s_tasks[task], reference, Day(End));
        Assert.Equal(cohort.Flow.Single(s => s.Step == CohortFlowSteps.Candidates).Rows, cohort.Flow.Where(s => !s.Kept).Sum(s => s.Rows) + cohort.Rows.Count);
        Assert.Equal(cohort.Rows.Count, cohort.Rows.DistinctBy(r => r.AsOf).Count());
    });

    private static IEnumerable<(Instant AsOf, bool IsMember)> Members(TaskDefinition task, ReferenceData reference) =>
        from patient in KnownReference.At(task, reference, Day(End)).Patients
        from at in patient.Grid(Day(End))
        select (at.AsOf, patient.Exclusion(at, at.AsOf) is null);

    private static ReferenceData Reference((int What, int At, int Late, int Which, bool Odd)[] drawn)
    {
        var reference = new ReferenceData { Patients = [Roster("p", "Etc/UTC") with { Age = 70 }] };
        for (var i = 0; i < drawn.Length; i++)
        {
            var (what, at, late, which, odd) = drawn[i];
            // A microsecond each: of two records known at one instant the order of the log would decide.
            var (effective, known) = (Day(at / 100.0), Day((at + late) / 100.0) + Duration.FromMilliseconds(i + 1));
            reference = what switch
            {
                <= 4 when odd && reference.Census.Count > which => reference with
                {
                    Census = [.. reference.Census, reference.Census[which] with { Known = Instant.Max(known, reference.Census[which].Known) + Duration.FromMilliseconds(50), TakenBack = true }],
                },
                <= 4 => reference with { Census = [.. reference.Census, Event((CensusKind)what, effective) with { Known = known }] },
                5 => reference with { Outcomes = [.. reference.Outcomes, Admission(effective, known) with { Kind = odd ? "seen" : "hospital-admission" }] },
                6 => reference with { Patients = [.. reference.Patients, Roster("p", s_zones[which]) with { Known = known, Age = 40 + (which * 10), Conditions = odd ? ["copd"] : [] }] },
                _ => reference with { Assignments = [.. reference.Assignments, new() { DeviceId = $"d{which}", PatientId = "p", From = Day(0), To = odd ? effective : null, Known = known }] },
            };
        }

        return reference;
    }
}
