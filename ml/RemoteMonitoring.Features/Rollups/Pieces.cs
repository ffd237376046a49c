using NodaTime;

namespace RemoteMonitoring.Features.Rollups;

/// <summary>
/// The cells of a look-back cut where a window begins, in order of time: what readings are gathered in before they are put
/// together. This is the order in which all is added up, whether a cell's state was kept or is made from the readings.
/// </summary>
internal sealed class Pieces
{
    private Pieces(CellKind kind, List<(Cell Cell, long Start, long End, int Segment)> pieces)
    {
        Kind = kind;
        Start = [.. pieces.Select(p => p.Start)];
        End = [.. pieces.Select(p => p.End)];
        Segment = [.. pieces.Select(p => p.Segment)];
        IsWhole = [.. pieces.Select(p => (p.Start, p.End) == (p.Cell.Start, p.Cell.End))];
        Date = [.. pieces.Select(p => p.Cell.Date)];
        DayBit = Array.ConvertAll(Date, date => UInt128.One << (date - Date[0]));
    }

    public CellKind Kind { get; }

    public int Count => Start.Length;

    /// <summary>Start of each piece, exclusive.</summary>
    public long[] Start { get; }

    /// <summary>End of each piece, inclusive.</summary>
    public long[] End { get; }

    /// <summary>The shortest window that the piece lies in, by index.</summary>
    public int[] Segment { get; }

    /// <summary>Whether the piece is a whole cell.</summary>
    public bool[] IsWhole { get; }

    /// <summary>Local date.</summary>
    public int[] Date { get; }

    /// <summary>The bit that stands for the date.</summary>
    public UInt128[] DayBit { get; }

    /// <summary>The pieces of windows of these lengths, ascending, that end at an instant.</summary>
    public static Pieces Of(CellKind kind, DateTimeZone zone, long asOf, long[] windows)
    {
        var pieces = new List<(Cell, long, long, int)>();
        foreach (var cell in LocalCells.Overlapping(kind, zone, asOf - windows[^1], asOf))
        {
            for (var w = windows.Length - 1; w >= 0; w--)
            {
                var start = Math.Max(cell.Start, asOf - windows[w]);
                var end = Math.Min(cell.End, w == 0 ? asOf : asOf - windows[w - 1]);
                if (start < end)
                {
                    pieces.Add((cell, start, end, w));
                }
            }
        }

        return new Pieces(kind, pieces);
    }
}
