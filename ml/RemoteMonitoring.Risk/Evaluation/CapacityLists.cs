namespace RemoteMonitoring.Risk.Evaluation;

/// <summary>
/// Which rows a team that can look at so many would have listed: the highest scores of each day and team. A share, where
/// ties are cut through or the capacity is no whole number: the mean over all ways to order the ties.
/// </summary>
internal static class CapacityLists
{
    /// <summary>Rows that can be listed of a hundred.</summary>
    internal const double PerHundred = 5;

    // Below it, a hundredth part of a list is less than one row.
    private const int SmallestMeanGroup = 20;

    /// <summary>
    /// The list that each row competes for, and what such lists are: a team's of a day; where teams are unknown or have
    /// fewer than 20 rows a day, all of a day; where days have fewer, all rows of a fold.
    /// </summary>
    internal static (int[] List, string Unit) Lists(HeldOutRows rows)
    {
        if (rows.Team.Any(t => t.Length > 0) && Number(rows, i => (rows.Day[i], rows.Team[i])) is { } byTeam)
        {
            return (byTeam, CapacityUnits.TeamAndDay);
        }

        return Number(rows, i => rows.Day[i]) is { } byDay ? (byDay, CapacityUnits.Day) : (rows.Fold, CapacityUnits.Fold);
    }

    /// <summary>The share of each row that is listed, 0 … 1.</summary>
    internal static double[] Listed(double[] score, int[] list)
    {
        var order = new int[score.Length];
        var keys = new (int List, double Falling, int Row)[score.Length];
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = i;
            keys[i] = (list[i], -score[i], i);
        }

        Array.Sort(keys, order);
        var listed = new double[score.Length];
        for (var start = 0; start < order.Length;)
        {
            var end = start;
            while (end < order.Length && keys[end].List == keys[start].List)
            {
                end++;
            }

            var left = (end - start) * PerHundred / 100;
            for (var at = start; at < end && left > 0;)
            {
                var tied = at;
                while (tied < end && keys[tied].Falling == keys[at].Falling)
                {
                    tied++;
                }

                var share = Math.Min(1, left / (tied - at));
                left -= tied - at;
                for (; at < tied; at++)
                {
                    listed[order[at]] = share;
                }
            }

            start = end;
        }

        return listed;
    }

    private static int[]? Number<TKey>(HeldOutRows rows, Func<int, TKey> key)
        where TKey : notnull
    {
        var number = new Dictionary<TKey, int>();
        var list = new int[rows.Rows];
        for (var i = 0; i < list.Length; i++)
        {
            var of = key(i);
            number.TryAdd(of, number.Count);
            list[i] = number[of];
        }

        return number.Count * SmallestMeanGroup <= rows.Rows ? list : null;
    }
}

/// <summary>What the rows of one list have in common.</summary>
public static class CapacityUnits
{
    /// <summary>Day and team.</summary>
    public const string TeamAndDay = "team-and-day";

    /// <summary>The day.</summary>
    public const string Day = "day";

    /// <summary>The fold of the evaluation.</summary>
    public const string Fold = "fold";
}
