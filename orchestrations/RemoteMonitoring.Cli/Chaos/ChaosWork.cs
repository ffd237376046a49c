using RemoteMonitoring.Cli.Worker;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage;

namespace RemoteMonitoring.Cli.Chaos;

/// <summary>What workers had done when the last of them was killed, before anybody finished it.</summary>
/// <param name="Messages">Messages in bronze.</param>
/// <param name="Files">Files of bronze.</param>
/// <param name="Unfinished">Those among them whose readings were not there yet.</param>
internal readonly record struct ChaosWork(long Messages, int Files, int Unfinished)
{
    /// <summary>The faults that a worker is to have met.</summary>
    public static string[] Faults => [UnreliableLake.LostReply, UnreliableLake.Busy, UnreliableLake.Full];

    public static async Task<ChaosWork> LookAsync(string home, string cohort, CancellationToken cancellationToken)
    {
        await using var store = CohortStore.Open(home, cohort);
        var silver = await Silver.OpenAsync(store.Lake, store.Reference, cancellationToken);
        var work = default(ChaosWork);
        foreach (var partition in await BronzeFile.PartitionsAsync(store.Lake, cancellationToken))
        {
            foreach (var file in await BronzeFile.ListAsync(store.Lake, partition, cancellationToken))
            {
                var rows = (await store.Lake.ReadTableAsync(file.Path, [], cancellationToken)).Rows;
                var paths = await silver.PathsAsync(file, cancellationToken);
                var whole = await store.Lake.AllExistAsync([.. paths.Select(p => p.Readings)], cancellationToken);
                work = new ChaosWork(work.Messages + rows, work.Files + 1, work.Unfinished + (whole ? 0 : 1));
            }
        }

        return work;
    }
}
