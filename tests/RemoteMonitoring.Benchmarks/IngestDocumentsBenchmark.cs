using System.Diagnostics;
using System.Globalization;
using System.Text;
using Microsoft.Data.Sqlite;
using NodaTime;
using RemoteMonitoring.Ingestion;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Benchmarks;

/// <summary>
/// Telemetry documents from silver, patients assigned, JSON made, written in batches; beside bare SQLite upserts of the very
/// same rows, at the same batch size and durability. Our rate over theirs: more is better.
/// </summary>
internal sealed class IngestDocumentsBenchmark : Benchmark, IDisposable
{
    private const int Messages = 200_000;
    private const int Devices = 2_000;
    private const int BatchRows = 10_000;

    private string _folder = "";
    private CohortStore _store = null!;
    private Silver _silver = null!;
    private List<Document> _documents = [];
    private int _run;

    public override string Name => "ingest-documents";

    public override string Unit => "documents/s";

    public override string PeerName => "bare SQLite upserts of the same rows, as durable";

    public override async Task PrepareAsync(string folder)
    {
        _folder = folder;
        _store = CohortStore.Open(folder, "bench");
        _silver = new Silver(_store.Lake, MappingHistory.Bundled);
        var since = Instant.FromUtc(2020, 1, 1, 0, 0);
        var assignments = Enumerable.Range(0, Devices).Select(d => ReferenceJson.ToLine(new DeviceAssignment { DeviceId = Device(d), PatientId = string.Create(CultureInfo.InvariantCulture, $"p{d / 2:D4}"), From = since, Known = since }));
        await _store.Reference.AppendAsync(ReferenceKinds.Assignments, Encoding.UTF8.GetBytes(string.Join('\n', assignments) + "\n"), CancellationToken.None);
        var file = Path.Combine(folder, "messages.ndjson");
        await File.WriteAllLinesAsync(file, Enumerable.Range(0, Messages).Select(Line));
        await new FileLanding(_store.Lake, _silver, TimeProvider.System).LandAsync(file, new StreamPartition("bench", "1", 0), imported: true, null, CancellationToken.None);
    }

    public override async Task<Measured> OursAsync()
    {
        await using var documents = new SqliteDocuments(Path.Combine(_folder, $"ours-{_run}.db"));
        var store = new CohortStore("bench", _store.Lake, documents, _folder);
        var clock = Stopwatch.StartNew();
        var projected = await DocumentProjection.RunAsync(store, _silver, CancellationToken.None);
        var rate = projected.Written / clock.Elapsed.TotalSeconds;
        _documents = [];
        await foreach (var document in documents.ListAsync(Containers.Telemetry, CancellationToken.None))
        {
            _documents.Add(document);
        }

        // In the order they were written: a store keeps them by patient.
        _documents = [.. _documents.OrderBy(d => d.Body[d.Body.IndexOf("\"enqueuedTime\"", StringComparison.Ordinal)..], StringComparer.Ordinal)];
        return new Measured(rate, string.Create(CultureInfo.InvariantCulture, $"documents/s of {projected.Written:N0}"));
    }

    public override Task<Measured> PeerAsync()
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(_folder, $"peer-{_run++}.db")};Pooling=False");
        connection.Open();
        Execute(connection, """
            PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -65536;
            CREATE TABLE documents (container TEXT NOT NULL, partition_key TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, expires INTEGER, PRIMARY KEY (container, partition_key, id)) WITHOUT ROWID;
            """);
        var clock = Stopwatch.StartNew();
        foreach (var batch in _documents.Chunk(BatchRows))
        {
            using var transaction = connection.BeginTransaction();
            using var command = connection.CreateCommand();
            command.Transaction = transaction;
            command.CommandText = """
                INSERT INTO documents (container, partition_key, id, body, expires) VALUES ('telemetry', $partition, $id, $body, $expires)
                ON CONFLICT (container, partition_key, id) DO UPDATE SET body = excluded.body, expires = excluded.expires
                """;
            var (partition, id) = (command.Parameters.Add("$partition", SqliteType.Text), command.Parameters.Add("$id", SqliteType.Text));
            var (body, expires) = (command.Parameters.Add("$body", SqliteType.Text), command.Parameters.Add("$expires", SqliteType.Integer));
            foreach (var document in batch)
            {
                (partition.Value, id.Value, body.Value, expires.Value) = (document.PartitionKey, document.Id, document.Body, document.Expires);
                command.ExecuteNonQuery();
            }

            transaction.Commit();
        }

        return Task.FromResult(new Measured(_documents.Count / clock.Elapsed.TotalSeconds, "documents/s"));
    }

    public void Dispose() => _store.DisposeAsync().AsTask().GetAwaiter().GetResult();

    private static string Device(int d) => string.Create(CultureInfo.InvariantCulture, $"cuff-{d:D5}");

    private static string Line(int i)
    {
        var time = UnixMicros.Format(1_738_281_600_000_000 + (i * 1_000_000L));
        return string.Create(CultureInfo.InvariantCulture,
            $$$"""{"EnqueuedTimeUtc":"{{{time}}}","Properties":{},"SystemProperties":{"messageId":"m{{{i:D8}}}","connectionDeviceId":"{{{Device((int)(i * 7919L % Devices))}}}","contentType":"application/json","contentEncoding":"utf-8"},"Body":{"time":"{{{time}}}","readings":[{"code":"8480-6","value":{{{100 + (i % 60)}}},"unit":"mm[Hg]"},{"code":"8462-4","value":{{{60 + (i % 30)}}},"unit":"mm[Hg]"}]}}""");
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
