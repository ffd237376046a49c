using System.Globalization;
using Microsoft.Data.Sqlite;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Storage.Documents;

/// <summary>The tables of a local document store, made or brought up to this version when it is opened.</summary>
internal static class SqliteDocumentsSchema
{
    // 0: nothing, or documents without versions, as written before versions were counted. 2: writings without names.
    private const long WithVersions = 2;
    public const long Current = 3;

    public static void Prepare(SqliteConnection connection)
    {
        // secure_delete: what is deleted is overwritten, also in free pages; it is told for each connection.
        // busy_timeout: SQLite looks again after a millisecond, then less and less often; without it the driver does, every 150.
        Execute(connection, null, string.Create(CultureInfo.InvariantCulture, $"""
            PRAGMA busy_timeout = 5000;
            PRAGMA journal_mode = WAL;
            PRAGMA synchronous = FULL;
            PRAGMA cache_size = -65536;
            PRAGMA secure_delete = ON;
            PRAGMA wal_autocheckpoint = {SqliteCheckpoints.MostPages};
            PRAGMA journal_size_limit = {SqliteCheckpoints.JournalBytes};
            """));
        if (Version(connection, null) == Current)
        {
            return;
        }

        using var transaction = connection.BeginTransaction();
        // Asked again inside: another process may have been first.
        var version = Version(connection, transaction);
        if (version > Current)
        {
            throw new LakeException($"{connection.DataSource}: was written by a later version of this program (schema {version}; this one knows {Current}). Update the program.");
        }

        if (version < WithVersions)
        {
            Execute(connection, transaction, """
                CREATE TABLE IF NOT EXISTS documents (
                    container TEXT NOT NULL,
                    partition_key TEXT NOT NULL,
                    id TEXT NOT NULL,
                    body TEXT NOT NULL,
                    expires INTEGER,
                    PRIMARY KEY (container, partition_key, id)
                ) WITHOUT ROWID;
                ALTER TABLE documents ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
                CREATE INDEX documents_expires ON documents (container, expires) WHERE expires IS NOT NULL;
                CREATE TABLE versions (last INTEGER NOT NULL);
                INSERT INTO versions VALUES (0);
                """);
        }

        if (version < Current)
        {
            Execute(connection, transaction, "ALTER TABLE documents ADD COLUMN write TEXT");
            Execute(connection, transaction, string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {Current}"));
        }

        transaction.Commit();
    }

    private static long Version(SqliteConnection connection, SqliteTransaction? transaction)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "PRAGMA user_version";
        return (long)command.ExecuteScalar()!;
    }

    private static void Execute(SqliteConnection connection, SqliteTransaction? transaction, string sql)
    {
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
