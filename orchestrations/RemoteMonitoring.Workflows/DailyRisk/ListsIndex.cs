using System.Text.Json.Nodes;
using NodaTime;
using NodaTime.Text;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>
/// Which lists there are, without looking through them. Each run that publishes lists adds itself; of runs that an older program published the index is made
/// the first time that it is read.
/// </summary>
public static class ListsIndex
{
    /// <summary>Says that the runs of before there was an index are in it.</summary>
    private const string Whole = "lists-index";

    private const string ShippedPartition = "lists-shipped";
    private const string ShippedMember = "shipped";

    /// <summary>All of them, by instant.</summary>
    public static async Task<IReadOnlyList<ListsMade>> ReadAsync(DocumentStore documents, CancellationToken cancellationToken)
    {
        if (await documents.FindAsync(Containers.Runs, Whole, Whole, cancellationToken) is null)
        {
            await MakeAsync(documents, cancellationToken);
        }

        return [.. (await documents.ListAsync(Containers.Runs, ListsMade.Partition, cancellationToken)).Select(d => RiskDocumentJson.ReadListsMade(d.Body)).OrderBy(l => l.AsOf).ThenBy(l => l.Id, StringComparer.Ordinal)];
    }

    /// <summary>
    /// Of each task the lists that hold: the latest by instant, of one instant those whose data had come furthest. A run that could score nobody does not take the
    /// place of lists that somebody needs.
    /// </summary>
    /// <param name="lists">Lists.</param>
    /// <param name="asOf">The instant; null for the latest.</param>
    public static IReadOnlyList<ListsMade> Latest(IEnumerable<ListsMade> lists, Instant? asOf = null) =>
    [
        .. lists.Where(l => asOf is null || l.AsOf == asOf)
            .GroupBy(l => l.Task, StringComparer.Ordinal)
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => g.OrderBy(l => l.Scored > 0).ThenBy(l => l.AsOf).ThenBy(l => l.Watermark).ThenBy(l => l.Run, StringComparer.Ordinal).Last()),
    ];

    /// <summary>When lists were first there for the teams; null of those that an older program made.</summary>
    public static async Task<Instant?> ShippedAsync(DocumentStore documents, ListsMade lists, CancellationToken cancellationToken) =>
        await documents.FindAsync(Containers.Runs, ShippedPartition, lists.Id, cancellationToken) is { } document
        && InstantPattern.ExtendedIso.Parse((string?)JsonNode.Parse(document.Body)?[ShippedMember] ?? "") is { Success: true, Value: var shipped } ? shipped : null;

    /// <summary>Adds the lists of a run. Of lists that are made once more it stays true when they were first there.</summary>
    internal static async Task AddAsync(DocumentStore documents, ListsMade lists, Instant shipped, CancellationToken cancellationToken)
    {
        await documents.UpsertAsync(Containers.Runs, [ToDocument(lists)], cancellationToken);
        // A document of its own: a program of before, gone back to, knows no such member of the other.
        await documents.TryCreateAsync(Containers.Runs, new Document { PartitionKey = ShippedPartition, Id = lists.Id, Body = new JsonObject { [ShippedMember] = InstantPattern.ExtendedIso.Format(shipped) }.ToJsonString() }, cancellationToken);
    }

    private static async Task MakeAsync(DocumentStore documents, CancellationToken cancellationToken)
    {
        var there = (await documents.ListAsync(Containers.Runs, ListsMade.Partition, cancellationToken)).Select(d => d.Id).ToHashSet(StringComparer.Ordinal);
        var runs = (await documents.ListAsync(Containers.Runs, DailyRiskRun.Workflow, cancellationToken)).Where(d => !there.Contains(d.Id)).Select(d => RiskDocumentJson.ReadLedger(d.Body)).ToArray();
        var titles = await TitlesAsync(documents, runs, cancellationToken);
        await documents.UpsertAsync(
            Containers.Runs,
            [.. runs.Select(r => ToDocument(new ListsMade(r.Run, r.Task, titles.GetValueOrDefault(r.Task, r.Task), r.AsOf, UnixMicros.ToInstant(r.Inputs.Watermark), r.Scored)))],
            cancellationToken);
        await documents.UpsertAsync(Containers.Runs, [new Document { PartitionKey = Whole, Id = Whole, Body = "{}" }], cancellationToken);
    }

    /// <summary>Titles of tasks, which only the lists tell: the first list of each is enough.</summary>
    private static async Task<Dictionary<string, string>> TitlesAsync(DocumentStore documents, LedgerEntry[] runs, CancellationToken cancellationToken)
    {
        var (tasks, titles) = (runs.ToDictionary(r => r.Run, r => r.Task, StringComparer.Ordinal), new Dictionary<string, string>(StringComparer.Ordinal));
        var wanted = tasks.Values.Distinct(StringComparer.Ordinal).Count();
        if (wanted == 0)
        {
            return titles;
        }

        await foreach (var document in documents.ListAsync(Containers.Worklists, cancellationToken))
        {
            var list = RiskDocumentJson.ReadWorklist(document.Body);
            if (tasks.TryGetValue(list.Run, out var task) && titles.TryAdd(task, list.Title) && titles.Count == wanted)
            {
                break;
            }
        }

        return titles;
    }

    private static Document ToDocument(ListsMade lists) => new() { PartitionKey = ListsMade.Partition, Id = lists.Id, Body = RiskDocumentJson.ToJson(lists) };
}
