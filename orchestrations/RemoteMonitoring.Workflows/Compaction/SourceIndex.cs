using RemoteMonitoring.Ingestion;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Workflows.Compaction;

/// <summary>A partition of gold: a UTC day of effective time, and a patient shard.</summary>
/// <param name="Day">Days since 1970-01-01.</param>
/// <param name="Shard">Patient shard, or <see cref="Nobody"/>.</param>
public readonly record struct PartitionKey(int Day, int Shard)
{
    /// <summary>Stands for the readings of nobody.</summary>
    public const int Nobody = -1;

    /// <summary>The day.</summary>
    public DateOnly Date => UnixMicros.DateOf(Day);

    /// <summary>By day, then by shard.</summary>
    internal static IComparer<PartitionKey> Order { get; } = Comparer<PartitionKey>.Create((a, b) => (a.Day, a.Shard).CompareTo((b.Day, b.Shard)));
}

/// <summary>Rows of a source that are of one UTC day of effective time.</summary>
/// <param name="Date">The day.</param>
/// <param name="Rows">How many.</param>
/// <param name="HubTimed">
/// How many of them have a message id and the time at which the hub had the message: a copy of such a message that was enqueued
/// later may be of another day.
/// </param>
public sealed record SourceDay(DateOnly Date, int Rows, int HubTimed);

/// <summary>
/// A range of offsets of a stream whose silver was read, and the days that it has rows of. It names no file: small files and the
/// one they were sealed into hold the same.
/// </summary>
/// <param name="Stream">Partition of the stream, <c>hub/epoch/partition</c>.</param>
/// <param name="Start">First offset.</param>
/// <param name="End">End offset, exclusive.</param>
/// <param name="Generations">The silver: by the mappings of landing, then by each command since.</param>
/// <param name="Days">Days, in their order.</param>
public sealed record SilverSource(string Stream, long Start, long End, IReadOnlyList<string> Generations, IReadOnlyList<SourceDay> Days)
{
    /// <summary>The source of a landed file, of whose rows nothing is known yet.</summary>
    internal static SilverSource Of(AccountedFile file) =>
        new(file.File.Partition.ToString(), file.File.Start, file.End, [.. file.Silver.Select(s => GenerationOf(s.Readings))], []);

    /// <summary>Days of two sources or more, counted together.</summary>
    internal static IReadOnlyList<SourceDay> Join(IEnumerable<SourceDay> days) =>
        [.. days.GroupBy(d => d.Date).OrderBy(g => g.Key).Select(g => new SourceDay(g.Key, g.Sum(d => d.Rows), g.Sum(d => d.HubTimed)))];

    internal bool IsSame(SilverSource other) =>
        Stream == other.Stream && Start == other.Start && End == other.End && Generations.SequenceEqual(other.Generations) && Days.SequenceEqual(other.Days);

    private static string GenerationOf(string path)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        return name[(LakePaths.StemOf(path).Length + 1)..^".parquet".Length];
    }
}

/// <summary>What the next run has to know: the silver that the current observations were made of, and how the shards were chosen.</summary>
public sealed record SourceIndex
{
    /// <summary>Whether somebody set the number of shards.</summary>
    public bool ShardsAreSet { get; init; }

    /// <summary>The sources, by stream and offset.</summary>
    public required IReadOnlyList<SilverSource> Sources { get; init; }

    internal bool IsSame(SourceIndex other) =>
        ShardsAreSet == other.ShardsAreSet && Sources.Count == other.Sources.Count && Sources.Zip(other.Sources).All(s => s.First.IsSame(s.Second));
}

/// <summary>A source as it lies in the lake now.</summary>
internal sealed record LiveSource(SilverSource Source, IReadOnlyList<SilverPaths> Silver)
{
    /// <summary>The days it has rows of.</summary>
    public HashSet<int> Days { get; } = [.. Source.Days.Select(d => UnixMicros.DayOf(d.Date))];

    /// <summary>Those of them with rows whose copies may be of another day.</summary>
    public HashSet<int> HubTimedDays { get; } = [.. Source.Days.Where(d => d.HubTimed > 0).Select(d => UnixMicros.DayOf(d.Date))];
}
