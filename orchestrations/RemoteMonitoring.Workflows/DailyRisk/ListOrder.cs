using NodaTime;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>
/// In what order those stand who are listed: by the risk that people are shown, then by band, then as they stood on the list before, so that a difference that
/// nobody is shown moves nobody. Who was not on it stands behind those who were, by unrounded risk, and by patient id among equals.
/// </summary>
internal static class ListOrder
{
    private static readonly IReadOnlyDictionary<string, IReadOnlyList<string>> s_none = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>Orders a list.</summary>
    /// <param name="listed">Who is listed.</param>
    /// <param name="earlier">The patients of the team's list before, in its order; empty for none.</param>
    public static IReadOnlyList<Prediction> Of(IEnumerable<Prediction> listed, IReadOnlyList<string> earlier)
    {
        var places = earlier.Index().DistinctBy(e => e.Item, StringComparer.Ordinal).ToDictionary(e => e.Item, e => e.Index, StringComparer.Ordinal);
        return
        [
            .. listed.OrderByDescending(p => RiskWords.Shown(p.Probability))
                .ThenByDescending(p => p.Band)
                .ThenBy(p => places.GetValueOrDefault(p.PatientId, int.MaxValue))
                .ThenByDescending(p => p.Probability)
                .ThenByDescending(p => p.Raw)
                .ThenBy(p => p.PatientId, StringComparer.Ordinal),
        ];
    }

    /// <summary>
    /// The order of the last lists of a task that speak for an instant before another and scored anybody, by team. A list that cannot be read gives no order, and keeps none
    /// of today's from its team.
    /// </summary>
    public static async Task<IReadOnlyDictionary<string, IReadOnlyList<string>>> BeforeAsync(DocumentStore documents, string task, Instant asOf, IEnumerable<string> teams, CancellationToken cancellationToken)
    {
        var made = (await ListsIndex.ReadAsync(documents, cancellationToken)).Where(l => l.Task == task && l.AsOf < asOf && l.Scored > 0);
        if (ListsIndex.Latest(made) is not [var before])
        {
            return s_none;
        }

        var orders = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var team in teams)
        {
            try
            {
                if (await documents.FindAsync(Containers.Worklists, team, before.Id, cancellationToken) is { } document)
                {
                    orders[team] = [.. RiskDocumentJson.ReadWorklist(document.Body).Listed.Select(p => p.PatientId)];
                }
            }
            catch (LakeException e) when (!e.IsTransient)
            {
                // As on the first day: the list goes out, in an order of its own.
            }
        }

        return orders;
    }
}
