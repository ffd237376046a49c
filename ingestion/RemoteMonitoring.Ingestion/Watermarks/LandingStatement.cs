using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using NodaTime;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Ingestion.Watermarks;

/// <summary>
/// What a worker states of one partition: all that the hub had of it before an instant is landed, readings and all. It stays true whatever comes
/// later, so of several statements the latest holds, and none takes another back.
/// </summary>
/// <param name="Partition">Which.</param>
/// <param name="Through">That instant.</param>
/// <param name="Stated">When somebody last stated so: a partition that nobody reads has a statement that grows old.</param>
/// <param name="Waiting">When the hub had the oldest message that was not landed then, or earlier where that was not read yet; null where all was landed that it had.</param>
public sealed record LandingStatement(StreamPartition Partition, Instant Through, Instant Stated, Instant? Waiting)
{
    /// <summary>A statement that is older is of a partition that nobody reads: messages may wait there since.</summary>
    public static readonly Duration Holds = Duration.FromMinutes(2);

    private const int MostRounds = 100;

    /// <summary>How long the oldest message has waited that is not landed; zero where none waits. Where nobody has read the partition for <see cref="Holds"/>, as long as that.</summary>
    public Duration Behind(Instant now) => Duration.Max(Waiting is { } since && since < now ? now - since : Duration.Zero, now - Stated > Holds ? now - Stated : Duration.Zero);

    /// <summary>The statements on all partitions of all streams, in order of hub, epoch and number.</summary>
    public static async Task<IReadOnlyList<LandingStatement>> ListAsync(DocumentStore documents, CancellationToken cancellationToken)
    {
        var found = new List<LandingStatement>();
        await foreach (var document in documents.ListAsync(Containers.Ingestion, cancellationToken))
        {
            found.Add(Of(document));
        }

        return [.. found.OrderBy(s => s.Partition.Hub, StringComparer.Ordinal).ThenBy(s => s.Partition.Epoch, StringComparer.Ordinal).ThenBy(s => s.Partition.Partition)];
    }

    /// <summary>States it; what was stated before and says more stays.</summary>
    internal async Task WriteAsync(DocumentStore documents, CancellationToken cancellationToken)
    {
        var id = string.Create(CultureInfo.InvariantCulture, $"{Partition.Epoch}/{Partition.Partition}");
        for (var round = 0; round < MostRounds; round++)
        {
            var there = await documents.FindAsync(Containers.Ingestion, Partition.Hub, id, cancellationToken);
            var before = there is null ? null : Of(there);
            var next = before is null ? this : (Stated >= before.Stated ? this : before) with { Through = Instant.Max(Through, before.Through) };
            if (next == before)
            {
                return;
            }

            var document = new Document { PartitionKey = Partition.Hub, Id = id, Body = next.ToJson(), ETag = there?.ETag };
            if (await (there is null ? documents.TryCreateAsync(Containers.Ingestion, document, cancellationToken) : documents.TryReplaceAsync(Containers.Ingestion, document, cancellationToken)) is not null)
            {
                return;
            }
        }

        throw new LakeException($"{documents.Name}: others state all the time how far {Partition} has landed.");
    }

    private string ToJson() => JsonSerializer.Serialize(
        new StatementDocument(2, Partition.Hub, Partition.Epoch, Partition.Partition, Through.ToUnixMicros(), Stated.ToUnixMicros(), Waiting?.ToUnixMicros()), StatementJson.Default.StatementDocument);

    private static LandingStatement Of(Document document)
    {
        var read = JsonSerializer.Deserialize(document.Body, StatementJson.Default.StatementDocument)!;
        // One of version 1 does not say whether anything waits: what came later may.
        var waiting = read.SchemaVersion == 1 ? read.LandedThrough : read.Waiting;
        return new LandingStatement(
            new StreamPartition(read.Hub, read.Epoch, read.Partition), UnixMicros.ToInstant(read.LandedThrough), UnixMicros.ToInstant(read.Stated), waiting is { } since ? UnixMicros.ToInstant(since) : null);
    }
}

/// <summary>A statement as it is stored; instants in Unix microseconds.</summary>
internal sealed record StatementDocument(int SchemaVersion, string Hub, string Epoch, int Partition, long LandedThrough, long Stated, long? Waiting = null);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(StatementDocument))]
internal sealed partial class StatementJson : JsonSerializerContext;
