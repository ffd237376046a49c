using System.CommandLine;
using System.Globalization;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Workflows.Registry;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon models promote</c>, <c>rollback</c> and <c>withdraw</c>: a person's decision, recorded with who, when and why.</summary>
internal static class ModelsDecideCommand
{
    private const double MostMargin = 0.5;

    public static Command Promote()
    {
        var task = ModelNames.TaskArgument();
        var version = ModelsCommand.VersionArgument("version", "Version, or @challenger", ModelVersions.Challenger);
        var (why, by) = (Why(required: true), By());
        var insist = new Option<bool>("--override") { Description = "Although the gate fails it, or with a wider margin than its own; the decision says so" };
        var margin = new Option<double>("--margin") { Description = "By how much the AUROC may be below the champion's at the lower end of the interval; more than the default needs --override", DefaultValueFactory = _ => new GateSettings().AurocMargin };
        margin.Validators.Add(result =>
        {
            if (result.GetValue(margin) is not (>= 0 and <= MostMargin))
            {
                result.AddError("--margin takes a number from 0 to 0.5.");
            }
        });
        var external = new Option<string?>("--external") { Description = "An evaluation on another cohort (evaluation-*.json), which is told and recorded, and not gated", HelpName = "FILE" };
        var command = new Command("promote", "Make a version the one that scores, if the gate does not fail it: not worse than the champion, better than the best simple baseline, calibrated")
        {
            task, version, why, by, insist, margin, external,
        };
        command.Validators.Add(result =>
        {
            if (!result.GetValue(insist) && result.GetResult(margin) is { Implicit: false } && result.GetValue(margin) > new GateSettings().AurocMargin && result.GetValue(margin) <= MostMargin)
            {
                result.AddError(string.Create(CultureInfo.InvariantCulture, $"--margin above {new GateSettings().AurocMargin} asks less than the gate does: it needs --override, and the decision says so."));
            }
        });
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var report = parsed.GetValue(external) is { } file ? ModelVersions.ReadReport(file, await ReadAsync(file, token)) : null;
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var name = await ModelNames.TaskAsync(store, parsed.GetRequiredValue(task), token);
            var asked = await terminal.StageAsync("gate", async _ => (await Promotion(store).PromoteAsync(
                name, parsed.GetRequiredValue(version), parsed.GetRequiredValue(by), parsed.GetRequiredValue(why), parsed.GetValue(insist),
                new GateSettings { AurocMargin = parsed.GetValue(margin) }, report, token), ""));
            DecisionWords.Show(terminal, asked.Verdict, asked.Version, asked.Decision?.PreviousChampion);
            if (asked.Decision is null)
            {
                throw new UserException($"{asked.Version} was not promoted: the gate failed it ({string.Join("; ", asked.Verdict.Rules.Where(r => r.Outcome == RuleOutcome.NotMet).Select(r => r.Said))}). The champion stays; --override promotes it all the same, and is recorded.");
            }

            if (await RunsApproveCommand.PromotedAsync(store, name, asked.Version, asked.Decision.By, asked.Decision.Why ?? "", token) is > 0 and var waiting)
            {
                terminal.Line($"{Terminal.Number(waiting)} training run{(waiting == 1 ? "" : "s")} that waited for it {(waiting == 1 ? "ends" : "end")} when somebody serves the cohort.");
            }

            Say(terminal, name, asked.Decision);
            return ExitCodes.Done;
        });
        return command;
    }

    public static Command Rollback()
    {
        var task = ModelNames.TaskArgument();
        var (why, by) = (Why(required: true), By());
        var command = new Command("rollback", "Have the champion of before score again, at once; twice goes on back") { task, why, by };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var name = await ModelNames.TaskAsync(store, parsed.GetRequiredValue(task), token);
            Say(terminal, name, await Promotion(store).RollbackAsync(name, parsed.GetRequiredValue(by), parsed.GetRequiredValue(why), token));
            return ExitCodes.Done;
        });
        return command;
    }

    public static Command Withdraw()
    {
        var task = ModelNames.TaskArgument();
        var (why, by) = (Why(required: false), By());
        var command = new Command("withdraw", "Have no challenger: nothing scores in the shadow any more") { task, why, by };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var name = await ModelNames.TaskAsync(store, parsed.GetRequiredValue(task), token);
            Say(terminal, name, await Promotion(store).WithdrawAsync(name, parsed.GetRequiredValue(by), parsed.GetValue(why), token));
            return ExitCodes.Done;
        });
        return command;
    }

    private static ModelPromotion Promotion(CohortStore store) => new(store, new ModelRegistry(store, TimeProvider.System));

    private static async Task<byte[]> ReadAsync(string file, CancellationToken cancellationToken) =>
        File.Exists(file) ? await File.ReadAllBytesAsync(file, cancellationToken) : throw new UserException($"{file}: there is no such file.");

    private static void Say(Terminal terminal, string task, Decision decision)
    {
        terminal.Line(DecisionWords.Said(decision));
        var document = DecisionWords.Json(decision);
        document["task"] = task;
        terminal.Document(document);
    }

    public static Option<string> Why(bool required)
    {
        var why = new Option<string>("--why") { Description = "Why, in a sentence; it is kept for ever, so no patient belongs in it", HelpName = "TEXT", Required = required };
        Nonempty(why);
        return why;
    }

    public static Option<string> By()
    {
        var by = new Option<string>("--by") { Description = "Who decides", HelpName = "NAME", DefaultValueFactory = _ => ModelRegistry.Me };
        Nonempty(by);
        return by;
    }

    private static void Nonempty(Option<string> option) => option.Validators.Add(result =>
    {
        if (result.Tokens.Count > 0 && string.IsNullOrWhiteSpace(result.GetValue(option)))
        {
            result.AddError($"{option.Name} takes a text.");
        }
    });
}
