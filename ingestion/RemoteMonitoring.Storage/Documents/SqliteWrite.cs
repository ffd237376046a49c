using System.Diagnostics;
using Microsoft.Data.Sqlite;

namespace RemoteMonitoring.Storage.Documents;

/// <summary>A prepared statement that writes one document after another, within a transaction.</summary>
internal sealed class SqliteWrite : IDisposable
{
    public const string OfPartition = "container = $container AND partition_key = $partition";
    public const string OfDocument = OfPartition + " AND id = $id";

    private readonly SqliteCommand _command;
    private readonly SqliteParameter _partition;
    private readonly SqliteParameter _id;
    private readonly SqliteParameter _body;
    private readonly SqliteParameter _expires;
    private readonly SqliteParameter _eTag;

    private SqliteWrite(SqliteTransaction transaction, string sql, string container, long version, string? write)
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

    /// <summary>Writes documents that are not there or say something else; what says the same keeps its version, and costs no write.</summary>
    public static SqliteWrite Upsert(SqliteTransaction transaction, string container) => new(transaction, """
        INSERT INTO documents (container, partition_key, id, body, expires, version) VALUES ($container, $partition, $id, $body, $expires, $version)
        ON CONFLICT (container, partition_key, id) DO UPDATE SET body = excluded.body, expires = excluded.expires, version = excluded.version, write = NULL
        WHERE body <> excluded.body OR expires IS NOT excluded.expires
        """, container, NextVersion(transaction), null);

    /// <summary>One operation of a transaction; false when the document is not as it must be.</summary>
    public static bool Do(DocumentOperation operation, SqliteTransaction transaction, string container, string partitionKey, long version, string? write)
    {
        const string Insert = "INSERT INTO documents (container, partition_key, id, body, expires, version, write) VALUES ($container, $partition, $id, $body, $expires, $version, $write) ON CONFLICT (container, partition_key, id) DO ";
        const string IfUnchanged = " AND ($etag IS NULL OR CAST(version AS TEXT) = $etag)";
        using var statement = new SqliteWrite(transaction, operation.Kind switch
        {
            DocumentOperationKind.Upsert => Insert + "UPDATE SET body = excluded.body, expires = excluded.expires, version = excluded.version, write = excluded.write",
            DocumentOperationKind.Create => Insert + "NOTHING",
            DocumentOperationKind.Replace => $"UPDATE documents SET body = $body, expires = $expires, version = $version, write = $write WHERE {OfDocument}{IfUnchanged}",
            DocumentOperationKind.Delete => $"DELETE FROM documents WHERE {OfDocument}{IfUnchanged}",
            _ => throw new UnreachableException(),
        }, container, version, write);
        return statement.Execute(operation.Document ?? new Document { PartitionKey = partitionKey, Id = operation.Id, Body = "" }, operation.ETag) == 1;
    }

    /// <summary>A number for the documents that a transaction writes; it never comes again, so a document deleted and made anew has another.</summary>
    public static long NextVersion(SqliteTransaction transaction)
    {
        using var command = transaction.Connection!.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = "UPDATE versions SET last = last + 1 RETURNING last";
        return (long)command.ExecuteScalar()!;
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
