using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Workflows.Features;
using RemoteMonitoring.Workflows.Lineage;
using Spectre.Console;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon lineage PATIENT [PREDICTION]</c>: from a score to model, features, files and raw messages, everything verified on the way.</summary>
internal static class LineageCommand
{
    private const int RangesShown = 12;

    public static Command Create()
    {
        var patient = new Argument<string>("patient") { Description = "Identity of the patient" };
        var prediction = new Argument<string?>("prediction")
        {
            Description = "Which prediction: its id (AS-OF-RUN, as 'rmon worklist --json' prints it), its run, or its as-of instant like 2025-06-29T23:00:00Z. Default: the latest",
            DefaultValueFactory = _ => null,
            HelpName = "PREDICTION",
        };
        var command = new Command("lineage", "Walk from a prediction to what it was made of: run, model, vector, observations, raw messages; every hash is checked on the way, and what is gone is told")
        {
            patient, prediction,
        };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var found = await FindAsync(store, parsed.GetRequiredValue(patient), parsed.GetValue(prediction), token);
            var lineage = await LineageWalk.RunAsync(store, found, token);
            Show(terminal, store, lineage);
            terminal.Document(Json(store, lineage));
            return ExitCodes.Done;
        });
        return command;
    }

    private static async Task<FoundPrediction> FindAsync(CohortStore store, string patient, string? named, CancellationToken cancellationToken)
    {
        var found = await PredictionSearch.FindAsync(store, patient, named, cancellationToken);
        if (found is [var only])
        {
            return only;
        }

        if (found.Count > 1)
        {
            throw new UserException($"There are {found.Count} such predictions of '{patient}'; name one: {string.Join(", ", found.Select(p => $"{p.Id} ({p.Task})"))}.");
        }

        var erased = (await store.Reference.ErasuresAsync(cancellationToken)).OfPatient(patient).Select(t => t.Tombstone.Known.ToString()).ToArray();
        var all = named is null ? [] : await PredictionSearch.FindAsync(store, patient, null, cancellationToken);
        throw new UserException(
            erased.Length > 0 ? $"The patient was erased at {string.Join(" and ", erased)}, with every prediction of before."
            : all.Count > 0 ? $"There is no prediction '{named}' of '{patient}'; the latest is {all[^1].Id}."
            : $"There is no prediction of a patient '{patient}' in {store.Cohort}. Ids are taken letter by letter; 'rmon worklist --json' prints them.");
    }

    private static void Show(Terminal terminal, CohortStore store, PredictionLineage lineage)
    {
        var prediction = lineage.Prediction;
        var tree = new Tree(new Text($"{prediction.PatientId}: prediction {prediction.Id}")) { Guide = TreeGuide.Line };
        if (prediction.Document is { } document)
        {
            tree.AddNode(new Text(string.Create(CultureInfo.InvariantCulture, $"probability {document.Probability:0.0000}, log-odds {document.Raw:0.0000}; as of {document.AsOf}, nothing known after {document.KnownBy}")));
        }

        if (lineage.Run is { Entry: var entry })
        {
            var run = tree.AddNode(new Text($"run {entry.Run} of {entry.Workflow}, ledger entry {store.Lake.NameOf($"ledger/{entry.Run}.json")}"));
            run.AddNode(new Text($"task {entry.Task} ({entry.TaskHash}), program {entry.Code}"));
            run.AddNode(new Text($"as of {entry.AsOf}, known by {entry.KnownBy}; {entry.Scored} scored, {entry.NotScored} not, {entry.Listed} listed"));
            if (lineage.Scores is { } scores)
            {
                run.AddNode(new Text($"score: {FileSaid(scores.File)}{(scores.Row is { } row ? $", row {row}{(scores.Known == scores.Columns ? "" : ", which says otherwise than the document")}" : "")}"));
            }
        }

        ShowModel(tree, lineage);
        if (lineage.Features is { } features)
        {
            var node = tree.AddNode(new Text($"vector: feature set {lineage.Run!.Entry.FeatureSet} ({lineage.Run.Entry.FeatureSetHash})"));
            node.AddNode(new Text($"{FileSaid(features.File)}{(features.Row is { } row ? $", row {row}: {features.Known} of {features.Columns} features known" : "")}"));
        }

        ShowObservations(tree, lineage);
        terminal.People.Write(tree);
        terminal.Line(lineage.Gaps.Count == 0 ? "Every file is there, and every hash is right." : "Not everything is there as it was:");
        foreach (var gap in lineage.Gaps)
        {
            terminal.Line($"- {gap}");
        }
    }

    private static void ShowModel(Tree tree, PredictionLineage lineage)
    {
        if (lineage.Model is not { } model)
        {
            return;
        }

        var node = tree.AddNode(new Text($"model {model.Folder}{(model.Document is null ? ": not in this lake" : "")}"));
        if (model.Document is not { } document)
        {
            return;
        }

        node.AddNode(new Text(string.Join(", ", model.Files.Select(f => $"{f.Path[(f.Path.LastIndexOf('/') + 1)..]} {Said(f.State)}"))));
        node.AddNode(new Text(document.Origin is { } origin
            ? $"made elsewhere, registered by {origin.By} on {origin.At} ({origin.Why}); probabilities {origin.Calibration}"
            : $"taught with {Terminal.Number(document.Training.Rows)} rows of {Terminal.Number(document.Training.Patients)} patients, {Terminal.Number(document.Training.Events)} with the outcome, certain by {document.Training.TrainedUntil}"));
        node.AddNode(new Text(document.Observations is { } observations ? $"from observations {observations}{(model.Observations == true ? "" : ", which are gone")}" : "it does not say from which observations"));
        if (document.Metrics.TryGetValue("model", out var metrics) && metrics.Count > 0)
        {
            node.AddNode(new Text($"held out: {string.Join(", ", metrics.Where(m => double.IsFinite(m.Value.Value)).Select(m => string.Create(CultureInfo.InvariantCulture, $"{m.Key} {m.Value.Value:0.000}")))}"));
        }
    }

    private static void ShowObservations(Tree tree, PredictionLineage lineage)
    {
        if (lineage.Observations is not { } observations)
        {
            return;
        }

        var held = lineage.Readings.Count(r => r.At(lineage.Run!.Entry.KnownBy.ToUnixMicros()) == ReadingStatus.Used);
        var node = tree.AddNode(new Text($"observations {observations.InputHash}: the patient's shard has {lineage.ObservationFiles.Count} files of the look-back of {lineage.LookBack / UnixMicros.PerDay} days, {lineage.ObservationFiles.Count(f => f.File.State == FileState.Verified)} of them verified"));
        foreach (var file in lineage.ObservationFiles.Where(f => f.Readings > 0 || f.File.State != FileState.Verified))
        {
            node.AddNode(new Text($"{FileSaid(file.File)}, readings of the patient: {file.Readings}"));
        }

        var messages = tree.AddNode(new Text($"{lineage.Readings.Count} readings of the look-back, {held} of them held then, from {lineage.Messages.Sum(m => m.Messages)} raw messages"));
        foreach (var range in lineage.Messages.Take(RangesShown))
        {
            messages.AddNode(new Text($"{range.Stream} {(range.First == range.Last ? $"offset {range.First}" : $"offsets {range.First} to {range.Last}")}: {Count(range.Messages, "message")}, {Count(range.Readings, "reading")}, {(range.File is { } file ? $"{file} {Said(range.State)}" : Said(range.State))}"));
        }

        if (lineage.Messages.Count > RangesShown)
        {
            messages.AddNode(new Text($"… and {lineage.Messages.Count - RangesShown} ranges more: --json"));
        }
    }

    private static string Count(int count, string what) => $"{Terminal.Number(count)} {what}{(count == 1 ? "" : "s")}";

    private static string FileSaid(RecordedFile file) => $"{file.Path} {Said(file.State)}";

    private static string Said(FileState state) => state switch
    {
        FileState.Verified => "✓",
        FileState.Erased => "(without what was erased since)",
        FileState.Changed => "✗ other bytes than were recorded",
        FileState.Gone => "✗ gone",
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private static string Said(MessageState state) => state switch
    {
        MessageState.Found => "✓",
        MessageState.Erased => "(erased since)",
        MessageState.OtherDevice => "✗ of another device",
        MessageState.Gone => "✗ in no bronze file",
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private static JsonObject Json(CohortStore store, PredictionLineage lineage) => new()
    {
        ["cohort"] = store.Cohort,
        ["patient_id"] = lineage.Prediction.PatientId,
        ["prediction"] = lineage.Prediction.Id,
        ["as_of"] = UnixMicros.Format(lineage.Prediction.AsOf),
        ["task"] = lineage.Prediction.Task,
        ["probability"] = lineage.Prediction.Document?.Probability,
        ["raw"] = lineage.Prediction.Document?.Raw,
        ["in_documents"] = lineage.Prediction.Document is not null,
        ["complete"] = lineage.Gaps.Count == 0,
        ["gaps"] = new JsonArray([.. lineage.Gaps.Select(g => (JsonNode)g)]),
        ["run"] = lineage.Run is not { Entry: var made } ? null : new JsonObject
        {
            ["run"] = made.Run,
            ["workflow"] = made.Workflow,
            ["task_hash"] = made.TaskHash,
            ["known_by"] = made.KnownBy.ToString(),
            ["code"] = made.Code,
            ["model"] = made.Model,
            ["feature_set"] = made.FeatureSet,
            ["feature_set_hash"] = made.FeatureSetHash,
            ["observations"] = made.Observations,
        },
        ["score"] = Json(lineage.Scores),
        ["features"] = Json(lineage.Features),
        ["model"] = lineage.Model is not { } model ? null : new JsonObject
        {
            ["folder"] = model.Folder,
            ["files"] = new JsonArray([.. model.Files.Select(Json)]),
            ["observations"] = model.Document?.Observations,
            ["observations_there"] = model.Observations,
            ["trained_until"] = model.Document?.Training.TrainedUntil.ToString(),
            ["rows"] = model.Document?.Training.Rows,
            ["patients"] = model.Document?.Training.Patients,
        },
        ["observation_files"] = new JsonArray([.. lineage.ObservationFiles.Select(f =>
        {
            var json = Json(f.File);
            json["event_date"] = f.EventDate.ToString("O", CultureInfo.InvariantCulture);
            json["readings"] = f.Readings;
            return json;
        })]),
        ["readings"] = new JsonArray([.. lineage.Readings.Select(r => new JsonObject
        {
            ["vital"] = r.Vital.Key,
            ["time"] = UnixMicros.Format(r.Time),
            ["value"] = r.Value,
            ["unit"] = r.Vital.Unit,
            ["device_id"] = r.DeviceId,
            ["stream"] = r.Origin.Stream,
            ["offset"] = r.Origin.Offset,
            ["known_from"] = UnixMicros.Format(r.KnownFrom),
            ["held"] = lineage.Run is { Entry: var entry } && r.At(entry.KnownBy.ToUnixMicros()) == ReadingStatus.Used,
        })]),
        ["messages"] = new JsonArray([.. lineage.Messages.Select(m => new JsonObject
        {
            ["stream"] = m.Stream,
            ["first_offset"] = m.First,
            ["last_offset"] = m.Last,
            ["messages"] = m.Messages,
            ["readings"] = m.Readings,
            ["bronze"] = m.File,
            ["state"] = m.State switch { MessageState.Found => "found", MessageState.Erased => "erased", MessageState.OtherDevice => "other-device", MessageState.Gone => "gone", _ => throw new System.Diagnostics.UnreachableException() },
        })]),
    };

    private static JsonObject? Json(PatientRow? row)
    {
        if (row is null)
        {
            return null;
        }

        var json = Json(row.File);
        json["row"] = row.Row;
        return json;
    }

    public static JsonObject Json(RecordedFile file) => new()
    {
        ["path"] = file.Path,
        ["sha256"] = file.Sha256,
        ["state"] = file.State switch { FileState.Verified => "verified", FileState.Erased => "erased", FileState.Changed => "changed", FileState.Gone => "gone", _ => throw new System.Diagnostics.UnreachableException() },
    };
}
