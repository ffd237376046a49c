namespace RemoteMonitoring.Risk.Evaluation;

/// <summary>What one model said of rows that it had not seen, as columns. A patient and instant occur once.</summary>
public sealed record HeldOutScores
{
    /// <summary>Patient.</summary>
    public required string[] PatientId { get; init; }

    /// <summary>Instant, Unix microseconds.</summary>
    public required long[] AsOf { get; init; }

    /// <summary>Fold in which the row was held out: rows of one fold were scored by one fitted model.</summary>
    public required int[] Fold { get; init; }

    /// <summary>What happened.</summary>
    public required bool[] Label { get; init; }

    /// <summary>Calibrated probability.</summary>
    public required double[] P { get; init; }

    /// <summary>Raw score, by which rows of one probability are ranked; null where the rows do not tell, and then these are ties.</summary>
    public double[]? Raw { get; init; }

    /// <summary>As <see cref="HeldOutRows.OwnEvent"/>; null where the rows do not tell, and then a patient's unbroken run of positive rows is an event.</summary>
    public long[]? OwnEvent { get; init; }
}

/// <summary>A figure of two models on the same rows.</summary>
/// <param name="Challenger">Of the one.</param>
/// <param name="Champion">Of the other.</param>
/// <param name="Difference">The one minus the other, both of the same resamples of patients.</param>
public sealed record PairedMetric(Metric Challenger, Metric Champion, Metric Difference);

/// <summary>
/// Two models on the rows that both were held out from, joined by patient and instant. Each is ranked within its own folds, since
/// scores of different fitted models have no common scale, and both see the same draws of patients.
/// </summary>
public sealed record PairedComparison
{
    /// <summary>Rows that both have, with the same outcome.</summary>
    public required int Rows { get; init; }

    /// <summary>Patients among them.</summary>
    public required int Patients { get; init; }

    /// <summary>Positive rows among them.</summary>
    public required int Events { get; init; }

    /// <summary>Outcomes of patients that these rows are positive for, as the challenger's tell, each counted once; null in comparisons that were kept before these were counted.</summary>
    public int? DistinctEvents { get; init; }

    /// <summary>Rows of the challenger that the champion lacks.</summary>
    public required int OnlyChallenger { get; init; }

    /// <summary>Rows of the champion that the challenger lacks.</summary>
    public required int OnlyChampion { get; init; }

    /// <summary>Rows that both have and whose outcome differs, since more became known between: they are left out.</summary>
    public required int OtherOutcome { get; init; }

    /// <summary>Bootstrap resamples.</summary>
    public required int Resamples { get; init; }

    /// <summary>Seed of the resamples.</summary>
    public required int Seed { get; init; }

    /// <summary>By name: <see cref="MetricNames.Auroc"/>, <see cref="MetricNames.Auprc"/> and <see cref="MetricNames.Brier"/>. NaN where there are no common rows of both kinds.</summary>
    public required IReadOnlyDictionary<string, PairedMetric> Metrics { get; init; }

    private static readonly string[] s_names = [MetricNames.Auroc, MetricNames.Auprc, MetricNames.Brier];

    /// <summary>Compares; the same rows, resamples and seed give the same figures on any number of threads.</summary>
    public static PairedComparison Of(HeldOutScores challenger, HeldOutScores champion, int resamples, int seed, int threads = 2, CancellationToken cancellationToken = default)
    {
        var place = new Dictionary<(string, long), int>(champion.P.Length);
        for (var i = 0; i < champion.P.Length; i++)
        {
            place.Add((champion.PatientId[i], champion.AsOf[i]), i);
        }

        var (one, other, otherOutcome, matched) = (new List<int>(), new List<int>(), 0, 0);
        for (var i = 0; i < challenger.P.Length; i++)
        {
            if (place.TryGetValue((challenger.PatientId[i], challenger.AsOf[i]), out var at))
            {
                matched++;
                if (challenger.Label[i] == champion.Label[at])
                {
                    one.Add(i);
                    other.Add(at);
                }
                else
                {
                    otherOutcome++;
                }
            }
        }

        var number = new Dictionary<string, int>(StringComparer.Ordinal);
        int[] patient = [.. one.Select(i => number.TryGetValue(challenger.PatientId[i], out var n) ? n : number[challenger.PatientId[i]] = number.Count)];
        // Of all of the challenger's rows, so that a row which the champion lacks breaks no run.
        var eventOf = HeldOutEvents.Number(challenger.PatientId, challenger.AsOf, challenger.Label, challenger.OwnEvent);
        var (a, b) = (new Side(challenger, one, patient, number.Count), new Side(champion, other, patient, number.Count));
        return new PairedComparison
        {
            Rows = one.Count,
            Patients = number.Count,
            Events = one.Count(i => challenger.Label[i]),
            DistinctEvents = HeldOutEvents.Count(one.Select(i => eventOf[i])),
            OnlyChallenger = challenger.P.Length - matched,
            OnlyChampion = champion.P.Length - matched,
            OtherOutcome = otherOutcome,
            Resamples = resamples,
            Seed = seed,
            Metrics = Figures(a, b, number.Count, resamples, seed, threads, cancellationToken),
        };
    }

    private static SortedDictionary<string, PairedMetric> Figures(Side a, Side b, int patients, int resamples, int seed, int threads, CancellationToken cancellationToken)
    {
        var once = new int[patients];
        Array.Fill(once, 1);
        var (valueA, valueB) = (a.Compute(once), b.Compute(once));
        var drawn = new (double[] A, double[] B)[patients == 0 ? 0 : resamples];
        Parallel.For(
            0, drawn.Length, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken }, () => new int[patients],
            (r, _, weight) =>
            {
                PatientBootstrap.Draw(weight, seed, r);
                drawn[r] = (a.Compute(weight), b.Compute(weight));
                return weight;
            },
            _ => { });
        var metrics = new SortedDictionary<string, PairedMetric>(StringComparer.Ordinal);
        for (var m = 0; m < s_names.Length; m++)
        {
            var at = m;
            metrics[s_names[m]] = new(
                PatientBootstrap.Interval(valueA[m], drawn.Select(d => d.A[at])),
                PatientBootstrap.Interval(valueB[m], drawn.Select(d => d.B[at])),
                PatientBootstrap.Interval(valueA[m] - valueB[m], drawn.Select(d => d.A[at] - d.B[at])));
        }

        return metrics;
    }

    /// <summary>One model's scores of the common rows.</summary>
    private sealed class Side
    {
        private readonly RankedScores _byFold;
        private readonly double[] _squaredError;
        private readonly int[] _rows;

        internal Side(HeldOutScores scores, List<int> rows, int[] patient, int patients)
        {
            double[] p = [.. rows.Select(i => scores.P[i])];
            bool[] label = [.. rows.Select(i => scores.Label[i])];
            _byFold = new(scores.Raw is { } raw ? Scorer.RankOf(p, [.. rows.Select(i => raw[i])]) : p, label, patient, [.. rows.Select(i => scores.Fold[i])]);
            (_squaredError, _rows) = (new double[patients], new int[patients]);
            for (var i = 0; i < p.Length; i++)
            {
                var error = p[i] - (label[i] ? 1 : 0);
                _squaredError[patient[i]] += error * error;
                _rows[patient[i]]++;
            }
        }

        /// <summary>In the order of the names.</summary>
        internal double[] Compute(ReadOnlySpan<int> weight)
        {
            var ranked = _byFold.Compute(weight);
            double error = 0, rows = 0;
            for (var i = 0; i < weight.Length; i++)
            {
                error += weight[i] * _squaredError[i];
                rows += weight[i] * _rows[i];
            }

            return [ranked.Auroc, ranked.Auprc, rows == 0 ? double.NaN : error / rows];
        }
    }
}
