using System.CommandLine;
using System.Text.Json.Nodes;
using NodaTime;
using NodaTime.Text;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon score TASK</c>: a prediction for everybody who can be scored, and a list per care team.</summary>
internal static class ScoreCommand
{
    public static Command Create()
    {
        var task = TaskFiles.Argument();
        var asOf = AsOfOption();
        var model = new Option<string?>("--model") { Description = "Version of the model, @champion or @challenger; or the folder of one trained elsewhere. Default: @champion", HelpName = "VERSION|DIR" };
        var command = new Command("score", "Score everybody a task can score at an instant, and make the list of each care team") { task, asOf, model };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var definition = TaskFiles.Of(parsed.GetRequiredValue(task));
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var manifest = await TrainCommand.CompactedAsync(store, token);
            var (version, modelLake) = parsed.GetValue(model) is { } named && Directory.Exists(named) ? Elsewhere(named, definition) : (null, null);
            version ??= await ModelNames.ResolveAsync(store, definition.Name, parsed.GetValue(model), token);
            var (ledger, worklists, _) = await RunAsync(terminal, store, manifest, definition, AsOf(parsed.GetValue(asOf)), version, modelLake, token);
            Results.ShowFlow(terminal, ledger.Flow);
            foreach (var worklist in worklists)
            {
                Results.ShowWorklist(terminal, store.Cohort, worklist, rows: 5);
            }

            if (ledger.Scored == 0)
            {
                terminal.Warn($"nobody could be scored as of {ledger.AsOf}; the flow above says why. Is there data up to then, and is this the cohort's task?");
            }

            var shadow = await DailyRiskRun.ShadowOfAsync(store, ledger.Run, token);
            if (shadow is not null)
            {
                terminal.Line(shadow.Problem is { } problem
                    ? $"The challenger {shadow.Challenger} scored nobody: {problem}"
                    : $"The challenger {shadow.Challenger} scored {Terminal.Number(shadow.Scored)} patients in the shadow. {shadow.Statement}");
            }

            var document = ScoredJson(store, ledger, worklists);
            document["shadow"] = shadow is null ? null : new JsonObject
            {
                ["challenger"] = shadow.Challenger,
                ["scored"] = shadow.Scored,
                ["problem"] = shadow.Problem,
                ["statement"] = shadow.Statement,
                ["predictions"] = new JsonArray([.. shadow.Outputs.Select(o => (JsonNode)store.Lake.NameOf(o.Path))]),
            };
            terminal.Document(document);
            return ExitCodes.Done;
        });
        return command;
    }

    public static Option<string?> AsOfOption(
        string name = "--as-of", string description = "Instant to speak for, UTC; nothing known later is used. Default: the last midnight (or the last reading) that has landed")
    {
        var option = new Option<string?>(name)
        {
            Description = description,
            HelpName = "2025-06-30T00:00:00Z",
        };
        option.Validators.Add(result =>
        {
            if (result.GetValue(option) is { } text && !InstantPattern.ExtendedIso.Parse(text).Success)
            {
                result.AddError($"{name} takes an instant in UTC like 2025-06-30T00:00:00Z; got '{text}'.");
            }
        });
        return option;
    }

    /// <summary>Refuses an instant after the data: a list for a day that nobody has seen would stand above today's.</summary>
    public static Instant? InsideData(Instant? asOf, ObservationsManifest manifest) =>
        asOf is { } instant && UnixMicros.ToInstant(manifest.Inputs.Watermark) + Duration.FromDays(2) is var end && instant > end
            ? throw new UserException($"--as-of {instant} lies after the data, which ends at {UnixMicros.ToInstant(manifest.Inputs.Watermark)}.")
            : asOf;

    public static Instant? AsOf(string? text) => text is null ? null : InstantPattern.ExtendedIso.Parse(text).Value;

    public static async Task<(LedgerEntry Ledger, IReadOnlyList<TeamWorklist> Worklists, bool AlreadyThere)> RunAsync(
        Terminal terminal,
        CohortStore store,
        ObservationsManifest manifest,
        TaskDefinition task,
        Instant? asOf,
        string version,
        Lake? modelLake,
        CancellationToken cancellationToken) => await terminal.StageAsync("score", async _ =>
    {
        var reference = await store.Reference.LoadAsync(manifest.Inputs.Reference, cancellationToken);
        var instant = InsideData(asOf, manifest) ?? DailyRiskRun.LatestAsOf(task, reference, UnixMicros.ToInstant(manifest.Inputs.Watermark));
        var request = new DailyRiskRequest { Task = task, AsOf = instant, Model = version, ModelLake = modelLake };
        var done = await Task.Run(() => DailyRiskRun.RunAsync(store, manifest, request, cancellationToken), cancellationToken);
        return (done, done.AlreadyThere
            ? $"nothing new: run {done.Ledger.Run} as of {done.Ledger.AsOf} stands"
            : $"{Terminal.Number(done.Ledger.Scored)} patients scored as of {done.Ledger.AsOf}, {Terminal.Number(done.Ledger.NotScored)} not scoreable, {Terminal.Number(done.Ledger.Listed)} listed");
    });

    public static JsonObject ScoredJson(CohortStore store, LedgerEntry ledger, IReadOnlyList<TeamWorklist> worklists) => new()
    {
        ["task"] = ledger.Task,
        ["run"] = ledger.Run,
        ["as_of"] = ledger.AsOf.ToString(),
        ["known_by"] = ledger.KnownBy.ToString(),
        ["model"] = ledger.Model,
        ["scored"] = ledger.Scored,
        ["not_scored"] = ledger.NotScored,
        ["listed"] = ledger.Listed,
        ["ledger"] = store.Lake.NameOf(LakePaths.Ledger(ledger.Run)),
        ["predictions"] = new JsonArray([.. ledger.Outputs
            .Where(o => o.Path.StartsWith("gold/predictions/", StringComparison.Ordinal))
            .Select(o => (JsonNode)store.Lake.NameOf(o.Path))]),
        ["worklists"] = Results.WorklistsJson(worklists),
    };

    /// <summary>A folder <c>…/models/{task}/{version}</c> of any lake.</summary>
    public static (string Version, Lake Lake) Elsewhere(string folder, TaskDefinition task)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        var models = Path.GetDirectoryName(Path.GetDirectoryName(full));
        return Directory.Exists(full) && Path.GetFileName(models) == "models" && Path.GetFileName(Path.GetDirectoryName(full)) == task.Name
            ? (Path.GetFileName(full), new LakeDirectory(Path.GetDirectoryName(models)!))
            : throw new UserException($"{full}: neither a version of the model of '{task.Name}' in this cohort nor the folder of one. Name a folder like LAKE/models/{task.Name}/VERSION.");
    }
}
