using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using RemoteMonitoring.Cohorts.Import;
using RemoteMonitoring.Cohorts.Simulation;
using RemoteMonitoring.Ingestion;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Risk.Training;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Registry;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon demo</c>: the whole path on one machine, from device messages to a ranked and explained list.</summary>
internal static class DemoCommand
{
    private const string Simulated = "simulated";

    // Twice the simulator's own default: with fewer admissions there is little to learn from.
    private const int DemoPatients = 2000;

    public static Command Create()
    {
        var data = new Option<string>("--data")
        {
            Description = $"{Simulated}, or a public data set: {string.Join(", ", ImportCommand.DataSets)}",
            DefaultValueFactory = _ => Simulated,
        };
        data.AcceptOnlyFromAmong([Simulated, .. ImportCommand.DataSets]);
        var folder = new Argument<string?>("dir") { Description = "Folder with the public data set's original files", Arity = ArgumentArity.ZeroOrOne };
        var (patients, days, seed) = SimulateCommand.Options(DemoPatients);
        var command = new Command("demo", "Simulate or import, ingest, extract, train, evaluate, score the last day, and print the lists")
        {
            data, folder, patients, days, seed,
        };
        command.SetAction(async (parsed, token) =>
        {
            var clock = Stopwatch.StartNew();
            var terminal = GlobalOptions.TerminalOf(parsed);
            var home = GlobalOptions.HomeOf(parsed);
            var dataSet = parsed.GetRequiredValue(data);
            var source = parsed.GetValue(folder);
            if (dataSet == Simulated != source is null)
            {
                throw new UserException(source is null
                    ? $"--data {dataSet} needs the folder with the data set's original files: rmon demo --data {dataSet} DIR."
                    : $"'{source}': the simulated cohort takes no folder. For a public data set say which it is: --data {string.Join(" or --data ", ImportCommand.DataSets)}.",
                    ExitCodes.Usage);
            }

            var options = new SimulationOptions { Patients = parsed.GetValue(patients), Days = parsed.GetValue(days), Seed = parsed.GetValue(seed) };
            var cohort = parsed.GetValue(GlobalOptions.Cohort) ?? dataSet;
            var feed = await FeedAsync(terminal, home, cohort, dataSet, source, options, token);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, cohort, token);
            var (report, manifest) = await IngestCommand.RunAsync(terminal, store, FeedFolder.Open(FeedPath(home, cohort), cohort, false), token);
            var task = TaskOf(dataSet);
            var (model, trainedBefore) = await TrainCommand.RunAsync(terminal, store, manifest, task, new TrainingSettings(), token);
            var champion = await new ModelRegistry(store, TimeProvider.System).ChampionAsync(task.Name, token) ?? model.Version;
            var (ledger, worklists, scoredBefore) = await ScoreCommand.RunAsync(terminal, store, manifest, task, null, champion, null, token);

            terminal.Line();
            terminal.Line(feed.Source);
            IngestCommand.ShowAccount(terminal, report, manifest);
            foreach (var (reason, count) in feed.LeftOut)
            {
                terminal.Line($"left out by the source's own convention, before messages were made: {Terminal.Number(count)} {reason}");
            }

            var rejected = await RejectedByVital.CountAsync(store.Lake, await Silver.OpenAsync(store.Lake, store.Reference, token), token);
            ShowRejectedByVital(terminal, rejected);
            TrainCommand.Show(terminal, store, model);
            foreach (var worklist in worklists)
            {
                Results.ShowWorklist(terminal, store.Cohort, worklist, rows: 3);
            }

            terminal.Heading("Where everything lies");
            terminal.Table(
                ["what", "where"],
                [
                    ["feed", FeedPath(home, cohort)],
                    ["lake", store.Lake.NameOf("")],
                    ["documents", store.Documents.Name],
                    ["vectors", store.Lake.NameOf(model.Features)],
                    ["model", store.Lake.NameOf(model.Folder)],
                    ["ledger", store.Lake.NameOf(LakePaths.Ledger(ledger.Run))],
                ]);
            var nothingNew = report.NothingNew && trainedBefore && scoredBefore;
            terminal.Line(string.Create(CultureInfo.InvariantCulture, $"Done in {clock.Elapsed.TotalSeconds:F0} s.")
                + (nothingNew ? " Everything was there already: the same input makes the same output, and nothing was written twice." : ""));
            terminal.Line("Decision support for trained staff; not a medical device."
                + (dataSet == Simulated ? " Figures on made-up patients do not compare with figures on real ones." : " Patients listed here also taught the final model; the figures above are of patients or days held out from it."));
            var users = await DemoUsers.OfferAsync(terminal, store, HomeAndCohortOf(parsed, home, store), token);
            terminal.Document(Document(store, feed, report, manifest, rejected, model, ledger, worklists, nothingNew, clock.Elapsed, users));
            return IngestCommand.Warnings(terminal, report) > 0 ? ExitCodes.DoneWithUnreadableLines : ExitCodes.Done;
        });
        return command;
    }

    private static TaskDefinition TaskOf(string dataSet) => dataSet switch
    {
        TihmImporter.Cohort => BundledTasks.TihmAlertNextDay,
        PhysioNet2012Importer.Cohort => BundledTasks.InHospitalDeath,
        PhysioNet2019Importer.Cohort => BundledTasks.Named("sepsis-hourly"),
        UciDiabetesImporter.Cohort => BundledTasks.Named("glucose-below-54"),
        _ => BundledTasks.AdmissionSevenDays,
    };

    /// <summary>What is typed to have the pages of the cohort, as the demo itself was asked for.</summary>
    private static string HomeAndCohortOf(ParseResult parsed, string home, CohortStore store) =>
        $"--cohort {store.Cohort}{(parsed.GetValue(GlobalOptions.Home) is null ? "" : $" --home {(home.Contains(' ', StringComparison.Ordinal) ? $"'{home}'" : home)}")}";

    private static string FeedPath(string home, string cohort) => Path.Combine(home, "feeds", cohort);

    /// <summary>
    /// Makes the feed, and keeps the one that is there when it is of the same epoch. A home that holds the same cohort from
    /// another source is refused: two sources under one name would become one cohort.
    /// </summary>
    private static async Task<Feed> FeedAsync(
        Terminal terminal, string home, string cohort, string dataSet, string? source, SimulationOptions options, CancellationToken cancellationToken) =>
        await terminal.StageAsync(source is null ? "simulate" : "import", progress => Task.Run(() =>
        {
            var path = FeedPath(home, cohort);
            var draft = path + ".new";
            MakeHome(home, Path.GetDirectoryName(path)!);
            if (Directory.Exists(draft))
            {
                Directory.Delete(draft, recursive: true);
            }

            var feed = source is null
                ? SimulateCommand.Run(options, draft, progress, cancellationToken)
                : ImportCommand.Run(dataSet, source, draft, progress, cancellationToken);
            if (!Directory.Exists(path))
            {
                Directory.Move(draft, path);
                return (feed, $"{Terminal.Number(feed.Messages)} device messages");
            }

            Directory.Delete(draft, recursive: true);
            return FeedFolder.Open(path, null, false).Epoch == feed.Epoch
                ? (feed, $"nothing new: the same {Terminal.Number(feed.Messages)} device messages")
                : throw new UserException($"{home}: already holds '{cohort}' from another source or with other settings. Give this one a name of its own with --cohort, or another --home.");
        }, cancellationToken));

    /// <summary>Which vitals were rejected why, and how many of the values were zero or below: what bad sensors and zero-filled fields look like.</summary>
    private static void MakeHome(string home, string feeds)
    {
        try
        {
            Directory.CreateDirectory(feeds);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserException($"{home}: cannot be used as a home ({e.Message}) Name another with --home.");
        }
    }

    private static void ShowRejectedByVital(Terminal terminal, IReadOnlyList<RejectedByVital> rejected)
    {
        if (rejected.Count > 0)
        {
            terminal.Table(
                ["rejected at the door", "code", "because", "readings", "of these ≤ 0"],
                rejected.Take(15).Select(c => new[] { c.Label, c.Code, c.Reason, Terminal.Number(c.Readings), Terminal.Number(c.ZeroOrBelow) }),
                3, 4);
        }
    }

    private static JsonObject Document(
        CohortStore store,
        Feed feed,
        IngestionReport report,
        Workflows.Compaction.ObservationsManifest manifest,
        IReadOnlyList<RejectedByVital> rejected,
        Workflows.Training.TrainedModel model,
        Workflows.DailyRisk.LedgerEntry ledger,
        IReadOnlyList<Workflows.DailyRisk.TeamWorklist> worklists,
        bool nothingNew,
        TimeSpan elapsed,
        JsonArray users)
    {
        var document = Results.TrainedJson(store, model);
        document["data"] = feed.Cohort;
        document["source"] = feed.Source;
        document["left_out"] = new JsonObject(feed.LeftOut.Select(l => KeyValuePair.Create(l.Key, (JsonNode?)l.Value)));
        document["readings"] = IngestCommand.AccountJson(report, manifest);
        document["rejected_by_vital"] = new JsonArray([.. rejected.Select(r => new JsonObject
        {
            ["code"] = r.Code,
            ["label"] = r.Label,
            ["reason"] = r.Reason,
            ["readings"] = r.Readings,
            ["zero_or_below"] = r.ZeroOrBelow,
        })]);
        document["scored"] = ScoreCommand.ScoredJson(store, ledger, worklists);
        document["lake"] = store.Lake.NameOf("");
        document["nothing_new"] = nothingNew;
        document["users"] = users;
        document["seconds"] = Math.Round(elapsed.TotalSeconds, 1);
        return document;
    }
}
