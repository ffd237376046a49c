using System.Reflection;
using Microsoft.ML.Trainers.FastTree;
using Microsoft.ML.Trainers.LightGbm;

namespace RemoteMonitoring.Risk.Training;

/// <summary>
/// Takes the trees out of an ML.NET model, and first puts right how that model treats missing values.
/// </summary>
/// <remarks>
/// ML.NET 5.0.1 reads LightGBM's text model and turns "where NaN goes" into a substitute value: the threshold for left,
/// the threshold plus one for right. Three things are lost on the way, each of which makes a model score other than it
/// was trained, and all are put right in the ML.NET model itself, so that the file saved scores as these arrays do:
/// <list type="number">
/// <item>a split "known or missing" of a column with values on both sides of zero has the threshold 1e300, which is infinite in 32 bits; infinity plus one is not
/// greater, and NaN goes left with everybody else, so that the split does nothing;</item>
/// <item>a tree whose substitutes all happen to be 0 loses them, and NaN, which is at most nothing, goes right;</item>
/// <item>a column without NaN in the training rows has the substitute 0: unknown would be read as zero. It follows the
/// larger half of the training rows instead.</item>
/// </list>
/// The substitutes are internal to ML.NET and are reached by reflection; a version of it that moved them fails here, at
/// the first model trained or loaded.
/// </remarks>
internal static class TreeExtraction
{
    // Rows counted through the trees: more would tell the halves apart no better, and on large data the count would take
    // as long as the training.
    private const int CountedRows = 10_000;

    private static readonly FieldInfo s_innerTree = typeof(RegressionTreeBase).GetField("_tree", BindingFlags.Instance | BindingFlags.NonPublic)
        ?? throw new MissingFieldException(nameof(RegressionTreeBase), "_tree");

    private static readonly FieldInfo s_substitutes = s_innerTree.FieldType.GetField("DefaultValueForMissing")
        ?? throw new MissingFieldException(s_innerTree.FieldType.Name, "DefaultValueForMissing");

    private static readonly PropertyInfo s_thresholds = s_innerTree.FieldType.GetProperty("RawThresholds")
        ?? throw new MissingMemberException(s_innerTree.FieldType.Name, "RawThresholds");

    /// <summary>Of a model just trained: settles the directions of NaN in it, and counts training rows through the trees (an even sample of them on large data).</summary>
    internal static TreeEnsemble OfTrained(LightGbmBinaryModelParameters model, FeatureMatrix matrix, int[] rows)
    {
        var seenMissing = new bool[matrix.Columns];
        foreach (var row in rows)
        {
            var values = matrix.Row(row);
            for (var c = 0; c < values.Length; c++)
            {
                seenMissing[c] |= float.IsNaN(values[c]);
            }
        }

        var source = model.TrainedTreeEnsemble.Trees;
        var trees = new Tree[source.Count];
        for (var t = 0; t < trees.Length; t++)
        {
            var inner = s_innerTree.GetValue(source[t])!;
            var thresholds = (float[])s_thresholds.GetValue(inner)!;
            var substitutes = (float[]?)s_substitutes.GetValue(inner);
            var nodes = source[t].NumberOfNodes;
            var missingLeft = new bool[nodes];
            for (var n = 0; n < nodes; n++)
            {
                missingLeft[n] = float.IsFinite(thresholds[n]) && (substitutes?[n] ?? 0) <= thresholds[n];
                thresholds[n] = Math.Clamp(thresholds[n], -float.MaxValue, float.MaxValue);
            }

            var tree = Flat(source[t], thresholds, missingLeft);
            Count(tree, matrix, rows);
            for (var n = 0; n < nodes; n++)
            {
                if (!seenMissing[tree.Feature[n]])
                {
                    missingLeft[n] = CoverOf(tree, tree.Left[n]) >= CoverOf(tree, tree.Right[n]);
                }
            }

            if (nodes > 0)
            {
                s_substitutes.SetValue(inner, Array.ConvertAll(missingLeft, left => left ? float.NegativeInfinity : float.PositiveInfinity));
            }

            trees[t] = tree;
        }

        return new(trees);
    }

    /// <summary>Of a model that was saved: the directions are settled in it, the counts come from beside it.</summary>
    internal static TreeEnsemble OfSaved(LightGbmBinaryModelParameters model, ReadOnlySpan<int> covers)
    {
        var source = model.TrainedTreeEnsemble.Trees;
        var trees = new Tree[source.Count];
        for (var t = 0; t < trees.Length; t++)
        {
            var inner = s_innerTree.GetValue(source[t])!;
            var substitutes = (float[]?)s_substitutes.GetValue(inner);
            var nodes = source[t].NumberOfNodes;
            var missingLeft = new bool[nodes];
            for (var n = 0; n < nodes; n++)
            {
                missingLeft[n] = substitutes is not null && float.IsNegativeInfinity(substitutes[n]);
            }

            var tree = Flat(source[t], (float[])s_thresholds.GetValue(inner)!, missingLeft);
            covers[..nodes].CopyTo(tree.Cover);
            covers.Slice(nodes, tree.LeafCover.Length).CopyTo(tree.LeafCover);
            covers = covers[(nodes + tree.LeafCover.Length)..];
            trees[t] = tree;
        }

        return covers.IsEmpty ? new(trees) : throw new ArgumentException("There are more counts than nodes.", nameof(covers));
    }

    /// <summary>The counts in the order that <see cref="OfSaved"/> reads.</summary>
    internal static int[] Covers(TreeEnsemble ensemble) => [.. ensemble.Trees.SelectMany(t => t.Cover.Concat(t.LeafCover))];

    private static Tree Flat(RegressionTreeBase tree, float[] thresholds, bool[] missingLeft)
    {
        var nodes = tree.NumberOfNodes;
        return new(
            [.. tree.NumericalSplitFeatureIndexes], thresholds.AsSpan(0, nodes).ToArray(), missingLeft,
            [.. tree.LeftChild], [.. tree.RightChild], [.. tree.LeafValues], new int[nodes], new int[tree.NumberOfLeaves]);
    }

    private static void Count(Tree tree, FeatureMatrix matrix, int[] rows)
    {
        var counted = Math.Min(rows.Length, CountedRows);
        for (var i = 0; i < counted; i++)
        {
            var values = matrix.Row(rows[(int)((long)i * rows.Length / counted)]);
            var node = tree.Feature.Length == 0 ? -1 : 0;
            while (node >= 0)
            {
                tree.Cover[node]++;
                node = tree.Next(node, values);
            }

            tree.LeafCover[~node]++;
        }
    }

    private static int CoverOf(Tree tree, int child) => child >= 0 ? tree.Cover[child] : tree.LeafCover[~child];
}
