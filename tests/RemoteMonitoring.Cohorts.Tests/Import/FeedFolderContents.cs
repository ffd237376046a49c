using System.IO.Compression;
using System.Text;
using System.Text.Json;
using NodaTime;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Mappings;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Cohorts.Tests.Import;

/// <summary>A feed folder read back the way ingestion reads it.</summary>
public sealed class FeedFolderContents
{
    private readonly string _folder;

    public FeedFolderContents(string folder)
    {
        _folder = folder;
        Feed = Feed.FromJson(File.ReadAllText(Path.Combine(folder, Feed.FileName)));
        var extractor = new ReadingExtractor(VitalSignCatalog.Default, MappingSet.Bundled);
        for (var partition = 0; partition < Feed.Partitions; partition++)
        {
            ReadPartition(Path.Combine(folder, Feed.MessagesFolder, $"{partition:D2}.ndjson.gz"), extractor);
        }
    }

    public Feed Feed { get; }

    public List<DeviceMessage> Messages { get; } = [];

    public ReadingBatch Accepted { get; } = new();

    public QuarantineBatch Rejected { get; } = new();

    public int Received { get; private set; }

    /// <summary>Whether each partition is in enqueued order.</summary>
    public bool InOrder { get; private set; } = true;

    public IReadOnlyList<T> Rows<T>(string kind) =>
        [.. File.ReadLines(Path.Combine(_folder, kind + ".ndjson")).Select(ReferenceJson.FromLine<T>)];

    public IReadOnlyList<string> BodiesOf(string deviceId) =>
        [.. Messages.Where(m => m.DeviceId == deviceId).Select(m => Encoding.UTF8.GetString(m.Body.Span))];

    /// <summary>Readings that a device sent under this code: the value as it stands in the body.</summary>
    public IReadOnlyList<string> ValuesOf(string deviceId, string code) =>
        [.. Messages.Where(m => m.DeviceId == deviceId).SelectMany(Readings).Where(r => r.Code == code).Select(r => r.Value)];

    public IReadOnlyList<Instant> TimesOf(string deviceId) => [.. Messages.Where(m => m.DeviceId == deviceId).Select(m => m.EnqueuedTime)];

    public string[] ReasonsOf(string deviceId) =>
        [.. Enumerable.Range(0, Rejected.Count).Where(i => Rejected.DeviceId[i] == deviceId).Select(i => Rejected.Reason[i].ToText())];

    public static IEnumerable<(string Code, string Value, string Unit)> Readings(DeviceMessage message)
    {
        using var body = JsonDocument.Parse(message.Body);
        foreach (var reading in body.RootElement.GetProperty("readings").EnumerateArray())
        {
            yield return (
                reading.GetProperty("code").GetString()!,
                reading.TryGetProperty("value", out var value) ? value.ToString() : "(none)",
                reading.GetProperty("unit").GetString()!);
        }
    }

    private void ReadPartition(string path, ReadingExtractor extractor)
    {
        using var lines = new StreamReader(new GZipStream(File.OpenRead(path), CompressionMode.Decompress));
        var previous = Instant.MinValue;
        for (var offset = 0L; lines.ReadLine() is { } line; offset++)
        {
            Assert.True(RoutedMessageJson.TryParse(Encoding.UTF8.GetBytes(line), out var message, out var problem), problem);
            InOrder &= message!.EnqueuedTime >= previous;
            previous = message.EnqueuedTime;
            Messages.Add(message);
            var enqueued = message.EnqueuedTime.ToUnixMicros();
            Received += extractor.Extract(message.ReceivedAt(offset, enqueued), Accepted, Rejected);
        }
    }
}
