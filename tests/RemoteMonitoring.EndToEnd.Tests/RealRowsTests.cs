using System.Text;
using System.Text.Json;
using NodaTime;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Risk.Training;
using RemoteMonitoring.Risk.Trees;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Features;
using RemoteMonitoring.Workflows.Registry;
using RemoteMonitoring.Workflows.Training;
using Xunit.Abstractions;

namespace RemoteMonitoring.EndToEnd.Tests;

/// <summary>The model of the 2012 challenge and its rows, as the demo left them: full of holes, as people are.</summary>
[Collection("runs the program")]
public sealed class RealRowsTests(DemoRuns demos, ITestOutputHelper output)
{
    private const string DataSet = "physionet2012";

    private static readonly TaskDefinition s_task = BundledTasks.All.Single(t => t.Name == "in-hospital-death-48h");

    [Fact]
    public async Task Contributions_and_scores_of_ten_thousand_real_rows_full_of_holes_are_those_of_light_gbm_itself()
    {
        if (await demos.OfAsync(DataSet, output) is not { } demo)
        {
            return;
        }

        var (model, table) = await ModelAndRowsAsync(demo.Rmon.Home, demo.Document, hours: [12, 24, 36]);
        Assert.True(table.Rows >= 10_000);
        var missing = table.Values.Sum(c => c.Count(double.IsNaN)) / ((double)table.Rows * table.Columns.Count);
        output.WriteLine($"{table.Rows} rows of {table.Columns.Count} columns, {missing:P1} missing, {model.Document.Training.Trees} trees");
        Assert.True(missing >= 0.30, $"only {missing:P1} is missing");

        var matrix = FeatureMatrix.From(table);
        using var native = LightGbmLibrary.Load(Encoding.UTF8.GetString(model.Artefacts[ModelFiles.TreesName]));
        Assert.Equal(LightGbmLibrary.Predict(native, matrix.Values, matrix.Columns, LightGbmLibrary.RawScore, 2), model.Score(table, 2).Raw);
        Assert.Equal(model.Score(table, 1).Raw, model.Score(table, 2).Raw);

        var theirs = LightGbmLibrary.Predict(native, matrix.Values, matrix.Columns, LightGbmLibrary.Contributions, 2);
        var (furthest, row) = (0.0, 0);
        foreach (var ours in model.Explain(table))
        {
            var of = theirs.AsSpan(row++ * (matrix.Columns + 1), matrix.Columns + 1);
            for (var c = 0; c <= matrix.Columns; c++)
            {
                furthest = Math.Max(furthest, Math.Abs(of[c] - (c < matrix.Columns ? ours.Contributions[c] : ours.Base)));
            }
        }

        output.WriteLine($"of {(long)row * (matrix.Columns + 1)} contributions none is further than {furthest:E1} from LightGBM's own");
        Assert.Equal(table.Rows, row);
        Assert.True(furthest <= 1e-6, $"{furthest:E1}");
    }

    /// <summary>Features are made once; trees are few, since there is nothing to be found: a minute or two on two cores.</summary>
    [Fact]
    public async Task Labels_permuted_between_patients_are_not_foreseen()
    {
        if (!PublicData.LongTestsAreAsked("to permute the labels of the 2012 challenge twenty times", output) || await demos.OfAsync(DataSet, output) is not { } demo)
        {
            return;
        }

        await using var store = CohortStore.Open(demo.Rmon.Home, DataSet);
        await using var file = File.OpenRead(demo.Document.GetProperty("features").GetString()!);
        var data = TrainingSnapshot.FromParquet(await ParquetTable.ReadAsync(file, null, CancellationToken.None), s_task, "the snapshot").Data;
        // Each patient has one row, so that rows change places as patients do.
        Assert.Equal((4000, 4000), (data.Rows, data.Patients));
        var truth = (bool[])data.Label.Clone();
        Assert.True(Aurocs(data, 1).Model > 0.8, "the signal that the permutation is to take away is not there");
        var permuted = Enumerable.Range(1, 20).Select(seed =>
        {
            truth.CopyTo(data.Label, 0);
            new Random(seed).Shuffle(data.Label);
            return Aurocs(data, seed);
        }).ToArray();
        output.WriteLine($"mean AUROC of 20 permutations: trees {permuted.Average(a => a.Model):F4}, logistic regression {permuted.Average(a => a.Logistic):F4}, NEWS2 {permuted.Average(a => a.News2):F4}");
        Assert.InRange(permuted.Average(a => a.Model), 0.48, 0.52);
        Assert.InRange(permuted.Average(a => a.Logistic), 0.48, 0.52);
        Assert.InRange(permuted.Average(a => a.News2), 0.48, 0.52);
    }

    private static (double Model, double Logistic, double News2) Aurocs(LabelledRows data, int seed)
    {
        var settings = new TrainingSettings
        {
            Seed = seed,
            InnerFolds = 2,
            Resamples = 2,
            Boosting = new() { MaximumTrees = 30, Patience = 10, Bags = 1, Leaves = 7, LearningRate = 0.1 },
        };
        var metrics = Evaluator.Evaluate(data, [], SplitKind.NewPatients, settings, null, CancellationToken.None).Report.Metrics;
        double Auroc(string scorer) => metrics[scorer][MetricNames.Auroc].Value;
        return (Auroc(MetricNames.Model), Auroc(MetricNames.Logistic), Auroc(MetricNames.News2));
    }

    private static async Task<(RiskModel Model, FeatureTable Table)> ModelAndRowsAsync(string home, JsonElement document, int[] hours)
    {
        await using var store = CohortStore.Open(home, DataSet);
        var (model, set) = await ModelVersions.LoadAsync(store.Lake, s_task, document.GetProperty("version").GetString()!, CancellationToken.None);
        var manifest = (await ObservationsManifest.TryReadAsync(store.Lake, CancellationToken.None))!;
        var reference = await store.Reference.LoadAsync(manifest.Inputs.Reference, CancellationToken.None);
        VectorKey[] keys = [.. hours.SelectMany(h => reference.Patients.Select(p => p.PatientId).Distinct(StringComparer.Ordinal).Select(id =>
        {
            var asOf = (Instant.FromUtc(2012, 1, 1, 0, 0) + Duration.FromHours(h)).ToUnixMicros();
            return new VectorKey(id, asOf, asOf);
        }))];
        return (model, await FeatureStage.BuildAsync(store, manifest, set, reference, keys, null, CancellationToken.None));
    }
}
