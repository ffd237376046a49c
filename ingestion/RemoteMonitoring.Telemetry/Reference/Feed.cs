using System.Text.Json;

namespace RemoteMonitoring.Telemetry.Reference;

/// <summary>
/// What <c>feed.json</c> says of a folder that holds a whole feed:
/// <c>messages/{partition:D2}.ndjson.gz</c> (one routed message a line, in enqueued order) and <c>{kind}.ndjson</c> for
/// each reference kind.
/// </summary>
public sealed record Feed
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "feed.json";

    /// <summary>Folder of the message files, one a partition.</summary>
    public const string MessagesFolder = "messages";

    /// <summary>Version of this layout.</summary>
    public required int SchemaVersion { get; init; }

    /// <summary>Cohort the feed belongs to, and hub the messages are from: <c>simulated</c>, <c>tihm</c>, <c>physionet2012</c>, ….</summary>
    public required string Cohort { get; init; }

    /// <summary>Where the data came from and with what settings, in one sentence for people.</summary>
    public required string Source { get; init; }

    /// <summary>
    /// Identity of the stream: a hash of source and settings. The same feed made again has the same epoch, so landing it
    /// twice lands it once; another seed or another version of the generator is another stream.
    /// </summary>
    public required string Epoch { get; init; }

    /// <summary>
    /// True when the data is of the past: a reading's known time is then its enqueued time, which the importer sets to
    /// effective time plus <see cref="SourceDelay"/>, and not the time of landing.
    /// </summary>
    public required bool Imported { get; init; }

    /// <summary>What the source says of the delay between taking a reading and having it.</summary>
    public required string SourceDelay { get; init; }

    /// <summary>Number of message files.</summary>
    public required int Partitions { get; init; }

    /// <summary>Messages over all partitions.</summary>
    public required long Messages { get; init; }

    /// <summary>What the importer left out before making messages, by reason, so that nothing is lost silently.</summary>
    public IReadOnlyDictionary<string, long> LeftOut { get; init => field = value ?? new Dictionary<string, long>(); } = new Dictionary<string, long>();

    /// <summary>The file's text.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, ReferenceJsonContext.Default.Feed);

    /// <summary>Reads the file's text; throws <see cref="JsonException"/> saying what is wrong.</summary>
    public static Feed FromJson(string json) => JsonSerializer.Deserialize(json, ReferenceJsonContext.Default.Feed)
        ?? throw new JsonException("feed.json is null.");
}
