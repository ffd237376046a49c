using System.Globalization;
using System.Text.Json.Serialization;
using RemoteMonitoring.Risk.Trees;

namespace RemoteMonitoring.Risk.Training;

/// <summary>Settings of the boosted trees. The defaults are meant for clinical data: few events, many columns, much missing.</summary>
/// <remarks>Models keep the settings they were grown with; a setting that no longer is one does not keep an older model from being read.</remarks>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Skip)]
public sealed record BoostingSettings
{
    /// <summary>Shrinkage of each tree.</summary>
    public double LearningRate { get; init; } = 0.05;

    /// <summary>Most trees; fewer where the inner validation patients gain nothing more.</summary>
    public int MaximumTrees { get; init; } = 600;

    /// <summary>Trees without a gain on the validation patients before training stops.</summary>
    public int Patience { get; init; } = 50;

    /// <summary>Most leaves of a tree.</summary>
    public int Leaves { get; init; } = 31;

    /// <summary>Fewest training rows in a leaf.</summary>
    public int MinimumRowsPerLeaf { get; init; } = 20;

    /// <summary>Share of the columns each tree may use.</summary>
    public double FeatureFraction { get; init; } = 0.3;

    /// <summary>Share of the rows each tree sees.</summary>
    public double RowFraction { get; init; } = 0.6;

    /// <summary>L2 penalty of leaf values.</summary>
    public double L2 { get; init; } = 10;

    /// <summary>Most distinct values kept of a column.</summary>
    public int MaximumBins { get; init; } = 63;

    /// <summary>Whether one threshold of a column, drawn by chance, is looked at for each split: cruder trees, that strangers upset less.</summary>
    public bool ExtraTrees { get; init; } = true;

    /// <summary>Models that are grown on other draws of rows and columns, each with an equal share in the score: what chance put into one the others even out.</summary>
    public int Bags { get; init; } = 3;

    /// <summary>Threads of one fit. One, and fits of different folds side by side, uses the cores better on data of this size; the bits are the same.</summary>
    [JsonIgnore]
    public int Threads { get; init; } = 1;

    /// <summary>Training rows from which fewer, larger steps are taken: with many rows the small ones buy time lost and little else.</summary>
    public int LargeSteps { get; init; } = 15_000;

    /// <summary>Training rows from which trees are small and look for the best threshold: with so many rows a drawn one costs more than the chance it keeps out.</summary>
    public int SmallTrees { get; init; } = 100_000;

    /// <summary>
    /// These settings for so many training rows: from <see cref="LargeSteps"/> on twice the step, half the patience, and one model in place of several;
    /// from <see cref="SmallTrees"/> on, trees of their own.
    /// </summary>
    internal BoostingSettings For(int rows) => rows switch
    {
        _ when rows >= SmallTrees => this with
        {
            LearningRate = 0.04,
            Leaves = 15,
            MinimumRowsPerLeaf = 100,
            FeatureFraction = 0.2,
            ExtraTrees = false,
            Bags = 1,
            LargeSteps = int.MaxValue,
            SmallTrees = int.MaxValue,
        },
        _ when rows >= LargeSteps => this with { LearningRate = 2 * LearningRate, Patience = Math.Max(1, Patience / 2), Bags = 1, LargeSteps = int.MaxValue },
        _ => this,
    };
}

/// <summary>Trained trees, and their text.</summary>
internal sealed record BoostedTrees(TreeEnsemble Ensemble, string Text);

/// <summary>Trains LightGBM through its C interface.</summary>
internal static class Boosting
{
    /// <summary>
    /// Trains on <paramref name="rows"/>; with <paramref name="validation"/> rows it stops when these gain nothing more and
    /// keeps the trees up to the best, without them it grows <paramref name="trees"/> trees, in each of its bags. The same rows, settings and seed
    /// give the same bytes, on any number of threads.
    /// </summary>
    internal static BoostedTrees Train(
        FeatureMatrix matrix, bool[] label, int[] rows, int[]? validation, int trees, BoostingSettings settings, int seed,
        CancellationToken cancellationToken = default)
    {
        var texts = new List<string>();
        for (var bag = 0; bag < settings.Bags; bag++)
        {
            texts.Add(Grow(matrix, label, rows, validation, trees, settings, seed + (1000 * bag), cancellationToken));
        }

        var text = TreeModelText.Average(texts);
        return new(TreeModelText.Read(text, matrix.Columns), text);
    }

    private static string Grow(
        FeatureMatrix matrix, bool[] label, int[] rows, int[]? validation, int trees, BoostingSettings settings, int seed, CancellationToken cancellationToken)
    {
        var parameters = Parameters(rows.Length, settings, seed);
        using var training = LightGbmLibrary.Dataset(matrix.Copy(rows), matrix.Columns, Labels(label, rows), parameters, null);
        if (matrix.Names is { } names)
        {
            LightGbmLibrary.NameColumns(training, names);
        }

        using var held = validation is null
            ? null
            : LightGbmLibrary.Dataset(matrix.Copy(validation), matrix.Columns, Labels(label, validation), parameters, training);
        using var booster = LightGbmLibrary.Booster(training, parameters);
        if (held is not null)
        {
            LightGbmLibrary.AddValidation(booster, held);
        }

        var (grown, best, lowest) = (0, 0, double.PositiveInfinity);
        while (grown < trees && LightGbmLibrary.Grow(booster))
        {
            cancellationToken.ThrowIfCancellationRequested();
            grown++;
            if (held is null)
            {
                best = grown;
            }
            else if (LightGbmLibrary.Validate(booster) is var loss && loss < lowest)
            {
                (best, lowest) = (grown, loss);
            }
            else if (grown - best >= settings.Patience)
            {
                break;
            }
        }

        // Where nothing can be split the library still has its one leaf, the mean.
        return TreeModelText.Settle(LightGbmLibrary.Text(booster, Math.Max(1, best)));
    }

    private static string Parameters(int rows, BoostingSettings settings, int seed)
    {
        string[] parameters =
        [
            "objective=binary", "metric=binary_logloss", "verbosity=-1", "feature_pre_filter=false",
            string.Create(CultureInfo.InvariantCulture, $"learning_rate={settings.LearningRate:R} num_leaves={settings.Leaves} max_bin={settings.MaximumBins}"),
            string.Create(CultureInfo.InvariantCulture, $"min_data_in_leaf={Math.Max(1, Math.Min(settings.MinimumRowsPerLeaf, rows / 20))} min_sum_hessian_in_leaf=0.001"),
            string.Create(CultureInfo.InvariantCulture, $"feature_fraction={settings.FeatureFraction:R} bagging_fraction={settings.RowFraction:R} bagging_freq={(settings.RowFraction < 1 ? 1 : 0)}"),
            string.Create(CultureInfo.InvariantCulture, $"lambda_l2={settings.L2:R} seed={seed} num_threads={settings.Threads}"),
            // Off by default, and of no effect unless the histogram layout is fixed: left free it is chosen by timing.
            "deterministic=true force_col_wise=true",
            settings.ExtraTrees ? "extra_trees=true" : "",
        ];
        return string.Join(' ', parameters);
    }

    private static float[] Labels(bool[] label, int[] rows) => Array.ConvertAll(rows, r => label[r] ? 1f : 0f);
}
