using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Azure.Cosmos;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Retries;

namespace RemoteMonitoring.Storage.Documents;

/// <content>The calls that its operations are made of.</content>
public sealed partial class CosmosDocuments
{
    /// <summary>The ETag that a conditional write left; null when another's writing is there instead.</summary>
    private async Task<string?> ETagOfAsync(
        string container, CosmosOutcome<ResponseMessage> outcome, string partitionKey, string id, string write, CancellationToken cancellationToken)
    {
        if (outcome.Succeeded)
        {
            return outcome.Reply!.Headers.ETag;
        }

        var refused = outcome.Status is HttpStatusCode.Conflict or HttpStatusCode.PreconditionFailed or HttpStatusCode.NotFound;
        if (!refused && !outcome.Unknown)
        {
            throw Refused(container, "written", outcome);
        }

        // What stands in the way may be this very writing, whose reply was lost.
        var there = refused ? await ReadAsync(container, partitionKey, id, cancellationToken) : await ReadAfterFaultAsync(container, partitionKey, id, cancellationToken);
        return there?.Write == write ? there.ETag : refused ? null : throw Refused(container, "written", outcome);
    }

    private async Task<string?> PatchAsync(string container, Document found, CosmosPatch patch, string? eTag, CancellationToken cancellationToken)
    {
        var there = await ContainerAsync(container, cancellationToken);
        using var outcome = await _calls.TryAsync(
            () => there.PatchItemStreamAsync(
                CosmosItem.IdOf(found.Id),
                new PartitionKey(found.PartitionKey),
                patch.Operations,
                new PatchItemRequestOptions { IfMatchEtag = eTag, FilterPredicate = patch.Predicate },
                cancellationToken),
            cancellationToken);
        return await ETagOfAsync(container, outcome, found.PartitionKey, found.Id, patch.Write, cancellationToken);
    }

    /// <summary>
    /// Whether a transaction is there although no reply said so: a document has its writing, or, of one that only deletes, none of
    /// its documents is there.
    /// </summary>
    private async Task<bool> WasDoneAsync(
        string container, string partitionKey, IReadOnlyCollection<DocumentOperation> operations, string write, CancellationToken cancellationToken)
    {
        if (operations.FirstOrDefault(o => o.Document is not null) is { } written)
        {
            return (await ReadAfterFaultAsync(container, partitionKey, written.Id, cancellationToken))?.Write == write;
        }

        foreach (var operation in operations)
        {
            if (await ReadAsync(container, partitionKey, operation.Id, cancellationToken) is not null)
            {
                return false;
            }
        }

        return true;
    }

    private async Task<Document?> ReadAfterFaultAsync(string container, string partitionKey, string id, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadAsync(container, partitionKey, id, cancellationToken);
        }
        catch (LakeException)
        {
            // The fault before it says what is wrong.
            return null;
        }
    }

    private async Task<Document?> ReadAsync(string container, string partitionKey, string id, CancellationToken cancellationToken)
    {
        var there = await ContainerAsync(container, cancellationToken);
        using var outcome = await _calls.TryAsync(
            () => there.ReadItemStreamAsync(CosmosItem.IdOf(id), new PartitionKey(partitionKey), cancellationToken: cancellationToken), cancellationToken);
        if (outcome.Status == HttpStatusCode.NotFound)
        {
            return null;
        }

        if (!outcome.Succeeded)
        {
            throw Refused(container, "read", outcome);
        }

        using var item = await JsonDocument.ParseAsync(outcome.Reply!.Content, cancellationToken: cancellationToken);
        return CosmosItem.Decode(item.RootElement);
    }

    /// <summary>What a query finds, or without one the documents, of a partition or of all.</summary>
    private async IAsyncEnumerable<T> PagesAsync<T>(
        string container, QueryDefinition? query, string? partitionKey, Func<JsonElement, T> decode, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? next = null;
        do
        {
            (var found, next) = await PageAsync(container, query, partitionKey, next, decode, cancellationToken);
            foreach (var one in found)
            {
                yield return one;
            }
        }
        while (next is not null);
    }

    /// <summary>A page of it. Each is asked for by the token of the one before, so that one that fails is asked for again, and only it.</summary>
    private async Task<(List<T> Found, string? Next)> PageAsync<T>(
        string container, QueryDefinition? query, string? partitionKey, string? after, Func<JsonElement, T> decode, CancellationToken cancellationToken)
    {
        var there = await ContainerAsync(container, cancellationToken);
        var options = new QueryRequestOptions { MaxItemCount = PageDocuments, PartitionKey = partitionKey is null ? null : new PartitionKey(partitionKey) };
        using var pages = there.GetItemQueryStreamIterator(query, after, options);
        using var outcome = await _calls.TryAsync(() => pages.ReadNextAsync(cancellationToken), cancellationToken);
        return outcome.Succeeded ? (ItemsOf(outcome.Reply!).ConvertAll(item => decode(item)), outcome.Reply!.ContinuationToken) : throw Refused(container, "read", outcome);
    }

    private async Task<int> DeleteFoundAsync(string container, QueryDefinition query, string? partitionKey, CancellationToken cancellationToken)
    {
        var count = 0;
        var keys = PagesAsync(
            container, query, partitionKey, item => new DocumentKey(item.GetProperty("pk").GetString()!, CosmosItem.TextOf(item.GetProperty("id").GetString()!)), cancellationToken);
        await foreach (var some in keys.Chunk(InBulk).WithCancellation(cancellationToken))
        {
            count += await DeleteAsync(container, some, cancellationToken);
        }

        return count;
    }

    /// <summary>Does a few things side by side, and many in bulk, where the client packs what it is given at once into few requests.</summary>
    private async Task<int> ForEachAsync<T>(string container, T[] all, Func<Container, T, Task<int>> call, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (all.Length == 0)
        {
            return 0;
        }

        var there = await ContainerAsync(container, cancellationToken);
        var bulk = _bulk.GetContainer(_database, container);
        var count = 0;
        foreach (var some in all.Chunk(all.Length <= OneByOne ? SideBySide : InBulk))
        {
            count += (await Task.WhenAll(some.Select(one => call(all.Length <= OneByOne ? there : bulk, one)))).Sum();
        }

        return count;
    }

    /// <summary>A container that is there: asked once for each.</summary>
    private async Task<Container> ContainerAsync(string container, CancellationToken cancellationToken)
    {
        if (!_seen.ContainsKey(container))
        {
            using var outcome = await ReadContainerAsync(container, cancellationToken);
            CheckContainer(container, outcome);
            _seen[container] = true;
        }

        return _client.GetContainer(_database, container);
    }

    private Task<CosmosOutcome<ResponseMessage>> ReadContainerAsync(string container, CancellationToken cancellationToken) =>
        _calls.TryAsync(() => _client.GetContainer(_database, container).ReadContainerStreamAsync(cancellationToken: cancellationToken), cancellationToken);

    private void CheckContainer(string container, CosmosOutcome<ResponseMessage> outcome)
    {
        if (!outcome.Succeeded)
        {
            throw Refused(container, "reached", outcome);
        }

        using var properties = JsonDocument.Parse(outcome.Reply!.Content);
        var paths = properties.RootElement.GetProperty("partitionKey").GetProperty("paths").EnumerateArray().Select(p => p.GetString());
        if (!paths.SequenceEqual([CosmosItem.PartitionKeyPath]) || !properties.RootElement.TryGetProperty("defaultTtl", out _))
        {
            throw new LakeException($"{Name}: the container '{container}' is not made for this: its partition key must be {CosmosItem.PartitionKeyPath}, and its time to live on, without a default.");
        }
    }

    private void CheckMade(string container, CosmosOutcome<ResponseMessage> outcome)
    {
        if (!outcome.Succeeded && outcome.Status != HttpStatusCode.Conflict)
        {
            throw outcome.Status is HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized
                ? new LakeException($"{Name}: has no container '{container}', and this identity may not make one ({(int)outcome.Status}). Make the database and the container, with the partition key {CosmosItem.PartitionKeyPath} and its time to live on, without a default.")
                : Refused(container, "made", outcome);
        }
    }

    private LakeException Refused<T>(string container, string what, CosmosOutcome<T> outcome)
        where T : class, IDisposable => new($"{Name}: documents of '{container}' cannot be {what} ({outcome.Cause ?? CosmosCalls.CauseOf(outcome.Status)})") { IsTransient = TransientFault.Is((int)outcome.Status) };

    /// <summary>Passes on to the counter of another client: a handler is of one chain only.</summary>
    private sealed class Passing(CosmosCalls calls) : RequestHandler
    {
        public override Task<ResponseMessage> SendAsync(RequestMessage request, CancellationToken cancellationToken) =>
            calls.SendAsync(stop => base.SendAsync(request, stop), cancellationToken);
    }
}
