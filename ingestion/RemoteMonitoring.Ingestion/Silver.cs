using System.Globalization;
using System.Text.Json;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Ingestion;

/// <summary>
/// Silver as a function of bronze: the readings of a bronze file's messages, accepted and rejected. The quarantine file is
/// created first and the readings file last, so a readings file means that both are there.
/// </summary>
public sealed class Silver(Lake lake)
{
    /// <summary>The mapping as it stands in paths.</summary>
    public static string MappingName { get; } = ReadingExtractor.Mapping.Replace('/', '-');

    private readonly ReadingExtractor _extractor = new(VitalSignCatalog.Default);

    /// <summary>The files of readings of a partition (<c>hub/epoch/partition</c>) under this mapping, by offset.</summary>
    public static async Task<IReadOnlyList<string>> ReadingsAsync(Lake lake, string partition, CancellationToken cancellationToken) =>
        [.. (await lake.ListAsync($"{LakePaths.SilverReadings}/{partition}", cancellationToken)).Where(p => LakePaths.IsSilver(p, MappingName))];

    /// <summary>Makes the silver of every bronze file of a partition that has none yet, or only half of it: what a crash or somebody's deletion left.</summary>
    /// <returns>How many files were made.</returns>
    public async Task<int> CatchUpAsync(StreamPartition partition, CancellationToken cancellationToken)
    {
        var made = 0;
        foreach (var path in await PartitionChain.FilesAsync(lake, partition, cancellationToken))
        {
            var offset = LakePaths.OffsetOf(path);
            if (!await lake.AllExistAsync([LakePaths.Readings(partition, offset, MappingName), LakePaths.Quarantine(partition, offset, MappingName)], cancellationToken))
            {
                await DeriveAsync(partition, TelemetryTables.ToEnvelopes(await lake.ReadTableAsync(path, null, cancellationToken)), cancellationToken);
                made++;
            }
        }

        return made;
    }

    /// <summary>Makes the silver of one bronze file's envelopes.</summary>
    public async Task DeriveAsync(StreamPartition partition, EnvelopeBatch envelopes, CancellationToken cancellationToken)
    {
        var accepted = new ReadingBatch();
        var rejected = new QuarantineBatch();
        var received = Extract(envelopes, accepted, rejected);
        if (received != accepted.Count + rejected.Count)
        {
            throw new InvalidOperationException($"{partition} at {envelopes.Offset[0]}: received {received} readings, accepted {accepted.Count}, rejected {rejected.Count}.");
        }

        var readings = TelemetryTables.ToTable(accepted, VitalSignCatalog.Default);
        readings.Metadata[TelemetryTables.Mapping] = ReadingExtractor.Mapping;
        readings.Metadata[TelemetryTables.KnownTime] = envelopes.KnownTime[^1].ToString(CultureInfo.InvariantCulture);
        readings.Metadata[TelemetryTables.Received] = received.ToString(CultureInfo.InvariantCulture);
        readings.Metadata[TelemetryTables.Accepted] = accepted.Count.ToString(CultureInfo.InvariantCulture);
        foreach (var reason in rejected.Reason.CountBy(r => r))
        {
            readings.Metadata[TelemetryTables.Rejected + reason.Key.ToText()] = reason.Value.ToString(CultureInfo.InvariantCulture);
        }

        var start = envelopes.Offset[0];
        await lake.TryCreateTableAsync(LakePaths.Quarantine(partition, start, MappingName), TelemetryTables.ToTable(rejected), cancellationToken);
        await lake.TryCreateTableAsync(LakePaths.Readings(partition, start, MappingName), readings, cancellationToken);
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
}

/// <summary>Application properties as they stand in a bronze column: a JSON object of text, or null for none.</summary>
internal static class EnvelopeProperties
{
    public static string? Format(IReadOnlyList<KeyValuePair<string, string>> properties)
    {
        if (properties.Count == 0)
        {
            return null;
        }

        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            foreach (var (name, value) in properties)
            {
                json.WriteString(name, value);
            }

            json.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    public static IReadOnlyList<KeyValuePair<string, string>> Parse(string? text)
    {
        if (text is null)
        {
            return [];
        }

        using var json = JsonDocument.Parse(text);
        return [.. json.RootElement.EnumerateObject().Select(p => KeyValuePair.Create(p.Name, p.Value.GetString()!))];
    }
}
