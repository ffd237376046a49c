using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Registry;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon models</c>: which versions there are, how they compare, and which scores.</summary>
internal static class ModelsCommand
{
    private static readonly (string Metric, string Title)[] s_figures =
    [
        (MetricNames.Auroc, "AUROC"),
        (MetricNames.Auprc, "AUPRC"),
        (MetricNames.CalibrationSlope, "calibration slope"),
        (MetricNames.ObservedExpected, "observed/expected"),
    ];

    public static Command Create() => new("models", "Look at the versions of models, compare them, and decide which scores")
    {
        List(),
        Show(),
        Compare(),
        ModelsDecideCommand.Promote(),
        ModelsDecideCommand.Rollback(),
        ModelsDecideCommand.Withdraw(),
        ModelsRegisterCommand.Create(),
        ModelsBandsCommand.Create(),
        Card(),
    };

    public static Argument<string> VersionArgument(string name, string description, string? @default = null) =>
        @default is null ? new Argument<string>(name) { Description = description } : new Argument<string>(name) { Description = description, DefaultValueFactory = _ => @default };

    private static Command List()
    {
        var task = new Argument<string?>("task") { Description = "Only the models of this task", DefaultValueFactory = _ => null };
        var command = new Command("list", "The versions of each model: which scores, when it was taught, its held-out figures with 95 % intervals") { task };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var versions = await ModelVersions.ListAsync(store.Lake, token);
            var tasks = parsed.GetValue(task) is { } named ? [await ModelNames.TaskAsync(store, named, token)] : versions.Select(t => t.Key).ToArray();
            if (!tasks.Any(t => versions[t].Any()))
            {
                throw new UserException($"{store.Folder}: there is no model{(tasks is [var one] ? $" for '{one}'" : "")} yet. Run 'rmon train {(tasks is [var only] ? only : "TASK")}' first.");
            }

            var document = new JsonArray();
            foreach (var name in tasks)
            {
                document.Add(await ListAsync(terminal, store, name, versions[name], token));
            }

            terminal.Document(new JsonObject { ["tasks"] = document });
            return ExitCodes.Done;
        });
        return command;
    }

    private static async Task<JsonObject> ListAsync(Terminal terminal, CohortStore store, string task, IEnumerable<string> versions, CancellationToken cancellationToken)
    {
        var state = await new ModelRegistry(store, TimeProvider.System).ReadAsync(task, cancellationToken);
        var rows = new List<(string Version, ModelDocument Document)>();
        var unreadable = new List<(string Version, string Problem)>();
        foreach (var version in versions)
        {
            try
            {
                rows.Add((version, await ModelVersions.DocumentAsync(store.Lake, task, version, cancellationToken)));
            }
            catch (LakeException e) when (!e.IsTransient)
            {
                unreadable.Add((version, e.Message));
            }
        }

        rows.Sort((a, b) => b.Document.Training.TrainedUntil.CompareTo(a.Document.Training.TrainedUntil) is not 0 and var order ? order : string.CompareOrdinal(a.Version, b.Version));
        terminal.Heading(task);
        terminal.Table(
            ["version", "", "taught up to (UTC)", "with events", .. s_figures.Select(f => f.Title)],
            rows.Select(r => (string[])
            [
                r.Version, AliasOf(state, r.Version), r.Document.Training.TrainedUntil.ToString("uuuu-MM-dd HH:mm", CultureInfo.InvariantCulture), Terminal.Number(r.Document.Training.Events),
                .. s_figures.Select(f => Model(r.Document).TryGetValue(f.Metric, out var metric) ? Results.Interval(metric) : ""),
            ]),
            3);
        foreach (var (version, problem) in unreadable)
        {
            terminal.Line($"{version} {AliasOf(state, version)}: {problem}");
        }

        SayDamage(terminal, state);
        return new JsonObject
        {
            ["task"] = task,
            ["champion"] = state.Champion,
            ["challenger"] = state.Challenger,
            ["damage"] = state.Damage,
            ["versions"] = new JsonArray([.. rows.Select(r => new JsonObject
            {
                ["version"] = r.Version,
                ["alias"] = AliasOf(state, r.Version) is { Length: > 0 } alias ? alias : null,
                ["trained_until"] = r.Document.Training.TrainedUntil.ToString(),
                ["events"] = r.Document.Training.Events,
                ["metrics"] = new JsonObject(Model(r.Document).Select(m => KeyValuePair.Create(m.Key, (JsonNode?)Results.MetricJson(m.Value)))),
            })]),
            ["unreadable"] = new JsonArray([.. unreadable.Select(u => new JsonObject { ["version"] = u.Version, ["problem"] = u.Problem })]),
        };
    }

    private static Command Show()
    {
        var task = ModelNames.TaskArgument();
        var version = VersionArgument("version", "Version, @champion or @challenger", ModelVersions.Champion);
        var command = new Command("show", "A version: what it was taught with, its held-out figures, and the decisions about it") { task, version };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var name = await ModelNames.TaskAsync(store, parsed.GetRequiredValue(task), token);
            var resolved = await ModelNames.ResolveAsync(store, name, parsed.GetRequiredValue(version), token);
            var state = await new ModelRegistry(store, TimeProvider.System).ReadAsync(name, token);
            var document = await ModelVersions.DocumentAsync(store.Lake, name, resolved, token);
            var evaluation = await ModelVersions.EvaluationAsync(store.Lake, name, resolved, null, token);
            Decision[] decisions = [.. state.Decisions.Where(d => d.Version == resolved || d.PreviousChampion == resolved)];
            terminal.Heading($"{name}: {resolved} {AliasOf(state, resolved)}".TrimEnd());
            terminal.Line($"{store.Lake.NameOf($"models/{name}/{resolved}")}");
            terminal.Line(document.Origin is { } origin
                ? $"made elsewhere ({document.Kind.ToString().ToLowerInvariant()}), registered by {origin.By} at {origin.At}: {origin.Why}; probabilities {origin.Calibration}; on feature set {document.FeatureSet} ({document.FeatureSetHash})"
                : $"taught with {Terminal.Number(document.Training.Rows)} rows of {Terminal.Number(document.Training.Patients)} patients, {Terminal.Number(document.Training.Events)} with the outcome, certain by {document.Training.TrainedUntil}; {document.Training.Trees} trees on feature set {document.FeatureSet} ({document.FeatureSetHash})");
            if (evaluation is not null)
            {
                Results.ShowMetrics(terminal, evaluation.Report);
            }

            terminal.Heading("Decisions");
            foreach (var decision in decisions)
            {
                terminal.Line(DecisionWords.Said(decision));
            }

            terminal.Line(decisions.Length == 0 ? "none: it was there before decisions were recorded, or nobody decided about it" : $"{decisions.Length} of {state.Decisions.Count} about '{name}', each signed and naming the hash of the one before");
            SayDamage(terminal, state);
            terminal.Document(new JsonObject
            {
                ["task"] = name,
                ["version"] = resolved,
                ["alias"] = AliasOf(state, resolved) is { Length: > 0 } alias ? alias : null,
                ["folder"] = store.Lake.NameOf($"models/{name}/{resolved}"),
                ["document"] = JsonNode.Parse(await store.Lake.ReadAsync(LakePaths.Model(name, resolved, ModelFiles.DocumentName), token)),
                ["metrics"] = evaluation is null ? null : Results.MetricsJson(evaluation.Report.Metrics),
                ["decisions"] = new JsonArray([.. decisions.Select(DecisionWords.Json)]),
                ["damage"] = state.Damage,
            });
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Compare()
    {
        var task = ModelNames.TaskArgument();
        var (one, other) = (VersionArgument("a", "Version, @champion or @challenger", ModelVersions.Challenger), VersionArgument("b", "The one to compare it with", ModelVersions.Champion));
        var command = new Command("compare", "Two versions on the rows that both were held out from: differences paired by patient, within folds, with 95 % intervals") { task, one, other };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var name = await ModelNames.TaskAsync(store, parsed.GetRequiredValue(task), token);
            var promotion = new ModelPromotion(store, new ModelRegistry(store, TimeProvider.System));
            var compared = await terminal.StageAsync("compare", async _ =>
                (await promotion.CompareAsync(name, parsed.GetRequiredValue(one), parsed.GetRequiredValue(other), new GateSettings(), token), ""));
            terminal.Heading($"{name}: {compared.One} against {compared.Other}, held out by '{compared.Evaluation}'");
            DecisionWords.Show(terminal, compared.Comparison, compared.One, compared.Other);
            var document = DecisionWords.Json(compared.Comparison);
            (document["task"], document["a"], document["b"], document["evaluation"]) = (name, compared.One, compared.Other, compared.Evaluation);
            terminal.Document(document);
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Card()
    {
        var task = ModelNames.TaskArgument();
        var version = VersionArgument("version", "Version, @champion or @challenger", ModelVersions.Champion);
        var command = new Command("card", "The model card of a version") { task, version };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var name = await ModelNames.TaskAsync(store, parsed.GetRequiredValue(task), token);
            var resolved = await ModelNames.ResolveAsync(store, name, parsed.GetRequiredValue(version), token);
            var path = LakePaths.Model(name, resolved, "card.md");
            var card = await store.Lake.TryReadAsync(path, token) is { } bytes
                ? Encoding.UTF8.GetString(bytes)
                : throw new UserException($"{store.Lake.NameOf(path)}: this version has no model card; 'rmon models show {name} {resolved}' says what is known of it.");
            if (!terminal.Json)
            {
                // It goes to standard output as it is: it may be redirected into a file.
                Console.Out.Write(card);
            }

            terminal.Document(new JsonObject { ["task"] = name, ["version"] = resolved, ["card"] = card });
            return ExitCodes.Done;
        });
        return command;
    }

    private static IReadOnlyDictionary<string, Metric> Model(ModelDocument document) => document.Metrics.GetValueOrDefault(MetricNames.Model) ?? new Dictionary<string, Metric>();

    private static string AliasOf(RegistryState state, string version) =>
        version == state.Champion ? ModelVersions.Champion : version == state.Challenger ? ModelVersions.Challenger : "";

    private static void SayDamage(Terminal terminal, RegistryState state)
    {
        if (state.Damage is { } damage)
        {
            terminal.Warn($"{damage}. What was decided before it holds.");
        }
    }
}
