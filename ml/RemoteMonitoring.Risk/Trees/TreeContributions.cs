using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace RemoteMonitoring.Risk.Trees;

/// <summary>
/// Shapley values of tree ensembles, exact: those of algorithm 2 of Lundberg, Erion and Lee, "Consistent individualized
/// feature attribution for tree ensembles", 2018 (path-dependent: a column left out sends a row both ways, in proportion to
/// the training rows).
/// </summary>
/// <remarks>
/// What a leaf adds to each column on its path depends on the row only through which of these columns let the row pass, so
/// it is worked out once for every such combination and looked up for each row (as in Yang, "Fast TreeSHAP", 2021, version
/// 2). Leaves with so many columns that the tables would not fit are worked out row by row.
/// </remarks>
internal sealed class TreeContributions
{
    // Rows that pass a leaf's conditions together.
    private const int Lanes = 8;

    private const int MostColumns = 30;

    // 64 MiB of tables at the most, none for leaves whose combinations outnumber the rows that would look them up.
    private const int WidestTable = 12;
    private const int TableDoubles = 8 << 20;

    private readonly int _columns;
    private readonly Leaf[] _leaves;
    private readonly Condition[] _conditions;
    private readonly double[] _tables;
    private readonly int _widest;

    internal TreeContributions(TreeEnsemble ensemble, int columns)
    {
        _columns = columns;
        var leaves = new List<Leaf>();
        var conditions = new List<Condition>();
        foreach (var tree in ensemble.Trees)
        {
            Base += Mean(tree);
            if (tree.Feature.Length > 0)
            {
                Add(tree, 0, [], leaves, conditions);
            }
        }

        (_leaves, _conditions) = ([.. leaves], [.. conditions]);
        _widest = _leaves.Max(l => (int?)l.Count) ?? 0;
        _tables = Tabulate();
    }

    /// <summary>Mean raw score of the training rows.</summary>
    internal double Base { get; }

    /// <summary>What each column adds to the raw score of a row.</summary>
    internal double[] Of(ReadOnlySpan<float> row)
    {
        var values = new double[_columns];
        Of(row, values);
        return values;
    }

    /// <summary>The same of rows that follow each other, both [rows × columns].</summary>
    internal void Of(ReadOnlySpan<float> rows, Span<double> contributions)
    {
        contributions.Clear();
        var lanes = new float[_columns * Lanes];
        Span<int> passed = stackalloc int[Lanes];
        Span<double> weights = stackalloc double[_widest + 1];
        Span<double> added = stackalloc double[_widest];
        var count = rows.Length / Math.Max(1, _columns);
        for (var start = 0; start < count; start += Lanes)
        {
            var here = Math.Min(Lanes, count - start);
            for (var r = 0; r < here; r++)
            {
                for (var c = 0; c < _columns; c++)
                {
                    lanes[(c * Lanes) + r] = rows[((start + r) * _columns) + c];
                }
            }

            foreach (ref readonly var leaf in _leaves.AsSpan())
            {
                var conditions = _conditions.AsSpan(leaf.First, leaf.Count);
                Pass(conditions, lanes, passed);
                for (var r = 0; r < here; r++)
                {
                    scoped ReadOnlySpan<double> each;
                    if (leaf.Table >= 0)
                    {
                        each = _tables.AsSpan(leaf.Table + (passed[r] * leaf.Count), leaf.Count);
                    }
                    else
                    {
                        Shares(conditions, passed[r], leaf.Value, weights, added);
                        each = added;
                    }

                    ref var row = ref contributions[(start + r) * _columns];
                    for (var k = 0; k < conditions.Length; k++)
                    {
                        Unsafe.Add(ref row, conditions[k].Column) += each[k];
                    }
                }
            }
        }
    }

    /// <summary>For each row, one bit for each column of the path that lets it through.</summary>
    private static void Pass(ReadOnlySpan<Condition> conditions, float[] lanes, Span<int> passed)
    {
        ref var first = ref MemoryMarshal.GetArrayDataReference(lanes);
        var bits = Vector256<int>.Zero;
        for (var k = 0; k < conditions.Length; k++)
        {
            ref readonly var condition = ref conditions[k];
            var value = Vector256.LoadUnsafe(ref first, (nuint)(condition.Column * Lanes));
            var within = Vector256.GreaterThan(value, Vector256.Create(condition.Above)) & Vector256.LessThanOrEqual(value, Vector256.Create(condition.UpTo));
            if (condition.Missing)
            {
                within |= ~Vector256.Equals(value, value);
            }

            bits |= within.AsInt32() & Vector256.Create(1 << k);
        }

        bits.CopyTo(passed);
    }

    /// <summary>What a leaf adds to each of its columns for one combination of those that let a row through.</summary>
    private static void Shares(ReadOnlySpan<Condition> conditions, int passed, double leaf, Span<double> weights, Span<double> added)
    {
        // The path grown by one column after the other: weights[i] is the share of orders in which i of them are known.
        weights[0] = 1;
        for (var k = 0; k < conditions.Length; k++)
        {
            var (zero, one) = (conditions[k].Zero, passed >> k & 1);
            weights[k + 1] = 0;
            for (var i = k; i >= 0; i--)
            {
                weights[i + 1] += one * weights[i] * (i + 1) / (k + 2);
                weights[i] = zero * weights[i] * (k + 1 - i) / (k + 2);
            }
        }

        var length = conditions.Length;
        for (var k = 0; k < length; k++)
        {
            // And without that column again.
            var (zero, one) = (conditions[k].Zero, passed >> k & 1);
            var next = weights[length];
            var total = 0.0;
            for (var i = length - 1; i >= 0; i--)
            {
                if (one != 0)
                {
                    var weight = next * (length + 1) / (i + 1);
                    total += weight;
                    next = weights[i] - (weight * zero * (length - i) / (length + 1));
                }
                else
                {
                    total += weights[i] * (length + 1) / (zero * (length - i));
                }
            }

            added[k] = total * (one - zero) * leaf;
        }
    }

    private double[] Tabulate()
    {
        var room = TableDoubles;
        var size = 0;
        // Small tables first: they are the most used for their size.
        foreach (var at in Enumerable.Range(0, _leaves.Length).OrderBy(l => _leaves[l].Count).ToArray())
        {
            ref var leaf = ref _leaves[at];
            if (leaf.Count > WidestTable || leaf.Count << leaf.Count > room)
            {
                break;
            }

            room -= leaf.Count << leaf.Count;
            leaf = leaf with { Table = size };
            size += leaf.Count << leaf.Count;
        }

        var tables = new double[size];
        Parallel.ForEach(_leaves.Where(l => l.Table >= 0), leaf =>
        {
            Span<double> weights = stackalloc double[leaf.Count + 1];
            for (var passed = 0; passed < 1 << leaf.Count; passed++)
            {
                Shares(_conditions.AsSpan(leaf.First, leaf.Count), passed, leaf.Value, weights, tables.AsSpan(leaf.Table + (passed * leaf.Count), leaf.Count));
            }
        });
        return tables;
    }

    private static void Add(Tree tree, int node, List<Condition> path, List<Leaf> leaves, List<Condition> conditions)
    {
        if (path.Count > MostColumns)
        {
            throw new FormatException($"a leaf has more than {MostColumns} columns above it");
        }

        if (node < 0)
        {
            leaves.Add(new(conditions.Count, path.Count, tree.LeafValue[~node], -1));
            conditions.AddRange(path);
            return;
        }

        var (column, threshold) = (tree.Feature[node], tree.Threshold[node]);
        var at = path.FindIndex(c => c.Column == column);
        var before = at < 0 ? new Condition(column, float.NegativeInfinity, float.PositiveInfinity, true, 1) : path[at];
        foreach (var (child, isLeft) in ((int, bool)[])[(tree.Left[node], true), (tree.Right[node], false)])
        {
            var share = before.Zero * CoverOf(tree, child) / Math.Max(1.0, tree.Cover[node]);
            var missing = before.Missing && tree.MissingLeft[node] == isLeft;
            var narrowed = isLeft
                ? before with { UpTo = Math.Min(before.UpTo, threshold), Missing = missing, Zero = share }
                : before with { Above = Math.Max(before.Above, threshold), Missing = missing, Zero = share };
            List<Condition> onward = [.. path];
            if (at < 0)
            {
                onward.Add(narrowed);
            }
            else
            {
                onward[at] = narrowed;
            }

            Add(tree, child, onward, leaves, conditions);
        }
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

    // A half that no training row reached would divide by nothing; a sliver of a row keeps the sums finite.
    private static double CoverOf(Tree tree, int child) => Math.Max(1e-9, child >= 0 ? tree.Cover[child] : tree.LeafCover[~child]);

    /// <summary>What one column asks of a row that is to reach a leaf: above, up to, or unknown; and the share of training rows that it lets through.</summary>
    private readonly record struct Condition(int Column, float Above, float UpTo, bool Missing, double Zero);

    /// <summary>A leaf: its conditions, its value, and where its table starts; below 0 without one.</summary>
    private readonly record struct Leaf(int First, int Count, double Value, int Table);
}
