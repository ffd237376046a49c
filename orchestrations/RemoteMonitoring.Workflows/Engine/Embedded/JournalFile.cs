using Microsoft.Data.Sqlite;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Workflows.Engine.Embedded;

/// <summary>
/// The SQLite file of a home's workflows: instances, their histories, and what is outstanding. What is committed has been synced
/// (<c>synchronous = FULL</c>); several processes may have it open.
/// </summary>
internal static class JournalFile
{
    public const int SchemaVersion = 1;

    // A history is found by its instance, and grows at its end. What is outstanding has tables of its own, so that nobody has to
    // read a history to know it; they are empty when all instances have ended.
    private const string Schema = """
        CREATE TABLE instances (
            number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, workflow TEXT NOT NULL, status INTEGER NOT NULL,
            generation INTEGER NOT NULL, length INTEGER NOT NULL, parent INTEGER, parent_generation INTEGER, parent_task INTEGER,
            input TEXT NOT NULL, output TEXT, failure TEXT, custom_status TEXT, created INTEGER NOT NULL, updated INTEGER NOT NULL,
            owner TEXT, fence INTEGER NOT NULL DEFAULT 0);
        CREATE INDEX instances_running ON instances (owner) WHERE status = 0;
        CREATE INDEX instances_called ON instances (parent) WHERE parent IS NOT NULL;
        CREATE INDEX instances_ended ON instances (updated) WHERE status <> 0 AND parent IS NULL;
        CREATE TABLE history (
            instance INTEGER NOT NULL, sequence INTEGER NOT NULL, kind INTEGER NOT NULL, task INTEGER NOT NULL, name TEXT, payload TEXT,
            at INTEGER NOT NULL, PRIMARY KEY (instance, sequence)) WITHOUT ROWID;
        CREATE TABLE activities (
            instance INTEGER NOT NULL, task INTEGER NOT NULL, sequence INTEGER NOT NULL, owner TEXT, PRIMARY KEY (instance, task)) WITHOUT ROWID;
        CREATE TABLE timers (instance INTEGER NOT NULL, task INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (instance, task)) WITHOUT ROWID;
        CREATE INDEX timers_due ON timers (at);
        CREATE TABLE inbox (number INTEGER PRIMARY KEY AUTOINCREMENT, instance INTEGER NOT NULL, generation INTEGER NOT NULL, kind INTEGER NOT NULL, task INTEGER NOT NULL, name TEXT, payload TEXT);
        CREATE INDEX inbox_of ON inbox (instance);
        CREATE TABLE workers (id TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
        """;

    /// <summary>Opens the file, making it where it is not there. A damaged one, or one of a newer program, throws <see cref="LakeException"/>.</summary>
    /// <param name="file">The file.</param>
    /// <param name="patience">How long to wait for others who write, in seconds.</param>
    public static SqliteConnection Open(string file, int patience = 30)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Pooling = false, DefaultTimeout = patience }.ToString());
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
            connection.Open();
            Execute(connection, $"PRAGMA busy_timeout = {patience * 1000}; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;");
            if (Version(connection) == 0)
            {
                using var transaction = connection.BeginTransaction(deferred: false);
                if (Version(connection) == 0) // nobody else was faster
                {
                    Execute(connection, $"{Schema} PRAGMA user_version = {SchemaVersion};");
                }

                transaction.Commit();
            }

            return Version(connection) is var version and > SchemaVersion
                ? throw new LakeException($"{file}: has layout version {version}; this program reads up to {SchemaVersion}: update it.")
                : connection;
        }
        catch (Exception e)
        {
            connection.Dispose();
            throw e is SqliteException or IOException or UnauthorizedAccessException
                ? new LakeException($"{file}: cannot be used as the journal of workflows ({e.Message})", e)
                : e;
        }
    }

    /// <summary>Gives what deleted rows left free back to the disk, a little at a time, so that nobody waits long.</summary>
    public static void Shrink(SqliteConnection connection)
    {
        for (long before = long.MaxValue, free; (free = Number(connection, "PRAGMA freelist_count")) > 0 && free < before; before = free)
        {
            Execute(connection, "PRAGMA incremental_vacuum(4000)");
        }

        Execute(connection, "PRAGMA wal_checkpoint(PASSIVE)");
    }

    /// <summary>
    /// Writes the file anew and cuts its journal, so that no bytes of deleted rows are left in either; waits for others who read or write, and throws
    /// <see cref="LakeException"/> where something keeps reading it.
    /// </summary>
    public static async Task RewriteAsync(SqliteConnection connection, TimeProvider time, CancellationToken cancellationToken, int attempts = 300)
    {
        Execute(connection, "VACUUM");
        Execute(connection, "PRAGMA busy_timeout = 100");
        for (var attempt = 1; Number(connection, "PRAGMA wal_checkpoint(TRUNCATE)") != 0; attempt++)
        {
            if (attempt >= attempts)
            {
                throw new LakeException($"{connection.DataSource}: old bytes may be left in its journal, because something keeps reading it. Stop what reads it, and run again.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), time, cancellationToken);
        }
    }

    private static long Version(SqliteConnection connection) => Number(connection, "PRAGMA user_version");

    private static long Number(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (long)command.ExecuteScalar()!;
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
