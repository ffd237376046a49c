using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Features;

namespace RemoteMonitoring.Workflows.Lineage;

/// <summary>Finds the raw messages of readings in bronze.</summary>
internal static class MessageRanges
{
    private static readonly string[] s_columns = ["offset", "device_id", "problem"];

    /// <summary>The messages by stream and offset; those of one bronze file that are alike are one range.</summary>
    public static async Task<IReadOnlyList<MessageRange>> FindAsync(Lake lake, IReadOnlyList<PatientReading> readings, CancellationToken cancellationToken)
    {
        var ranges = new List<MessageRange>();
        foreach (var stream in readings.GroupBy(r => r.Origin.Stream, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            var files = await BronzeFile.ListAsync(lake, StreamPartition.Parse(stream.Key), cancellationToken);
            var byFile = stream.GroupBy(r => r.Origin.Offset).OrderBy(m => m.Key).GroupBy(m => files.LastOrDefault(f => f.Start <= m.Key));
            foreach (var messages in byFile)
            {
                var states = messages.Key.Partition is null ? null : await StatesAsync(lake, messages.Key.Path, cancellationToken);
                ranges.AddRange(messages
                    .Select(m => (Offset: m.Key, Readings: m.Count(), State: StateOf(states, m.Key, m.First().DeviceId)))
                    .GroupBy(m => m.State)
                    .Select(g => new MessageRange(
                        stream.Key, g.First().Offset, g.Last().Offset, g.Count(), g.Sum(m => m.Readings), g.Key == MessageState.Gone ? null : messages.Key.Path, g.Key)));
            }
        }

        return ranges;
    }

    private static async Task<Dictionary<long, (string Device, bool IsErased)>> StatesAsync(Lake lake, string path, CancellationToken cancellationToken)
    {
        var table = await lake.ReadTableAsync(path, s_columns, cancellationToken);
        var (offsets, devices, problems) = (table.Int64("offset"), table.Text("device_id"), table.Text("problem"));
        return Enumerable.Range(0, table.Rows).ToDictionary(i => offsets[i], i => (devices[i] ?? "", EnvelopeBatch.IsErased(problems[i])));
    }

    private static MessageState StateOf(Dictionary<long, (string Device, bool IsErased)>? states, long offset, string device) =>
        states is null || !states.TryGetValue(offset, out var there) ? MessageState.Gone
        : there.IsErased ? MessageState.Erased
        : there.Device == device ? MessageState.Found
        : MessageState.OtherDevice;
}
