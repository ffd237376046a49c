using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Workflows.Compaction;

/// <summary>An accepted reading that the current compaction could give to no patient.</summary>
public sealed record UnassignedReading
{
    /// <summary>Partition of the stream.</summary>
    public required StreamPartition Partition { get; init; }

    /// <summary>Offset of its message.</summary>
    public required long Offset { get; init; }

    /// <summary>Place in its message, from 0.</summary>
    public required int Ordinal { get; init; }

    /// <summary><see cref="RejectionReason.UnknownDevice"/> or <see cref="RejectionReason.UnassignedDevice"/>.</summary>
    public required RejectionReason Reason { get; init; }

    /// <summary>What would take it in.</summary>
    public required string Hint { get; init; }

    /// <summary>Authenticated device id.</summary>
    public required string DeviceId { get; init; }

    /// <summary>Code of the vital.</summary>
    public required string Code { get; init; }

    /// <summary>Value in the vital's canonical unit.</summary>
    public required double Value { get; init; }

    /// <summary>When it was taken, Unix microseconds.</summary>
    public required long EffectiveTime { get; init; }

    /// <summary>When we had it, Unix microseconds.</summary>
    public required long KnownFrom { get; init; }

    /// <summary>All of the current observations, by reason, then by day, and on a day in the order we knew them; none where nothing was compacted yet.</summary>
    public static async Task<IReadOnlyList<UnassignedReading>> ReadAsync(Lake lake, CancellationToken cancellationToken)
    {
        if (await ObservationsManifest.TryReadAsync(lake, cancellationToken) is not { } manifest)
        {
            return [];
        }

        if (manifest.SchemaVersion < 3)
        {
            return Read(await lake.ReadTableAsync(LakePaths.UnassignedOfAllDays(manifest.InputHash), null, cancellationToken));
        }

        var readings = new List<UnassignedReading>();
        foreach (var file in manifest.Unassigned)
        {
            readings.AddRange(Read(await lake.ReadVerifiedTableAsync(file.Path, file.Sha256, null, cancellationToken)));
        }

        return [.. readings.OrderBy(r => r.Reason == RejectionReason.UnknownDevice ? 0 : 1)];
    }

    private static UnassignedReading[] Read(ParquetTable table)
    {
        var (reason, hint, device, code, stream) = (table.Text("reason"), table.Text("hint"), table.Text("device_id"), table.Text("code"), table.Text("stream"));
        var (value, effective, known, offset, ordinal) =
            (table.Float64("value"), table.Time("effective_time"), table.Time("known_from"), table.Int64("offset"), table.Int32("ordinal"));
        var partitions = stream.Distinct(StringComparer.Ordinal).ToDictionary(s => s!, s => StreamPartition.Parse(s!), StringComparer.Ordinal);
        return
        [
            .. Enumerable.Range(0, table.Rows).Select(i => new UnassignedReading
            {
                Partition = partitions[stream[i]!],
                Offset = offset[i],
                Ordinal = ordinal[i],
                Reason = TelemetryTables.ReasonOf(reason[i]!),
                Hint = hint[i]!,
                DeviceId = device[i]!,
                Code = code[i]!,
                Value = value[i],
                EffectiveTime = effective[i],
                KnownFrom = known[i],
            }),
        ];
    }
}
