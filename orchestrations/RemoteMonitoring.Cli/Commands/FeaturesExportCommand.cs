using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using NodaTime;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Features;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon features export</c>: vectors, with labels where asked for, as Parquet or CSV, and their data dictionary beside them.</summary>
internal static class FeaturesExportCommand
{
    private const int MostInstants = 100_000;

    private static readonly Argument<string?> s_task = new("task") { Description = "Whose patients, by the task's own rules: " + TaskFiles.Names, Arity = ArgumentArity.ZeroOrOne };
    private static readonly Option<string?> s_set = FeaturesCommand.SetOption("Default: the task's. Without a task the rows are everybody enrolled at the instant (in hospital or not), or, where the census enrols nobody, everybody with a reading in the look-back");
    private static readonly Option<string?> s_asOf = FeaturesCommand.InstantOption("--as-of", "Instant to speak for. Default: the last midnight (or the last reading) that has landed; with --labels the task's own grid");
    private static readonly Option<string?> s_from = FeaturesCommand.InstantOption("--from", "First instant of a grid, in place of --as-of");
    private static readonly Option<string?> s_to = FeaturesCommand.InstantOption("--to", "Last instant of the grid, included where it is one of its steps");
    private static readonly Option<string> s_every = new("--every") { Description = "Step of the grid, hours or days of 24 hours. Default: 1d", HelpName = "1d|6h", DefaultValueFactory = _ => "1d" };
    private static readonly Option<string?> s_knownBy = FeaturesCommand.InstantOption("--known-by", "Nothing known later is used. Default: each row's own as-of. A later one makes the table retrospective, and it says so");
    private static readonly Option<string?> s_format = new("--format") { Description = "parquet or csv. Default: by the name of --out, else parquet", HelpName = "parquet|csv" };
    private static readonly Option<string?> s_out = new("--out") { Description = "File to write; FILE.dictionary.csv beside it is the data dictionary. Default: a name that says what it is, in this folder. A retrospective table gets .retrospective before the ending", HelpName = "FILE" };
    private static readonly Option<bool> s_labels = new("--labels") { Description = "Only rows whose label is certain, as in training, with the columns label and label_known; needs a task" };
    private static readonly Option<string?> s_patients = new("--patients") { Description = "Only these. Without a task they have rows enrolled or not", HelpName = "ID,…" };

    public static Command Create()
    {
        s_task.Validators.Add(result =>
        {
            if (result.GetValue(s_task) is { } name && TaskFiles.Problem(name) is { } problem)
            {
                result.AddError(problem);
            }
        });
        s_format.AcceptOnlyFromAmong("parquet", "csv");
        var command = new Command("export", "Write point-in-time vectors as Parquet or CSV, with a data dictionary beside them")
        {
            s_task, s_set, s_asOf, s_from, s_to, s_every, s_knownBy, s_format, s_out, s_labels, s_patients,
        };
        command.SetAction(RunAsync);
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, CancellationToken token)
    {
        var terminal = GlobalOptions.TerminalOf(parsed);
        var task = parsed.GetValue(s_task) is { } name ? TaskFiles.Of(name) : null;
        var set = (parsed.GetValue(s_set) ?? task?.FeatureSet) is { } named
            ? FeaturesCommand.SetOf(named)
            : throw new UserException("Name a task, or a set with --set.", ExitCodes.Usage);
        var labels = parsed.GetValue(s_labels);
        if (labels && task is null)
        {
            throw new UserException("--labels needs a task: it says what is foretold.", ExitCodes.Usage);
        }

        if (labels && task!.KindsTold(set) is [var told, ..])
        {
            throw new UserException($"--set {named}: it has the history of '{told}' up to as-of, which is the label of '{task.Name}'. Take a set without it.", ExitCodes.Usage);
        }

        await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
        var manifest = await TrainCommand.CompactedAsync(store, token);
        var request = new FeatureExportRequest
        {
            Set = set,
            Task = task,
            Labels = labels,
            Instants = await InstantsAsync(parsed, store, manifest, task, labels, token),
            KnownBy = ScoreCommand.AsOf(parsed.GetValue(s_knownBy)),
            Patients = parsed.GetValue(s_patients)?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries),
        };
        foreach (var patient in request.Patients ?? [])
        {
            await FeaturesShowCommand.MustBeKnownAsync(store, manifest, patient, token);
        }

        var file = FeatureFile.Of(parsed.GetValue(s_out), parsed.GetValue(s_format));
        var export = await terminal.StageAsync("features", async progress =>
        {
            var made = await FeatureExport.BuildAsync(store, manifest, request, (done, of) => progress.Report(new Fraction(done, of)), token);
            return (made, $"{Terminal.Number(made.Rows.Count)} vectors of {set.Columns.Count} features{When(request)}");
        });
        var path = await file.WriteAsync(export, request, token);
        if (export.Flow.Count > 0)
        {
            Results.ShowFlow(terminal, export.Flow);
        }

        if (export.IsRetrospective)
        {
            terminal.Line("RETROSPECTIVE: known-by is later than as-of, so rows may use what nobody knew at their as-of. Do not train or judge a model on them as if it had been known.");
        }

        if (export.Rows.Count == 0)
        {
            terminal.Warn("the table has no row: nobody is to be asked about there. Is the instant within the data, and long enough before its end for labels?");
        }

        terminal.Line($"vectors: {path}");
        terminal.Line($"dictionary: {FeatureFile.DictionaryOf(path)}");
        terminal.Document(Json(export, request, manifest, path));
        return ExitCodes.Done;
    }

    private static string When(FeatureExportRequest request) => request.Instants switch
    {
        null => " on the task's own grid",
        [var only] => $" as of {only}",
        var many => $" at {many.Count} instants from {many[0]} to {many[^1]}",
    };

    private static async Task<IReadOnlyList<Instant>?> InstantsAsync(
        ParseResult parsed, CohortStore store, ObservationsManifest manifest, TaskDefinition? task, bool labels, CancellationToken cancellationToken)
    {
        var asOf = ScoreCommand.AsOf(parsed.GetValue(s_asOf));
        var (from, to) = (ScoreCommand.AsOf(parsed.GetValue(s_from)), ScoreCommand.AsOf(parsed.GetValue(s_to)));
        switch (asOf, from, to)
        {
            case (not null, null, null):
                return [ScoreCommand.InsideData(asOf, manifest)!.Value];
            case (null, { } first, { } last) when first <= last:
                return Grid(first, ScoreCommand.InsideData(last, manifest)!.Value, parsed.GetRequiredValue(s_every));
            case (null, null, null) when labels:
                return null;
            case (null, null, null):
                var watermark = UnixMicros.ToInstant(manifest.Inputs.Watermark);
                var reference = await store.Reference.LoadAsync(manifest.Inputs.Reference, cancellationToken);
                return [task is null ? watermark : DailyRiskRun.LatestAsOf(task, reference, watermark)];
            case (null, not null, not null):
                throw new UserException($"--from {from} lies after --to {to}.", ExitCodes.Usage);
            default:
                throw new UserException("Give --as-of, or both --from and --to.", ExitCodes.Usage);
        }
    }

    private static List<Instant> Grid(Instant from, Instant to, string every)
    {
        var hours = every.Length > 1 && int.TryParse(every.AsSpan(0, every.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and < 100_000
            ? every[^1] switch { 'h' => number, 'd' => 24L * number, _ => 0 }
            : 0;
        if (hours == 0)
        {
            throw new UserException($"--every '{every}': a whole number of hours or days, for instance 6h or 1d.", ExitCodes.Usage);
        }

        if ((to - from).TotalHours / hours > MostInstants)
        {
            throw new UserException($"--every '{every}' makes more than {MostInstants} instants from {from} to {to}: take a longer step.", ExitCodes.Usage);
        }

        var grid = new List<Instant>();
        for (var at = from; at <= to; at += Duration.FromHours(hours))
        {
            grid.Add(at);
        }

        return grid;
    }

    private static JsonObject Json(FeatureExport export, FeatureExportRequest request, ObservationsManifest manifest, string path) => new()
    {
        ["feature_set"] = request.Set.Name,
        ["feature_set_hash"] = request.Set.Hash,
        ["task"] = request.Task?.Name,
        ["as_of"] = request.Instants is [var only] ? only.ToString() : null,
        ["instants"] = export.Rows.Select(r => r.AsOf).Distinct().Count(),
        ["known_by"] = request.KnownBy?.ToString(),
        ["observations"] = manifest.InputHash,
        ["retrospective"] = export.IsRetrospective,
        ["rows"] = export.Rows.Count,
        ["patients"] = export.Rows.Select(r => r.PatientId).Distinct(StringComparer.Ordinal).Count(),
        ["columns"] = request.Set.Columns.Count,
        ["path"] = path,
        ["dictionary"] = FeatureFile.DictionaryOf(path),
        ["cohort_flow"] = Results.FlowJson(export.Flow),
    };

    /// <summary>Where vectors are written, and in which form.</summary>
    private sealed record FeatureFile(string? Path, bool IsCsv)
    {
        public static FeatureFile Of(string? path, string? format)
        {
            var isCsv = format is not null ? format == "csv" : path?.EndsWith(".csv", StringComparison.OrdinalIgnoreCase) == true;
            if (path is not null && Directory.Exists(path))
            {
                throw new UserException($"{path}: is a folder; name the file to write, for instance {System.IO.Path.Combine(path, isCsv ? "vectors.csv" : "vectors.parquet")}.");
            }

            if (format is not null && path is not null && path.EndsWith(isCsv ? ".parquet" : ".csv", StringComparison.OrdinalIgnoreCase))
            {
                throw new UserException($"{path}: its ending says another format than --format {format}.", ExitCodes.Usage);
            }

            return path is not null && !Directory.Exists(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path)))
                ? throw new UserException($"{path}: there is no such folder to write to; make it first.")
                : new FeatureFile(path, isCsv);
        }

        public static string DictionaryOf(string path) => path + ".dictionary.csv";

        public async Task<string> WriteAsync(FeatureExport export, FeatureExportRequest request, CancellationToken cancellationToken)
        {
            var path = System.IO.Path.GetFullPath(NameOf(export, request));
            var table = export.ToParquet();
            // The dictionary first: a table is never without it.
            await WriteAsync(DictionaryOf(path), async file => await file.WriteAsync(await FeatureDictionaryFile.ToCsvAsync(export.Dictionary(), cancellationToken), cancellationToken));
            await WriteAsync(path, async file =>
            {
                if (IsCsv)
                {
                    await TableCsv.WriteAsync(table, file, cancellationToken);
                }
                else
                {
                    using var parquet = table.Encode();
                    await file.WriteAsync(parquet.Bytes, cancellationToken);
                }
            });
            return path;
        }

        /// <summary>The name that was asked for, or one that says what it is; a retrospective table says so in its name, whoever named it.</summary>
        private string NameOf(FeatureExport export, FeatureExportRequest request)
        {
            var ending = IsCsv ? ".csv" : ".parquet";
            if (Path is { } path)
            {
                return export.IsRetrospective && !System.IO.Path.GetFileName(path).Contains("retrospective", StringComparison.Ordinal)
                    ? System.IO.Path.Combine(System.IO.Path.GetDirectoryName(path) ?? "", $"{System.IO.Path.GetFileNameWithoutExtension(path)}.retrospective{System.IO.Path.GetExtension(path)}")
                    : path;
            }

            static string Stamp(Instant instant) => LakePaths.Stamp(instant.ToUnixMicros());
            var when = request.Instants switch { null => "grid", [var only] => Stamp(only), var many => $"{Stamp(many[0])}-{Stamp(many[^1])}" };
            var known = request.KnownBy is not { } knownBy ? "" : $"-{(export.IsRetrospective ? "retrospective-" : "")}known-by-{Stamp(knownBy)}";
            // What the words leave out tells apart what would else overwrite each other: the set's definition, the grid's step, the patients.
            var rest = string.Join('\n', [request.Set.Hash, .. request.Instants?.Select(i => i.ToString()) ?? [], "", .. request.Patients ?? []]);
            var hash = Lake.Hash(System.Text.Encoding.UTF8.GetBytes(rest))[..8];
            return $"features-{request.Set.Name}{(request.Task is null ? "" : "-" + request.Task.Name)}{(request.Labels ? "-labels" : "")}-{when}{known}-{hash}{ending}";
        }

        /// <summary>Written beside its place and moved there: a full disk leaves the file that was there as it was.</summary>
        private static async Task WriteAsync(string path, Func<FileStream, Task> write)
        {
            var partial = path + ".partial";
            try
            {
                await using (var file = File.Create(partial))
                {
                    await write(file);
                }

                File.Move(partial, path, overwrite: true);
            }
            finally
            {
                File.Delete(partial);
            }
        }
    }
}
