using System.Globalization;
using static RemoteMonitoring.Cohorts.Import.PhysioNet2019Variables;

namespace RemoteMonitoring.Cohorts.Import;

/// <summary>
/// One patient's file, a row an hour. Of each row only hour and label are read out; the values stay text until they are sent.
/// </summary>
internal sealed class PhysioNet2019Stay
{
    private static readonly int s_hour = IndexOf("ICULOS");
    private static readonly int s_label = IndexOf("SepsisLabel");

    private readonly string _text;
    private readonly int[] _start;

    private PhysioNet2019Stay(string patientId, string text, int[] start, int[] hours)
    {
        PatientId = patientId;
        _text = text;
        _start = start;
        Hours = hours;
    }

    public string PatientId { get; }

    /// <summary>Hours in intensive care of each row, from 1, ascending.</summary>
    public int[] Hours { get; }

    /// <summary>The first row whose label is 1; below 0 where there is none.</summary>
    public int FirstPositive { get; private init; }

    public double? Age { get; private init; }

    public string Sex { get; private init; } = "unknown";

    /// <summary>True medical, false surgical intensive care; null where unknown.</summary>
    public bool? IsMedical { get; private init; }

    /// <summary>Hours from admission to hospital to admission to intensive care; null where unknown.</summary>
    public double? HoursBefore { get; private init; }

    /// <summary>Reads the text of <paramref name="file"/>, whose name without its ending is the patient's identity.</summary>
    public static PhysioNet2019Stay Read(string file, string text, LeftOutTally leftOut)
    {
        var end = text.IndexOf('\n');
        if (!text.AsSpan(0, end < 0 ? text.Length : end).TrimEnd('\r').SequenceEqual(Header))
        {
            throw new ImportException($"The file '{file}', line 1, is not the header 'HR|O2Sat|…|ICULOS|SepsisLabel' of the PhysioNet Challenge 2019; name the folder or archive of a training set as downloaded.");
        }

        List<int> start = [];
        List<int> hours = [];
        var firstPositive = -1;
        for (var at = end + 1; end >= 0 && at < text.Length; at = end + 1)
        {
            end = text.IndexOf('\n', at);
            end = end < 0 ? text.Length : end;
            ReadRow(file, text.AsSpan(at, end - at).TrimEnd('\r'), hours, ref firstPositive);
            start.Add(at);
        }

        if (hours.Count == 0)
        {
            throw new ImportException($"The file '{file}' has no row; download the set again.");
        }

        start.Add(text.Length);
        var first = new string[Columns];
        Split(text.AsSpan(start[0], start[1] - start[0]).TrimEnd("\r\n"), (c, value) => first[c] = value.ToString());
        return new PhysioNet2019Stay(Path.GetFileNameWithoutExtension(file), text, [.. start], [.. hours])
        {
            FirstPositive = firstPositive,
            Age = Stated(first, "Age", 0, 130, leftOut),
            Sex = Stated(first, "Gender", 0, 1, leftOut) switch { 0 => "female", 1 => "male", _ => "unknown" },
            IsMedical = (Stated(first, "Unit1", 0, 1, leftOut), Stated(first, "Unit2", 0, 1, leftOut)) switch { (1, 0) => true, (0, 1) => false, _ => null },
            // Negative where the patient came to the ICU first, as for some the clock of the ward has it.
            HoursBefore = -Stated(first, "HospAdmTime", -100_000, 100_000, leftOut),
        };
    }

    /// <summary>Puts out column and text of each value of a row.</summary>
    public void Values(int row, ColumnAction put) => Split(_text.AsSpan(_start[row], _start[row + 1] - _start[row]).TrimEnd("\r\n"), put);

    private static void ReadRow(string file, ReadOnlySpan<char> row, List<int> hours, ref int firstPositive)
    {
        var columns = row.Count('|') + 1;
        if (columns != Columns)
        {
            throw Malformed(file, hours.Count, $"has {columns} fields where {Columns} are expected");
        }

        var column = 0;
        foreach (var range in row.Split('|'))
        {
            var value = row[range];
            if (column == s_hour)
            {
                // Other sets write whole hours as 1.0.
                var isHour = double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var hour) && hour is >= 1 and < 100_000 && hour % 1 == 0;
                if (!isHour || (hours.Count > 0 && hour <= hours[^1]))
                {
                    throw Malformed(file, hours.Count, "has an ICULOS that is no whole hour behind the row before");
                }

                hours.Add((int)hour);
            }
            else if (column == s_label)
            {
                if (value is not ("0" or "1") || (value is "0" && firstPositive >= 0))
                {
                    throw Malformed(file, hours.Count - 1, "has a SepsisLabel that is neither 0 nor 1, or goes back to 0");
                }

                firstPositive = value is "1" && firstPositive < 0 ? hours.Count - 1 : firstPositive;
            }

            column++;
        }
    }

    private static ImportException Malformed(string file, int row, string what) =>
        new(string.Create(CultureInfo.InvariantCulture, $"The file '{file}', line {row + 2}, {what}; mend the line or download the set again."));

    private static double? Stated(string[] first, string name, double low, double high, LeftOutTally leftOut)
    {
        var isNumber = double.TryParse(first[IndexOf(name)], NumberStyles.Float, CultureInfo.InvariantCulture, out var value);
        if (isNumber && value >= low && value <= high)
        {
            return value;
        }

        leftOut.Add((isNumber && double.IsNaN(value) ? "descriptor unknown: " : "descriptor not readable: ") + name);
        return null;
    }

    private static void Split(ReadOnlySpan<char> row, ColumnAction put)
    {
        var column = 0;
        foreach (var range in row.Split('|'))
        {
            put(column++, row[range]);
        }
    }
}

/// <summary>Takes a column's place and its text.</summary>
internal delegate void ColumnAction(int column, ReadOnlySpan<char> value);
