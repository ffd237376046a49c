using System.Globalization;
using System.Text;
using RemoteMonitoring.Ingestion.Erasure;
using RemoteMonitoring.Risk.Reporting;
using RemoteMonitoring.Storage.Erasure;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Workflows.Erasure;

/// <summary>
/// Erases in the tables made for the cohort: observations and readings of nobody of whatever generation, vectors, predictions,
/// held-out rows, error reviews. Those of before the erasure keep their names and the rows of everybody else; what they were is in the
/// ledger's notes, and the manifests that name them say what they are. A table that an erasure took rows from says so in its footer.
/// Rollups only save time: they are thrown away whole, and made again when they are next asked for.
/// </summary>
internal sealed class GoldErasure(Lake lake, Erasures erasures, ErasurePlan plan)
{
    private const string Rows = "remotemonitoring.rows";

    private readonly string _mark = TelemetryTables.Erasure + plan.Sequence.ToString(CultureInfo.InvariantCulture);

    /// <summary>Erases, and notes which models were taught with rows of the patient.</summary>
    public async Task EraseAsync(ErasureReport report, bool dryRun, CancellationToken cancellationToken)
    {
        var rewritten = new Dictionary<string, (int Rows, string Sha256)>(StringComparer.Ordinal);
        // What runs under way hand on goes as a whole: they make it again, without the patient.
        foreach (var path in dryRun ? [] : (await lake.ListAsync(LakePaths.WorkFolder, cancellationToken)).Where(p => p.EndsWith(".json", StringComparison.Ordinal) || p.Contains($"/{TrainedFiles.Folder}/", StringComparison.Ordinal)))
        {
            await lake.DeleteAsync(path, cancellationToken);
        }

        foreach (var folder in (string[])["gold", "models"])
        {
            foreach (var path in (await lake.ListAsync(folder, cancellationToken)).Where(p => p.EndsWith(".parquet", StringComparison.Ordinal)))
            {
                if (path.StartsWith(LakePaths.RollupsFolder, StringComparison.Ordinal))
                {
                    _ = dryRun || await lake.DeleteAsync(path, cancellationToken);
                }
                else if (await EraseAsync(path, dryRun, cancellationToken) is { } erased)
                {
                    report.Add(PlaceOf(path), path, erased.Rows, erased.Sha256);
                    Note(path, report);
                    rewritten[path] = (erased.Left, erased.Sha256);
                }
            }
        }

        await EraseReportsAsync(report, dryRun, cancellationToken);
        await ReplaceManifestsAsync(rewritten, dryRun, cancellationToken);
    }

    /// <summary>Reports of models show readings of those whom the model was most wrong about.</summary>
    private async Task EraseReportsAsync(ErasureReport report, bool dryRun, CancellationToken cancellationToken)
    {
        foreach (var path in (await lake.ListAsync("models", cancellationToken)).Where(p => p.EndsWith('/' + ReportPage.FileName, StringComparison.Ordinal)))
        {
            var before = Encoding.UTF8.GetString(await lake.ReadAsync(path, cancellationToken));
            var (page, cases) = ReportPage.Without(before, plan.PatientId, _mark);
            if (cases == 0)
            {
                continue;
            }

            var bytes = Encoding.UTF8.GetBytes(page);
            if (!dryRun && page != before)
            {
                await lake.ReplaceAsync(path, bytes, cancellationToken);
            }

            report.Add("reports", path, cases, Lake.Hash(bytes));
        }
    }

    /// <summary>Manifests of the past go on to name their files, as those are now.</summary>
    private async Task ReplaceManifestsAsync(Dictionary<string, (int Rows, string Sha256)> rewritten, bool dryRun, CancellationToken cancellationToken)
    {
        foreach (var path in dryRun ? [] : await lake.ListAsync(LakePaths.ObservationsManifests, cancellationToken))
        {
            if (await ObservationsManifest.TryReadFileAsync(lake, path, cancellationToken) is not { } manifest || (manifest.Rollups?.Paths.Any() != true && !manifest.Paths.Any(rewritten.ContainsKey)))
            {
                continue;
            }

            var next = manifest with
            {
                Rollups = manifest.Rollups?.Paths.Any() == true ? null : manifest.Rollups,
                Files = [.. manifest.Files.Select(f => rewritten.TryGetValue(f.Path, out var now) ? f with { Rows = now.Rows, Sha256 = now.Sha256 } : f)],
                Unassigned = [.. manifest.Unassigned.Select(f => rewritten.TryGetValue(f.Path, out var now) ? f with { Rows = now.Rows, Sha256 = now.Sha256 } : f)],
            };
            await lake.ReplaceAsync(path, next.ToBytes(), cancellationToken);
        }
    }

    private async Task<(long Rows, int Left, string Sha256)?> EraseAsync(string path, bool dryRun, CancellationToken cancellationToken)
    {
        var table = await lake.ReadTableAsync(path, null, cancellationToken);
        var before = table.Metadata.TryGetValue(_mark, out var marked) ? long.Parse(marked, CultureInfo.InvariantCulture) : 0;
        var isGone = IsGone(table);
        int[] stay = [.. Enumerable.Range(0, table.Rows).Where(row => !isGone(row))];
        if (stay.Length == table.Rows)
        {
            return before == 0 ? null : (before, table.Rows, Lake.Hash(await lake.ReadAsync(path, cancellationToken)));
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

        return (before + table.Rows - stay.Length, stay.Length, Lake.Hash(bytes));
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
