using RemoteMonitoring.Risk.Training;

namespace RemoteMonitoring.Risk.Trees;

/// <summary>
/// Boosted trees as flat arrays: what scores and contributions are read from. Node 0 of each tree is its root; a child
/// below 0 is a leaf, <c>~child</c>. A value goes left when it is at most the threshold; NaN goes where
/// <see cref="Tree.MissingLeft"/> says.
/// </summary>
internal sealed class TreeEnsemble(Tree[] trees)
{
    internal Tree[] Trees { get; } = trees;

    /// <summary>Sum of the leaves reached, in the order of the trees: the same bits on every run.</summary>
    internal double Raw(ReadOnlySpan<float> row)
    {
        var sum = 0.0;
        foreach (var tree in Trees)
        {
            sum += tree.LeafValue[tree.Leaf(row)];
        }

        return sum;
    }

    internal double[] Raw(FeatureMatrix matrix, int[] rows)
    {
        var raw = new double[rows.Length];
        for (var i = 0; i < rows.Length; i++)
        {
            raw[i] = Raw(matrix.Row(rows[i]));
        }

        return raw;
    }
}

/// <summary>One tree. <see cref="Cover"/> counts training rows (or an even sample of them) below each node, <see cref="LeafCover"/> those in each leaf.</summary>
internal sealed record Tree(
    int[] Feature, float[] Threshold, bool[] MissingLeft, int[] Left, int[] Right, double[] LeafValue, int[] Cover, int[] LeafCover)
{
    internal int Leaf(ReadOnlySpan<float> row)
    {
        if (Feature.Length == 0)
        {
            return 0;
        }

        var node = 0;
        while (node >= 0)
        {
            node = Next(node, row);
        }

        return ~node;
    }

    internal int Next(int node, ReadOnlySpan<float> row)
    {
        var value = row[Feature[node]];
        var left = float.IsNaN(value) ? MissingLeft[node] : value <= Threshold[node];
        return left ? Left[node] : Right[node];
    }
}
