using System.CommandLine;
using System.Globalization;
using RemoteMonitoring.Cohorts;
using RemoteMonitoring.Cohorts.Simulation;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon simulate OUT</c>: a made-up cohort at home as a feed of device messages.</summary>
internal static class SimulateCommand
{
    public static Command Create()
    {
        var output = new Argument<string>("out") { Description = "Folder to write the feed to; must not exist or be empty" };
        var (patients, days, seed) = Options(new SimulationOptions().Patients);
        var command = new Command("simulate", "Make up a cohort of monitored people at home, with everything real feeds do, as a feed for 'rmon ingest'")
        {
            output, patients, days, seed,
        };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var options = new SimulationOptions
            {
                Patients = parsed.GetValue(patients),
                Days = parsed.GetValue(days),
                Seed = parsed.GetValue(seed),
            };
            var feed = await terminal.StageAsync("simulate", progress => Task.Run(() =>
            {
                var made = Run(options, parsed.GetRequiredValue(output), progress, token);
                return (made, $"{Terminal.Number(made.Messages)} messages → {parsed.GetRequiredValue(output)}");
            }, token));
            ImportCommand.Show(terminal, feed);
            return ExitCodes.Done;
        });
        return command;
    }

    /// <summary>What a simulated cohort can be asked for.</summary>
    public static (Option<int> Patients, Option<int> Days, Option<ulong> Seed) Options(int defaultPatients)
    {
        var patients = new Option<int>("--patients") { Description = "Number of simulated patients", DefaultValueFactory = _ => defaultPatients };
        var days = new Option<int>("--days") { Description = "Number of simulated days", DefaultValueFactory = _ => new SimulationOptions().Days };
        var seed = new Option<ulong>("--seed") { Description = "The same seed makes the same cohort", DefaultValueFactory = _ => new SimulationOptions().Seed };
        RefuseUnless(patients, 1, 1_000_000);
        RefuseUnless(days, 1, 3650);
        return (patients, days, seed);
    }

    public static Feed Run(SimulationOptions options, string output, IProgress<Fraction> progress, CancellationToken cancellationToken)
    {
        var cohort = HomeSimulator.Run(options, new Patients(progress, options.Patients), cancellationToken);
        return FeedWriter.Write(output, cohort.Header, cohort.Messages, cohort.Reference, new ImportCommand.Counter(progress), cancellationToken);
    }

    /// <summary>Refuses numbers outside a range, as a wrong command line.</summary>
    public static void RefuseUnless(Option<int> option, int low, int high) => option.Validators.Add(result => RefuseUnless(result, option, low, high));

    private static void RefuseUnless(System.CommandLine.Parsing.OptionResult result, Option<int> option, int low, int high)
    {
        // What is no number at all is the parser's to refuse; asking for the value would throw.
        if (result.Tokens is [{ Value: var text }] && int.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var value) && (value < low || value > high))
        {
            result.AddError(string.Create(CultureInfo.InvariantCulture, $"{option.Name} takes a whole number from {low} to {high}; got {value}."));
        }
    }

    private sealed class Patients(IProgress<Fraction> progress, int total) : IProgress<int>
    {
        public void Report(int value) => progress.Report(new Fraction(value, total, "patients"));
    }
}
