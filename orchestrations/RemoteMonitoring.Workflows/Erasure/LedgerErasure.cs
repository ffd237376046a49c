using System.Text.Json;
using System.Text.Json.Serialization;
using NodaTime;
using RemoteMonitoring.Ingestion.Erasure;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Workflows.Erasure;

/// <summary>An output of a run that has another generation now.</summary>
/// <param name="Path">Lake path.</param>
/// <param name="Sha256Then">Hash of what the run made.</param>
/// <param name="Sha256">Hash of what is there.</param>
/// <param name="RowsErased">Rows that went.</param>
public sealed record ErasedOutput(string Path, string Sha256Then, string Sha256, long RowsErased);

/// <summary>What an erasure took of a run's inputs and outputs.</summary>
/// <param name="Sequence">Number of the erasure.</param>
/// <param name="At">When.</param>
/// <param name="InputFiles">Bronze files among its inputs from which messages were erased.</param>
/// <param name="Outputs">Outputs that were rewritten.</param>
public sealed record ErasureNote(int Sequence, Instant At, int InputFiles, IReadOnlyList<ErasedOutput> Outputs);

/// <summary>
/// Beside a ledger entry, which stays as it was written: inputs were erased since, so its scores can be made again for
/// everybody else only.
/// </summary>
public sealed record LedgerErasures
{
    /// <summary>Version of this record.</summary>
    public int SchemaVersion { get; init; } = 1;

    /// <summary>Run.</summary>
    public required string Run { get; init; }

    /// <summary>Erasures since, in their order.</summary>
    public required IReadOnlyList<ErasureNote> Erasures { get; init; }
}

/// <summary>Notes beside the ledger entries of runs what an erasure took from under them.</summary>
internal static class LedgerErasure
{
    public static async Task NoteAsync(CohortStore store, ErasurePlan plan, ErasureReport report, CancellationToken cancellationToken)
    {
        var lake = store.Lake;
        foreach (var path in (await lake.ListAsync("ledger", cancellationToken)).Where(LakePaths.IsLedgerEntry))
        {
            var entry = RiskDocumentJson.ReadLedger(await lake.ReadAsync(path, cancellationToken));
            if (entry.Inputs.Reference.GetValueOrDefault(ReferenceKinds.Erasures) >= plan.Sequence)
            {
                continue; // it was made after
            }

            var things = report.Things.Where(t => t.Sha256 is not null).ToDictionary(t => t.Name, StringComparer.Ordinal);
            var shadow = await DailyRiskRun.ShadowOfAsync(store, entry.Run, cancellationToken);
            ErasedOutput[] outputs = [.. entry.Outputs.Concat(shadow?.Outputs ?? []).Where(o => things.ContainsKey(o.Path)).Select(o => new ErasedOutput(o.Path, o.Sha256, things[o.Path].Sha256!, things[o.Path].Rows ?? 0))];
            var inputs = things.Values.Count(t => t.Place == "bronze" && entry.Inputs.Frontier.Any(f => IsBefore(t.Name, f.Key, f.Value)));
            if (inputs > 0 || outputs.Length > 0)
            {
                report.Runs.Add(entry.Run);
                await AddAsync(lake, entry.Run, new ErasureNote(plan.Sequence, plan.At, inputs, outputs), cancellationToken);
            }
        }
    }

    private static async Task AddAsync(Lake lake, string run, ErasureNote note, CancellationToken cancellationToken)
    {
        var path = LakePaths.LedgerErasures(run);
        var there = await lake.TryReadAsync(path, cancellationToken) is { } bytes ? JsonSerializer.Deserialize(bytes, ErasureJson.Default.LedgerErasures)!.Erasures : [];
        var notes = new LedgerErasures { Run = run, Erasures = [.. there.Where(n => n.Sequence != note.Sequence).Append(note).OrderBy(n => n.Sequence)] };
        await lake.ReplaceAsync(path, JsonSerializer.SerializeToUtf8Bytes(notes, ErasureJson.Default.LedgerErasures), cancellationToken);
    }

    private static bool IsBefore(string bronze, string partition, long end) =>
        bronze.StartsWith($"{LakePaths.BronzeTelemetry}/{partition}/", StringComparison.Ordinal) && LakePaths.RangeOf(LakePaths.StemOf(bronze)) is { } range && range.Start < end;
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    WriteIndented = true,
    Converters = [typeof(InstantJsonConverter)])]
[JsonSerializable(typeof(LedgerErasures))]
[JsonSerializable(typeof(ErasureProof))]
internal sealed partial class ErasureJson : JsonSerializerContext;
