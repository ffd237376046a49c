using CsvHelper;
using NodaTime;
using NodaTime.Text;

namespace RemoteMonitoring.Cohorts.Import;

/// <summary>
/// Reads one CSV file of TIHM row by row. Columns are found by the header, which must name exactly the expected ones; a row
/// that is not CSV or has another number of fields fails with its line.
/// </summary>
internal sealed class TihmTable : IDisposable
{
    // Whole seconds in the published files; a fraction is taken as it comes.
    private static readonly LocalDateTimePattern s_date = LocalDateTimePattern.CreateWithInvariantCulture("uuuu-MM-dd HH:mm:ss.FFFFFF");

    private static readonly CsvReaderOptions s_options = new()
    {
        Separator = ',',
        MalformedData = CsvMalformedDataHandling.Throw,
        AllowLineBreaksInQuotes = false, // no field has one, and a stray quotation mark is then found in its own line
        TrackLineNumbers = true,
        PoolStrings = true,
    };

    private readonly SourceFile _source;
    private readonly CsvReader _csv;
    private readonly Func<bool> _read;
    private readonly int _columns;

    private TihmTable(SourceFile source, string[] columns)
    {
        _source = source;
        _columns = columns.Length;
        _csv = CsvReader.Create(source.Content, s_options, leaveOpen: true);
        var next = (Func<bool>)_csv.Read;
        _read = () => OrMalformed(next);
        if (!OrMalformed(() => _csv.Headers).SequenceEqual(columns))
        {
            throw new ImportException($"The file '{source.Name}', line 1, is not the header '{string.Join(',', columns)}'; name the folder of TIHM as downloaded.");
        }
    }

    /// <summary>Field of the current row by place of its column.</summary>
    public string this[int column] => _csv.GetString(column);

    /// <summary>Line of the current row, from 1.</summary>
    public long Line => _csv.LineNumber;

    /// <summary>Opens the file, packed or not, and reads its header.</summary>
    public static TihmTable Open(string folder, string name, params string[] columns)
    {
        var source = SourceFile.Open(folder, name);
        try
        {
            return SourceFile.Guard(source.Name, () => new TihmTable(source, columns));
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <summary>Goes to the next row; false at the end of the file.</summary>
    public bool Next()
    {
        if (!SourceFile.Guard(_source.Name, _read))
        {
            return false;
        }

        return _csv.FieldCount == _columns
            ? true
            : throw Malformed($"has {_csv.FieldCount} fields where {_columns} are expected");
    }

    /// <summary>The instant of a field that is a date and time in <paramref name="zone"/>.</summary>
    /// <remarks>
    /// The hour that comes twice in autumn is taken as its first pass and the hour skipped in spring as if the clock had
    /// not been put forward; neither lies in the published months.
    /// </remarks>
    public bool TryGetInstant(int column, DateTimeZone zone, out Instant instant)
    {
        var parsed = s_date.Parse(this[column]);
        instant = parsed.Success ? parsed.Value.InZoneLeniently(zone).ToInstant() : default;
        return parsed.Success;
    }

    /// <summary>Hash of the whole file's content.</summary>
    public byte[] ContentHash() => SourceFile.Guard(_source.Name, _source.ContentHash);

    /// <summary>What to throw because of the current line.</summary>
    public ImportException Malformed(string what) =>
        new($"The file '{_source.Name}', line {Line}, {what}; mend the line or download the file again.");

    /// <inheritdoc />
    public void Dispose()
    {
        _csv.Dispose();
        _source.Dispose();
    }

    private T OrMalformed<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (CsvFormatException e)
        {
            throw new ImportException($"The file '{_source.Name}', line {e.LineNumber}, is not CSV (a stray quotation mark); mend the line or download the file again.", e);
        }
    }
}
