using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace RemoteMonitoring.Storage.Documents;

/// <summary>
/// Connections that only read a local document store. The file is write-ahead logged, so who reads sees what was committed last and waits
/// for no writer: a page is answered while a night writes its predictions.
/// </summary>
internal sealed class SqliteReaders(string file) : IDisposable
{
    private const int Most = 4;

    private readonly string _connection =
        new SqliteConnectionStringBuilder { DataSource = file, Mode = SqliteOpenMode.ReadOnly, DefaultTimeout = SqliteDocuments.SecondsOfWaiting, Pooling = false }.ToString();

    private readonly SemaphoreSlim _turns = new(Most);
    private readonly ConcurrentBag<SqliteConnection> _idle = [];

    /// <summary>Runs a query on one of them.</summary>
    public async Task<T> RunAsync<T>(Func<SqliteConnection, T> query, CancellationToken cancellationToken)
    {
        await _turns.WaitAsync(cancellationToken);
        try
        {
            var connection = _idle.TryTake(out var idle) ? idle : Open();
            try
            {
                return query(connection);
            }
            finally
            {
                _idle.Add(connection);
            }
        }
        finally
        {
            _turns.Release();
        }
    }

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var connection in _idle)
        {
            connection.Dispose();
        }

        _turns.Dispose();
    }

    private SqliteConnection Open()
    {
        var connection = new SqliteConnection(_connection);
        try
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA cache_size = -16384";
            command.ExecuteNonQuery();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}
