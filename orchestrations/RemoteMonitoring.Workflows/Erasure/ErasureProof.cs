using System.Text.Json;
using NodaTime;
using RemoteMonitoring.Ingestion.Erasure;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Workflows.Erasure;

/// <summary>What an erasure did, kept at <c>ledger/erasure-{sequence}.json</c>. It names the erasure, not the patient.</summary>
public sealed record ErasureProof
{
    /// <summary>Version of this record.</summary>
    public int SchemaVersion { get; init; } = 1;

    /// <summary>Number of the erasure: its tombstone is <c>bronze/reference/erasures/{sequence}</c>.</summary>
    public required int Sequence { get; init; }

    /// <summary>When the patient was erased.</summary>
    public required Instant At { get; init; }

    /// <summary>What was rewritten or deleted, by place and name.</summary>
    public required IReadOnlyList<ErasedThing> Things { get; init; }

    /// <summary>Messages that went on with the readings of others.</summary>
    public required int Rewritten { get; init; }

    /// <summary>Readings of others that went with a message.</summary>
    public required int OthersLost { get; init; }

    /// <summary>Runs whose inputs or outputs were erased; a note stands beside the ledger entry of each.</summary>
    public required IReadOnlyList<string> Runs { get; init; }

    /// <summary>Models that were taught with rows of the patient, and are not changed.</summary>
    public required IReadOnlyList<string> Models { get; init; }

    /// <summary>What may still hold something.</summary>
    public required IReadOnlyList<string> Remains { get; init; }

    /// <summary>The bytes of the file.</summary>
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, ErasureJson.Default.ErasureProof);

    /// <summary>The proof of a report.</summary>
    public static ErasureProof Of(ErasurePlan plan, ErasureReport report) => new()
    {
        Sequence = plan.Sequence,
        At = plan.At,
        Things = [.. report.Things],
        Rewritten = report.Rewritten,
        OthersLost = report.OthersLost,
        Runs = [.. report.Runs],
        Models = [.. report.Models],
        Remains = [.. report.Remains],
    };

    /// <summary>Takes what an earlier run of the same erasure did into a report.</summary>
    internal static async Task RecallAsync(Lake lake, int sequence, ErasureReport report, CancellationToken cancellationToken)
    {
        if (await lake.TryReadAsync(LakePaths.ErasureProof(sequence), cancellationToken) is not { } bytes)
        {
            return;
        }

        var proof = JsonSerializer.Deserialize(bytes, ErasureJson.Default.ErasureProof)!;
        foreach (var thing in proof.Things)
        {
            report.Add(thing.Place, thing.Name, thing.Rows, thing.Sha256);
        }

        report.Models.UnionWith(proof.Models);
        report.Runs.UnionWith(proof.Runs);
    }
}
