using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Risk.Evaluation;

/// <summary>An outcome of a patient with the held-out rows that could have listed it, earliest first: those of the 7 days before, or, of a task that looks back, its own.</summary>
internal sealed record HeldOutEvent(int Patient, long Time, int[] Rows);

/// <summary>
/// The outcomes that held-out rows were followed by; of a task whose window lies behind as-of those that they had to detect, on the day or while they last.
/// Outcomes between the same two instants of a patient are one event.
/// </summary>
internal static class HeldOutEvents
{
    /// <summary>How long before an event a row counts as a warning of it.</summary>
    internal const long Window = 7 * UnixMicros.PerDay;

    /// <summary>
    /// For each row the number of the event that makes it positive, −1 for a negative one: rows of a patient with the same own event are of one, and
    /// where it is not known, rows between which the patient has no negative one.
    /// </summary>
    internal static int[] Number(string[] patientId, long[] asOf, bool[] label, long[]? ownEvent)
    {
        var number = new int[label.Length];
        Array.Fill(number, -1);
        var known = new Dictionary<(string, long), int>();
        var count = 0;
        var (patient, running) = ("", -1);
        foreach (var i in Enumerable.Range(0, label.Length).OrderBy(i => patientId[i], StringComparer.Ordinal).ThenBy(i => asOf[i]).ThenBy(i => i))
        {
            if (patientId[i] != patient || !label[i])
            {
                (patient, running) = (patientId[i], -1);
            }

            if (!label[i])
            {
                continue;
            }

            if (ownEvent is not null && ownEvent[i] != UnixMicros.Open)
            {
                running = -1;
                number[i] = known.TryGetValue((patient, ownEvent[i]), out var seen) ? seen : known[(patient, ownEvent[i])] = count++;
            }
            else
            {
                number[i] = running = running < 0 ? count++ : running;
            }
        }

        return number;
    }

    /// <summary>The same of held-out rows.</summary>
    internal static int[] Number(HeldOutRows rows) => Number(rows.PatientId, rows.AsOf, rows.Label, rows.OwnEvent);

    /// <summary>How many different events there are among some numbers.</summary>
    internal static int Count(IEnumerable<int> numbers) => numbers.Where(n => n >= 0).Distinct().Count();

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
            // A death that counts as the outcome is an own event, and nobody's next one.
            foreach (var time in own.Select(i => rows.OwnEvent[i]).Concat(rows.LooksBack ? [] : own.Select(i => rows.NextEvent[i])).Where(t => t != UnixMicros.Open).Distinct().Order())
            {
                events.Add(new(patient[own[0]], time, Array.FindAll(own, i => rows.LooksBack ? rows.OwnEvent[i] == time : rows.AsOf[i] < time && rows.AsOf[i] >= time - Window)));
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

    /// <summary>Days from the first listing to the event, with how likely that was the first, over all events; shortest first. Of a task that looks back there are none: what has happened is not foreseen.</summary>
    internal static LeadTimes LeadTimes(IReadOnlyList<HeldOutEvent> events, HeldOutRows rows, double[] listed)
    {
        var leads = new List<(double Days, double Weight, int Patient)>();
        foreach (var happened in rows.LooksBack ? [] : events)
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
