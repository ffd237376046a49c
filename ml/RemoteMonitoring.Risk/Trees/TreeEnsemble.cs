using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using RemoteMonitoring.Risk.Training;

namespace RemoteMonitoring.Risk.Trees;

/// <summary>
/// Boosted trees: what scores and contributions are read from. A value goes left when it is at most the threshold; NaN goes
/// where <see cref="Tree.MissingLeft"/> says. The score is the sum of the leaves reached, in the order of the trees: the same
/// bits on every run and machine.
/// </summary>
internal sealed class TreeEnsemble
{
    // So many rows at a time go through all trees: they stay in the first cache.
    private const int Block = 32;

    private readonly Node[] _nodes;
    private readonly double[] _values;
    private readonly (int Root, int Depth)[] _roots;

    internal TreeEnsemble(Tree[] trees)
    {
        Trees = trees;
        var nodes = new List<Node>();
        var values = new List<double>();
        _roots = new (int, int)[trees.Length];
        for (var t = 0; t < trees.Length; t++)
        {
            _roots[t] = (nodes.Count, Add(trees[t], nodes, values));
        }

        (_nodes, _values) = ([.. nodes], [.. values]);
    }

    internal Tree[] Trees { get; }

    internal double Raw(ReadOnlySpan<float> row)
    {
        var raw = new double[1];
        Raw(row, row.Length, raw);
        return raw[0];
    }

    internal double[] Raw(FeatureMatrix matrix, int[] rows)
    {
        var raw = new double[rows.Length];
        for (var i = 0; i < rows.Length; i++)
        {
            Raw(matrix.Row(rows[i]), matrix.Columns, raw.AsSpan(i, 1));
        }

        return raw;
    }

    /// <summary>All rows of a matrix, in blocks side by side.</summary>
    internal double[] Raw(FeatureMatrix matrix, ParallelOptions side)
    {
        const int Piece = 64 * Block;
        var raw = new double[matrix.Rows];
        Parallel.For(0, (matrix.Rows + Piece - 1) / Piece, side, piece =>
        {
            var (from, to) = (piece * Piece, Math.Min(matrix.Rows, (piece + 1) * Piece));
            Raw(matrix.Values.AsSpan(from * matrix.Columns, (to - from) * matrix.Columns), matrix.Columns, raw.AsSpan(from, to - from));
        });
        return raw;
    }

    /// <summary>Scores rows that follow each other, [rows × columns].</summary>
    private void Raw(ReadOnlySpan<float> rows, int columns, Span<double> raw)
    {
        // Each value twice: unknown as the least of all values, for splits where it goes left, then as the greatest. A step
        // down a tree is then one comparison and no branch that the processor could guess wrong.
        var twice = new float[Block * 2 * columns];
        for (var start = 0; start < raw.Length; start += Block)
        {
            var count = Math.Min(Block, raw.Length - start);
            var values = rows.Slice(start * columns, count * columns);
            for (var i = 0; i < values.Length; i++)
            {
                var value = values[i];
                (twice[2 * i], twice[(2 * i) + 1]) = float.IsNaN(value) ? (float.NegativeInfinity, float.PositiveInfinity) : (value, value);
            }

            Sum(twice, 2 * columns, raw.Slice(start, count));
        }
    }

    private void Sum(float[] twice, int width, Span<double> raw)
    {
        ref var nodes = ref MemoryMarshal.GetArrayDataReference(_nodes);
        ref var values = ref MemoryMarshal.GetArrayDataReference(_values);
        ref var first = ref MemoryMarshal.GetArrayDataReference(twice);
        foreach (var (root, depth) in _roots)
        {
            var r = 0;
            // Four rows abreast hide each other's waits for memory. A row that is in its leaf stays there.
            for (; r + 4 <= raw.Length; r += 4)
            {
                ref var a = ref Unsafe.Add(ref first, r * width);
                ref var b = ref Unsafe.Add(ref a, width);
                ref var c = ref Unsafe.Add(ref b, width);
                ref var d = ref Unsafe.Add(ref c, width);
                int i = root, j = root, k = root, l = root;
                for (var step = 0; step < depth; step++)
                {
                    i = Next(ref Unsafe.Add(ref nodes, i), ref a);
                    j = Next(ref Unsafe.Add(ref nodes, j), ref b);
                    k = Next(ref Unsafe.Add(ref nodes, k), ref c);
                    l = Next(ref Unsafe.Add(ref nodes, l), ref d);
                }

                raw[r] += Unsafe.Add(ref values, i);
                raw[r + 1] += Unsafe.Add(ref values, j);
                raw[r + 2] += Unsafe.Add(ref values, k);
                raw[r + 3] += Unsafe.Add(ref values, l);
            }

            for (; r < raw.Length; r++)
            {
                ref var a = ref Unsafe.Add(ref first, r * width);
                var i = root;
                for (var step = 0; step < depth; step++)
                {
                    i = Next(ref Unsafe.Add(ref nodes, i), ref a);
                }

                raw[r] += Unsafe.Add(ref values, i);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Next(ref readonly Node node, ref float row) =>
        node.First + (Unsafe.Add(ref row, node.Place) > node.Threshold ? 1 : 0);

    /// <summary>Lays a tree out level by level, siblings side by side, and says how many steps its deepest leaf takes.</summary>
    private static int Add(Tree tree, List<Node> nodes, List<double> values)
    {
        var depth = 0;
        var level = new List<int> { tree.Feature.Length == 0 ? ~0 : 0 };
        while (level.Count > 0)
        {
            var below = new List<int>();
            var next = nodes.Count + level.Count;
            foreach (var child in level)
            {
                if (child < 0)
                {
                    // Nothing is above infinity: a leaf leads to itself.
                    nodes.Add(new(float.PositiveInfinity, 0, nodes.Count));
                    values.Add(tree.LeafValue[~child]);
                }
                else
                {
                    nodes.Add(new(tree.Threshold[child], (2 * tree.Feature[child]) + (tree.MissingLeft[child] ? 0 : 1), next + below.Count));
                    values.Add(0);
                    below.Add(tree.Left[child]);
                    below.Add(tree.Right[child]);
                }
            }

            depth += below.Count > 0 ? 1 : 0;
            level = below;
        }

        return depth;
    }

    /// <summary>A split: where in the doubled row its value is, and the first of its two children.</summary>
    private readonly record struct Node(float Threshold, int Place, int First);
}

/// <summary>
/// One tree as flat arrays. Node 0 is its root; a child below 0 is a leaf, <c>~child</c>. <see cref="Cover"/> counts training
/// rows below each node, <see cref="LeafCover"/> those in each leaf.
/// </summary>
internal sealed record Tree(
    int[] Feature, float[] Threshold, bool[] MissingLeft, int[] Left, int[] Right, double[] LeafValue, int[] Cover, int[] LeafCover);
