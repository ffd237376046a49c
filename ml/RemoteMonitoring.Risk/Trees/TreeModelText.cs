using System.Globalization;
using System.Text;

namespace RemoteMonitoring.Risk.Trees;

/// <summary>
/// LightGBM's model text, version 4, of boosted trees for one raw score: numerical splits only. It is the artefact of a
/// model; LightGBM itself, in any language, loads it and scores as this program does.
/// </summary>
internal static class TreeModelText
{
    private const int Categorical = 1;
    private const int DefaultLeft = 2;
    private const int MissingMask = 12;
    private const int MissingIsNaN = 8;
    private const string End = "end of trees";

    // Far deeper than trees that were grown: walks that go down by calls of themselves stay within the stack.
    private const int MostLevels = 1000;

    /// <summary>
    /// Says in every split where an unknown value goes. A column without NaN in the training rows has no such direction, and
    /// LightGBM then reads unknown as zero; here it follows the larger half of the training rows. Importances and parameters
    /// are left out, since they say nothing about scores. Throws <see cref="FormatException"/> where the splits are none of a tree.
    /// </summary>
    internal static string Settle(string text)
    {
        var settled = new StringBuilder(text.Length);
        long[] cover = [], leafCover = [];
        int[] left = [], right = [];
        var pending = -1;
        // The counts follow the decisions, so that a tree's line is filled in once the tree has been read.
        var lines = text.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i];
            var (key, value) = Pair(line);
            switch (key)
            {
                case "tree_sizes":
                    // Offsets of trees for parallel loading, which the changed lines would belie; LightGBM does without.
                    lines[i] = "\r";
                    break;
                case "decision_type":
                    pending = i;
                    break;
                case "left_child":
                    left = Numbers<int>(value);
                    break;
                case "right_child":
                    right = Numbers<int>(value);
                    break;
                case "leaf_count":
                    leafCover = Numbers<long>(value);
                    break;
                case "internal_count" when pending >= 0:
                    cover = Numbers<long>(value);
                    var types = Numbers<int>(Pair(lines[pending]).Value);
                    if (types.Length > 0 && (new[] { cover.Length, left.Length, right.Length, leafCover.Length - 1 }.Any(n => n != types.Length)
                        || left.Concat(right).Any(child => child >= types.Length || child < -leafCover.Length)))
                    {
                        throw new FormatException("the splits of a tree do not form a tree");
                    }

                    for (var n = 0; n < types.Length; n++)
                    {
                        if ((types[n] & MissingMask) == 0)
                        {
                            types[n] = MissingIsNaN | (Cover(left[n]) >= Cover(right[n]) ? DefaultLeft : 0);
                        }
                    }

                    lines[pending] = "decision_type=" + string.Join(' ', types);
                    pending = -1;
                    break;
            }
        }

        foreach (var line in lines)
        {
            if (line != "\r")
            {
                settled.Append(line).Append('\n');
            }

            if (line == End)
            {
                return settled.ToString();
            }
        }

        throw new FormatException("it breaks off before the end of the trees");

        long Cover(int child) => child >= 0 ? cover[child] : leafCover[~child];
    }

    /// <summary>One text of several that were settled: each model has an equal share in the score.</summary>
    internal static string Average(IReadOnlyList<string> settled)
    {
        if (settled.Count == 1)
        {
            return settled[0];
        }

        var text = new StringBuilder(settled.Sum(t => t.Length));
        var trees = 0;
        for (var m = 0; m < settled.Count; m++)
        {
            var inTrees = false;
            foreach (var line in settled[m].Split('\n').TakeWhile(l => l != End))
            {
                var (key, value) = Pair(line);
                inTrees |= key == "Tree";
                if (inTrees || m == 0)
                {
                    text.Append(key switch
                    {
                        "Tree" => $"Tree={trees++}",
                        "leaf_value" or "internal_value" => $"{key}={string.Join(' ', Numbers<double>(value).Select(v => (v / settled.Count).ToString("R", CultureInfo.InvariantCulture)))}",
                        _ => line,
                    }).Append('\n');
                }
            }
        }

        return text.Append(End).Append('\n').ToString();
    }

    /// <summary>The trees; throws <see cref="FormatException"/> saying what is wrong or not supported.</summary>
    internal static TreeEnsemble Read(string text, int columns)
    {
        var trees = new List<Tree>();
        Dictionary<string, string>? tree = null;
        var isWhole = false;
        foreach (var line in text.Split('\n'))
        {
            var (key, value) = Pair(line);
            if (key == "Tree" || line == End)
            {
                if (tree is not null)
                {
                    trees.Add(Read(tree, trees.Count, columns));
                }

                tree = new(StringComparer.Ordinal);
                if (line == End)
                {
                    isWhole = true;
                    break;
                }
            }
            else if (tree is not null && key.Length > 0)
            {
                tree[key] = value;
            }
            else if (key is "num_class" or "num_tree_per_iteration" && value != "1")
            {
                throw new FormatException($"it has {key} {value}, and only one score a row is supported");
            }
            else if (line == "average_output")
            {
                throw new FormatException("its trees are averaged (a random forest), which is not supported");
            }
        }

        return isWhole ? new([.. trees]) : throw new FormatException("it breaks off before the end of the trees");
    }

    /// <summary>What the header says under a key: <c>objective</c>, <c>feature_names</c>; null where it has no such line.</summary>
    internal static string? Header(string text, string key)
    {
        foreach (var line in text.Split('\n').TakeWhile(l => !l.StartsWith("Tree=", StringComparison.Ordinal)))
        {
            if (Pair(line) is var (name, value) && name == key)
            {
                return value;
            }
        }

        return null;
    }

    private static Tree Read(Dictionary<string, string> lines, int number, int columns)
    {
        if (Get("num_cat") != "0" || (lines.TryGetValue("is_linear", out var linear) && linear != "0"))
        {
            throw new FormatException($"tree {number} has categorical splits or linear leaves, which are not supported");
        }

        var leafValue = Numbers<double>(Get("leaf_value"));
        if (leafValue.Length == 1)
        {
            return new Tree([], [], [], [], [], leafValue, [], [1]);
        }

        var type = Numbers<int>(Get("decision_type"));
        var tree = new Tree(
            Numbers<int>(Get("split_feature")), Array.ConvertAll(Numbers<double>(Get("threshold")), AtMost), Array.ConvertAll(type, t => (t & DefaultLeft) != 0),
            Numbers<int>(Get("left_child")), Numbers<int>(Get("right_child")), leafValue, Numbers<int>(Get("internal_count")), Numbers<int>(Get("leaf_count")));
        Check(tree, type, number, columns);
        return tree;

        string Get(string key) => lines.TryGetValue(key, out var value) ? value : throw new FormatException($"tree {number} has no {key}");
    }

    /// <summary>A tree that has been tampered with must not send the walk in circles or beyond the row.</summary>
    private static void Check(Tree tree, int[] type, int number, int columns)
    {
        var nodes = tree.LeafValue.Length - 1;
        if (new[] { tree.Feature.Length, tree.Threshold.Length, type.Length, tree.Left.Length, tree.Right.Length, tree.Cover.Length, tree.LeafCover.Length - 1 }.Any(n => n != nodes))
        {
            throw new FormatException($"the lines of tree {number} do not have the same number of splits");
        }

        if (tree.Feature.Any(f => f < 0 || f >= columns))
        {
            throw new FormatException($"tree {number} splits on a column that is not there");
        }

        if (type.Any(t => (t & Categorical) != 0 || (t & MissingMask) != MissingIsNaN))
        {
            throw new FormatException($"tree {number} has a split that does not say where an unknown value goes");
        }

        if (tree.LeafValue.Any(v => !double.IsFinite(v)))
        {
            throw new FormatException($"tree {number} has a leaf whose value is no number");
        }

        // Children stand behind their parents, and each is some split's child once: that makes it a tree.
        var children = new HashSet<int>();
        var level = new int[nodes];
        for (var n = 0; n < nodes; n++)
        {
            if (level[n] >= MostLevels)
            {
                throw new FormatException($"tree {number} has splits more than {MostLevels} deep");
            }

            foreach (var child in (int[])[tree.Left[n], tree.Right[n]])
            {
                if (child < -tree.LeafValue.Length || child >= nodes || (child >= 0 && child <= n) || !children.Add(child))
                {
                    throw new FormatException($"the splits of tree {number} do not form a tree");
                }

                if (child >= 0)
                {
                    level[child] = level[n] + 1;
                }
            }
        }
    }

    /// <summary>The largest 32-bit number that is not above the threshold: of 32-bit values the same go left.</summary>
    private static float AtMost(double threshold)
    {
        var near = (float)Math.Clamp(threshold, -float.MaxValue, float.MaxValue);
        return near > threshold ? MathF.BitDecrement(near) : near;
    }

    private static T[] Numbers<T>(string value)
        where T : IParsable<T> => Array.ConvertAll(
            value.Split(' ', StringSplitOptions.RemoveEmptyEntries),
            // "Known or missing" is a split at infinity, which the library writes as C does.
            text => T.TryParse(text == "inf" ? "Infinity" : text, CultureInfo.InvariantCulture, out var number) ? number : throw new FormatException($"'{text[..Math.Min(20, text.Length)]}' stands where a number should"));

    private static (string Key, string Value) Pair(string line)
    {
        var at = line.IndexOf('=', StringComparison.Ordinal);
        return at < 0 ? ("", "") : (line[..at], line[(at + 1)..]);
    }
}
