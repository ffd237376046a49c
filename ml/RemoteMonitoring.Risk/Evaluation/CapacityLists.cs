using NodaTime;
using RemoteMonitoring.Risk.Training;

namespace RemoteMonitoring.Risk.Evaluation;

/// <summary>
/// Which rows a team that can look at so many would have listed: the highest scores of each day and team. A share, where
/// ties are cut through or the capacity is no whole number: the mean over all ways to order the ties.
/// </summary>
/// <param name="List">The list that each row competes for.</param>
/// <param name="Places">How many rows each list has room for.</param>
/// <param name="Unit">What the rows of a list have in common where no capacity is stated; else <see cref="CapacityUnits.TeamAndDay"/>.</param>
/// <param name="Stated">Share of the rows whose team has stated its capacity, 0 … 1.</param>
internal sealed record CapacityLists(int[] List, double[] Places, string Unit, double Stated)
{
    /// <summary>Rows that can be listed of a hundred where no capacity is stated.</summary>
    internal const double PerHundred = 5;

    // Below it, a hundredth part of a list is less than one row.
    private const int SmallestMeanGroup = 20;

    /// <summary>Rows that can be listed of a hundred, on the whole.</summary>
    internal double OfAHundred => Stated == 0 ? PerHundred : 100 * Places.Sum() / List.Length;

    /// <summary>
    /// The lists of held-out rows. Of a team that had stated its capacity: one a day, with room for as many as it can call, or for that share of them
    /// that its held-out patients are of all of its patients with a row that day. Of the others 5 in 100: a team's of a day; where teams are unknown or have
    /// fewer than 20 rows a day, all of a day; where days have fewer, all rows of a fold.
    /// </summary>
    internal static CapacityLists Of(HeldOutRows rows)
    {
        var list = new int[rows.Rows];
        var all = Enumerable.Range(0, rows.Rows).ToArray();
        var stated = Array.FindAll(all, i => rows.Team[i].Length > 0 && double.IsFinite(rows.TeamCapacity[i]));
        var places = new List<double>();
        foreach (var own in stated.GroupBy(i => (rows.Day[i], rows.Team[i])))
        {
            var (count, patients, last) = (0, new HashSet<string>(StringComparer.Ordinal), own.First());
            foreach (var i in own)
            {
                list[i] = places.Count;
                patients.Add(rows.PatientId[i]);
                count++;
                // What was stated in the course of the day holds for the day.
                last = rows.AsOf[i] > rows.AsOf[last] ? i : last;
            }

            var share = Math.Min(1, (double)patients.Count / Math.Max(1, rows.TeamPatients[last]));
            places.Add(Math.Min(count, rows.TeamCapacity[last] * share));
        }

        var others = stated.Length == 0 ? all : Array.FindAll(all, i => !(rows.Team[i].Length > 0 && double.IsFinite(rows.TeamCapacity[i])));
        if (others.Length == 0)
        {
            return new(list, [.. places], CapacityUnits.TeamAndDay, 1);
        }

        var (number, unit) = Shared(rows, others);
        var rooms = new double[number.Max() + 1];
        for (var o = 0; o < others.Length; o++)
        {
            list[others[o]] = places.Count + number[o];
            rooms[number[o]]++;
        }

        return new(list, [.. places, .. rooms.Select(n => n * PerHundred / 100)], unit, (double)stated.Length / rows.Rows);
    }

    /// <summary>For each row of the data how many patients of its team have a row on its day, itself among them; 0 where its team is not known.</summary>
    internal static int[] TeamPatients(LabelledRows data, RowContext context)
    {
        string[] team = [.. Enumerable.Range(0, data.Rows).Select(i => context.At(data.PatientId[i], data.AsOf[i]).Team)];
        var patients = new Dictionary<(LocalDate, string), HashSet<int>>();
        for (var i = 0; i < team.Length; i++)
        {
            (patients.TryGetValue((data.Day[i], team[i]), out var own) ? own : patients[(data.Day[i], team[i])] = []).Add(data.Patient[i]);
        }

        return [.. team.Select((t, i) => t.Length == 0 ? 0 : patients[(data.Day[i], t)].Count)];
    }

    /// <summary>The share of each row that is listed, 0 … 1; the highest ranks are listed first.</summary>
    internal double[] Listed(double[] rank)
    {
        var order = new int[rank.Length];
        var keys = new (int List, double Falling, int Row)[rank.Length];
        for (var i = 0; i < order.Length; i++)
        {
            order[i] = i;
            keys[i] = (List[i], -rank[i], i);
        }

        Array.Sort(keys, order);
        var listed = new double[rank.Length];
        for (var start = 0; start < order.Length;)
        {
            var end = start;
            while (end < order.Length && keys[end].List == keys[start].List)
            {
                end++;
            }

            var left = Places[keys[start].List];
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

    private static (int[] List, string Unit) Shared(HeldOutRows rows, int[] of)
    {
        if (of.Any(i => rows.Team[i].Length > 0) && Number(of, i => (rows.Day[i], rows.Team[i])) is { } byTeam)
        {
            return (byTeam, CapacityUnits.TeamAndDay);
        }

        return Number(of, i => rows.Day[i]) is { } byDay ? (byDay, CapacityUnits.Day) : (Array.ConvertAll(of, i => rows.Fold[i]), CapacityUnits.Fold);
    }

    private static int[]? Number<TKey>(int[] of, Func<int, TKey> key)
        where TKey : notnull
    {
        var number = new Dictionary<TKey, int>();
        var list = Array.ConvertAll(of, i =>
        {
            number.TryAdd(key(i), number.Count);
            return number[key(i)];
        });
        return number.Count * SmallestMeanGroup <= of.Length ? list : null;
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
