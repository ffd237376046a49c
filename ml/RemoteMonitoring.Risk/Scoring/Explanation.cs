using RemoteMonitoring.Features.Sets;

namespace RemoteMonitoring.Risk.Scoring;

/// <summary>A vital, or a column that speaks of none, that raises a patient's risk.</summary>
/// <param name="Key">Key of the vital, else the topic of its columns, else the column's name.</param>
/// <param name="IsVital">Which of the two <paramref name="Key"/> is.</param>
/// <param name="Contribution">Sum over its columns of what they add to the raw log-odds; above 0.</param>
/// <param name="Strongest">Its column that adds most.</param>
/// <param name="Fallback">That column in plain words, for when no reading can be quoted.</param>
public sealed record ReasonCandidate(string Key, bool IsVital, double Contribution, FeatureColumn Strongest, string Fallback);

/// <summary>Why a row has the raw score it has, in the model's terms.</summary>
/// <param name="Base">Mean raw score of the training rows, as the trees have it.</param>
/// <param name="Raw">The row's raw score: base plus contributions, up to rounding.</param>
/// <param name="Contributions">By column, log-odds; below 0 lowers the risk.</param>
/// <param name="Candidates">What raises the risk, strongest first; ties by key.</param>
public sealed record Explanation(double Base, double Raw, double[] Contributions, IReadOnlyList<ReasonCandidate> Candidates);

/// <summary>Columns put together that speak of the same thing: a vital, a topic, or themselves.</summary>
internal sealed class ColumnGroups
{
    private readonly IReadOnlyList<FeatureColumn> _columns;
    private readonly int[] _groupOf;
    private readonly (string Key, bool IsVital)[] _groups;

    internal ColumnGroups(IReadOnlyList<FeatureColumn> columns)
    {
        _columns = columns;
        var number = new Dictionary<(string Key, bool IsVital), int>();
        _groupOf = [.. columns.Select(c =>
        {
            var key = (c.VitalKey ?? c.Topic ?? c.Name, c.VitalKey is not null);
            number.TryAdd(key, number.Count);
            return number[key];
        })];
        _groups = [.. number.OrderBy(g => g.Value).Select(g => g.Key)];
    }

    /// <summary>The groups that raise the risk, strongest first; ties by key.</summary>
    internal IReadOnlyList<ReasonCandidate> Raising(ReadOnlySpan<double> contributions)
    {
        Span<double> sums = stackalloc double[_groups.Length];
        Span<int> strongest = stackalloc int[_groups.Length];
        sums.Clear();
        strongest.Fill(-1);
        for (var c = 0; c < contributions.Length; c++)
        {
            var value = contributions[c];
            if (value == 0)
            {
                continue;
            }

            var group = _groupOf[c];
            sums[group] += value;
            if (strongest[group] < 0 || value > contributions[strongest[group]])
            {
                strongest[group] = c;
            }
        }

        var raising = new List<ReasonCandidate>();
        for (var g = 0; g < sums.Length; g++)
        {
            if (sums[g] > 0)
            {
                var column = _columns[strongest[g]];
                raising.Add(new(_groups[g].Key, _groups[g].IsVital, sums[g], column, column.Meaning));
            }
        }

        raising.Sort((a, b) => b.Contribution.CompareTo(a.Contribution) is var order && order != 0 ? order : string.CompareOrdinal(a.Key, b.Key));
        return raising;
    }
}
