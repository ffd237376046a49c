using System.Diagnostics;
using System.Globalization;
using NodaTime;
using RemoteMonitoring.Cli.Runs;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Engine.Embedded;
using RemoteMonitoring.Workflows.Runs;

namespace RemoteMonitoring.Cli.Chaos;

/// <summary>
/// Nights of a simulated cohort, run twice: by processes that nobody disturbs, and by one or two at a time that are killed at random
/// instants, again and again; then what both came to is held against each other.
/// </summary>
internal sealed class ChaosDaily(Terminal terminal, string folder, int patients, int kills, int seed)
{
    private const string Cohort = "simulated";
    private const int Shards = 8;

    /// <summary>Every so many nights the observations are made anew, so that processes die over compaction too.</summary>
    private const int FullEvery = 3;

    /// <summary>Of few patients it takes longer until enough has happened to learn from.</summary>
    private readonly int _days = patients < 400 ? 75 : 60;

    private readonly Random _random = new(seed);
    private readonly List<string> _failed = [];

    /// <summary>Processes killed so far.</summary>
    public int Killed { get; private set; }

    /// <summary>Nights so far.</summary>
    public int Nights { get; private set; }

    private string Disturbed => Path.Combine(folder, "disturbed");

    private string Undisturbed => Path.Combine(folder, "undisturbed");

    /// <summary>Runs it; the promises that did not hold, none when all is well.</summary>
    public async Task<IReadOnlyList<string>> RunAsync(CancellationToken cancellationToken)
    {
        await terminal.StageAsync("prepare", async _ =>
        {
            await ChaosProcess.EndAsync(ChaosProcess.Start(Undisturbed, "demo", "--patients", $"{patients}", "--days", $"{_days}", "--seed", $"{seed}"), cancellationToken);
            await ChaosProcess.EndAsync(ChaosProcess.Start(Undisturbed, "compact", "--cohort", Cohort, "--shards", $"{Shards}"), cancellationToken);
            foreach (var file in Directory.EnumerateFiles(Undisturbed, "*", SearchOption.AllDirectories))
            {
                var copy = Path.Combine(Disturbed, Path.GetRelativePath(Undisturbed, file));
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                File.Copy(file, copy);
            }

            return (true, $"{Terminal.Number(patients)} patients over {_days} days, {Shards} shards, a model");
        });
        var last = await LastAsOfAsync(cancellationToken);
        while (Killed < kills)
        {
            if (Nights % FullEvery == 0)
            {
                Forget(Undisturbed);
                Forget(Disturbed);
            }

            await NightAsync(last - Duration.FromDays(Nights++), cancellationToken);
        }

        await CompareAsync(cancellationToken);
        await PoisonAsync(last - Duration.FromDays(Nights), cancellationToken);
        return _failed;
    }

    /// <summary>A night with a patient at whose turn the process dies, every time: the parts are split until that one stands alone.</summary>
    private async Task PoisonAsync(Instant asOf, CancellationToken cancellationToken)
    {
        var night = NightOf(asOf);
        await ChaosProcess.EndAsync(ChaosProcess.Start(Undisturbed, night), cancellationToken);
        await using var one = CohortStore.Open(Undisturbed, Cohort);
        await using var other = CohortStore.Open(Disturbed, Cohort);
        var expected = await PredictionsAsync(one, asOf, cancellationToken);
        var culprit = expected.Keys.ElementAt(_random.Next(expected.Count));
        var deaths = 0;
        for (var exit = -1; exit != ExitCodes.DoneInPart; deaths++)
        {
            using var process = ChaosProcess.Start(Disturbed, [.. night, "--poison", culprit]);
            var errors = process.StandardError.ReadToEndAsync(cancellationToken);
            await process.WaitForExitAsync(cancellationToken);
            exit = process.ExitCode;
            if (exit is ExitCodes.Done or ExitCodes.BadInput or ExitCodes.Fault || deaths > 200)
            {
                throw new UserException($"the night with a patient who kills the process ended with exit code {exit} after {deaths} deaths: {(await errors).Trim()}");
            }
        }

        var found = await PredictionsAsync(other, asOf, cancellationToken);
        expected.Remove(culprit);
        var run = (await CohortEngine.ClientOf(other).FindAsync(RunRegister.IdOf(DailyRiskWorkflow.Daily.Name, Cohort, BundledTasks.AdmissionSevenDays.Name, asOf), cancellationToken))!;
        var lists = await DailyRiskRun.WorklistsAsync(other, RunWords.Outcome(run)!.Run, cancellationToken);
        Check("who kills the process is set aside, and nobody else", expected.SequenceEqual(found) && lists.SelectMany(l => l.SetAside).Select(n => n.PatientId).SequenceEqual([culprit]), $"{deaths - 1} deaths, {Terminal.Number(found.Count)} of {Terminal.Number(expected.Count + 1)} scored, as ever");
        Check("the list says so", lists.Where(l => l.SetAside.Count > 0).All(l => l.Notices[0].Contains($"{l.SetAside.Count} could not be scored", StringComparison.Ordinal)), lists.First(l => l.SetAside.Count > 0).Notices[0]);
    }

    private static async Task<SortedDictionary<string, string>> PredictionsAsync(CohortStore store, Instant asOf, CancellationToken cancellationToken)
    {
        var id = LakePaths.Stamp(asOf.ToUnixMicros());
        var predictions = new SortedDictionary<string, string>(StringComparer.Ordinal);
        await foreach (var document in store.Documents.ListAsync(Containers.Predictions, cancellationToken).Where(d => d.Id.StartsWith(id, StringComparison.Ordinal)))
        {
            predictions.Add(document.PartitionKey, document.Body);
        }

        return predictions;
    }

    private static string[] NightOf(Instant asOf) =>
        ["run", "daily", "--cohort", Cohort, "--task", BundledTasks.AdmissionSevenDays.Name, "--retrospective", "--as-of", asOf.ToString("uuuu-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)];

    private async Task NightAsync(Instant asOf, CancellationToken cancellationToken)
    {
        var night = NightOf(asOf);
        var clock = Stopwatch.StartNew();
        await ChaosProcess.EndAsync(ChaosProcess.Start(Undisturbed, night), cancellationToken);
        var whole = clock.Elapsed;
        var (before, id) = (Killed, RunRegister.IdOf(DailyRiskWorkflow.Daily.Name, Cohort, BundledTasks.AdmissionSevenDays.Name, asOf));
        while (Killed < kills && await StatusAsync(id, cancellationToken) is null or InstanceStatus.Running)
        {
            // One after the other, or two that find each other at it.
            await Task.WhenAll(Enumerable.Range(0, 1 + _random.Next(2)).Select(_ => KillAsync(ChaosProcess.Start(Disturbed, night), whole * (1.1 * _random.NextDouble()), cancellationToken)));
        }

        await ChaosProcess.EndAsync(ChaosProcess.Start(Disturbed, night), cancellationToken);
        terminal.Line($"{asOf}: {whole.TotalSeconds:F1} s undisturbed; {Killed - before} killed");
    }

    private async Task KillAsync(Process process, TimeSpan life, CancellationToken cancellationToken)
    {
        using var _ = process;
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        var ended = process.WaitForExitAsync(cancellationToken);
        if (await Task.WhenAny(ended, Task.Delay(life, cancellationToken)) != ended)
        {
            process.Kill();
            await ended;
            Killed += process.ExitCode == ExitCodes.Done ? 0 : 1;
        }
        else if (process.ExitCode != ExitCodes.Done)
        {
            throw new UserException($"a process ended by itself with exit code {process.ExitCode}: {(await errors).Trim()}");
        }
    }

    private async Task CompareAsync(CancellationToken cancellationToken)
    {
        await using var one = CohortStore.Open(Undisturbed, Cohort);
        await using var other = CohortStore.Open(Disturbed, Cohort);
        foreach (var container in (string[])[Containers.Predictions, Containers.Worklists])
        {
            var (expected, found) = (await DocumentsAsync(one, container, cancellationToken), await DocumentsAsync(other, container, cancellationToken));
            Check($"documents of {container}", expected.Count > 0 && expected.SequenceEqual(found), $"{Terminal.Number(expected.Count)} and {Terminal.Number(found.Count)}, byte for byte");
        }

        foreach (var place in (string[])["gold/predictions", "gold/features/home"])
        {
            var (expected, found) = (await RowsAsync(one.Lake, place, cancellationToken), await RowsAsync(other.Lake, place, cancellationToken));
            Check($"rows of {place}", expected.Length > 0 && expected.SequenceEqual(found), $"{Terminal.Number(expected.Length)} and {Terminal.Number(found.Length)}");
        }

        var ledger = (await one.Lake.ListAsync("ledger", cancellationToken)).SequenceEqual(await other.Lake.ListAsync("ledger", cancellationToken));
        Check("the ledger names the same runs", ledger, $"{Nights} nights");
        Check("nothing is left of work under way", (await other.Lake.ListAsync(LakePaths.WorkFolder, cancellationToken)).Count == 0, "work/ is empty");
        var (steps, twice) = await StepsAsync(cancellationToken);
        Check("no step was recorded as done twice", steps > 0 && twice == 0, $"{Terminal.Number(steps)} outcomes recorded, {twice} of them a second time");
        Check("processes were killed", Killed >= kills, $"{Killed} by SIGKILL");
    }

    private async Task<(int Outcomes, int Twice)> StepsAsync(CancellationToken cancellationToken)
    {
        await using var store = CohortStore.Open(Disturbed, Cohort);
        var client = CohortEngine.ClientOf(store);
        var (outcomes, twice) = (0, 0);
        foreach (var run in await client.ListAsync(null, 10_000, cancellationToken))
        {
            foreach (var instance in (await client.ChildrenAsync(run.Id, cancellationToken)).Prepend(run))
            {
                int[] done =
                [
                    .. (await client.HistoryAsync(instance.Id, cancellationToken))
                        .Where(e => e.Kind is HistoryKind.ActivityCompleted or HistoryKind.ActivityFailed or HistoryKind.WorkflowCompleted or HistoryKind.WorkflowFailed or HistoryKind.TimerFired)
                        .Select(e => e.Task),
                ];
                outcomes += done.Length;
                twice += done.Length - done.Distinct().Count();
            }
        }

        return (outcomes, twice);
    }

    private void Check(string promise, bool holds, string figures)
    {
        terminal.Line($"{(holds ? "holds" : "BROKEN")}  {promise}: {figures}");
        if (!holds)
        {
            _failed.Add(promise);
        }
    }

    private async Task<InstanceStatus?> StatusAsync(string id, CancellationToken cancellationToken)
    {
        await using var store = CohortStore.Open(Disturbed, Cohort);
        return (await CohortEngine.ClientOf(store).FindAsync(id, cancellationToken))?.Status;
    }

    private async Task<Instant> LastAsOfAsync(CancellationToken cancellationToken)
    {
        await using var store = CohortStore.Open(Undisturbed, Cohort);
        var manifest = (await ObservationsManifest.TryReadAsync(store.Lake, cancellationToken))!;
        var reference = await store.Reference.LoadAsync(manifest.Inputs.Reference, cancellationToken);
        // The demo has scored the last already.
        return DailyRiskRun.LatestAsOf(BundledTasks.AdmissionSevenDays, reference, UnixMicros.ToInstant(manifest.Inputs.Watermark)) - Duration.FromDays(1);
    }

    /// <summary>All observations are gone but what says how many shards they had.</summary>
    private static void Forget(string home)
    {
        var lake = Path.Combine(home, Cohort, "lake");
        foreach (var file in Directory.EnumerateFiles(Path.Combine(lake, "gold"), "*", SearchOption.AllDirectories))
        {
            var path = Path.GetRelativePath(lake, file).Replace(Path.DirectorySeparatorChar, '/');
            if (path != LakePaths.ObservationsManifest && path.Split('/') is [_, "observations" or "rollups" or "unassigned", ..])
            {
                File.Delete(file);
            }
        }
    }

    private static async Task<SortedDictionary<string, string>> DocumentsAsync(CohortStore store, string container, CancellationToken cancellationToken)
    {
        var documents = new SortedDictionary<string, string>(StringComparer.Ordinal);
        await foreach (var document in store.Documents.ListAsync(container, cancellationToken))
        {
            documents.Add($"{document.PartitionKey}/{document.Id}", document.Body);
        }

        return documents;
    }

    /// <summary>Every row, whichever file it is in: a shard that was split has several.</summary>
    private static async Task<string[]> RowsAsync(Lake lake, string place, CancellationToken cancellationToken)
    {
        var rows = new List<string>();
        foreach (var path in (await lake.ListAsync(place, cancellationToken)).Where(p => p.EndsWith(".parquet", StringComparison.Ordinal) && !p.Contains("/snapshots/", StringComparison.Ordinal)))
        {
            var table = await lake.ReadTableAsync(path, null, cancellationToken);
            Array[] columns = [.. table.ColumnNames.Select(table.Column)];
            rows.AddRange(Enumerable.Range(0, table.Rows).Select(row => Lake.Hash(System.Text.Encoding.UTF8.GetBytes(string.Join('|', columns.Select(c => c.GetValue(row)))))));
        }

        return [.. rows.Order(StringComparer.Ordinal)];
    }
}
