using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Workflows.Features;

/// <summary>The data dictionary of a table of vectors: a row a column, what it means, and how it is to be read.</summary>
public static class FeatureDictionaryFile
{
    private const string Timestamp = "timestamp, UTC, microseconds";

    /// <summary>What the dictionary says of each column, in this order.</summary>
    public static IReadOnlyList<string> Header { get; } = ["name", "meaning", "unit", "type", "window", "part", "statistic", "missing", "from", "set", "hash"];

    /// <summary>The dictionary's rows.</summary>
    /// <param name="set">Set.</param>
    /// <param name="isRetrospective">Whether a row of the table may use what was known after its as-of; null where the dictionary is of all tables of the set.</param>
    /// <param name="task">Title of the task whose labels the table has; null where it has none.</param>
    public static IReadOnlyList<IReadOnlyList<string?>> Rows(FeatureSet set, bool? isRetrospective, string? task)
    {
        var knownBy = "nothing known later than this was used" + isRetrospective switch
        {
            true => "; RETROSPECTIVE: later than as_of, so the row may use what nobody knew then",
            false => "; never later than as_of",
            null => "; where it is later than as_of the row is retrospective: it may use what nobody knew then",
        };
        var rows = new List<IReadOnlyList<string?>>
        {
            Plain("patient_id", "whose row it is", "text"),
            Plain("as_of", "the instant that the row speaks for: nothing effective later was used", Timestamp),
            Plain("known_by", knownBy, Timestamp),
        };
        rows.AddRange(set.Columns.Select(c => (IReadOnlyList<string?>)
        [
            c.Name, c.Meaning, c.Unit, "double", c.Window == 0 ? null : FeatureSet.WindowName(c.Window / UnixMicros.PerHour), c.Part, c.Statistic, c.Missing, c.From, set.Name, set.Hash,
        ]));
        if (task is not null)
        {
            rows.Add(Plain("label", $"{task}: whether it happened", "boolean"));
            rows.Add(Plain("label_known", "when the label was certain: from then on the row may teach a model", Timestamp));
        }

        return rows;

        IReadOnlyList<string?> Plain(string name, string meaning, string type) => [name, meaning, null, type, null, null, null, "never missing", null, set.Name, set.Hash];
    }

    /// <summary>Keeps the dictionary of a set beside its tables in the lake; where it is there already, nothing is written.</summary>
    public static async Task KeepAsync(Lake lake, FeatureSet set, CancellationToken cancellationToken)
    {
        var path = LakePaths.FeatureDictionary(set.Name, set.Hash);
        if (!await lake.ExistsAsync(path, cancellationToken))
        {
            await lake.TryCreateAsync(path, await ToCsvAsync(Rows(set, null, null), cancellationToken), cancellationToken);
        }
    }

    /// <summary>The rows as a CSV file.</summary>
    public static async Task<byte[]> ToCsvAsync(IReadOnlyList<IReadOnlyList<string?>> rows, CancellationToken cancellationToken)
    {
        using var csv = new MemoryStream();
        await TableCsv.WriteAsync(Header, rows, csv, cancellationToken);
        return csv.ToArray();
    }
}
