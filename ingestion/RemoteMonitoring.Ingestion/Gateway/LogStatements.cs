using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace RemoteMonitoring.Ingestion.Gateway;

/// <summary>
/// The statements of the log's writer, prepared once and bound without ADO.NET between: it is most of what a message costs in
/// a commit. Used by the writer's thread alone.
/// </summary>
internal sealed class LogStatements : IDisposable
{
    /// <summary>How long the writer waits for another process: an erasure rewrites the whole file.</summary>
    private const int MostWaitMilliseconds = 60_000;

    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _begin;
    private readonly sqlite3_stmt _commit;
    private readonly sqlite3_stmt _rollback;
    private readonly sqlite3_stmt[] _insert;
    private readonly byte[] _text = new byte[1024];

    public LogStatements(SqliteConnection connection, int partitions)
    {
        _database = connection.Handle!;
        Check(raw.sqlite3_busy_timeout(_database, MostWaitMilliseconds));
        (_begin, _commit, _rollback) = (Prepare("BEGIN IMMEDIATE"), Prepare("COMMIT"), Prepare("ROLLBACK"));
        _insert = [.. Enumerable.Range(0, partitions).Select(p => Prepare(
            $"""INSERT INTO records_{p} ("offset", device_id, message_id, enqueued_time, properties, body) VALUES (?, ?, ?, ?, ?, ?)"""))];
    }

    public void Begin() => Step(_begin);

    /// <summary>Returns when the journal has been synced.</summary>
    public void Commit() => Step(_commit);

    /// <summary>Takes everything since <see cref="Begin"/> back; SQLite may have done so already.</summary>
    public void Rollback()
    {
        if (raw.sqlite3_get_autocommit(_database) == 0)
        {
            Step(_rollback);
        }
    }

    public void Insert(int partition, long offset, in GatewayMessage message, long enqueued)
    {
        var insert = _insert[partition];
        Check(raw.sqlite3_bind_int64(insert, 1, offset));
        Bind(insert, 2, message.DeviceId);
        Bind(insert, 3, message.MessageId);
        Check(raw.sqlite3_bind_int64(insert, 4, enqueued));
        Bind(insert, 5, message.Properties);
        Check(message.Body.Length == 0 ? raw.sqlite3_bind_zeroblob(insert, 6, 0) : raw.sqlite3_bind_blob(insert, 6, message.Body));
        Step(insert);
    }

    public void Dispose()
    {
        foreach (var statement in (sqlite3_stmt[])[_begin, _commit, _rollback, .. _insert])
        {
            statement.Dispose();
        }
    }

    private sqlite3_stmt Prepare(string sql)
    {
        Check(raw.sqlite3_prepare_v2(_database, sql, out var statement));
        return statement;
    }

    private void Bind(sqlite3_stmt statement, int at, string? value)
    {
        if (value is null)
        {
            Check(raw.sqlite3_bind_null(statement, at));
        }
        else if (value.Length * 3 <= _text.Length)
        {
            // SQLite copies what it is given.
            Check(raw.sqlite3_bind_text(statement, at, _text.AsSpan(0, Encoding.UTF8.GetBytes(value, _text))));
        }
        else
        {
            Check(raw.sqlite3_bind_text(statement, at, value));
        }
    }

    private void Step(sqlite3_stmt statement)
    {
        var result = raw.sqlite3_step(statement);
        // The reset says again what the step said.
        _ = raw.sqlite3_reset(statement);
        if (result != raw.SQLITE_DONE)
        {
            Check(result);
        }
    }

    private void Check(int result)
    {
        if (result != raw.SQLITE_OK)
        {
            throw new SqliteException(raw.sqlite3_errmsg(_database).utf8_to_string(), result & 0xff, result);
        }
    }
}
