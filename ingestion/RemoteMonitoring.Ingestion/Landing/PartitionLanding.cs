namespace RemoteMonitoring.Ingestion.Landing;

/// <summary>Lands batches at the end of one partition's chain, and their silver behind them.</summary>
public sealed class PartitionLanding(Silver silver, PartitionChain chain)
{
    /// <summary>The chain.</summary>
    public PartitionChain Chain => chain;

    /// <summary>
    /// Lands a stamped batch. What another writer landed first is adopted: dropped from the batch, and its silver made in case
    /// its writer did not live to make it.
    /// </summary>
    /// <returns>How many rows this call landed.</returns>
    public async Task<int> LandAsync(MicroBatch batch, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (!batch.Follows(chain))
            {
                batch.Adopt(chain);
                await silver.CatchUpAsync(chain.Partition, cancellationToken);
            }

            if (batch.Envelopes.Count == 0)
            {
                return 0;
            }

            var start = chain.Next;
            if (await chain.TryAppendAsync(batch.Envelopes, batch.Landed, cancellationToken))
            {
                using var derived = silver.Derive(batch.Envelopes, batch.Landed);
                await silver.WriteAsync(new BronzeFile(chain.Partition, start, null), batch.Landed, derived, cancellationToken);
                return batch.Envelopes.Count;
            }
        }
    }

    /// <summary>Makes silver that is missing in the partition: what a crash left half done, before anything is read on.</summary>
    public Task<int> RecoverAsync(CancellationToken cancellationToken) => silver.CatchUpAsync(chain.Partition, cancellationToken);
}
