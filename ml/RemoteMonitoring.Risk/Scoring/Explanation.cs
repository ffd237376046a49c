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
public sealed record Explanation(double Base, double Raw, double[] Contributions, IReadOnlyList<ReasonCandidate> Candidates)
{
    internal static Explanation Of(IReadOnlyList<FeatureColumn> columns, double[] contributions, double baseValue, double raw)
    {
        var groups = new Dictionary<(string Key, bool IsVital), (double Sum, int Strongest)>();
        for (var c = 0; c < columns.Count; c++)
        {
            if (contributions[c] == 0)
            {
                continue;
            }

            var key = (columns[c].VitalKey ?? columns[c].Topic ?? columns[c].Name, columns[c].VitalKey is not null);
            groups[key] = groups.TryGetValue(key, out var group)
                ? (group.Sum + contributions[c], contributions[c] > contributions[group.Strongest] ? c : group.Strongest)
                : (contributions[c], c);
        }

        var candidates = groups
            .Where(g => g.Value.Sum > 0)
            .OrderByDescending(g => g.Value.Sum)
            .ThenBy(g => g.Key.Key, StringComparer.Ordinal)
            .Select(g => new ReasonCandidate(
                g.Key.Key, g.Key.IsVital, g.Value.Sum, columns[g.Value.Strongest], columns[g.Value.Strongest].Meaning));
        return new(baseValue, raw, contributions, [.. candidates]);
    }
}
