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

    private readonly RankedScores _byFold;
    private readonly RankedScores _pooled;
    private readonly int[] _rowPatient;
    private readonly bool[] _label;
    private readonly double[]? _logOdds;
    private readonly bool _hasAlerts;
    private readonly bool _hasWorth;
    private readonly PatientSums[] _sums;
    private readonly (double Slope, double Intercept) _fitted;
    private readonly double _inTheLarge;

    internal ScorerMetrics(Scorer scorer, bool[]? alert, HeldOutRows rows, int[] rowPatient, int patients, double[]? alertGain = null)
    {
        var (name, score, rank, isProbability) = scorer;
        Name = name;
        _rowPatient = rowPatient;
        _label = rows.Label;
        _byFold = new(rank, _label, rowPatient, rows.Fold);
        _pooled = new(rank, _label, rowPatient, null);
        _hasAlerts = alert is not null;
        _hasWorth = alert is not null && alertGain is not null;
        _sums = new PatientSums[patients];
        if (isProbability)
        {
            _logOdds = Array.ConvertAll(score, p => Math.Log(p / (1 - p)));
            var once = new double[score.Length];
            Array.Fill(once, 1.0);
            _fitted = LogisticRecalibration.Fit(_logOdds, _label, once);
            _inTheLarge = LogisticRecalibration.Intercept(_logOdds, _label, once);
        }

        for (var i = 0; i < score.Length; i++)
        {
            ref var s = ref _sums[rowPatient[i]];
            var y = _label[i] ? 1.0 : 0.0;
            s.Rows++;
            s.Events += y;
            if (alert is not null)
            {
                s.Alerts += alert[i] ? 1 : 0;
                s.TrueAlerts += alert[i] ? y : 0;
                s.Gained += alert[i] ? alertGain?[i] ?? 0 : 0;
                s.MostGain += Math.Max(alertGain?[i] ?? 0, 0);
            }

            if (_logOdds is not null)
            {
                s.Expected += score[i];
                s.SquaredError += (score[i] - y) * (score[i] - y);
                s.AddRecalibration(_logOdds[i], y, _fitted, _inTheLarge);
            }
        }

        Names =
        [
            .. MetricNames.OfRanking,
            .. isProbability ? MetricNames.OfProbability : [],
            .. _hasAlerts ? (string[])[MetricNames.MinSensitivityPrecision] : [],
            .. _hasWorth ? (string[])[MetricNames.Utility] : [],
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
        var folds = _byFold.Compute(weight);
        var all = _pooled.Compute(weight);
        (result[0], result[1], result[2], result[3]) = (folds.Auroc, folds.Auprc, all.Auroc, all.Auprc);
        (result[4], result[5]) = (folds.PpvTopTenth, folds.SensitivityTopTenth);
        var total = new PatientSums();
        for (var p = 0; p < _sums.Length; p++)
        {
            if (weight[p] > 0)
            {
                total.Add(_sums[p], weight[p]);
            }
        }

        var next = 6;
        if (_logOdds is not null)
        {
            result[next++] = total.SquaredError / total.Rows;
            (result[next], result[next + 1]) = Recalibrate(total, weight);
            next += 2;
            result[next++] = total.Events / total.Expected;
        }

        if (_hasAlerts)
        {
            var sensitivity = total.TrueAlerts / total.Events;
            result[next++] = total.Alerts == 0 ? 0 : Math.Min(sensitivity, total.TrueAlerts / total.Alerts);
        }

        if (_hasWorth)
        {
            result[next] = total.Gained / total.MostGain;
        }

        return result;
    }

    private (double Slope, double InTheLarge) Recalibrate(PatientSums total, ReadOnlySpan<int> weight)
    {
        var (slope, intercept) = total.Step(_fitted);
        var large = _inTheLarge + (total.LargeGradient / total.LargeHessian);
        if (_logOdds!.Length > ExactRecalibrationRows)
        {
            return (slope, large);
        }

        var rowWeight = new double[_logOdds.Length];
        for (var i = 0; i < rowWeight.Length; i++)
        {
            rowWeight[i] = weight[_rowPatient[i]];
        }

        // Where the step leapt, the fit starts from the fit on all rows instead.
        var (start, startIntercept) = Math.Abs(slope - _fitted.Slope) < 1 ? (slope, intercept) : _fitted;
        return (
            LogisticRecalibration.Fit(_logOdds, _label, rowWeight, start, startIntercept).Slope,
            LogisticRecalibration.Intercept(_logOdds, _label, rowWeight, _inTheLarge));
    }

    /// <summary>What a patient's rows add to the sums that metrics are made of.</summary>
    private struct PatientSums
    {
        internal double Rows, Events, Expected, SquaredError, Alerts, TrueAlerts, Gained, MostGain, LargeGradient, LargeHessian;
        private double _gradientSlope, _gradientIntercept, _hessianSlope, _hessianMixed, _hessianIntercept;

        internal void AddRecalibration(double x, double y, (double Slope, double Intercept) at, double large)
        {
            var p = 1 / (1 + Math.Exp(-((at.Slope * x) + at.Intercept)));
            _gradientSlope += (y - p) * x;
            _gradientIntercept += y - p;
            _hessianSlope += p * (1 - p) * x * x;
            _hessianMixed += p * (1 - p) * x;
            _hessianIntercept += p * (1 - p);
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
            Gained += times * other.Gained;
            MostGain += times * other.MostGain;
            LargeGradient += times * other.LargeGradient;
            LargeHessian += times * other.LargeHessian;
            _gradientSlope += times * other._gradientSlope;
            _gradientIntercept += times * other._gradientIntercept;
            _hessianSlope += times * other._hessianSlope;
            _hessianMixed += times * other._hessianMixed;
            _hessianIntercept += times * other._hessianIntercept;
        }

        internal readonly (double Slope, double Intercept) Step((double Slope, double Intercept) from)
        {
            var determinant = (_hessianSlope * _hessianIntercept) - (_hessianMixed * _hessianMixed);
            return (
                from.Slope + (((_gradientSlope * _hessianIntercept) - (_gradientIntercept * _hessianMixed)) / determinant),
                from.Intercept + (((_gradientIntercept * _hessianSlope) - (_gradientSlope * _hessianMixed)) / determinant));
        }
    }
}
