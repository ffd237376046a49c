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

/// <summary>What bringing the documents up to date did.</summary>
/// <param name="Written">Documents written, patients' included.</param>
/// <param name="Moved">Messages that turned out to be another patient's, or nobody's, and left the patient's partition they were in.</param>
public readonly record struct ProjectedDocuments(int Written, int Moved);

/// <summary>
/// Projects silver and the reference log into documents: a document per device message of the hot window, one per
/// patient, and one for each reading beyond a personal limit. Ids come from content, so projecting again changes nothing. It lags the lake, goes on from where it stopped,
/// partition by partition, and can be made again from the lake.
/// </summary>
public static class DocumentProjection
{
    /// <summary>How far back from the watermark messages are kept as documents.</summary>
    public const long HotWindow = 30 * UnixMicros.PerDay;

    /// <summary>When the message of a telemetry document was known, Unix microseconds.</summary>
    public static long KnownOf(Document message) => message.Expires!.Value - HotWindow;

    private const string Marker = "document-projection";
    private const int BatchDocuments = 10_000;
    private const int MostAttempts = 20;

    /// <summary>
    /// Forgets the documents it made, and how far it had come, to have them made again. Urgent readings stay, so that none is missing for a moment: those that are
    /// urgent no longer go when all have been made again.
    /// </summary>
    public static async Task ForgetAsync(DocumentStore documents, CancellationToken cancellationToken)
    {
        await documents.DeleteAsync(Containers.Runs, [new DocumentKey(Marker, Marker)], cancellationToken);
        await documents.DeleteAllAsync(Containers.Telemetry, cancellationToken);
        await documents.DeleteAllAsync(Containers.Patients, cancellationToken);
        await documents.DeleteAllAsync(Containers.Devices, cancellationToken);
    }

    /// <summary>
    /// Brings the documents up to the lake's end. Where another process does the same at the same time, it begins again from what
    /// that one noted, and looks again at the assignments by which it wrote itself.
    /// </summary>
    public static async Task<ProjectedDocuments> RunAsync(CohortStore store, Silver silver, CancellationToken cancellationToken)
    {
        var assignments = long.MaxValue;
        for (var attempt = 0; attempt < MostAttempts; attempt++)
        {
            var position = await store.Reference.PositionAsync(cancellationToken);
            try
            {
                return await RunOnceAsync(store, silver, position, assignments, cancellationToken);
            }
            catch (OtherProjectionException)
            {
                assignments = Math.Min(assignments, position[ReferenceKinds.Assignments]);
            }
        }

        throw new LakeException($"{store.Documents.Name}: other processes write the same documents all the time; this one leaves it to them.");
    }

    private static async Task<ProjectedDocuments> RunOnceAsync(
        CohortStore store, Silver silver, IReadOnlyDictionary<string, long> position, long writtenBy, CancellationToken cancellationToken)
    {
        var marker = await FindMarkerAsync(store.Documents, cancellationToken);
        if (marker is not null && marker.Reference.GetValueOrDefault(ReferenceKinds.Assignments) > writtenBy)
        {
            marker.Reference[ReferenceKinds.Assignments] = writtenBy; // what was written by those has to move
        }

        if (marker is not null && (marker.Version != ProjectionMarker.Current || IsBehind(marker, position, ReferenceKinds.Reprocess, ReferenceKinds.Erasures)))
        {
            // What messages say has changed, or who is known; what it was is nowhere written down but in what is there. What they say
            // now is made first, so that there are no documents for a moment only.
            foreach (var partition in await BronzeFile.PartitionsAsync(store.Lake, cancellationToken))
            {
                await silver.CatchUpAsync(partition, cancellationToken);
            }

            await ForgetAsync(store.Documents, cancellationToken);
            marker = null;
        }

        marker ??= new ProjectionMarker(ProjectionMarker.Current, [], []) { Unconfirmed = await UrgentReadings.NamesAsync(store.Documents, cancellationToken) };
        var moves = marker.Partitions.Count > 0 && IsBehind(marker, position, ReferenceKinds.Assignments);
        var files = await FilesAsync(store.Lake, moves ? [] : marker.Partitions, cancellationToken);
        var since = files.Select(f => f.Known).DefaultIfEmpty().Max() - HotWindow;
        files.RemoveAll(f => f.Known <= since);
        // What staff does and who they are changes no document of these.
        position = position.Where(p => p.Key is not (ReferenceKinds.Actions or ReferenceKinds.Members)).ToDictionary(StringComparer.Ordinal);
        if (marker.Unconfirmed is null && position.All(p => marker.Reference.GetValueOrDefault(p.Key) == p.Value) && files.All(f => f.End <= marker.Partitions.GetValueOrDefault(f.File.Partition.ToString())))
        {
            await DeleteExpiredAsync(store.Documents, since + HotWindow, cancellationToken);
            return default;
        }

        var reference = await store.Reference.LoadAsync(position, cancellationToken);
        var written = 0;
        if (IsBehind(marker, position, ReferenceKinds.Roster))
        {
            written += await store.Documents.UpsertAsync(Containers.Patients, ToDocuments(reference.Patients), cancellationToken);
        }

        var assignments = new AssignmentIndex(reference.Assignments);
        var urgent = new UrgentReadings(store.Documents, reference.CarePlans, reference.Assignments, assignments, marker.Unconfirmed);
        var moved = moves ? await MoveAsync(store, silver, files, marker, reference.Assignments, urgent, since, cancellationToken) : 0;
        marker = marker with { Reference = new SortedDictionary<string, long>(position.ToDictionary(), StringComparer.Ordinal) };
        foreach (var (file, end, _) in files)
        {
            var from = marker.Partitions.GetValueOrDefault(file.Partition.ToString());
            if (end <= from)
            {
                continue;
            }

            var readings = await SilverReadings.HoldingAsync(store.Lake, silver, file, cancellationToken);
            var writing = Task.FromResult(0);
            foreach (var batch in ToDocuments(readings, assignments, since, null, from).Chunk(BatchDocuments))
            {
                // One batch is written while the next is made.
                written += await writing;
                writing = Task.Run(() => store.Documents.UpsertAsync(Containers.Telemetry, batch, cancellationToken), cancellationToken);
            }

            written += await writing;
            await urgent.UpdateAsync(readings, since, from, null, cancellationToken);
            await DeviceClock.UpdateAsync(store.Documents, readings, cancellationToken);
            await DeviceBattery.UpdateAsync(store.Documents, await Quarantine.ReadAsync(store.Lake, silver, file, cancellationToken), cancellationToken);
            marker.Partitions[file.Partition.ToString()] = end;
            await WriteMarkerAsync(store.Documents, marker, cancellationToken);
        }

        await DeleteExpiredAsync(store.Documents, since + HotWindow, cancellationToken);
        await WriteMarkerAsync(store.Documents, marker, cancellationToken);
        if (marker.Unconfirmed is { } unconfirmed)
        {
            await UrgentReadings.DeleteAsync(store.Documents, unconfirmed, cancellationToken);
            marker = marker with { Unconfirmed = null };
            await WriteMarkerAsync(store.Documents, marker, cancellationToken);
        }

        if ((await store.Reference.ErasuresAsync(cancellationToken)).Count != position[ReferenceKinds.Erasures])
        {
            // A patient was erased meanwhile, and may have documents again: all are made anew, by whoever comes next.
            await ForgetAsync(store.Documents, cancellationToken);
            await store.Documents.CompactAsync(cancellationToken);
        }

        return new ProjectedDocuments(written, moved);
    }

    private static async Task DeleteExpiredAsync(DocumentStore documents, long now, CancellationToken cancellationToken)
    {
        await documents.DeleteExpiredAsync(Containers.Telemetry, now, cancellationToken);
        await documents.DeleteExpiredAsync(Containers.Urgent, now, cancellationToken);
    }

    /// <summary>
    /// Moves the messages of devices whose assignments changed since: a back-dated one makes messages another patient's, and none
    /// may stay where it was.
    /// </summary>
    private static async Task<int> MoveAsync(
        CohortStore store,
        Silver silver,
        List<(BronzeFile File, long End, long Known)> files,
        ProjectionMarker marker,
        IReadOnlyList<DeviceAssignment> all,
        UrgentReadings urgent,
        long since,
        CancellationToken cancellationToken)
    {
        var there = marker.Reference.GetValueOrDefault(ReferenceKinds.Assignments);
        var before = (await store.Reference.LoadAsync(new Dictionary<string, long> { [ReferenceKinds.Assignments] = there }, cancellationToken)).Assignments;
        var devices = all.Except(before).Select(a => a.DeviceId).ToHashSet(StringComparer.Ordinal);
        var (was, now) = (new AssignmentIndex(before), new AssignmentIndex(all));
        var moved = 0;
        foreach (var (file, _, _) in files.Where(f => f.File.Start < marker.Partitions.GetValueOrDefault(f.File.Partition.ToString())))
        {
            var readings = await SilverReadings.HoldingAsync(store.Lake, silver, file, cancellationToken);
            var documents = ToDocuments(readings, now, since, devices, 0).ToArray();
            var gone = ToDocuments(readings, was, since, devices, 0).Select(d => new DocumentKey(d.PartitionKey, d.Id))
                .Except(documents.Select(d => new DocumentKey(d.PartitionKey, d.Id)))
                .ToArray();
            await store.Documents.UpsertAsync(Containers.Telemetry, documents, cancellationToken);
            moved += await store.Documents.DeleteAsync(Containers.Telemetry, gone, cancellationToken);
            await urgent.UpdateAsync(readings, since, 0, devices, cancellationToken);
        }

        return moved;
    }

    /// <summary>The bronze files of all partitions that reach behind what is done of them, and the last of each, with their ends and greatest known times.</summary>
    private static async Task<List<(BronzeFile File, long End, long Known)>> FilesAsync(
        Lake lake, IReadOnlyDictionary<string, long> done, CancellationToken cancellationToken)
    {
        var files = new List<(BronzeFile, long, long)>();
        foreach (var partition in await BronzeFile.PartitionsAsync(lake, cancellationToken))
        {
            var all = await BronzeFile.ListAsync(lake, partition, cancellationToken);
            var from = done.GetValueOrDefault(partition.ToString());
            foreach (var file in all.Where((_, i) => i + 1 == all.Count || all[i + 1].Start > from))
            {
                var metadata = await lake.ReadMetadataAsync(file.Path, cancellationToken);
                var name = lake.NameOf(file.Path);
                files.Add((file, TelemetryTables.Number(metadata, TelemetryTables.EndOffset, name), TelemetryTables.Number(metadata, TelemetryTables.KnownTime, name)));
            }
        }

        return files;
    }

    private static Document[] ToDocuments(IReadOnlyList<Patient> roster) =>
    [
        .. roster.GroupBy(p => p.PatientId, StringComparer.Ordinal).Select(g => g.OrderBy(p => p.Known).Last()).Select(p => new Document
        {
            PartitionKey = p.PatientId,
            Id = p.PatientId,
            Body = ReferenceJson.ToLine(p),
        }),
    ];

    private static bool IsBehind(ProjectionMarker marker, IReadOnlyDictionary<string, long> position, params ReadOnlySpan<string> kinds)
    {
        foreach (var kind in kinds)
        {
            if (marker.Reference.GetValueOrDefault(kind) != position[kind])
            {
                return true;
            }
        }

        return false;
    }

    private static async Task<ProjectionMarker?> FindMarkerAsync(DocumentStore documents, CancellationToken cancellationToken)
    {
        if (await documents.FindAsync(Containers.Runs, Marker, Marker, cancellationToken) is not { } marker)
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(marker.Body, ProjectionJson.Default.ProjectionMarker)! with { ETag = marker.ETag };
        }
        catch (JsonException)
        {
            return new ProjectionMarker(0, [], []) { ETag = marker.ETag }; // of an earlier version, whose ids were others: all is made again
        }
    }

    private static async Task WriteMarkerAsync(DocumentStore documents, ProjectionMarker marker, CancellationToken cancellationToken)
    {
        var document = new Document
        {
            PartitionKey = Marker,
            Id = Marker,
            Body = JsonSerializer.Serialize(marker, ProjectionJson.Default.ProjectionMarker),
            ETag = marker.ETag,
        };
        marker.ETag = (marker.ETag is null
            ? await documents.TryCreateAsync(Containers.Runs, document, cancellationToken)
            : await documents.TryReplaceAsync(Containers.Runs, document, cancellationToken)) ?? throw new OtherProjectionException();
    }

    /// <summary>Another process noted how far it is since this one looked.</summary>
    private sealed class OtherProjectionException : Exception;

    /// <summary>
    /// The messages known after <paramref name="since"/> of patients: one document each, and where a device changed hands
    /// within a message one for each patient, with their own readings only. Readings of nobody's devices have none.
    /// </summary>
    private static IEnumerable<Document> ToDocuments(ReadingBatch readings, AssignmentIndex assignments, long since, HashSet<string>? devices, long from)
    {
        var rows = new List<(string PatientId, int Row)>();
        for (int start = 0, end; start < readings.Count; start = end)
        {
            rows.Clear();
            for (end = start; end < readings.Count && readings.Offset[end] == readings.Offset[start]; end++)
            {
                if (readings.KnownFrom[end] > since && readings.Offset[end] >= from && devices?.Contains(readings.DeviceId[end]) != false
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

/// <summary>How far the documents are: the reference log they were made under by kind, and the end offset of each partition.</summary>
internal sealed record ProjectionMarker(int Version, SortedDictionary<string, long> Reference, SortedDictionary<string, long> Partitions)
{
    /// <summary>Changes with the form of the documents and their ids.</summary>
    public const int Current = 2;

    /// <summary>Where all are made again: the urgent readings of before, by name, that nothing has said anew so far. Null when they have been.</summary>
    public HashSet<string>? Unconfirmed { get; set; }

    /// <summary>The writing it was read from, or last written as; null where it is not there yet.</summary>
    [JsonIgnore]
    public string? ETag { get; set; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ProjectionMarker))]
internal sealed partial class ProjectionJson : JsonSerializerContext;
