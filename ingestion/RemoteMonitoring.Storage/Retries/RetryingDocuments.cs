using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Storage.Retries;

/// <summary>
/// A document store that asks another again when a fault may pass by itself (<see cref="LakeException.IsTransient"/>), as often as
/// <see cref="RetryOptions"/> say; then the last fault is thrown. A call that failed may have been done all the same, its reply lost: a conditional
/// one knows its own writing again by <see cref="Document.Write"/>. Only where somebody wrote over that or deleted it in the meantime it answers as if it had
/// come too late: who counts in a document, or takes a thing once, must bear that. Closing it closes the store behind.
/// </summary>
/// <param name="store">The store behind.</param>
/// <param name="options">How often, and after what pauses.</param>
/// <param name="time">Clock of the pauses; default the system's.</param>
public sealed class RetryingDocuments(DocumentStore store, RetryOptions options, TimeProvider? time = null) : DocumentStore
{
    private readonly RetryLoop _loop = new(options, time ?? TimeProvider.System);

    /// <inheritdoc />
    public override string Name => store.Name;

    /// <inheritdoc />
    public override double RequestUnits => store.RequestUnits;

    /// <summary>As of any store; after a fault all are written again, over what others wrote in the meantime too.</summary>
    /// <inheritdoc />
    public override Task<int> UpsertAsync(string container, IReadOnlyCollection<Document> documents, CancellationToken cancellationToken) =>
        _loop.RunAsync(container, _ => store.UpsertAsync(container, documents, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override Task<string?> TryCreateAsync(string container, Document document, string? write, CancellationToken cancellationToken)
    {
        var own = write ?? NewWrite();
        return _loop.RunAsync(
            document.Id,
            async inDoubt => (inDoubt ? await OwnAsync(container, document.PartitionKey, document.Id, own, cancellationToken) : null)
                ?? await store.TryCreateAsync(container, document, own, cancellationToken),
            cancellationToken);
    }

    /// <inheritdoc />
    public override Task<string?> TryReplaceAsync(string container, Document document, string? write, CancellationToken cancellationToken)
    {
        var own = write ?? NewWrite();
        return _loop.RunAsync(
            document.Id,
            async inDoubt => (inDoubt ? await OwnAsync(container, document.PartitionKey, document.Id, own, cancellationToken) : null)
                ?? await store.TryReplaceAsync(container, document, own, cancellationToken),
            cancellationToken);
    }

    /// <summary>As of any store; after a fault, and without an ETag, the members are set again, over what others set them to in the meantime too.</summary>
    /// <inheritdoc />
    public override Task<string?> TryPatchAsync(
        string container, string partitionKey, string id, IReadOnlyCollection<DocumentChange> changes, string? eTag, string? write, CancellationToken cancellationToken)
    {
        var own = write ?? NewWrite();
        return _loop.RunAsync(
            id,
            async inDoubt => (inDoubt ? await OwnAsync(container, partitionKey, id, own, cancellationToken) : null)
                ?? await store.TryPatchAsync(container, partitionKey, id, changes, eTag, own, cancellationToken),
            cancellationToken);
    }

    /// <summary>
    /// As of any store. One that only deletes asks first whether its documents are there: it was done when none of them is any more, so that of two
    /// that delete the same at the same time both may be told so.
    /// </summary>
    /// <inheritdoc />
    public override async Task<bool> TryCommitAsync(
        string container, string partitionKey, IReadOnlyCollection<DocumentOperation> operations, string? write, CancellationToken cancellationToken)
    {
        Check(partitionKey, operations);
        var own = write ?? NewWrite();
        var written = operations.FirstOrDefault(o => o.Document is not null);
        if (written is null && !await AllAsync(operations, async o => await FindAsync(container, partitionKey, o.Id, cancellationToken) is { } there && (o.ETag ?? there.ETag) == there.ETag))
        {
            return false;
        }

        return await _loop.RunAsync(partitionKey, async inDoubt => (inDoubt && await WasDoneAsync()) || await store.TryCommitAsync(container, partitionKey, operations, own, cancellationToken), cancellationToken);

        async Task<bool> WasDoneAsync() => written is not null
            ? await OwnAsync(container, partitionKey, written.Id, own, cancellationToken) is not null
            : await AllAsync(operations, async o => await store.FindAsync(container, partitionKey, o.Id, cancellationToken) is null);
    }

    /// <inheritdoc />
    public override Task<Document?> FindAsync(string container, string partitionKey, string id, CancellationToken cancellationToken) =>
        _loop.RunAsync(id, _ => store.FindAsync(container, partitionKey, id, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override Task<IReadOnlyList<Document>> ListAsync(string container, string partitionKey, CancellationToken cancellationToken) =>
        _loop.RunAsync(partitionKey, _ => store.ListAsync(container, partitionKey, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override Task<DocumentPage> PageAsync(string container, string? after, CancellationToken cancellationToken) =>
        _loop.RunAsync(container, _ => store.PageAsync(container, after, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override Task<long> CountAsync(string container, CancellationToken cancellationToken) =>
        _loop.RunAsync(container, _ => store.CountAsync(container, cancellationToken), cancellationToken);

    /// <summary>As of any store; those that an attempt deleted whose reply was lost are not counted.</summary>
    /// <inheritdoc />
    public override Task<int> DeleteAsync(string container, IReadOnlyCollection<DocumentKey> keys, CancellationToken cancellationToken) =>
        _loop.RunAsync(container, _ => store.DeleteAsync(container, keys, cancellationToken), cancellationToken);

    /// <summary>As of any store; those that an attempt deleted whose reply was lost are not counted.</summary>
    /// <inheritdoc />
    public override Task<int> DeletePartitionAsync(string container, string partitionKey, CancellationToken cancellationToken) =>
        _loop.RunAsync(partitionKey, _ => store.DeletePartitionAsync(container, partitionKey, cancellationToken), cancellationToken);

    /// <summary>As of any store; those that an attempt deleted whose reply was lost are not counted.</summary>
    /// <inheritdoc />
    public override Task<int> DeleteAllAsync(string container, CancellationToken cancellationToken) =>
        _loop.RunAsync(container, _ => store.DeleteAllAsync(container, cancellationToken), cancellationToken);

    /// <summary>As of any store; those that an attempt deleted whose reply was lost are not counted.</summary>
    /// <inheritdoc />
    public override Task<int> DeleteExpiredAsync(string container, long now, CancellationToken cancellationToken) =>
        _loop.RunAsync(container, _ => store.DeleteExpiredAsync(container, now, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override Task CompactAsync(CancellationToken cancellationToken) => _loop.RunAsync(Name, async _ =>
    {
        await store.CompactAsync(cancellationToken);
        return true;
    }, cancellationToken);

    /// <inheritdoc />
    public override ValueTask DisposeAsync() => store.DisposeAsync();

    private async Task<string?> OwnAsync(string container, string partitionKey, string id, string write, CancellationToken cancellationToken) =>
        await store.FindAsync(container, partitionKey, id, cancellationToken) is { } there && there.Write == write ? there.ETag : null;

    private static async Task<bool> AllAsync(IEnumerable<DocumentOperation> operations, Func<DocumentOperation, Task<bool>> holds)
    {
        foreach (var operation in operations)
        {
            if (!await holds(operation))
            {
                return false;
            }
        }

        return true;
    }
}
