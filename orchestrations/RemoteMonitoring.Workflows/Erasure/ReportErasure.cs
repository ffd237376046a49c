using NodaTime;
using RemoteMonitoring.Ingestion.Erasure;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.ReportTables;

namespace RemoteMonitoring.Workflows.Erasure;

/// <summary>
/// Erases a patient from the tables for reports. First each file that names the patient by their keyed hash gets a new generation without those rows, and the old bytes go; then the months that had
/// some are made again of what is left, so that places on lists and sums are what they would be had the tables been made today.
/// </summary>
internal static class ReportErasure
{
    private const string Place = "tables for reports";

    /// <summary>Erases; in a trial run it says what would go.</summary>
    public static async Task EraseAsync(CohortStore store, string patientId, ErasureReport report, bool dryRun, TimeProvider time, IReadOnlyList<TaskDefinition>? tasks, CancellationToken cancellationToken)
    {
        if (await ReportManifest.TryReadAsync(store.Lake, cancellationToken) is null)
        {
            return;
        }

        if (ReportContext.TryPatientKeys(store) is not { } keys)
        {
            throw new LakeException($"{store.Lake.NameOf(LakePaths.ReportFolder)}: the key that patients are named by in the tables for reports is gone, so nobody can tell the patient's rows. Restore it, or delete that folder, and erase again.");
        }

        if (dryRun)
        {
            await FilterAsync(store.Lake, keys(patientId), report, dryRun, cancellationToken);
            return;
        }

        var (isNamed, months) = await ReportStage.LeaseOf(store).RunAsync(token => FilterAsync(store.Lake, keys(patientId), report, dryRun, token), cancellationToken);
        await DeleteOthersAsync(store, cancellationToken);
        if (isNamed)
        {
            var (now, made) = (Instant.FromDateTimeOffset(time.GetUtcNow()), new List<ReportMonthMade>());
            foreach (var month in months)
            {
                made.Add(await ReportStage.WriteMonthAsync(store, month, now, tasks, cancellationToken));
            }

            await ReportStage.FinishAsync(store, now, null, made, tasks, cancellationToken);
        }
    }

    /// <summary>Takes the rows out.</summary>
    /// <returns>Whether there were any, and the months that had some.</returns>
    private static async Task<(bool IsNamed, IReadOnlyList<string> Months)> FilterAsync(Lake lake, string patientKey, ErasureReport report, bool dryRun, CancellationToken cancellationToken)
    {
        var before = (await ReportManifest.TryReadAsync(lake, cancellationToken))!;
        var (files, months) = (new List<ReportFile>(), new SortedSet<string>(StringComparer.Ordinal));
        foreach (var file in before.Files)
        {
            if (!ReportSchema.Named(file.Table).IsOfPatients)
            {
                files.Add(file);
                continue;
            }

            var table = await lake.ReadTableAsync(file.Path, null, cancellationToken);
            var patients = table.Text(ReportTable.PatientKey);
            int[] stay = [.. Enumerable.Range(0, table.Rows).Where(row => patients[row] != patientKey)];
            if (stay.Length == table.Rows)
            {
                files.Add(file);
                continue;
            }

            var bytes = table.Select(stay).ToBytes();
            var hash = Lake.Hash(bytes);
            var path = LakePaths.Report(file.Table, file.Period, hash[..32]);
            report.Add(Place, file.Path, table.Rows - stay.Length, null);
            if (ReportTable.MonthOf(file.Period) is { } month)
            {
                months.Add(month.ToString("uuuu-MM", System.Globalization.CultureInfo.InvariantCulture));
            }

            if (!dryRun)
            {
                await lake.CreateDerivedAsync(path, bytes, cancellationToken);
                // Of other inputs than it says: it is made again.
                files.Add(file with { Path = path, Rows = stay.Length, Sha256 = hash, Inputs = null });
            }
        }

        if (!dryRun)
        {
            // Months that lost rows are to be made again, also by another who comes after this one was killed.
            await (before with { Files = files, Months = [.. before.Months.Except(months)] }).ReplaceAsync(lake, before, cancellationToken);
        }

        return (files.Any(f => !before.Files.Contains(f)), [.. months]);
    }

    /// <summary>What an export that was killed left beside the files that are current.</summary>
    private static async Task DeleteOthersAsync(CohortStore store, CancellationToken cancellationToken) =>
        await ReportStage.LeaseOf(store).RunAsync(async token =>
        {
            var current = (await ReportManifest.TryReadAsync(store.Lake, token))!.Files.Select(f => f.Path).ToHashSet(StringComparer.Ordinal);
            foreach (var path in (await store.Lake.ListAsync(LakePaths.ReportFolder, token)).Where(p => p.EndsWith(".parquet", StringComparison.Ordinal) && !current.Contains(p)))
            {
                await store.Lake.DeleteAsync(path, token);
            }

            return 0;
        }, cancellationToken);
}
