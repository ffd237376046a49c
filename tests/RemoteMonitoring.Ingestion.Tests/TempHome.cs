using System.Globalization;
using System.IO.Compression;
using System.Text;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Ingestion.Tests;

/// <summary>A folder for sources and lakes, gone after the test, and the lines devices send in it.</summary>
public sealed class TempHome : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("rmon-ingestion-").FullName;

    public static StreamPartition Partition { get; } = new("hub", "epoch", 0);

    public LakeDirectory Lake(string name = "lake") => new(Path.Combine(Root, name));

    public CohortStore Store() => CohortStore.Open(Path.Combine(Root, "home"), "test");

    /// <summary>Silver by the bundled mappings.</summary>
    public static Silver Silver(Lake lake) => new(lake, MappingHistory.Bundled);

    /// <summary>Writes a source file; gzip where it ends so.</summary>
    public string Write(string name, string text)
    {
        var file = Path.Combine(Root, name);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        using Stream output = name.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(File.Create(file), CompressionLevel.Fastest) : File.Create(file);
        output.Write(Encoding.UTF8.GetBytes(text));
        return file;
    }

    /// <summary>Writes a feed of one partition.</summary>
    public string WriteFeed(string messages, int promised, string? header = null, params (string Kind, string Lines)[] reference)
    {
        Write("feed/messages/00.ndjson", messages);
        Write("feed/" + Feed.FileName, header ?? new Feed
        {
            SchemaVersion = 1,
            Cohort = "test",
            Source = "a test",
            Epoch = "e1",
            Imported = true,
            SourceDelay = "none",
            Partitions = 1,
            Messages = promised,
        }.ToJson());
        foreach (var (kind, lines) in reference)
        {
            Write($"feed/{kind}.ndjson", lines);
        }

        return Path.Combine(Root, "feed");
    }

    /// <summary>A routed message of one heart rate, taken and enqueued at this minute of 2025-01-31; its id tells it from all others.</summary>
    public static string Message(int minute, string device = "d1", double value = 72, string? id = null, string? body = null)
    {
        var time = new DateTime(2025, 1, 31, 0, 0, 0, DateTimeKind.Utc).AddMinutes(minute).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        body ??= string.Create(CultureInfo.InvariantCulture, $$"""{"time":"{{time}}","readings":[{"code":"8867-4","value":{{value}},"unit":"/min"}]}""");
        return $$"""{"EnqueuedTimeUtc":"{{time}}","Properties":{"k":"v"},"SystemProperties":{"connectionDeviceId":"{{device}}","messageId":"{{id ?? $"m{minute}"}}"},"Body":{{body}}}""";
    }

    /// <summary>Lines of messages, each with its end.</summary>
    public static string Messages(int from, int count, string device = "d1") => string.Concat(Enumerable.Range(from, count).Select(m => Message(m, device) + "\n"));

    /// <summary>Every file of a lake with its bytes in hex.</summary>
    public static async Task<SortedDictionary<string, string>> ContentsAsync(Lake lake)
    {
        var contents = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var path in await lake.ListAsync("", default))
        {
            contents.Add(path, Convert.ToHexString(await lake.ReadAsync(path, default)));
        }

        return contents;
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}

/// <summary>Time that stands still until it is set.</summary>
internal sealed class SetTime(DateTimeOffset now) : TimeProvider
{
    public DateTimeOffset Now { get; set; } = now;

    public override DateTimeOffset GetUtcNow() => Now;
}

internal static class Rows
{
    /// <summary>All rows of the tables below a folder, in order of offset, as text: what the lake says, whatever files it says it in.</summary>
    public static async Task<IReadOnlyList<string>> OfAsync(Lake lake, string folder)
    {
        var rows = new List<string>();
        foreach (var path in await lake.ListAsync(folder, default))
        {
            var table = await lake.ReadTableAsync(path, null, default);
            var columns = table.ColumnNames.Select(name => Column(table, name)).ToArray();
            rows.AddRange(Enumerable.Range(0, table.Rows).Select(r => string.Join('|', columns.Select(c => c[r]))));
        }

        return rows;
    }

    private static string[] Column(ParquetTable table, string name) => name switch
    {
        "offset" or "body_hash" or "enqueued_time" or "known_time" or "known_from" or "effective_time" => Array.ConvertAll(table.Int64(name), v => v.ToString(CultureInfo.InvariantCulture)),
        "taken_back" => Array.ConvertAll(table.Boolean(name), v => v ? "1" : "0"),
        "ordinal" => Array.ConvertAll(table.Int32(name), v => v.ToString(CultureInfo.InvariantCulture)),
        "value" => Array.ConvertAll(table.Float64(name), v => v.ToString("R", CultureInfo.InvariantCulture)),
        "body" or "raw" => Array.ConvertAll(table.Bytes(name), b => Convert.ToHexString(b.Span)),
        _ => Array.ConvertAll(table.Text(name), v => v ?? "∅"),
    };
}
