using System.Globalization;
using System.Text;
using NodaTime;
using NodaTime.Text;

namespace RemoteMonitoring.Cohorts.Import;

/// <summary>A row of a diary that says when: code and value as written.</summary>
internal readonly record struct UciDiabetesEntry(LocalDateTime Time, string Code, string Value)
{
    /// <summary>The glucose of a measurement that ingestion takes, mg/dL; null for all else.</summary>
    public double? Glucose =>
        UciDiabetesCodes.IsGlucose(Code)
        && double.TryParse(Value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
        && UciDiabetesCodes.IsPlausibleGlucose(value) ? value : null;
}

/// <summary>One person's diary: <c>MM-DD-YYYY, H:MM, code, value</c>, separated by tabs.</summary>
internal sealed class UciDiabetesDiary
{
    private static readonly LocalDatePattern s_date = LocalDatePattern.CreateWithInvariantCulture("MM-dd-uuuu");
    private static readonly LocalTimePattern s_time = LocalTimePattern.CreateWithInvariantCulture("H:mm");

    /// <summary>Number of the file, which is the person's identity: <c>07</c>.</summary>
    public required string PatientId { get; init; }

    /// <summary>In order of time; entries of one time as they stand in the file.</summary>
    public required IReadOnlyList<UciDiabetesEntry> Entries { get; init; }

    /// <summary>Hash of the file.</summary>
    public required byte[] Hash { get; init; }

    /// <summary>Reads a file; rows that do not say when are counted.</summary>
    public static UciDiabetesDiary Read(string folder, string name, LeftOutTally leftOut)
    {
        using var source = SourceFile.Open(folder, name);
        return SourceFile.Guard(source.Name, () =>
        {
            using var reader = new StreamReader(source.Content, Encoding.Latin1, leaveOpen: true);
            var entries = new List<UciDiabetesEntry>();
            for (var number = 1; reader.ReadLine() is { } line; number++)
            {
                if (line.Split('\t') is not [var date, var time, var code, var value])
                {
                    throw new ImportException($"The file '{source.Name}', line {number}, has not the four fields date, time, code and value, separated by tabs; take the file as downloaded.");
                }

                if (s_date.Parse(date) is not { Success: true } day)
                {
                    leftOut.Add("row without a readable date");
                }
                else if (s_time.Parse(time) is not { Success: true } minute)
                {
                    leftOut.Add("row without a readable time");
                }
                else
                {
                    entries.Add(new UciDiabetesEntry(day.Value + minute.Value, code, value));
                }
            }

            return new UciDiabetesDiary { PatientId = name["data-".Length..], Entries = [.. entries.OrderBy(e => e.Time)], Hash = source.ContentHash() };
        });
    }
}
