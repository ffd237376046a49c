namespace RemoteMonitoring.Storage.Documents;

/// <summary>
/// The documents of a local home. Who signs in, and who looked at what, has a file of its own: a page is shown only when that is written, and in one file with the rest it
/// would wait for a night's predictions, since SQLite has one writer a file.
/// </summary>
public sealed class LocalDocuments : DocumentStore
{
    /// <summary>Name of the file of <see cref="Containers.Audit"/> and <see cref="Containers.Logins"/>.</summary>
    public const string AccessFile = "access.db";

    /// <summary>Name of the file of all other containers.</summary>
    public const string File = "documents.db";

    private readonly SqliteDocuments _documents;
    private readonly SqliteDocuments _access;

    /// <summary>Opens or makes both files in a folder; those of an older version are brought up to this one, in place.</summary>
    public LocalDocuments(string folder)
    {
        _documents = new SqliteDocuments(Path.Combine(folder, File));
        try
        {
            _access = new SqliteDocuments(Path.Combine(folder, AccessFile));
        }
        catch
        {
            _documents.DisposeAsync().AsTask().GetAwaiter().GetResult();
            throw;
        }
    }

    /// <inheritdoc />
    public override string Name => _documents.Name;

    /// <inheritdoc />
    public override double RequestUnits => 0;

    /// <inheritdoc />
    public override Task<int> UpsertAsync(string container, IReadOnlyCollection<Document> documents, CancellationToken cancellationToken) => Of(container).UpsertAsync(container, documents, cancellationToken);

    /// <inheritdoc />
    public override Task<string?> TryCreateAsync(string container, Document document, string? write, CancellationToken cancellationToken) => Of(container).TryCreateAsync(container, document, write, cancellationToken);

    /// <inheritdoc />
    public override Task<string?> TryReplaceAsync(string container, Document document, string? write, CancellationToken cancellationToken) => Of(container).TryReplaceAsync(container, document, write, cancellationToken);

    /// <inheritdoc />
    public override Task<string?> TryPatchAsync(
        string container, string partitionKey, string id, IReadOnlyCollection<DocumentChange> changes, string? eTag, string? write, CancellationToken cancellationToken) =>
        Of(container).TryPatchAsync(container, partitionKey, id, changes, eTag, write, cancellationToken);

    /// <inheritdoc />
    public override Task<bool> TryCommitAsync(string container, string partitionKey, IReadOnlyCollection<DocumentOperation> operations, string? write, CancellationToken cancellationToken) =>
        Of(container).TryCommitAsync(container, partitionKey, operations, write, cancellationToken);

    /// <inheritdoc />
    public override Task<Document?> FindAsync(string container, string partitionKey, string id, CancellationToken cancellationToken) => Of(container).FindAsync(container, partitionKey, id, cancellationToken);

    /// <inheritdoc />
    public override Task<IReadOnlyList<Document>> ListAsync(string container, string partitionKey, CancellationToken cancellationToken) => Of(container).ListAsync(container, partitionKey, cancellationToken);

    /// <inheritdoc />
    public override Task<DocumentPage> PageAsync(string container, string? after, CancellationToken cancellationToken) => Of(container).PageAsync(container, after, cancellationToken);

    /// <inheritdoc />
    public override Task<long> CountAsync(string container, CancellationToken cancellationToken) => Of(container).CountAsync(container, cancellationToken);

    /// <inheritdoc />
    public override Task<int> DeleteAsync(string container, IReadOnlyCollection<DocumentKey> keys, CancellationToken cancellationToken) => Of(container).DeleteAsync(container, keys, cancellationToken);

    /// <inheritdoc />
    public override Task<int> DeletePartitionAsync(string container, string partitionKey, CancellationToken cancellationToken) => Of(container).DeletePartitionAsync(container, partitionKey, cancellationToken);

    /// <inheritdoc />
    public override Task<int> DeleteAllAsync(string container, CancellationToken cancellationToken) => Of(container).DeleteAllAsync(container, cancellationToken);

    /// <inheritdoc />
    public override Task<int> DeleteExpiredAsync(string container, long now, CancellationToken cancellationToken) => Of(container).DeleteExpiredAsync(container, now, cancellationToken);

    /// <inheritdoc />
    public override async Task CompactAsync(CancellationToken cancellationToken)
    {
        await _documents.CompactAsync(cancellationToken);
        await _access.CompactAsync(cancellationToken);
    }

    /// <inheritdoc />
    public override async ValueTask DisposeAsync()
    {
        await _documents.DisposeAsync();
        await _access.DisposeAsync();
    }

    private SqliteDocuments Of(string container) => container is Containers.Audit or Containers.Logins ? _access : _documents;
}
