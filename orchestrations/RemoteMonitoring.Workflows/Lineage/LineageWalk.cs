using System.Globalization;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Features;

namespace RemoteMonitoring.Workflows.Lineage;

/// <summary>
/// Walks from a prediction to what it was made of: run, model, vector, observations, raw messages. Every file is held against the hash
/// that was recorded of it, and what is not there any more is told as such.
/// </summary>
public sealed class LineageWalk
{
    private readonly CohortStore _store;
    private readonly Lake _lake;
    private readonly List<string> _gaps = [];

    private LineageWalk(CohortStore store) => (_store, _lake) = (store, store.Lake);

    /// <summary>Walks.</summary>
    public static async Task<PredictionLineage> RunAsync(CohortStore store, FoundPrediction prediction, CancellationToken cancellationToken)
    {
        var walk = new LineageWalk(store);
        var lineage = await walk.RunAsync(prediction, cancellationToken);
        return lineage with { Gaps = walk._gaps };
    }

    private async Task<PredictionLineage> RunAsync(FoundPrediction prediction, CancellationToken cancellationToken)
    {
        var lineage = new PredictionLineage { Prediction = prediction };
        if (prediction.Document is null)
        {
            _gaps.Add("the document of the prediction is gone; the lake has it");
        }

        if (await LedgeredRun.TryReadAsync(_lake, prediction.Run, cancellationToken) is not { } run)
        {
            _gaps.Add($"the ledger has no run {prediction.Run}: nothing says what the prediction was made of");
            return lineage;
        }

        _gaps.AddRange(run.Erasures.Select(e => string.Create(CultureInfo.InvariantCulture, $"erasure {e.Sequence} at {e.At} took something of others out of {e.InputFiles} input files and {e.Outputs.Count} outputs of the run")));
        var entry = run.Entry;
        var scores = await RowAsync(run, RunOutputs.IsPredictions, prediction, cancellationToken);
        var features = await RowAsync(run, RunOutputs.IsFeatures, prediction, cancellationToken);
        var model = await ModelAsync(entry, cancellationToken);
        lineage = lineage with { Run = run, Scores = scores, Features = features, Model = model };
        if (await ObservationsManifest.TryReadAsync(_lake, entry.Observations, cancellationToken) is not { } manifest)
        {
            _gaps.Add($"the observations it read ({entry.Observations}) are gone: collected or deleted; 'rmon reproduce {entry.Run}' makes them again from the raw messages");
            return lineage;
        }

        var set = FeatureSet.All.FirstOrDefault(s => s.Hash == entry.FeatureSetHash);
        if (set is null)
        {
            _gaps.Add($"this program has no feature set '{entry.FeatureSet}' of hash {entry.FeatureSetHash}, so which readings it looked at is not known: take the program that made it, {entry.Code}");
            return lineage with { Observations = manifest };
        }

        var (files, readings) = await ReadingsAsync(manifest, set, prediction, cancellationToken);
        var messages = await MessageRanges.FindAsync(_lake, readings, cancellationToken);
        foreach (var gap in messages.Where(m => m.State != MessageState.Found).GroupBy(m => m.State))
        {
            _gaps.Add($"{gap.Sum(m => m.Messages)} of the raw messages {gap.Key switch
            {
                MessageState.Erased => "were erased",
                MessageState.Gone => "are in no bronze file",
                MessageState.OtherDevice => "are of another device than the reading names",
                _ => throw new System.Diagnostics.UnreachableException(),
            }}");
        }

        return lineage with
        {
            Observations = manifest,
            HasFeatureSet = true,
            LookBack = set.LookBack,
            ObservationFiles = files,
            Readings = readings,
            Messages = messages,
        };
    }

    /// <summary>The file of a kind that has, or had, the patient's row.</summary>
    private async Task<PatientRow?> RowAsync(LedgeredRun run, Func<string, bool> isOfKind, FoundPrediction prediction, CancellationToken cancellationToken)
    {
        LedgerOutput[] outputs = [.. run.Entry.Outputs.Where(o => isOfKind(o.Path))];
        if (outputs.Length == 0)
        {
            _gaps.Add("the ledger entry names no such file");
            return null;
        }

        // The file of the patient's shard; and should the run have dealt them out otherwise, any other.
        var likely = outputs[Partitioning.PartitionOf(prediction.PatientId, outputs.Length)];
        RecordedFile? first = null;
        foreach (var output in outputs.OrderByDescending(o => o == likely))
        {
            var file = await RecordedFile.VerifyAsync(_lake, output.Path, output.Sha256, run.Erasures, cancellationToken);
            first ??= file;
            if (file.State is FileState.Verified or FileState.Erased && await RowAsync(file, prediction, cancellationToken) is { } found)
            {
                Note(file);
                return found;
            }
        }

        Note(first!);
        if (first!.State is FileState.Verified or FileState.Erased)
        {
            _gaps.Add($"{_lake.NameOf(first.Path)} has no row of the patient");
        }

        return new PatientRow(first, null, 0, 0);
    }

    private async Task<PatientRow?> RowAsync(RecordedFile file, FoundPrediction prediction, CancellationToken cancellationToken)
    {
        var table = await _lake.ReadTableAsync(file.Path, null, cancellationToken);
        var row = Array.IndexOf(table.Text("patient_id"), prediction.PatientId);
        if (row < 0)
        {
            return null;
        }

        if (RunOutputs.IsFeatures(file.Path))
        {
            string[] columns = [.. table.ColumnNames.Where(c => table.KindOf(c) == ColumnKind.Float64)];
            return new PatientRow(file, row, columns.Count(c => !double.IsNaN(table.Float64(c)[row])), columns.Length);
        }

        var says = prediction.Document is not { } document || (table.Float64("raw")[row].Equals(document.Raw) && table.Float64("probability")[row].Equals(document.Probability));
        if (!says)
        {
            _gaps.Add("the document does not say what the lake does");
        }

        return new PatientRow(file, row, says ? 1 : 0, 1);
    }

    private async Task<ModelLineage> ModelAsync(LedgerEntry entry, CancellationToken cancellationToken)
    {
        var folder = LakePaths.Model(entry.Task, entry.Model, "").TrimEnd('/');
        if (await _lake.TryReadAsync(LakePaths.Model(entry.Task, entry.Model, ModelFiles.DocumentName), cancellationToken) is not { } bytes)
        {
            _gaps.Add($"the model {entry.Model} is not in this lake: it was deleted, or given from elsewhere ('rmon score --model')");
            return new ModelLineage(folder, null, [], null);
        }

        ModelDocument document;
        try
        {
            document = ModelFiles.ReadDocument(bytes);
        }
        catch (ModelException e)
        {
            _gaps.Add($"{_lake.NameOf(folder)}: {e.Message}");
            return new ModelLineage(folder, null, [], null);
        }

        var files = new List<RecordedFile>();
        foreach (var (name, sha256) in document.Sha256.Where(f => f.Key != ModelFiles.DocumentName).OrderBy(f => f.Key, StringComparer.Ordinal))
        {
            files.Add(await RecordedFile.VerifyAsync(_lake, LakePaths.Model(entry.Task, entry.Model, name), sha256, [], cancellationToken));
            Note(files[^1]);
        }

        var there = document.Observations is { } hash ? await _lake.ExistsAsync(LakePaths.ObservationsManifestOf(hash), cancellationToken) : (bool?)null;
        if (there == false)
        {
            _gaps.Add($"the observations that the model was taught with ({document.Observations}) are gone: collected or deleted");
        }

        return new ModelLineage(folder, document, files, there);
    }

    /// <summary>The files of the look-back's days, and the patient's readings in those that are as they were.</summary>
    private async Task<(IReadOnlyList<ObservationsLineage> Files, IReadOnlyList<PatientReading> Readings)> ReadingsAsync(
        ObservationsManifest manifest, FeatureSet set, FoundPrediction prediction, CancellationToken cancellationToken)
    {
        var (from, to) = FeatureStage.DaysOf(set, prediction.AsOf);
        var shard = Partitioning.PartitionOf(prediction.PatientId, manifest.Shards);
        var found = new List<(ObservationsFile File, RecordedFile State)>();
        foreach (var file in manifest.Files.Where(f => f.Shard == shard && f.EventDate >= from && f.EventDate <= to))
        {
            found.Add((file, await RecordedFile.VerifyAsync(_lake, file.Path, file.Sha256, [], cancellationToken)));
            Note(found[^1].State);
        }

        var usable = manifest with { Files = [.. found.Where(f => f.State.State == FileState.Verified).Select(f => f.File)] };
        var readings = await PatientReadings.ReadAsync(_lake, usable, prediction.PatientId, prediction.AsOf - set.LookBack, prediction.AsOf, cancellationToken);
        var byDay = readings.CountBy(r => UnixMicros.DayOf(r.Time)).ToDictionary();
        return ([.. found.Select(f => new ObservationsLineage(f.State, f.File.EventDate, byDay.GetValueOrDefault(UnixMicros.DayOf(f.File.EventDate))))], readings);
    }

    private void Note(RecordedFile file)
    {
        var said = file.State switch
        {
            FileState.Verified => null,
            FileState.Erased => "is a new generation, without what was erased",
            FileState.Changed => "does not have the bytes that were recorded",
            FileState.Gone => "is gone: collected or deleted",
            _ => throw new System.Diagnostics.UnreachableException(),
        };
        if (said is not null)
        {
            _gaps.Add($"{_lake.NameOf(file.Path)} {said}");
        }
    }
}
