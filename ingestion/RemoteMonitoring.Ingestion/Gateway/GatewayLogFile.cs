using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Ingestion.Gateway;

/// <summary>
/// The SQLite file of the log: one table of records a partition, so that each grows only at its end. What SQLite shows to a
/// reader in its write-ahead log has been synced before (<c>synchronous = FULL</c>).
/// </summary>
internal static class GatewayLogFile
{
    public const int SchemaVersion = 1;

    /// <summary>What <see cref="Sources.StreamRecord.Problem"/> says of a record that was erased.</summary>
    public const string Redacted = "redacted";

    private const int MostPartitions = 64;

    /// <summary>Opens the file, making it where it is not there.</summary>
    public static SqliteConnection OpenOrCreate(string file, int partitions)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(partitions, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(partitions, MostPartitions);
        PrivateFile.Create(file);
        return Try(file, () =>
        {
            var connection = Connect(file, SqliteOpenMode.ReadWriteCreate);
            try
            {
                Execute(connection, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = 4000;");
                using var transaction = connection.BeginTransaction(deferred: false);
                Execute(connection, "CREATE TABLE IF NOT EXISTS log (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;");
                if (Setting(connection, "epoch") is null)
                {
                    Execute(connection, Schema(partitions));
                }

                transaction.Commit();
                Check(connection, file);
                return connection;
            }
            catch
            {
                connection.Dispose();
                throw;
            }
        });
    }

    /// <summary>Opens a file that is there.</summary>
    public static SqliteConnection Open(string file) => Try(file, () =>
    {
        if (!File.Exists(file))
        {
            throw new LakeException($"{file}: there is no gateway log. Start 'rmon gateway' once.");
        }

        var connection = Connect(file, SqliteOpenMode.ReadWrite);
        try
        {
            Execute(connection, "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;");
            Check(connection, file);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    });

    public static string Epoch(SqliteConnection connection) => Setting(connection, "epoch")!;

    public static int Partitions(SqliteConnection connection) => int.Parse(Setting(connection, "partitions")!, CultureInfo.InvariantCulture);

    /// <summary>Offsets of a partition: those of its first record, and one behind its last; both the same where it has none.</summary>
    public static (long Begin, long End) Bounds(SqliteConnection connection, int partition)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"""
            SELECT (SELECT min("offset") FROM records_{partition}), (SELECT max("offset") FROM records_{partition}),
                   (SELECT begin FROM partitions WHERE partition = {partition})
            """;
        using var reader = command.ExecuteReader();
        reader.Read();
        var trimmed = reader.GetInt64(2);
        return reader.IsDBNull(1) ? (trimmed, trimmed) : (Math.Max(trimmed, reader.GetInt64(0)), Math.Max(trimmed, reader.GetInt64(1) + 1));
    }

    public static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    /// <summary>Runs, and turns what SQLite complains of into one line that names the file.</summary>
    public static T Try<T>(string file, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (SqliteException e)
        {
            throw new LakeException($"{file}: the gateway log cannot be used ({Cause(e)}).", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LakeException($"{file}: the gateway log cannot be used ({e.Message})", e);
        }
    }

    public static string Cause(SqliteException e) => e.SqliteErrorCode switch
    {
        13 => "the disk is full",
        11 or 26 => "it is damaged, or is no SQLite file",
        5 or 6 => "another process holds it",
        _ => e.Message,
    };

    private static SqliteConnection Connect(string file, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Mode = mode, DefaultTimeout = 30, Pooling = false }.ToString());
        connection.Open();
        return connection;
    }

    private static void Check(SqliteConnection connection, string file)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM sqlite_master WHERE name IN ('log', 'partitions', 'landed', 'records_0')";
        if ((long)command.ExecuteScalar()! != 4)
        {
            throw new LakeException($"{file}: is no gateway log of this program. Restore it, or move it away to begin a new one.");
        }

        var version = Setting(connection, "schema_version");
        if (version != SchemaVersion.ToString(CultureInfo.InvariantCulture))
        {
            throw new LakeException($"{file}: was written by another version of the program (schema {version}, this one knows {SchemaVersion}).");
        }
    }

    private static string? Setting(SqliteConnection connection, string name)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT value FROM log WHERE name = $name";
        command.Parameters.AddWithValue("$name", name);
        return (string?)command.ExecuteScalar();
    }

    private static string Schema(int partitions)
    {
        var epoch = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
        var tables = Enumerable.Range(0, partitions).Select(p => $"""
            CREATE TABLE records_{p} (
                "offset" INTEGER PRIMARY KEY,
                device_id TEXT NOT NULL,
                message_id TEXT,
                enqueued_time INTEGER NOT NULL,
                properties TEXT,
                body BLOB NOT NULL,
                problem TEXT
            );
            INSERT INTO partitions (partition, begin) VALUES ({p}, 0);
            """);
        return $"""
            INSERT INTO log (name, value) VALUES ('schema_version', '{SchemaVersion}'), ('epoch', '{epoch}'), ('partitions', '{partitions}');
            CREATE TABLE partitions (partition INTEGER PRIMARY KEY, begin INTEGER NOT NULL);
            CREATE TABLE landed (partition INTEGER NOT NULL, at INTEGER NOT NULL, next INTEGER NOT NULL, PRIMARY KEY (partition, at)) WITHOUT ROWID;
            {string.Concat(tables)}
            """;
    }
}
