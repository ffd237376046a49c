namespace RemoteMonitoring.Risk.Evaluation;

/// <summary>
/// All metrics of one scorer on held-out rows, for any multiplicities of the patients: once with every patient counted
/// once for the value, then for each bootstrap resample.
/// </summary>
internal sealed class ScorerMetrics
{
    // Up to here each resample refits its calibration to the end. Above, one Newton step from the fit on all rows is taken,
    // which needs sums by patient only; its error falls with the square of the resample's distance, itself small by then.
    private const int ExactRecalibrationRows = 20_000;

    private readonly RankedScores byFold;
    private readonly RankedScores pooled;
    private readonly int[] rowPatient;
    private readonly bool[] label;
    private readonly double[]? logOdds;
    private readonly bool hasAlerts;
    private readonly PatientSums[] sums;
    private readonly (double Slope, double Intercept) fitted;
    private readonly double inTheLarge;

    internal ScorerMetrics(string name, double[] score, bool isProbability, bool[]? alert, HeldOutRows rows, int[] rowPatient, int patients)
    {
        Name = name;
        this.rowPatient = rowPatient;
        label = rows.Label;
        byFold = new(score, label, rowPatient, rows.Fold);
        pooled = new(score, label, rowPatient, null);
        hasAlerts = alert is not null;
        sums = new PatientSums[patients];
        if (isProbability)
        {
            logOdds = Array.ConvertAll(score, p => Math.Log(p / (1 - p)));
            var once = new double[score.Length];
            Array.Fill(once, 1.0);
            fitted = LogisticRecalibration.Fit(logOdds, label, once);
            inTheLarge = LogisticRecalibration.Intercept(logOdds, label, once);
        }

        for (var i = 0; i < score.Length; i++)
        {
            ref var s = ref sums[rowPatient[i]];
            var y = label[i] ? 1.0 : 0.0;
            s.Rows++;
            s.Events += y;
            if (alert is not null)
            {
                s.Alerts += alert[i] ? 1 : 0;
                s.TrueAlerts += alert[i] ? y : 0;
            }

            if (logOdds is not null)
            {
                s.Expected += score[i];
                s.SquaredError += (score[i] - y) * (score[i] - y);
                s.AddRecalibration(logOdds[i], y, fitted, inTheLarge);
            }
        }

        Names =
        [
            .. MetricNames.OfRanking,
            .. isProbability ? MetricNames.OfProbability : [],
            .. hasAlerts ? (string[])[MetricNames.MinSensitivityPrecision] : [],
        ];
    }

    /// <summary>Name of the scorer.</summary>
    internal string Name { get; }

    /// <summary>Names of the metrics, in the order of <see cref="Compute"/>.</summary>
    internal IReadOnlyList<string> Names { get; }

    /// <summary>The metrics; <paramref name="weight"/> is the multiplicity of each patient.</summary>
    internal double[] Compute(ReadOnlySpan<int> weight)
    {
        var result = new double[Names.Count];
        var folds = byFold.Compute(weight);
        var all = pooled.Compute(weight);
        (result[0], result[1], result[2], result[3]) = (folds.Auroc, folds.Auprc, all.Auroc, all.Auprc);
        (result[4], result[5]) = (folds.PpvTopTenth, folds.SensitivityTopTenth);
        var total = new PatientSums();
        for (var p = 0; p < sums.Length; p++)
        {
            if (weight[p] > 0)
            {
                total.Add(sums[p], weight[p]);
            }
        }

        var next = 6;
        if (logOdds is not null)
        {
            result[next++] = total.SquaredError / total.Rows;
            (result[next], result[next + 1]) = Recalibrate(total, weight);
            next += 2;
            result[next++] = total.Events / total.Expected;
        }

        if (hasAlerts)
        {
            var sensitivity = total.TrueAlerts / total.Events;
            result[next] = total.Alerts == 0 ? 0 : Math.Min(sensitivity, total.TrueAlerts / total.Alerts);
        }

        return result;
    }

    private (double Slope, double InTheLarge) Recalibrate(PatientSums total, ReadOnlySpan<int> weight)
    {
        var (slope, intercept) = total.Step(fitted);
        var large = inTheLarge + (total.LargeGradient / total.LargeHessian);
        if (logOdds!.Length > ExactRecalibrationRows)
        {
            return (slope, large);
        }

        var rowWeight = new double[logOdds.Length];
        for (var i = 0; i < rowWeight.Length; i++)
        {
            rowWeight[i] = weight[rowPatient[i]];
        }

        // Where the step leapt, the fit starts from the fit on all rows instead.
        var (start, startIntercept) = Math.Abs(slope - fitted.Slope) < 1 ? (slope, intercept) : fitted;
        return (
            LogisticRecalibration.Fit(logOdds, label, rowWeight, start, startIntercept).Slope,
            LogisticRecalibration.Intercept(logOdds, label, rowWeight, inTheLarge));
    }

    /// <summary>What a patient's rows add to the sums that metrics are made of.</summary>
    private struct PatientSums
    {
        internal double Rows, Events, Expected, SquaredError, Alerts, TrueAlerts, LargeGradient, LargeHessian;
        private double gradientSlope, gradientIntercept, hessianSlope, hessianMixed, hessianIntercept;

        internal void AddRecalibration(double x, double y, (double Slope, double Intercept) at, double large)
        {
            var p = 1 / (1 + Math.Exp(-((at.Slope * x) + at.Intercept)));
            gradientSlope += (y - p) * x;
            gradientIntercept += y - p;
            hessianSlope += p * (1 - p) * x * x;
            hessianMixed += p * (1 - p) * x;
            hessianIntercept += p * (1 - p);
            var q = 1 / (1 + Math.Exp(-(x + large)));
            LargeGradient += y - q;
            LargeHessian += q * (1 - q);
        }

        internal void Add(in PatientSums other, int times)
        {
            Rows += times * other.Rows;
            Events += times * other.Events;
            Expected += times * other.Expected;
            SquaredError += times * other.SquaredError;
            Alerts += times * other.Alerts;
            TrueAlerts += times * other.TrueAlerts;
            LargeGradient += times * other.LargeGradient;
            LargeHessian += times * other.LargeHessian;
            gradientSlope += times * other.gradientSlope;
            gradientIntercept += times * other.gradientIntercept;
            hessianSlope += times * other.hessianSlope;
            hessianMixed += times * other.hessianMixed;
            hessianIntercept += times * other.hessianIntercept;
        }

        internal readonly (double Slope, double Intercept) Step((double Slope, double Intercept) from)
        {
            var determinant = (hessianSlope * hessianIntercept) - (hessianMixed * hessianMixed);
            return (
                from.Slope + (((gradientSlope * hessianIntercept) - (gradientIntercept * hessianMixed)) / determinant),
                from.Intercept + (((gradientIntercept * hessianSlope) - (gradientSlope * hessianMixed)) / determinant));
        }
    }
}
