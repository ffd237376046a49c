using System.CommandLine;
using System.Text.Json.Nodes;
using RemoteMonitoring.Cli.Runs;
using RemoteMonitoring.Ingestion.Erasure;
using RemoteMonitoring.Workflows.Erasure;
using Spectre.Console;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon erase PATIENT</c>: takes a patient out of everything that is kept, and prints the proof.</summary>
internal static class EraseCommand
{
    public static Command Create()
    {
        var patient = new Argument<string>("patient") { Description = "Id of the patient" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Say what would be erased, and change nothing" };
        var yes = new Option<bool>("--yes") { Description = "Do not ask" };
        var command = new Command("erase", "Erase a patient: messages, readings, records, predictions, lists; nothing brings them back") { patient, dryRun, yes };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var id = parsed.GetRequiredValue(patient);
            var client = File.Exists(CohortEngine.JournalOf(store)) ? CohortEngine.ClientOf(store) : null;
            if (parsed.GetValue(dryRun))
            {
                var (plan, report) = await PatientErasure.TryOutAsync(store, id, TimeProvider.System, token, client);
                ShowThings(terminal, "would go", report.Things);
                terminal.Line(plan.Tombstone is null ? "The patient was erased before; running it without --dry-run completes what is left." : "Nothing was changed.");
                terminal.Document(Document(ErasureProof.Of(plan, report), null));
                return ExitCodes.Done;
            }

            if (!parsed.GetValue(yes) && !(terminal.People.Profile.Capabilities.Interactive && Confirm(terminal)))
            {
                throw new UserException("nothing was erased. It cannot be undone: look with --dry-run, then say --yes.", ExitCodes.Usage);
            }

            // Follow-ups under way are ended by an engine: another's, or this one, which does nothing else.
            await using var engine = client is null ? null : CohortEngine.StartIdle(terminal, store);
            var (proof, path) = await terminal.StageAsync("erase", async _ =>
            {
                var done = await PatientErasure.RunAsync(store, id, TimeProvider.System, token, engine?.Client);
                return (done, $"erasure {done.Proof.Sequence}: {Terminal.Number(done.Proof.Things.Count)} files and containers without the patient now");
            });
            ShowThings(terminal, "went", proof.Things);
            if (proof.Rewritten + proof.OthersLost > 0)
            {
                terminal.Line($"{Terminal.Number(proof.Rewritten)} messages go on with the readings of others; {Terminal.Number(proof.OthersLost)} readings of others went with messages that could not be parted");
            }

            terminal.Heading("What may still hold something");
            foreach (var line in proof.Remains)
            {
                terminal.Line($"- {line}");
            }

            terminal.Line($"proof, with the hash of every new file: {store.Lake.NameOf(path)}");
            terminal.Document(Document(proof, store.Lake.NameOf(path)));
            return ExitCodes.Done;
        });
        return command;
    }

    private static bool Confirm(Terminal terminal) => terminal.People.Confirm("This cannot be undone. Erase the patient?", defaultValue: false);

    private static void ShowThings(Terminal terminal, string went, IEnumerable<ErasedThing> things) => terminal.Table(
        ["where", "files, containers", $"rows that {went}"],
        things.GroupBy(t => t.Place, StringComparer.Ordinal).Select(g => new[] { g.Key, Terminal.Number(g.Count()), g.Any(t => t.Rows is not null) ? Terminal.Number(g.Sum(t => t.Rows ?? 0)) : "made anew" }),
        1, 2);

    private static JsonObject Document(ErasureProof proof, string? path)
    {
        var document = JsonNode.Parse(proof.ToBytes())!.AsObject();
        return new JsonObject
        {
            ["erasure"] = proof.Sequence,
            ["at"] = proof.At.ToString(),
            ["proof"] = path,
            ["things"] = document["things"]!.DeepClone(),
            ["rewritten"] = proof.Rewritten,
            ["others_lost"] = proof.OthersLost,
            ["runs"] = document["runs"]!.DeepClone(),
            ["models"] = document["models"]!.DeepClone(),
            ["remains"] = document["remains"]!.DeepClone(),
        };
    }
}
