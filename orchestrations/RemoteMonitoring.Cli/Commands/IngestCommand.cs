using System.CommandLine;
using System.Text.Json.Nodes;
using RemoteMonitoring.Ingestion;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Workflows.Compaction;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon ingest PATH</c>: a feed, or a file of routed messages, into the lake.</summary>
internal static class IngestCommand
{
    public static Command Create()
    {
        var path = new Argument<string>("path") { Description = "Feed folder, or a file of routed messages (newline-delimited JSON, plain or gzip)" };
        var imported = new Option<bool>("--imported") { Description = "A lone file holds data of the past: a reading was known when the hub had it, not now" };
        var command = new Command("ingest", "Land device messages in the lake, and settle patients, duplicates and corrections") { path, imported };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var feed = FeedFolder.Open(parsed.GetRequiredValue(path), parsed.GetValue(GlobalOptions.Cohort), parsed.GetValue(imported));
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, feed.Cohort, token);
            var (report, manifest) = await RunAsync(terminal, store, feed, token);
            ShowAccount(terminal, report, manifest);
            terminal.Document(new JsonObject { ["cohort"] = store.Cohort, ["lake"] = store.Lake.NameOf(""), ["readings"] = AccountJson(report, manifest) });
            return Warnings(terminal, report) > 0 ? ExitCodes.DoneWithUnreadableLines : ExitCodes.Done;
        });
        return command;
    }

    public static async Task<(IngestionReport Report, ObservationsManifest Manifest)> RunAsync(
        Terminal terminal, CohortStore store, FeedFolder feed, CancellationToken cancellationToken)
    {
        var report = await terminal.StageAsync("ingest", async progress =>
        {
            var landed = new Sum(progress, feed.Messages ?? 0);
            var done = await FeedIngestion.RunAsync(store, feed, TimeProvider.System, landed, cancellationToken);
            return (done, done.NothingNew
                ? $"nothing new: all {Terminal.Number(done.Account.Messages)} messages had landed already"
                : $"{Terminal.Number(done.Landed)} messages landed, {Terminal.Number(done.Account.Received)} readings received in all");
        });
        var manifest = await terminal.StageAsync("compact", async _ =>
        {
            var compacted = await CompactionStage.RunAsync(store, cancellationToken);
            return (compacted.Manifest, CompactCommand.Summary(compacted));
        });
        return (report, manifest);
    }

    /// <summary>Names the lines that were no messages; returns how many there were.</summary>
    public static int Warnings(Terminal terminal, IngestionReport report)
    {
        var lines = report.Files.SelectMany(f => f.Malformed).Concat(report.Files.Select(f => f.HalfWritten).OfType<string>()).ToArray();
        foreach (var line in lines.Take(10))
        {
            terminal.Warn(line);
        }

        if (lines.Length > 10)
        {
            terminal.Warn($"… and {lines.Length - 10} more lines that are no messages; all are in quarantine");
        }

        return lines.Length;
    }

    public static void ShowAccount(Terminal terminal, IngestionReport report, ObservationsManifest manifest)
    {
        terminal.Heading("Readings");
        terminal.Line($"messages received {Terminal.Number(report.Messages)} = landed {Terminal.Number(report.InBronze)}: {(report.Messages == report.InBronze ? "adds up" : "this file holds fewer than have landed under its name")}");
        ShowReadings(terminal, manifest);
    }

    /// <summary>What became of every reading.</summary>
    public static void ShowReadings(Terminal terminal, ObservationsManifest manifest)
    {
        terminal.Line($"readings received in all {Terminal.Number(manifest.Received)} = accepted {Terminal.Number(manifest.Accepted)}"
            + $" + rejected {Terminal.Number(manifest.Rejected.Values.Sum())} + duplicate {Terminal.Number(manifest.Duplicates)}: {(manifest.Conserves ? "adds up" : "DOES NOT ADD UP")}");
        if (manifest.Rejected.Count > 0)
        {
            terminal.Table(["rejected because", "readings"], manifest.Rejected.OrderByDescending(r => r.Value).Select(r => new[] { r.Key, Terminal.Number(r.Value) }), 1);
        }
    }

    public static JsonObject AccountJson(IngestionReport report, ObservationsManifest manifest) => new()
    {
        ["messages"] = report.Messages,
        ["landed"] = report.InBronze,
        ["received"] = manifest.Received,
        ["accepted"] = manifest.Accepted,
        ["corrected"] = manifest.Corrected,
        ["rejected"] = manifest.Rejected.Values.Sum(),
        ["duplicate"] = manifest.Duplicates,
        ["reassigned"] = manifest.Reassigned,
        ["observation_rows"] = manifest.Rows,
        ["conserves"] = manifest.Conserves && report.Messages == report.InBronze,
        ["rejected_by_reason"] = new JsonObject(manifest.Rejected.Select(r => KeyValuePair.Create(r.Key, (JsonNode?)r.Value))),
    };

    private sealed class Sum(IProgress<Fraction> progress, long total) : IProgress<int>
    {
        private long _done;

        public void Report(int value) => progress.Report(new Fraction(Interlocked.Add(ref _done, value), total));
    }
}
