namespace RemoteMonitoring.Features;

/// <summary>
/// Count, mean, spread, trend and extremes of readings, taken in one pass in time order. Deviations are summed against the
/// running mean (Welford, Technometrics 1962;4:419), so that equal readings have a spread of exactly zero, which sums of
/// squares do not give.
/// </summary>
internal struct WindowStatistics
{
    private double _m2;
    private double _meanTime;
    private double _m2Time;
    private double _covariance;

    public WindowStatistics()
    {
    }

    public int Count { get; private set; }

    public double Mean { get; private set; }

    public double Min { get; private set; } = double.NaN;

    public double Max { get; private set; } = double.NaN;

    /// <summary>Sample standard deviation; NaN below two readings.</summary>
    public readonly double Sd => Count < 2 ? double.NaN : Math.Sqrt(_m2 / (Count - 1));

    /// <summary>Unit a day; NaN below two readings at different times.</summary>
    public readonly double Slope => Count < 2 || _m2Time == 0 ? double.NaN : _covariance / _m2Time;

    /// <param name="value">Reading.</param>
    /// <param name="days">Its time in days, from any origin near by.</param>
    public void Add(double value, double days)
    {
        Count++;
        var deviation = value - Mean;
        var timeDeviation = days - _meanTime;
        Mean += deviation / Count;
        _meanTime += timeDeviation / Count;
        _m2 += deviation * (value - Mean);
        _m2Time += timeDeviation * (days - _meanTime);
        _covariance += timeDeviation * (value - Mean);
        Min = Count == 1 ? value : Math.Min(Min, value);
        Max = Count == 1 ? value : Math.Max(Max, value);
    }
}
