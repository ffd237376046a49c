using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using RemoteMonitoring.Workflows.Backup;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon backup FILE</c>: a local home, or one cohort of it, in one file.</summary>
internal static class BackupCommand
{
    private const int MissingShown = 5;

    public static Command Create()
    {
        var file = new Argument<string>("file")
        {
            Description = "File to make, like home-2025-06-30.tar.gz: a gzipped tar. It holds patients' data and keys, and only you may read it; keep it so",
            HelpName = "FILE",
        };
        var command = new Command("backup", "Copy a local home, or one cohort of it, into one file, while workers go on; feeds that were ingested stay where they are") { file };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var home = GlobalOptions.LocalHomeOf(parsed);
            var cohorts = GlobalOptions.LocalCohortsOf(parsed);
            var path = Path.GetFullPath(parsed.GetRequiredValue(file));
            var summary = await terminal.StageAsync("backup", async _ =>
            {
                var made = await Task.Run(() => HomeBackup.RunAsync(home, cohorts, path, TimeProvider.System, token), token);
                return (made, $"{Terminal.Number(made.Files.Count)} files of {string.Join(", ", cohorts)}, {Bytes(made.Bytes)}, in {Bytes(new FileInfo(path).Length)}");
            });
            if (summary.Missing.Count > 0)
            {
                terminal.Warn($"{Terminal.Number(summary.Missing.Count)} files that a manifest or a ledger entry names are not in the home, and so not in the backup ({string.Join(", ", summary.Missing.Take(MissingShown))}{(summary.Missing.Count > MissingShown ? ", …" : "")}); 'rmon rebuild' makes observations again.");
            }

            terminal.Line($"{path}: it holds patients' data and keys. Only you may read it; keep it so.");
            terminal.Document(Document(summary, path));
            return ExitCodes.Done;
        });
        return command;
    }

    public static JsonObject Document(BackupSummary summary, string path) => new()
    {
        ["file"] = path,
        ["at"] = summary.Header.At.ToString(),
        ["program"] = summary.Header.Program,
        ["cohorts"] = new JsonArray([.. summary.Header.Cohorts.Select(c => new JsonObject { ["cohort"] = c.Name, ["home_version"] = c.HomeVersion })]),
        ["files"] = summary.Files.Count,
        ["bytes"] = summary.Bytes,
        ["missing"] = new JsonArray([.. summary.Missing.Select(m => (JsonNode)m)]),
    };

    public static string Bytes(long bytes) => bytes >= 10_000_000
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:N0} MB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:N1} MB");
}
