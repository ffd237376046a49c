using System.CommandLine;
using System.CommandLine.Parsing;
using RemoteMonitoring.Cli.Commands;
using RemoteMonitoring.Cohorts.Import;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Cli;

/// <summary>The entry point of <c>rmon</c>.</summary>
public static class Program
{
    /// <summary>How long a command that is told to stop may take to land what it holds.</summary>
    private static readonly TimeSpan s_gracefulStop = TimeSpan.FromSeconds(25);

    /// <summary>Runs a command line; see <c>rmon --help</c>.</summary>
    public static async Task<int> Main(string[] args)
    {
        var root = new RootCommand("""
            Remote patient monitoring: readings in, a ranked and explained list of who needs a call out.
            Decision support for trained staff; not a medical device.
            """);
        foreach (var option in GlobalOptions.Options)
        {
            root.Options.Add(option);
        }

        root.Subcommands.Add(DemoCommand.Create());
        root.Subcommands.Add(SimulateCommand.Create());
        root.Subcommands.Add(ImportCommand.Create());
        root.Subcommands.Add(IngestCommand.Create());
        root.Subcommands.Add(CompactCommand.Create());
        root.Subcommands.Add(MappingCommand.Create());
        root.Subcommands.Add(QuarantineCommand.Create());
        root.Subcommands.Add(StreamCommand.Create());
        root.Subcommands.Add(FeaturesCommand.Create());
        root.Subcommands.Add(TasksCommand.Create());
        root.Subcommands.Add(TrainCommand.Create());
        root.Subcommands.Add(TrainSnapshotCommand.Create());
        root.Subcommands.Add(ModelsCommand.Create());
        root.Subcommands.Add(DriftCommand.Create());
        root.Subcommands.Add(ScoreCommand.Create());
        root.Subcommands.Add(WorklistCommand.Create());
        root.Subcommands.Add(StatusCommand.Create());
        root.Subcommands.Add(RunCommand.Create());
        root.Subcommands.Add(RunsCommand.Create());
        root.Subcommands.Add(SchedulesCommand.Create());
        root.Subcommands.Add(FollowUpsCommand.Create());
        root.Subcommands.Add(FeedbackCommand.Create());
        root.Subcommands.Add(ExportCommand.Create());
        root.Subcommands.Add(ReportCommand.Create());
        root.Subcommands.Add(ServeCommand.Create());
        root.Subcommands.Add(UsersCommand.Create());
        root.Subcommands.Add(GatewayCommand.Create());
        root.Subcommands.Add(WorkerCommand.Create());
        root.Subcommands.Add(DevicesCommand.Create());
        root.Subcommands.Add(ChaosCommand.Create());
        root.Subcommands.Add(RebuildCommand.Create());
        root.Subcommands.Add(EraseCommand.Create());
        root.Subcommands.Add(LineageCommand.Create());
        root.Subcommands.Add(ReproduceCommand.Create());
        root.Subcommands.Add(BackupCommand.Create());
        root.Subcommands.Add(RestoreCommand.Create());
        root.Subcommands.Add(HomeCommand.Create());

        // What long-lived commands check of options and settings before they do anything.
        var starts = new Dictionary<string, Func<StartFaults, Terminal, ParseResult, CancellationToken, Task>>
        {
            ["serve"] = ServeCommand.CheckAsync,
            ["worker"] = WorkerCommand.CheckAsync,
            ["gateway"] = (faults, _, line, _) => Task.FromResult(faults.Host(GatewayCommand.Host, line)),
        };

        // '@champion' is a model, and no file with more arguments.
        var parsed = root.Parse(args.Length == 0 ? ["--help"] : args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        CommandLine.Begin(parsed.Errors.Count == 0 ? parsed.GetValue(GlobalOptions.Home) : null);
        if (parsed.Errors.Count > 0)
        {
            var lines = parsed.Errors.Select(e => CommandLine.InWords(e.Message)).Distinct().ToArray();
            await SayAsync(lines);
            if (parsed.CommandResult.Parent is CommandResult { Command: RootCommand } && starts.TryGetValue(parsed.CommandResult.Command.Name, out var check))
            {
                await SayAsync((await FaultsAsync(check, parsed)).Except(lines));
            }

            await Console.Error.WriteLineAsync(CommandLine.AsTyped($"Try 'rmon {PathOf(parsed.CommandResult)}--help'."));
            return ExitCodes.Usage;
        }

        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = s_gracefulStop });
        }
        catch (Exception e) when (LinesOf(e) is { } lines)
        {
            await SayAsync(lines);
            return e switch { OperationCanceledException => ExitCodes.Cancelled, UserException user => user.ExitCode, _ => ExitCodes.BadInput };
        }
        catch (Exception e)
        {
            await Console.Error.WriteLineAsync($"rmon: a fault of the program, please report it:{Environment.NewLine}{e}");
            return ExitCodes.Fault;
        }
    }

    /// <summary>What else is wrong with a start whose command line cannot be read.</summary>
    private static async Task<IReadOnlyList<string>> FaultsAsync(Func<StartFaults, Terminal, ParseResult, CancellationToken, Task> check, ParseResult parsed)
    {
        try
        {
            var (faults, terminal) = (StartFaults.Of(parsed), new Terminal(json: false));
            await check(faults, terminal, parsed, CancellationToken.None);
            using var meters = new RunMeters();
            faults.Try(() => terminal.StartExport(meters))?.Dispose();
            return faults.Lines;
        }
        catch (Exception e) when (LinesOf(e) is { } lines)
        {
            return lines;
        }
    }

    private static async Task SayAsync(IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            await Console.Error.WriteLineAsync($"rmon: {CommandLine.AsTyped(line.ReplaceLineEndings(" "))}");
        }
    }

    /// <summary>The words that lead to a command below the root, each followed by a space.</summary>
    private static string PathOf(SymbolResult? result) =>
        result is CommandResult { Parent: not null } command ? $"{PathOf(command.Parent)}{command.Command.Name} " : "";

    /// <summary>What to say of faults that the user can mend, a line each; null for a fault of the program, which keeps its stack trace.</summary>
    private static IReadOnlyList<string>? LinesOf(Exception e) => e switch
    {
        OperationCanceledException => ["stopped; run the same command again to go on."],
        AggregateException { InnerExceptions: [var only] } => LinesOf(only),
        UserException user => user.Lines,
        LakeException or ImportException or Risk.Scoring.ModelException or Risk.Elsewhere.ElsewhereException => [e.Message],
        IOException or UnauthorizedAccessException => [e.Message],
        _ => null,
    };
}
