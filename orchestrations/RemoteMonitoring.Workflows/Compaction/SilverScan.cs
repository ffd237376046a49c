using System.Runtime.InteropServices;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Workflows.Compaction;

/// <summary>
/// What is to be known of silver before it is resolved, from few of its columns: the days it has rows of, the partitions those have
/// to be read for, and the messages that may have a copy of another day. Rows that take back another touch what that is in.
/// </summary>
internal sealed class SilverScan
{
    private static readonly string[] s_columns = ["device_id", "effective_time", "enqueued_time"];
    private static readonly string[] s_copyColumns = ["message_id", "body_hash", "ordinal"];

    private readonly Dictionary<int, (int Rows, int HubTimed)> _days = [];

    /// <summary>The days, in their order.</summary>
    public IEnumerable<SourceDay> Days => _days.OrderBy(d => d.Key).Select(d => new SourceDay(UnixMicros.DateOf(d.Key), d.Value.Rows, d.Value.HubTimed));

    /// <summary>The partitions, and how many rows are for each.</summary>
    public Dictionary<PartitionKey, long> Touched { get; } = [];

    /// <summary>The <see cref="DevicePlaces.CopyKey"/> of rows whose time is the hub's.</summary>
    public HashSet<long> Copies { get; } = [];

    /// <summary>The days of those, also where they are taken back.</summary>
    public HashSet<int> CopyDays { get; } = [];

    /// <summary>
    /// Scans the silver files of a source from the n-th on: the first is that of landing, each other that of a command. Which rows may
    /// be copies is only asked where there are partitions of before that they may touch.
    /// </summary>
    public static async Task<SilverScan> OfAsync(Lake lake, IReadOnlyList<string> paths, int from, bool copies, DevicePlaces places, CancellationToken cancellationToken)
    {
        var scan = new SilverScan();
        for (var p = from; p < paths.Count; p++)
        {
            foreach (var row in await ReadAsync(lake, paths[p], isCommand: p > 0, cancellationToken))
            {
                scan.Add(row, copies, places);
            }
        }

        return scan;
    }

    /// <summary>The partitions of rows of these days that may be copies of others.</summary>
    public static async Task<HashSet<PartitionKey>> HoldingAsync(
        Lake lake, IReadOnlyList<string> paths, HashSet<long> copies, HashSet<int> days, DevicePlaces places, CancellationToken cancellationToken)
    {
        var found = new HashSet<PartitionKey>();
        for (var p = 0; p < paths.Count; p++)
        {
            foreach (var row in await ReadAsync(lake, paths[p], isCommand: p > 0, cancellationToken))
            {
                if (row.Copy is { } copy && copies.Contains(copy) && days.Contains(row.Day))
                {
                    found.UnionWith(places.Of(row.DeviceId, row.EffectiveTime).Select(shard => new PartitionKey(row.Day, shard)));
                }
            }
        }

        return found;
    }

    private void Add(Row row, bool copies, DevicePlaces places)
    {
        foreach (var shard in places.Of(row.DeviceId, row.EffectiveTime))
        {
            CollectionsMarshal.GetValueRefOrAddDefault(Touched, new PartitionKey(row.Day, shard), out _)++;
        }

        if (copies && row.Copy is { } copy)
        {
            Copies.Add(copy);
            CopyDays.Add(row.Day);
        }

        if (!row.IsTakenBack)
        {
            ref var day = ref CollectionsMarshal.GetValueRefOrAddDefault(_days, row.Day, out _);
            day = (day.Rows + 1, day.HubTimed + (row.Copy is null ? 0 : 1));
        }
    }

    private static async Task<IEnumerable<Row>> ReadAsync(Lake lake, string path, bool isCommand, CancellationToken cancellationToken)
    {
        var table = await lake.ReadTableAsync(path, isCommand ? [.. s_columns, "taken_back"] : s_columns, cancellationToken);
        var (devices, effective, enqueued) = (table.Text("device_id"), table.Time("effective_time"), table.Time("enqueued_time"));
        var takenBack = isCommand ? table.Boolean("taken_back") : null;
        // Message ids are most of a file: they are read only where a time may be the hub's.
        var copies = effective.Where((time, i) => time == enqueued[i]).Any() ? await lake.ReadTableAsync(path, s_copyColumns, cancellationToken) : null;
        var (ids, bodies, ordinals) = copies is null ? ([], [], []) : (copies.Text("message_id"), copies.Int64("body_hash"), copies.Int32("ordinal"));
        return Enumerable.Range(0, table.Rows).Select(i => new Row(
            devices[i]!,
            effective[i],
            UnixMicros.DayOf(effective[i]),
            copies is not null && DevicePlaces.IsHubTimed(ids[i], effective[i], enqueued[i]) ? DevicePlaces.CopyKey(devices[i]!, ids[i]!, bodies[i], ordinals[i]) : null,
            takenBack?[i] == true));
    }

    private readonly record struct Row(string DeviceId, long EffectiveTime, int Day, long? Copy, bool IsTakenBack);
}
