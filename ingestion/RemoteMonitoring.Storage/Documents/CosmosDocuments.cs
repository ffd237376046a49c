using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Azure.Core;
using Microsoft.Azure.Cosmos;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Storage.Documents;

/// <summary>
/// The document store of an Azure home: a database of Cosmos DB, with a container for each container, partitioned by <c>/pk</c>. A
/// call whose reply was lost is repeated, and knows its own writing again; only where somebody wrote over that or deleted it in the
/// meantime it answers as if it had come too late. What it throws carries nothing of the client's own words, which name documents.
/// </summary>
/// <remarks>
/// It reads with the account's consistency: where several processes write, choose Strong or Bounded Staleness. Cosmos DB keeps
/// numbers as doubles. It forgets what has expired by its own clock.
/// </remarks>
public sealed partial class CosmosDocuments : DocumentStore
{
    private const int PageDocuments = 1_000;
    private const int OneByOne = 24;
    private const int InBulk = 2_000;
    private const int SideBySide = 8;
    private const int MostPatchOperations = 10;
    private const int MostRounds = 100;

    private static readonly QueryDefinition s_keys = new("SELECT c.id, c.pk FROM c");
    private static readonly QueryDefinition s_count = new("SELECT VALUE COUNT(1) FROM c");

    private readonly CosmosCalls _calls;
    private readonly TimeProvider _time;
    private readonly CosmosClient _client;
    private readonly CosmosClient _bulk;
    private readonly string _database;
    private readonly ConcurrentDictionary<string, bool> _seen = new(StringComparer.Ordinal);

    /// <summary>A database through clients of the caller's making; it need not be there yet.</summary>
    /// <param name="connect">Makes a client of these options; it is asked for two, one of them for bulk.</param>
    /// <param name="database">Name of the database.</param>
    /// <param name="time">Clock for expiry and pauses; default the system's.</param>
    /// <param name="firstPause">Pause before the second try, doubled for each further one; default 0.25 s.</param>
    /// <param name="patience">How long a try waits for its reply, with what the service asks to wait for where it is too busy; default 1 min.</param>
    public CosmosDocuments(Func<CosmosClientOptions, CosmosClient> connect, string database, TimeProvider? time = null, TimeSpan? firstPause = null, TimeSpan? patience = null)
    {
        _time = time ?? TimeProvider.System;
        _calls = new CosmosCalls(_time, firstPause ?? TimeSpan.FromSeconds(0.25), patience ?? TimeSpan.FromMinutes(1));
        _database = database;
        _client = connect(Options(bulk: false, _calls));
        _bulk = connect(Options(bulk: true, new Passing(_calls)));
    }

    /// <summary>A database of the account at <c>https://ACCOUNT.documents.azure.com/</c>.</summary>
    public static CosmosDocuments At(Uri endpoint, TokenCredential credential, string database) =>
        new(options => new CosmosClient(endpoint.ToString(), credential, options), database);

    /// <summary>A database of the account that a connection string names.</summary>
    public static CosmosDocuments WithConnectionString(string connectionString, string database) =>
        new(options => new CosmosClient(connectionString, options), database);

    /// <inheritdoc />
    public override string Name => $"{_client.Endpoint}{_database}";

    /// <inheritdoc />
    public override double RequestUnits => _calls.RequestUnits;

    /// <summary>
    /// Makes the database and those containers that are not there. Data roles may not: with an identity that has only those, they must
    /// be there, which is all that is checked.
    /// </summary>
    public async Task EnsureCreatedAsync(IEnumerable<string> containers, CancellationToken cancellationToken)
    {
        foreach (var container in containers)
        {
            using var there = await ReadContainerAsync(container, cancellationToken);
            if (there.Status != HttpStatusCode.NotFound)
            {
                CheckContainer(container, there);
                continue;
            }

            using var database = await _calls.TryAsync(() => _client.CreateDatabaseStreamAsync(new DatabaseProperties(_database), cancellationToken: cancellationToken), cancellationToken);
            CheckMade(container, database);
            using var made = await _calls.TryAsync(
                () => _client.GetDatabase(_database).CreateContainerStreamAsync(PropertiesOf(container), cancellationToken: cancellationToken), cancellationToken);
            CheckMade(container, made);
        }
    }

    /// <inheritdoc />
    public override async Task<int> UpsertAsync(string container, IReadOnlyCollection<Document> documents, CancellationToken cancellationToken)
    {
        // Of two with one key the later stands, whichever the service would have got first.
        var latest = new Dictionary<DocumentKey, Document>();
        foreach (var document in documents)
        {
            latest[new DocumentKey(document.PartitionKey, document.Id)] = document;
        }

        await ForEachAsync(container, [.. latest.Values], async (there, document) =>
        {
            var item = CosmosItem.Encode(document, NewWrite(), _time.GetUtcNow());
            using var outcome = await _calls.TryAsync(
                () => there.UpsertItemStreamAsync(new MemoryStream(item), new PartitionKey(document.PartitionKey), cancellationToken: cancellationToken), cancellationToken);
            return outcome.Succeeded ? 1 : throw Refused(container, "written", outcome);
        }, cancellationToken);
        return documents.Count;
    }

    /// <inheritdoc />
    public override async Task<string?> TryCreateAsync(string container, Document document, string? write, CancellationToken cancellationToken)
    {
        var there = await ContainerAsync(container, cancellationToken);
        write ??= NewWrite();
        var item = CosmosItem.Encode(document, write, _time.GetUtcNow());
        using var outcome = await _calls.TryAsync(
            () => there.CreateItemStreamAsync(new MemoryStream(item), new PartitionKey(document.PartitionKey), cancellationToken: cancellationToken), cancellationToken);
        return await ETagOfAsync(container, outcome, document.PartitionKey, document.Id, write, cancellationToken);
    }

    /// <inheritdoc />
    public override async Task<string?> TryReplaceAsync(string container, Document document, string? write, CancellationToken cancellationToken)
    {
        if (document.ETag is not { } eTag)
        {
            throw new ArgumentException("A document to replace carries the ETag that it was read with.", nameof(document));
        }

        var there = await ContainerAsync(container, cancellationToken);
        write ??= NewWrite();
        var item = CosmosItem.Encode(document, write, _time.GetUtcNow());
        using var outcome = await _calls.TryAsync(
            () => there.ReplaceItemStreamAsync(
                new MemoryStream(item), CosmosItem.IdOf(document.Id), new PartitionKey(document.PartitionKey), new ItemRequestOptions { IfMatchEtag = eTag }, cancellationToken),
            cancellationToken);
        return await ETagOfAsync(container, outcome, document.PartitionKey, document.Id, write, cancellationToken);
    }

    /// <inheritdoc />
    public override async Task<string?> TryPatchAsync(
        string container, string partitionKey, string id, IReadOnlyCollection<DocumentChange> changes, string? eTag, string? write, CancellationToken cancellationToken)
    {
        Check(changes);
        for (var round = 0; round < MostRounds; round++)
        {
            // Read first: the path must lead through objects, and what expires needs its seconds counted anew, from this write.
            if (await FindAsync(container, partitionKey, id, cancellationToken) is not { } found || (eTag is not null && found.ETag != eTag))
            {
                return null;
            }

            var patched = found with { Body = Patched(found.Body, changes) };
            var written = CosmosPatch.Of(changes, found.Expires, _time.GetUtcNow(), write ?? NewWrite()) is { Operations.Count: <= MostPatchOperations } patch
                ? await PatchAsync(container, found, patch, eTag, cancellationToken)
                : await TryReplaceAsync(container, patched, write, cancellationToken);
            if (written is not null)
            {
                return written;
            }
        }

        throw new LakeException($"{Name}: a document of '{container}' cannot be changed (others change it all the time; run again)");
    }

    /// <inheritdoc />
    public override async Task<bool> TryCommitAsync(
        string container, string partitionKey, IReadOnlyCollection<DocumentOperation> operations, string? write, CancellationToken cancellationToken)
    {
        Check(partitionKey, operations);
        if (operations.Count == 0)
        {
            return true;
        }

        var there = await ContainerAsync(container, cancellationToken);
        write ??= NewWrite();
        using var outcome = await _calls.TryAsync(
            () => BatchOf(there, partitionKey, operations, write).ExecuteAsync(cancellationToken), reply => reply.StatusCode, cancellationToken);
        if (outcome.Succeeded || ((outcome.InDoubt || outcome.Unknown) && await WasDoneAsync(container, partitionKey, operations, write, cancellationToken)))
        {
            return true;
        }

        return outcome.Status is HttpStatusCode.Conflict or HttpStatusCode.PreconditionFailed or HttpStatusCode.NotFound
            ? false
            : throw Refused(container, "written, and none of the batch was", outcome);
    }

    /// <inheritdoc />
    public override Task<Document?> FindAsync(string container, string partitionKey, string id, CancellationToken cancellationToken) =>
        ReadAsync(container, partitionKey, id, cancellationToken);

    /// <inheritdoc />
    public override async Task<IReadOnlyList<Document>> ListAsync(string container, string partitionKey, CancellationToken cancellationToken)
    {
        var found = await PagesAsync(container, null, partitionKey, CosmosItem.Decode, cancellationToken).ToListAsync(cancellationToken);
        found.Sort((a, b) => string.CompareOrdinal(a.Id, b.Id));
        return found;
    }

    /// <inheritdoc />
    public override async Task<DocumentPage> PageAsync(string container, string? after, CancellationToken cancellationToken)
    {
        var (documents, next) = await PageAsync(container, null, null, after, CosmosItem.Decode, cancellationToken);
        return new DocumentPage(documents, next);
    }

    /// <inheritdoc />
    public override async Task<long> CountAsync(string container, CancellationToken cancellationToken)
    {
        var there = await ContainerAsync(container, cancellationToken);
        // A sum over partitions has no continuation: it is asked for whole.
        using var pages = there.GetItemQueryStreamIterator(s_count);
        long count = 0;
        while (pages.HasMoreResults)
        {
            using var outcome = await _calls.TryAsync(() => pages.ReadNextAsync(cancellationToken), cancellationToken);
            count += outcome.Succeeded ? ItemsOf(outcome.Reply!).Sum(item => (long)item.GetDouble()) : throw Refused(container, "counted", outcome);
        }

        return count;
    }

    /// <inheritdoc />
    public override Task<int> DeleteAsync(string container, IReadOnlyCollection<DocumentKey> keys, CancellationToken cancellationToken) =>
        ForEachAsync(container, [.. keys.Distinct()], async (there, key) =>
        {
            using var outcome = await _calls.TryAsync(
                () => there.DeleteItemStreamAsync(CosmosItem.IdOf(key.Id), new PartitionKey(key.PartitionKey), cancellationToken: cancellationToken), cancellationToken);
            return outcome.Succeeded || outcome is { Status: HttpStatusCode.NotFound, InDoubt: true } ? 1
                : outcome.Status == HttpStatusCode.NotFound ? 0
                : throw Refused(container, "deleted", outcome);
        }, cancellationToken);

    /// <inheritdoc />
    public override Task<int> DeletePartitionAsync(string container, string partitionKey, CancellationToken cancellationToken) =>
        DeleteFoundAsync(container, s_keys, partitionKey, cancellationToken);

    /// <inheritdoc />
    public override Task<int> DeleteAllAsync(string container, CancellationToken cancellationToken) => DeleteFoundAsync(container, s_keys, null, cancellationToken);

    /// <inheritdoc />
    public override Task<int> DeleteExpiredAsync(string container, long now, CancellationToken cancellationToken) =>
        DeleteFoundAsync(container, new QueryDefinition($"{s_keys.QueryText} WHERE c.expires <= @now").WithParameter("@now", now), null, cancellationToken);

    /// <inheritdoc />
    public override ValueTask DisposeAsync()
    {
        _client.Dispose();
        _bulk.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>
    /// Through the gateway, which needs no more than port 443, and the account's one address: with several, the client tries a broken
    /// connection again for minutes, which <see cref="CosmosCalls"/> does more briefly.
    /// </summary>
    private static CosmosClientOptions Options(bool bulk, RequestHandler calls)
    {
        // A token that was revoked is asked for anew only where the environment says so: the client has no option for it.
        Environment.SetEnvironmentVariable("AZURE_COSMOS_AAD_TOKEN_REVOCATION_ENABLED", "True");
        return new CosmosClientOptions
        {
            ApplicationName = "RemoteMonitoring",
            ConnectionMode = ConnectionMode.Gateway,
            LimitToEndpoint = true,
            AllowBulkExecution = bulk,
            EnableContentResponseOnWrite = false,
            MaxRetryAttemptsOnRateLimitedRequests = 9,
            MaxRetryWaitTimeOnRateLimitedRequests = TimeSpan.FromSeconds(30),
            UseSystemTextJsonSerializerWithOptions = JsonSerializerOptions.Default,
            CosmosClientTelemetryOptions = new CosmosClientTelemetryOptions { DisableSendingMetricsToService = true },
            CustomHandlers = { calls },
        };
    }

    /// <summary>A container that is asked for its documents by partition, by id, or by expiry; nothing else is indexed.</summary>
    private static ContainerProperties PropertiesOf(string container) => new(container, CosmosItem.PartitionKeyPath)
    {
        PartitionKeyDefinitionVersion = PartitionKeyDefinitionVersion.V2,
        DefaultTimeToLive = -1,
        IndexingPolicy = new IndexingPolicy
        {
            IncludedPaths = { new IncludedPath { Path = CosmosItem.PartitionKeyPath + "/?" }, new IncludedPath { Path = CosmosItem.ExpiresPath } },
            ExcludedPaths = { new ExcludedPath { Path = "/*" } },
        },
    };

    private static List<JsonElement> ItemsOf(ResponseMessage page)
    {
        using var document = JsonDocument.Parse(page.Content);
        return [.. document.RootElement.GetProperty("Documents").EnumerateArray().Select(item => item.Clone())];
    }

    private static TransactionalBatch BatchOf(Container container, string partitionKey, IReadOnlyCollection<DocumentOperation> operations, string write, DateTimeOffset now)
    {
        var batch = container.CreateTransactionalBatch(new PartitionKey(partitionKey));
        foreach (var operation in operations)
        {
            var id = CosmosItem.IdOf(operation.Id);
            var ifMatch = operation.ETag is { } eTag ? new TransactionalBatchItemRequestOptions { IfMatchEtag = eTag } : null;
            var item = operation.Document is { } document ? new MemoryStream(CosmosItem.Encode(document, write, now)) : null;
            _ = operation.Kind switch
            {
                DocumentOperationKind.Upsert => batch.UpsertItemStream(item),
                DocumentOperationKind.Create => batch.CreateItemStream(item),
                DocumentOperationKind.Replace => batch.ReplaceItemStream(id, item, ifMatch),
                DocumentOperationKind.Delete => batch.DeleteItem(id, ifMatch),
                _ => throw new System.Diagnostics.UnreachableException(),
            };
        }

        return batch;
    }

    private TransactionalBatch BatchOf(Container container, string partitionKey, IReadOnlyCollection<DocumentOperation> operations, string write) =>
        BatchOf(container, partitionKey, operations, write, _time.GetUtcNow());
}
