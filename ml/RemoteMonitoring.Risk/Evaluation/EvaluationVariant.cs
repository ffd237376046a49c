using RemoteMonitoring.Risk.Tasks;

namespace RemoteMonitoring.Risk.Evaluation;

/// <summary>The model with all columns, or without those of an ablation, on all held-out patients or on some of them.</summary>
public sealed record EvaluationVariant
{
    /// <summary>The columns of the model itself.</summary>
    public const string AllColumns = "all columns";

    /// <summary>All held-out patients.</summary>
    public const string AllPatients = "all patients";

    /// <summary>Without the patients who had the outcome at their first row already: there is nothing to foresee in them.</summary>
    public const string WithoutFirstRow = "without patients who had it at their first row";

    /// <summary><see cref="AllColumns"/>, or the name of the ablation.</summary>
    public required string Columns { get; init; }

    /// <summary>How many columns these are.</summary>
    public required int ColumnCount { get; init; }

    /// <summary><see cref="AllPatients"/>, or who is left out.</summary>
    public required string Population { get; init; }

    /// <summary>Held-out rows.</summary>
    public required int Rows { get; init; }

    /// <summary>Patients among them.</summary>
    public required int Patients { get; init; }

    /// <summary>Positive rows among them.</summary>
    public required int Events { get; init; }

    /// <summary>As <see cref="MetricNames.Auroc"/>.</summary>
    public required Metric Auroc { get; init; }

    /// <summary>As <see cref="MetricNames.Auprc"/>.</summary>
    public required Metric Auprc { get; init; }

    /// <summary>As <see cref="MetricNames.Utility"/>; null where alerts have no worth.</summary>
    public Metric? Utility { get; init; }
}

/// <summary>The variants of an evaluation, from held-out rows alone.</summary>
public static class EvaluationVariants
{
    /// <summary>
    /// Every set of columns on every population; none where there is one of each. <paramref name="columns"/> is how many the model
    /// itself has. The same rows, seed and number of resamples give the same figures on any number of threads.
    /// </summary>
    public static IReadOnlyList<EvaluationVariant> Of(
        HeldOutRows rows, TaskDefinition task, int columns, int resamples, int seed, int threads = 2, CancellationToken cancellationToken = default)
    {
        var fromFirstRow = task.Horizon.Unit == HorizonUnit.Ongoing ? PositiveAtFirstRow(rows) : [];
        if (rows.Ablated.Count == 0 && fromFirstRow.Count == 0)
        {
            return [];
        }

        AblatedScores[] all = [new(EvaluationVariant.AllColumns, columns, rows.Raw, rows.Alert), .. rows.Ablated];
        var gains = AlertWorths.Gains(task.AlertWorth, rows.PatientId, rows.Label);
        var draws = (Resamples: resamples, Seed: seed, Options: new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken });
        return
        [
            .. all.Select(c => Of(rows, c, gains, EvaluationVariant.AllPatients, [.. Enumerable.Range(0, rows.Rows)], draws)),
            .. fromFirstRow.Count == 0
                ? []
                : all.Select(c => Of(
                    rows, c, gains, EvaluationVariant.WithoutFirstRow, [.. Enumerable.Range(0, rows.Rows).Where(r => !fromFirstRow.Contains(rows.PatientId[r]))], draws)),
        ];
    }

    private static HashSet<string> PositiveAtFirstRow(HeldOutRows rows)
    {
        var first = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < rows.Rows; i++)
        {
            if (!first.TryGetValue(rows.PatientId[i], out var earliest) || rows.AsOf[i] < rows.AsOf[earliest])
            {
                first[rows.PatientId[i]] = i;
            }
        }

        return [.. first.Where(f => rows.Label[f.Value]).Select(f => f.Key)];
    }

    private static EvaluationVariant Of(
        HeldOutRows rows, AblatedScores scores, double[]? gains, string population, int[] of, (int Resamples, int Seed, ParallelOptions Options) draws)
    {
        var number = new Dictionary<string, int>(StringComparer.Ordinal);
        var patient = Array.ConvertAll(of, r =>
        {
            number.TryAdd(rows.PatientId[r], number.Count);
            return number[rows.PatientId[r]];
        });
        var label = Array.ConvertAll(of, r => rows.Label[r]);
        var ranked = new RankedScores(Array.ConvertAll(of, r => scores.Raw[r]), label, patient, Array.ConvertAll(of, r => rows.Fold[r]));
        var gained = new double[number.Count];
        var most = new double[number.Count];
        for (var i = 0; i < of.Length && gains is not null; i++)
        {
            gained[patient[i]] += scores.Alert[of[i]] ? gains[of[i]] : 0;
            most[patient[i]] += Math.Max(gains[of[i]], 0);
        }

        double[] Figures(int[] weight)
        {
            var figures = ranked.Compute(weight);
            double sum = 0, best = 0;
            for (var p = 0; p < weight.Length; p++)
            {
                sum += weight[p] * gained[p];
                best += weight[p] * most[p];
            }

            return [figures.Auroc, figures.Auprc, sum / best];
        }

        var once = new int[number.Count];
        Array.Fill(once, 1);
        var values = Figures(once);
        var resampled = new double[draws.Resamples][];
        Parallel.For(0, draws.Resamples, draws.Options, () => new int[number.Count], (r, _, weight) =>
        {
            PatientBootstrap.Draw(weight, draws.Seed, r);
            resampled[r] = Figures(weight);
            return weight;
        }, _ => { });
        Metric Interval(int figure) => PatientBootstrap.Interval(values[figure], resampled.Select(r => r[figure]));
        return new()
        {
            Columns = scores.Name,
            ColumnCount = scores.Columns,
            Population = population,
            Rows = of.Length,
            Patients = number.Count,
            Events = label.Count(l => l),
            Auroc = Interval(0),
            Auprc = Interval(1),
            Utility = gains is null ? null : Interval(2),
        };
    }
}
