using Microsoft.Data.Sqlite;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Storage.Documents;

/// <summary>A JSON document of a container, found by partition key and id.</summary>
public sealed record Document
{
    /// <summary>Partition key: the patient, the care team, or the run.</summary>
    public required string PartitionKey { get; init; }

    /// <summary>Id within the partition; from content, so that writing again changes nothing.</summary>
    public required string Id { get; init; }

    /// <summary>The JSON text.</summary>
    public required string Body { get; init; }

    /// <summary>When it may be forgotten, Unix microseconds; null to keep it.</summary>
    public long? Expires { get; init; }
}

/// <summary>The containers of the document store.</summary>
public static class Containers
{
    /// <summary>Hot window of device messages, by patient.</summary>
    public const string Telemetry = "telemetry";

    /// <summary>The roster's latest word on each patient, by patient.</summary>
    public const string Patients = "patients";

    /// <summary>Risk predictions, by patient.</summary>
    public const string Predictions = "predictions";

    /// <summary>Ranked lists, by care team.</summary>
    public const string Worklists = "worklists";

    /// <summary>Runs, by workflow.</summary>
    public const string Runs = "runs";
}

/// <summary>
/// The document store of a local home: one SQLite file, write-ahead logged and synced. A batch of writes is one
/// transaction. One instance is used by one thread at a time; several processes may share the file.
/// </summary>
public sealed class SqliteDocuments : IDisposable
{
    private readonly SqliteConnection _connection;

    /// <summary>Opens or makes the file.</summary>
    public SqliteDocuments(string file)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, DefaultTimeout = 30, Pooling = false }.ToString());
        try
        {
            _connection.Open();
            Execute("""
                PRAGMA journal_mode = WAL;
                PRAGMA synchronous = FULL;
                PRAGMA cache_size = -65536;
                CREATE TABLE IF NOT EXISTS documents (
                    container TEXT NOT NULL,
                    partition_key TEXT NOT NULL,
                    id TEXT NOT NULL,
                    body TEXT NOT NULL,
                    expires INTEGER,
                    PRIMARY KEY (container, partition_key, id)
                ) WITHOUT ROWID;
                """);
        }
        catch (SqliteException e)
        {
            _connection.Dispose();
            throw new LakeException($"{file}: cannot be opened as a document store ({e.Message})", e);
        }
    }

    /// <summary>Writes documents in one transaction, each replacing one of the same partition and id.</summary>
    /// <returns>How many were written.</returns>
    public int Upsert(string container, IEnumerable<Document> documents)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = """
            INSERT INTO documents (container, partition_key, id, body, expires) VALUES ($container, $partition, $id, $body, $expires)
            ON CONFLICT (container, partition_key, id) DO UPDATE SET body = excluded.body, expires = excluded.expires
            """;
        command.Parameters.AddWithValue("$container", container);
        var partition = command.Parameters.Add("$partition", SqliteType.Text);
        var id = command.Parameters.Add("$id", SqliteType.Text);
        var body = command.Parameters.Add("$body", SqliteType.Text);
        var expires = command.Parameters.Add("$expires", SqliteType.Integer);
        var count = 0;
        try
        {
            using var transaction = _connection.BeginTransaction();
            command.Transaction = transaction;
            foreach (var document in documents)
            {
                partition.Value = document.PartitionKey;
                id.Value = document.Id;
                body.Value = document.Body;
                expires.Value = document.Expires is { } at ? at : DBNull.Value;
                command.ExecuteNonQuery();
                count++;
            }

            transaction.Commit();
        }
        catch (SqliteException e)
        {
            throw new LakeException($"{_connection.DataSource}: documents of '{container}' cannot be written, and none of the batch was ({e.Message})", e);
        }

        return count;
    }

    /// <summary>One document, or null.</summary>
    public Document? Find(string container, string partitionKey, string id) =>
        Select(container, "AND partition_key = $partition AND id = $id", partitionKey, id).FirstOrDefault();

    /// <summary>The documents of a partition, by id.</summary>
    public IReadOnlyList<Document> List(string container, string partitionKey) =>
        Select(container, "AND partition_key = $partition", partitionKey, null);

    /// <summary>The documents of a container, by partition and id.</summary>
    public IReadOnlyList<Document> List(string container) => Select(container, "", null, null);

    /// <summary>How many documents a container has.</summary>
    public long Count(string container)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM documents WHERE container = $container";
        command.Parameters.AddWithValue("$container", container);
        return Try(container, () => (long)command.ExecuteScalar()!);
    }

    /// <summary>Forgets the documents of a container that expired at or before <paramref name="now"/> (Unix microseconds).</summary>
    public int DeleteExpired(string container, long now)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "DELETE FROM documents WHERE container = $container AND expires <= $now";
        command.Parameters.AddWithValue("$container", container);
        command.Parameters.AddWithValue("$now", now);
        return Try(container, command.ExecuteNonQuery);
    }

    /// <summary>Forgets every document of a container, to have them made again.</summary>
    public int DeleteAll(string container)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "DELETE FROM documents WHERE container = $container";
        command.Parameters.AddWithValue("$container", container);
        return Try(container, command.ExecuteNonQuery);
    }

    /// <inheritdoc />
    public void Dispose() => _connection.Dispose();

    private List<Document> Select(string container, string where, string? partitionKey, string? id)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = $"SELECT partition_key, id, body, expires FROM documents WHERE container = $container {where} ORDER BY partition_key, id";
        command.Parameters.AddWithValue("$container", container);
        command.Parameters.AddWithValue("$partition", (object?)partitionKey ?? DBNull.Value);
        command.Parameters.AddWithValue("$id", (object?)id ?? DBNull.Value);
        return Try(container, () =>
        {
            using var reader = command.ExecuteReader();
            var found = new List<Document>();
            while (reader.Read())
            {
                found.Add(new Document
                {
                    PartitionKey = reader.GetString(0),
                    Id = reader.GetString(1),
                    Body = reader.GetString(2),
                    Expires = reader.IsDBNull(3) ? null : reader.GetInt64(3),
                });
            }

            return found;
        });
    }

    private T Try<T>(string container, Func<T> query)
    {
        try
        {
            return query();
        }
        catch (SqliteException e)
        {
            throw new LakeException($"{_connection.DataSource}: the documents of '{container}' cannot be reached ({e.Message}). Telemetry and patient documents are made again from the lake.", e);
        }
    }

    private void Execute(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
