using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace RemoteMonitoring.Storage.Tests.Documents.Cosmos;

/// <summary>A document of the double: its number, its partition, and its JSON with the service's own members.</summary>
internal sealed record GatewayItem(long Number, string Partition, JsonObject Item);

/// <summary>The documents of a container of the double. Not safe for several threads: the gateway has a lock.</summary>
internal sealed partial class GatewayContainer(int number, JsonObject properties)
{
    private readonly Dictionary<(string Partition, string Id), GatewayItem> _items = [];
    private long _last;

    public static string DatabaseRid { get; } = RidOf([0, 0, 0, 1]);

    public string Rid { get; } = RidOf([0, 0, 0, 1, 0x80, 0, 0, (byte)number]);

    public string RangeRid { get; } = RidOf([0, 0, 0, 1, 0x80, 0, 0, (byte)number, 0, 0, 0, 0, 0, 0, 0, 0x50]);

    /// <summary>As it was made.</summary>
    public JsonObject Properties => properties;

    public JsonObject Resource()
    {
        var resource = properties.DeepClone().AsObject();
        resource["_rid"] = Rid;
        resource["_etag"] = "\"1\"";
        resource["_self"] = $"dbs/{DatabaseRid}/colls/{Rid}/";
        return resource;
    }

    /// <summary>What has not expired: its seconds count from its last write, where the container has a time to live.</summary>
    public IReadOnlyList<GatewayItem> Live(DateTimeOffset now)
    {
        if (properties.ContainsKey("defaultTtl"))
        {
            foreach (var (key, item) in _items.ToArray())
            {
                if (item.Item["ttl"] is { } ttl && item.Item["_ts"]!.GetValue<long>() + ttl.GetValue<long>() <= now.ToUnixTimeSeconds())
                {
                    _items.Remove(key);
                }
            }
        }

        return [.. _items.Values];
    }

    public (int Status, JsonObject? Item, double Charge) Read(string partition, string id, DateTimeOffset now)
    {
        _ = Live(now);
        return _items.TryGetValue((partition, id), out var found) ? (200, found.Item, 1) : (404, null, 1);
    }

    public (int Status, JsonObject? Item, double Charge) Write(BatchOperationKind kind, string partition, string id, JsonObject item, string? ifMatch, DateTimeOffset now)
    {
        _ = Live(now);
        // The service holds the body against the header, and takes no id with these in it.
        if (item["pk"]?.GetValue<string>() != partition || item["id"]?.GetValue<string>() != id || id.AsSpan().IndexOfAny("/\\?#") >= 0 || System.Text.Encoding.UTF8.GetByteCount(id) > 1023)
        {
            return (400, null, 1);
        }

        var there = _items.GetValueOrDefault((partition, id));
        if (kind == BatchOperationKind.Create && there is not null)
        {
            return (409, null, 1);
        }

        if (kind == BatchOperationKind.Replace && there is null)
        {
            return (404, null, 1);
        }

        if (ifMatch is not null && there is not null && there.Item["_etag"]!.GetValue<string>() != ifMatch)
        {
            return (412, null, 1);
        }

        return (there is null ? 201 : 200, Put(partition, id, item.DeepClone().AsObject(), there, now), 5.5);
    }

    public (int Status, JsonObject? Item, double Charge) Delete(string partition, string id, string? ifMatch, DateTimeOffset now)
    {
        _ = Live(now);
        if (!_items.TryGetValue((partition, id), out var there))
        {
            return (404, null, 1);
        }

        if (ifMatch is not null && there.Item["_etag"]!.GetValue<string>() != ifMatch)
        {
            return (412, null, 1);
        }

        _items.Remove((partition, id));
        return (204, null, 5.5);
    }

    /// <summary>Sets members, all or none, where the condition holds: conjunctions of <c>IS_OBJECT</c>, <c>NOT IS_DEFINED</c> and equality with a number.</summary>
    public (int Status, JsonObject? Item, double Charge) Patch(string partition, string id, JsonObject patch, string? ifMatch, DateTimeOffset now)
    {
        _ = Live(now);
        if (!_items.TryGetValue((partition, id), out var there))
        {
            return (404, null, 1);
        }

        var operations = patch["operations"]!.AsArray();
        if (operations.Count > 10)
        {
            return (400, null, 1);
        }

        if ((ifMatch is not null && there.Item["_etag"]!.GetValue<string>() != ifMatch)
            || (patch["condition"]?.GetValue<string>() is { } condition && !condition["FROM c WHERE ".Length..].Split(" AND ").All(c => Holds(c, there.Item))))
        {
            return (412, null, 1);
        }

        var item = there.Item.DeepClone().AsObject();
        foreach (var operation in operations)
        {
            var path = operation!["path"]!.GetValue<string>()[1..].Split('/');
            var parent = path[..^1].Aggregate((JsonNode?)item, (node, name) => (node as JsonObject)?[name]);
            if (operation["op"]!.GetValue<string>() != "set" || parent is not JsonObject inside)
            {
                return (400, null, 1);
            }

            inside[path[^1]] = operation["value"]?.DeepClone();
        }

        return (200, Put(partition, id, item, there, now), 6);
    }

    /// <summary>All or none, or each for itself.</summary>
    public List<BatchResult> Batch(List<BatchOperation> operations, string? partition, bool atomic, DateTimeOffset now)
    {
        var before = _items.ToArray();
        var results = new List<BatchResult>();
        foreach (var operation in operations)
        {
            var of = partition ?? JsonNode.Parse(operation.PartitionKey!)!.AsArray().Single()!.GetValue<string>();
            var item = operation.Body.Length == 0 ? null : JsonNode.Parse(operation.Body)!.AsObject();
            var (status, written, charge) = operation.Kind == BatchOperationKind.Delete
                ? Delete(of, operation.Id!, operation.IfMatch, now)
                : Write(operation.Kind, of, item!["id"]!.GetValue<string>(), item, operation.IfMatch, now);
            results.Add(new BatchResult(status, written?["_etag"]!.GetValue<string>(), charge));
            if (status >= 300 && atomic)
            {
                _items.Clear();
                foreach (var (key, value) in before)
                {
                    _items.Add(key, value);
                }

                return [.. operations.Select((_, i) => i == results.Count - 1 ? results[i] : new BatchResult(424, null, 0))];
            }
        }

        return results;
    }

    private JsonObject Put(string partition, string id, JsonObject item, GatewayItem? there, DateTimeOffset now)
    {
        var version = ++_last;
        var document = there?.Number ?? version;
        var rid = new byte[16];
        Convert.FromBase64String(Rid).CopyTo(rid, 0);
        BinaryPrimitives.WriteInt64LittleEndian(rid.AsSpan(8), document);
        item["_rid"] = RidOf(rid);
        item["_etag"] = $"\"{version.ToString("x8", CultureInfo.InvariantCulture)}-0000\"";
        item["_ts"] = now.ToUnixTimeSeconds();
        _items[(partition, id)] = new GatewayItem(document, partition, item);
        return item;
    }

    private static bool Holds(string condition, JsonObject item)
    {
        var match = Condition().Match(condition);
        Assert.True(match.Success, $"The double does not know this condition: {condition}");
        var value = Name().Matches(match.Groups["path"].Value).Aggregate((JsonNode?)item, (node, name) => (node as JsonObject)?[name.Groups[1].Value]);
        return match.Groups["test"].Value switch
        {
            "IS_OBJECT" => value is JsonObject,
            "NOT IS_DEFINED" => value is null,
            _ => value?.GetValue<long>() == long.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture),
        };
    }

    private static string RidOf(byte[] bytes) => Convert.ToBase64String(bytes).Replace('/', '-');

    [GeneratedRegex("""^(?<test>IS_OBJECT|NOT IS_DEFINED)?\(?c(?<path>(\["\w+"\])+)\)?( = (?<number>-?\d+))?$""")]
    private static partial Regex Condition();

    [GeneratedRegex("""\["(\w+)"\]""")]
    private static partial Regex Name();
}
