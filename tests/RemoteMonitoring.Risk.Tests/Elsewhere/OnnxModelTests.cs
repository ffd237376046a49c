using System.Text;
using RemoteMonitoring.Risk.Scoring;

namespace RemoteMonitoring.Risk.Tests.Elsewhere;

public sealed class OnnxModelTests
{
    private static readonly float[] s_weights = [-3, 0.02f, 0.6f];

    private static double LogOddsOf(double[] row) => (row[0] * s_weights[0]) + (row[1] * s_weights[1]) + (row[2] * s_weights[2]) - 2;

    [Theory]
    [InlineData(false, null)]
    [InlineData(true, null)]
    [InlineData(false, 1L)] // a file whose rows are fixed to one is run row by row
    public void A_logistic_regression_scores_as_its_weights_say_whatever_is_missing(bool twoClasses, long? fixedRows)
    {
        var mapping = ElsewhereCase.Mapping(output: twoClasses ? """, "output": { "name": "p", "as": "two-classes" }""" : """, "output": { "as": "probability" }""");
        var model = ElsewhereCase.Model(ModelKind.Onnx, OnnxBytes.Logistic(s_weights, -2, twoClasses, fixedRows: fixedRows), mapping);
        var table = ElsewhereCase.Table(2500, missing: 0.3);
        var scores = model.Score(table, -1);
        for (var row = 0; row < table.Rows; row++)
        {
            Assert.Equal(LogOddsOf(ElsewhereCase.Mapped(table, row)), scores.Raw[row], 1e-4);
            Assert.Equal(1 / (1 + Math.Exp(-scores.Raw[row])), scores.P[row], 1e-12);
        }
    }

    [Fact]
    public void Features_may_have_an_input_each_in_any_order_and_log_odds_come_as_they_are()
    {
        var file = OnnxBytes.ByFeature(["gain", "oxygen", "pulse"], [0.6f, -3, 0.02f], -2);
        var model = ElsewhereCase.Model(ModelKind.Onnx, file, ElsewhereCase.Mapping(output: """, "output": { "name": "z", "as": "log-odds" }"""));
        var table = ElsewhereCase.Table(50, missing: 0.3);
        var raw = model.Score(table).Raw;
        Assert.All(Enumerable.Range(0, 50), row => Assert.Equal(LogOddsOf(ElsewhereCase.Mapped(table, row)), raw[row], 1e-4));
    }

    [Fact]
    public void It_scores_the_same_bits_again_and_after_saving_and_loading_and_gives_no_reasons()
    {
        var model = ElsewhereCase.Model(ModelKind.Onnx, OnnxBytes.Logistic(s_weights, -2));
        var table = ElsewhereCase.Table(300, missing: 0.3);
        var files = new Dictionary<string, byte[]>(ModelFiles.Save(model));
        Assert.Equal(["features.json", "model.json", "model.onnx"], files.Keys.Order());
        var loaded = ModelFiles.Load(files, table.SetHash);
        Assert.Equal(model.Score(table).Raw, loaded.Score(table).Raw);
        Assert.Equal(ModelFiles.VersionOf(model), ModelFiles.VersionOf(loaded));
        Assert.Equal(ModelKind.Onnx, loaded.Document.Kind);
        Assert.False(loaded.GivesReasons);
        Assert.Equal(table.Rows, loaded.Explain(table).Count(e => e.Candidates.Count == 0));
        Assert.Empty(loaded.Explain(table, 4).Candidates);
    }

    [Fact]
    public void Any_file_of_it_that_is_damaged_or_missing_is_refused()
    {
        var files = new Dictionary<string, byte[]>(ModelFiles.Save(ElsewhereCase.Model(ModelKind.Onnx, OnnxBytes.Logistic(s_weights, -2))));
        foreach (var name in files.Keys)
        {
            var damaged = new Dictionary<string, byte[]>(files) { [name] = (byte[])files[name].Clone() };
            damaged[name][damaged[name].Length / 2] ^= 0xff;
            Assert.Contains("damaged", Assert.Throws<ModelException>(() => ModelFiles.Load(damaged, null)).Message, StringComparison.Ordinal);
            damaged.Remove(name);
            Assert.Contains(name, Assert.Throws<ModelException>(() => ModelFiles.Load(damaged, null)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_does_not_fit_is_refused_in_one_line_when_it_is_registered()
    {
        var file = OnnxBytes.Logistic(s_weights, -2);
        Refused(Encoding.UTF8.GetBytes("not a model"), null, "not an ONNX model");
        Refused(file[..(file.Length / 2)], null, "not an ONNX model");
        Refused(OnnxBytes.Logistic([1, 2, 3, 4], 0), null, "has the shape [any × 4] where the mapping gives it [rows × 3]");
        Refused(OnnxBytes.Logistic(s_weights, -2, twoClasses: true), null, "is 'output.as' of the mapping right?");
        Refused(file, ElsewhereCase.Mapping(output: ""), "output: an ONNX model needs one");
        Refused(file, ElsewhereCase.Mapping(output: """, "output": { "name": "risk", "as": "probability" }"""), "no output 'risk'; it has 'p'");
        Refused(file, ElsewhereCase.Mapping(output: """, "input": "rows", "output": { "as": "probability" }"""), "no input 'rows'; it has 'x'");
        Refused(OnnxBytes.ByFeature(["gain", "oxygen", "heart"], s_weights, 0), ElsewhereCase.Mapping(output: """, "output": { "as": "log-odds" }"""), "no input 'pulse'; it has 'gain', 'heart', 'oxygen'");
        Refused(OnnxBytes.ByFeature(["gain", "oxygen", "pulse", "age"], [1, 2, 3, 4], 0), ElsewhereCase.Mapping(output: """, "output": { "as": "log-odds" }"""), "input 'age' of the model is missing from the mapping");
        Refused(file, ElsewhereCase.Mapping("""{ "name": "oxygen", "column": "spo2_median_3d" }"""), "features[0].column 'spo2_median_3d'");
        Refused(file, Encoding.UTF8.GetBytes("""{ "schemaVersion": 2, "featureSet": "home", "features": [] }"""), "schemaVersion 2");
        Refused(file, Encoding.UTF8.GetBytes("{"), "not a mapping of features");
        Refused(file, ElsewhereCase.Mapping(output: """, "output": { "as": "odds" }"""), "none of probability, log-odds, two-classes");
        Refused(file, ElsewhereCase.Mapping("""{ "name": "oxygen", "column": "spo2_mean_3d" }, { "name": "oxygen", "column": "spo2_last" }"""), "stands there twice");
    }

    private static void Refused(byte[] file, byte[]? mapping, string says)
    {
        var message = Assert.Throws<ModelException>(() => ElsewhereCase.Model(ModelKind.Onnx, file, mapping)).Message;
        Assert.Contains(says, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }
}
