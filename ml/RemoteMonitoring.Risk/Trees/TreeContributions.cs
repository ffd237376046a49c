namespace RemoteMonitoring.Risk.Trees;

/// <summary>
/// Shapley values of tree ensembles, exact in polynomial time: algorithm 2 of Lundberg, Erion and Lee, "Consistent
/// individualized feature attribution for tree ensembles", 2018 (path-dependent: a column left out sends a row both ways,
/// in proportion to the training rows). ML.NET's own contributions compare with the other half of each split and do not
/// add up to the score.
/// </summary>
internal sealed class TreeContributions
{
    private readonly TreeEnsemble _ensemble;
    private readonly int _columns;
    private readonly int _depth;

    internal TreeContributions(TreeEnsemble ensemble, int columns)
    {
        (_ensemble, _columns) = (ensemble, columns);
        foreach (var tree in ensemble.Trees)
        {
            _depth = Math.Max(_depth, tree.Feature.Length == 0 ? 0 : Depth(tree, 0));
            Base += Mean(tree);
        }
    }

    /// <summary>Mean raw score of the training rows.</summary>
    internal double Base { get; }

    /// <summary>What each column adds to the raw score of a row.</summary>
    internal double[] Of(ReadOnlySpan<float> row)
    {
        var values = new double[_columns];
        // Each level of the recursion works on its own copy of the path, the levels one after the other.
        var path = new PathElement[(_depth + 2) * (_depth + 3) / 2];
        foreach (var tree in _ensemble.Trees)
        {
            if (tree.Feature.Length > 0)
            {
                Walk(tree, 0, row, values, path, 0, 1, 1, -1);
            }
        }

        return values;
    }

    private static void Walk(
        Tree tree, int node, ReadOnlySpan<float> row, double[] values, Span<PathElement> path, int length, double zero, double one, int feature)
    {
        // The parent's path of this length stands at the front; this level's copy follows it.
        var own = path[length..];
        path[..length].CopyTo(own);
        Extend(own, length, zero, one, feature);
        if (node < 0)
        {
            for (var i = 1; i <= length; i++)
            {
                values[own[i].Feature] += UnwoundSum(own, length, i) * (own[i].One - own[i].Zero) * tree.LeafValue[~node];
            }

            return;
        }

        var hot = tree.Next(node, row);
        var cold = hot == tree.Left[node] ? tree.Right[node] : tree.Left[node];
        double incomingZero = 1, incomingOne = 1;
        var split = tree.Feature[node];
        for (var i = 1; i <= length; i++)
        {
            if (own[i].Feature == split)
            {
                // A column met before: its earlier share is taken out and put in again with this split.
                (incomingZero, incomingOne) = (own[i].Zero, own[i].One);
                Unwind(own, length, i);
                length--;
                break;
            }
        }

        double cover = Math.Max(1, tree.Cover[node]);
        Walk(tree, hot, row, values, own, length + 1, incomingZero * CoverOf(tree, hot) / cover, incomingOne, split);
        Walk(tree, cold, row, values, own, length + 1, incomingZero * CoverOf(tree, cold) / cover, 0, split);
    }

    private static void Extend(Span<PathElement> path, int length, double zero, double one, int feature)
    {
        path[length] = new PathElement { Feature = feature, Zero = zero, One = one, Weight = length == 0 ? 1 : 0 };
        for (var i = length - 1; i >= 0; i--)
        {
            path[i + 1].Weight += one * path[i].Weight * (i + 1) / (length + 1);
            path[i].Weight = zero * path[i].Weight * (length - i) / (length + 1);
        }
    }

    private static void Unwind(Span<PathElement> path, int length, int at)
    {
        var (one, zero) = (path[at].One, path[at].Zero);
        var next = path[length].Weight;
        for (var i = length - 1; i >= 0; i--)
        {
            if (one != 0)
            {
                var kept = path[i].Weight;
                path[i].Weight = next * (length + 1) / ((i + 1) * one);
                next = kept - (path[i].Weight * zero * (length - i) / (length + 1));
            }
            else
            {
                path[i].Weight = path[i].Weight * (length + 1) / (zero * (length - i));
            }
        }

        for (var i = at; i < length; i++)
        {
            (path[i].Feature, path[i].Zero, path[i].One) = (path[i + 1].Feature, path[i + 1].Zero, path[i + 1].One);
        }
    }

    private static double UnwoundSum(ReadOnlySpan<PathElement> path, int length, int at)
    {
        var (one, zero) = (path[at].One, path[at].Zero);
        var next = path[length].Weight;
        var total = 0.0;
        for (var i = length - 1; i >= 0; i--)
        {
            if (one != 0)
            {
                var weight = next * (length + 1) / ((i + 1) * one);
                total += weight;
                next = path[i].Weight - (weight * zero * (length - i) / (length + 1));
            }
            else if (zero != 0)
            {
                total += path[i].Weight * (length + 1) / (zero * (length - i));
            }
        }

        return total;
    }

    private static double Mean(Tree tree)
    {
        double sum = 0;
        long rows = 0;
        for (var leaf = 0; leaf < tree.LeafValue.Length; leaf++)
        {
            sum += tree.LeafValue[leaf] * tree.LeafCover[leaf];
            rows += tree.LeafCover[leaf];
        }

        return rows == 0 ? 0 : sum / rows;
    }

    private static int Depth(Tree tree, int node) => node < 0 ? 0 : 1 + Math.Max(Depth(tree, tree.Left[node]), Depth(tree, tree.Right[node]));

    // A half that none of the counted rows reached would divide by nothing: on large data only a sample is counted. A sliver
    // of a row keeps the sums finite.
    private static double CoverOf(Tree tree, int child) => Math.Max(1e-9, child >= 0 ? tree.Cover[child] : tree.LeafCover[~child]);

    private struct PathElement
    {
        internal int Feature;
        internal double Zero, One, Weight;
    }
}
