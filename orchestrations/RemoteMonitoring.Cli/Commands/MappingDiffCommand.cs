using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using RemoteMonitoring.Cli.Mappings;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon mapping diff FILE</c>: what would become of all stored messages under a mapping, before anything changes.</summary>
internal static class MappingDiffCommand
{
    private static readonly (ReadingChangeKind Kind, string Text)[] s_kinds =
    [
        (ReadingChangeKind.Appears, "appears"),
        (ReadingChangeKind.Disappears, "disappears"),
        (ReadingChangeKind.Differs, "differs"),
        (ReadingChangeKind.Moves, "moves"),
        (ReadingChangeKind.RejectedOtherwise, "rejected-otherwise"),
    ];

    public static Command Create()
    {
        var file = new Argument<string>("file") { Description = "A mapping's document" };
        var limit = new Option<int>("--limit") { Description = "How many changed readings to show", DefaultValueFactory = _ => 20, HelpName = "N" };
        var command = new Command("diff", "Show which readings of the stored messages would appear, disappear or differ under a mapping; nothing is written") { file, limit };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var path = parsed.GetRequiredValue(file);
            var mapping = MappingFiles.Read(path);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var history = await MappingHistory.LoadAsync(store.Reference, token);
            MappingFiles.Try(path, history, mapping);
            var diff = await MappingDiff.OfMappingAsync(store.Lake, history, mapping, Math.Max(0, parsed.GetValue(limit)), token);
            terminal.Line($"{Terminal.Number(diff.Messages)} stored messages read again with {mapping.Label}:");
            ShowCounts(terminal, diff);
            ShowFirst(terminal, diff);
            terminal.Document(ToJson(diff, new JsonObject { ["mapping"] = mapping.Label }));
            return ExitCodes.Done;
        });
        return command;
    }

    public static string TextOf(ReadingChangeKind kind) => s_kinds.Single(k => k.Kind == kind).Text;

    public static void ShowCounts(Terminal terminal, MappingDiff diff)
    {
        if (diff.IsEmpty)
        {
            terminal.Line(diff.Messages == 0 ? "" : "No reading would appear, disappear or differ.");
            return;
        }

        terminal.Table(
            ["", .. s_kinds.Select(k => k.Text.Replace('-', ' '))],
            diff.ByCode.GroupBy(c => c.Key.Code, StringComparer.Ordinal).Select(g => (string[])
            [
                Name(g.Key),
                .. s_kinds.Select(k => g.Where(c => c.Key.Kind == k.Kind).Sum(c => c.Value)).Select(n => n == 0 ? "" : Terminal.Number(n)),
            ]),
            1, 2, 3, 4, 5);
        if (diff.ByReason.Count > 0)
        {
            terminal.Table(
                ["in quarantine because", "new", "gone"],
                diff.ByReason.Select(r => new[] { r.Key.ToText(), Terminal.Number(r.Value.Added), Terminal.Number(r.Value.Removed) }),
                1, 2);
        }
    }

    public static void ShowFirst(Terminal terminal, MappingDiff diff)
    {
        foreach (var change in diff.First)
        {
            terminal.Line(string.Create(CultureInfo.InvariantCulture,
                $"{change.Partition} offset {change.Offset} reading {(change.After ?? change.Before)!.Ordinal}, device {change.DeviceId}: {TextOf(change.Kind).Replace('-', ' ')}"));
            terminal.Line($"    {Text(change.Before)}  →  {Text(change.After)}");
        }

        var all = diff.ByCode.Values.Sum();
        if (all > diff.First.Count && diff.First.Count > 0)
        {
            terminal.Line($"… and {Terminal.Number(all - diff.First.Count)} more; all are counted above");
        }
    }

    public static JsonObject ToJson(MappingDiff diff, JsonObject document)
    {
        document["messages"] = diff.Messages;
        foreach (var (kind, text) in s_kinds)
        {
            document[text.Replace('-', '_')] = diff.Count(kind);
        }

        document["by_code"] = new JsonArray([.. diff.ByCode.Select(c => new JsonObject { ["code"] = c.Key.Code, ["change"] = TextOf(c.Key.Kind), ["readings"] = c.Value })]);
        document["by_reason"] = new JsonArray([.. diff.ByReason.Select(r => new JsonObject { ["reason"] = r.Key.ToText(), ["new"] = r.Value.Added, ["gone"] = r.Value.Removed })]);
        document["first"] = new JsonArray([.. diff.First.Select(c => new JsonObject
        {
            ["partition"] = c.Partition.ToString(),
            ["offset"] = c.Offset,
            ["device_id"] = c.DeviceId,
            ["change"] = TextOf(c.Kind),
            ["before"] = ToJson(c.Before),
            ["after"] = ToJson(c.After),
        })]);
        return document;
    }

    private static JsonObject? ToJson(ReadingState? state) => state is null ? null : new JsonObject
    {
        ["ordinal"] = state.Ordinal,
        ["code"] = state.Code,
        ["value"] = double.IsFinite(state.Value) ? state.Value : null,
        ["unit"] = state.Unit,
        ["effective_time"] = state.EffectiveTime is { } time ? UnixMicros.Format(time) : null,
        ["mapping"] = state.Mapping,
        ["reason"] = state.Reason?.ToText(),
    };

    private static string Text(ReadingState? state) => state switch
    {
        null => "nothing",
        { Reason: { } reason } => string.Create(CultureInfo.InvariantCulture,
            $"rejected as {reason.ToText()}{(double.IsFinite(state.Value) ? $" ({state.Code} {state.Value:R} as sent)" : "")} by {Mapping(state)}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{Name(state.Code!)} {state.Value:R} {state.Unit} at {UnixMicros.Format(state.EffectiveTime!.Value)} by {Mapping(state)}"),
    };

    private static string Mapping(ReadingState state) => state.Mapping.Length == 0 ? "no mapping" : state.Mapping;

    private static string Name(string code) => code.Length == 0 ? "(no code)" : VitalSignCatalog.Default.TryGetByCode(code, out var vital) ? $"{vital!.Label} ({code})" : code;
}
