using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Storage.Documents;

/// <summary>
/// JSON documents in containers, by partition and id. A store that cannot be reached, or refuses, throws
/// <see cref="LakeException"/>; its message names no document. Safe for several tasks and processes at once.
/// </summary>
public abstract class DocumentStore : IAsyncDisposable
{
    /// <summary>Operations of one transaction at the most.</summary>
    public const int MostOperations = 100;

    /// <summary>Changes of one patch at the most.</summary>
    public const int MostChanges = 10;

    /// <summary>What people are shown: the file, or the account and database.</summary>
    public abstract string Name { get; }

    /// <summary>Request units that were paid for since it was opened; 0 where nothing is.</summary>
    public abstract double RequestUnits { get; }

    /// <summary>
    /// Writes documents of any partitions in bulk, each replacing one of the same partition and id whatever its ETag; of two
    /// with one key the later stands. When it throws, some may have been written: writing all again makes it whole.
    /// </summary>
    /// <returns>How many were written.</returns>
    public abstract Task<int> UpsertAsync(string container, IReadOnlyCollection<Document> documents, CancellationToken cancellationToken);

    /// <summary>Writes a document that is not there yet.</summary>
    /// <returns>Its ETag; null when there is one of its partition and id, which stays as it is.</returns>
    public Task<string?> TryCreateAsync(string container, Document document, CancellationToken cancellationToken) => TryCreateAsync(container, document, null, cancellationToken);

    /// <summary>The same by a call that names itself for <see cref="Document.Write"/>: see <see cref="NewWrite"/>.</summary>
    public abstract Task<string?> TryCreateAsync(string container, Document document, string? write, CancellationToken cancellationToken);

    /// <summary>Writes a document over the writing whose <see cref="Document.ETag"/> it carries; without one it throws <see cref="ArgumentException"/>.</summary>
    /// <returns>The new ETag; null when somebody else wrote or deleted it since, and nothing was written.</returns>
    public Task<string?> TryReplaceAsync(string container, Document document, CancellationToken cancellationToken) => TryReplaceAsync(container, document, null, cancellationToken);

    /// <summary>The same by a call that names itself for <see cref="Document.Write"/>: see <see cref="NewWrite"/>.</summary>
    public abstract Task<string?> TryReplaceAsync(string container, Document document, string? write, CancellationToken cancellationToken);

    /// <summary>
    /// Sets members of a document's body, all or none, at most <see cref="MostChanges"/>; what they do not name stays, whoever
    /// writes it at the same time. A path that leads through what is no object throws <see cref="LakeException"/>.
    /// </summary>
    /// <returns>The new ETag; null when it is not there, or not under <paramref name="eTag"/> where one is given, and nothing was written.</returns>
    public Task<string?> TryPatchAsync(
        string container, string partitionKey, string id, IReadOnlyCollection<DocumentChange> changes, string? eTag, CancellationToken cancellationToken) =>
        TryPatchAsync(container, partitionKey, id, changes, eTag, null, cancellationToken);

    /// <summary>The same by a call that names itself for <see cref="Document.Write"/>: see <see cref="NewWrite"/>.</summary>
    public abstract Task<string?> TryPatchAsync(
        string container, string partitionKey, string id, IReadOnlyCollection<DocumentChange> changes, string? eTag, string? write, CancellationToken cancellationToken);

    /// <summary>
    /// Does operations on one partition in their order, all or none: at most <see cref="MostOperations"/> and 2 MB of bodies, each
    /// document named once.
    /// </summary>
    /// <returns>Whether they were done; false when one found the document there, gone, or under another ETag than it must be.</returns>
    public Task<bool> TryCommitAsync(string container, string partitionKey, IReadOnlyCollection<DocumentOperation> operations, CancellationToken cancellationToken) =>
        TryCommitAsync(container, partitionKey, operations, null, cancellationToken);

    /// <summary>The same by a call that names itself for <see cref="Document.Write"/> of all that it writes: see <see cref="NewWrite"/>.</summary>
    public abstract Task<bool> TryCommitAsync(
        string container, string partitionKey, IReadOnlyCollection<DocumentOperation> operations, string? write, CancellationToken cancellationToken);

    /// <summary>One document, or null.</summary>
    public abstract Task<Document?> FindAsync(string container, string partitionKey, string id, CancellationToken cancellationToken);

    /// <summary>The documents of a partition, by id in ordinal order.</summary>
    public abstract Task<IReadOnlyList<Document>> ListAsync(string container, string partitionKey, CancellationToken cancellationToken);

    /// <summary>
    /// The documents of a container, page by page and in no stated order. What is written meanwhile may be seen or not; what is
    /// there throughout is seen once.
    /// </summary>
    public async IAsyncEnumerable<Document> ListAsync(string container, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? next = null;
        do
        {
            (var documents, next) = await PageAsync(container, next, cancellationToken);
            foreach (var document in documents)
            {
                yield return document;
            }
        }
        while (next is not null);
    }

    /// <summary>A page of the documents of a container: the first where <paramref name="after"/> is null, else the one that an earlier page names.</summary>
    public abstract Task<DocumentPage> PageAsync(string container, string? after, CancellationToken cancellationToken);

    /// <summary>How many documents a container has.</summary>
    public abstract Task<long> CountAsync(string container, CancellationToken cancellationToken);

    /// <summary>Forgets documents; those that are not there are passed over.</summary>
    /// <returns>How many were there.</returns>
    public abstract Task<int> DeleteAsync(string container, IReadOnlyCollection<DocumentKey> keys, CancellationToken cancellationToken);

    /// <summary>Forgets every document of a partition.</summary>
    /// <returns>How many were there.</returns>
    public abstract Task<int> DeletePartitionAsync(string container, string partitionKey, CancellationToken cancellationToken);

    /// <summary>Forgets every document of a container, to have them made again.</summary>
    /// <returns>How many were there.</returns>
    public abstract Task<int> DeleteAllAsync(string container, CancellationToken cancellationToken);

    /// <summary>
    /// Forgets the documents of a container that expired at or before <paramref name="now"/> (Unix microseconds). A store that has a
    /// clock of its own may have forgotten them before.
    /// </summary>
    /// <returns>How many this call forgot.</returns>
    public abstract Task<int> DeleteExpiredAsync(string container, long now, CancellationToken cancellationToken);

    /// <summary>
    /// Sees to it that no bytes are left of what was deleted, where the store keeps them within reach: in free pages or a journal.
    /// Elsewhere it does nothing; a service's own backups are out of reach.
    /// </summary>
    public virtual Task CompactAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc />
    public abstract ValueTask DisposeAsync();

    /// <summary>A name for a call that writes, which no other has.</summary>
    public static string NewWrite() => RandomNumberGenerator.GetHexString(32, lowercase: true);

    /// <summary>Throws <see cref="ArgumentException"/> where a transaction is not one: too large, of another partition, or naming a document twice.</summary>
    protected static void Check(string partitionKey, IReadOnlyCollection<DocumentOperation> operations)
    {
        if (operations.Count > MostOperations)
        {
            throw new ArgumentException($"A transaction has at most {MostOperations} operations; this one has {operations.Count}.", nameof(operations));
        }

        if (operations.Any(o => o.Document is { } d && d.PartitionKey != partitionKey))
        {
            throw new ArgumentException("All documents of a transaction are of its partition.", nameof(operations));
        }

        if (operations.DistinctBy(o => o.Id).Count() != operations.Count)
        {
            throw new ArgumentException("A transaction names a document once.", nameof(operations));
        }
    }

    /// <summary>Throws <see cref="ArgumentException"/> where there are too few or many changes, or a path is no JSON pointer.</summary>
    protected static void Check(IReadOnlyCollection<DocumentChange> changes)
    {
        if (changes.Count is 0 or > MostChanges)
        {
            throw new ArgumentException($"A patch has 1 to {MostChanges} changes; this one has {changes.Count}.", nameof(changes));
        }

        if (changes.Any(c => !c.Path.StartsWith('/')))
        {
            throw new ArgumentException("The path of a change is a JSON pointer and begins with '/'.", nameof(changes));
        }
    }

    /// <summary>A body with these changes; a path that leads through what is no object throws <see cref="LakeException"/>.</summary>
    protected static string Patched(string body, IReadOnlyCollection<DocumentChange> changes)
    {
        var root = JsonNode.Parse(body);
        foreach (var change in changes)
        {
            string[] parts = [.. change.Path[1..].Split('/').Select(p => p.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal))];
            var parent = root;
            foreach (var part in parts[..^1])
            {
                parent = (parent as JsonObject)?[part];
            }

            if (parent is not JsonObject inside)
            {
                throw new LakeException($"A document cannot be changed at '{change.Path}': the path does not lead through objects that are there.");
            }

            inside[parts[^1]] = JsonNode.Parse(change.Json);
        }

        return root!.ToJsonString();
    }
}
