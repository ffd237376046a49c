using Microsoft.ML;
using Microsoft.ML.Calibrators;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers.LightGbm;

namespace RemoteMonitoring.Risk.Training;

/// <summary>Settings of the boosted trees. The defaults are meant for clinical data: few events, many columns, much missing.</summary>
public sealed record BoostingSettings
{
    /// <summary>Shrinkage of each tree.</summary>
    public double LearningRate { get; init; } = 0.03;

    /// <summary>Most trees; fewer where the inner validation patients gain nothing more.</summary>
    public int MaximumTrees { get; init; } = 600;

    /// <summary>Trees without a gain on the validation patients before training stops.</summary>
    public int Patience { get; init; } = 50;

    /// <summary>Most leaves of a tree.</summary>
    public int Leaves { get; init; } = 15;

    /// <summary>Fewest training rows in a leaf.</summary>
    public int MinimumRowsPerLeaf { get; init; } = 30;

    /// <summary>Share of the columns each tree may use.</summary>
    public double FeatureFraction { get; init; } = 0.3;

    /// <summary>Share of the rows each tree sees.</summary>
    public double RowFraction { get; init; } = 0.6;

    /// <summary>L2 penalty of leaf values.</summary>
    public double L2 { get; init; } = 10;

    /// <summary>Most distinct values kept of a column.</summary>
    public int MaximumBins { get; init; } = 63;

    /// <summary>Training rows from which fewer, larger steps are taken: with many rows the small ones buy time lost and little else.</summary>
    public int LargeSteps { get; init; } = 15_000;

    /// <summary>These settings for so many training rows: from <see cref="LargeSteps"/> on twice the step, half the patience.</summary>
    internal BoostingSettings For(int rows) =>
        rows < LargeSteps ? this : this with { LearningRate = 2 * LearningRate, Patience = Math.Max(1, Patience / 2), LargeSteps = int.MaxValue };
}

/// <summary>A trained set of trees: ML.NET's own form for the file, ours for scoring.</summary>
internal sealed record BoostedTrees(
    BinaryPredictionTransformer<CalibratedModelParametersBase<LightGbmBinaryModelParameters, PlattCalibrator>> Transformer,
    DataViewSchema Schema,
    TreeEnsemble Ensemble);

/// <summary>Trains LightGBM through ML.NET.</summary>
internal static class Boosting
{
    /// <summary>
    /// Trains on <paramref name="rows"/>; with <paramref name="validation"/> rows it stops when these gain nothing more and
    /// keeps the trees up to the best, without them it grows <paramref name="trees"/> trees.
    /// </summary>
    internal static BoostedTrees Train(
        FeatureMatrix matrix, bool[] label, int[] rows, int[]? validation, int trees, BoostingSettings settings, int seed)
    {
        // A context of its own for each training: ML.NET draws LightGBM's sample of rows from the context's generator, so
        // that in a shared one the result would depend on what was trained before.
        var context = new MLContext(seed);
        var options = new LightGbmBinaryTrainer.Options
        {
            NumberOfIterations = trees,
            LearningRate = settings.LearningRate,
            NumberOfLeaves = settings.Leaves,
            MinimumExampleCountPerLeaf = Math.Max(1, Math.Min(settings.MinimumRowsPerLeaf, rows.Length / 20)),
            MaximumBinCountPerFeature = settings.MaximumBins,
            // Default is 0.5, which makes the raw score twice the log-odds.
            Sigmoid = 1,
            EarlyStoppingRound = validation is null ? 0 : settings.Patience,
            EvaluationMetric = LightGbmBinaryTrainer.Options.EvaluateMetricType.Logloss,
            HandleMissingValue = true,
            UseZeroAsMissingValue = false,
            // Above 50,000 rows ML.NET would switch this on by itself.
            UseCategoricalSplit = false,
            Seed = seed,
            // Off by default, and of no effect unless the histogram layout is fixed: left free it is chosen by timing.
            Deterministic = true,
            ForceColumnWise = true,
            // Left unset LightGBM takes every core, and its threads wait for each other by spinning, some hundred times a
            // tree. One thread a fit, and fits of different folds side by side, uses the cores better on data of this size
            // and gives the same bits on any number of them.
            NumberOfThreads = 1,
            Booster = new GradientBooster.Options
            {
                FeatureFraction = settings.FeatureFraction,
                SubsampleFraction = settings.RowFraction,
                SubsampleFrequency = settings.RowFraction < 1 ? 1 : 0,
                L2Regularization = settings.L2,
                MinimumChildWeight = 1e-3,
            },
        };
        var view = matrix.View(rows, label);
        var trainer = context.BinaryClassification.Trainers.LightGbm(options);
        var transformer = validation is null ? trainer.Fit(view) : trainer.Fit(view, matrix.View(validation, label));
        return new(transformer, view.Schema, TreeExtraction.OfTrained(transformer.Model.SubModel, matrix, rows));
    }
}
