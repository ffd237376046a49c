using System.CommandLine;
using System.Text.Json.Nodes;
using RemoteMonitoring.Cohorts.Import;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon import DATASET DIR OUT</c>: a public data set as a feed of device messages.</summary>
internal static class ImportCommand
{
    public static IReadOnlyList<string> DataSets { get; } = [PhysioNet2012Importer.Cohort, PhysioNet2019Importer.Cohort, TihmImporter.Cohort, UciDiabetesImporter.Cohort];

    public static Command Create()
    {
        var dataSet = new Argument<string>("dataset") { Description = string.Join(", ", DataSets) };
        dataSet.AcceptOnlyFromAmong([.. DataSets]);
        var folder = new Argument<string>("dir") { Description = "Folder with the data set's original files, or of physionet2019 an archive" };
        var output = new Argument<string>("out") { Description = "Folder to write the feed to; must not exist or be empty" };
        var command = new Command("import", "Turn a public data set's original files into a feed of device messages, for 'rmon ingest'; or append reference events of a file to the cohort")
        {
            dataSet,
            folder,
            output,
        };
        foreach (var kind in ImportReferenceCommand.CreateAll().Concat(ImportHospitalCommand.CreateAll()))
        {
            command.Subcommands.Add(kind);
        }

        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var feed = await terminal.StageAsync("import", progress => Task.Run(() =>
            {
                var made = Run(parsed.GetRequiredValue(dataSet), parsed.GetRequiredValue(folder), parsed.GetRequiredValue(output), progress, token);
                return (made, $"{Terminal.Number(made.Messages)} messages → {parsed.GetRequiredValue(output)}");
            }, token));
            Show(terminal, feed);
            return ExitCodes.Done;
        });
        return command;
    }

    public static Feed Run(string dataSet, string folder, string output, IProgress<Fraction> progress, CancellationToken cancellationToken)
    {
        var count = new Counter(progress);
        return dataSet switch
        {
            TihmImporter.Cohort => TihmImporter.Import(folder, output, count, cancellationToken),
            PhysioNet2012Importer.Cohort => PhysioNet2012Importer.Import(folder, output, count, cancellationToken),
            PhysioNet2019Importer.Cohort => PhysioNet2019Importer.Import(folder, output, count, cancellationToken),
            UciDiabetesImporter.Cohort => UciDiabetesImporter.Import(folder, output, count, cancellationToken),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    public static void Show(Terminal terminal, Feed feed)
    {
        terminal.Line(feed.Source);
        foreach (var (reason, count) in feed.LeftOut)
        {
            terminal.Line($"  left out: {Terminal.Number(count)} {reason}");
        }

        terminal.Document(new JsonObject
        {
            ["cohort"] = feed.Cohort,
            ["epoch"] = feed.Epoch,
            ["messages"] = feed.Messages,
            ["partitions"] = feed.Partitions,
            ["left_out"] = new JsonObject(feed.LeftOut.Select(l => KeyValuePair.Create(l.Key, (JsonNode?)l.Value))),
        });
    }

    /// <summary>Messages written, of a number that is not known before.</summary>
    public sealed class Counter(IProgress<Fraction> progress) : IProgress<long>
    {
        public void Report(long value) => progress.Report(new Fraction(value, 0, $"{Terminal.Number(value)} messages"));
    }
}
