using System.IO.Compression;
using System.Text.Json;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Ingestion;

/// <summary>
/// Files as an event source: a feed folder, or one file of routed messages (newline-delimited JSON, plain or gzip) on its
/// own. Each message file is a partition; a message's offset is its place among the file's lines that are not blank.
/// </summary>
public sealed record FeedFolder
{
    /// <summary>Cohort and hub.</summary>
    public required string Cohort { get; init; }

    /// <summary>Epoch of the stream.</summary>
    public required string Epoch { get; init; }

    /// <summary>Hub that the messages are from.</summary>
    public required string Hub { get; init; }

    /// <summary>Whether known times are enqueued times (data of the past) or the time of landing.</summary>
    public required bool Imported { get; init; }

    /// <summary>Messages the header promises; null for a lone file.</summary>
    public long? Messages { get; init; }

    /// <summary>What was left out before messages were made, by reason.</summary>
    public IReadOnlyDictionary<string, long> LeftOut { get; init; } = new Dictionary<string, long>();

    /// <summary>Message files, in partition order.</summary>
    public required IReadOnlyList<string> MessageFiles { get; init; }

    /// <summary>Reference files by kind.</summary>
    public IReadOnlyDictionary<string, string> ReferenceFiles { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Opens a folder with a <c>feed.json</c>, or one file. A feed names its cohort, which <paramref name="cohort"/> overrides;
    /// for a lone file the cohort must be named, and its epoch is its name, so that more lines of the same file land behind
    /// those that did.
    /// </summary>
    public static FeedFolder Open(string path, string? cohort, bool imported)
    {
        if (Directory.Exists(path))
        {
            return OpenFolder(path, cohort);
        }

        if (!File.Exists(path))
        {
            throw new LakeException($"{path}: there is no such file or folder. Name a feed folder (made by 'rmon simulate' or 'rmon import') or a file of routed messages.");
        }

        return new FeedFolder
        {
            Cohort = cohort ?? throw new LakeException($"{path}: a lone file does not say which cohort it belongs to; name one with --cohort."),
            Hub = cohort,
            Epoch = "file-" + Lake.Hash(System.Text.Encoding.UTF8.GetBytes(Path.GetFileName(path)))[..12],
            Imported = imported,
            MessageFiles = [path],
        };
    }

    /// <summary>The text of a message file, decompressed where it is gzip. Whoever is writing to it may go on.</summary>
    public static Stream OpenMessages(string file)
    {
        var input = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16, FileOptions.SequentialScan | FileOptions.Asynchronous);
        return file.EndsWith(".gz", StringComparison.OrdinalIgnoreCase) ? new GZipStream(input, CompressionMode.Decompress) : input;
    }

    private static readonly string[] s_endings = [".ndjson.gz", ".ndjson"];

    private static FeedFolder OpenFolder(string path, string? cohort)
    {
        var header = Path.Combine(path, Feed.FileName);
        if (!File.Exists(header))
        {
            throw new LakeException($"{path}: not a feed, since it has no {Feed.FileName}. Make one with 'rmon simulate' or 'rmon import'.");
        }

        var feed = ReadHeader(header);
        foreach (var (field, name) in new[] { ("cohort", feed.Cohort), ("epoch", feed.Epoch) })
        {
            if (!LakePaths.IsName(name))
            {
                throw new LakeException($"{header}: the {field} '{name}' cannot be the name of a folder: take letters, digits, '-', '_' and '.', at most 100, the first of them no '.'.");
            }
        }

        if (feed.Partitions < 0)
        {
            throw new LakeException($"{header}: promises {feed.Partitions} partitions; there can be none, but not fewer.");
        }

        var files = Enumerable.Range(0, feed.Partitions)
            .Select(p => s_endings
                .Select(ending => Path.Combine(path, Feed.MessagesFolder, p.ToString("D2", System.Globalization.CultureInfo.InvariantCulture) + ending))
                .FirstOrDefault(File.Exists)
                ?? throw new LakeException($"{Path.Combine(path, Feed.MessagesFolder)}: the file of partition {p} is missing; the feed is not whole."))
            .ToArray();
        return new FeedFolder
        {
            Cohort = cohort ?? feed.Cohort,
            Hub = feed.Cohort,
            Epoch = feed.Epoch,
            Imported = feed.Imported,
            Messages = feed.Messages,
            LeftOut = feed.LeftOut,
            MessageFiles = files,
            ReferenceFiles = ReferenceKinds.OfFeeds
                .Select(kind => (kind, file: Path.Combine(path, kind + ".ndjson")))
                .Where(k => File.Exists(k.file))
                .ToDictionary(k => k.kind, k => k.file, StringComparer.Ordinal),
        };
    }

    private static Feed ReadHeader(string header)
    {
        try
        {
            var text = File.ReadAllText(header);
            // The version first: a newer one may well have fields that this one cannot read.
            using (var json = JsonDocument.Parse(text))
            {
                if (json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("schemaVersion", out var version) && version.GetRawText() != "1")
                {
                    throw new LakeException($"{header}: has schema version {version.GetRawText()}; this version reads 1. Make the feed again with this version.");
                }
            }

            return Feed.FromJson(text);
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new LakeException($"{header}: not a feed header ({e.Message.Split('\n')[0]})", e);
        }
    }
}
