using System.Text;
using NodaTime;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Risk.Training;

namespace RemoteMonitoring.Risk.Tests;

public sealed class RulesOfThumbTests
{
    [Theory]
    [InlineData(37, 80, 16, 40, 8, 0)]
    [InlineData(38, 90, 20, 32, 12, 0)]
    [InlineData(36, 90, 20, 32, 4, 0)]
    [InlineData(38.1, 80, 16, 40, 8, 1)]
    [InlineData(35.9, 80, 16, 40, 8, 1)]
    [InlineData(37, 91, 16, 40, 8, 1)]
    [InlineData(37, 80, 21, 40, 8, 1)]
    [InlineData(37, 80, 16, 31.9, 8, 1)]
    [InlineData(37, 80, 21, 31.9, 8, 1)]
    [InlineData(37, 80, 16, 40, 12.1, 1)]
    [InlineData(37, 80, 16, 40, 3.9, 1)]
    [InlineData(39, 120, 30, 25, 20, 4)]
    [InlineData(double.NaN, double.NaN, double.NaN, double.NaN, double.NaN, 0)]
    [InlineData(39, double.NaN, double.NaN, 25, double.NaN, 2)]
    public void SIRS_counts_the_criteria_met_at_each_edge(double temperature, double heartRate, double breaths, double paco2, double whiteCells, int criteria) =>
        Assert.Equal(criteria, RulesOfThumb.Sirs(temperature, heartRate, breaths, paco2, whiteCells));

    [Theory]
    [InlineData(2, 0)]
    [InlineData(2.1, 1)]
    [InlineData(-5, 0)]
    [InlineData(double.NaN, 0)]
    public void The_weight_rule_asks_for_more_than_two_kilograms(double gain, int says) => Assert.Equal(says, RulesOfThumb.WeightGain(gain));

    /// <summary>The published table, lowest band first: each band's lowest value, and its points.</summary>
    public static TheoryData<SapsInput, double[], int[]> PublishedBands { get; } = new()
    {
        { SapsInput.Age, [18, 46, 56, 66, 76], [0, 1, 2, 3, 4] },
        { SapsInput.HeartRate, [10, 40, 55, 70, 110, 140, 180], [4, 3, 2, 0, 2, 3, 4] },
        { SapsInput.SystolicPressure, [20, 55, 80, 150, 190], [4, 2, 0, 2, 4] },
        { SapsInput.Temperature, [25, 30, 32, 34, 36, 38.5, 39, 41], [4, 3, 2, 1, 0, 1, 3, 4] },
        { SapsInput.RespiratoryRate, [1, 6, 10, 12, 25, 35, 50], [4, 2, 1, 0, 1, 3, 4] },
        { SapsInput.Urine, [0, 0.2, 0.5, 0.7, 3.5, 5], [4, 3, 2, 0, 1, 2] },
        { SapsInput.Urea, [0.5, 3.5, 7.5, 29, 36, 55], [1, 0, 1, 2, 3, 4] },
        { SapsInput.Hematocrit, [5, 20, 30, 46, 50, 60], [4, 2, 0, 1, 2, 4] },
        { SapsInput.WhiteCells, [0.1, 1, 3, 15, 20, 40], [4, 2, 0, 1, 2, 4] },
        { SapsInput.Glucose, [0.5, 1.6, 2.8, 3.9, 14, 27.8, 44.5], [4, 3, 2, 0, 1, 3, 4] },
        { SapsInput.Potassium, [1, 2.5, 3, 3.5, 5.5, 6, 7], [4, 2, 1, 0, 1, 3, 4] },
        { SapsInput.Sodium, [90, 110, 120, 130, 151, 156, 161, 180], [4, 3, 2, 0, 1, 2, 3, 4] },
        { SapsInput.Bicarbonate, [2, 5, 10, 20, 30, 40], [4, 3, 1, 0, 1, 3] },
        { SapsInput.GlasgowComaScale, [3, 4, 7, 10, 13], [4, 3, 2, 1, 0] },
    };

    [Theory]
    [MemberData(nameof(PublishedBands))]
    public void SAPS_I_gives_the_published_points_on_both_sides_of_each_edge(SapsInput input, double[] from, int[] points)
    {
        Assert.Equal(0, RulesOfThumb.SapsI(input, double.NaN));
        for (var band = 0; band < from.Length; band++)
        {
            Assert.Equal(points[band], RulesOfThumb.SapsI(input, from[band]));
            Assert.Equal(points[band], RulesOfThumb.SapsI(input, (band + 1 < from.Length ? from[band + 1] : from[band] + 1) - 0.001));
        }
    }

    [Fact]
    public void SAPS_I_takes_the_worst_of_two_days_and_units_of_this_catalog()
    {
        Assert.Equal(0, SapsI());
        Assert.Equal(4 + 2, SapsI(("age", 80), ("heart_rate_min_48h", 60), ("heart_rate_max_48h", 100)));
        Assert.Equal(4, SapsI(("invasive_systolic_bp_min_48h", 50), ("noninvasive_systolic_bp_max_48h", 160)));
        Assert.Equal(3, SapsI(("respiratory_rate_min_48h", 14), ("respiratory_rate_max_48h", 40)));
        Assert.Equal(3, SapsI(("respiratory_rate_max_48h", 60), ("ventilation_count_48h", 2)));
        Assert.Equal(2, SapsI(("urine_mean_24h", 100), ("urine_count_24h", 6)));
        Assert.Equal(1, SapsI(("bun_max_48h", 22)));
        Assert.Equal(0, SapsI(("bun_max_48h", 20)));
        Assert.Equal(1, SapsI(("glucose_max_48h", 253), ("glucose_min_48h", 100)));
        Assert.Equal(4, SapsI(("gcs_min_48h", 3)));
    }

    [Fact]
    public void A_task_s_rules_are_scored_over_its_rows_in_its_order_and_one_whose_columns_are_missing_is_left_out()
    {
        var scores = RulesOfThumb.Of(Rows(FeatureSet.Named("icu-hourly"), [BaselineRules.Sirs, BaselineRules.News2, BaselineRules.SapsI, BaselineRules.Qsofa, BaselineRules.TrailingSevenDays], ("heart_rate_last", 100), ("qsofa_low", 2)), [0]);
        Assert.Equal([(MetricNames.Sirs, 1.0), (MetricNames.Qsofa, 2.0), (MetricNames.TrailingRate, 0.0)], scores.Select(s => (s.Name, Assert.Single(s.Score))));
    }

    [Theory]
    [InlineData("saps-i", "home", "'saps-i' is told from 'heart_rate_min_48h', which the feature set 'home' lacks")]
    [InlineData("weight-rule", "acute", "'weight-rule' is told from 'weight_gain_3d', which the feature set 'acute' lacks")]
    public void A_task_may_not_name_a_rule_that_its_feature_set_cannot_tell(string rule, string set, string says)
    {
        var text = (BundledTasks.InHospitalDeath with { Baselines = [rule], FeatureSet = set }).ToJson();
        Assert.EndsWith(says, Assert.Throws<FormatException>(() => TaskDefinition.Read(Encoding.UTF8.GetBytes(text), "mine.json")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sepsis-hourly", "home", "news2")]
    [InlineData("sepsis-hourly", "acute", "sirs,qsofa,news2")]
    [InlineData("admission-7d", "acute", "news2")]
    public void A_task_described_by_another_set_keeps_the_rules_that_set_can_tell_and_can_be_read_again(string task, string set, string rules)
    {
        var described = BundledTasks.Named(task).DescribedBy(FeatureSet.Named(set));
        Assert.Equal(rules, string.Join(',', TaskDefinition.Read(Encoding.UTF8.GetBytes(described.ToJson()), "task.json").Baselines));
    }

    private static double SapsI(params (string Column, double Value)[] known) =>
        Assert.Single(Assert.Single(RulesOfThumb.Of(Rows(FeatureSet.Named("acute"), [BaselineRules.SapsI], known), [0])).Score);

    /// <summary>One row, of which nothing but some columns is known.</summary>
    private static LabelledRows Rows(FeatureSet set, IReadOnlyList<string> baselines, params (string Column, double Value)[] known)
    {
        var asOf = Instant.FromUtc(2026, 1, 1, 0, 0);
        var table = FeatureTable.Empty(set, [new VectorKey("p", asOf.ToUnixTimeTicks() / 10, asOf.ToUnixTimeTicks() / 10)]);
        foreach (var column in table.Values)
        {
            Array.Fill(column, double.NaN);
        }

        foreach (var (column, value) in known)
        {
            table.Values[table.IndexOf(column)][0] = value;
        }

        var task = BundledTasks.InHospitalDeath with { FeatureSet = set.Name, Baselines = baselines };
        var row = new CohortRow("p", asOf, Label: false, asOf, 0, 0, new LocalDate(2026, 1, 1));
        return LabelledRows.Join(Cohort.Of(task, [row], []), table);
    }
}
