using System.Globalization;
using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using RemoteMonitoring.Ingestion.Landing;
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
        var position = await store.Reference.PositionAsync(cancellationToken);
        var frontier = string.Join(';', account.Frontier.Select(f => $"{f.Key}={f.Value}").Concat(position.Select(p => $"{p.Key}={p.Value}")));
        var devices = position[ReferenceKinds.Assignments];
        var done = await store.Documents.FindAsync(Containers.Runs, Marker, Marker, cancellationToken) is { } marker ? ReadMarker(marker.Body) : null;
        if (done?.Frontier == frontier)
        {
            return 0;
        }

        if (done is not null && done.Assignments != devices)
        {
            // A back-dated assignment moves messages to another patient; none may stay where they were.
            await store.Documents.DeleteAllAsync(Containers.Telemetry, cancellationToken);
        }

        var reference = await store.Reference.LoadAsync(position, cancellationToken);
        Document[] patients =
        [
            .. reference.Patients.GroupBy(p => p.PatientId, StringComparer.Ordinal).Select(g => g.OrderBy(p => p.Known).Last()).Select(p => new Document
            {
                PartitionKey = p.PatientId,
                Id = p.PatientId,
                Body = ReferenceJson.ToLine(p),
            }),
        ];
        var count = await store.Documents.UpsertAsync(Containers.Patients, patients, cancellationToken);
        var assignments = new AssignmentIndex(reference.Assignments);
        foreach (var partition in await BronzeFile.PartitionsAsync(store.Lake, cancellationToken))
        {
            foreach (var file in await BronzeFile.ListAsync(store.Lake, partition, cancellationToken))
            {
                var path = LakePaths.Readings(partition, file.Stem, Silver.MappingName);
                var metadata = await store.Lake.ReadMetadataAsync(path, cancellationToken);
                if (TelemetryTables.Number(metadata, TelemetryTables.KnownTime, store.Lake.NameOf(path)) <= account.Watermark - HotWindow)
                {
                    continue;
                }

                var readings = new ReadingBatch();
                TelemetryTables.AppendReadings(await store.Lake.ReadTableAsync(path, null, cancellationToken), VitalSignCatalog.Default, readings);
                foreach (var batch in ToDocuments(readings, assignments, account.Watermark - HotWindow).Chunk(BatchDocuments))
                {
                    count += await store.Documents.UpsertAsync(Containers.Telemetry, batch, cancellationToken);
                }
            }
        }

        await store.Documents.DeleteExpiredAsync(Containers.Telemetry, account.Watermark, cancellationToken);
        var body = JsonSerializer.Serialize(new ProjectionMarker(1, frontier, devices), ProjectionJson.Default.ProjectionMarker);
        await store.Documents.UpsertAsync(Containers.Runs, [new Document { PartitionKey = Marker, Id = Marker, Body = body }], cancellationToken);
        return count;
    }

    private static ProjectionMarker ReadMarker(string body)
    {
        try
        {
            return JsonSerializer.Deserialize(body, ProjectionJson.Default.ProjectionMarker)!;
        }
        catch (JsonException)
        {
            return new ProjectionMarker(0, "", -1); // of an earlier version, whose ids were others: all is made again
        }
    }

    /// <summary>
    /// The messages known after <paramref name="since"/> of patients: one document each, and where a device changed hands
    /// within a message one for each patient, with their own readings only. Readings of nobody's devices have none.
    /// </summary>
    private static IEnumerable<Document> ToDocuments(ReadingBatch readings, AssignmentIndex assignments, long since)
    {
        var rows = new List<(string PatientId, int Row)>();
        for (int start = 0, end; start < readings.Count; start = end)
        {
            rows.Clear();
            for (end = start; end < readings.Count && readings.Offset[end] == readings.Offset[start]; end++)
            {
                if (readings.KnownFrom[end] > since
                    && assignments.Find(readings.DeviceId[end], readings.EffectiveTime[end], out var patientId, out _) == AssignmentStatus.Assigned)
                {
                    rows.Add((patientId!, end));
                }
            }

            foreach (var ofPatient in rows.GroupBy(r => r.PatientId, r => r.Row, StringComparer.Ordinal))
            {
                yield return ToDocument(readings, ofPatient.Key, [.. ofPatient], IdOf(readings, start));
            }
        }
    }

    /// <summary>The same for a message delivered again, by the rule that settles duplicates: device, message id and body, else device, time and body.</summary>
    private static string IdOf(ReadingBatch readings, int row)
    {
        var message = readings.MessageId[row] is { } id ? $"id\n{id}" : string.Create(CultureInfo.InvariantCulture, $"time\n{readings.EffectiveTime[row]}");
        var key = string.Create(CultureInfo.InvariantCulture, $"{readings.DeviceId[row]}\n{message}\n{readings.BodyHash[row]}");
        return Convert.ToHexStringLower(XxHash128.Hash(Encoding.UTF8.GetBytes(key)));
    }

    private static Document ToDocument(ReadingBatch readings, string patientId, int[] rows, string id)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("schemaVersion"u8, 1);
            json.WriteString("id"u8, id);
            json.WriteString("patientId"u8, patientId);
            json.WriteString("deviceId"u8, readings.DeviceId[rows[0]]);
            json.WriteString("enqueuedTime"u8, UnixMicros.Format(readings.EnqueuedTime[rows[0]]));
            json.WriteStartArray("readings"u8);
            foreach (var row in rows)
            {
                var vital = VitalSignCatalog.Default.Vitals[readings.Vital[row]];
                json.WriteStartObject();
                json.WriteString("code"u8, vital.Code);
                json.WriteNumber("value"u8, readings.Value[row]);
                json.WriteString("unit"u8, vital.Unit);
                json.WriteString("effectiveTime"u8, UnixMicros.Format(readings.EffectiveTime[row]));
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return new Document
        {
            PartitionKey = patientId,
            Id = id,
            Body = Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length),
            Expires = readings.KnownFrom[rows[0]] + HotWindow,
        };
    }
}

/// <summary>How far the documents are: the frontier of streams and reference log, and the assignments they were made under.</summary>
internal sealed record ProjectionMarker(int SchemaVersion, string Frontier, long Assignments);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ProjectionMarker))]
internal sealed partial class ProjectionJson : JsonSerializerContext;
