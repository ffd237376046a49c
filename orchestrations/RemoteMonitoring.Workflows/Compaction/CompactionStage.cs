using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Ingestion;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Rollups;

namespace RemoteMonitoring.Workflows.Compaction;

/// <summary>What a compaction made.</summary>
/// <param name="Manifest">The manifest, current from now on.</param>
/// <param name="AlreadyThere">Whether it was there already, with all its files.</param>
public sealed record Compacted(ObservationsManifest Manifest, bool AlreadyThere)
{
    /// <summary>The partitions that were redone, in their order.</summary>
    public IReadOnlyList<PartitionKey> Redone { get; init; } = [];

    /// <summary>Rows of silver that were resolved at a time, at the most.</summary>
    public long MostAtATime { get; init; }
}

/// <summary>
/// Silver → observations: patients, duplicates and corrections settled, one file per UTC day and patient shard, named by the
/// hash of its content, made visible by the manifest. A run redoes the days and shards that are touched by what is new since
/// the one before, and comes to what redoing everything would. Run again over the same inputs it finds its output and returns it.
/// </summary>
public static class CompactionStage
{
    /// <summary>Changes whenever the rules of compaction do, so that old output is not taken for new.</summary>
    private const string Rules = "compaction 6";

    /// <summary>Compacts what has landed since it was last done, as it is done by default.</summary>
    public static Task<Compacted> RunAsync(CohortStore store, CancellationToken cancellationToken) => RunAsync(store, new CompactionOptions(), cancellationToken);

    /// <summary>Compacts what has landed since it was last done, and rolls up what is touched. One at a time of a cohort, whichever process it is of.</summary>
    public static Task<Compacted> RunAsync(CohortStore store, CompactionOptions options, CancellationToken cancellationToken) =>
        LeaseOf(store).RunAsync(token => RunAloneAsync(store, options, token), cancellationToken);

    /// <summary>What only one process at a time may hold: who makes another manifest the current one, and who deletes what none names.</summary>
    internal static StoreLease LeaseOf(CohortStore store) => new(store.Documents, "compaction");

    /// <summary>Compacts, with the lease.</summary>
    internal static async Task<Compacted> RunAloneAsync(CohortStore store, CompactionOptions options, CancellationToken cancellationToken)
    {
        // The position first: what is stated while silver is caught up is the next run's.
        var position = (await store.Reference.PositionAsync(cancellationToken))
            .Where(p => p.Key != ReferenceKinds.Members) // who may sign in is nothing that a run is made of
            .ToDictionary(StringComparer.Ordinal);
        var silver = await Silver.OpenAsync(store.Lake, store.Reference, cancellationToken);
        foreach (var partition in await BronzeFile.PartitionsAsync(store.Lake, cancellationToken))
        {
            await silver.CatchUpAsync(partition, cancellationToken);
        }

        var account = await IngestionAccount.TakeAsync(store.Lake, silver, cancellationToken, makeMissing: true);
        var inputs = PinnedInputs.Of(account, position);
        var current = await ObservationsManifest.TryReadAsync(store.Lake, cancellationToken);
        var reference = await store.Reference.LoadAsync(position, cancellationToken);
        CompactionTraces.LinkTo(account.Files, current?.Inputs.Frontier);
        var (shards, areSet) = options.ShardsAfter(current, reference.Patients.Select(p => p.PatientId).Distinct(StringComparer.Ordinal).Count());
        var previous = options.Full || current is null || !CanGoOnFrom(current, inputs, shards) ? null : current;
        var places = new DevicePlaces(new AssignmentIndex(reference.Assignments), shards);
        var before = previous is null || previous.Inputs.Reference[ReferenceKinds.Assignments] == position[ReferenceKinds.Assignments]
            ? null
            : new AssignmentIndex((await store.Reference.LoadAsync(previous.Inputs.Reference, cancellationToken)).Assignments);
        var there = await GoldAsync(store.Lake, cancellationToken);
        var plan = await CompactionPlan.MakeAsync(store.Lake, account.Files, previous, before, places, there, cancellationToken);
        var index = new SourceIndex { ShardsAreSet = areSet, Sources = [.. plan.Sources.Select(s => s.Source)] };
        var hash = inputs.Hash($"{Rules}\n{shards}");
        var sets = SetsOf(options, current);
        if (previous is not null && plan.Touched.Count == 0 && previous.InputHash == hash && previous.Index!.IsSame(index) && there.Contains(LakePaths.ObservationsManifestOf(hash))
            && sets.All(set => RollupStage.Serve(previous.Rollups, set)) && previous.Rollups?.Files.All(f => there.Contains(f.Path)) != false)
        {
            return new Compacted(previous, true);
        }

        var done = new List<CompactedPartition>();
        var most = 0L;
        var compaction = new PartitionCompaction(store.Lake, plan.Sources, places);
        foreach (var group in plan.Groups(options.ReadingsAtATime))
        {
            var redone = await compaction.RunAsync(group, cancellationToken);
            most = Math.Max(most, redone.Sum(p => p.Counts.Read));
            done.AddRange(redone);
        }

        var manifest = Join(previous, done, account, inputs, hash, shards) with { Index = index };
        var moved = previous is null ? [] : PatientZones.Moved(await store.Reference.LoadAsync(previous.Inputs.Reference, cancellationToken), reference, shards);
        var rolledUp = previous?.Rollups is { } rollups && rollups.Files.All(f => there.Contains(f.Path)) ? previous : null;
        manifest = manifest with
        {
            Rollups = await RollupStage.RunAsync(
                store.Lake, rolledUp, manifest.Files, shards, sets, options.ReadingsPerCell ?? current?.Rollups?.ReadingsPerCell ?? CompactionOptions.ReadingsThatPay, new PatientZones(reference), moved, cancellationToken),
        };
        await PublishAsync(store.Lake, manifest, cancellationToken);
        if (!await store.Lake.AllExistAsync(done.SelectMany(d => new[] { d.File?.Path, d.Unassigned?.Path }).OfType<string>().Concat(manifest.Rollups.Paths), cancellationToken))
        {
            // A file of the past that is the same was deleted by a collection beside, before this manifest named it too.
            return await RunAloneAsync(store, options, cancellationToken);
        }

        return new Compacted(manifest, previous?.InputHash == hash && done.Count == 0) { Redone = [.. plan.Touched.Keys], MostAtATime = most };
    }

    /// <summary>
    /// The current manifest with rollups for a feature set: made where there are none, and from then on kept. One of the past, or of
    /// an older version, is given back as it is: its vectors are made from readings.
    /// </summary>
    public static async Task<ObservationsManifest> RollUpAsync(CohortStore store, ObservationsManifest manifest, FeatureSet set, CancellationToken cancellationToken) =>
        RollupStage.Serve(manifest.Rollups, set) || await TryCurrentAsync(store.Lake, manifest, cancellationToken) is null
            ? manifest
            : await LeaseOf(store).RunAsync(token => RollUpAloneAsync(store, manifest, set, token), cancellationToken);

    private static async Task<ObservationsManifest> RollUpAloneAsync(CohortStore store, ObservationsManifest manifest, FeatureSet set, CancellationToken cancellationToken)
    {
        if (await TryCurrentAsync(store.Lake, manifest, cancellationToken) is not { } current)
        {
            return manifest;
        }

        if (RollupStage.Serve(current.Rollups, set))
        {
            return manifest with { Rollups = current.Rollups };
        }

        var reference = await store.Reference.LoadAsync(manifest.Inputs.Reference, cancellationToken);
        var sets = SetsOf(new CompactionOptions { RollupsFor = [set.Name] }, current);
        var rollups = await RollupStage.RunAsync(
            store.Lake, null, current.Files, current.Shards, sets, current.Rollups?.ReadingsPerCell ?? CompactionOptions.ReadingsThatPay, new PatientZones(reference), new HashSet<int>(), cancellationToken);
        await PublishAsync(store.Lake, current with { Rollups = rollups }, cancellationToken);
        return manifest with { Rollups = rollups };
    }

    private static async Task<ObservationsManifest?> TryCurrentAsync(Lake lake, ObservationsManifest manifest, CancellationToken cancellationToken) =>
        await ObservationsManifest.TryReadAsync(lake, cancellationToken) is { SchemaVersion: ObservationsManifest.CurrentSchemaVersion } current && current.InputHash == manifest.InputHash
            ? current
            : null;

    /// <summary>The observations of one shard, indexed by patient and vital.</summary>
    public static Task<PatientObservations> ReadShardAsync(Lake lake, ObservationsManifest manifest, int shard, CancellationToken cancellationToken) =>
        ReadShardAsync(lake, manifest, shard, DateOnly.MinValue, DateOnly.MaxValue, cancellationToken);

    /// <summary>The same of UTC days of effective time, the first and the last included.</summary>
    public static async Task<PatientObservations> ReadShardAsync(
        Lake lake, ObservationsManifest manifest, int shard, DateOnly from, DateOnly to, CancellationToken cancellationToken)
    {
        var days = new List<ObservationColumns>();
        foreach (var file in manifest.Files.Where(f => f.Shard == shard && f.EventDate >= from && f.EventDate <= to).OrderBy(f => f.EventDate))
        {
            days.Add(await ReadAsync(lake, file, cancellationToken));
        }

        return new PatientObservations(days);
    }

    /// <summary>The observations of one file, as features read them.</summary>
    public static async Task<ObservationColumns> ReadAsync(Lake lake, ObservationsFile file, CancellationToken cancellationToken) =>
        TelemetryTables.ToObservationColumns(await lake.ReadVerifiedTableAsync(file.Path, file.Sha256, TelemetryTables.ObservationColumnNames, cancellationToken), VitalSignCatalog.Default);

    /// <summary>Whether a manifest was made by the same rules, of what is still so: else everything is redone.</summary>
    private static bool CanGoOnFrom(ObservationsManifest manifest, PinnedInputs inputs, int shards) =>
        manifest.SchemaVersion == ObservationsManifest.CurrentSchemaVersion
        && manifest.Index is not null
        && manifest.Rules == Rules
        && manifest.Shards == shards
        && manifest.Inputs.Mapping == inputs.Mapping
        && manifest.Inputs.Reference.GetValueOrDefault(ReferenceKinds.Erasures) == inputs.Reference.GetValueOrDefault(ReferenceKinds.Erasures);

    private static async Task<HashSet<string>> GoldAsync(Lake lake, CancellationToken cancellationToken) => new(
        [
            .. await lake.ListAsync("gold/observations", cancellationToken),
            .. await lake.ListAsync("gold/unassigned", cancellationToken),
            .. await lake.ListAsync(LakePaths.RollupsFolder, cancellationToken),
        ],
        StringComparer.Ordinal);

    /// <summary>The sets that rollups are made for: those of before, and those asked for.</summary>
    private static FeatureSet[] SetsOf(CompactionOptions options, ObservationsManifest? current)
    {
        var names = options.RollupsFor.Concat(current?.Rollups?.Sets ?? []).ToHashSet(StringComparer.Ordinal);
        return [.. FeatureSet.All.Where(s => names.Contains(s.Name))];
    }

    /// <summary>The partitions that were redone in place of what they were, and the others as they are.</summary>
    private static ObservationsManifest Join(
        ObservationsManifest? previous, List<CompactedPartition> done, IngestionAccount account, PinnedInputs inputs, string hash, int shards)
    {
        var redone = done.Select(d => (d.Key.Date, d.Key.Shard)).ToHashSet();
        PartitionCounts[] partitions =
        [
            .. (previous?.Partitions ?? []).Where(p => !redone.Contains((p.EventDate, p.Shard))).Concat(done.Where(d => d.Counts.Read > 0).Select(d => d.Counts))
                .OrderBy(p => p.EventDate).ThenBy(p => p.Shard),
        ];
        var rejected = new SortedDictionary<string, long>(account.Rejected.ToDictionary(), StringComparer.Ordinal);
        Count(rejected, RejectionReason.UnknownDevice, partitions.Sum(p => p.UnknownDevice));
        Count(rejected, RejectionReason.UnassignedDevice, partitions.Sum(p => p.UnassignedDevice));
        var manifest = new ObservationsManifest
        {
            SchemaVersion = ObservationsManifest.CurrentSchemaVersion,
            InputHash = hash,
            Rules = Rules,
            Inputs = inputs,
            Shards = shards,
            Messages = account.Messages,
            Received = account.Received,
            Accepted = partitions.Sum(p => p.Accepted),
            Corrected = partitions.Sum(p => p.Corrected),
            Reassigned = partitions.Sum(p => p.Reassigned),
            TakenBack = partitions.Sum(p => p.TakenBack),
            Duplicates = partitions.Sum(p => p.Duplicates),
            Rejected = rejected,
            Files =
            [
                .. (previous?.Files ?? []).Where(f => !redone.Contains((f.EventDate, f.Shard))).Concat(done.Select(d => d.File).OfType<ObservationsFile>())
                    .OrderBy(f => f.EventDate).ThenBy(f => f.Shard),
            ],
            Unassigned =
            [
                .. (previous?.Unassigned ?? []).Where(f => !redone.Contains((f.EventDate, PartitionKey.Nobody))).Concat(done.Select(d => d.Unassigned).OfType<UnassignedFile>())
                    .OrderBy(f => f.EventDate),
            ],
            Partitions = partitions,
        };
        return manifest.Conserves
            ? manifest
            : throw new InvalidOperationException(
                $"Compaction does not conserve: received {manifest.Received}, accepted {manifest.Accepted}, rejected {rejected.Values.Sum()}, duplicate {manifest.Duplicates}.");
    }

    /// <summary>Keeps the manifest under its inputs' name, then makes it the current one.</summary>
    private static async Task PublishAsync(Lake lake, ObservationsManifest manifest, CancellationToken cancellationToken)
    {
        // One that is there already names observations that somebody may have used: it stays, with the files that it names. Only
        // rollups are added, which change nothing, so that they go when it goes.
        var path = LakePaths.ObservationsManifestOf(manifest.InputHash);
        if (!await lake.TryCreateAsync(path, (manifest with { Index = null }).ToBytes(), cancellationToken)
            && await ObservationsManifest.TryReadFileAsync(lake, path, cancellationToken) is { } there
            && (there.Rollups?.Rules != manifest.Rollups!.Rules || manifest.Rollups.Files.Except(there.Rollups.Files).Any()))
        {
            var superseded = (there.Rollups?.Paths ?? []).Except(manifest.Rollups.Files.Select(f => f.Path)).Order(StringComparer.Ordinal);
            await lake.ReplaceAsync(path, (there with { Rollups = manifest.Rollups with { Superseded = [.. superseded] } }).ToBytes(), cancellationToken);
        }

        await lake.ReplaceAsync(LakePaths.ObservationsManifest, manifest.ToBytes(), cancellationToken);
    }

    private static void Count(SortedDictionary<string, long> rejected, RejectionReason reason, long count)
    {
        if (count > 0)
        {
            rejected[reason.ToText()] = rejected.GetValueOrDefault(reason.ToText()) + count;
        }
    }
}
