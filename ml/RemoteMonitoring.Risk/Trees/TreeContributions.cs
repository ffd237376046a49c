using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using RemoteMonitoring.Risk.Training;

namespace RemoteMonitoring.Risk.Trees;

/// <summary>
/// Shapley values of tree ensembles, exact: those of algorithm 2 of Lundberg, Erion and Lee, "Consistent individualized
/// feature attribution for tree ensembles", 2018 (path-dependent: a column left out sends a row both ways, in proportion to
/// the training rows).
/// </summary>
/// <remarks>
/// A leaf with the columns j on its path, each of which lets the row through (one = 1) or not (0) and lets through the share
/// zero of the training rows, adds to column i its value times (one_i − zero_i) times the integral over t from 0 to 1 of the
/// product over the other columns of zero_j (1 − t) + one_j t: t is the chance that a column is known, and the integral is
/// the weight of Shapley's orders. The product is a polynomial in t of lower degree than there are columns, so Gauss and
/// Legendre's rule with half as many points is exact. That makes a leaf one straight pass for eight rows side by side, each
/// lane a row of its own, so that results do not depend on the width of the machine.
/// </remarks>
internal sealed class TreeContributions
{
    private const int MostColumns = 30;

    // Rows that go through a leaf together.
    private const int Lanes = 8;

    // Rows and sums that stay in the second cache while all leaves pass over them.
    private const int PieceBytes = 512 << 10;

    private static readonly (double[] At, double[] Weight)[] s_rules = [.. Enumerable.Range(0, (MostColumns / 2) + 1).Select(GaussLegendre)];

    private readonly int _columns;
    private readonly Leaf[] _leaves;
    private readonly Condition[] _conditions;

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
    }

    /// <summary>Mean raw score of the training rows.</summary>
    internal double Base { get; }

    /// <summary>Rows that are worked on at a time.</summary>
    internal int Piece => Math.Clamp(PieceBytes / (Math.Max(1, _columns) * (sizeof(float) + sizeof(double))) / Lanes * Lanes, 64, 2048);

    /// <summary>What each column adds to the raw score of a row.</summary>
    internal double[] Of(ReadOnlySpan<float> row)
    {
        var values = new double[_columns];
        Of(row, values);
        return values;
    }

    /// <summary>The same of all rows of a matrix, in pieces side by side: [rows × columns].</summary>
    internal double[] Of(FeatureMatrix matrix, ParallelOptions side)
    {
        var piece = Piece;
        var values = new double[matrix.Values.Length];
        Parallel.For(0, (matrix.Rows + piece - 1) / piece, side, p =>
        {
            var (from, length) = (p * piece * _columns, (Math.Min(matrix.Rows, (p + 1) * piece) - (p * piece)) * _columns);
            Of(matrix.Values.AsSpan(from, length), values.AsSpan(from, length));
        });
        return values;
    }

    /// <summary>The same of rows that follow each other, both [rows × columns].</summary>
    internal void Of(ReadOnlySpan<float> rows, Span<double> contributions)
    {
        var count = rows.Length / Math.Max(1, _columns);
        var width = Math.Min(Piece, (count + Lanes - 1) / Lanes * Lanes);
        var lanes = new float[_columns * width];
        var sums = new double[_columns * width];
        for (var start = 0; start < count; start += width)
        {
            var here = Math.Min(width, count - start);
            for (var r = 0; r < here; r++)
            {
                for (var c = 0; c < _columns; c++)
                {
                    lanes[(c * width) + r] = rows[((start + r) * _columns) + c];
                }
            }

            Array.Clear(sums);
            foreach (ref readonly var leaf in _leaves.AsSpan())
            {
                Add(leaf.Value, _conditions.AsSpan(leaf.First, leaf.Count), lanes, sums, width, here);
            }

            for (var r = 0; r < here; r++)
            {
                for (var c = 0; c < _columns; c++)
                {
                    contributions[((start + r) * _columns) + c] = sums[(c * width) + r];
                }
            }
        }
    }

    /// <summary>Adds what one leaf contributes to its columns, for all rows of a piece.</summary>
    private static void Add(double leaf, ReadOnlySpan<Condition> conditions, float[] lanes, double[] sums, int width, int rows)
    {
        var (at, weight) = s_rules[(conditions.Length + 1) / 2];
        // A column's factor at each point where it lets the row through and where not, and one over each.
        Span<Factor> factors = stackalloc Factor[at.Length * conditions.Length];
        for (var q = 0; q < at.Length; q++)
        {
            for (var k = 0; k < conditions.Length; k++)
            {
                var off = conditions[k].Zero * (1 - at[q]);
                factors[(q * conditions.Length) + k] = new(off + at[q], off, 1 / (off + at[q]), 1 / off);
            }
        }

        ref var firstLane = ref MemoryMarshal.GetArrayDataReference(lanes);
        ref var firstSum = ref MemoryMarshal.GetArrayDataReference(sums);
        Span<Vector512<long>> passed = stackalloc Vector512<long>[conditions.Length];
        Span<Vector512<double>> added = stackalloc Vector512<double>[conditions.Length];
        for (var row = 0; row < rows; row += Lanes)
        {
            for (var k = 0; k < conditions.Length; k++)
            {
                ref readonly var condition = ref conditions[k];
                var value = Vector256.LoadUnsafe(ref firstLane, (nuint)((condition.Column * width) + row));
                var within = Vector256.GreaterThan(value, Vector256.Create(condition.Above)) & Vector256.LessThanOrEqual(value, Vector256.Create(condition.UpTo));
                within |= Vector256.AndNot(Vector256.Create(condition.Missing ? -1 : 0).AsSingle(), Vector256.Equals(value, value));
                var (low, high) = Vector256.Widen(within.AsInt32());
                passed[k] = Vector512.Create(low, high);
                added[k] = Vector512<double>.Zero;
            }

            for (var q = 0; q < at.Length; q++)
            {
                var of = factors.Slice(q * conditions.Length, conditions.Length);
                var product = Vector512.Create(leaf * weight[q]);
                for (var k = 0; k < of.Length; k++)
                {
                    product *= Vector512.ConditionalSelect(passed[k].AsDouble(), Vector512.Create(of[k].On), Vector512.Create(of[k].Off));
                }

                for (var k = 0; k < of.Length; k++)
                {
                    added[k] += product * Vector512.ConditionalSelect(passed[k].AsDouble(), Vector512.Create(of[k].OverOn), Vector512.Create(of[k].OverOff));
                }
            }

            for (var k = 0; k < conditions.Length; k++)
            {
                var zero = conditions[k].Zero;
                ref var sum = ref Unsafe.Add(ref firstSum, (conditions[k].Column * width) + row);
                (Vector512.LoadUnsafe(ref sum) + (added[k] * Vector512.ConditionalSelect(passed[k].AsDouble(), Vector512.Create(1 - zero), Vector512.Create(-zero)))).StoreUnsafe(ref sum);
            }
        }
    }

    /// <summary>Points and weights on (0, 1) that integrate polynomials of degree 2n − 1 exactly: roots of Legendre's polynomial by Newton's method.</summary>
    private static (double[] At, double[] Weight) GaussLegendre(int n)
    {
        var (at, weight) = (new double[n], new double[n]);
        for (var i = 0; i < n; i++)
        {
            var x = Math.Cos(Math.PI * (i + 0.75) / (n + 0.5));
            var slope = 1.0;
            for (var step = 0; step < 20; step++)
            {
                double value = 1, before = 0;
                for (var k = 0; k < n; k++)
                {
                    (value, before) = ((((2 * k) + 1) * x * value / (k + 1)) - (k * before / (k + 1)), value);
                }

                slope = n * ((x * value) - before) / ((x * x) - 1);
                x -= value / slope;
            }

            at[i] = (1 + x) / 2;
            weight[i] = 1 / ((1 - (x * x)) * slope * slope);
        }

        return (at, weight);
    }

    private static void Add(Tree tree, int node, List<Condition> path, List<Leaf> leaves, List<Condition> conditions)
    {
        if (path.Count > MostColumns)
        {
            throw new FormatException($"a leaf has more than {MostColumns} columns above it");
        }

        if (node < 0)
        {
            leaves.Add(new(conditions.Count, path.Count, tree.LeafValue[~node]));
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

    /// <summary>A leaf: its conditions and its value.</summary>
    private readonly record struct Leaf(int First, int Count, double Value);

    private readonly record struct Factor(double On, double Off, double OverOn, double OverOff);
}
