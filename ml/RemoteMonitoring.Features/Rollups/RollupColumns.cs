namespace RemoteMonitoring.Features.Rollups;

/// <summary>
/// Rollups of one kind of cells, a local date and shard: one row a version of (patient, vital, cell), sorted by (patient,
/// vital, cell, known-from). A version holds in [known-from, known-to) of knowing; those that ended before their cell did are
/// not there, since no vector that takes in a whole cell is known by an instant before its end. A cell without readings has
/// no row.
/// </summary>
public sealed class RollupColumns
{
    /// <summary>A table of <paramref name="count"/> rows, all columns allocated; the patients come later.</summary>
    public RollupColumns(int count)
    {
        Vital = new int[count];
        CellStart = new long[count];
        CellEnd = new long[count];
        KnownFrom = new long[count];
        KnownTo = new long[count];
        Readings = new int[count];
        Mean = new double[count];
        Squares = new double[count];
        MeanTime = new double[count];
        TimeSquares = new double[count];
        Products = new double[count];
        Min = new double[count];
        Max = new double[count];
        First = new double[count];
        Last = new double[count];
        LastTime = new long[count];
    }

    /// <summary>Kind of the cells.</summary>
    public required CellKind Kind { get; init; }

    /// <summary>Local date of the cells, in days since 1970-01-01.</summary>
    public required int Date { get; init; }

    /// <summary>The patients, ordinal order, each once.</summary>
    public required string[] Patients { get; init; }

    /// <summary>Where the rows of each patient start; one more for the end.</summary>
    public required int[] PatientStart { get; init; }

    /// <summary>Number of rows.</summary>
    public int Count => Vital.Length;

    /// <summary>Index of the vital in the catalog.</summary>
    public int[] Vital { get; init; }

    /// <summary>Start of the cell, exclusive.</summary>
    public long[] CellStart { get; init; }

    /// <summary>End of the cell, inclusive.</summary>
    public long[] CellEnd { get; init; }

    /// <summary>From when this was the state of the cell, inclusive.</summary>
    public long[] KnownFrom { get; init; }

    /// <summary>Until when, exclusive.</summary>
    public long[] KnownTo { get; init; }

    /// <summary>Number of readings.</summary>
    public int[] Readings { get; init; }

    /// <summary>Mean of the values.</summary>
    public double[] Mean { get; init; }

    /// <summary>Sum of their squared deviations from it.</summary>
    public double[] Squares { get; init; }

    /// <summary>Mean of their times, days from the cell's end.</summary>
    public double[] MeanTime { get; init; }

    /// <summary>Sum of squared deviations of the times.</summary>
    public double[] TimeSquares { get; init; }

    /// <summary>Sum of products of the deviations of value and time.</summary>
    public double[] Products { get; init; }

    /// <summary>Least value.</summary>
    public double[] Min { get; init; }

    /// <summary>Greatest value.</summary>
    public double[] Max { get; init; }

    /// <summary>First value.</summary>
    public double[] First { get; init; }

    /// <summary>Last value.</summary>
    public double[] Last { get; init; }

    /// <summary>When it was taken.</summary>
    public long[] LastTime { get; init; }

    internal CellState this[int row]
    {
        get => new()
        {
            Count = Readings[row],
            Mean = Mean[row],
            Squares = Squares[row],
            MeanTime = MeanTime[row],
            TimeSquares = TimeSquares[row],
            Products = Products[row],
            Min = Min[row],
            Max = Max[row],
            First = First[row],
            Last = Last[row],
            LastTime = LastTime[row],
        };
        set
        {
            Readings[row] = value.Count;
            Mean[row] = value.Mean;
            Squares[row] = value.Squares;
            MeanTime[row] = value.MeanTime;
            TimeSquares[row] = value.TimeSquares;
            Products[row] = value.Products;
            Min[row] = value.Min;
            Max[row] = value.Max;
            First[row] = value.First;
            Last[row] = value.Last;
            LastTime[row] = value.LastTime;
        }
    }
}
