using System.Text;
using NodaTime;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Training;
using RemoteMonitoring.Risk.Trees;

namespace RemoteMonitoring.Risk.Tests.Elsewhere;

/// <summary>Trees over features named by another program, scored and explained as LightGBM itself does.</summary>
public sealed class TreesFromElsewhereTests
{
    // The features of the file stand in another order than those of the mapping.
    private const string Names = "feature_names=pulse gain oxygen";

    private const string Reordered = """
        { "name": "oxygen", "column": "spo2_mean_3d", "scale": 0.3, "offset": -28.2 },
        { "name": "pulse", "column": "heart_rate_last" },
        { "name": "gain", "column": "weight_gain_3d" }
        """;

    private static readonly string s_text = Trained();

    /// <summary>Three columns of which one tells, with holes, learned by LightGBM.</summary>
    private static string Trained()
    {
        var (cohort, table) = SyntheticCohort.Make(120, 8, 3, 0.3, row => double.IsNaN(row[2]) ? -1 : (3 * row[2]) - 1);
        var model = RiskModel.Train(LabelledRows.Join(cohort, table), SyntheticCohort.Start + Duration.FromDays(50), SyntheticCohort.Quick, null, null, CancellationToken.None);
        var lines = Encoding.UTF8.GetString(ModelFiles.Save(model)[0].Value).Split('\n');
        lines[Array.FindIndex(lines, l => l.StartsWith("feature_names=", StringComparison.Ordinal))] = Names;
        return string.Join('\n', lines);
    }

    private static RiskModel Of(string text, string features = Reordered) =>
        ElsewhereCase.Model(ModelKind.LightGbm, Encoding.UTF8.GetBytes(text), ElsewhereCase.Mapping(features, ""));

    [Fact]
    public void Scores_and_contributions_are_those_of_LightGBM_and_stand_by_our_columns()
    {
        var model = Of(s_text);
        var table = ElsewhereCase.Table(400, missing: 0.3);
        var (raw, explained) = (model.Score(table).Raw, model.Explain(table).ToArray());
        using var native = LightGbmLibrary.Load(s_text);
        for (var row = 0; row < table.Rows; row++)
        {
            float Of(string column) => (float)table.Values[table.IndexOf(column)][row];
            float[] values = [Of("heart_rate_last"), Of("weight_gain_3d"), (float)((Of("spo2_mean_3d") * 0.3) - 28.2)];
            Assert.Equal(LightGbmLibrary.Predict(native, values, 3, LightGbmLibrary.RawScore, 1)[0], raw[row], 1e-9);
            var theirs = LightGbmLibrary.Predict(native, values, 3, LightGbmLibrary.Contributions, 1);
            Assert.Equal(theirs[0], explained[row].Contributions[table.IndexOf("heart_rate_last")], 1e-6);
            Assert.Equal(theirs[1], explained[row].Contributions[table.IndexOf("weight_gain_3d")], 1e-6);
            Assert.Equal(theirs[2], explained[row].Contributions[table.IndexOf("spo2_mean_3d")], 1e-6);
            Assert.Equal(raw[row], explained[row].Base + explained[row].Contributions.Sum(), 1e-9);
        }

        Assert.True(model.GivesReasons);
        Assert.Contains(explained, e => e.Candidates is [{ Key: "spo2" }, ..]);
    }

    [Fact]
    public void The_sigmoid_of_its_objective_is_its_calibration()
    {
        Assert.Equal(1, Of(s_text).Document.Calibration.Slope);
        Assert.Equal(0.7, Of(s_text.Replace("sigmoid:1", "sigmoid:0.7", StringComparison.Ordinal)).Document.Calibration.Slope);
    }

    [Fact]
    public void What_does_not_fit_is_refused_in_one_line()
    {
        Refused("hello", Reordered, "not LightGBM's model text");
        Refused(s_text.Replace("objective=binary", "objective=regression", StringComparison.Ordinal), Reordered, "a risk needs binary or cross_entropy");
        Refused(s_text, """{ "name": "oxygen", "column": "spo2_mean_3d" }""", "its feature 'pulse' is missing from features.json");
        Refused(s_text, Reordered + """, { "name": "age", "column": "age" }""", "it has no feature 'age'");
        Refused(s_text[..(s_text.Length / 2)], Reordered, "breaks off");
    }

    [Theory]
    [InlineData("left_child", "")]
    [InlineData("right_child", "")]
    [InlineData("leaf_count", "")]
    [InlineData("internal_count", "")]
    [InlineData("internal_count", "1")]
    [InlineData("left_child", "999999 {0}")]
    [InlineData("right_child", "-999999 {0}")]
    [InlineData("left_child", "-2147483648 {0}")]
    [InlineData("decision_type", "2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2 2")]
    [InlineData("decision_type", "?")]
    public void Damaged_splits_are_refused_also_where_unknown_values_need_no_direction(string key, string value)
    {
        var lines = s_text.Split('\n');
        var at = Array.FindIndex(lines, l => l.StartsWith(key + "=", StringComparison.Ordinal));
        var rest = lines[at][(key.Length + 1)..];
        lines[at] = $"{key}={string.Format(System.Globalization.CultureInfo.InvariantCulture, value, rest[(rest.IndexOf(' ', StringComparison.Ordinal) + 1)..])}";
        Refused(string.Join('\n', lines), ElsewhereCase.Three, key == "decision_type" && value == "?" ? "stands where a number should" : "tree");
    }

    [Fact]
    public void A_tree_so_deep_that_a_walk_would_leave_the_stack_is_refused()
    {
        const int Splits = 200_000;
        string Line(string key, Func<int, object> value, int count = Splits) => $"{key}={string.Join(' ', Enumerable.Range(0, count).Select(value))}";
        var header = s_text[..s_text.IndexOf("Tree=0", StringComparison.Ordinal)];
        var chain = string.Join('\n',
            "Tree=0", $"num_leaves={Splits + 1}", "num_cat=0", Line("split_feature", _ => 0), Line("threshold", n => Splits - n), Line("decision_type", _ => 10),
            Line("left_child", n => n + 1 < Splits ? n + 1 : ~n), Line("right_child", n => n + 1 < Splits ? ~n : ~(n + 1)), Line("leaf_value", _ => 0, Splits + 1),
            Line("leaf_count", _ => 1, Splits + 1), Line("internal_count", n => Splits + 1 - n), "is_linear=0", "", "end of trees", "");
        Refused(header + chain, Reordered, "more than 1000 deep");
    }

    [Fact]
    public void Splits_that_do_not_say_where_the_unknown_goes_need_a_value_for_missing_in_every_feature()
    {
        // As LightGBM writes a feature that had no missing value: missing type 0.
        var text = string.Join('\n', s_text.Split('\n').Select(line => line.StartsWith("decision_type=", StringComparison.Ordinal)
            ? "decision_type=" + string.Join(' ', line["decision_type=".Length..].Split(' ').Select(_ => "2"))
            : line));
        Refused(text, Reordered, "give every feature a 'missing'");
        var model = Of(text, ElsewhereCase.Three);
        var table = ElsewhereCase.Table(200, missing: 0.3);
        using var native = LightGbmLibrary.Load(text);
        var raw = model.Score(table).Raw;
        for (var row = 0; row < table.Rows; row++)
        {
            var mapped = ElsewhereCase.Mapped(table, row);
            Assert.Equal(LightGbmLibrary.Predict(native, [(float)mapped[1], (float)mapped[2], (float)mapped[0]], 3, LightGbmLibrary.RawScore, 1)[0], raw[row], 1e-9);
        }
    }

    private static void Refused(string text, string features, string says)
    {
        var e = Assert.Throws<ModelException>(() => Of(text, features));
        Assert.Contains(says, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }
}
