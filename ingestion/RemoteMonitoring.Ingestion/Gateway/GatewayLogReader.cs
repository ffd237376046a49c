using Microsoft.Data.Sqlite;
using RemoteMonitoring.Ingestion.Sources;

namespace RemoteMonitoring.Ingestion.Gateway;

/// <summary>
/// The read side of the log, for this process or another, while the gateway writes. What it shows has been synced. Used by
/// one thread at a time; each open one holds a connection of its own.
/// </summary>
public sealed class GatewayLogReader : IDisposable
{
    private readonly string _file;
    private readonly SqliteConnection _connection;

    /// <summary>Opens a log that is there.</summary>
    public GatewayLogReader(string file)
    {
        _file = Path.GetFullPath(file);
        _connection = GatewayLogFile.Open(_file);
        Epoch = GatewayLogFile.Epoch(_connection);
        Partitions = GatewayLogFile.Partitions(_connection);
    }

    /// <summary>Identity of the log.</summary>
    public string Epoch { get; }

    /// <summary>How many partitions it has.</summary>
    public int Partitions { get; }

    /// <summary>Offset of the first record that is still there, and the one behind the last; the same where there is none.</summary>
    public (long Begin, long End) Bounds(int partition) => Try(() => GatewayLogFile.Bounds(_connection, Checked(partition)));

    /// <summary>
    /// Records of a partition from an offset on: at most <paramref name="records"/>, and no more once their bodies make
    /// <paramref name="bytes"/>, but at least one where there is one. Erased records stand at their offsets, without content.
    /// </summary>
    public IReadOnlyList<StreamRecord> Read(int partition, long from, int records, long bytes) => Try(() =>
    {
        using var command = _connection.CreateCommand();
        command.CommandText = $"""SELECT "offset", device_id, message_id, enqueued_time, properties, body, problem FROM records_{Checked(partition)} WHERE "offset" >= $from ORDER BY "offset" LIMIT $most""";
        command.Parameters.AddWithValue("$from", from);
        command.Parameters.AddWithValue("$most", records);
        using var reader = command.ExecuteReader();
        var found = new List<StreamRecord>();
        var size = 0L;
        while (size < bytes && reader.Read())
        {
            var body = (byte[])reader[5];
            var properties = reader.IsDBNull(4) ? null : reader.GetString(4);
            size += body.Length + (2L * (properties?.Length ?? 0));
            found.Add(new StreamRecord
            {
                Offset = reader.GetInt64(0),
                DeviceId = reader.GetString(1),
                MessageId = reader.IsDBNull(2) ? null : reader.GetString(2),
                EnqueuedTime = reader.GetInt64(3),
                Properties = properties,
                Body = body,
                Problem = reader.IsDBNull(6) ? null : reader.GetString(6),
            });
        }

        return found;
    });

    /// <summary>Notes that a partition has landed up to an offset (exclusive) at an instant, Unix microseconds: advice for <see cref="TrimLanded"/>.</summary>
    public void Landed(int partition, long next, long at) => Try(() =>
    {
        using var command = _connection.CreateCommand();
        command.CommandText = "INSERT INTO landed (partition, at, next) VALUES ($partition, $at, $next) ON CONFLICT (partition, at) DO UPDATE SET next = max(next, excluded.next)";
        command.Parameters.AddWithValue("$partition", Checked(partition));
        command.Parameters.AddWithValue("$at", at);
        command.Parameters.AddWithValue("$next", next);
        return command.ExecuteNonQuery();
    });

    /// <summary>Deletes the records of a partition that had landed at or before an instant, Unix microseconds.</summary>
    /// <returns>How many were deleted.</returns>
    public Task<int> TrimLanded(int partition, long at, CancellationToken cancellationToken)
    {
        var before = Try(() =>
        {
            using var command = _connection.CreateCommand();
            command.CommandText = "SELECT max(next) FROM landed WHERE partition = $partition AND at <= $at";
            command.Parameters.AddWithValue("$partition", Checked(partition));
            command.Parameters.AddWithValue("$at", at);
            return command.ExecuteScalar() as long?;
        });
        if (before is null)
        {
            return Task.FromResult(0);
        }

        // The latest of the old notes stays: it says how far landing had come then.
        Try(() =>
        {
            using var command = _connection.CreateCommand();
            command.CommandText = "DELETE FROM landed WHERE partition = $partition AND at < (SELECT max(at) FROM landed WHERE partition = $partition AND at <= $at)";
            command.Parameters.AddWithValue("$partition", partition);
            command.Parameters.AddWithValue("$at", at);
            return command.ExecuteNonQuery();
        });
        return TrimAsync(partition, before.Value, cancellationToken);
    }

    /// <summary>
    /// Deletes the records of a partition before an offset, bit by bit, so that the gateway writes on meanwhile. Offsets never
    /// come back: an emptied partition goes on where it ended.
    /// </summary>
    /// <returns>How many were deleted.</returns>
    public async Task<int> TrimAsync(int partition, long before, CancellationToken cancellationToken)
    {
        const int AtOnce = 2000;
        var deleted = 0;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var some = Try(() => TrimSome(Checked(partition), before, AtOnce));
            deleted += some;
            if (some < AtOnce)
            {
                return deleted;
            }

            await Task.Yield();
        }
    }

    /// <inheritdoc />
    public void Dispose() => _connection.Dispose();

    private int TrimSome(int partition, long before, int most)
    {
        using var transaction = _connection.BeginTransaction(deferred: false);
        var end = Math.Min(before, GatewayLogFile.Bounds(_connection, partition).End);
        using var delete = _connection.CreateCommand();
        delete.Transaction = transaction;
        delete.CommandText = $"""
            DELETE FROM records_{partition} WHERE "offset" < $before AND "offset" IN (SELECT "offset" FROM records_{partition} ORDER BY "offset" LIMIT $most);
            """;
        delete.Parameters.AddWithValue("$before", end);
        delete.Parameters.AddWithValue("$most", most);
        var deleted = delete.ExecuteNonQuery();
        using var begin = _connection.CreateCommand();
        begin.Transaction = transaction;
        begin.CommandText = $"""
            UPDATE partitions SET begin = max(begin, coalesce((SELECT min("offset") FROM records_{partition}), $end)) WHERE partition = $partition
            """;
        begin.Parameters.AddWithValue("$end", end);
        begin.Parameters.AddWithValue("$partition", partition);
        begin.ExecuteNonQuery();
        transaction.Commit();
        return deleted;
    }

    private int Checked(int partition)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(partition);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(partition, Partitions);
        return partition;
    }

    private T Try<T>(Func<T> work) => GatewayLogFile.Try(_file, work);
}
