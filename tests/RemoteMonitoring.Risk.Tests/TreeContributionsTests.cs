using CsCheck;
using RemoteMonitoring.Risk.Trees;

namespace RemoteMonitoring.Risk.Tests;

public sealed class TreeContributionsTests
{
    private const int Columns = 4;

    [Fact]
    public void Contributions_are_shapley_values_by_definition() =>
        Gen.Select(Gen.Int[0, 100_000], Gen.Float[-2, 2].Array[Columns], Gen.Int[0, 15]).Sample((seed, row, missing) =>
        {
            for (var c = 0; c < Columns; c++)
            {
                row[c] = (missing >> c & 1) == 1 ? float.NaN : row[c];
            }

            var tree = RandomTree(new Random(seed), 9);
            var contributions = new TreeContributions(new([tree]), Columns);
            var ours = contributions.Of(row);
            for (var c = 0; c < Columns; c++)
            {
                Assert.Equal(ByDefinition(tree, row, c), ours[c], 1e-9);
            }

            Assert.Equal(LeafValue(tree, row), new TreeEnsemble([tree]).Raw(row));
            Assert.Equal(LeafValue(tree, row), contributions.Base + ours.Sum(), 1e-9);
        });

    [Fact]
    public void Contributions_of_a_leaf_below_many_columns_add_up()
    {
        const int Wide = 30;
        var nodes = Enumerable.Range(0, Wide).ToArray();
        var chain = new Tree(
            nodes, [.. nodes.Select(_ => 0f)], [.. nodes.Select(n => n % 2 == 0)], [.. nodes.Select(n => ~n)], [.. nodes.Select(n => n == Wide - 1 ? ~Wide : n + 1)],
            [.. Enumerable.Range(0, Wide + 1).Select(l => l * 0.25 - 1)], [.. nodes.Select(n => (Wide + 1 - n) * 3)], [.. Enumerable.Repeat(3, Wide + 1)]);
        var contributions = new TreeContributions(new([chain]), Wide);
        var random = new Random(4);
        for (var i = 0; i < 50; i++)
        {
            var row = nodes.Select(_ => random.Next(5) switch { 0 => float.NaN, 1 => -1f, _ => 1f }).ToArray();
            Assert.Equal(LeafValue(chain, row), contributions.Base + contributions.Of(row).Sum(), 1e-9);
        }
    }

    private static double ByDefinition(Tree tree, float[] row, int column)
    {
        var sum = 0.0;
        for (var set = 0; set < 1 << Columns; set++)
        {
            if ((set >> column & 1) == 0)
            {
                var size = System.Numerics.BitOperations.PopCount((uint)set);
                var weight = Factorial(size) * Factorial(Columns - size - 1) / Factorial(Columns);
                sum += weight * (Expected(tree, 0, row, set | (1 << column)) - Expected(tree, 0, row, set));
            }
        }

        return sum;
    }

    private static double Expected(Tree tree, int node, float[] row, int known)
    {
        if (node < 0)
        {
            return tree.LeafValue[~node];
        }

        if ((known >> tree.Feature[node] & 1) == 1)
        {
            return Expected(tree, Next(tree, node, row), row, known);
        }

        double left = Cover(tree, tree.Left[node]), right = Cover(tree, tree.Right[node]);
        return ((left * Expected(tree, tree.Left[node], row, known)) + (right * Expected(tree, tree.Right[node], row, known))) / (left + right);
    }

    private static double LeafValue(Tree tree, float[] row)
    {
        var node = 0;
        while (node >= 0)
        {
            node = Next(tree, node, row);
        }

        return tree.LeafValue[~node];
    }

    private static int Next(Tree tree, int node, float[] row)
    {
        var value = row[tree.Feature[node]];
        return (float.IsNaN(value) ? tree.MissingLeft[node] : value <= tree.Threshold[node]) ? tree.Left[node] : tree.Right[node];
    }

    private static int Cover(Tree tree, int child) => child >= 0 ? tree.Cover[child] : tree.LeafCover[~child];

    private static double Factorial(int n) => n < 2 ? 1 : n * Factorial(n - 1);

    /// <summary>Splits a random leaf again and again, columns recurring on a path, then counts upwards.</summary>
    private static Tree RandomTree(Random random, int leaves)
    {
        var nodes = leaves - 1;
        var (left, right) = (new int[nodes], new int[nodes]);
        var parents = new List<(int Node, bool Left)> { (-1, false) };
        for (var n = 0; n < nodes; n++)
        {
            var leaf = random.Next(parents.Count);
            var (parent, isLeft) = parents[leaf];
            if (parent >= 0)
            {
                (isLeft ? left : right)[parent] = n;
            }

            left[n] = ~leaf;
            right[n] = ~parents.Count;
            parents[leaf] = (n, true);
            parents.Add((n, false));
        }

        var tree = new Tree(
            [.. Enumerable.Range(0, nodes).Select(_ => random.Next(Columns))],
            [.. Enumerable.Range(0, nodes).Select(_ => (random.NextSingle() * 4) - 2)],
            [.. Enumerable.Range(0, nodes).Select(_ => random.Next(2) == 0)],
            left, right,
            [.. Enumerable.Range(0, leaves).Select(_ => random.NextDouble() - 0.5)],
            new int[nodes],
            [.. Enumerable.Range(0, leaves).Select(_ => random.Next(1, 50))]);
        for (var n = nodes - 1; n >= 0; n--)
        {
            tree.Cover[n] = Cover(tree, left[n]) + Cover(tree, right[n]);
        }

        return tree;
    }
}
