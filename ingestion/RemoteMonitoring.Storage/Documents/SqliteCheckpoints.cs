using Microsoft.Data.Sqlite;

namespace RemoteMonitoring.Storage.Documents;

/// <summary>
/// Brings what is in the journal of a local document store into its file, on a connection of its own and beside those who write. A commit then
/// costs the sync of the journal and no more: else now and then one would write thousands of pages first, and all others would wait for it.
/// </summary>
internal sealed class SqliteCheckpoints(string file) : IAsyncDisposable
{
    /// <summary>Bytes of the journal that are worth it; it is cut to as many when it begins anew.</summary>
    public const long JournalBytes = 4 << 20;

    /// <summary>Pages of the journal after which who writes does it at last: where this one never comes to an end, or fails.</summary>
    public const int MostPages = 16_384;

    private readonly FileInfo _journal = new(file + "-wal");
    private SqliteConnection? _connection;
    private Task _underWay = Task.CompletedTask;

    /// <summary>To be told of each commit, by one task at a time.</summary>
    public void Committed()
    {
        _journal.Refresh();
        if (_underWay.IsCompleted && _journal is { Exists: true, Length: > JournalBytes })
        {
            _underWay = Task.Run(Run);
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await _underWay;
        _connection?.Dispose();
    }

    private void Run()
    {
        try
        {
            if (_connection is null)
            {
                var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Mode = SqliteOpenMode.ReadWrite, Pooling = false }.ToString());
                connection.Open();
                _connection = connection;
            }

            using var command = _connection.CreateCommand();
            command.CommandText = "PRAGMA wal_checkpoint(PASSIVE)";
            command.ExecuteNonQuery();
        }
        catch (SqliteException)
        {
            // Nothing is lost: the journal has it all. The next commit has it tried again, and who writes fails where it cannot be done.
        }
    }
}
