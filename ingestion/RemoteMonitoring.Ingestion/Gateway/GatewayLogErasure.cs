using Microsoft.Data.Sqlite;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Ingestion.Gateway;

/// <summary>
/// Erases messages of devices from the log. Offsets stay, as records without device, message id, properties or body whose
/// problem is <c>redacted</c>; the file is rewritten and its journal cut, so that the old bytes are in neither.
/// </summary>
public static class GatewayLogErasure
{
    private const string Blank = $"device_id = '', message_id = NULL, properties = NULL, body = x'', problem = '{GatewayLogFile.Redacted}'";

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Erases what these devices sent from <paramref name="from"/> on and before <paramref name="before"/> (enqueued times,
    /// Unix microseconds). May run beside the gateway, whose appends wait while the file is rewritten. Running it again
    /// finishes what a crash left half done.
    /// </summary>
    /// <returns>How many records were erased.</returns>
    public static async Task<int> EraseAsync(
        string file, IReadOnlyCollection<string> deviceIds, long from, long before, TimeProvider time, CancellationToken cancellationToken)
    {
        file = Path.GetFullPath(file);
        using var connection = GatewayLogFile.Open(file);
        var erased = GatewayLogFile.Try(file, () =>
        {
            using var transaction = connection.BeginTransaction(deferred: false);
            var count = Enumerable.Range(0, GatewayLogFile.Partitions(connection)).Sum(p => Redact(transaction, p, deviceIds, from, before));
            transaction.Commit();
            return count;
        });
        await RewriteAsync(file, connection, time, cancellationToken);
        return erased;
    }

    /// <summary>
    /// Erases these records, or where a body is given leaves them with that. Beside the gateway, and again after a crash, as
    /// above: the file is rewritten even where no record is named, in case one who was killed did not come to it.
    /// </summary>
    public static async Task EraseAsync(
        string file, IReadOnlyCollection<(int Partition, long Offset, ReadOnlyMemory<byte>? Body)> records, TimeProvider time, CancellationToken cancellationToken)
    {
        file = Path.GetFullPath(file);
        using var connection = GatewayLogFile.Open(file);
        GatewayLogFile.Try(file, () =>
        {
            using var transaction = connection.BeginTransaction(deferred: false);
            foreach (var (partition, offset, body) in records)
            {
                using var command = connection.CreateCommand();
                command.Transaction = transaction;
                var set = body is null ? Blank : "body = $body";
                command.CommandText = $"""UPDATE records_{partition} SET {set} WHERE "offset" = $offset""";
                command.Parameters.AddWithValue("$offset", offset);
                command.Parameters.AddWithValue("$body", body?.ToArray() ?? []);
                command.ExecuteNonQuery();
            }

            transaction.Commit();
            return 0;
        });
        await RewriteAsync(file, connection, time, cancellationToken);
    }

    private static async Task RewriteAsync(string file, SqliteConnection connection, TimeProvider time, CancellationToken cancellationToken)
    {
        GatewayLogFile.Try(file, () =>
        {
            GatewayLogFile.Execute(connection, "VACUUM");
            return 0;
        });
        // A reader in the middle of a query keeps the journal from being cut; queries are short.
        var deadline = time.GetUtcNow() + TimeSpan.FromMinutes(1);
        while (!GatewayLogFile.Try(file, () => TryCutJournal(connection)))
        {
            if (time.GetUtcNow() > deadline)
            {
                throw new LakeException($"{file}: the records are erased, but old bytes may be left in its journal, because something keeps reading it. Stop what reads the log, and run the erasure again.");
            }

            await Task.Delay(s_pause, time, cancellationToken);
        }
    }

    private static int Redact(SqliteTransaction transaction, int partition, IReadOnlyCollection<string> deviceIds, long from, long before)
    {
        using var command = transaction.Connection!.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = $"""
            UPDATE records_{partition} SET {Blank}
            WHERE device_id = $device AND enqueued_time >= $from AND enqueued_time < $before
            """;
        var device = command.Parameters.Add("$device", SqliteType.Text);
        command.Parameters.AddWithValue("$from", from);
        command.Parameters.AddWithValue("$before", before);
        return deviceIds.Sum(id =>
        {
            device.Value = id;
            return command.ExecuteNonQuery();
        });
    }

    private static bool TryCutJournal(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "PRAGMA wal_checkpoint(TRUNCATE)";
        using var reader = command.ExecuteReader();
        return reader.Read() && reader.GetInt64(0) == 0;
    }
}
