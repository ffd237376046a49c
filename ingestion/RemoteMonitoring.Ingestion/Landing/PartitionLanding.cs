using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Ingestion.Landing;

/// <summary>What landing one batch did.</summary>
public readonly record struct LandedBatch
{
    /// <summary>Rows this call landed; the others of the batch another writer had.</summary>
    public int Rows { get; init; }

    /// <summary>Readings accepted in them.</summary>
    public long Accepted { get; init; }

    /// <summary>Readings rejected in them, by reason.</summary>
    public IReadOnlyDictionary<RejectionReason, long> Rejected { get; init; }
}

/// <summary>Lands batches at the end of one partition's chain, and their silver behind them.</summary>
public sealed class PartitionLanding(Silver silver, PartitionChain chain)
{
    /// <summary>
    /// Lands a stamped batch. What another writer landed first is adopted: dropped from the batch, and its silver made in case
    /// its writer did not live to make it. Called again with the same batch after it threw, it goes on where it stopped.
    /// </summary>
    public async Task<LandedBatch> LandAsync(MicroBatch batch, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (!batch.Follows(chain))
            {
                // Nothing is dropped before its silver is there: an emptied batch would not come here again.
                await silver.CatchUpAsync(chain.Partition, cancellationToken);
                batch.Adopt(chain);
            }

            if (batch.Envelopes.Count == 0)
            {
                return new LandedBatch { Rejected = new Dictionary<RejectionReason, long>() };
            }

            var start = chain.Next;
            using var span = IngestionTraces.Land(LakePaths.Bronze(chain.Partition, start), batch.Envelopes);
            if (await chain.TryAppendAsync(batch.Envelopes, batch.Landed, cancellationToken))
            {
                using var derived = silver.Derive(batch.Envelopes, batch.Landed);
                var file = new BronzeFile(chain.Partition, start, null);
                if (!await silver.RedactAgainAsync(file, cancellationToken))
                {
                    await silver.WriteAsync(file, batch.Landed, derived, cancellationToken);
                }

                span?.SetTag("messages", batch.Envelopes.Count).SetTag("accepted", derived.Accepted);
                return new LandedBatch { Rows = batch.Envelopes.Count, Accepted = derived.Accepted, Rejected = derived.Rejected };
            }

            IngestionTraces.Discard(span);
        }
    }
}
