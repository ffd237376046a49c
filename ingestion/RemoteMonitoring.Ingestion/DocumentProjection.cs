using System.Globalization;
using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Ingestion;

/// <summary>
/// Projects silver and the reference log into documents: a document per device message of the hot window, and one per
/// patient. Ids come from content, so projecting again changes nothing. It lags the lake and can be made again from it.
/// </summary>
public static class DocumentProjection
{
    /// <summary>How far back from the watermark messages are kept as documents.</summary>
    public const long HotWindow = 30 * UnixMicros.PerDay;

    private const string Marker = "document-projection";
    private const int BatchDocuments = 20_000;

    /// <summary>Brings the documents up to the account's frontier; returns how many were written, 0 when they were there already.</summary>
    public static async Task<int> RunAsync(CohortStore store, IngestionAccount account, CancellationToken cancellationToken)
    {
        var position = store.Reference.Position();
        var frontier = string.Join(';', account.Frontier.Select(f => $"{f.Key}={f.Value}").Concat(position.Select(p => $"{p.Key}={p.Value}")));
        if (store.Documents.Find(Containers.Runs, Marker, Marker)?.Body is { } done && done == JsonSerializer.Serialize(frontier, ProjectionJson.Default.String))
        {
            return 0;
        }

        var reference = await store.Reference.LoadAsync(position, cancellationToken);
        var count = store.Documents.Upsert(Containers.Patients, reference.Patients.Select(p => new Document
        {
            PartitionKey = p.PatientId,
            Id = p.PatientId,
            Body = ReferenceJson.ToLine(p),
        }));
        var assignments = new AssignmentIndex(reference.Assignments);
        foreach (var partition in PartitionChain.List(store.Lake))
        {
            foreach (var path in store.Lake.List($"{LakePaths.SilverReadings}/{partition}"))
            {
                var metadata = await store.Lake.ReadMetadataAsync(path, cancellationToken);
                if (long.Parse(metadata[TelemetryTables.KnownTime], CultureInfo.InvariantCulture) <= account.Watermark - HotWindow)
                {
                    continue;
                }

                var readings = new ReadingBatch();
                TelemetryTables.AppendReadings(await store.Lake.ReadTableAsync(path, null, cancellationToken), VitalSignCatalog.Default, readings);
                foreach (var batch in ToDocuments(readings, assignments, account.Watermark - HotWindow).Chunk(BatchDocuments))
                {
                    count += store.Documents.Upsert(Containers.Telemetry, batch);
                }
            }
        }

        store.Documents.DeleteExpired(Containers.Telemetry, account.Watermark);
        store.Documents.Upsert(Containers.Runs, [new Document { PartitionKey = Marker, Id = Marker, Body = JsonSerializer.Serialize(frontier, ProjectionJson.Default.String) }]);
        return count;
    }

    /// <summary>The messages known after <paramref name="since"/> of patients, one document each; readings of nobody's devices have none.</summary>
    private static IEnumerable<Document> ToDocuments(ReadingBatch readings, AssignmentIndex assignments, long since)
    {
        using var buffer = new MemoryStream();
        using var json = new Utf8JsonWriter(buffer);
        for (int start = 0, end; start < readings.Count; start = end)
        {
            for (end = start + 1; end < readings.Count && readings.Offset[end] == readings.Offset[start]; end++)
            {
            }

            if (readings.KnownFrom[start] <= since
                || assignments.Find(readings.DeviceId[start], readings.EffectiveTime[start], out var patientId, out _) != AssignmentStatus.Assigned)
            {
                continue;
            }

            var key = string.Create(CultureInfo.InvariantCulture,
                $"{readings.DeviceId[start]}\n{readings.MessageId[start]}\n{readings.EffectiveTime[start]}\n{readings.BodyHash[start]}");
            var id = Convert.ToHexStringLower(XxHash128.Hash(Encoding.UTF8.GetBytes(key)));
            buffer.SetLength(0);
            json.Reset();
            json.WriteStartObject();
            json.WriteNumber("schemaVersion"u8, 1);
            json.WriteString("id"u8, id);
            json.WriteString("patientId"u8, patientId);
            json.WriteString("deviceId"u8, readings.DeviceId[start]);
            json.WriteString("enqueuedTime"u8, UnixMicros.Format(readings.EnqueuedTime[start]));
            json.WriteStartArray("readings"u8);
            for (var i = start; i < end; i++)
            {
                var vital = VitalSignCatalog.Default.Vitals[readings.Vital[i]];
                json.WriteStartObject();
                json.WriteString("code"u8, vital.Code);
                json.WriteNumber("value"u8, readings.Value[i]);
                json.WriteString("unit"u8, vital.Unit);
                json.WriteString("effectiveTime"u8, UnixMicros.Format(readings.EffectiveTime[i]));
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
            json.Flush();
            yield return new Document
            {
                PartitionKey = patientId!,
                Id = id,
                Body = Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length),
                Expires = readings.KnownFrom[start] + HotWindow,
            };
        }
    }
}

[System.Text.Json.Serialization.JsonSerializable(typeof(string))]
internal sealed partial class ProjectionJson : System.Text.Json.Serialization.JsonSerializerContext;
