using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Catalog;

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
    public static async Task<IReadOnlyList<RejectedByVital>> CountAsync(Lake lake, CancellationToken cancellationToken)
    {
        var counts = new Dictionary<(string Code, string Reason), (long Readings, long ZeroOrBelow)>();
        foreach (var path in await Silver.QuarantineAsync(lake, cancellationToken))
        {
            var table = await lake.ReadTableAsync(path, ["code", "reason", "value"], cancellationToken);
            var (code, reason, value) = (table.Text("code"), table.Text("reason"), table.Float64("value"));
            for (var i = 0; i < table.Rows; i++)
            {
                var (readings, zeroOrBelow) = counts.GetValueOrDefault((code[i] ?? "", reason[i]!));
                counts[(code[i] ?? "", reason[i]!)] = (readings + 1, zeroOrBelow + (value[i] <= 0 ? 1 : 0));
            }
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
