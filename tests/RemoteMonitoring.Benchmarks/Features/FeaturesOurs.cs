using System.Globalization;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Rollups;

namespace RemoteMonitoring.Benchmarks.Features;

/// <summary>Our side, as the night runs it: the stages that make rollups and vectors, over a lake with the cohort's files.</summary>
internal sealed class FeaturesOurs
{
    private readonly FeatureCohort _cohort;
    private readonly FeatureSet _set;
    private readonly LakeDirectory _lake;
    private readonly ObservationsManifest _manifest;
    private ObservationsManifest? _before;

    private FeaturesOurs(FeatureCohort cohort, FeatureSet set, LakeDirectory lake, ObservationsManifest manifest) =>
        (_cohort, _set, _lake, _manifest) = (cohort, set, lake, manifest);

    /// <summary>Takes the cohort's files, which lie below a folder, for the observations of a lake.</summary>
    public static FeaturesOurs Prepare(FeatureCohort cohort, FeatureSet set, string folder)
    {
        var manifest = new ObservationsManifest
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
        return new FeaturesOurs(cohort, set, new LakeDirectory(folder), manifest);
    }

    /// <summary>Rolls up all but the last day and the hours behind it: what the night before left. It is not timed.</summary>
    public async Task RollUpAsync()
    {
        ObservationsFile[] files = [.. _manifest.Files.Where(f => f.EventDate < FeatureCohort.Night.PlusDays(-1).ToDateOnly())];
        var rollups = await RollupStage.RunAsync(_lake, null, files, _manifest.Shards, [_set], new PatientZones(_cohort.Reference), new HashSet<int>(), CancellationToken.None);
        _before = _manifest with { Files = files, Rollups = rollups };
    }

    /// <summary>All vectors from all readings of the look-back, as files in a folder.</summary>
    public Task RecomputeAsync(string folder) => WriteAsync(folder, _manifest, null);

    /// <summary>Rolls up what the last day has touched, then all vectors from rollups and from readings where those do not speak.</summary>
    public async Task IncrementAsync(string folder)
    {
        var zones = new PatientZones(_cohort.Reference);
        var rollups = await RollupStage.RunAsync(_lake, _before, _manifest.Files, _manifest.Shards, [_set], zones, new HashSet<int>(), CancellationToken.None);
        await WriteAsync(folder, _manifest with { Rollups = rollups }, zones);
    }

    private async Task WriteAsync(string folder, ObservationsManifest manifest, PatientZones? zones)
    {
        var vectors = new ShardVectors(_lake, manifest, _set, PatientRecord.Index(_cohort.Reference), zones);
        await Parallel.ForAsync(0, manifest.Shards, async (shard, token) =>
        {
            VectorKey[] keys = [.. _cohort.RowsOf(shard).Select(r => new VectorKey(r.PatientId, r.AsOf, r.KnownBy))];
            var table = await vectors.BuildAsync(shard, keys, manifest.Shards == 1 ? -1 : 1, token);
            using var encoded = FeatureStage.ToParquet(table).Encode();
            await using var output = File.Create(Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{shard:D3}.parquet")));
            await output.WriteAsync(encoded.Bytes, token);
        });
    }
}
