using System.Globalization;

namespace RemoteMonitoring.Risk.Evaluation;

/// <summary>Rows that have something in common, and their sums.</summary>
internal sealed class Subgroups
{
    // Lower ends of the bands.
    private static readonly int[] s_ages = [0, 18, 40, 65, 75, 85];

    private readonly Subgroup _described;
    private readonly (Sum Listed, Sum Right, Sum Positive, Sum Expected, Measure Auroc)? _sums;

    private Subgroups(
        string dimension, string name, int[] members, HeldOutRows rows, double[] rank, double[] listed, int[] patient, int[] eventOf, ResampledTotals totals)
    {
        var happened = HeldOutEvents.Count(members.Select(i => eventOf[i]));
        _described = new(dimension, name, members.Length, members.Select(i => patient[i]).Distinct().Count(), happened);
        if (happened < Subgroup.FewestEvents)
        {
            return;
        }

        var ranked = new RankedScores(Of(rank), Of(rows.Label), Of(patient), Of(rows.Fold));
        _sums = (totals.Add(out var all), totals.Add(out var right), totals.Add(out var positive), totals.Add(out var expected), totals.Add(weight => ranked.Compute(weight).Auroc));
        foreach (var i in members)
        {
            all[patient[i]] += listed[i];
            right[patient[i]] += rows.Label[i] ? listed[i] : 0;
            positive[patient[i]] += rows.Label[i] ? 1 : 0;
            expected[patient[i]] += rows.P[i];
        }

        T[] Of<T>(T[] column) => Array.ConvertAll(members, i => column[i]);
    }

    /// <summary>The subgroups that have rows. A dimension of which nothing is known of anybody has none.</summary>
    internal static IReadOnlyList<Subgroups> Of(HeldOutRows rows, double[] rank, double[] listed, int[] patient, ResampledTotals totals)
    {
        var groups = new List<Subgroups>();
        var eventOf = HeldOutEvents.Number(rows);
        if (rows.Age.Any(a => !double.IsNaN(a)))
        {
            Add(SubgroupDimensions.Age, i => [AgeBand(rows.Age[i])]);
        }

        if (rows.Sex.Any(s => s != "unknown"))
        {
            Add(SubgroupDimensions.Sex, i => [rows.Sex[i]]);
        }

        if (rows.Conditions.Any(c => c.Length > 0))
        {
            Add(SubgroupDimensions.Condition, i => rows.Conditions[i].Length == 0 ? ["none"] : rows.Conditions[i].Split(';'));
        }

        if (rows.DeviceModels.Any(d => d.Length > 0))
        {
            Add(SubgroupDimensions.DeviceModel, i => rows.DeviceModels[i].Length == 0 ? ["none on record"] : rows.DeviceModels[i].Split(';'));
        }

        if (rows.Contacts7Days.Any(c => !double.IsNaN(c)))
        {
            Add(SubgroupDimensions.Contact, i => [rows.Contacts7Days[i] > 0 ? SubgroupDimensions.Contacted : SubgroupDimensions.Uncontacted]);
        }

        return groups;

        void Add(string dimension, Func<int, string[]> values)
        {
            var members = new SortedDictionary<string, List<int>>(StringComparer.Ordinal);
            for (var i = 0; i < rows.Rows; i++)
            {
                foreach (var value in values(i))
                {
                    (members.TryGetValue(value, out var own) ? own : members[value] = []).Add(i);
                }
            }

            groups.AddRange(members.Select(m => new Subgroups(dimension, m.Key, [.. m.Value], rows, rank, listed, patient, eventOf, totals)));
        }
    }

    internal Subgroup Report(ResampledTotals totals) => _sums is not { } s ? _described : _described with
    {
        Judged = new(
            totals.Of(t => t[s.Auroc]),
            totals.Of(t => t.Ratio(s.Right, s.Listed)),
            totals.Of(t => t.Ratio(s.Right, s.Positive)),
            totals.Of(t => t.Ratio(s.Positive, s.Expected))),
    };

    private static string AgeBand(double age)
    {
        if (double.IsNaN(age))
        {
            return "unknown";
        }

        var band = Math.Max(0, Array.FindLastIndex(s_ages, from => age >= from));
        return band == s_ages.Length - 1
            ? string.Create(CultureInfo.InvariantCulture, $"{s_ages[band]} and over")
            : string.Create(CultureInfo.InvariantCulture, $"{s_ages[band]}–{s_ages[band + 1] - 1}");
    }
}
