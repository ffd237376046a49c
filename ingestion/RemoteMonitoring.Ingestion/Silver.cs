using System.Globalization;
using System.Text.Json;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Mappings;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Ingestion;

/// <summary>
/// Silver as a function of bronze: the readings of a bronze file's messages, accepted and rejected. The quarantine file is
/// created first and the readings file last, so a readings file means that both are there.
/// </summary>
public sealed class Silver(LakeDirectory lake)
{
    /// <summary>The mapping as it stands in paths.</summary>
    public static string MappingName { get; } = MappingSet.Bundled.Fallback.Label.Replace('/', '-');

    private readonly ReadingExtractor _extractor = new(VitalSignCatalog.Default, MappingSet.Bundled);

    /// <summary>Makes the silver of every bronze file of a partition that has none yet, or only half of it: what a crash or somebody's deletion left.</summary>
    /// <returns>How many files were made.</returns>
    public async Task<int> CatchUpAsync(StreamPartition partition, CancellationToken cancellationToken)
    {
        var made = 0;
        foreach (var path in lake.List(LakePaths.Bronze(partition)))
        {
            var offset = LakePaths.OffsetOf(path);
            if (!lake.Exists(LakePaths.Readings(partition, offset, MappingName)) || !lake.Exists(LakePaths.Quarantine(partition, offset, MappingName)))
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
        readings.Metadata[TelemetryTables.Mapping] = MappingSet.Bundled.Fallback.Label;
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
            var message = new ReceivedMessage
            {
                DeviceId = envelopes.DeviceId[i],
                MessageId = envelopes.MessageId[i],
                Properties = envelopes.Properties[i],
                EnqueuedTime = envelopes.EnqueuedTime[i],
                KnownFrom = envelopes.KnownTime[i],
                Offset = envelopes.Offset[i],
                Body = envelopes.Body[i],
            };
            if (envelopes.Problem[i] is { } problem)
            {
                ReadingExtractor.RejectLine(problem, in message, rejected);
                received++;
                continue;
            }

            received += _extractor.Extract(in message, accepted, rejected);
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
}
