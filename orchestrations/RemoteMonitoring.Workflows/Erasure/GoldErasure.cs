using System.Globalization;
using RemoteMonitoring.Ingestion.Erasure;
using RemoteMonitoring.Storage.Erasure;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Workflows.Erasure;

/// <summary>
/// Erases in the tables made for the cohort: observations and readings of nobody of whatever generation, vectors, predictions,
/// held-out rows. Those of before the erasure keep their names and the rows of everybody else; what they were is in the
/// ledger's notes. A table that an erasure took rows from says so in its footer.
/// </summary>
internal sealed class GoldErasure(Lake lake, Erasures erasures, ErasurePlan plan)
{
    private const string Rows = "remotemonitoring.rows";

    private readonly string _mark = TelemetryTables.Erasure + plan.Sequence.ToString(CultureInfo.InvariantCulture);

    /// <summary>Erases, and notes which models were taught with rows of the patient.</summary>
    public async Task EraseAsync(ErasureReport report, bool dryRun, CancellationToken cancellationToken)
    {
        foreach (var folder in (string[])["gold", "models"])
        {
            foreach (var path in (await lake.ListAsync(folder, cancellationToken)).Where(p => p.EndsWith(".parquet", StringComparison.Ordinal)))
            {
                if (await EraseAsync(path, dryRun, cancellationToken) is { } erased)
                {
                    report.Add(PlaceOf(path), path, erased.Rows, erased.Sha256);
                    Note(path, report);
                }
            }
        }
    }

    private async Task<(long Rows, string Sha256)?> EraseAsync(string path, bool dryRun, CancellationToken cancellationToken)
    {
        var table = await lake.ReadTableAsync(path, null, cancellationToken);
        var before = table.Metadata.TryGetValue(_mark, out var marked) ? long.Parse(marked, CultureInfo.InvariantCulture) : 0;
        var isGone = IsGone(table);
        int[] stay = [.. Enumerable.Range(0, table.Rows).Where(row => !isGone(row))];
        if (stay.Length == table.Rows)
        {
            return before == 0 ? null : (before, Lake.Hash(await lake.ReadAsync(path, cancellationToken)));
        }

        var next = table.Select(stay);
        next.Metadata[_mark] = (before + table.Rows - stay.Length).ToString(CultureInfo.InvariantCulture);
        if (next.Metadata.ContainsKey(Rows))
        {
            next.Metadata[Rows] = stay.Length.ToString(CultureInfo.InvariantCulture);
        }

        var bytes = next.ToBytes();
        if (!dryRun)
        {
            await lake.ReplaceAsync(path, bytes, cancellationToken);
        }

        return (before + table.Rows - stay.Length, Lake.Hash(bytes));
    }

    /// <summary>Rows of the patient; where a table has none of patients, those of devices while they were an erased patient's.</summary>
    private Func<int, bool> IsGone(ParquetTable table)
    {
        var columns = table.ColumnNames.ToHashSet(StringComparer.Ordinal);
        if (columns.Contains("patient_id"))
        {
            var patients = table.Text("patient_id");
            return row => patients[row] == plan.PatientId;
        }

        if (columns.Contains("device_id") && columns.Contains("effective_time"))
        {
            var (devices, times) = (table.Text("device_id"), table.Time("effective_time"));
            var known = columns.Contains("known_from") ? table.Time("known_from") : null;
            return row => erasures.CoverReading(devices[row]!, times[row], known?[row] ?? long.MinValue);
        }

        return _ => false;
    }

    private static string PlaceOf(string path) => path.Split('/') switch
    {
        ["models", ..] => "held-out rows",
        ["gold", "unassigned", ..] => "readings of nobody",
        ["gold", var kind, ..] => kind,
        _ => "gold",
    };

    /// <summary>A snapshot of vectors, or held-out rows, with rows of the patient say that a model was taught with them.</summary>
    private static void Note(string path, ErasureReport report)
    {
        switch (path.Split('/'))
        {
            case ["models", var task, var version, _]:
                report.Models.Add($"{task}/{version}");
                break;
            case ["gold", "features", _, "snapshots", var file] when file.LastIndexOf('-') is var dash and > 0:
                report.Models.Add($"{file[..dash]}/{file[(dash + 1)..^".parquet".Length]}");
                break;
            default:
                break;
        }
    }
}
