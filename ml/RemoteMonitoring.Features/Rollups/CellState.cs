namespace RemoteMonitoring.Features.Rollups;

/// <summary>
/// What is kept of the readings of a stretch of time so that stretches can be put together: count, mean and spread of the
/// values, the same of their times, how the two vary together, extremes, first and last. Deviations are summed against the
/// running mean (Welford, Technometrics 1962;4:419) and put together by the pairwise rule (Chan, Golub and LeVeque, Am Stat
/// 1983;37:242), so that equal readings have a spread of exactly zero, which sums of squares do not give.
/// </summary>
/// <remarks>
/// Times are days from an origin that the owner of the state knows: the end of its cell, or as-of. Everything is plain IEEE
/// arithmetic in a fixed order, so the same readings give the same bits whatever the width of the machine's vectors.
/// </remarks>
internal struct CellState
{
    public int Count;
    public double Mean;

    /// <summary>Sum of squared deviations from the mean.</summary>
    public double Squares;

    public double MeanTime;
    public double TimeSquares;

    /// <summary>Sum of products of the deviations of value and time.</summary>
    public double Products;

    public double Min;
    public double Max;
    public double First;
    public double Last;

    /// <summary>When the last reading was taken, Unix microseconds.</summary>
    public long LastTime;

    /// <summary>Sample standard deviation; NaN below two readings.</summary>
    public readonly double Sd => Count < 2 ? double.NaN : Math.Sqrt(Squares / (Count - 1));

    /// <summary>Slope of the least-squares line, unit a day; NaN below two readings at different times.</summary>
    public readonly double Slope => Count < 2 || TimeSquares == 0 ? double.NaN : Products / TimeSquares;

    /// <summary>Adds a reading that is not before those it has.</summary>
    public void Add(double value, long time, double days)
    {
        Last = value;
        LastTime = time;
        if (Count == 0)
        {
            (Count, Mean, Min, Max, First, MeanTime) = (1, value, value, value, value, days);
            (Squares, TimeSquares, Products) = (0, 0, 0);
            return;
        }

        Count++;
        var deviation = value - Mean;
        var timeDeviation = days - MeanTime;
        Mean += deviation / Count;
        MeanTime += timeDeviation / Count;
        Squares += deviation * (value - Mean);
        TimeSquares += timeDeviation * (days - MeanTime);
        Products += timeDeviation * (value - Mean);
        Min = Math.Min(Min, value);
        Max = Math.Max(Max, value);
    }

    /// <summary>Puts the state of a later stretch behind this one.</summary>
    /// <param name="later">That state.</param>
    /// <param name="shift">Days from this state's origin of time to the later one's.</param>
    public void Append(in CellState later, double shift)
    {
        if (later.Count == 0)
        {
            return;
        }

        if (Count == 0)
        {
            this = later;
            MeanTime += shift;
            return;
        }

        var count = Count + later.Count;
        var share = later.Count / (double)count;
        var deviation = later.Mean - Mean;
        var timeDeviation = later.MeanTime + shift - MeanTime;
        Squares += later.Squares + (deviation * deviation * Count * share);
        TimeSquares += later.TimeSquares + (timeDeviation * timeDeviation * Count * share);
        Products += later.Products + (deviation * timeDeviation * Count * share);
        Mean += deviation * share;
        MeanTime += timeDeviation * share;
        Min = Math.Min(Min, later.Min);
        Max = Math.Max(Max, later.Max);
        (Count, Last, LastTime) = (count, later.Last, later.LastTime);
    }
}
