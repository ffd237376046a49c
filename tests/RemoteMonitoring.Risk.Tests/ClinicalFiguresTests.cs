using System.Text.Json;
using CsCheck;
using NodaTime;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Reporting;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Risk.Training;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Risk.Tests;

public sealed class ClinicalFiguresTests
{
    private const long Day = UnixMicros.PerDay;

    // Few distinct scores, so that ties are common.
    private static readonly Gen<(int Patient, int Score, bool Label, int Fold)[]> s_rows =
        Gen.Select(Gen.Int[0, 4], Gen.Int[0, 5], Gen.Bool, Gen.Int[0, 1]).Array[1, 60];

    [Fact]
    public void Within_a_patient_an_instant_is_compared_only_with_instants_of_the_same_patient_and_fold() => s_rows.Sample(made =>
    {
        var rows = Rows(made.Length, i => $"p{made[i].Patient}", _ => 0, i => made[i].Score / 10.0, i => made[i].Label, i => made[i].Fold);
        double right = 0, pairs = 0;
        foreach (var a in made.Where(r => r.Label))
        {
            foreach (var b in made.Where(r => !r.Label && r.Patient == a.Patient && r.Fold == a.Fold))
            {
                pairs++;
                right += a.Score > b.Score ? 1 : a.Score == b.Score ? 0.5 : 0;
            }
        }

        Same(pairs == 0 ? double.NaN : right / pairs, Of(rows).WithinPatientAuroc[MetricNames.Model].Value);
    });

    [Fact]
    public void A_list_is_the_highest_five_in_a_hundred_and_shares_ties_out()
    {
        // Forty rows of a day: two can be listed. One is at the top, four share the other place.
        double[] score = [0.9, .. Enumerable.Repeat(0.5, 4), .. Enumerable.Repeat(0.1, 35)];
        var rows = Rows(40, i => $"p{i}", _ => 0, i => score[i], i => i is 0 or 1);
        Assert.Equal(CapacityUnits.Day, CapacityLists.Of(rows).Unit);
        Assert.Equal([1, 0.25, 0.25, 0.25, 0.25, .. Enumerable.Repeat(0.0, 35)], CapacityLists.Of(rows).Listed(score));
        var list = Of(rows).Lists[MetricNames.Model];
        Same(1.25 / 2, list[ListFigures.Ppv].Value);
        Same(1.25 / 2, list[ListFigures.Sensitivity].Value);
        Same(2 / 1.25, list[ListFigures.NumberNeededToEvaluate].Value);
        Same(5, list[ListFigures.AlertsPerHundredPatientDays].Value);
    }

    [Fact]
    public void Each_team_has_a_list_of_its_own_each_day_however_high_the_risks_elsewhere()
    {
        // Two teams of twenty over two days: one row each is listed, though all of the second team's risks are lower.
        var rows = Rows(80, i => $"p{i % 40}", i => i / 40 * Day, i => (i % 40 < 20 ? 0.5 : 0.1) + (i % 20 / 1000.0), _ => false, team: i => i % 40 < 20 ? "north" : "south");
        var lists = CapacityLists.Of(rows);
        Assert.Equal(CapacityUnits.TeamAndDay, lists.Unit);
        var listed = lists.Listed(rows.P);
        Assert.Equal([19, 39, 59, 79], Enumerable.Range(0, 80).Where(i => listed[i] > 0));
        Assert.All(listed, l => Assert.True(l is 0 or 1));
    }

    [Fact]
    public void A_team_lists_as_many_as_it_says_it_can_call_and_of_a_part_of_its_patients_that_part()
    {
        // The north can call three of its ten, of whom five are held out; the south says eight and has six; nobody asked the east, with twenty.
        var rows = Rows(31, i => $"p{i}", _ => 0, i => (i + 1) / 100.0, i => i % 2 == 0, team: i => i < 5 ? "north" : i < 11 ? "south" : "east");
        for (var i = 0; i < 11; i++)
        {
            (rows.TeamCapacity[i], rows.TeamPatients[i]) = i < 5 ? (3, 10) : (8, 6);
        }

        var lists = CapacityLists.Of(rows);
        Assert.Equal([1.5, 6, 1], lists.Places);
        Assert.Equal([0, 0, 0, 0.5, 1, 1, 1, 1, 1, 1, 1, .. Enumerable.Repeat(0.0, 19), 1], lists.Listed(rows.P));
        var clinical = Of(rows);
        Same(11.0 / 31, clinical.CapacityStated);
        Same(850.0 / 31, clinical.CapacityPerHundred);
        Assert.Contains("5 in 100 of the instants of a team on a day where none is stated: 27.4 in 100 on the whole", ReportWords.Capacity(clinical), StringComparison.Ordinal);
    }

    [Fact]
    public void Of_a_capacity_that_was_stated_twice_each_instant_has_the_one_that_was_known_then()
    {
        var start = SyntheticCohort.Start;
        var context = RowContext.Of(
            SyntheticCohort.Task,
            new ReferenceData
            {
                Teams = [new() { CareTeamId = "north", Name = "North", Capacity = 3, Known = start }, new() { CareTeamId = "north", Name = "North", Capacity = 7, Known = start + Duration.FromDays(2) }],
                Patients = [new() { PatientId = "a", CareTeamId = "north", Known = start }, new() { PatientId = "b", CareTeamId = "south", Known = start }],
            },
            start + Duration.FromDays(9));
        double At(string patient, int days) => context.At(patient, (start + Duration.FromDays(days)).ToUnixMicros()).TeamCapacity;
        Assert.Equal((3, 7), (At("a", 1), At("a", 2)));
        Assert.True(double.IsNaN(At("a", -1)));
        Assert.True(double.IsNaN(At("b", 5)));
    }

    [Fact]
    public void Days_of_few_rows_make_no_lists_of_their_own()
    {
        var rows = Rows(60, i => $"p{i}", i => i * Day, i => i / 100.0, i => i == 59, fold: i => i % 2);
        Assert.Equal(CapacityUnits.Fold, CapacityLists.Of(rows).Unit);
        // Of each thirty the first and half of the second.
        Same(3, CapacityLists.Of(rows).Listed(rows.P).Sum());
    }

    [Fact]
    public void Midnights_of_one_date_are_one_day_wherever_the_patient_lives()
    {
        // Fifty midnights of one date and as many of the next: at +14, at Auckland's summer of +13, at −11 and elsewhere.
        string[] zones = ["Pacific/Kiritimati", "Pacific/Auckland", "Pacific/Pago_Pago", "Europe/London", "America/New_York"];
        var start = Instant.FromUtc(2025, 1, 5, 12, 0);
        string[] ids = [.. Enumerable.Range(0, 50).Select(i => $"p{i:D2}")];
        var reference = new ReferenceData
        {
            Patients = [.. ids.Select((id, i) => new Patient { PatientId = id, CareTeamId = "team", TimeZone = zones[i % 5], Known = start })],
            Census = [.. ids.Select(id => new CensusEvent { PatientId = id, Kind = CensusKind.Enrolled, Effective = start, Known = start })],
            Outcomes = [.. ids.Where((_, i) => i % 3 == 0).Select(id => new Outcome { PatientId = id, Kind = "clinical-alert", Effective = start + Duration.FromDays(2.5), Known = start + Duration.FromDays(2.5) })],
        };
        var cohort = Cohort.Build(SyntheticCohort.Task, reference, start + Duration.FromDays(14));
        LocalDate[] dates = [new(2025, 1, 8), new(2025, 1, 9)];
        var both = cohort.Only([.. cohort.Rows.Where(r => dates.Contains(r.Day))]);
        var data = LabelledRows.Join(both, SyntheticCohort.Table([.. both.Rows.Select(r => r.PatientId)], [.. both.Rows.Select(r => r.AsOf.ToUnixMicros())], [new double[both.Rows.Count]]));
        var rows = Evaluator.Evaluate(data, [], SplitKind.NewPatients, SyntheticCohort.Quick with { Resamples = 2 }, null, CancellationToken.None).HeldOut;
        Assert.Equal(100, rows.Rows);
        var lists = CapacityLists.Of(rows);
        Assert.Equal(CapacityUnits.Day, lists.Unit);
        Assert.Equal([50, 50], lists.List.CountBy(l => l).Select(l => l.Value));
        Assert.Equal(100, Of(rows).PatientDays);
        // No instant tells the date: midnight of the 9th at Auckland is that of the 8th at Pago Pago.
        Assert.Equal(9, rows.AsOf.Distinct().Count());
    }

    [Fact]
    public void An_event_counts_as_warned_of_when_any_instant_of_the_seven_days_before_was_listed()
    {
        // One patient's events on days 10.5, 12.5 and 30.5; instants on days 0 … 11, listed on days 2 (too early) and 5, and half on day 9.
        var rows = Rows(12, _ => "a", i => i * Day, _ => 0.5, _ => false, next: i => i <= 10 ? (10 * Day) + (Day / 2) : (12 * Day) + (Day / 2));
        rows.NextEvent[11] = (12 * Day) + (Day / 2);
        var (patient, _) = rows.NumberPatients();
        var events = HeldOutEvents.Of(rows, patient);
        Assert.Equal(2, events.Count);
        Assert.Equal([4, 5, 6, 7, 8, 9, 10], events[0].Rows);
        Assert.Equal([6, 7, 8, 9, 10, 11], events[1].Rows);
        var listed = new double[12];
        (listed[2], listed[5], listed[9]) = (1, 0.5, 0.5);
        Same(0.75, HeldOutEvents.Caught(events[0], listed));
        Same(0.5, HeldOutEvents.Caught(events[1], listed));
        // Warned 5.5 days before with ½, 1.5 days with ¼; of the second event 3.5 days before with ½.
        var leads = HeldOutEvents.LeadTimes(events, rows, listed);
        Same(1.5, leads.Quantile(0.2, [1]));
        Same(3.5, leads.Quantile(0.5, [1]));
        Same(5.5, leads.Quantile(0.75, [1]));
        Assert.True(double.IsNaN(leads.Quantile(0.5, [0])));
    }

    [Fact]
    public void Events_out_of_reach_are_counted_and_weigh_on_no_sensitivity()
    {
        var rows = Rows(20, i => $"p{i}", _ => 0, i => i == 0 ? 0.9 : 0.1, i => i == 0, next: i => i == 0 ? 3 * Day : i == 1 ? 8 * Day : UnixMicros.Open);
        var clinical = Of(rows);
        Assert.Equal((2, 1), (clinical.Events, clinical.EventsInReach));
        Same(1, clinical.Lists[MetricNames.Model][ListFigures.SensitivityPerEvent].Value);
        Same(3, clinical.Lists[MetricNames.Model][ListFigures.LeadTimeMedian].Value);
    }

    [Fact]
    public void Net_benefit_is_that_of_the_formula_counted_row_by_row() => s_rows.Sample(made =>
    {
        var rows = Rows(made.Length, i => $"p{made[i].Patient}", _ => 0, i => made[i].Score / 10.0, i => made[i].Label, news2: i => made[i].Patient);
        foreach (var point in Of(rows).DecisionCurve)
        {
            var odds = point.Threshold / (1 - point.Threshold);
            double Benefit(Func<int, bool> call) => Enumerable.Range(0, rows.Rows).Sum(i => !call(i) ? 0 : rows.Label[i] ? 1 : -odds) / rows.Rows;
            Same(Benefit(i => rows.P[i] >= point.Threshold), point.Model.Value);
            Same(Benefit(_ => true), point.All.Value);
            var cuts = rows.News2Point.Distinct().Order().Skip(1).Select(cut => Benefit(i => rows.News2Point[i] >= cut)).ToArray();
            Same(cuts.Length == 0 ? double.NaN : cuts.Max(), point.Rule.Value);
            Same(point.Model.Value - Math.Max(0, point.All.Value), point.ModelOverAllOrNone.Value);
        }
    });

    [Fact]
    public void At_threshold_zero_calling_by_the_model_is_calling_everybody()
    {
        var curve = Of(MetricsTests.HeldOut(300, 30, 3)).DecisionCurve;
        Assert.Equal(0, curve[0].Threshold);
        Same(curve[0].All.Value, curve[0].Model.Value);
        Assert.Equal(curve.Select(p => p.Threshold).Order().Distinct(), curve.Select(p => p.Threshold));
    }

    [Fact]
    public void A_subgroup_of_fewer_than_twenty_events_is_not_judged()
    {
        // Each of the men has two instants before the same event: nineteen events, thirty-eight rows.
        var rows = Rows(
            200, i => $"p{i / 2}", i => i % 2 * Day, i => i / 1000.0, i => i < 38 || i is >= 100 and < 140, next: i => i < 38 || i is >= 100 and < 140 ? 3 * Day : UnixMicros.Open,
            sex: i => i < 100 ? "male" : "female");
        var groups = Of(rows).Subgroups;
        Assert.Equal([SubgroupDimensions.Sex, SubgroupDimensions.Sex], groups.Select(g => g.Dimension));
        Assert.Equal(new Subgroup(SubgroupDimensions.Sex, "male", 100, 50, 19), groups[1]);
        Assert.Equal(20, groups[0].Events);
        var judged = groups[0].Judged!;
        Same(40 / Enumerable.Range(100, 100).Sum(i => i / 1000.0), judged.ObservedExpected.Value);
        Same(new RankedScores([.. rows.P[100..]], rows.Label[100..], [.. Enumerable.Range(0, 100)], null).Compute([.. Enumerable.Repeat(1, 100)]).Auroc, judged.Auroc.Value);
    }

    [Fact]
    public void Subgroups_are_by_age_condition_device_and_contact_where_these_are_known()
    {
        var rows = Rows(
            60, i => $"p{i}", _ => 0, i => i / 100.0, _ => true, next: i => Day, age: i => i < 20 ? 64.9 : i < 40 ? 65 : 91,
            conditions: i => i < 30 ? "copd;heart-failure" : "", contacts: i => i % 2, devices: i => i < 10 ? "Cuff 2;Watch A" : i < 30 ? "Watch A" : "");
        var groups = Of(rows).Subgroups.Select(g => (g.Dimension, g.Name, g.Rows)).ToArray();
        Assert.Equal(
            [("age", "40–64", 20), ("age", "65–74", 20), ("age", "85 and over", 20), ("condition", "copd", 30), ("condition", "heart-failure", 30), ("condition", "none", 30),
                ("device-model", "Cuff 2", 10), ("device-model", "Watch A", 30), ("device-model", "none on record", 30), ("contact", "contacted", 30), ("contact", "uncontacted", 30)],
            groups);
    }

    [Fact]
    public void The_curves_have_the_area_that_the_figures_say()
    {
        var rows = MetricsTests.HeldOut(20_000, 400, 8);
        var auroc = Figures.Of(rows, 1, 1).Metrics[MetricNames.Model][MetricNames.Auroc].Value;
        var auprc = Figures.Of(rows, 1, 1).Metrics[MetricNames.Model][MetricNames.Auprc].Value;
        var clinical = Of(rows);
        static double Area(IReadOnlyList<double> y) => y.Zip(y.Skip(1)).Average(p => (p.First + p.Second) / 2);
        Assert.Equal(auroc, Area(clinical.Roc[0].Y), 0.002);
        Assert.Equal(auprc, Area([1, .. clinical.PrecisionRecall[0].Y.Skip(1)]), 0.005);
        Assert.True(double.IsNaN(clinical.PrecisionRecall[0].Y[0]));
        Assert.Equal(1, clinical.Roc[0].Y[^1]);
        var four = Rows(4, i => $"p{i}", _ => 0, _ => 0.5, i => i < 2);
        var tied = FoldCurves.Roc([1, 1, 1, 1], four);
        Assert.Equal((0, 0.5, 1), (tied[0], tied[25], tied[50]));
        Assert.Equal(1, FoldCurves.Roc([4, 3, 2, 1], four)[0]);
    }

    [Fact]
    public void Intervals_are_those_of_drawing_whole_patients_again_and_again()
    {
        var rows = Busy(400, 40, 21);
        const int Resamples = 60;
        var (patient, patients) = rows.NumberPatients();
        var listed = CapacityLists.Of(rows).Listed(rows.P);
        var events = HeldOutEvents.Of(rows, patient);
        var weight = new int[patients];
        List<double> ppv = [], perEvent = [], observed = [];
        var top = CalibrationSums.Tenths(rows).Last();
        for (var r = 0; r < Resamples; r++)
        {
            PatientBootstrap.Draw(weight, 9, r);
            var drawn = Enumerable.Range(0, rows.Rows).SelectMany(i => Enumerable.Repeat(i, weight[patient[i]])).ToArray();
            ppv.Add(drawn.Sum(i => rows.Label[i] ? listed[i] : 0) / drawn.Sum(i => listed[i]));
            var reached = events.Where(e => e.Rows.Length > 0).SelectMany(e => Enumerable.Repeat(e, weight[e.Patient])).ToArray();
            perEvent.Add(reached.Average(e => HeldOutEvents.Caught(e, listed)));
            var tenth = top.SelectMany(i => Enumerable.Repeat(i, weight[patient[i]])).ToArray();
            observed.Add(tenth.Average(i => rows.Label[i] ? 1.0 : 0));
        }

        var clinical = ClinicalFigures.Of(rows, Resamples, 9);
        Similar(PatientBootstrap.Interval(ppv[0], ppv), clinical.Lists[MetricNames.Model][ListFigures.Ppv]);
        Similar(PatientBootstrap.Interval(0, perEvent), clinical.Lists[MetricNames.Model][ListFigures.SensitivityPerEvent]);
        Similar(PatientBootstrap.Interval(0, observed), clinical.CalibrationObserved[^1]);

        static void Similar(Metric expected, Metric actual)
        {
            Same(expected.Low, actual.Low);
            Same(expected.High, actual.High);
            Assert.InRange(actual.Value, actual.Low, actual.High);
        }
    }

    [Fact]
    public void The_same_rows_give_the_same_bits_on_any_number_of_threads_and_a_scorer_differs_from_itself_by_nothing()
    {
        var rows = Busy(600, 50, 5);
        rows.P.CopyTo(rows.Logistic, 0);
        string Json(int threads) => Wrapped(ClinicalFigures.Of(rows, 100, 4, threads)).ToJson();
        Assert.Equal(Json(1), Json(2));
        Assert.Equal(Json(1), Json(7));
        var clinical = ClinicalFigures.Of(rows, 100, 4);
        Assert.All(clinical.ListDifferences[MetricNames.Logistic].Values, d => Assert.Equal(new Metric(0, 0, 0), d));
        Assert.Equal(new Metric(0, 0, 0), clinical.WithinPatientAurocDifferences[MetricNames.Logistic]);
    }

    [Fact]
    public void A_report_of_before_these_figures_is_read_and_one_of_a_newer_program_refused_by_its_version()
    {
        var before = (Wrapped(Of(Busy(40, 4, 1))) with { SchemaVersion = 1, Clinical = null }).ToJson();
        Assert.DoesNotContain("clinical", before, StringComparison.Ordinal);
        Assert.Null(EvaluationReport.FromJson(before).Clinical);
        var newer = before.Replace("\"schemaVersion\": 1", "\"schemaVersion\": 4, \"more\": 0", StringComparison.Ordinal);
        Assert.Contains("layout version 4", Assert.Throws<JsonException>(() => EvaluationReport.FromJson(newer)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_worst_misses_are_events_never_foreseen_and_false_alarms_are_patients()
    {
        // Patient a: risk .1, .8 before the event; b: .2, .05. c and d have none, c twice above d.
        string[] id = ["a", "a", "b", "b", "c", "c", "d"];
        double[] p = [0.1, 0.8, 0.2, 0.05, 0.9, 0.95, 0.7];
        var rows = Rows(7, i => id[i], i => i * Day, i => p[i], i => i < 4, next: i => i < 4 ? 5 * Day : UnixMicros.Open);
        var review = ErrorReview.Of(rows, _ => new([], []));
        Assert.Equal([("b", 0.2), ("a", 0.8)], review.Misses.Select(c => (c.PatientId, c.P)));
        Assert.Equal([("c", 0.95), ("d", 0.7)], review.FalseAlarms.Select(c => (c.PatientId, c.P)));
    }

    private static EvaluationReport Wrapped(ClinicalReport clinical) => new()
    {
        SchemaVersion = EvaluationReport.CurrentSchemaVersion,
        Task = "",
        TaskHash = "",
        FeatureSet = "",
        FeatureSetHash = "",
        Split = "",
        Rows = 0,
        Patients = 0,
        Events = 0,
        Resamples = 0,
        Seed = 0,
        Metrics = new Dictionary<string, IReadOnlyDictionary<string, Metric>>(),
        Differences = new Dictionary<string, IReadOnlyDictionary<string, Metric>>(),
        Calibration = [],
        Folds = [],
        Flow = [],
        Clinical = clinical,
    };

    private static ClinicalReport Of(HeldOutRows rows) => ClinicalFigures.Of(rows, 5, 1);

    /// <summary>Rows with events, teams, ages and all.</summary>
    internal static HeldOutRows Busy(int count, int patients, int seed)
    {
        var rows = MetricsTests.HeldOut(count, patients, seed);
        for (var i = 0; i < count; i++)
        {
            rows.AsOf[i] = i / patients * Day;
            rows.Day[i] = UnixMicros.ToInstant(rows.AsOf[i]).InUtc().Date;
            rows.NextEvent[i] = rows.OwnEvent[i] = rows.Label[i] ? rows.AsOf[i] + (Day / 3) : UnixMicros.Open;
            rows.Team[i] = i % patients < patients / 2 ? "north" : "south";
            rows.Age[i] = 30 + (i % patients);
            rows.Sex[i] = i % patients % 2 == 0 ? "female" : "male";
            rows.Conditions[i] = i % patients % 3 == 0 ? "copd" : "";
            rows.DeviceModels[i] = i % patients % 4 == 0 ? "Scale B;Watch A" : "Watch A";
            rows.Contacts7Days[i] = i % 5 == 0 ? 1 : 0;
        }

        return rows;
    }

    private static HeldOutRows Rows(
        int count, Func<int, string> patient, Func<int, long> asOf, Func<int, double> p, Func<int, bool> label, Func<int, int>? fold = null,
        Func<int, long>? next = null, Func<int, string>? team = null, Func<int, string>? sex = null, Func<int, double>? age = null,
        Func<int, string>? conditions = null, Func<int, double>? contacts = null, Func<int, double>? news2 = null, Func<int, long>? own = null, Func<int, string>? devices = null)
    {
        var rows = HeldOutRows.Empty(count);
        for (var i = 0; i < count; i++)
        {
            rows.PatientId[i] = patient(i);
            rows.AsOf[i] = asOf(i);
            rows.Day[i] = UnixMicros.ToInstant(rows.AsOf[i]).InUtc().Date;
            rows.P[i] = rows.Logistic[i] = p(i);
            rows.Raw[i] = Math.Log(p(i) / (1 - p(i)));
            rows.Label[i] = label(i);
            rows.Fold[i] = fold?.Invoke(i) ?? 0;
            rows.NextEvent[i] = next?.Invoke(i) ?? UnixMicros.Open;
            rows.OwnEvent[i] = own?.Invoke(i) ?? (rows.Label[i] ? rows.NextEvent[i] : UnixMicros.Open);
            rows.Team[i] = team?.Invoke(i) ?? "";
            rows.Sex[i] = sex?.Invoke(i) ?? "unknown";
            rows.Age[i] = age?.Invoke(i) ?? double.NaN;
            rows.Conditions[i] = conditions?.Invoke(i) ?? "";
            rows.DeviceModels[i] = devices?.Invoke(i) ?? "";
            rows.Contacts7Days[i] = contacts?.Invoke(i) ?? double.NaN;
            rows.News2Point[i] = news2?.Invoke(i) ?? 0;
        }

        return rows;
    }

    private static void Same(double expected, double actual)
    {
        if (!(double.IsNaN(expected) && double.IsNaN(actual)))
        {
            Assert.Equal(expected, actual, 1e-12);
        }
    }
}
