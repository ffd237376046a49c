using NodaTime;
using NodaTime.Text;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Workflows.ReportTables;

/// <summary>How a table for reports is cut into files.</summary>
public enum ReportCut
{
    /// <summary>One file.</summary>
    Whole,

    /// <summary>A file a UTC day, in a folder <c>date=uuuu-MM-dd</c>.</summary>
    Day,

    /// <summary>A file a UTC month, in a folder <c>month=uuuu-MM</c>.</summary>
    Month,
}

/// <summary>A column of a table for reports.</summary>
/// <param name="Name">Name.</param>
/// <param name="Kind">Type in Parquet.</param>
/// <param name="Meaning">What it means, in a sentence or two.</param>
/// <param name="MayBeUnknown">Whether it may be null (a text) or NaN (a number).</param>
public sealed record ReportColumn(string Name, ColumnKind Kind, string Meaning, bool MayBeUnknown = false);

/// <summary>A table for reports: what Parquet, data dictionary and semantic model are made and checked by.</summary>
/// <param name="Name">Name.</param>
/// <param name="Cut">How it is cut into files.</param>
/// <param name="Grain">What a row is.</param>
/// <param name="Key">Columns that tell its rows apart.</param>
/// <param name="Columns">Columns, in their order.</param>
public sealed record ReportTable(string Name, ReportCut Cut, string Grain, IReadOnlyList<string> Key, IReadOnlyList<ReportColumn> Columns)
{
    /// <summary>The column that names a patient by a keyed hash; a table that has it loses rows when a patient is erased.</summary>
    public const string PatientKey = "patient_key";

    private static readonly LocalDatePattern s_day = LocalDatePattern.CreateWithInvariantCulture("'date='uuuu'-'MM'-'dd");
    private static readonly YearMonthPattern s_month = YearMonthPattern.CreateWithInvariantCulture("'month='uuuu'-'MM");

    /// <summary>Whether its rows are of patients.</summary>
    public bool IsOfPatients => Columns.Any(c => c.Name == PatientKey);

    /// <summary>The folder of a day's rows; null for a table that is one file.</summary>
    public string? PeriodOf(LocalDate day) => Cut switch
    {
        ReportCut.Day => s_day.Format(day),
        ReportCut.Month => s_month.Format(day.ToYearMonth()),
        _ => null,
    };

    /// <summary>The month that a folder's rows are of; null where it is none.</summary>
    public static YearMonth? MonthOf(string? period) =>
        period is null ? null
        : s_day.Parse(period) is { Success: true } day ? day.Value.ToYearMonth()
        : s_month.Parse(period) is { Success: true } month ? month.Value : null;

    /// <summary>Key of a UTC day in <c>dim_date</c>: its digits, as in 20250630.</summary>
    public static int DateKey(LocalDate day) => (((day.Year * 100) + day.Month) * 100) + day.Day;

    /// <summary>Key of the UTC day that an instant is in.</summary>
    public static int DateKey(Instant instant) => DateKey(instant.InUtc().Date);
}
