using System.Diagnostics;

namespace RemoteMonitoring.Benchmarks;

/// <summary>The least that durability costs: bodies appended to a bare file, and each batch synced.</summary>
internal static class SyncedAppend
{
    public const string Name = "fsynced append of the same bytes in the same batches";

    public static Measured Run(string path, byte[] body, IReadOnlyList<int> batches)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        var batch = new byte[batches.Max() * body.Length];
        for (var at = 0; at < batch.Length; at += body.Length)
        {
            body.CopyTo(batch, at);
        }

        var clock = Stopwatch.StartNew();
        foreach (var messages in batches)
        {
            file.Write(batch, 0, messages * body.Length);
            file.Flush(flushToDisk: true);
        }

        return new Measured(batches.Sum() / clock.Elapsed.TotalSeconds);
    }
}
