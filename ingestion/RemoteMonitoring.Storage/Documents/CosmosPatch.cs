using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Azure.Cosmos;

namespace RemoteMonitoring.Storage.Documents;

/// <summary>A patch in the service's terms, with the condition under which it means what was meant: the members on the way are objects still, and the expiry is the same.</summary>
internal sealed partial record CosmosPatch(IReadOnlyList<PatchOperation> Operations, string Predicate, string Write)
{
    /// <summary>Null where a path has names that the service may read in another way: those go by replacement.</summary>
    public static CosmosPatch? Of(IReadOnlyCollection<DocumentChange> changes, long? expires, DateTimeOffset now, string write)
    {
        if (!changes.All(c => PlainPath().IsMatch(c.Path)))
        {
            return null;
        }

        var operations = changes.Select(c => PatchOperation.Set("/body" + c.Path, JsonElement.Parse(c.Json))).Append(PatchOperation.Set("/write", write)).ToList();
        if (expires is { } at)
        {
            operations.Add(PatchOperation.Set("/ttl", CosmosItem.TimeToLive(at, now)));
        }

        var conditions = changes
            .Select(c => c.Path.Split('/')[1..^1])
            .Where(parents => parents.Length > 0)
            .Select(parents => $"IS_OBJECT(c[\"body\"]{string.Concat(parents.Select(p => $"[\"{p}\"]"))})")
            .Distinct(StringComparer.Ordinal)
            .Append(expires is { } same ? string.Create(CultureInfo.InvariantCulture, $"c[\"expires\"] = {same}") : "NOT IS_DEFINED(c[\"expires\"])");
        return new CosmosPatch(operations, $"FROM c WHERE {string.Join(" AND ", conditions)}", write);
    }

    [GeneratedRegex("^(/[A-Za-z_][A-Za-z0-9_]*)+$")]
    private static partial Regex PlainPath();
}
