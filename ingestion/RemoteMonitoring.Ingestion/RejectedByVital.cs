using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Ingestion;

/// <summary>Rejected readings of one code and reason.</summary>
/// <param name="Label">Short name of the vital; the code where it names none.</param>
/// <param name="Code">Code as sent.</param>
/// <param name="Reason">Stable text of the reason.</param>
/// <param name="Readings">How many.</param>
/// <param name="ZeroOrBelow">How many of them had a value of zero or below, as sent.</param>
public sealed record RejectedByVital(string Label, string Code, string Reason, long Readings, long ZeroOrBelow)
{
    /// <summary>Counts quarantine by code and reason, most first.</summary>
    public static async Task<IReadOnlyList<RejectedByVital>> CountAsync(Lake lake, Silver silver, CancellationToken cancellationToken)
    {
        var counts = new Dictionary<(string Code, string Reason), (long Readings, long ZeroOrBelow)>();
        await foreach (var row in Quarantine.ReadAsync(lake, silver, cancellationToken))
        {
            var key = (row.Code ?? "", row.Reason.ToText());
            var (readings, zeroOrBelow) = counts.GetValueOrDefault(key);
            counts[key] = (readings + 1, zeroOrBelow + (row.Value <= 0 ? 1 : 0));
        }

        return
        [
            .. counts.OrderByDescending(c => c.Value.Readings).ThenBy(c => c.Key).Select(c => new RejectedByVital(
                VitalSignCatalog.Default.TryGetByCode(c.Key.Code, out var vital) ? vital!.Label : c.Key.Code.Length == 0 ? "(no reading could be read)" : c.Key.Code,
                c.Key.Code,
                c.Key.Reason,
                c.Value.Readings,
                c.Value.ZeroOrBelow)),
        ];
    }
}
