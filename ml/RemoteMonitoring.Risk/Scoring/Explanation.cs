using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.Risk.Scoring;

/// <summary>A cause, or a column that speaks of none, that raises a patient's risk.</summary>
/// <param name="Key">Key of the vital that is strongest, else the topic of its columns, else the column's name.</param>
/// <param name="IsVital">Which of the two <paramref name="Key"/> is.</param>
/// <param name="IsTechnical">Whether it speaks of the measuring (how often, how lately) and not of the patient.</param>
/// <param name="Contribution">Sum over its columns of what they add to the raw log-odds; above 0.</param>
/// <param name="Strongest">Its column that adds most.</param>
/// <param name="Fallback">That column in plain words, for when no reading can be quoted.</param>
public sealed record ReasonCandidate(string Key, bool IsVital, bool IsTechnical, double Contribution, FeatureColumn Strongest, string Fallback);

/// <summary>Why a row has the raw score it has, in the model's terms.</summary>
/// <param name="Base">Mean raw score of the training rows, as the trees have it.</param>
/// <param name="Raw">The row's raw score: base plus contributions, up to rounding.</param>
/// <param name="Contributions">By column, log-odds; below 0 lowers the risk.</param>
/// <param name="Candidates">What raises the risk, strongest first; ties by key.</param>
public sealed record Explanation(double Base, double Raw, double[] Contributions, IReadOnlyList<ReasonCandidate> Candidates)
{
    /// <summary>Of a model that gives no reasons.</summary>
    internal static Explanation None { get; } = new(double.NaN, double.NaN, [], []);
}

/// <summary>
/// Columns put together that speak of the same thing: a cause, a topic, or themselves. What tells how often or how lately a
/// vital was measured stands apart from what was measured.
/// </summary>
internal sealed class ColumnGroups
{
    /// <summary>Vitals that are one cause, seen in several ways.</summary>
    private static readonly string[][] s_causes =
    [
        ["systolic_bp", "diastolic_bp", "mean_bp", "invasive_systolic_bp", "invasive_diastolic_bp", "invasive_mean_bp", "noninvasive_systolic_bp", "noninvasive_diastolic_bp", "noninvasive_mean_bp"],
        ["weight", "body_water"],
        ["spo2", "sao2", "pao2", "fio2", "oxygen_flow"],
        ["glucose", "capillary_glucose"],
        ["temperature", "skin_temperature"],
        ["troponin_i", "troponin_t"],
        ["bilirubin", "bilirubin_direct"],
    ];

    private static readonly Dictionary<string, string> s_causeOf = s_causes.SelectMany(c => c.Select(vital => (vital, Cause: c[0]))).ToDictionary(c => c.vital, c => c.Cause, StringComparer.Ordinal);

    private readonly IReadOnlyList<FeatureColumn> _columns;
    private readonly int[] _groupOf;
    private readonly bool[] _isTechnical;

    internal ColumnGroups(IReadOnlyList<FeatureColumn> columns)
    {
        _columns = columns;
        var number = new Dictionary<(string Key, bool IsVital, bool IsTechnical), int>();
        _groupOf = [.. columns.Select(c =>
        {
            var key = (c.VitalKey is { } vital ? s_causeOf.GetValueOrDefault(vital, vital) : c.Topic ?? c.Name, c.VitalKey is not null, IsTechnical(c));
            number.TryAdd(key, number.Count);
            return number[key];
        })];
        _isTechnical = [.. number.OrderBy(g => g.Value).Select(g => g.Key.IsTechnical)];
    }

    /// <summary>Whether a column speaks of the measuring. Of events that are counted the number is what is measured.</summary>
    internal static bool IsTechnical(FeatureColumn column) => column.VitalKey is { } vital
        && column.Statistic is "count" or "age" or "adherence" && !(VitalSignCatalog.Default.TryGetByKey(vital, out var counted) && counted.IsCounted);

    /// <summary>The groups that raise the risk, strongest first; ties by key.</summary>
    internal IReadOnlyList<ReasonCandidate> Raising(ReadOnlySpan<double> contributions)
    {
        Span<double> sums = stackalloc double[_isTechnical.Length];
        Span<int> strongest = stackalloc int[_isTechnical.Length];
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
                raising.Add(new(column.VitalKey ?? column.Topic ?? column.Name, column.VitalKey is not null, _isTechnical[g], sums[g], column, column.Meaning));
            }
        }

        raising.Sort((a, b) => b.Contribution.CompareTo(a.Contribution) is var order && order != 0 ? order : string.CompareOrdinal(a.Key, b.Key));
        return raising;
    }
}
