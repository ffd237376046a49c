using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using NodaTime;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon models bands TASK [VERSION]</c>: shows the bands of a version, or has somebody decide on them.</summary>
internal static class ModelsBandsCommand
{
    public static Command Create()
    {
        var task = TaskFiles.Argument();
        var version = new Argument<string?>("version") { Description = "Version, @champion or @challenger. Default: @champion", DefaultValueFactory = _ => null };
        var capacity = new Option<double?>("--by-capacity") { Description = "High is the top share of held-out predictions that can be called; medium the top three shares", HelpName = "5%", CustomParser = r => Share(r.Tokens[0].Value, r.AddError) };
        var benefit = new Option<double?>("--by-net-benefit") { Description = "High begins at this threshold probability, where calling has to do better than calling everybody or nobody; medium at half of it", HelpName = "0.05", CustomParser = r => Share(r.Tokens[0].Value, r.AddError) };
        var by = new Option<string?>("--by") { Description = "Who approves them", HelpName = "NAME" };
        var why = new Option<string?>("--why") { Description = "Why, in a sentence; it is kept, so no patient belongs in it", HelpName = "TEXT" };
        var command = new Command("bands", "Show where high and medium risk begin, or decide on it: by what can be called, or by net benefit on held-out predictions") { task, version, capacity, benefit, by, why };
        command.Validators.Add(result =>
        {
            var chosen = (result.GetValue(capacity) is null ? 0 : 1) + (result.GetValue(benefit) is null ? 0 : 1);
            if (chosen > 1)
            {
                result.AddError("Choose one of --by-capacity and --by-net-benefit.");
            }
            else if (chosen == 1 && (string.IsNullOrWhiteSpace(result.GetValue(by)) || string.IsNullOrWhiteSpace(result.GetValue(why))))
            {
                result.AddError("Bands are approved by somebody: say --by NAME and --why TEXT.");
            }
        });
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var definition = TaskFiles.Of(parsed.GetRequiredValue(task));
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var scores = await ModelNames.ResolveAsync(store, definition.Name, parsed.GetValue(version), token);
            var decision = parsed.GetValue(capacity) is { } share ? await DecideAsync((p, _) => RiskBands.ByCapacity(p, share))
                : parsed.GetValue(benefit) is { } threshold ? await DecideAsync((p, label) => RiskBands.ByNetBenefit(p, label, threshold))
                : await BandDecisions.LatestAsync(store.Lake, definition.Name, scores, token)
                    ?? throw new UserException($"{store.Folder}: version {scores} of the model for '{definition.Name}' has no bands. Decide on them with --by-capacity or --by-net-benefit.");
            terminal.Line(string.Create(CultureInfo.InvariantCulture, $"{definition.Name} {scores}: high from {decision.Bands.High * 100:0.00} %, medium from {decision.Bands.Medium * 100:0.00} % ({decision.Approval})"));
            terminal.Line($"{decision.Bands.Rule}; chosen on {Terminal.Number(decision.Rows)} held-out rows, {Terminal.Number(decision.Events)} with the outcome{(decision.Why is { } reason ? $"; {reason}" : "")}");
            terminal.Document(new JsonObject
            {
                ["task"] = definition.Name,
                ["version"] = scores,
                ["decision"] = decision.Sequence,
                ["high"] = decision.Bands.High,
                ["medium"] = decision.Bands.Medium,
                ["rule"] = decision.Bands.Rule,
                ["by"] = decision.By,
                ["at"] = decision.At?.ToString(),
                ["why"] = decision.Why,
            });
            return ExitCodes.Done;

            Task<BandDecision> DecideAsync(Func<IReadOnlyList<double>, IReadOnlyList<bool>, RiskBands> choose) => BandDecisions.DecideAsync(
                store.Lake, definition, scores, choose, (parsed.GetValue(by)!, parsed.GetValue(why)!, Instant.FromDateTimeOffset(TimeProvider.System.GetUtcNow())), token);
        });
        return command;
    }

    /// <summary>A share as <c>5%</c> or <c>0.05</c>.</summary>
    private static double? Share(string text, Action<string> error)
    {
        var percent = text.EndsWith('%');
        if (double.TryParse(percent ? text[..^1] : text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) && number / (percent ? 100 : 1) is > 0 and < 1 and var share)
        {
            return share;
        }

        error($"'{text}' is no share between 0 and 1: write it like 5% or 0.05.");
        return null;
    }
}
