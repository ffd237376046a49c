using System.Text;
using System.Text.Json.Nodes;
using Microsoft.ML;
using Microsoft.ML.Data;
using NodaTime;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Training;

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

    [Fact]
    public void The_file_scores_in_plain_ml_net_as_it_does_here()
    {
        // The directions of missing values are put right inside the saved model, not beside it.
        var context = new MLContext(0);
        using var stream = new MemoryStream(s_files[ModelFiles.TreesName]);
        var transformer = context.Model.Load(stream, out _);
        var table = Holes(0.5);
        var matrix = FeatureMatrix.From(table);
        var scored = transformer.Transform(matrix.View([.. Enumerable.Range(0, table.Rows)], null));
        var theirs = scored.GetColumn<float>("Score").ToArray();
        var ours = s_model.Score(table).Raw;
        for (var i = 0; i < ours.Length; i++)
        {
            Assert.Equal(ours[i], theirs[i], 1e-5);
        }
    }

    [Fact]
    public void Training_again_gives_the_same_files()
    {
        var again = RiskModel.Train(
            s_synthetic.Data, SyntheticCohort.Start + Duration.FromDays(100), SyntheticCohort.Quick, null, null, CancellationToken.None);
        Assert.Equal(s_model.Score(s_synthetic.Table).Raw, again.Score(s_synthetic.Table).Raw);
        Assert.Equal(s_model.Document.Calibration, again.Document.Calibration);
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

    [Fact]
    public void A_newer_layout_is_refused_even_with_fields_we_do_not_know()
    {
        var message = Refused(
            Edited(json =>
            {
                json["schemaVersion"] = 3;
                json["somethingNew"] = true;
            }),
            "version 3");
        Assert.Contains("up to 2", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_model_of_before_it_named_its_observations_still_loads()
    {
        var old = ModelFiles.Load(
            Edited(json =>
            {
                json["schemaVersion"] = 1;
                json.Remove("observations");
            }),
            null);
        Assert.Null(old.Document.Observations);
        Assert.Equal(s_model.Score(s_synthetic.Table).Raw, old.Score(s_synthetic.Table).Raw);
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
