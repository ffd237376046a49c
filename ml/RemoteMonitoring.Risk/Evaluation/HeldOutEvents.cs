using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Risk.Evaluation;

/// <summary>An outcome of a patient with the held-out rows of the 7 days before it, earliest first.</summary>
internal sealed record HeldOutEvent(int Patient, long Time, int[] Rows);

/// <summary>
/// The outcomes that held-out rows were followed by. Outcomes between the same two instants of a patient are one event.
/// </summary>
internal static class HeldOutEvents
{
    /// <summary>How long before an event a row counts as a warning of it.</summary>
    internal const long Window = 7 * UnixMicros.PerDay;

    /// <summary>By patient, then time; one that no held-out row came before within the window has no rows.</summary>
    internal static IReadOnlyList<HeldOutEvent> Of(HeldOutRows rows, int[] patient)
    {
        var order = Enumerable.Range(0, rows.Rows).OrderBy(i => patient[i]).ThenBy(i => rows.AsOf[i]).ThenBy(i => i).ToArray();
        var events = new List<HeldOutEvent>();
        for (var start = 0; start < order.Length;)
        {
            var end = start;
            while (end < order.Length && patient[order[end]] == patient[order[start]])
            {
                end++;
            }

            var own = order.AsSpan(start, end - start).ToArray();
            foreach (var time in own.Select(i => rows.NextEvent[i]).Where(t => t != UnixMicros.Open).Distinct().Order())
            {
                events.Add(new(patient[own[0]], time, Array.FindAll(own, i => rows.AsOf[i] < time && rows.AsOf[i] >= time - Window)));
            }

            start = end;
        }

        return events;
    }

    /// <summary>How likely the event was listed at least once, the lists of different days being independent.</summary>
    internal static double Caught(HeldOutEvent happened, double[] listed)
    {
        var missed = 1.0;
        foreach (var row in happened.Rows)
        {
            missed *= 1 - listed[row];
        }

        return 1 - missed;
    }

    /// <summary>Days from the first listing to the event, with how likely that was the first, over all events; shortest first.</summary>
    internal static LeadTimes LeadTimes(IReadOnlyList<HeldOutEvent> events, HeldOutRows rows, double[] listed)
    {
        var leads = new List<(double Days, double Weight, int Patient)>();
        foreach (var happened in events)
        {
            var missed = 1.0;
            foreach (var row in happened.Rows)
            {
                if (listed[row] > 0 && missed > 0)
                {
                    leads.Add(((happened.Time - rows.AsOf[row]) / (double)UnixMicros.PerDay, missed * listed[row], happened.Patient));
                    missed *= 1 - listed[row];
                }
            }
        }

        return new([.. leads.Order()]);
    }
}

/// <summary>Times between a warning and its event, shortest first.</summary>
internal sealed class LeadTimes((double Days, double Weight, int Patient)[] sorted)
{
    /// <summary>The least time that at least this share of the warnings do not exceed; NaN without any.</summary>
    internal double Quantile(double share, int[] multiplicity)
    {
        var total = 0.0;
        foreach (var (_, weight, patient) in sorted)
        {
            total += weight * multiplicity[patient];
        }

        var seen = 0.0;
        foreach (var (days, weight, patient) in sorted)
        {
            seen += weight * multiplicity[patient];
            // Sums of shares are not exact: a hair below the mark is the mark.
            if (multiplicity[patient] > 0 && seen >= (share * total) - 1e-9)
            {
                return days;
            }
        }

        return double.NaN;
    }
}
