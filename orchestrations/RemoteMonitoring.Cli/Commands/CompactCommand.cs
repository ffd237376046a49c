using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Workflows.Compaction;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon compact</c>: patients, duplicates and corrections settled over what the worker has landed; and what is left of runs before, deleted.</summary>
internal static class CompactCommand
{
    private const int MostListed = 20;

    public static Command Create()
    {
        var shards = new Option<int?>("--shards")
        {
            Description = $"Number of patient shards, 1 to {CompactionOptions.MostShards}; stays until another is given (0: one for every {CompactionOptions.PatientsPerShard} patients, the default)",
            HelpName = "N",
        };
        shards.Validators.Add(result =>
        {
            // As text: what is no number has no value to ask for.
            if (result.Tokens is not [{ Value: var text }] || !int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number > CompactionOptions.MostShards)
            {
                result.AddError($"--shards takes 1 to {CompactionOptions.MostShards}, or 0 for the default.");
            }
        });
        var full = new Option<bool>("--full") { Description = "Redo every day and shard, not only those that are touched; comes out the same" };
        var collect = new Option<bool>("--gc") { Description = "Then delete observations of before that no ledger entry, snapshot or model refers to" };
        var dryRun = new Option<bool>("--dry-run") { Description = "With --gc: compact nothing, say what would be deleted, and delete nothing" };
        var command = new Command("compact", "Settle patients, duplicates and corrections over all that has landed; 'rmon ingest' does so by itself") { shards, full, collect, dryRun };
        command.Validators.Add(parsed =>
        {
            if (parsed.GetValue(dryRun) && (!parsed.GetValue(collect) || parsed.GetValue(full) || parsed.GetResult(shards) is not null))
            {
                parsed.AddError("--dry-run goes with --gc, and with nothing else.");
            }
        });
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var document = new JsonObject { ["cohort"] = store.Cohort };
            if (!parsed.GetValue(dryRun))
            {
                await CompactAsync(terminal, store, new CompactionOptions { Shards = parsed.GetValue(shards), Full = parsed.GetValue(full) }, document, token);
            }

            if (parsed.GetValue(collect))
            {
                await CollectAsync(terminal, store, parsed.GetValue(dryRun), document, token);
            }

            terminal.Document(document);
            return ExitCodes.Done;
        });
        return command;
    }

    /// <summary>What a stage's line says of a compaction.</summary>
    public static string Summary(Compacted compacted) => compacted.AlreadyThere
        ? $"nothing new: {Terminal.Number(compacted.Manifest.Accepted)} observations stand"
        : $"{Terminal.Number(compacted.Manifest.Accepted)} readings became observations, {Terminal.Number(compacted.Manifest.Duplicates)} duplicates, {Terminal.Number(compacted.Manifest.Corrected)} corrected";

    private static async Task CompactAsync(Terminal terminal, CohortStore store, CompactionOptions options, JsonObject document, CancellationToken cancellationToken)
    {
        var compacted = await terminal.StageAsync("compact", async _ =>
        {
            var made = await CompactionStage.RunAsync(store, options, cancellationToken);
            return (made, Summary(made));
        });
        var manifest = compacted.Manifest;
        IngestCommand.ShowReadings(terminal, manifest);
        terminal.Line($"{Terminal.Number(compacted.Redone.Count)} of {Terminal.Number(manifest.Partitions.Count)} days and shards made anew, {Terminal.Number(manifest.Shards)} shard{(manifest.Shards == 1 ? "" : "s")}");
        document["received"] = manifest.Received;
        document["accepted"] = manifest.Accepted;
        document["rejected"] = manifest.Rejected.Values.Sum();
        document["duplicate"] = manifest.Duplicates;
        document["reassigned"] = manifest.Reassigned;
        document["conserves"] = manifest.Conserves;
        document["observations"] = manifest.InputHash;
        document["shards"] = manifest.Shards;
        document["partitions"] = manifest.Partitions.Count;
        document["partitions_redone"] = compacted.Redone.Count;
    }

    private static async Task CollectAsync(Terminal terminal, CohortStore store, bool dryRun, JsonObject document, CancellationToken cancellationToken)
    {
        static string Said(CollectedGarbage g, bool dryRun) =>
            $"{Terminal.Number(g.Files.Count)} files of {Terminal.Number(g.Bytes)} bytes {(dryRun ? "would be deleted" : "deleted")}, {Terminal.Number(g.Kept)} observations of before are referred to and stay";
        var garbage = await terminal.StageAsync("collect", async _ =>
        {
            var found = await GoldGarbage.CollectAsync(store, dryRun, cancellationToken);
            return (found, Said(found, dryRun));
        });
        if (dryRun)
        {
            foreach (var file in garbage.Files.Take(MostListed))
            {
                terminal.Line($"{file.Path}  {Terminal.Number(file.Bytes)} bytes");
            }

            terminal.Line(garbage.Files.Count > MostListed ? $"… and {Terminal.Number(garbage.Files.Count - MostListed)} more (--json names all). Nothing was changed." : "Nothing was changed.");
        }

        if (garbage.Silent.Count > 0)
        {
            terminal.Line($"{Terminal.Number(garbage.Silent.Count)} models and snapshots of an older version do not say what they were made of: observations of that time stay.");
        }

        document["garbage"] = new JsonObject
        {
            ["dry_run"] = dryRun,
            ["files"] = new JsonArray([.. garbage.Files.Select(f => new JsonObject { ["path"] = f.Path, ["bytes"] = f.Bytes })]),
            ["bytes"] = garbage.Bytes,
            ["kept"] = garbage.Kept,
            ["silent"] = new JsonArray([.. garbage.Silent.Select(s => (JsonNode)s)]),
        };
    }
}
