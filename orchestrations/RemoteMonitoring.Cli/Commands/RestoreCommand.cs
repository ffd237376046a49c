using System.CommandLine;
using RemoteMonitoring.Workflows.Backup;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon restore FILE</c>: puts the cohorts of a backup into a home that does not have them.</summary>
internal static class RestoreCommand
{
    public static Command Create()
    {
        var file = new Argument<string>("file") { Description = "What 'rmon backup' made", HelpName = "FILE" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Hold every file against its hash, and write nothing" };
        var command = new Command("restore", "Put the cohorts of a backup, or the one of --cohort, into a local home that does not have them; nothing is written over") { file, dryRun };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var home = GlobalOptions.LocalHomeOf(parsed);
            var path = Path.GetFullPath(parsed.GetRequiredValue(file));
            var cohort = parsed.GetValue(GlobalOptions.Cohort);
            var tryOut = parsed.GetValue(dryRun);
            var summary = await terminal.StageAsync(tryOut ? "verify" : "restore", async _ =>
            {
                var read = await Task.Run(() => tryOut ? HomeRestore.VerifyAsync(path, cohort, token) : HomeRestore.RunAsync(path, home, cohort, token), token);
                return (read, $"{Terminal.Number(read.Files.Count)} files of {string.Join(", ", Restored(read, cohort))}, {BackupCommand.Bytes(read.Bytes)}, as of {read.Header.At}: every hash is right");
            });
            if (!tryOut)
            {
                terminal.Line($"Who was erased since {summary.Header.At} is in it: erase them again. Messages that the hub took in since are not in it.");
            }

            var document = BackupCommand.Document(summary, path);
            document["dry_run"] = tryOut;
            document["home"] = tryOut ? null : home;
            terminal.Document(document);
            return ExitCodes.Done;
        });
        return command;
    }

    private static IEnumerable<string> Restored(BackupSummary summary, string? cohort) => summary.Header.Cohorts.Select(c => c.Name).Where(c => cohort is null || c == cohort);
}
