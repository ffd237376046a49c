using System.Globalization;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Workflows.Reproduction;

/// <summary>A cell that two tables have otherwise.</summary>
/// <param name="PatientId">Whose row.</param>
/// <param name="Column">Which column; null where only one of the tables has the row.</param>
/// <param name="Then">What the one has; null where it has no such row.</param>
/// <param name="Now">What the other has.</param>
public sealed record DifferentCell(string PatientId, string? Column, string? Then, string? Now);

/// <summary>In what two tables with a row a patient differ. Numbers are compared bit by bit.</summary>
public sealed record TableDifference
{
    /// <summary>Patients that only the first has.</summary>
    public required IReadOnlyList<string> OnlyThen { get; init; }

    /// <summary>Patients that only the second has.</summary>
    public required IReadOnlyList<string> OnlyNow { get; init; }

    /// <summary>Columns that only one of them has.</summary>
    public required IReadOnlyList<string> OtherColumns { get; init; }

    /// <summary>Columns that have another value in some row that both have.</summary>
    public required IReadOnlyList<string> Columns { get; init; }

    /// <summary>Rows that both have and that differ.</summary>
    public required int Rows { get; init; }

    /// <summary>The first patient who differs, in the order of ids, with the first column; null where nobody does.</summary>
    public required DifferentCell? First { get; init; }

    /// <summary>Whether both say the same, in whatever bytes.</summary>
    public bool IsNone => OnlyThen.Count + OnlyNow.Count + OtherColumns.Count + Rows == 0;

    /// <summary>Compares two tables of which each row is of another patient.</summary>
    public static TableDifference Between(ParquetTable then, ParquetTable now)
    {
        var (rowsThen, rowsNow) = (RowsOf(then), RowsOf(now));
        string[] shared = [.. then.ColumnNames.Intersect(now.ColumnNames, StringComparer.Ordinal).Where(c => then.KindOf(c) == now.KindOf(c))];
        var pairs = shared.Select(c => (Name: c, Then: then.Column(c), Now: now.Column(c))).ToArray();
        var columns = new SortedSet<string>(StringComparer.Ordinal);
        var rows = 0;
        DifferentCell? first = null;
        foreach (var patient in rowsThen.Keys.Union(rowsNow.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            if (!rowsThen.TryGetValue(patient, out var a) || !rowsNow.TryGetValue(patient, out var b))
            {
                first ??= rowsThen.ContainsKey(patient) ? new DifferentCell(patient, null, "a row", null) : new DifferentCell(patient, null, null, "a row");
                continue;
            }

            var other = pairs.Where(p => !AreSame(p.Then.GetValue(a), p.Now.GetValue(b))).ToArray();
            if (other.Length > 0)
            {
                rows++;
                columns.UnionWith(other.Select(o => o.Name));
                first ??= new DifferentCell(patient, other[0].Name, Text(other[0].Then.GetValue(a)), Text(other[0].Now.GetValue(b)));
            }
        }

        return new TableDifference
        {
            OnlyThen = [.. rowsThen.Keys.Except(rowsNow.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal)],
            OnlyNow = [.. rowsNow.Keys.Except(rowsThen.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal)],
            OtherColumns = [.. then.ColumnNames.Union(now.ColumnNames, StringComparer.Ordinal).Except(shared, StringComparer.Ordinal)],
            Columns = [.. columns],
            Rows = rows,
            First = first,
        };
    }

    private static Dictionary<string, int> RowsOf(ParquetTable table) =>
        table.Text("patient_id").Select((id, row) => (Id: id ?? "", Row: row)).ToDictionary(r => r.Id, r => r.Row, StringComparer.Ordinal);

    private static bool AreSame(object? a, object? b) => (a, b) switch
    {
        (double x, double y) => BitConverter.DoubleToInt64Bits(x) == BitConverter.DoubleToInt64Bits(y),
        _ => Equals(a, b),
    };

    private static string? Text(object? value) => value switch { null => "nothing", double.NaN => "unknown", _ => Convert.ToString(value, CultureInfo.InvariantCulture) };
}
