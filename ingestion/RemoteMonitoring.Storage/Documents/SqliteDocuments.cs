using System.Diagnostics;
using System.Globalization;
using Microsoft.Data.Sqlite;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Retries;

namespace RemoteMonitoring.Storage.Documents;

/// <summary>
/// The document store of a local home: one SQLite file, write-ahead logged and synced, what is deleted overwritten. Every
/// call that writes is one transaction, but a large upsert, which lets others in between. Tasks take turns at the one connection that
/// writes, and wait for nobody to read; several processes may share the file.
/// </summary>
public sealed class SqliteDocuments : DocumentStore
{
    /// <summary>The version of its tables that this program writes, and the newest it opens: <c>user_version</c> of the file.</summary>
    public const long SchemaVersion = SqliteDocumentsSchema.Current;

    /// <summary>How long another process's writing is waited for.</summary>
    internal const int SecondsOfWaiting = 30;

    private const int PageDocuments = 1_000;
    private const int PageCharacters = 4 << 20;
    private const string Columns = "partition_key, id, body, expires, version, write";
    private const string OfPartition = SqliteWrite.OfPartition;
    private const string OfDocument = SqliteWrite.OfDocument;

    // A transaction that takes as long is committed, and the rest is written in another: at once where a task waits, later where only
    // another process can, which nobody hears of. What waits is a person's page, whose entry in the audit is written before it is shown.
    private static readonly TimeSpan s_sliceWhereOneWaits = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_slice = TimeSpan.FromMilliseconds(200);

    private readonly SqliteConnection _connection;
    private readonly SqliteReaders _readers;
    private readonly SqliteCheckpoints _checkpoints;
    private readonly SemaphoreSlim _turn = new(1);
    private int _waiting;

    /// <summary>Opens or makes the file; one of an older version is brought up to this one, in place.</summary>
    public SqliteDocuments(string file)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
        (_readers, _checkpoints) = (new SqliteReaders(file), new SqliteCheckpoints(file));
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, DefaultTimeout = SecondsOfWaiting, Pooling = false }.ToString());
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

    /// <summary>As of any store. A document that says what is there already keeps its ETag, and costs no write.</summary>
    /// <inheritdoc />
    public override async Task<int> UpsertAsync(string container, IReadOnlyCollection<Document> documents, CancellationToken cancellationToken)
    {
        using var rest = documents.GetEnumerator();
        var (count, more) = (0, true);
        while (more)
        {
            (var written, more) = await WriteAsync(container, transaction => (UpsertSome(transaction, container, rest, cancellationToken), true), cancellationToken);
            count += written;
        }

        return count;
    }

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
            if (Select(OfDocument, _connection, transaction, container, partitionKey, id) is not [var found] || (eTag is not null && found.ETag != eTag))
            {
                return (null, false);
            }

            var version = SqliteWrite.NextVersion(transaction);
            var patched = found with { Body = Patched(found.Body, changes) };
            return SqliteWrite.Do(DocumentOperation.Replace(patched), transaction, container, partitionKey, version, write) ? (Text(version), true) : (null, false);
        }, cancellationToken);
    }

    /// <inheritdoc />
    public override Task<bool> TryCommitAsync(
        string container, string partitionKey, IReadOnlyCollection<DocumentOperation> operations, string? write, CancellationToken cancellationToken)
    {
        Check(partitionKey, operations);
        return WriteAsync(container, transaction =>
        {
            var version = SqliteWrite.NextVersion(transaction);
            var done = operations.All(operation => SqliteWrite.Do(operation, transaction, container, partitionKey, version, write));
            return (done, done);
        }, cancellationToken);
    }

    /// <inheritdoc />
    public override async Task<Document?> FindAsync(string container, string partitionKey, string id, CancellationToken cancellationToken) =>
        (await ReadAsync(container, reader => Select(OfDocument, reader, null, container, partitionKey, id), cancellationToken)).FirstOrDefault();

    /// <inheritdoc />
    public override async Task<IReadOnlyList<Document>> ListAsync(string container, string partitionKey, CancellationToken cancellationToken)
    {
        var found = await ReadAsync(container, reader => Select(OfPartition, reader, null, container, partitionKey, null), cancellationToken);
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
            container, reader => Select($"container = $container{behind} ORDER BY partition_key, id LIMIT {PageDocuments}", reader, null, container, last?.PartitionKey, last?.Id), cancellationToken);
        return new DocumentPage(page, page is [.., var end] ? string.Create(CultureInfo.InvariantCulture, $"{end.PartitionKey.Length} {end.PartitionKey}{end.Id}") : null);
    }

    /// <inheritdoc />
    public override Task<long> CountAsync(string container, CancellationToken cancellationToken) => ReadAsync(container, reader =>
    {
        using var command = Command("SELECT count(*) FROM documents WHERE container = $container", reader, null, container);
        return (long)command.ExecuteScalar()!;
    }, cancellationToken);

    /// <inheritdoc />
    public override Task<int> DeleteAsync(string container, IReadOnlyCollection<DocumentKey> keys, CancellationToken cancellationToken) =>
        WriteAsync(container, transaction =>
        {
            using var command = Command($"DELETE FROM documents WHERE {OfDocument}", _connection, transaction, container);
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
        await PragmaAsync("VACUUM", cancellationToken);
        for (var attempt = 0; await PragmaAsync("PRAGMA wal_checkpoint(TRUNCATE)", cancellationToken) != 0; attempt++)
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
        // Before the one that writes: the last to close cuts the journal.
        _readers.Dispose();
        await _checkpoints.DisposeAsync();
        await _connection.DisposeAsync();
        _turn.Dispose();
    }

    /// <summary>Runs a statement outside of any transaction; its first figure, or 0.</summary>
    private Task<long> PragmaAsync(string sql, CancellationToken cancellationToken) => InTurnAsync(
        () =>
        {
            using var command = _connection.CreateCommand();
            command.CommandText = sql;
            using var reader = command.ExecuteReader();
            return reader.Read() ? reader.GetInt64(0) : 0;
        },
        e => Unreachable("", e),
        cancellationToken);

    /// <summary>Upserts documents in a transaction, until none is left or it has taken its time: how many, and whether more may be left.</summary>
    private (int Written, bool More) UpsertSome(SqliteTransaction transaction, string container, IEnumerator<Document> rest, CancellationToken cancellationToken)
    {
        using var upsert = SqliteWrite.Upsert(transaction, container);
        var (began, count) = (Stopwatch.GetTimestamp(), 0);
        while (rest.MoveNext())
        {
            cancellationToken.ThrowIfCancellationRequested();
            upsert.Execute(rest.Current);
            count++;
            if (Stopwatch.GetElapsedTime(began) is var taken && taken >= s_sliceWhereOneWaits && (taken >= s_slice || Volatile.Read(ref _waiting) > 0))
            {
                return (count, true);
            }
        }

        return (count, false);
    }

    private static string Text(long version) => version.ToString(CultureInfo.InvariantCulture);

    private async Task<string?> WriteOneAsync(string container, DocumentOperation operation, string partitionKey, string? write, CancellationToken cancellationToken) =>
        await WriteAsync<string?>(container, transaction =>
        {
            var version = SqliteWrite.NextVersion(transaction);
            return SqliteWrite.Do(operation, transaction, container, partitionKey, version, write) ? (Text(version), true) : (null, false);
        }, cancellationToken);

    private Task<int> DeleteWhereAsync(string container, string where, (string Name, object Value)? parameter, CancellationToken cancellationToken) =>
        WriteAsync(container, transaction =>
        {
            using var command = Command($"DELETE FROM documents WHERE {where}", _connection, transaction, container);
            if (parameter is { } p)
            {
                command.Parameters.AddWithValue(p.Name, p.Value);
            }

            return (command.ExecuteNonQuery(), true);
        }, cancellationToken);

    private static SqliteCommand Command(string sql, SqliteConnection connection, SqliteTransaction? transaction, string container)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        command.Transaction = transaction;
        command.Parameters.AddWithValue("$container", container);
        return command;
    }

    private static List<Document> Select(string where, SqliteConnection connection, SqliteTransaction? transaction, string container, string? partitionKey, string? id)
    {
        using var command = Command($"SELECT {Columns} FROM documents WHERE {where}", connection, transaction, container);
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

    private async Task<T> ReadAsync<T>(string container, Func<SqliteConnection, T> query, CancellationToken cancellationToken)
    {
        try
        {
            return await _readers.RunAsync(query, cancellationToken);
        }
        catch (SqliteException e)
        {
            throw Unreachable(container, e);
        }
    }

    /// <summary>Does something in one transaction, which is committed where the second of the answer says so.</summary>
    private Task<T> WriteAsync<T>(string container, Func<SqliteTransaction, (T Result, bool Commit)> write, CancellationToken cancellationToken) => InTurnAsync(
        () =>
        {
            using var transaction = _connection.BeginTransaction();
            var (result, commit) = write(transaction);
            if (commit)
            {
                transaction.Commit();
                _checkpoints.Committed();
            }

            return result;
        },
        e => new LakeException($"{Name}: documents of '{container}' cannot be written ({e.Message})", e) { IsTransient = TransientFault.Is(e) },
        cancellationToken);

    /// <summary>Uses the connection that writes.</summary>
    private async Task<T> InTurnAsync<T>(Func<T> use, Func<SqliteException, LakeException> fault, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _waiting);
        try
        {
            await _turn.WaitAsync(cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }

        try
        {
            return use();
        }
        catch (SqliteException e)
        {
            throw fault(e);
        }
        finally
        {
            _turn.Release();
        }
    }

    private LakeException Unreachable(string container, SqliteException e) =>
        new($"{Name}: the documents of '{container}' cannot be reached ({e.Message}). Telemetry and patient documents are made again from the lake.", e) { IsTransient = TransientFault.Is(e) };
}
