using RemoteMonitoring.Ingestion.Gateway;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Mappings;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Ingestion.Erasure;

/// <summary>Erases what ingestion keeps: the gateway's log, bronze, silver, the reference log.</summary>
public static class LakeErasure
{
    /// <summary>States the tombstone, from when on nothing of what it covers comes in; then nothing more is needed to complete the erasure.</summary>
    /// <returns>The plan, with the number that the erasure got: another may have been stated meanwhile.</returns>
    public static async Task<ErasurePlan> StateAsync(CohortStore store, ErasurePlan plan, CancellationToken cancellationToken)
    {
        if (plan.Tombstone is { } tombstone)
        {
            await store.Reference.AppendAsync(
                Telemetry.Reference.ReferenceKinds.Erasures, System.Text.Encoding.UTF8.GetBytes(Telemetry.Reference.ReferenceJson.ToLine(tombstone) + "\n"), cancellationToken);
        }

        return plan with { Sequence = (await store.Reference.ErasuresAsync(cancellationToken)).OfPatient(plan.PatientId).Last().Sequence };
    }

    /// <summary>Silver as it is once the erasure is stated.</summary>
    public static async Task<Silver> SilverAfterAsync(CohortStore store, ErasurePlan plan, Storage.Erasure.ErasureKey key, CancellationToken cancellationToken) =>
        (await Silver.OpenAsync(store.Lake, store.Reference, cancellationToken)).After(
            new Redaction(await plan.AfterAsync(store.Reference, key, cancellationToken)) { Sequence = plan.Sequence });

    /// <summary>Erases in all bronze files, those left over by sealing too, and what silver is left of them.</summary>
    public static async Task EraseAsync(CohortStore store, Silver silver, ErasurePlan plan, ErasureReport report, bool dryRun, CancellationToken cancellationToken)
    {
        foreach (var partition in await BronzeFile.PartitionsAsync(store.Lake, cancellationToken))
        {
            foreach (var file in await BronzeFile.AllAsync(store.Lake, partition, cancellationToken))
            {
                var erased = await BronzeErasure.EraseAsync(store.Lake, silver, file, dryRun, cancellationToken)
                    ?? await MarkedAsync(store.Lake, file, plan, cancellationToken);
                if (erased is not null)
                {
                    report.Add("bronze", erased.File.Path, erased.Redacted.Messages + erased.Redacted.Rewritten, erased.File.Sha256);
                    report.OthersLost += erased.Redacted.OthersLost;
                    report.Rewritten += erased.Redacted.Rewritten;
                    await AddSilverAsync(store.Lake, silver, file, report, cancellationToken);
                }
            }

            await DeleteOrphansAsync(store.Lake, silver, partition, report, dryRun, cancellationToken);
        }
    }

    /// <summary>Rewrites the batches of the reference log.</summary>
    public static async Task EraseReferenceAsync(CohortStore store, ErasureReport report, CancellationToken cancellationToken)
    {
        foreach (var (file, lines) in await store.Reference.RewriteErasedAsync(cancellationToken))
        {
            report.Add("reference log", file.Path, lines, file.Sha256);
        }
    }

    /// <summary>Erases in the log of the cohort's gateway, where it has one.</summary>
    public static async Task EraseGatewayAsync(
        CohortStore store, Silver silver, ErasureReport report, bool dryRun, TimeProvider time, CancellationToken cancellationToken)
    {
        var home = GatewayHome.Of(store);
        if (!File.Exists(home.LogFile))
        {
            return;
        }

        var records = new List<(int, long, ReadOnlyMemory<byte>?)>();
        using (var log = new GatewayLogReader(home.LogFile))
        {
            var judges = (ReadingExtractor[])[new ReadingExtractor(VitalSignCatalog.Default, MappingSet.Bundled), new ReadingExtractor(VitalSignCatalog.Default, silver.Mappings.Latest)];
            for (var p = 0; p < log.Partitions; p++)
            {
                for (var next = 0L; log.Read(p, next, 4096, 4 << 20) is { Count: > 0 } some; next = some[^1].Offset + 1)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    var batch = new MicroBatch();
                    foreach (var record in some)
                    {
                        batch.Add(record);
                    }

                    var before = batch.Envelopes.Body.ToArray();
                    var was = Enumerable.Range(0, batch.Envelopes.Count).Select(batch.Envelopes.IsErased).ToArray();
                    silver.Redaction.Apply(batch.Envelopes, judges);
                    for (var i = 0; i < before.Length; i++)
                    {
                        if (batch.Envelopes.IsErased(i) ? !was[i] : !before[i].Equals(batch.Envelopes.Body[i]))
                        {
                            records.Add((p, batch.Envelopes.Offset[i], batch.Envelopes.IsErased(i) ? default(ReadOnlyMemory<byte>?) : batch.Envelopes.Body[i]));
                        }
                    }
                }
            }
        }

        if (!dryRun)
        {
            await GatewayLogErasure.EraseAsync(home.LogFile, records, time, cancellationToken);
        }

        if (records.Count > 0)
        {
            report.Add("gateway log", "gateway/log.db", records.Count, null);
        }

        report.Remains.Add($"{home.RegistryFile}: the gateway knows devices by their ids, whosever they were; 'rmon devices revoke' what the patient no longer uses");
    }

    /// <summary>A file from which an earlier run of the same erasure took something.</summary>
    private static async Task<ErasedBronze?> MarkedAsync(Lake lake, BronzeFile file, ErasurePlan plan, CancellationToken cancellationToken) =>
        BronzeErasure.MarkOf(await lake.ReadMetadataAsync(file.Path, cancellationToken), plan.Sequence) is { Any: true } redacted
            && await lake.TryReadAsync(file.Path, cancellationToken) is { } bytes
                ? new ErasedBronze(new LakeFile(file.Path, bytes.Length, Lake.Hash(bytes)), redacted)
                : null;

    private static async Task AddSilverAsync(Lake lake, Silver silver, BronzeFile file, ErasureReport report, CancellationToken cancellationToken)
    {
        foreach (var paths in await silver.PathsAsync(file, cancellationToken))
        {
            foreach (var path in (string[])[paths.Readings, paths.Quarantine])
            {
                if (await lake.TryReadAsync(path, cancellationToken) is { } bytes)
                {
                    report.Add("silver", path, null, Lake.Hash(bytes));
                }
            }
        }
    }

    /// <summary>Deletes silver that belongs to no bronze file, or to a command that was erased, where it is of erased devices or empty: nothing would make it again.</summary>
    private static async Task DeleteOrphansAsync(Lake lake, Silver silver, StreamPartition partition, ErasureReport report, bool dryRun, CancellationToken cancellationToken)
    {
        var expected = new HashSet<string>(StringComparer.Ordinal);
        foreach (var file in await BronzeFile.AllAsync(lake, partition, cancellationToken))
        {
            foreach (var paths in await silver.PathsAsync(file, cancellationToken))
            {
                expected.Add(paths.Readings);
                expected.Add(paths.Quarantine);
            }
        }

        string[] there = [.. await lake.ListAsync($"{LakePaths.SilverReadings}/{partition}", cancellationToken), .. await lake.ListAsync($"{LakePaths.SilverQuarantine}/{partition}", cancellationToken)];
        foreach (var path in there.Where(p => p.EndsWith(".parquet", StringComparison.Ordinal) && !expected.Contains(p)))
        {
            var devices = (await lake.ReadTableAsync(path, ["device_id"], cancellationToken)).Text("device_id");
            if (devices.Length == 0 || devices.Any(d => silver.Redaction.IsCandidate(d!, null)))
            {
                report.Add("silver", path, devices.Length, null);
                _ = dryRun || await lake.DeleteAsync(path, cancellationToken);
            }
        }
    }
}
