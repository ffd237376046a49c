namespace RemoteMonitoring.Risk.Evaluation;

/// <summary>Logistic regression of the label on predicted log-odds, by Newton's method: the calibration slope and intercept.</summary>
internal static class LogisticRecalibration
{
    private const int Steps = 50;
    private const double Tolerance = 1e-8;

    /// <summary>Slope and intercept together; NaN where the labels do not let them be told.</summary>
    internal static (double Slope, double Intercept) Fit(
        ReadOnlySpan<double> logOdds, ReadOnlySpan<bool> label, ReadOnlySpan<double> weight, double startSlope = 1, double startIntercept = 0)
    {
        var (a, b) = (startSlope, startIntercept);
        for (var step = 0; step < Steps; step++)
        {
            double ga = 0, gb = 0, haa = 0, hab = 0, hbb = 0;
            for (var i = 0; i < logOdds.Length; i++)
            {
                var w = weight[i];
                if (w == 0)
                {
                    continue;
                }

                var x = logOdds[i];
                var p = 1 / (1 + Math.Exp(-((a * x) + b)));
                var g = w * ((label[i] ? 1 : 0) - p);
                var h = w * p * (1 - p);
                ga += g * x;
                gb += g;
                haa += h * x * x;
                hab += h * x;
                hbb += h;
            }

            var determinant = (haa * hbb) - (hab * hab);
            if (!(determinant > 1e-12 * haa * hbb))
            {
                return (double.NaN, double.NaN);
            }

            // Steps are kept short: far from the solution a Newton step may leap to where every probability is 0 or 1.
            var da = Math.Clamp(((ga * hbb) - (gb * hab)) / determinant, -2, 2);
            var db = Math.Clamp(((gb * haa) - (ga * hab)) / determinant, -2, 2);
            a += da;
            b += db;
            if (Math.Abs(da) < Tolerance && Math.Abs(db) < Tolerance)
            {
                return (a, b);
            }
        }

        return (double.NaN, double.NaN);
    }

    /// <summary>The intercept with the slope held at 1: calibration in the large; NaN where all labels are the same.</summary>
    internal static double Intercept(ReadOnlySpan<double> logOdds, ReadOnlySpan<bool> label, ReadOnlySpan<double> weight, double start = 0)
    {
        var b = start;
        for (var step = 0; step < Steps; step++)
        {
            double g = 0, h = 0;
            for (var i = 0; i < logOdds.Length; i++)
            {
                var w = weight[i];
                if (w == 0)
                {
                    continue;
                }

                var p = 1 / (1 + Math.Exp(-(logOdds[i] + b)));
                g += w * ((label[i] ? 1 : 0) - p);
                h += w * p * (1 - p);
            }

            if (!(h > 1e-12))
            {
                return double.NaN;
            }

            var d = Math.Clamp(g / h, -2, 2);
            b += d;
            if (Math.Abs(d) < Tolerance)
            {
                return b;
            }
        }

        return double.NaN;
    }
}
