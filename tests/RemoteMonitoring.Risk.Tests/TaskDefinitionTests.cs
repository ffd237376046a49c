using System.Text;
using System.Text.Json.Nodes;
using NodaTime;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Risk.Training;

namespace RemoteMonitoring.Risk.Tests;

public sealed class TaskDefinitionTests
{
    public static TheoryData<string> Names => [.. BundledTasks.All.Select(t => t.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_task_that_is_written_and_read_again_is_the_same(string name)
    {
        var task = BundledTasks.Named(name);
        var again = TaskDefinition.Read(Encoding.UTF8.GetBytes(task.ToJson()), "again.json");
        Assert.Equal((task.Hash, task.EvaluationHash, task.Title), (again.Hash, again.EvaluationHash, again.Title));
        Assert.Equal(task.ToJson(), again.ToJson());
    }

    /// <summary>A changed hash separates stored models and scores from this version's: change it here on purpose or not at all.</summary>
    [Theory]
    [InlineData("admission-7d", "90047074cd526f83")]
    [InlineData("tihm-alert-next-day", "ddd6179838baec1b")]
    [InlineData("in-hospital-death-48h", "fec53b1b3fe4d13e")]
    [InlineData("sepsis-hourly", "a764c592f96a830b")]
    public void The_hash_is_the_one_that_stored_models_carry(string name, string hash) => Assert.Equal(hash, BundledTasks.Named(name).Hash[..16]);

    [Fact]
    public void The_bundled_tasks_say_what_they_are_known_for()
    {
        var agitation = BundledTasks.Named("tihm-agitation-day");
        Assert.Equal((HorizonUnit.SameDay, "agitation"), (agitation.Horizon.Unit, Assert.Single(agitation.OutcomeDetails)));
        Assert.Equal((new LocalDate(2019, 5, 26), 7, 5), (agitation.Windows!.First, agitation.Windows.Days, agitation.Windows.Count));
        Assert.Equal(new LocalDate(2019, 6, 29), agitation.Windows.First.PlusDays((agitation.Windows.Days * agitation.Windows.Count) - 1));
        // Known patients later and new patients later, wherever time goes on for a patient.
        Assert.All(
            BundledTasks.All.Where(t => t.Grid == AsOfGrid.DailyLocalMidnight && t.Windows is null),
            t => Assert.Equal(2, t.Splits.Intersect([SplitKind.KnownPatientsLater, SplitKind.NewPatientsLater]).Count()));
        var sepsis = BundledTasks.Named("sepsis-hourly");
        Assert.Equal((AsOfGrid.Hourly, HorizonUnit.Ongoing, CareSetting.Hospital), (sepsis.Grid, sepsis.Horizon.Unit, sepsis.Population.Setting));
        Assert.Equal(["glucose-measured"], BundledTasks.Named("glucose-below-54").ObservedBy);
        Assert.Equal(Horizon.LocalDays(30), BundledTasks.Named("admission-30d").Horizon);
        Assert.All(BundledTasks.All, t => Assert.StartsWith(t.Grid == AsOfGrid.DailyLocalMidnight ? "At the start" : t.Grid == AsOfGrid.Hourly ? "At each" : "Once", TaskMeaning.Of(t), StringComparison.Ordinal));
    }

    [Fact]
    public void Ablations_of_laboratory_orders_name_their_columns_and_no_vital_sign()
    {
        var sepsis = BundledTasks.Named("sepsis-hourly");
        var columns = FeatureSet.Named(sepsis.FeatureSet).Columns.Select(c => c.Name).ToArray();
        Assert.All(sepsis.Ablations.SelectMany(a => a.Without), pattern => Assert.Contains(columns, c => ColumnPattern.Matches(pattern, c)));
        Assert.Equal(
            ["diastolic_bp", "fio2", "heart_rate", "mean_bp", "respiratory_rate", "spo2", "systolic_bp", "temperature"],
            columns.Where(c => c.Contains("_count_", StringComparison.Ordinal) && !sepsis.Ablations[1].Without.Any(p => ColumnPattern.Matches(p, c)))
                .Select(c => c[..c.IndexOf("_count_", StringComparison.Ordinal)]).Distinct().Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("schemaVersion", "2", "schemaVersion 2: it is of a newer form; this version reads 1")]
    [InlineData("schemaVersion", "0", "schemaVersion 0: this version reads 1")]
    [InlineData("name", "\"Admission 7d\"", "name 'Admission 7d': lower-case letters")]
    [InlineData("title", "\"\"", "title: one line")]
    [InlineData("grid", "\"weekly\"", "grid: 'weekly' is none of daily-local-midnight, once-after-enrolment, hourly")]
    [InlineData("grid", "0", "grid: the value is none of")]
    [InlineData("grid", "\"once-after-enrolment\"", "afterEnrolment: the grid once-after-enrolment needs a time")]
    [InlineData("afterEnrolment", "\"48h\"", "afterEnrolment: goes with the grid once-after-enrolment only")]
    [InlineData("population", """{"setting":"car"}""", "population.setting: 'car' is none of home, hospital")]
    [InlineData("population", "{}", "population: JSON deserialization of a task was missing required properties including: 'setting'")]
    [InlineData("population", """{"setting":"home","minimumAge":-1}""", "population.minimumAge -1: years, 0 to 130")]
    [InlineData("population", """{"setting":"home","conditions":["copd"],"withoutConditions":["copd"]}""", "population.withoutConditions: 'copd' is asked for too")]
    [InlineData("horizon", """{"unit":"local-days","count":-7}""", "horizon.count -7: local days, 1 to 366")]
    [InlineData("horizon", """{"unit":"hours"}""", "horizon.count 0: hours, 1 to 8784")]
    [InlineData("minimumReadings", """{"readings":2,"within":"36h"}""", "minimumReadings.within 36h: a multiple of 1d, for 'home' puts readings together by the day")]
    [InlineData("horizon", """{"unit":"rest-of-stay","count":2}""", "horizon.count 2: only hours and local-days are counted")]
    [InlineData("horizon", """{"unit":"days","count":2}""", "horizon.unit: 'days' is none of hours, local-days, rest-of-stay, same-day, ongoing")]
    [InlineData("horizon", """{"unit":"hours","count":1e99}""", "horizon.count: the value is not of the kind that stands here")]
    [InlineData("reportingDelay", "\"-3d\"", "reportingDelay: '-3d' is no time: a whole number of hours or days, not negative")]
    [InlineData("reportingDelay", "\"99999999d\"", "reportingDelay: '99999999d' is no time")]
    [InlineData("minimumUnderMonitoring", "3", "minimumUnderMonitoring: the value is no time")]
    [InlineData("outcomeKinds", "[]", "outcomeKinds: one kind at least")]
    [InlineData("outcomeKinds", "[null]", "outcomeKinds '': lower-case letters")]
    [InlineData("outcomeKinds", "null", "outcomeKinds: null does not stand here")]
    [InlineData("outcomeKinds", """["visit-arranged"]""", "outcomeKinds: 'visit-arranged' is a thing staff did, and that is no outcome")]
    [InlineData("outcomeKinds", """["hospital-admission","call"]""", "outcomeKinds: 'call' is a thing staff did")]
    [InlineData("observedBy", """["snooze"]""", "observedBy: 'snooze' is a thing staff did")]
    [InlineData("deathBeforeEvent", "\"ignored\"", "deathBeforeEvent: 'ignored' is none of negative, censored, positive")]
    [InlineData("featureSet", "\"ward\"", "featureSet 'ward': there are 'home' and 'acute'")]
    [InlineData("baselines", """["sofa"]""", "baselines: 'sofa' is none of news2, trailing-7d, trailing-28d, qsofa, sirs, saps-i, weight-rule")]
    [InlineData("baselines", "[]", "baselines: one at least")]
    [InlineData("splits", "[]", "splits: one at least")]
    [InlineData("splits", """["random"]""", "splits[0]: 'random' is none of new-patients, known-patients-later, new-patients-later")]
    [InlineData("windows", """{"first":"2019-05-12","days":7,"count":5}""", "windows: goes with the split known-patients-later only")]
    [InlineData("windows", """{"first":"12.5.2019","days":7,"count":5}""", "windows.first: '12.5.2019' is no date like 2019-05-12")]
    [InlineData("ablations", """[{"name":"x","without":["Heart Rate"]}]""", "ablations[0].without 'Heart Rate': lower-case letters")]
    [InlineData("ablations", "[null]", "ablations[0]: null does not stand in this list")]
    [InlineData("ablations", """[{"name":"x","without":["heart_rate*","hart_rate*"]}]""", "ablations[0].without 'hart_rate*': no column of the feature set 'home' is called so")]
    [InlineData("ablations", """[{"name":"x","without":["*"]}]""", "ablations[0].without: leaves no column of the feature set 'home'")]
    [InlineData("alertWorth", "\"sepsis2019\"", "alertWorth: is told from all hours of a stay; it goes with the grid hourly")]
    [InlineData("alertWorth", "\"much\"", "alertWorth: 'much' is none of none, sepsis2019")]
    [InlineData("outcomes", "[]", "outcomes: The JSON property 'outcomes' is none of a task")]
    [InlineData("hash", "\"0\"", "hash: is worked out, and does not stand in a task's file")]
    public void Nonsense_is_refused_with_the_file_the_field_and_what_is_allowed(string field, string value, string said)
    {
        var task = JsonNode.Parse((BundledTasks.AdmissionSevenDays with { Splits = [SplitKind.NewPatientsLater] }).ToJson())!.AsObject();
        task[field] = JsonNode.Parse(value);
        var message = RefusalOf(task.ToJsonString());
        Assert.StartsWith("mine.json: not a task: ", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        Assert.Contains(said, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("name")]
    [InlineData("schemaVersion")]
    [InlineData("population")]
    [InlineData("grid")]
    [InlineData("horizon")]
    [InlineData("outcomeKinds")]
    [InlineData("reportingDelay")]
    [InlineData("deathBeforeEvent")]
    [InlineData("minimumUnderMonitoring")]
    [InlineData("featureSet")]
    [InlineData("baselines")]
    [InlineData("splits")]
    public void A_task_that_leaves_out_what_decides_is_refused(string field)
    {
        var task = JsonNode.Parse(BundledTasks.AdmissionSevenDays.ToJson())!.AsObject();
        task.Remove(field);
        Assert.Contains($"missing required properties including: '{field}'", RefusalOf(task.ToJsonString()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "line 1")]
    [InlineData("{", "line 1")]
    [InlineData("null", "a task is a JSON object, not null")]
    [InlineData("[]", "line 1")]
    [InlineData("{\"schemaVersion\":1,\"schemaVersion\":1}", "Duplicate property")]
    [InlineData("{\"schemaVersion\":9,\"what\":{}}", "newer form")]
    [InlineData("\u0000\u0001", "line 1")]
    public void What_is_no_task_at_all_is_refused_with_one_line(string text, string said)
    {
        var message = RefusalOf(text);
        Assert.DoesNotContain('\n', message);
        Assert.Contains(said, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Described_by_another_set_a_task_leaves_out_what_that_set_has_and_can_be_read_again()
    {
        var sepsis = BundledTasks.Named("sepsis-hourly") with { Baselines = ["news2"] };
        var other = sepsis.DescribedBy(FeatureSet.Named("acute"));
        Assert.Equal(sepsis.ToJson(), sepsis.DescribedBy(FeatureSet.Named("icu-hourly")).ToJson());
        Assert.True(other.Ablations.Count < sepsis.Ablations.Count);
        Assert.Equal(other.ToJson(), TaskDefinition.Read(Encoding.UTF8.GetBytes(other.ToJson()), "again.json").ToJson());
        Assert.Contains("no column of the feature set 'acute'", RefusalOf((sepsis with { FeatureSet = "acute" }).ToJson()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_window_that_ends_at_as_of_may_not_be_told_by_the_features()
    {
        var detection = BundledTasks.Named("tihm-agitation-day");
        Assert.Contains("featureSet 'home': it has the history of 'clinical-alert' up to as-of, which is the label", RefusalOf((detection with { FeatureSet = "home" }).ToJson()), StringComparison.Ordinal);
        Assert.Contains("deathBeforeEvent: a window that ends at as-of", RefusalOf((detection with { DeathBeforeEvent = DeathBeforeEvent.Positive }).ToJson()), StringComparison.Ordinal);
        Assert.Contains("horizon.unit same-day: goes with the grid daily-local-midnight only", RefusalOf((detection with { Grid = AsOfGrid.Hourly }).ToJson()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_history_that_ends_before_the_day_may_stand_beside_the_label_of_the_day_and_of_no_other_window()
    {
        var task = BundledTasks.Named("tihm-agitation-day");
        var history = new PriorOutcomes { Kinds = ["clinical-alert:agitation"], Days = [7] };
        FeatureSet With(PriorOutcomes prior) => FeatureSet.Of(FeatureSet.HomeDetection.Definition with { PriorOutcomes = prior });
        Assert.Empty(task.KindsTold(With(history with { Until = "day-before" })));
        Assert.Equal(["clinical-alert"], task.KindsTold(With(history)));
        Assert.Equal(["clinical-alert"], (task with { Horizon = Horizon.Ongoing }).KindsTold(With(history with { Until = "day-before" })));
    }

    [Fact]
    public void The_hash_changes_with_what_decides_rows_and_the_evaluation_hash_with_how_models_are_judged()
    {
        var task = BundledTasks.Named("tihm-agitation-day");
        TaskDefinition[] rows =
        [
            task,
            task with { Name = "other" },
            task with { Population = task.Population with { Setting = CareSetting.Hospital } },
            task with { Population = task.Population with { MinimumAge = 18 } },
            task with { Population = task.Population with { Conditions = ["copd"] } },
            task with { Population = task.Population with { WithoutConditions = ["copd"] } },
            task with { Grid = AsOfGrid.Hourly },
            task with { AfterEnrolment = Duration.FromHours(1) },
            task with { MinimumUnderMonitoring = Duration.FromHours(1) },
            task with { Horizon = Horizon.LocalDays(1) },
            task with { OutcomeKinds = ["fall"] },
            task with { OutcomeDetails = [] },
            task with { ObservedBy = ["seen"] },
            task with { ReportingDelay = Duration.Zero },
            task with { DeathBeforeEvent = DeathBeforeEvent.Censored },
            task with { FeatureSet = "acute" },
        ];
        Assert.Equal(rows.Length, rows.Select(t => t.Hash).Distinct().Count());
        TaskDefinition[] judged =
        [
            task,
            task with { Baselines = ["news2"] },
            task with { Splits = [SplitKind.KnownPatientsLater, SplitKind.NewPatients] },
            task with { Windows = task.Windows! with { Days = 6 } },
            task with { Windows = null },
            task with { Ablations = [new() { Name = "x", Without = ["steps*"] }] },
        ];
        Assert.Equal(judged.Length, judged.Select(t => t.EvaluationHash).Distinct().Count());
        Assert.Single(judged.Select(t => t.Hash).Distinct());
        Assert.Equal(task.Hash, (task with { OutcomeKinds = ["clinical-alert"], Title = "Other words" }).Hash);
    }

    private static string RefusalOf(string json) =>
        Assert.Throws<FormatException>(() => TaskDefinition.Read(Encoding.UTF8.GetBytes(json), "mine.json")).Message;
}
