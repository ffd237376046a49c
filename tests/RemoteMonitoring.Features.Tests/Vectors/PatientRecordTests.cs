using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Tests.Resolution;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Features.Tests.Vectors;

public sealed class PatientRecordTests
{
    private const long AsOf = History.AsOf;
    private const long Day = UnixMicros.PerDay;

    [Fact]
    public void A_prior_outcome_counts_only_once_it_is_known()
    {
        var reference = new ReferenceData { Patients = [OnRoster(0, age: 70)], Outcomes = [Admission(AsOf - (3 * Day), known: AsOf - Day)] };

        var before = Build(reference, AsOf, AsOf - Day - 1);
        Assert.Equal((0, 0), (before["prior_hospital_admission_7d"], before["prior_hospital_admission_90d"]));
        Assert.Equal(double.NaN, before["since_hospital_admission"]);

        var after = Build(reference, AsOf, AsOf - Day);
        Assert.Equal((0, 1, 1), (after["prior_hospital_admission_1d"], after["prior_hospital_admission_7d"], after["prior_hospital_admission_90d"]));
        Assert.Equal(3, after["since_hospital_admission"]);
        Assert.Equal(0, after["prior_clinical_alert_90d"]);
    }

    [Fact]
    public void Windows_of_prior_outcomes_are_open_where_they_begin_and_closed_at_as_of()
    {
        double CountAt(long time) => Build(new ReferenceData { Patients = [OnRoster(0, age: 70)], Outcomes = [Admission(time, known: 0)] }, AsOf, AsOf + Day)["prior_hospital_admission_7d"];

        Assert.Equal(0, CountAt(AsOf - (7 * Day)));
        Assert.Equal(1, CountAt(AsOf - (7 * Day) + 1));
        Assert.Equal(1, CountAt(AsOf));
        Assert.Equal(0, CountAt(AsOf + 1));
    }

    /// <summary>As-of is midnight of UTC, in which days begin and end here, so the day began 24 hours before.</summary>
    [Fact]
    public void A_history_that_ends_before_the_day_tells_nothing_of_the_day_or_of_what_was_heard_in_it()
    {
        Dictionary<string, double> With(long time, long known, string? detail = null) => Build(
            new ReferenceData { Patients = [OnRoster(0, age: 70)], Outcomes = [Admission(time, known) with { Kind = "clinical-alert", Detail = detail }] }, AsOf, AsOf + Day, FeatureSet.HomeDetection);

        Assert.Equal(0, AsOf % Day);
        Assert.Equal((1, 1), (With(AsOf - Day, AsOf - Day)["prior_clinical_alert_1d"], With(AsOf - Day, AsOf - Day)["since_clinical_alert"]));
        Assert.Equal((0, double.NaN), (With(AsOf - Day + 1, AsOf - Day + 1)["prior_clinical_alert_28d"], With(AsOf - Day + 1, AsOf - Day + 1)["since_clinical_alert"]));
        Assert.Equal((0, double.NaN), (With(AsOf - (2 * Day), AsOf - Day + 1)["prior_clinical_alert_28d"], With(AsOf - (2 * Day), AsOf - Day + 1)["since_clinical_alert"]));
        Assert.Equal((1, 0), (With(AsOf - (4 * Day) + 1, 0)["prior_clinical_alert_3d"], With(AsOf - (4 * Day), 0)["prior_clinical_alert_3d"]));
        Assert.Equal((1, 1), (With(AsOf - Day, 0, "agitation")["prior_clinical_alert_agitation_1d"], With(AsOf - Day, 0, "agitation")["prior_clinical_alert_1d"]));
        Assert.Equal((0, 1), (With(AsOf - Day, 0, "weight")["prior_clinical_alert_agitation_1d"], With(AsOf - Day, 0, "weight")["prior_clinical_alert_1d"]));
    }

    [Fact]
    public void The_roster_is_what_it_was_known_to_be()
    {
        var reference = new ReferenceData
        {
            Patients =
            [
                OnRoster(AsOf - (2 * Day), age: 70, "copd"),
                OnRoster(AsOf - Day, age: 71, "copd", "heart-failure"),
            ],
        };

        var unknown = Build(reference, AsOf, AsOf - (2 * Day) - 1);
        Assert.All(["age", "female", "condition_copd", "condition_diabetes", "prior_clinical_alert_7d"], name => Assert.Equal(double.NaN, unknown[name]));
        var first = Build(reference, AsOf, AsOf - (2 * Day));
        Assert.Equal((70, 1, 1, 0), (first["age"], first["female"], first["condition_copd"], first["condition_heart_failure"]));
        var second = Build(reference, AsOf, AsOf - Day);
        Assert.Equal((71, 1, 1, 0), (second["age"], second["condition_copd"], second["condition_heart_failure"], second["condition_diabetes"]));
    }

    [Fact]
    public void A_roster_line_known_later_does_not_turn_an_unknown_past_into_one_without_events()
    {
        var reference = new ReferenceData { Patients = [OnRoster(AsOf + Day, age: 70)], Outcomes = [Admission(AsOf - Day, known: AsOf - Day)] };

        Assert.Equal(Build(new ReferenceData(), AsOf, AsOf), Build(reference, AsOf, AsOf));
    }

    [Fact]
    public void Stay_times_go_by_the_last_enrolment_and_discharge_known_and_past()
    {
        CensusEvent Event(CensusKind kind, long effective, long known) => new() { PatientId = "p1", Kind = kind, Effective = Assigned.At(effective), Known = Assigned.At(known) };
        var reference = new ReferenceData
        {
            Patients = [OnRoster(0, age: 70)],
            Census =
            [
                Event(CensusKind.Enrolled, AsOf - (9 * Day), AsOf - (9 * Day)),
                Event(CensusKind.Admitted, AsOf - (4 * Day), AsOf - (4 * Day)),
                Event(CensusKind.Discharged, AsOf - (2 * Day), AsOf - Day),
                Event(CensusKind.Discharged, AsOf + Day, AsOf - Day), // foreseen, not past
            ],
        };

        Assert.Equal((9, double.NaN), (Build(reference, AsOf, AsOf - Day - 1)["since_enrolled"], Build(reference, AsOf, AsOf - Day - 1)["since_discharged"]));
        Assert.Equal((9, 2), (Build(reference, AsOf, AsOf - Day)["since_enrolled"], Build(reference, AsOf, AsOf)["since_discharged"]));
    }

    private static Patient OnRoster(long known, double age, params string[] conditions) =>
        new() { PatientId = "p1", CareTeamId = "t", Age = age, Sex = "female", Conditions = conditions, Known = Assigned.At(known) };

    private static Outcome Admission(long effective, long known) =>
        new() { PatientId = "p1", Kind = "hospital-admission", Effective = Assigned.At(effective), Known = Assigned.At(known) };

    private static Dictionary<string, double> Build(ReferenceData reference, long asOf, long knownBy, FeatureSet? set = null)
    {
        var table = new History([], reference).Build(set ?? FeatureSet.Home, new VectorKey("p1", asOf, knownBy));
        return table.Columns.Select((c, i) => (c.Name, table.Values[i][0])).ToDictionary();
    }
}
