using System.CommandLine;
using System.Text.Json.Nodes;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Workflows;
using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon features TASK</c>: the vectors of a task's patients at an instant, as a Parquet file.</summary>
internal static class FeaturesCommand
{
    public static Command Create()
    {
        var task = TrainCommand.TaskArgument();
        var asOf = ScoreCommand.AsOfOption();
        var output = new Option<string?>("--out") { Description = "File to write. Default: in the lake, below gold/features", HelpName = "FILE" };
        var command = new Command("features", "Compute the point-in-time vectors of everybody a task can score at an instant") { task, asOf, output };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var manifest = await TrainCommand.CompactedAsync(store, token);
            var definition = BundledTasks.Named(parsed.GetRequiredValue(task));
            var set = FeatureSet.Named(definition.FeatureSet);
            var reference = await store.Reference.LoadAsync(manifest.Inputs.Reference, token);
            var instant = ScoreCommand.InsideData(ScoreCommand.AsOf(parsed.GetValue(asOf)), manifest) ?? DailyRiskRun.LatestAsOf(definition, reference, UnixMicros.ToInstant(manifest.Inputs.Watermark));
            var cohort = Cohort.Scoreable(definition, reference, instant);
            var table = await terminal.StageAsync("features", async progress =>
            {
                VectorKey[] keys = [.. cohort.Rows.Select(r => new VectorKey(r.PatientId, r.AsOf.ToUnixMicros(), instant.ToUnixMicros()))];
                var made = await FeatureStage.BuildAsync(store, manifest, set, reference, keys, done => progress.Report(new Fraction(done, keys.Length)), token);
                return (made, $"{Terminal.Number(made.Rows)} vectors of {set.Columns.Count} features as of {instant}");
            });
            var path = parsed.GetValue(output);
            if (path is null)
            {
                var lakePath = LakePaths.Features(set.Definition.Name, LakePaths.Stamp(instant.ToUnixMicros()), $"{definition.Name}-{manifest.InputHash}");
                await store.Lake.TryCreateTableAsync(lakePath, FeatureStage.ToParquet(table), token);
                path = store.Lake.NameOf(lakePath);
            }
            else if (!Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(path))))
            {
                throw new UserException($"{path}: there is no such folder to write to; make it first.");
            }
            else
            {
                // Written beside its place and moved there: a full disk leaves the file that was there as it was.
                await File.WriteAllBytesAsync(path + ".partial", FeatureStage.ToParquet(table).ToBytes(), token);
                File.Move(path + ".partial", path, overwrite: true);
            }

            Results.ShowFlow(terminal, cohort.Flow);
            terminal.Line($"vectors: {path}");
            terminal.Document(new JsonObject
            {
                ["feature_set"] = set.Definition.Name,
                ["feature_set_hash"] = set.Hash,
                ["as_of"] = instant.ToString(),
                ["rows"] = table.Rows,
                ["columns"] = set.Columns.Count,
                ["path"] = path,
            });
            return ExitCodes.Done;
        });
        return command;
    }
}
