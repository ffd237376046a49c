using System.Text;
using System.Text.Json.Nodes;
using NodaTime;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Training;
using RemoteMonitoring.Risk.Trees;

namespace RemoteMonitoring.Risk.Tests;

public sealed class RiskModelTests
{
    private static readonly (LabelledRows Data, FeatureTable Table) s_synthetic = Make();

    private static readonly RiskModel s_model = RiskModel.Train(
        s_synthetic.Data, SyntheticCohort.Start + Duration.FromDays(100), SyntheticCohort.Quick, null, null, CancellationToken.None);

    private static readonly Dictionary<string, byte[]> s_files = new(ModelFiles.Save(s_model));

    [Fact]
    public void A_model_saved_and_loaded_gives_the_same_bits_on_data_full_of_holes()
    {
        var loaded = ModelFiles.Load(s_files, "set-1");
        foreach (var missing in (double[])[0, 0.5, 0.9, 1])
        {
            var table = Holes(missing);
            Assert.Equal(s_model.Score(table).Raw, loaded.Score(table).Raw);
            Assert.Equal(s_model.Score(table).P, loaded.Score(table).P);
            Assert.All(loaded.Score(table).P, p => Assert.InRange(p, 1e-4, 1 - 1e-4));
        }

        Assert.Equal(s_model.Explain(s_synthetic.Table, 3).Contributions, loaded.Explain(s_synthetic.Table, 3).Contributions);
        Assert.Equal(s_files[ModelFiles.DocumentName], new Dictionary<string, byte[]>(ModelFiles.Save(loaded))[ModelFiles.DocumentName]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0.3)]
    [InlineData(0.9)]
    [InlineData(1)]
    public void Scores_and_contributions_are_those_of_light_gbm_itself_whatever_is_missing(double missing)
    {
        var table = Holes(missing);
        var matrix = FeatureMatrix.From(table);
        using var native = LightGbmLibrary.Load(Encoding.UTF8.GetString(s_files[ModelFiles.TreesName]));
        Assert.Equal(LightGbmLibrary.Predict(native, matrix.Values, matrix.Columns, LightGbmLibrary.RawScore, 1), s_model.Score(table).Raw);
        var theirs = LightGbmLibrary.Predict(native, matrix.Values, matrix.Columns, LightGbmLibrary.Contributions, 2);
        for (var row = 0; row < table.Rows; row++)
        {
            var ours = s_model.Explain(table, row);
            for (var c = 0; c <= matrix.Columns; c++)
            {
                Assert.Equal(theirs[(row * (matrix.Columns + 1)) + c], c < matrix.Columns ? ours.Contributions[c] : ours.Base, 1e-9);
            }
        }
    }

    [Fact]
    public void Training_again_gives_the_same_files()
    {
        var again = RiskModel.Train(
            s_synthetic.Data, SyntheticCohort.Start + Duration.FromDays(100), SyntheticCohort.Quick, null, null, CancellationToken.None);
        Assert.Equal(s_files, new Dictionary<string, byte[]>(ModelFiles.Save(again)));
        var elsewhere = RiskModel.Train(
            s_synthetic.Data, SyntheticCohort.Start + Duration.FromDays(100), SyntheticCohort.Quick with { Parallelism = 1, Boosting = SyntheticCohort.Quick.Boosting with { Threads = 2 } },
            null, null, CancellationToken.None);
        Assert.Equal(s_files[ModelFiles.TreesName], new Dictionary<string, byte[]>(ModelFiles.Save(elsewhere))[ModelFiles.TreesName]);
    }

    [Fact]
    public void Only_rows_certain_at_the_cut_off_teach()
    {
        var until = SyntheticCohort.Start + Duration.FromDays(6);
        var early = RiskModel.Train(s_synthetic.Data, until, SyntheticCohort.Quick, null, null, CancellationToken.None);
        // As-of plus one day of window plus one of delay: days 1 to 4 of ten.
        Assert.Equal(4 * 150, early.Document.Training.Rows);
        Assert.Equal(until, early.Document.Training.TrainedUntil);
    }

    [Fact]
    public void A_damaged_file_is_refused_in_one_line()
    {
        foreach (var name in s_files.Keys)
        {
            var damaged = new Dictionary<string, byte[]>(s_files) { [name] = (byte[])s_files[name].Clone() };
            damaged[name][damaged[name].Length / 2] ^= 0xff;
            Refused(damaged, "damaged");
            damaged.Remove(name);
            Refused(damaged, name);
        }

        Refused(new Dictionary<string, byte[]>(s_files) { [ModelFiles.DocumentName] = [] }, "damaged");
        Refused(Edited(json => json["unknown"] = 1), "damaged");
        Refused(Edited(json => json.Remove("calibration")), "damaged");
    }

    /// <summary>Also where a digit has become another, which is a model like any.</summary>
    [Theory]
    [InlineData(ModelFiles.TreesName)]
    [InlineData(ModelFiles.DocumentName)]
    public void A_file_with_any_one_bit_flipped_or_cut_off_anywhere_is_refused_in_one_line(string name)
    {
        var random = new Random(6);
        var whole = s_files[name];
        for (var i = 0; i < 400; i++)
        {
            var flipped = (byte[])whole.Clone();
            flipped[random.Next(flipped.Length)] ^= (byte)(1 << random.Next(8));
            Refused(new(s_files) { [name] = flipped }, name);
            Refused(new(s_files) { [name] = whole[..random.Next(whole.Length)] }, name);
        }
    }

    [Fact]
    public void A_document_of_before_it_named_its_own_hash_still_loads_and_scores_the_same()
    {
        var loaded = ModelFiles.Load(Edited(_ => { }), "set-1");
        Assert.Equal(s_model.Score(s_synthetic.Table).P, loaded.Score(s_synthetic.Table).P);
    }

    [Fact]
    public void A_document_with_a_setting_of_the_trees_that_is_none_any_more_still_loads()
    {
        var loaded = ModelFiles.Load(Edited(json => json["training"]!["settings"]!["rising"] = new JsonArray()), "set-1");
        Assert.Equal(s_model.Document.Training.Settings, loaded.Document.Training.Settings);
    }

    [Fact]
    public void Scores_and_contributions_are_the_same_on_one_core_two_and_all()
    {
        var table = Holes(0.3);
        var one = s_model.Score(table, 1);
        foreach (var cores in (int[])[2, 3, -1])
        {
            var more = s_model.Score(table, cores);
            for (var row = 0; row < table.Rows; row++)
            {
                Assert.Equal(one.Raw[row], more.Raw[row], 1e-9);
                Assert.Equal(one.P[row], more.P[row], 1e-9);
            }
        }

        Assert.Equal(s_model.Explain(table).Select(e => e.Raw), one.Raw);
    }

    [Fact]
    public void A_newer_layout_is_refused_even_with_fields_we_do_not_know()
    {
        var message = Refused(
            Edited(json =>
            {
                json["schemaVersion"] = 5;
                json["somethingNew"] = true;
            }),
            "version 5");
        Assert.Contains("up to 4", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_from_before_trees_were_text_says_to_train_again_and_still_says_what_it_was()
    {
        var old = Edited(json =>
        {
            json["schemaVersion"] = 2;
            json["sha256"] = new JsonObject { ["model.zip"] = "00", ["covers.bin"] = "00" };
        });
        Refused(old, "train it again");
        Assert.Equal(s_model.Document.Task, ModelFiles.ReadDocument(old[ModelFiles.DocumentName]).Task);
    }

    [Theory]
    [InlineData("split_feature=", "split_feature=999", "a column that is not there")]
    [InlineData("left_child=", "left_child=0", "do not form a tree")]
    [InlineData("leaf_value=", "leaf_value=nan", "no number")]
    [InlineData("num_cat=", "num_cat=1", "categorical")]
    [InlineData("end of trees", "", "breaks off")]
    public void Trees_that_were_tampered_with_are_refused_though_their_hash_fits(string line, string with, string says)
    {
        var lines = Encoding.UTF8.GetString(s_files[ModelFiles.TreesName]).Split('\n');
        var at = Array.FindIndex(lines, l => l.StartsWith(line, StringComparison.Ordinal));
        var end = lines[at].IndexOf(' ', StringComparison.Ordinal);
        lines[at] = end < 0 || with.Length == 0 ? with : with + lines[at][end..];
        var bytes = Encoding.UTF8.GetBytes(string.Join('\n', lines));
        var files = Edited(json => json["sha256"]![ModelFiles.TreesName] = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes)));
        files[ModelFiles.TreesName] = bytes;
        Refused(files, says);
    }

    [Fact]
    public void Another_feature_set_is_refused_at_loading_and_at_scoring()
    {
        var e = Assert.Throws<ModelException>(() => ModelFiles.Load(s_files, "set-2"));
        Assert.Contains("set-2", e.Message, StringComparison.Ordinal);
        var other = SyntheticCohort.Table(s_synthetic.Table.PatientId, s_synthetic.Table.AsOf, s_synthetic.Table.Values, "set-2");
        Assert.Throws<ModelException>(() => s_model.Score(other));
        Assert.Throws<ModelException>(() => s_model.Explain(other, 0));
    }

    [Fact]
    public void Contributions_and_base_add_up_to_the_raw_score()
    {
        var table = Holes(0.3);
        var raw = s_model.Score(table).Raw;
        for (var row = 0; row < 50; row++)
        {
            var explanation = s_model.Explain(table, row);
            Assert.Equal(raw[row], explanation.Raw);
            Assert.Equal(raw[row], explanation.Base + explanation.Contributions.Sum(), 1e-9);
        }
    }

    [Fact]
    public void Candidates_are_vitals_that_raise_the_risk_strongest_first()
    {
        var raw = s_model.Score(s_synthetic.Table).Raw;
        var highest = Array.IndexOf(raw, raw.Max());
        var explanation = s_model.Explain(s_synthetic.Table, highest);
        // The signal was planted in column 2, a statistic of vital 1.
        Assert.Equal("vital1", explanation.Candidates[0].Key);
        Assert.Equal("vital1_stat0", explanation.Candidates[0].Strongest.Name);
        Assert.Equal("statistic 0 of vital 1", explanation.Candidates[0].Fallback);
        Assert.True(explanation.Candidates[0].IsVital);
        Assert.All(explanation.Candidates, c => Assert.True(c.Contribution > 0));
        Assert.Equal(explanation.Candidates.OrderByDescending(c => c.Contribution).Select(c => c.Key), explanation.Candidates.Select(c => c.Key));
    }

    private static (LabelledRows Data, FeatureTable Table) Make()
    {
        var (cohort, table) = SyntheticCohort.Make(150, 10, 8, 0.25, row => double.IsNaN(row[2]) ? -1 : (2 * row[2]) - 1);
        return (LabelledRows.Join(cohort, table), table);
    }

    private static FeatureTable Holes(double missing)
    {
        var random = new Random(9);
        var values = s_synthetic.Table.Values.Select(c => c.Select(v => random.NextDouble() < missing ? double.NaN : v).ToArray()).ToArray();
        return SyntheticCohort.Table(s_synthetic.Table.PatientId, s_synthetic.Table.AsOf, values);
    }

    private static Dictionary<string, byte[]> Edited(Action<JsonObject> edit)
    {
        var json = JsonNode.Parse(s_files[ModelFiles.DocumentName])!.AsObject();
        // Without its own hash it is as it was before it named one.
        json["sha256"]!.AsObject().Remove(ModelFiles.DocumentName);
        edit(json);
        return new(s_files) { [ModelFiles.DocumentName] = Encoding.UTF8.GetBytes(json.ToJsonString()) };
    }

    private static string Refused(Dictionary<string, byte[]> files, string says)
    {
        var message = Assert.Throws<ModelException>(() => ModelFiles.Load(files, null)).Message;
        Assert.Contains(says, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        return message;
    }
}
