using RemoteMonitoring.Risk.Drift;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Workflows.Drift;

/// <summary>What runs gave the teams to do: counts of the ledger, reasons of the lists.</summary>
internal static class NightWorkload
{
    private const int HoursOfADay = 24;

    /// <summary>Counts; null where there are no runs.</summary>
    internal static async Task<Workload?> OfAsync(DocumentStore documents, TaskDefinition task, IReadOnlyList<LedgerEntry> nights, CancellationToken cancellationToken)
    {
        if (nights.Count == 0)
        {
            return null;
        }

        var lists = nights.Select(n => $"{LakePaths.Stamp(n.AsOf.ToUnixMicros())}-{n.Run}").ToHashSet(StringComparer.Ordinal);
        var reasons = new Dictionary<string, int>(StringComparer.Ordinal);
        await foreach (var document in documents.ListAsync(Containers.Worklists, cancellationToken))
        {
            foreach (var why in lists.Contains(document.Id) ? RiskDocumentJson.ReadWorklist(document.Body).NotScored.Select(n => n.Why) : [])
            {
                reasons[why] = reasons.GetValueOrDefault(why) + 1;
            }
        }

        var rows = nights.Sum(n => n.Scored + n.NotScored + n.SetAside);
        if (nights.Sum(n => n.NotScored) - reasons.Values.Sum() is var rest and > 0)
        {
            reasons[Workload.NotOnRecord] = rest;
        }

        return new()
        {
            Runs = nights.Count,
            PatientDays = task.Grid == AsOfGrid.Hourly ? (double)rows / HoursOfADay : rows,
            Listed = nights.Sum(n => n.Listed),
            Scored = nights.Sum(n => n.Scored),
            NotScored = new SortedDictionary<string, int>(reasons, StringComparer.Ordinal),
            SetAside = nights.Sum(n => n.SetAside),
        };
    }
}
