using RemoteMonitoring.Storage.Documents;

namespace RemoteMonitoring.FlakyStores;

/// <summary>A document store that is another, but for calls that fail.</summary>
internal sealed class FlakyDocuments(DocumentStore store, Faults faults) : DocumentStore
{
    public override string Name => store.Name;

    public override double RequestUnits => store.RequestUnits;

    public override Task<int> UpsertAsync(string container, IReadOnlyCollection<Document> documents, CancellationToken cancellationToken) =>
        faults.CallAsync(Name, () => store.UpsertAsync(container, documents, cancellationToken));

    public override Task<string?> TryCreateAsync(string container, Document document, string? write, CancellationToken cancellationToken) =>
        faults.CallAsync(Name, () => store.TryCreateAsync(container, document, write, cancellationToken));

    public override Task<string?> TryReplaceAsync(string container, Document document, string? write, CancellationToken cancellationToken) =>
        faults.CallAsync(Name, () => store.TryReplaceAsync(container, document, write, cancellationToken));

    public override Task<string?> TryPatchAsync(
        string container, string partitionKey, string id, IReadOnlyCollection<DocumentChange> changes, string? eTag, string? write, CancellationToken cancellationToken) =>
        faults.CallAsync(Name, () => store.TryPatchAsync(container, partitionKey, id, changes, eTag, write, cancellationToken));

    public override Task<bool> TryCommitAsync(
        string container, string partitionKey, IReadOnlyCollection<DocumentOperation> operations, string? write, CancellationToken cancellationToken) =>
        faults.CallAsync(Name, () => store.TryCommitAsync(container, partitionKey, operations, write, cancellationToken));

    public override Task<Document?> FindAsync(string container, string partitionKey, string id, CancellationToken cancellationToken) =>
        faults.CallAsync(Name, () => store.FindAsync(container, partitionKey, id, cancellationToken));

    public override Task<IReadOnlyList<Document>> ListAsync(string container, string partitionKey, CancellationToken cancellationToken) =>
        faults.CallAsync(Name, () => store.ListAsync(container, partitionKey, cancellationToken));

    public override Task<DocumentPage> PageAsync(string container, string? after, CancellationToken cancellationToken) =>
        faults.CallAsync(Name, () => store.PageAsync(container, after, cancellationToken));

    public override Task<long> CountAsync(string container, CancellationToken cancellationToken) => faults.CallAsync(Name, () => store.CountAsync(container, cancellationToken));

    public override Task<int> DeleteAsync(string container, IReadOnlyCollection<DocumentKey> keys, CancellationToken cancellationToken) =>
        faults.CallAsync(Name, () => store.DeleteAsync(container, keys, cancellationToken));

    public override Task<int> DeletePartitionAsync(string container, string partitionKey, CancellationToken cancellationToken) =>
        faults.CallAsync(Name, () => store.DeletePartitionAsync(container, partitionKey, cancellationToken));

    public override Task<int> DeleteAllAsync(string container, CancellationToken cancellationToken) => faults.CallAsync(Name, () => store.DeleteAllAsync(container, cancellationToken));

    public override Task<int> DeleteExpiredAsync(string container, long now, CancellationToken cancellationToken) =>
        faults.CallAsync(Name, () => store.DeleteExpiredAsync(container, now, cancellationToken));

    public override Task CompactAsync(CancellationToken cancellationToken) => faults.CallAsync(Name, async () =>
    {
        await store.CompactAsync(cancellationToken);
        return true;
    });

    public override ValueTask DisposeAsync() => store.DisposeAsync();
}
