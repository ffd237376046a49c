using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace RemoteMonitoring.Storage.Tests.Documents.Cosmos;

/// <summary>What becomes of a request to the double.</summary>
internal enum GatewayFault
{
    None,

    /// <summary>429 with <c>x-ms-retry-after-ms</c>; not done.</summary>
    TooMany,

    /// <summary>503; not done.</summary>
    Unavailable,

    /// <summary>Done, and the connection ends in place of the reply.</summary>
    LoseReply,

    /// <summary>403; not done.</summary>
    Forbidden,
}

/// <summary>
/// A gateway of Cosmos DB in this process, for the real client: accounts, databases, containers, documents, feeds, the few queries that are
/// asked, patches and batches, with ETags, expiry by a clock, and pages. It was written from the documented protocol and what the
/// client expects: it proves wiring and handling of errors, not what the service does. Nothing is indexed, and there is one partition.
/// </summary>
internal sealed class GatewayDouble(TimeProvider time) : HttpMessageHandler
{
    public const string Endpoint = "https://double.documents.azure.com:443/";
    private const int MostItemsOfAPage = 300;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, GatewayContainer> _containers = new(StringComparer.Ordinal);
    private readonly HashSet<string> _databases = new(StringComparer.Ordinal);

    /// <summary>What becomes of a request; asked before it is done.</summary>
    public Func<HttpRequestMessage, GatewayFault> Faults { get; set; } = _ => GatewayFault.None;

    /// <summary>Milliseconds that a 429 asks the client to wait.</summary>
    public int RetryAfter { get; set; } = 1;

    /// <summary>Requests on documents so far, with method and kind.</summary>
    public List<string> Requests { get; } = [];

    /// <summary>Containers as they were made.</summary>
    public IReadOnlyDictionary<string, JsonObject> Made => _containers.ToDictionary(c => c.Key.Split('/')[1], c => c.Value.Properties);

    /// <summary>The raw documents of a container.</summary>
    public IReadOnlyList<JsonObject> Raw(string container) => [.. _containers.Single(c => c.Key.EndsWith("/" + container, StringComparison.Ordinal)).Value.Live(time.GetUtcNow()).Select(d => d.Item)];

    /// <summary>Puts a container there that somebody else has made.</summary>
    public void Plant(string database, JsonObject properties)
    {
        _databases.Add(database);
        _containers.Add($"{database}/{properties["id"]}", new GatewayContainer(_containers.Count + 1, properties));
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = request.Content is null ? [] : await request.Content.ReadAsByteArrayAsync(cancellationToken);
        var batch = Has(request, "x-ms-cosmos-is-batch-request") ? await BatchCodec.DecodeAsync(new MemoryStream(body)) : null;
        var parts = request.RequestUri!.AbsolutePath.Split('/', StringSplitOptions.RemoveEmptyEntries).Select(Uri.UnescapeDataString).ToArray();
        if (parts.Contains("docs"))
        {
            lock (_lock)
            {
                Requests.Add($"{request.Method}{(batch is not null ? " batch" : Has(request, "x-ms-documentdb-isquery") ? " query" : "")}");
            }

            switch (Faults(request))
            {
                case GatewayFault.TooMany:
                    var tooMany = Reply(HttpStatusCode.TooManyRequests, new JsonObject { ["code"] = "429", ["message"] = "Request rate is large" });
                    tooMany.Headers.Add("x-ms-retry-after-ms", RetryAfter.ToString(System.Globalization.CultureInfo.InvariantCulture));
                    tooMany.Headers.Add("x-ms-substatus", "3200");
                    return tooMany;
                case GatewayFault.Unavailable:
                    return Reply(HttpStatusCode.ServiceUnavailable, new JsonObject { ["code"] = "ServiceUnavailable", ["message"] = "Service is currently unavailable" });
                case GatewayFault.Forbidden:
                    return Reply(HttpStatusCode.Forbidden, new JsonObject { ["code"] = "Forbidden", ["message"] = $"Request for {request.RequestUri} is blocked" });
                case GatewayFault.LoseReply:
                    (await ReplyAsync(request, parts, body, batch)).Dispose();
                    throw new HttpRequestException("The connection was closed.", new IOException("Connection reset by peer"));
                default:
                    break;
            }
        }

        return await ReplyAsync(request, parts, body, batch);
    }

    private async Task<HttpResponseMessage> ReplyAsync(HttpRequestMessage request, string[] parts, byte[] body, List<BatchOperation>? batch)
    {
        if (batch is not null)
        {
            List<BatchResult> results;
            lock (_lock)
            {
                results = Find(parts)!.Batch(batch, PartitionOf(request), Has(request, "x-ms-cosmos-batch-atomic"), time.GetUtcNow());
            }

            var reply = Reply(results.Exists(r => r.Status >= 300) ? HttpStatusCode.MultiStatus : HttpStatusCode.OK, null, results.Sum(r => r.Charge));
            reply.Content = new ByteArrayContent(await BatchCodec.EncodeAsync(results));
            return reply;
        }

        lock (_lock)
        {
            return parts switch
            {
                [] => Reply(HttpStatusCode.OK, Account()),
                ["dbs"] => MadeOrThere(_databases.Add(Json(body)["id"]!.GetValue<string>())),
                ["dbs", _, "colls"] when request.Method == HttpMethod.Post => MakeContainer(parts[1], Json(body)),
                ["dbs", _, "colls", ..] when Find(parts) is not { } => Reply(HttpStatusCode.NotFound, Error("NotFound")),
                ["dbs", _, "colls", _] => Reply(HttpStatusCode.OK, Find(parts)!.Resource()),
                ["dbs", _, "colls", _, "pkranges"] => Ranges(request, Find(parts)!),
                ["dbs", _, "colls", _, "docs"] when Has(request, "x-ms-cosmos-is-query-plan-request") => Reply(HttpStatusCode.OK, Plan(Json(body)["query"]!.GetValue<string>())),
                ["dbs", _, "colls", _, "docs"] when request.Method == HttpMethod.Get => Feed(request, Find(parts)!, null, null),
                ["dbs", _, "colls", _, "docs"] when Has(request, "x-ms-documentdb-isquery") || Has(request, "x-ms-documentdb-query-parallelizecrosspartitionquery") || IsQuery(request) =>
                    Feed(request, Find(parts)!, Json(body)["query"]!.GetValue<string>(), Json(body)["parameters"] as JsonArray),
                ["dbs", _, "colls", _, "docs", ..] => One(request, Find(parts)!, parts.Length == 6 ? parts[5] : null, body),
                _ => Reply(HttpStatusCode.BadRequest, Error("BadRequest")),
            };
        }
    }

    /// <summary>One document: create, upsert, read, replace, patch, delete.</summary>
    private HttpResponseMessage One(HttpRequestMessage request, GatewayContainer container, string? id, byte[] body)
    {
        var partition = PartitionOf(request) ?? throw new InvalidOperationException("A request on a document without partition key.");
        var ifMatch = request.Headers.TryGetValues("If-Match", out var values) ? values.Single() : null;
        var now = time.GetUtcNow();
        var (status, document, charge) = request.Method.Method switch
        {
            "GET" => container.Read(partition, id!, now),
            "POST" => container.Write(Has(request, "x-ms-documentdb-is-upsert") ? BatchOperationKind.Upsert : BatchOperationKind.Create, partition, Json(body)["id"]!.GetValue<string>(), Json(body), ifMatch, now),
            "PUT" => container.Write(BatchOperationKind.Replace, partition, id!, Json(body), ifMatch, now),
            "PATCH" => container.Patch(partition, id!, Json(body), ifMatch, now),
            "DELETE" => container.Delete(partition, id!, ifMatch, now),
            _ => (405, null, 0),
        };
        var minimal = request.Method != HttpMethod.Get && request.Headers.TryGetValues("Prefer", out var prefer) && prefer.Contains("return=minimal");
        var reply = Reply((HttpStatusCode)status, status >= 300 ? Error($"{status}") : minimal || status == 204 ? null : document, charge);
        if (document is not null && status < 300)
        {
            reply.Headers.TryAddWithoutValidation("etag", document["_etag"]!.GetValue<string>());
        }

        return reply;
    }

    /// <summary>A page of documents, or of what one of the known queries makes of them.</summary>
    private HttpResponseMessage Feed(HttpRequestMessage request, GatewayContainer container, string? query, JsonArray? parameters)
    {
        var partition = PartitionOf(request);
        var live = container.Live(time.GetUtcNow()).Where(d => partition is null || d.Partition == partition);
        if (query is not null && query.Contains("COUNT(1)", StringComparison.Ordinal))
        {
            return Page(container, [new JsonArray(new JsonObject { ["item"] = live.Count() })], null);
        }

        if (query is not null && query.Contains("c.expires <= @now", StringComparison.Ordinal))
        {
            var now = parameters!.Single()!["value"]!.GetValue<double>();
            live = live.Where(d => d.Item["expires"] is { } expires && expires.GetValue<double>() <= now);
        }
        else if (query is not (null or "SELECT c.id, c.pk FROM c"))
        {
            return Reply(HttpStatusCode.BadRequest, Error($"the double does not know this query: {query}"));
        }

        var after = request.Headers.TryGetValues("x-ms-continuation", out var token) ? long.Parse(token.Single(), System.Globalization.CultureInfo.InvariantCulture) : -1;
        var most = request.Headers.TryGetValues("x-ms-max-item-count", out var count) && int.Parse(count.Single(), System.Globalization.CultureInfo.InvariantCulture) is > 0 and var asked ? Math.Min(asked, MostItemsOfAPage) : MostItemsOfAPage;
        var page = live.Where(d => d.Number > after).OrderBy(d => d.Number).Take(most + 1).ToList();
        var items = page.Take(most).Select(d => query is null ? d.Item.DeepClone() : new JsonObject { ["id"] = d.Item["id"]!.DeepClone(), ["pk"] = d.Item["pk"]!.DeepClone() });
        return Page(container, [.. items], page.Count > most ? page[most - 1].Number : null);
    }

    private static HttpResponseMessage Page(GatewayContainer container, JsonArray items, long? continuation)
    {
        var count = items.Count;
        var reply = Reply(HttpStatusCode.OK, new JsonObject { ["_rid"] = container.Rid, ["Documents"] = items, ["_count"] = count }, 1 + (count / 100.0));
        reply.Headers.Add("x-ms-item-count", count.ToString(System.Globalization.CultureInfo.InvariantCulture));
        if (continuation is { } after)
        {
            reply.Headers.Add("x-ms-continuation", after.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        return reply;
    }

    private static JsonObject Plan(string query) => new()
    {
        ["partitionedQueryExecutionInfoVersion"] = 2,
        ["queryInfo"] = new JsonObject
        {
            ["distinctType"] = "None",
            ["orderBy"] = new JsonArray(),
            ["orderByExpressions"] = new JsonArray(),
            ["groupByExpressions"] = new JsonArray(),
            ["groupByAliases"] = new JsonArray(),
            ["aggregates"] = query.Contains("COUNT(1)", StringComparison.Ordinal) ? new JsonArray("Count") : [],
            ["groupByAliasToAggregateType"] = new JsonObject(),
            ["rewrittenQuery"] = query.Contains("COUNT(1)", StringComparison.Ordinal) ? "SELECT VALUE [{\"item\": COUNT(1)}]\nFROM c" : "",
            ["hasSelectValue"] = query.Contains("VALUE", StringComparison.Ordinal),
            ["hasNonStreamingOrderBy"] = false,
        },
        ["queryRanges"] = new JsonArray(new JsonObject { ["min"] = "", ["max"] = "FF", ["isMinInclusive"] = true, ["isMaxInclusive"] = false }),
    };

    private static HttpResponseMessage Ranges(HttpRequestMessage request, GatewayContainer container)
    {
        if (request.Headers.IfNoneMatch.Count > 0)
        {
            var unchanged = Reply(HttpStatusCode.NotModified, null);
            unchanged.Headers.TryAddWithoutValidation("etag", "\"1\"");
            return unchanged;
        }

        var range = new JsonObject { ["id"] = "0", ["_rid"] = container.RangeRid, ["minInclusive"] = "", ["maxExclusive"] = "FF", ["status"] = "online", ["parents"] = new JsonArray() };
        var reply = Reply(HttpStatusCode.OK, new JsonObject { ["_rid"] = container.Rid, ["PartitionKeyRanges"] = new JsonArray(range), ["_count"] = 1 });
        reply.Headers.Add("x-ms-item-count", "1");
        reply.Headers.TryAddWithoutValidation("etag", "\"1\"");
        return reply;
    }

    private HttpResponseMessage MakeContainer(string database, JsonObject properties)
    {
        var name = $"{database}/{properties["id"]}";
        if (!_databases.Contains(database) || _containers.ContainsKey(name))
        {
            return Reply(_databases.Contains(database) ? HttpStatusCode.Conflict : HttpStatusCode.NotFound, Error("cannot be made"));
        }

        _containers.Add(name, new GatewayContainer(_containers.Count + 1, properties));
        return Reply(HttpStatusCode.Created, _containers[name].Resource());
    }

    /// <summary>By the names of the path, or by the resource id, which the client uses once it knows it.</summary>
    private GatewayContainer? Find(string[] parts) =>
        _containers.GetValueOrDefault($"{parts[1]}/{parts[3]}") ?? _containers.Values.FirstOrDefault(c => c.Rid == parts[3]);

    private static HttpResponseMessage MadeOrThere(bool made) => made
        ? Reply(HttpStatusCode.Created, new JsonObject { ["id"] = "d", ["_rid"] = GatewayContainer.DatabaseRid })
        : Reply(HttpStatusCode.Conflict, Error("there is one"));

    private static JsonObject Account()
    {
        static JsonArray Here() => new(new JsonObject { ["name"] = "Here", ["databaseAccountEndpoint"] = Endpoint });
        return new JsonObject
        {
            ["id"] = "double",
            ["_rid"] = "double.documents.azure.com",
            ["writableLocations"] = Here(),
            ["readableLocations"] = Here(),
            ["enableMultipleWriteLocations"] = false,
            ["userConsistencyPolicy"] = new JsonObject { ["defaultConsistencyLevel"] = "Strong" },
            ["userReplicationPolicy"] = new JsonObject { ["asyncReplication"] = false, ["minReplicaSetSize"] = 1, ["maxReplicasetSize"] = 4 },
            ["systemReplicationPolicy"] = new JsonObject { ["minReplicaSetSize"] = 1, ["maxReplicasetSize"] = 4 },
            ["readPolicy"] = new JsonObject { ["primaryReadCoefficient"] = 1, ["secondaryReadCoefficient"] = 1 },
            ["queryEngineConfiguration"] = """{"maxSqlQueryInputLength":262144}""",
        };
    }

    private static JsonObject Error(string what) => new() { ["code"] = what, ["message"] = what };

    private static HttpResponseMessage Reply(HttpStatusCode status, JsonNode? body, double charge = 1)
    {
        var reply = new HttpResponseMessage(status) { Content = new StringContent(body?.ToJsonString() ?? "", Encoding.UTF8, "application/json") };
        reply.Headers.Add("x-ms-request-charge", charge.ToString(System.Globalization.CultureInfo.InvariantCulture));
        reply.Headers.Add("x-ms-session-token", "0:-1#1");
        reply.Headers.Add("x-ms-activity-id", "00000000-0000-0000-0000-000000000001");
        return reply;
    }

    private static bool Has(HttpRequestMessage request, string header) =>
        request.Headers.TryGetValues(header, out var values) && string.Equals(values.First(), "true", StringComparison.OrdinalIgnoreCase);

    private static bool IsQuery(HttpRequestMessage request) => request.Content?.Headers.ContentType?.MediaType == "application/query+json";

    private static string? PartitionOf(HttpRequestMessage request) => request.Headers.TryGetValues("x-ms-documentdb-partitionkey", out var values)
        ? JsonNode.Parse(values.Single())!.AsArray().Single()!.GetValue<string>()
        : null;

    private static JsonObject Json(byte[] body) => JsonNode.Parse(body)!.AsObject();
}
