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
public sealed record LandingStatement(StreamPartition Partition, Instant Through, Instant Stated)
{
    private const int MostRounds = 100;

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
            var next = before is null ? this : this with { Through = Instant.Max(Through, before.Through), Stated = Instant.Max(Stated, before.Stated) };
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
        new StatementDocument(1, Partition.Hub, Partition.Epoch, Partition.Partition, Through.ToUnixMicros(), Stated.ToUnixMicros()), StatementJson.Default.StatementDocument);

    private static LandingStatement Of(Document document)
    {
        var read = JsonSerializer.Deserialize(document.Body, StatementJson.Default.StatementDocument)!;
        return new LandingStatement(new StreamPartition(read.Hub, read.Epoch, read.Partition), UnixMicros.ToInstant(read.LandedThrough), UnixMicros.ToInstant(read.Stated));
    }
}

/// <summary>A statement as it is stored; instants in Unix microseconds.</summary>
internal sealed record StatementDocument(int SchemaVersion, string Hub, string Epoch, int Partition, long LandedThrough, long Stated);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(StatementDocument))]
internal sealed partial class StatementJson : JsonSerializerContext;
