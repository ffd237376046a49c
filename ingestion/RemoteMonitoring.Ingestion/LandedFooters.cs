using System.Collections.Concurrent;
using NodaTime;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Ingestion;

/// <summary>
/// What the footers of a cohort's last day say, each read once: files do not change but by an erasure, which moves these figures by less than anybody acts on. At the most
/// <see cref="MostFiles"/> are read at a time, newest first, some side by side; who asks again goes on from there. What left the day is forgotten.
/// For one cohort, and one who asks at a time.
/// </summary>
public sealed class LandedFooters
{
    /// <summary>So many bronze files, with their silver, are read at a time at the most.</summary>
    public const int MostFiles = 4_000;

    private const int AtATime = 16;
    private const int Chunk = 64;
    private static readonly Duration s_day = Duration.FromDays(1);

    private readonly int _most;
    private ConcurrentDictionary<string, long> _landed = new(StringComparer.Ordinal);
    private ConcurrentDictionary<string, (long Received, long Rejected)> _counts = new(StringComparer.Ordinal);

    /// <summary>Nothing is known yet.</summary>
    public LandedFooters()
        : this(MostFiles)
    {
    }

    internal LandedFooters(int most) => _most = most;

    /// <summary>The last day.</summary>
    public async Task<LandedDay> DayAsync(CohortStore store, Instant now, CancellationToken cancellationToken)
    {
        var (lake, before) = (store.Lake, (Landed: _landed, Counts: _counts));
        (_landed, _counts) = (new(StringComparer.Ordinal), new(StringComparer.Ordinal));
        try
        {
            return await DayAsync(lake, await Silver.OpenAsync(lake, store.Reference, cancellationToken), before.Landed, before.Counts, now, cancellationToken);
        }
        catch
        {
            // What was read before is true still.
            (_landed, _counts) = before;
            throw;
        }
    }

    private async Task<LandedDay> DayAsync(
        Lake lake, Silver silver, ConcurrentDictionary<string, long> landedBefore, ConcurrentDictionary<string, (long, long)> countsBefore, Instant now, CancellationToken cancellationToken)
    {
        async ValueTask<long> LandedAsync(BronzeFile file, CancellationToken token) => _landed[file.Path] = landedBefore.TryGetValue(file.Path, out var known) ? known
            : _landed.TryGetValue(file.Path, out known) ? known
            : BronzeFooter.LandedTime(await lake.ReadMetadataAsync(file.Path, token), lake.NameOf(file.Path));

        var partitions = new List<IReadOnlyList<BronzeFile>>();
        var newest = long.MinValue;
        foreach (var partition in await BronzeFile.PartitionsAsync(lake, cancellationToken))
        {
            if (await BronzeFile.ListAsync(lake, partition, cancellationToken) is { Count: > 0 } files)
            {
                partitions.Add(files);
                newest = Math.Max(newest, await LandedAsync(files[^1], cancellationToken));
            }
        }

        if (partitions.Count == 0)
        {
            return new LandedDay(0, 0, now, true);
        }

        var until = UnixMicros.ToInstant(newest);
        var from = ((until < now - s_day ? until : now) - s_day).ToUnixMicros();
        var (received, rejected, isWhole) = (0L, 0L, true);
        foreach (var files in partitions)
        {
            // Each partition has its share, so that no hub is left out of what is looked at.
            var left = Math.Max(1, _most / partitions.Count);
            for (var end = files.Count; end > 0;)
            {
                var chunk = Enumerable.Range(1, Math.Min(Chunk, end)).Select(i => files[end - i]).TakeWhile(f => landedBefore.ContainsKey(f.Path) || left-- > 0).ToArray();
                if (chunk.Length == 0)
                {
                    isWhole = false;
                    break;
                }

                var isOfDay = true;
                await Parallel.ForEachAsync(chunk, Options(cancellationToken), async (file, token) =>
                {
                    var landed = await LandedAsync(file, token);
                    if (landed < from)
                    {
                        isOfDay = false;
                        return;
                    }

                    foreach (var paths in silver.PathsOf(file, landed))
                    {
                        if (await CountsAsync(lake, paths.Readings, countsBefore, token) is (var ofReceived, var ofRejected))
                        {
                            Interlocked.Add(ref received, ofReceived);
                            Interlocked.Add(ref rejected, ofRejected);
                        }
                    }
                });
                if (!isOfDay)
                {
                    break;
                }

                end -= chunk.Length;
            }
        }

        return new LandedDay(received, rejected, until, isWhole);
    }

    /// <summary>What a silver file says; null for readings that land at this moment, which are counted the next time.</summary>
    private async ValueTask<(long Received, long Rejected)?> CountsAsync(Lake lake, string path, ConcurrentDictionary<string, (long, long)> before, CancellationToken cancellationToken)
    {
        if (!before.TryGetValue(path, out var counts))
        {
            if (!await lake.ExistsAsync(path, cancellationToken))
            {
                return null;
            }

            var (footer, name) = (await lake.ReadMetadataAsync(path, cancellationToken), lake.NameOf(path));
            counts = (TelemetryTables.Number(footer, TelemetryTables.Received, name),
                footer.Keys.Where(k => k.StartsWith(TelemetryTables.Rejected, StringComparison.Ordinal)).Sum(k => TelemetryTables.Number(footer, k, name)));
        }

        _counts[path] = counts;
        return counts;
    }

    private static ParallelOptions Options(CancellationToken cancellationToken) => new() { MaxDegreeOfParallelism = AtATime, CancellationToken = cancellationToken };
}
