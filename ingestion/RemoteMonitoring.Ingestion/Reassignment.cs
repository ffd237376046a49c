using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Ingestion;

/// <summary>Accepted readings of a device that other assignments make another patient's.</summary>
/// <param name="DeviceId">The device.</param>
/// <param name="From">Whose they are held to be; null for nobody.</param>
/// <param name="To">Whose they would be.</param>
/// <param name="Readings">How many.</param>
public sealed record Reassignment(string DeviceId, string? From, string? To, long Readings)
{
    /// <summary>What more statements would move, by device and patients; one bronze file's readings are in memory at a time.</summary>
    public static async Task<IReadOnlyList<Reassignment>> OfAsync(
        Lake lake, Silver silver, IReadOnlyList<DeviceAssignment> before, IReadOnlyList<DeviceAssignment> more, CancellationToken cancellationToken)
    {
        var devices = more.Select(a => a.DeviceId).ToHashSet(StringComparer.Ordinal);
        var (was, now) = (new AssignmentIndex(before), new AssignmentIndex([.. before, .. more]));
        var counts = new Dictionary<(string Device, string? From, string? To), long>();
        foreach (var partition in devices.Count == 0 ? [] : await BronzeFile.PartitionsAsync(lake, cancellationToken))
        {
            foreach (var file in await BronzeFile.ListAsync(lake, partition, cancellationToken))
            {
                var readings = await SilverReadings.HoldingAsync(lake, silver, file, cancellationToken);
                for (var i = 0; i < readings.Count; i++)
                {
                    if (!devices.Contains(readings.DeviceId[i]))
                    {
                        continue;
                    }

                    was.Find(readings.DeviceId[i], readings.EffectiveTime[i], out var from, out _);
                    now.Find(readings.DeviceId[i], readings.EffectiveTime[i], out var to, out _);
                    if (from != to)
                    {
                        counts[(readings.DeviceId[i], from, to)] = counts.GetValueOrDefault((readings.DeviceId[i], from, to)) + 1;
                    }
                }
            }
        }

        return [.. counts.OrderBy(c => c.Key.Device, StringComparer.Ordinal).ThenByDescending(c => c.Value).Select(c => new Reassignment(c.Key.Device, c.Key.From, c.Key.To, c.Value))];
    }
}
