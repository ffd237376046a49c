using System.Globalization;

namespace RemoteMonitoring.Cohorts.Import;

/// <summary>A row of a stay's file: minutes since admission, variable, and value as written (null where the row ends before it).</summary>
internal readonly record struct PhysioNet2012Row(int Minute, string Parameter, string? Value);

/// <summary>
/// One stay's file: what it states about the patient at 00:00, and the measurements by time (within one time in file order).
/// </summary>
internal sealed class PhysioNet2012Stay
{
    private const string Header = "Time,Parameter,Value";

    private static readonly string[] s_descriptors = ["RecordID", "Age", "Gender", "Height", "ICUType", "Weight"];

    private PhysioNet2012Stay(string recordId) => RecordId = recordId;

    public string RecordId { get; }

    public double? Age { get; private set; }

    public string Sex { get; private set; } = "unknown";

    /// <summary>1 coronary care, 2 cardiac surgery recovery, 3 medical, 4 surgical; null where unknown.</summary>
    public int? IcuType { get; private set; }

    public PhysioNet2012Row[] Rows { get; private set; } = [];

    /// <summary>Reads the text of <paramref name="file"/>, whose name without its ending is the stay's identity.</summary>
    public static PhysioNet2012Stay Read(string file, ReadOnlySpan<char> text, TextPool pool, LeftOutTally leftOut)
    {
        var stay = new PhysioNet2012Stay(Path.GetFileNameWithoutExtension(file));
        if (!NextLine(ref text, out var line) || !line.SequenceEqual(Header))
        {
            throw new ImportException($"The file '{file}', line 1, does not start with '{Header}'; name the folder of the PhysioNet Challenge 2012 as downloaded.");
        }

        var rows = new List<PhysioNet2012Row>();
        var stated = new HashSet<string>(StringComparer.Ordinal);
        for (var number = 2; NextLine(ref text, out line); number++)
        {
            if (!TryReadRow(line, pool, out var row))
            {
                leftOut.Add("row without a readable time");
                continue;
            }

            if (row is { Minute: 0, Value: { } value } && s_descriptors.Contains(row.Parameter) && stated.Add(row.Parameter))
            {
                if (row.Parameter == "RecordID" && value != stay.RecordId)
                {
                    throw new ImportException($"The file '{file}', line {number}, states another RecordID than its name; download the set again.");
                }

                if (stay.TakeDescriptor(row.Parameter, value, leftOut))
                {
                    continue;
                }
            }

            rows.Add(row);
        }

        foreach (var descriptor in s_descriptors.Where(d => !stated.Contains(d)))
        {
            leftOut.Add("descriptor absent: " + descriptor);
        }

        stay.Rows = [.. rows.OrderBy(r => r.Minute)]; // a stable sort
        return stay;
    }

    /// <summary>
    /// Whether the descriptor is dealt with. Height, weight and a value that a descriptor cannot have are not: they go out
    /// as readings, the last to be rejected by ingestion.
    /// </summary>
    private bool TakeDescriptor(string name, string text, LeftOutTally leftOut)
    {
        if (name == "RecordID")
        {
            return true;
        }

        if (!double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value))
        {
            return false;
        }

        if (value == -1)
        {
            leftOut.Add("descriptor unknown: " + name);
            return true;
        }

        switch (name)
        {
            case "Age" when value is >= 0 and < 130:
                Age = value;
                return true;
            case "Gender" when value is 0 or 1:
                Sex = value == 0 ? "female" : "male";
                return true;
            case "ICUType" when value is 1 or 2 or 3 or 4:
                IcuType = (int)value;
                return true;
            default:
                return false;
        }
    }

    private static bool TryReadRow(ReadOnlySpan<char> line, TextPool pool, out PhysioNet2012Row row)
    {
        row = default;
        var comma = line.IndexOf(',');
        var time = comma < 0 ? line : line[..comma];
        if (!TryReadTime(time.Trim(), out var minute))
        {
            return false;
        }

        var rest = comma < 0 ? [] : line[(comma + 1)..];
        comma = rest.IndexOf(',');
        row = comma < 0
            ? new PhysioNet2012Row(minute, pool.Get(rest), null)
            : new PhysioNet2012Row(minute, pool.Get(rest[..comma]), pool.Get(rest[(comma + 1)..]));
        return true;
    }

    /// <summary>hh:mm since admission; the hours run past 24, to 48:00.</summary>
    private static bool TryReadTime(ReadOnlySpan<char> text, out int minute)
    {
        minute = 0;
        var colon = text.IndexOf(':');
        if (colon is < 1 or > 3 || text.Length != colon + 3
            || !int.TryParse(text[..colon], NumberStyles.None, CultureInfo.InvariantCulture, out var hours)
            || !int.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var minutes)
            || minutes > 59)
        {
            return false;
        }

        minute = (hours * 60) + minutes;
        return true;
    }

    private static bool NextLine(ref ReadOnlySpan<char> text, out ReadOnlySpan<char> line)
    {
        line = default;
        if (text.IsEmpty)
        {
            return false;
        }

        var end = text.IndexOf('\n');
        line = (end < 0 ? text : text[..end]).TrimEnd('\r');
        text = end < 0 ? [] : text[(end + 1)..];
        return true;
    }
}

/// <summary>Keeps one string for each text: 1.8 million values are a few thousand different ones.</summary>
internal sealed class TextPool
{
    private readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> _texts =
        new HashSet<string>(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

    public string Get(ReadOnlySpan<char> text)
    {
        if (!_texts.TryGetValue(text, out var pooled))
        {
            pooled = text.ToString();
            _texts.Add(pooled);
        }

        return pooled;
    }
}
