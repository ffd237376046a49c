using System.Globalization;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Ingestion.Landing;

/// <summary>
/// Silver as a function of bronze: the readings of a bronze file's messages, accepted and rejected. The quarantine file is
/// created first and the readings file last, so a readings file means that both are there.
/// </summary>
public sealed class Silver(Lake lake)
{
    /// <summary>The mapping as it stands in paths.</summary>
    public static string MappingName { get; } = ReadingExtractor.Mapping.Replace('/', '-');

    private readonly ReadingExtractor _extractor = new(VitalSignCatalog.Default);

    /// <summary>The files of all rejected readings that count.</summary>
    public static async Task<IReadOnlyList<string>> QuarantineAsync(Lake lake, CancellationToken cancellationToken)
    {
        var paths = new List<string>();
        foreach (var partition in await BronzeFile.PartitionsAsync(lake, cancellationToken))
        {
            paths.AddRange((await BronzeFile.ListAsync(lake, partition, cancellationToken)).Select(f => LakePaths.Quarantine(partition, f.Stem, MappingName)));
        }

        return paths;
    }

    /// <summary>Makes the silver of every bronze file of a partition that has none yet, or only half of it: what a crash or somebody's deletion left.</summary>
    /// <returns>How many files were made.</returns>
    public async Task<int> CatchUpAsync(StreamPartition partition, CancellationToken cancellationToken)
    {
        var there = (await lake.ListAsync($"{LakePaths.SilverReadings}/{partition}", cancellationToken))
            .Concat(await lake.ListAsync($"{LakePaths.SilverQuarantine}/{partition}", cancellationToken))
            .ToHashSet(StringComparer.Ordinal);
        var made = 0;
        foreach (var file in await BronzeFile.ListAsync(lake, partition, cancellationToken))
        {
            if (!there.Contains(LakePaths.Readings(partition, file.Stem, MappingName)) || !there.Contains(LakePaths.Quarantine(partition, file.Stem, MappingName)))
            {
                var envelopes = TelemetryTables.ToEnvelopes(await lake.ReadTableAsync(file.Path, null, cancellationToken));
                using var tables = Derive(envelopes);
                await WriteAsync(file, tables, cancellationToken);
                made++;
            }
        }

        return made;
    }

    /// <summary>Makes the silver of one bronze file's envelopes, and writes nothing yet.</summary>
    public SilverTables Derive(EnvelopeBatch envelopes)
    {
        var accepted = new ReadingBatch();
        var rejected = new QuarantineBatch();
        var received = Extract(envelopes, accepted, rejected);
        if (received != accepted.Count + rejected.Count)
        {
            throw new InvalidOperationException($"Of {received} readings received {accepted.Count} were accepted and {rejected.Count} rejected.");
        }

        var readings = TelemetryTables.ToTable(accepted, VitalSignCatalog.Default);
        readings.Metadata[TelemetryTables.Mapping] = ReadingExtractor.Mapping;
        readings.Metadata[TelemetryTables.KnownTime] = Text(envelopes.Count == 0 ? 0 : envelopes.KnownTime[^1]);
        readings.Metadata[TelemetryTables.Received] = Text(received);
        readings.Metadata[TelemetryTables.Accepted] = Text(accepted.Count);
        foreach (var reason in rejected.Reason.CountBy(r => r))
        {
            readings.Metadata[TelemetryTables.Rejected + reason.Key.ToText()] = Text(reason.Value);
        }

        return new SilverTables(readings.Encode(), TelemetryTables.ToTable(rejected).Encode());
    }

    /// <summary>Writes what was derived of a bronze file; where it is there already, nothing changes.</summary>
    public async Task WriteAsync(BronzeFile file, SilverTables tables, CancellationToken cancellationToken)
    {
        await lake.TryCreateAsync(LakePaths.Quarantine(file.Partition, file.Stem, MappingName), tables.Quarantine.Bytes, cancellationToken);
        await lake.TryCreateAsync(LakePaths.Readings(file.Partition, file.Stem, MappingName), tables.Readings.Bytes, cancellationToken);
    }

    private long Extract(EnvelopeBatch envelopes, ReadingBatch accepted, QuarantineBatch rejected)
    {
        var received = 0L;
        for (var i = 0; i < envelopes.Count; i++)
        {
            var origin = new MessageOrigin
            {
                Offset = envelopes.Offset[i],
                EnqueuedTime = envelopes.EnqueuedTime[i],
                KnownFrom = envelopes.KnownTime[i],
            };
            if (envelopes.Problem[i] is { } problem)
            {
                ReadingExtractor.RejectLine(problem, envelopes.Body[i].Span, origin, rejected);
                received++;
                continue;
            }

            received += _extractor.Extract(
                new DeviceMessage
                {
                    DeviceId = envelopes.DeviceId[i],
                    EnqueuedTime = UnixMicros.ToInstant(envelopes.EnqueuedTime[i]),
                    MessageId = envelopes.MessageId[i],
                    Properties = EnvelopeProperties.Parse(envelopes.Properties[i]),
                    Body = envelopes.Body[i],
                },
                origin,
                accepted,
                rejected);
        }

        return received;
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>The two silver files of a bronze file, encoded.</summary>
public sealed record SilverTables(EncodedTable Readings, EncodedTable Quarantine) : IDisposable
{
    /// <inheritdoc />
    public void Dispose()
    {
        Readings.Dispose();
        Quarantine.Dispose();
    }
}
