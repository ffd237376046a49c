using System.Diagnostics;
using System.Globalization;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Features;
using RemoteMonitoring.Workflows.Rollups;

namespace RemoteMonitoring.Benchmarks.Features;

/// <summary>Our side, as the night runs it: the stages that make rollups and vectors, over a lake with the cohort's files.</summary>
internal sealed class FeaturesOurs
{
    private readonly FeatureSet _set;
    private readonly LakeDirectory _lake;
    private readonly ObservationsManifest _manifest;
    private readonly ReferenceData _reference;
    private readonly VectorKey[][] _keys;
    private ObservationsManifest? _before;

    /// <param name="folder">Folder of the lake.</param>
    /// <param name="manifest">Its observations.</param>
    /// <param name="reference">Its reference data.</param>
    /// <param name="set">What to compute.</param>
    public FeaturesOurs(string folder, ObservationsManifest manifest, ReferenceData reference, FeatureSet set)
    {
        (Folder, _lake, _manifest, _reference, _set) = (folder, new LakeDirectory(folder), manifest, reference, set);
        _keys = [.. Enumerable.Range(0, manifest.Shards).Select(_ => Array.Empty<VectorKey>())];
        foreach (var shard in reference.Patients.GroupBy(p => Partitioning.PartitionOf(p.PatientId, manifest.Shards)))
        {
            _keys[shard.Key] = [.. shard.Select(p => new VectorKey(p.PatientId, FeatureCohort.AsOf(p.TimeZone), FeatureCohort.KnownBy))];
        }
    }

    /// <summary>The lake's folder.</summary>
    public string Folder { get; }

    /// <summary>The rollups of all but the last day and the hours behind it.</summary>
    public RollupManifest RollupsBefore { get; private set; } = null!;

    /// <summary>What of the last increment went into rollups of the new days.</summary>
    public double RollUpSeconds { get; private set; }

    /// <summary>Takes the cohort's files, which lie below a folder, for the observations of a lake.</summary>
    public static ObservationsManifest ManifestOf(FeatureCohort cohort, string folder) => new()
    {
        SchemaVersion = ObservationsManifest.CurrentSchemaVersion,
        InputHash = "cohort",
        Inputs = new PinnedInputs { Frontier = [], Reference = [], Mapping = "", Watermark = 0 },
        Shards = cohort.Shards,
        Messages = cohort.Readings,
        Received = cohort.Readings,
        Accepted = cohort.Readings,
        Corrected = 0,
        Duplicates = 0,
        Rejected = [],
        Files =
        [
            .. cohort.Files.AsParallel().AsOrdered().Select(f => new ObservationsFile(
                Path.GetRelativePath(folder, f.Path).Replace('\\', '/'), f.Date.ToDateOnly(), f.Shard, 0, Lake.Hash(File.ReadAllBytes(f.Path)))),
        ],
    };

    /// <summary>Opens a lake as a run finds it: manifest and reference log are read from it.</summary>
    public static async Task<FeaturesOurs> OpenAsync(string folder, FeatureSet set)
    {
        var lake = new LakeDirectory(folder);
        var log = new ReferenceLog(lake);
        var reference = await log.LoadAsync(await log.PositionAsync(CancellationToken.None), CancellationToken.None);
        return new FeaturesOurs(folder, (await ObservationsManifest.TryReadAsync(lake, CancellationToken.None))!, reference, set);
    }

    /// <summary>Rolls up all but the last day and the hours behind it: what the night before left. It is not timed.</summary>
    public async Task RollUpAsync()
    {
        ObservationsFile[] files = [.. _manifest.Files.Where(f => f.EventDate < FeatureCohort.Night.PlusDays(-1).ToDateOnly())];
        var zones = new PatientZones(_reference);
        Task<RollupManifest> RollAsync(double readingsPerCell) =>
            RollupStage.RunAsync(_lake, null, files, _manifest.Shards, [_set], readingsPerCell, zones, new HashSet<int>(), CancellationToken.None);
        RollupsBefore = await RollAsync(0);
        _before = _manifest with { Files = files, Rollups = await RollAsync(CompactionOptions.ReadingsThatPay) };
    }

    /// <summary>Deletes the rollups that were not there the night before.</summary>
    public void ForgetNewRollups()
    {
        var kept = RollupsBefore.Files.Select(f => _lake.FullPath(f.Path)).ToHashSet(StringComparer.Ordinal);
        foreach (var file in Directory.EnumerateFiles(_lake.FullPath("gold/rollups"), "*.parquet", SearchOption.AllDirectories).Where(f => !kept.Contains(f)).ToArray())
        {
            File.Delete(file);
        }
    }

    /// <summary>All vectors from all readings of the look-back, as files in a folder.</summary>
    public Task RecomputeAsync(string folder) => WriteAsync(folder, _manifest, null);

    /// <summary>Rolls up what the last day has touched, then all vectors from rollups and from readings where those do not speak.</summary>
    public async Task IncrementAsync(string folder)
    {
        var clock = Stopwatch.StartNew();
        var zones = new PatientZones(_reference);
        var rollups = await RollupStage.RunAsync(_lake, _before, _manifest.Files, _manifest.Shards, [_set], CompactionOptions.ReadingsThatPay, zones, new HashSet<int>(), CancellationToken.None);
        RollUpSeconds = clock.Elapsed.TotalSeconds;
        await WriteAsync(folder, _manifest with { Rollups = rollups }, zones);
    }

    /// <summary>Reads the columns of all observations, and does nothing with them: seconds and rows.</summary>
    public Task<(double Seconds, long Rows)> ReadAsync() => ReadAsync(_manifest.Files.Select(f => (f.Path, (IReadOnlyCollection<string>?)TelemetryTables.ObservationColumnNames)));

    /// <summary>Reads the rollups of before, and the columns of the last days' observations, and does nothing with them: seconds and rows.</summary>
    public Task<(double Seconds, long Rows)> ReadIncrementAsync() => ReadAsync(
    [
        .. RollupsBefore.Files.Select(f => (f.Path, (IReadOnlyCollection<string>?)null)),
        .. _manifest.Files.Where(f => f.EventDate >= FeatureCohort.Night.PlusDays(-2).ToDateOnly()).Select(f => (f.Path, (IReadOnlyCollection<string>?)TelemetryTables.ObservationColumnNames)),
    ]);

    private async Task<(double Seconds, long Rows)> ReadAsync(IEnumerable<(string Path, IReadOnlyCollection<string>? Columns)> files)
    {
        var (clock, rows) = (Stopwatch.StartNew(), 0L);
        await Parallel.ForEachAsync(files, async (file, token) =>
        {
            await using var input = File.OpenRead(_lake.FullPath(file.Path));
            Interlocked.Add(ref rows, (await ParquetTable.ReadAsync(input, file.Columns, token)).Rows);
        });
        return (clock.Elapsed.TotalSeconds, rows);
    }

    private async Task WriteAsync(string folder, ObservationsManifest manifest, PatientZones? zones)
    {
        var vectors = new ShardVectors(_lake, manifest, _set, PatientRecord.Index(_reference), zones);
        await Parallel.ForAsync(0, manifest.Shards, async (shard, token) =>
        {
            var table = (await vectors.OpenAsync(shard, _keys[shard], token)).Build(_keys[shard], manifest.Shards == 1 ? -1 : 1, token);
            using var encoded = FeatureStage.ToParquet(table, _keys[shard]).Encode();
            await using var output = File.Create(Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{shard:D3}.parquet")));
            await output.WriteAsync(encoded.Bytes, token);
        });
    }
}
