using System.Globalization;
using System.Reflection;
using NodaTime;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Features;
using RemoteMonitoring.Workflows.Lineage;

namespace RemoteMonitoring.Workflows.Reproduction;

/// <summary>
/// Makes the outputs of a run of daily risk again from the inputs that its ledger entry pins, in a folder of its own: the cohort's lake
/// is only read, its documents are not touched. Where the observations it read are gone they are made again from bronze.
/// </summary>
/// <param name="store">The cohort.</param>
/// <param name="tasks">The tasks that this program knows.</param>
/// <param name="scratch">A folder to work in, which may be deleted afterwards.</param>
public sealed class RunReproduction(CohortStore store, IReadOnlyList<TaskDefinition> tasks, string scratch)
{
    private readonly List<string> _notes = [];

    /// <summary>Lake that holds the model, where it is not the cohort's own.</summary>
    public Lake? ModelLake { get; init; }

    /// <summary>Makes a run again; null where the ledger has none of this name.</summary>
    public async Task<ReproducedRun?> RunAsync(string run, CancellationToken cancellationToken)
    {
        if (await LedgeredRun.TryReadAsync(store.Lake, run, cancellationToken) is not { } record)
        {
            return null;
        }

        var recorded = new List<RecordedFile>();
        foreach (var output in record.Entry.Outputs)
        {
            recorded.Add(await RecordedFile.VerifyAsync(store.Lake, output.Path, output.Sha256, record.Erasures, cancellationToken));
        }

        foreach (var erasure in record.Erasures)
        {
            _notes.Add($"erasure {erasure.Sequence} at {erasure.At} took something out of {Count(erasure.InputFiles, "input file")} and {Count(erasure.Outputs.Count, "output")} of this run: it can be made again for everybody else only");
        }

        var upper = new LakeDirectory(Path.Combine(scratch, "lake"));
        var (made, fromBronze, obstacle) = (default((string Run, IReadOnlyList<LedgerOutput> Outputs, Lake Lake)?), false, ObstacleTo(record.Entry));
        try
        {
            if (obstacle is null)
            {
                (var manifest, var lake, fromBronze) = await ObservationsAsync(record, upper, cancellationToken);
                var (name, outputs) = await ScoreAsync(record.Entry, manifest, lake, cancellationToken);
                made = (name, outputs, lake);
            }
        }
        catch (Exception e) when (e is LakeException or ModelException)
        {
            obstacle = e.Message;
        }

        var code = typeof(RunReproduction).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
        if (code != record.Entry.Code)
        {
            _notes.Add($"the run was made by program {record.Entry.Code}, and now by {code}");
        }

        return new ReproducedRun
        {
            Entry = record.Entry,
            Code = code,
            TimeZones = DateTimeZoneProviders.Tzdb.VersionId,
            Outputs = await CompareAsync(record.Entry, recorded, made, cancellationToken),
            FromBronze = fromBronze,
            Notes = _notes,
            Obstacle = obstacle,
        };
    }

    private string? ObstacleTo(LedgerEntry entry)
    {
        if (entry.Workflow != DailyRiskRun.Workflow)
        {
            return $"it is a run of '{entry.Workflow}', of which nothing can be made again";
        }

        if (tasks.FirstOrDefault(t => t.Name == entry.Task) is not { } task || task.Hash != entry.TaskHash)
        {
            return $"this program has no task '{entry.Task}' of hash {entry.TaskHash}: take the program that made it, {entry.Code}";
        }

        return FeatureSet.All.Any(s => s.Name == entry.FeatureSet && s.Hash == entry.FeatureSetHash)
            ? null
            : $"this program has no feature set '{entry.FeatureSet}' of hash {entry.FeatureSetHash}: take the program that made it, {entry.Code}";
    }

    /// <summary>The observations that the run read, in a lake that hides what it made.</summary>
    private async Task<(ObservationsManifest Manifest, Lake Lake, bool FromBronze)> ObservationsAsync(LedgeredRun record, Lake upper, CancellationToken cancellationToken)
    {
        var entry = record.Entry;
        var outputs = entry.Outputs.Select(o => o.Path).Append(LakePaths.Ledger(entry.Run)).ToHashSet(StringComparer.Ordinal);
        var manifest = await ObservationsManifest.TryReadAsync(store.Lake, entry.Observations, cancellationToken);
        if (manifest is null)
        {
            _notes.Add($"the manifest of its observations ({entry.Observations}) is gone: they were made again from bronze");
        }
        else if (await FirstUnusableAsync(manifest, entry, cancellationToken) is not { } file)
        {
            return (manifest, new OverlayLake(store.Lake, upper, outputs.Contains), false);
        }
        else
        {
            _notes.Add($"{store.Lake.NameOf(file.Path)} of its observations {(file.State == FileState.Gone ? "is gone" : "is not as it was")}: they were made again from bronze");
        }

        var isOfLater = await PinnedPast.PrepareAsync(store, entry.Inputs, upper, cancellationToken);
        var lake = new OverlayLake(store.Lake, upper, path => outputs.Contains(path) || isOfLater(path));
        await using var past = store.Over(lake, new SqliteDocuments(Path.Combine(scratch, "past.db")));
        var made = (await CompactionStage.RunAsync(past, new CompactionOptions { Shards = manifest?.Shards ?? ShardsOf(entry) }, cancellationToken)).Manifest;
        Explain(entry, made);
        // Made of the same inputs, it is what the run calls them: its id is made of that name.
        return (made with { InputHash = entry.Observations, Inputs = entry.Inputs }, lake, true);
    }

    /// <summary>The first file that the run read and that is not there, or not as its manifest says.</summary>
    private async Task<RecordedFile?> FirstUnusableAsync(ObservationsManifest manifest, LedgerEntry entry, CancellationToken cancellationToken)
    {
        var (from, to) = FeatureStage.DaysOf(FeatureSet.Named(entry.FeatureSet), Telemetry.UnixMicros.ToUnixMicros(entry.AsOf));
        foreach (var file in manifest.Files.Where(f => f.EventDate >= from && f.EventDate <= to))
        {
            if (await RecordedFile.VerifyAsync(store.Lake, file.Path, file.Sha256, [], cancellationToken) is { State: not FileState.Verified } unusable)
            {
                return unusable;
            }
        }

        return null;
    }

    /// <summary>Says in what the observations that were made again may differ from those that the run read.</summary>
    private void Explain(LedgerEntry entry, ObservationsManifest made)
    {
        foreach (var (partition, end) in entry.Inputs.Frontier)
        {
            if (made.Inputs.Frontier.GetValueOrDefault(partition) is var there && there < end)
            {
                throw new LakeException($"Bronze of {partition} ends at offset {there}; the run read up to {end}. Its raw messages are gone: restore them from a backup.");
            }
        }

        if (made.InputHash == entry.Observations)
        {
            _notes.Add($"the observations came out under the same name, {entry.Observations}");
            return;
        }

        if (made.Inputs.Mapping != entry.Inputs.Mapping)
        {
            _notes.Add("the bundled mappings of this program are not those of the run");
        }

        if (made.Inputs.Watermark != entry.Inputs.Watermark)
        {
            _notes.Add("the latest message known is not that of the run");
        }

        if (made.Inputs.Reference[ReferenceKinds.Erasures] is var erasures && erasures != entry.Inputs.Reference.GetValueOrDefault(ReferenceKinds.Erasures))
        {
            _notes.Add(string.Create(CultureInfo.InvariantCulture, $"there were {erasures} erasures by now, and {entry.Inputs.Reference.GetValueOrDefault(ReferenceKinds.Erasures)} when the run was made"));
        }
        else
        {
            _notes.Add($"the observations came out under another name ({made.InputHash}; the run's were {entry.Observations}): this program makes them by other rules or in other shards");
        }
    }

    private async Task<(string Run, IReadOnlyList<LedgerOutput> Outputs)> ScoreAsync(LedgerEntry entry, ObservationsManifest manifest, Lake lake, CancellationToken cancellationToken)
    {
        await using var overlay = store.Over(lake, new SqliteDocuments(Path.Combine(scratch, "documents.db")));
        var request = new DailyRiskRequest { Task = tasks.First(t => t.Name == entry.Task), AsOf = entry.AsOf, KnownBy = entry.KnownBy, Model = entry.Model, Bands = entry.Bands, ModelLake = ModelLake };
        var made = await DailyRiskRun.RemakeAsync(overlay, manifest, request, entry, path => PatientsOfAsync(path, cancellationToken), cancellationToken);
        if (made.Run != entry.Run)
        {
            _notes.Add($"this program calls the run {made.Run}: it scores by other rules");
        }

        if (entry.TimeZones is { } zones && zones != DateTimeZoneProviders.Tzdb.VersionId)
        {
            _notes.Add($"local days were cut by time zones of edition {zones}, and now by {DateTimeZoneProviders.Tzdb.VersionId}");
        }

        return made;
    }

    /// <summary>Who is in a file of vectors of a part of a shard; only the file itself says so.</summary>
    private async Task<IReadOnlySet<string>?> PatientsOfAsync(string path, CancellationToken cancellationToken)
    {
        if (await store.Lake.ExistsAsync(path, cancellationToken))
        {
            return (await store.Lake.ReadTableAsync(path, ["patient_id"], cancellationToken)).Text("patient_id").OfType<string>().ToHashSet(StringComparer.Ordinal);
        }

        _notes.Add($"{store.Lake.NameOf(path)} is gone, which alone said who of its shard was scored together");
        return null;
    }

    private async Task<IReadOnlyList<ReproducedOutput>> CompareAsync(
        LedgerEntry entry, IReadOnlyList<RecordedFile> recorded, (string Run, IReadOnlyList<LedgerOutput> Outputs, Lake Lake)? made, CancellationToken cancellationToken)
    {
        var outputs = new List<ReproducedOutput>();
        foreach (var file in recorded)
        {
            var path = made is { } m ? file.Path.Replace(entry.Run, m.Run, StringComparison.Ordinal) : null;
            var now = made?.Outputs.FirstOrDefault(o => o.Path == path);
            outputs.Add(new ReproducedOutput
            {
                Recorded = file,
                Made = now?.Sha256,
                Difference = now is not null && now.Sha256 != file.Sha256 && file.State is (FileState.Verified or FileState.Erased)
                    ? TableDifference.Between(await store.Lake.ReadTableAsync(file.Path, null, cancellationToken), await made!.Value.Lake.ReadTableAsync(now!.Path, null, cancellationToken))
                    : null,
            });
        }

        return outputs;
    }

    /// <summary>The number of patient shards; of an entry that does not say, from the names of the files that the run made of them.</summary>
    private static int ShardsOf(LedgerEntry entry) => entry.Shards > 0 ? entry.Shards : entry.Outputs
        .Where(o => RunOutputs.IsFeatures(o.Path))
        .Select(o => RiskScoring.ShardOf(o.Path, entry.Run).Shard + 1)
        .DefaultIfEmpty(1)
        .Max();

    private static string Count(int count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count} {what}{(count == 1 ? "" : "s")}");
}
