using System.Globalization;
using Microsoft.Data.Sqlite;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Retries;

namespace RemoteMonitoring.Storage.Documents;

/// <summary>
/// The document store of a local home: one SQLite file, write-ahead logged and synced, what is deleted overwritten. Every
/// call that writes is one transaction. Tasks take turns at the one connection; several processes may share the file.
/// </summary>
public sealed class SqliteDocuments : DocumentStore
{
    /// <summary>The version of its tables that this program writes, and the newest it opens: <c>user_version</c> of the file.</summary>
    public const long SchemaVersion = SqliteDocumentsSchema.Current;

    private const int PageDocuments = 1_000;
    private const int PageCharacters = 4 << 20;
    private const string Columns = "partition_key, id, body, expires, version, write";
    private const string OfPartition = "container = $container AND partition_key = $partition";
    private const string OfDocument = OfPartition + " AND id = $id";

    private readonly SqliteConnection _connection;
    private readonly SemaphoreSlim _turn = new(1);

    /// <summary>Opens or makes the file; one of an older version is brought up to this one, in place.</summary>
    public SqliteDocuments(string file)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, DefaultTimeout = 30, Pooling = false }.ToString());
        try
        {
            _connection.Open();
            SqliteDocumentsSchema.Prepare(_connection);
        }
        catch (SqliteException e)
        {
            _connection.Dispose();
            throw new LakeException($"{file}: cannot be opened as a document store ({e.Message})", e) { IsTransient = TransientFault.Is(e) };
        }
        catch
        {
            _connection.Dispose();
            throw;
        }
    }

    /// <inheritdoc />
    public override string Name => _connection.DataSource;

    /// <inheritdoc />
    public override double RequestUnits => 0;

    /// <summary>
    /// As of any store, but in one transaction: when it throws, nothing was written. A document that says what is there already
    /// keeps its ETag, and costs no write.
    /// </summary>
    /// <inheritdoc />
    public override Task<int> UpsertAsync(string container, IReadOnlyCollection<Document> documents, CancellationToken cancellationToken) =>
        WriteAsync(container, transaction =>
        {
            using var upsert = new Statement(transaction, """
                INSERT INTO documents (container, partition_key, id, body, expires, version) VALUES ($container, $partition, $id, $body, $expires, $version)
                ON CONFLICT (container, partition_key, id) DO UPDATE SET body = excluded.body, expires = excluded.expires, version = excluded.version, write = NULL
                WHERE body <> excluded.body OR expires IS NOT excluded.expires
                """, container, NextVersion(transaction), null);
            var count = 0;
            foreach (var document in documents)
            {
                cancellationToken.ThrowIfCancellationRequested();
                upsert.Execute(document);
                count++;
            }

            return (count, true);
        }, cancellationToken);

    /// <inheritdoc />
    public override Task<string?> TryCreateAsync(string container, Document document, string? write, CancellationToken cancellationToken) =>
        WriteOneAsync(container, DocumentOperation.Create(document), document.PartitionKey, write, cancellationToken);

    /// <inheritdoc />
    public override Task<string?> TryReplaceAsync(string container, Document document, string? write, CancellationToken cancellationToken) =>
        WriteOneAsync(container, DocumentOperation.Replace(document), document.PartitionKey, write, cancellationToken);

    /// <inheritdoc />
    public override Task<string?> TryPatchAsync(
        string container, string partitionKey, string id, IReadOnlyCollection<DocumentChange> changes, string? eTag, string? write, CancellationToken cancellationToken)
    {
        Check(changes);
        return WriteAsync<string?>(container, transaction =>
        {
            if (Select(OfDocument, transaction, container, partitionKey, id) is not [var found] || (eTag is not null && found.ETag != eTag))
            {
                return (null, false);
            }

            var version = NextVersion(transaction);
            var patched = found with { Body = Patched(found.Body, changes) };
            return Do(DocumentOperation.Replace(patched), transaction, container, partitionKey, version, write) ? (Text(version), true) : (null, false);
        }, cancellationToken);
    }

    /// <inheritdoc />
    public override Task<bool> TryCommitAsync(
        string container, string partitionKey, IReadOnlyCollection<DocumentOperation> operations, string? write, CancellationToken cancellationToken)
    {
        Check(partitionKey, operations);
        return WriteAsync(container, transaction =>
        {
            var version = NextVersion(transaction);
            var done = operations.All(operation => Do(operation, transaction, container, partitionKey, version, write));
            return (done, done);
        }, cancellationToken);
    }

    /// <inheritdoc />
    public override async Task<Document?> FindAsync(string container, string partitionKey, string id, CancellationToken cancellationToken) =>
        (await ReadAsync(container, () => Select(OfDocument, null, container, partitionKey, id), cancellationToken)).FirstOrDefault();

    /// <inheritdoc />
    public override async Task<IReadOnlyList<Document>> ListAsync(string container, string partitionKey, CancellationToken cancellationToken)
    {
        var found = await ReadAsync(container, () => Select(OfPartition, null, container, partitionKey, null), cancellationToken);
        // SQLite compares the bytes of UTF-8, which is another order outside the basic plane.
        found.Sort((a, b) => string.CompareOrdinal(a.Id, b.Id));
        return found;
    }

    /// <inheritdoc />
    public override async Task<DocumentPage> PageAsync(string container, string? after, CancellationToken cancellationToken)
    {
        // The key of the last document: the length of its partition key, a space, and both parts.
        DocumentKey? last = after?.IndexOf(' ', StringComparison.Ordinal) is { } at && int.Parse(after.AsSpan(0, at), CultureInfo.InvariantCulture) is var length
            ? new DocumentKey(after.Substring(at + 1, length), after[(at + 1 + length)..])
            : null;
        var behind = last is null ? "" : " AND (partition_key, id) > ($partition, $id)";
        var page = await ReadAsync(
            container, () => Select($"container = $container{behind} ORDER BY partition_key, id LIMIT {PageDocuments}", null, container, last?.PartitionKey, last?.Id), cancellationToken);
        return new DocumentPage(page, page is [.., var end] ? string.Create(CultureInfo.InvariantCulture, $"{end.PartitionKey.Length} {end.PartitionKey}{end.Id}") : null);
    }

    /// <inheritdoc />
    public override Task<long> CountAsync(string container, CancellationToken cancellationToken) => ReadAsync(container, () =>
    {
        using var command = Command("SELECT count(*) FROM documents WHERE container = $container", null, container);
        return (long)command.ExecuteScalar()!;
    }, cancellationToken);

    /// <inheritdoc />
    public override Task<int> DeleteAsync(string container, IReadOnlyCollection<DocumentKey> keys, CancellationToken cancellationToken) =>
        WriteAsync(container, transaction =>
        {
            using var command = Command($"DELETE FROM documents WHERE {OfDocument}", transaction, container);
            var partition = command.Parameters.Add("$partition", SqliteType.Text);
            var id = command.Parameters.Add("$id", SqliteType.Text);
            var count = 0;
            foreach (var key in keys)
            {
                cancellationToken.ThrowIfCancellationRequested();
                (partition.Value, id.Value) = (key.PartitionKey, key.Id);
                count += command.ExecuteNonQuery();
            }

            return (count, true);
        }, cancellationToken);

    /// <inheritdoc />
    public override Task<int> DeletePartitionAsync(string container, string partitionKey, CancellationToken cancellationToken) =>
        DeleteWhereAsync(container, OfPartition, ("$partition", partitionKey), cancellationToken);

    /// <inheritdoc />
    public override Task<int> DeleteAllAsync(string container, CancellationToken cancellationToken) =>
        DeleteWhereAsync(container, "container = $container", null, cancellationToken);

    /// <inheritdoc />
    public override Task<int> DeleteExpiredAsync(string container, long now, CancellationToken cancellationToken) =>
        DeleteWhereAsync(container, "container = $container AND expires <= $now", ("$now", now), cancellationToken);

    /// <summary>Rewrites the file, and cuts its journal; throws <see cref="LakeException"/> where another process keeps reading it.</summary>
    /// <inheritdoc />
    public override async Task CompactAsync(CancellationToken cancellationToken)
    {
        const int Attempts = 300;
        await ReadAsync("", () => Pragma("VACUUM"), cancellationToken);
        for (var attempt = 0; await ReadAsync("", () => Pragma("PRAGMA wal_checkpoint(TRUNCATE)"), cancellationToken) != 0; attempt++)
        {
            if (attempt == Attempts)
            {
                throw new LakeException($"{Name}: old bytes may be left in its journal, because something keeps reading it. Stop what reads it, and run again.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
        }
    }

    /// <inheritdoc />
    public override async ValueTask DisposeAsync()
    {
        await _connection.DisposeAsync();
        _turn.Dispose();
    }

    /// <summary>Runs a statement outside of any transaction; its first figure, or 0.</summary>
    private long Pragma(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        return reader.Read() ? reader.GetInt64(0) : 0;
    }

    private static string Text(long version) => version.ToString(CultureInfo.InvariantCulture);

    /// <summary>A number for the documents that a transaction writes; it never comes again, so a document deleted and made anew has another.</summary>
    private static long NextVersion(SqliteTransaction transaction)
    {
        using var command = transaction.Connection!.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "UPDATE versions SET last = last + 1 RETURNING last";
        return (long)command.ExecuteScalar()!;
    }

    private async Task<string?> WriteOneAsync(string container, DocumentOperation operation, string partitionKey, string? write, CancellationToken cancellationToken) =>
        await WriteAsync<string?>(container, transaction =>
        {
            var version = NextVersion(transaction);
            return Do(operation, transaction, container, partitionKey, version, write) ? (Text(version), true) : (null, false);
        }, cancellationToken);

    /// <summary>One operation of a transaction; false when the document is not as it must be.</summary>
    private static bool Do(DocumentOperation operation, SqliteTransaction transaction, string container, string partitionKey, long version, string? write)
    {
        const string Insert = "INSERT INTO documents (container, partition_key, id, body, expires, version, write) VALUES ($container, $partition, $id, $body, $expires, $version, $write) ON CONFLICT (container, partition_key, id) DO ";
        const string IfUnchanged = " AND ($etag IS NULL OR CAST(version AS TEXT) = $etag)";
        using var statement = new Statement(transaction, operation.Kind switch
        {
            DocumentOperationKind.Upsert => Insert + "UPDATE SET body = excluded.body, expires = excluded.expires, version = excluded.version, write = excluded.write",
            DocumentOperationKind.Create => Insert + "NOTHING",
            DocumentOperationKind.Replace => $"UPDATE documents SET body = $body, expires = $expires, version = $version, write = $write WHERE {OfDocument}{IfUnchanged}",
            DocumentOperationKind.Delete => $"DELETE FROM documents WHERE {OfDocument}{IfUnchanged}",
            _ => throw new System.Diagnostics.UnreachableException(),
        }, container, version, write);
        return statement.Execute(operation.Document ?? new Document { PartitionKey = partitionKey, Id = operation.Id, Body = "" }, operation.ETag) == 1;
    }

    private Task<int> DeleteWhereAsync(string container, string where, (string Name, object Value)? parameter, CancellationToken cancellationToken) =>
        WriteAsync(container, transaction =>
        {
            using var command = Command($"DELETE FROM documents WHERE {where}", transaction, container);
            if (parameter is { } p)
            {
                command.Parameters.AddWithValue(p.Name, p.Value);
            }

            return (command.ExecuteNonQuery(), true);
        }, cancellationToken);

    private SqliteCommand Command(string sql, SqliteTransaction? transaction, string container)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        command.Transaction = transaction;
        command.Parameters.AddWithValue("$container", container);
        return command;
    }

    private List<Document> Select(string where, SqliteTransaction? transaction, string container, string? partitionKey, string? id)
    {
        using var command = Command($"SELECT {Columns} FROM documents WHERE {where}", transaction, container);
        command.Parameters.AddWithValue("$partition", (object?)partitionKey ?? DBNull.Value);
        command.Parameters.AddWithValue("$id", (object?)id ?? DBNull.Value);
        var paged = where.Contains("LIMIT", StringComparison.Ordinal);
        using var reader = command.ExecuteReader();
        var found = new List<Document>();
        var characters = 0;
        while ((!paged || characters < PageCharacters) && reader.Read())
        {
            found.Add(new Document
            {
                PartitionKey = reader.GetString(0),
                Id = reader.GetString(1),
                Body = reader.GetString(2),
                Expires = reader.IsDBNull(3) ? null : reader.GetInt64(3),
                ETag = Text(reader.GetInt64(4)),
                Write = reader.IsDBNull(5) ? null : reader.GetString(5),
            });
            characters += found[^1].Body.Length;
        }

        return found;
    }

    private async Task<T> ReadAsync<T>(string container, Func<T> query, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            return query();
        }
        catch (SqliteException e)
        {
            throw new LakeException($"{Name}: the documents of '{container}' cannot be reached ({e.Message}). Telemetry and patient documents are made again from the lake.", e) { IsTransient = TransientFault.Is(e) };
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Does something in one transaction, which is committed where the second of the answer says so.</summary>
    private async Task<T> WriteAsync<T>(string container, Func<SqliteTransaction, (T Result, bool Commit)> write, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            using var transaction = _connection.BeginTransaction();
            var (result, commit) = write(transaction);
            if (commit)
            {
                transaction.Commit();
            }

            return result;
        }
        catch (SqliteException e)
        {
            throw new LakeException($"{Name}: documents of '{container}' cannot be written, and none of the batch was ({e.Message})", e) { IsTransient = TransientFault.Is(e) };
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>A prepared statement on one document after another.</summary>
    private sealed class Statement : IDisposable
    {
        private readonly SqliteCommand _command;
        private readonly SqliteParameter _partition;
        private readonly SqliteParameter _id;
        private readonly SqliteParameter _body;
        private readonly SqliteParameter _expires;
        private readonly SqliteParameter _eTag;

        public Statement(SqliteTransaction transaction, string sql, string container, long version, string? write)
        {
            _command = transaction.Connection!.CreateCommand();
            _command.Transaction = transaction;
            _command.CommandText = sql;
            _command.Parameters.AddWithValue("$container", container);
            _command.Parameters.AddWithValue("$version", version);
            _command.Parameters.AddWithValue("$write", (object?)write ?? DBNull.Value);
            _partition = _command.Parameters.Add("$partition", SqliteType.Text);
            _id = _command.Parameters.Add("$id", SqliteType.Text);
            _body = _command.Parameters.Add("$body", SqliteType.Text);
            _expires = _command.Parameters.Add("$expires", SqliteType.Integer);
            _eTag = _command.Parameters.Add("$etag", SqliteType.Text);
        }

        public int Execute(Document document, string? eTag = null)
        {
            _partition.Value = document.PartitionKey;
            _id.Value = document.Id;
            _body.Value = document.Body;
            _expires.Value = document.Expires is { } at ? at : DBNull.Value;
            _eTag.Value = eTag is null ? DBNull.Value : eTag;
            return _command.ExecuteNonQuery();
        }

        public void Dispose() => _command.Dispose();
    }
}
