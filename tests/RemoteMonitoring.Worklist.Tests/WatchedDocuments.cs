using RemoteMonitoring.Storage.Documents;

namespace RemoteMonitoring.Worklist.Tests;

/// <summary>Documents before whose reading and creating something else can happen.</summary>
internal sealed class WatchedDocuments(DocumentStore inner) : DocumentStore
{
    /// <summary>Called with the name of the call and the container; null for nothing.</summary>
    public Func<string, string, Task>? Before { get; set; }

    public override string Name => inner.Name;

    public override double RequestUnits => inner.RequestUnits;

    public override async Task<string?> TryCreateAsync(string container, Document document, string? write, CancellationToken cancellationToken)
    {
        await (Before?.Invoke(nameof(TryCreateAsync), container) ?? Task.CompletedTask);
        return await inner.TryCreateAsync(container, document, write, cancellationToken);
    }

    public override Task<int> UpsertAsync(string container, IReadOnlyCollection<Document> documents, CancellationToken cancellationToken) => inner.UpsertAsync(container, documents, cancellationToken);

    public override Task<string?> TryReplaceAsync(string container, Document document, string? write, CancellationToken cancellationToken) => inner.TryReplaceAsync(container, document, write, cancellationToken);

    public override Task<string?> TryPatchAsync(string container, string partitionKey, string id, IReadOnlyCollection<DocumentChange> changes, string? eTag, string? write, CancellationToken cancellationToken) =>
        inner.TryPatchAsync(container, partitionKey, id, changes, eTag, write, cancellationToken);

    public override Task<bool> TryCommitAsync(string container, string partitionKey, IReadOnlyCollection<DocumentOperation> operations, string? write, CancellationToken cancellationToken) =>
        inner.TryCommitAsync(container, partitionKey, operations, write, cancellationToken);

    public override async Task<Document?> FindAsync(string container, string partitionKey, string id, CancellationToken cancellationToken)
    {
        await (Before?.Invoke(nameof(FindAsync), container) ?? Task.CompletedTask);
        return await inner.FindAsync(container, partitionKey, id, cancellationToken);
    }

    public override async Task<IReadOnlyList<Document>> ListAsync(string container, string partitionKey, CancellationToken cancellationToken)
    {
        await (Before?.Invoke(nameof(ListAsync), container) ?? Task.CompletedTask);
        return await inner.ListAsync(container, partitionKey, cancellationToken);
    }

    public override Task<DocumentPage> PageAsync(string container, string? after, CancellationToken cancellationToken) => inner.PageAsync(container, after, cancellationToken);

    public override Task<long> CountAsync(string container, CancellationToken cancellationToken) => inner.CountAsync(container, cancellationToken);

    public override Task<int> DeleteAsync(string container, IReadOnlyCollection<DocumentKey> keys, CancellationToken cancellationToken) => inner.DeleteAsync(container, keys, cancellationToken);

    public override Task<int> DeletePartitionAsync(string container, string partitionKey, CancellationToken cancellationToken) => inner.DeletePartitionAsync(container, partitionKey, cancellationToken);

    public override Task<int> DeleteAllAsync(string container, CancellationToken cancellationToken) => inner.DeleteAllAsync(container, cancellationToken);

    public override Task<int> DeleteExpiredAsync(string container, long now, CancellationToken cancellationToken) => inner.DeleteExpiredAsync(container, now, cancellationToken);

    public override ValueTask DisposeAsync() => inner.DisposeAsync();
}
