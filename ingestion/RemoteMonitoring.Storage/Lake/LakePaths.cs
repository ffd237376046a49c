using System.Globalization;

namespace RemoteMonitoring.Storage.Lake;

/// <summary>A partition of one hub's stream. Offsets count from 0 within an epoch; a recreated stream is a new epoch.</summary>
/// <param name="Hub">Name of the hub.</param>
/// <param name="Epoch">Identity of the stream under that name.</param>
/// <param name="Partition">Number of the partition.</param>
public sealed record StreamPartition(string Hub, string Epoch, int Partition)
{
    /// <summary>Reads what <see cref="ToString"/> gives.</summary>
    public static StreamPartition Parse(string text) => text.Split('/') is [var hub, var epoch, var partition]
        ? new StreamPartition(hub, epoch, int.Parse(partition, NumberStyles.None, CultureInfo.InvariantCulture))
        : throw new FormatException($"'{text}' is not hub/epoch/partition.");

    /// <inheritdoc />
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Hub}/{Epoch}/{Partition}");
}

/// <summary>Where things lie in the lake. Every path that the program writes is made here.</summary>
public static class LakePaths
{
    /// <summary>Folder of all raw envelopes.</summary>
    public const string BronzeTelemetry = "bronze/telemetry";

    /// <summary>Folder of the reference log.</summary>
    public const string BronzeReference = "bronze/reference";

    /// <summary>Folder of all accepted readings.</summary>
    public const string SilverReadings = "silver/readings";

    /// <summary>Folder of all rejected ones.</summary>
    public const string SilverQuarantine = "silver/quarantine";

    /// <summary>The observations that are current: which files, made of what.</summary>
    public const string ObservationsManifest = "gold/observations/manifest.json";

    /// <summary>Raw envelopes of a partition.</summary>
    public static string Bronze(StreamPartition p) => $"{BronzeTelemetry}/{p}";

    /// <summary>Raw envelopes from <paramref name="expectedOffset"/>, where the chain of files before it ends.</summary>
    public static string Bronze(StreamPartition p, long expectedOffset) => $"{Bronze(p)}/{Digits(expectedOffset)}.parquet";

    /// <summary>Raw envelopes of several files that followed on each other, from their first offset to their end (exclusive), sealed into one.</summary>
    public static string Sealed(StreamPartition p, long start, long end) => $"{Bronze(p)}/{Digits(start)}-{Digits(end)}.parquet";

    /// <summary>Readings of the bronze file of this stem, made under a generation of mappings.</summary>
    public static string Readings(StreamPartition p, string stem, string generation) => $"{SilverReadings}/{p}/{stem}.{generation}.parquet";

    /// <summary>Rejected readings of the same file.</summary>
    public static string Quarantine(StreamPartition p, string stem, string generation) => $"{SilverQuarantine}/{p}/{stem}.{generation}.parquet";

    /// <summary>One batch of reference events.</summary>
    public static string Reference(string kind, long sequence) => $"{BronzeReference}/{kind}/{Digits(sequence)}.ndjson";

    /// <summary>Folder of the manifests of all observations there ever were, until they are collected.</summary>
    public const string ObservationsManifests = "gold/observations/manifests";

    /// <summary>The observations made from the inputs that the hash names: which files.</summary>
    public static string ObservationsManifestOf(string inputHash) => $"{ObservationsManifests}/{inputHash}.json";

    /// <summary>Observations of a UTC day of effective time and a patient shard, named by the hash of the file.</summary>
    public static string Observations(DateOnly eventDate, int shard, string contentHash) =>
        string.Create(CultureInfo.InvariantCulture, $"gold/observations/{eventDate:yyyy-MM-dd}/{shard:D4}/{contentHash}.parquet");

    /// <summary>Accepted readings of a UTC day of effective time that compaction could give to no patient, named by the hash of the file.</summary>
    public static string Unassigned(DateOnly eventDate, string contentHash) =>
        string.Create(CultureInfo.InvariantCulture, $"gold/unassigned/{eventDate:yyyy-MM-dd}/{contentHash}.parquet");

    /// <summary>Where those of all days lay in one file, as long as manifests had version 2 or less.</summary>
    public static string UnassignedOfAllDays(string inputHash) => $"gold/unassigned/{inputHash}.parquet";

    /// <summary>Folder of all rollups.</summary>
    public const string RollupsFolder = "gold/rollups";

    /// <summary>Rollups of one kind of cells, a local date and a patient shard, named by the hash of the file.</summary>
    public static string Rollups(string cells, DateOnly localDate, int shard, string contentHash) =>
        string.Create(CultureInfo.InvariantCulture, $"{RollupsFolder}/{cells}/{localDate:yyyy-MM-dd}/{shard:D4}/{contentHash}.parquet");

    /// <summary>Vectors of a feature set over many instants (a training snapshot), or at one instant and shard.</summary>
    public static string Features(string set, string asOf, string name) => $"{FeaturesFolder(set, asOf)}/{name}.parquet";

    /// <summary>Folder of the vectors of a feature set at an instant.</summary>
    public static string FeaturesFolder(string set, string asOf) => $"gold/features/{set}/{asOf}";

    /// <summary>What the columns of a feature set mean, for people: one file for all tables of this hash.</summary>
    public static string FeatureDictionary(string set, string setHash) => $"gold/features/{set}/dictionary-{setHash}.csv";

    /// <summary>Predictions of a run, of a shard or of a part of it by a name.</summary>
    public static string Predictions(string asOf, string run, int shard, string? part = null) => $"{PredictionsFolder(asOf, run)}/{PartOf(shard, part)}.parquet";

    /// <summary>Folder of the predictions of a run.</summary>
    public static string PredictionsFolder(string asOf, string run) => $"gold/predictions/{asOf}/{run}";

    /// <summary>Names a shard, or a part of it.</summary>
    public static string PartOf(int shard, string? part) => string.Create(CultureInfo.InvariantCulture, $"{shard:D4}{(part is null ? "" : "-")}{part}");

    /// <summary>What an instance of a workflow was started with: it keeps its id from being used again.</summary>
    public static string RunRecord(string instanceId) => $"runs/{instanceId}.json";

    /// <summary>The history of an instance that the engine has forgotten.</summary>
    public static string RunArchive(string instanceId) => $"runs/{instanceId}.history.ndjson.gz";

    /// <summary>Since when a schedule is served: what came before was not missed.</summary>
    public static string ScheduleBegun(string schedule) => $"runs/schedules/{schedule}.json";

    /// <summary>Folder of what runs under way hand from one step to the next.</summary>
    public const string WorkFolder = "work";

    /// <summary>What ends the name of a pin.</summary>
    public const string PinSuffix = ".pin";

    /// <summary>Says that an instance under way reads the observations of these inputs, so that they stay.</summary>
    public static string Pin(string instanceId, string inputHash) => Work(instanceId, inputHash + PinSuffix);

    /// <summary>What a run hands from one step to the next; it goes when the run is done.</summary>
    public static string Work(string run, string name) => $"{WorkOf(run)}/{name}";

    /// <summary>Folder of what a run, or an instance under way, hands on.</summary>
    public static string WorkOf(string run) => $"{WorkFolder}/{run}";

    /// <summary>A file of a model version.</summary>
    public static string Model(string name, string version, string file) => $"models/{name}/{version}/{file}";

    /// <summary>Which version of a task's model scored before there were decisions: one line.</summary>
    public static string ModelBefore(string task) => $"models/{task}/current";

    /// <summary>Folder of the decisions about a task's models.</summary>
    public static string Decisions(string task) => $"models/{task}/decisions";

    /// <summary>A decision about a task's models; they are numbered from 1.</summary>
    public static string Decision(string task, int sequence) => string.Create(CultureInfo.InvariantCulture, $"{Decisions(task)}/{sequence:D8}.json");

    /// <summary>The number of a decision by the name of its file; null where the name has another form.</summary>
    public static int? DecisionOf(string path) =>
        path.EndsWith(".json", StringComparison.Ordinal) && StemOf(path) is { Length: 8 } stem && Number(stem) is { } number ? (int)number : null;

    /// <summary>Whether a path is that of a decision.</summary>
    public static bool IsDecision(string path) => path.Split('/') is ["models", _, "decisions", _] && DecisionOf(path) is not null;

    /// <summary>A path without its last part.</summary>
    public static string FolderOf(string path) => path[..path.LastIndexOf('/')];

    /// <summary>What a challenger scored in the shadow of a run, of a shard or of a part of it.</summary>
    public static string Shadow(string asOf, string run, string challenger, string part) => $"{ShadowFolder(asOf, run)}/{challenger}/{part}.parquet";

    /// <summary>Folder of what was scored in the shadow of a run.</summary>
    public static string ShadowFolder(string asOf, string run) => $"gold/shadow/{asOf}/{run}";

    /// <summary>Says what was scored in the shadow of a run, beside its ledger entry.</summary>
    public static string LedgerShadow(string run) => $"ledger/{run}{ShadowEnding}";

    /// <summary>Whether a path is that of what says what was scored in the shadow of a run.</summary>
    public static bool IsLedgerShadow(string path) => path.StartsWith("ledger/", StringComparison.Ordinal) && path.EndsWith(ShadowEnding, StringComparison.Ordinal);

    private const string ShadowEnding = ".shadow.json";

    /// <summary>A file of the report of drift of a task's inputs, scores and performance as of an instant.</summary>
    public static string Drift(string task, string asOf, string file) => $"{DriftFolder(task)}/{asOf}/{file}";

    /// <summary>Folder of the reports of drift of a task.</summary>
    public static string DriftFolder(string task) => $"drift/{task}";

    /// <summary>Folder of the tables for reports, by the version of their form.</summary>
    public const string ReportFolder = "bi/v1";

    /// <summary>Which files of the tables for reports are current.</summary>
    public const string ReportManifest = ReportFolder + "/manifest.json";

    /// <summary>A file of a table for reports, named by the hash of the file; of a table that is cut by time in a folder such as <c>date=2025-06-30</c>.</summary>
    public static string Report(string table, string? period, string contentHash) => $"{ReportFolder}/{table}/{(period is null ? "" : period + "/")}{contentHash}.parquet";

    /// <summary>Folder of the ledger.</summary>
    public const string LedgerFolder = "ledger";

    /// <summary>The ledger entry of a run.</summary>
    public static string Ledger(string run) => $"ledger/{run}.json";

    /// <summary>What says that inputs or outputs of a run were erased since.</summary>
    public static string LedgerErasures(string run) => $"ledger/{run}.erasures.json";

    /// <summary>Whether a path is that of a ledger entry, and not of what stands beside one.</summary>
    public static bool IsLedgerEntry(string path) =>
        path.StartsWith("ledger/", StringComparison.Ordinal) && path.EndsWith(".json", StringComparison.Ordinal)
        && !path.EndsWith(".erasures.json", StringComparison.Ordinal) && !IsLedgerShadow(path) && !path.StartsWith("ledger/erasure-", StringComparison.Ordinal);

    /// <summary>The proof of an erasure.</summary>
    public static string ErasureProof(long sequence) => $"ledger/erasure-{Digits(sequence)}.json";

    /// <summary>An instant as part of a path: no colons, sorts by time.</summary>
    public static string Stamp(long unixMicros) =>
        DateTime.UnixEpoch.AddTicks(unixMicros * 10).ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);

    /// <summary>
    /// Whether a text from outside may be one part of a path on every system: 1 to 100 of letters, digits, <c>-</c>, <c>_</c>
    /// and <c>.</c>, the first of them no <c>.</c>.
    /// </summary>
    public static bool IsName(string text) =>
        text.Length is > 0 and <= 100 && text[0] != '.' && text.All(c => char.IsLetterOrDigit(c) || c is '-' or '_' or '.');

    /// <summary>The part of a bronze or silver file's name that says which offsets are in it: all before the first dot.</summary>
    public static string StemOf(string path)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        return name.IndexOf('.') is var dot and >= 0 ? name[..dot] : name;
    }

    /// <summary>The offsets that a stem names: where it starts and, for a sealed file, where it ends (exclusive); null where it has another form.</summary>
    public static (long Start, long? End)? RangeOf(string stem) => stem.Length switch
    {
        20 when Number(stem) is { } start => (start, null),
        41 when stem[20] == '-' && Number(stem.AsSpan(0, 20)) is { } start && Number(stem.AsSpan(21)) is { } end => (start, end),
        _ => null,
    };

    /// <summary>Whether a path has the form of a bronze file, <c>{hub}/{epoch}/{partition}/{stem}.parquet</c>: what else lies there is not the program's.</summary>
    public static bool IsBronze(string path) =>
        path.StartsWith(BronzeTelemetry + "/", StringComparison.Ordinal)
        && path.Split('/') is [_, _, _, _, var partition, var file]
        && int.TryParse(partition, NumberStyles.None, CultureInfo.InvariantCulture, out _)
        && file.EndsWith(".parquet", StringComparison.Ordinal)
        && RangeOf(file[..^".parquet".Length]) is not null;

    /// <summary>The number in a file's name of 20 digits and this ending; null where the name has another form.</summary>
    internal static long? SequenceOf(string file, string ending) =>
        file.Length == 20 + ending.Length && file.EndsWith(ending, StringComparison.Ordinal)
        && long.TryParse(file.AsSpan(0, 20), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    private static long? Number(ReadOnlySpan<char> digits) =>
        long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string Digits(long value) => value.ToString("D20", CultureInfo.InvariantCulture);
}
