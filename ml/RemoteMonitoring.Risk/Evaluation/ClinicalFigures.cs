using NodaTime;

namespace RemoteMonitoring.Risk.Evaluation;

/// <summary>Makes a <see cref="ClinicalReport"/> of held-out rows alone.</summary>
public static class ClinicalFigures
{
    /// <summary>
    /// Computes all of it. The same rows, seed and number of resamples give the same figures on any number of threads.
    /// </summary>
    public static ClinicalReport Of(HeldOutRows rows, int resamples, int seed, int threads = 2, CancellationToken cancellationToken = default)
    {
        var (patient, patients) = rows.NumberPatients();
        var scorers = rows.Scorers();
        var lists = CapacityLists.Of(rows);
        var listed = scorers.ToDictionary(s => s.Name, s => lists.Listed(s.Rank), StringComparer.Ordinal);
        var events = HeldOutEvents.Of(rows, patient);

        var totals = new ResampledTotals(patients);
        var cohort = new CohortSums(rows, patient, events, totals);
        var sums = listed.Append(new(ListFigures.ModelAlerts, Array.ConvertAll(rows.Alert, a => a ? 1.0 : 0)))
            .Select(l => new ListSums(l.Key, l.Value, rows, patient, events, totals))
            .ToArray();
        var within = scorers.Select(s => (s.Name, Pairs: WithinPatientPairs.Of(s.Rank, rows, patient, totals))).ToArray();
        var calibration = CalibrationSums.Of(rows, patient, totals);
        var decisions = new DecisionSums(rows, scorers, patient, totals);
        var subgroups = Subgroups.Of(rows, scorers[0].Rank, listed[MetricNames.Model], patient, totals);
        totals.Run(resamples, seed, threads, cancellationToken);

        double Within(Totals t, (Sum Right, Sum Pairs) pairs) => t.Ratio(pairs.Right, pairs.Pairs);
        return new ClinicalReport
        {
            CapacityPerHundred = lists.OfAHundred,
            CapacityUnit = lists.Unit,
            CapacityStated = lists.Stated,
            PatientDays = cohort.PatientDays,
            Events = events.Count,
            EventsInReach = events.Count(e => e.Rows.Length > 0),
            LooksBack = rows.LooksBack,
            Lists = Sorted(sums, l => l.Name, l => (IReadOnlyDictionary<string, Metric>)Sorted(ListFigures.All, f => f, f => totals.Of(t => l.Figure(f, cohort, t)))),
            ListDifferences = Sorted(
                sums.Skip(1).Where(l => l.Name != ListFigures.ModelAlerts), l => l.Name,
                l => (IReadOnlyDictionary<string, Metric>)Sorted(ListFigures.All, f => f, f => totals.Of(t => sums[0].Figure(f, cohort, t) - l.Figure(f, cohort, t)))),
            WithinPatientAuroc = Sorted(within, w => w.Name, w => totals.Of(t => Within(t, w.Pairs))),
            WithinPatientAurocDifferences = Sorted(within.Skip(1), w => w.Name, w => totals.Of(t => Within(t, within[0].Pairs) - Within(t, w.Pairs))),
            CalibrationObserved = [.. calibration.Select(c => totals.Of(t => t.Ratio(c.Positive, c.Rows)))],
            DecisionCurve = decisions.Points(cohort, totals),
            Subgroups = [.. subgroups.Select(s => s.Report(totals))],
            Roc = [.. scorers.Select(s => new Curve(s.Name, FoldCurves.Roc(s.Rank, rows)))],
            PrecisionRecall = [.. scorers.Select(s => new Curve(s.Name, FoldCurves.PrecisionRecall(s.Rank, rows)))],
        };
    }

    private static SortedDictionary<string, TValue> Sorted<T, TValue>(IEnumerable<T> all, Func<T, string> name, Func<T, TValue> value)
    {
        var sorted = new SortedDictionary<string, TValue>(StringComparer.Ordinal);
        foreach (var one in all)
        {
            sorted.Add(name(one), value(one));
        }

        return sorted;
    }
}

/// <summary>Sums of the rows themselves.</summary>
internal sealed class CohortSums
{
    internal CohortSums(HeldOutRows rows, int[] patient, IReadOnlyList<HeldOutEvent> events, ResampledTotals totals)
    {
        Rows = totals.Add(out var all);
        Positive = totals.Add(out var positive);
        Days = totals.Add(out var days);
        Events = totals.Add(out var inReach);
        var seen = new HashSet<(int, LocalDate)>();
        for (var i = 0; i < rows.Rows; i++)
        {
            all[patient[i]]++;
            positive[patient[i]] += rows.Label[i] ? 1 : 0;
            days[patient[i]] += seen.Add((patient[i], rows.Day[i])) ? 1 : 0;
        }

        foreach (var happened in events.Where(e => e.Rows.Length > 0))
        {
            inReach[happened.Patient]++;
        }

        PatientDays = seen.Count;
    }

    internal int PatientDays { get; }

    internal Sum Rows { get; }

    internal Sum Positive { get; }

    internal Sum Days { get; }

    internal Sum Events { get; }
}

/// <summary>Sums of one way to list patients.</summary>
internal sealed class ListSums
{
    private readonly Sum _listed;
    private readonly Sum _right;
    private readonly Sum _caught;
    private readonly Measure[] _lead;

    internal ListSums(string name, double[] listed, HeldOutRows rows, int[] patient, IReadOnlyList<HeldOutEvent> events, ResampledTotals totals)
    {
        Name = name;
        _listed = totals.Add(out var all);
        _right = totals.Add(out var right);
        _caught = totals.Add(out var caught);
        for (var i = 0; i < listed.Length; i++)
        {
            all[patient[i]] += listed[i];
            right[patient[i]] += rows.Label[i] ? listed[i] : 0;
        }

        foreach (var happened in events)
        {
            caught[happened.Patient] += HeldOutEvents.Caught(happened, listed);
        }

        var leads = HeldOutEvents.LeadTimes(events, rows, listed);
        _lead = [.. ((double[])[0.25, 0.5, 0.75]).Select(q => totals.Add(weight => leads.Quantile(q, weight)))];
    }

    internal string Name { get; }

    internal double Figure(string figure, CohortSums cohort, Totals t) => figure switch
    {
        ListFigures.Ppv => t.Ratio(_right, _listed),
        ListFigures.Sensitivity => t.Ratio(_right, cohort.Positive),
        ListFigures.SensitivityPerEvent => t.Ratio(_caught, cohort.Events),
        ListFigures.AlertsPerHundredPatientDays => 100 * t.Ratio(_listed, cohort.Days),
        ListFigures.NumberNeededToEvaluate => t.Ratio(_listed, _right),
        ListFigures.LeadTimeLowerQuartile => t[_lead[0]],
        ListFigures.LeadTimeMedian => t[_lead[1]],
        ListFigures.LeadTimeUpperQuartile => t[_lead[2]],
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}

/// <summary>Pairs of instants of one patient and fold, one with the outcome and one without.</summary>
internal static class WithinPatientPairs
{
    /// <summary>Pairs in the right order, ties half, and all pairs.</summary>
    internal static (Sum Right, Sum Pairs) Of(double[] score, HeldOutRows rows, int[] patient, ResampledTotals totals)
    {
        var result = (totals.Add(out var right), totals.Add(out var pairs));
        var order = Enumerable.Range(0, rows.Rows).ToArray();
        var keys = Array.ConvertAll(order, i => (patient[i], rows.Fold[i], score[i], i));
        Array.Sort(keys, order);
        for (var start = 0; start < order.Length;)
        {
            var (end, negatives, positives) = (start, 0.0, 0.0);
            while (end < order.Length && keys[end].Item1 == keys[start].Item1 && keys[end].Item2 == keys[start].Item2)
            {
                // Of one score at a time, lowest first.
                var (tied, tiedPositives) = (0.0, 0.0);
                for (var of = keys[end]; end < order.Length && (keys[end].Item1, keys[end].Item2, keys[end].Item3) == (of.Item1, of.Item2, of.Item3); end++)
                {
                    tied++;
                    tiedPositives += rows.Label[order[end]] ? 1 : 0;
                }

                right[keys[start].Item1] += tiedPositives * (negatives + ((tied - tiedPositives) / 2));
                negatives += tied - tiedPositives;
                positives += tiedPositives;
            }

            pairs[keys[start].Item1] += negatives * positives;
            start = end;
        }

        return result;
    }
}

/// <summary>Rows of each tenth of the model's predictions, and those with the outcome.</summary>
internal static class CalibrationSums
{
    internal static IReadOnlyList<(Sum Positive, Sum Rows)> Of(HeldOutRows rows, int[] patient, ResampledTotals totals)
    {
        var sums = new List<(Sum, Sum)>();
        foreach (var tenth in Tenths(rows))
        {
            sums.Add((totals.Add(out var positive), totals.Add(out var all)));
            foreach (var i in tenth)
            {
                all[patient[i]]++;
                positive[patient[i]] += rows.Label[i] ? 1 : 0;
            }
        }

        return sums;
    }

    /// <summary>The rows in ten parts by the model's prediction, lowest first; of few rows, those parts that have any.</summary>
    internal static IEnumerable<int[]> Tenths(HeldOutRows rows)
    {
        var order = Enumerable.Range(0, rows.Rows).OrderBy(i => rows.P[i]).ThenBy(i => rows.Raw[i]).ThenBy(i => i).ToArray();
        for (var b = 0; b < 10; b++)
        {
            var tenth = order[(int)((long)b * order.Length / 10)..(int)((long)(b + 1) * order.Length / 10)];
            if (tenth.Length > 0)
            {
                yield return tenth;
            }
        }
    }
}
