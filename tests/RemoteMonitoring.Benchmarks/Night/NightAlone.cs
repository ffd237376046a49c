using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using NodaTime;
using RemoteMonitoring.Benchmarks.Features;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Risk.Training;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Retries;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Workflows;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Engine.Embedded;
using RemoteMonitoring.Workflows.Features;

namespace RemoteMonitoring.Benchmarks.Night;

/// <summary>What a process of its own measured of a night.</summary>
/// <param name="Seconds">Time from the start of the engine to the end of the run.</param>
/// <param name="Peak">Peak resident memory, MiB.</param>
/// <param name="Scored">Patients scored.</param>
/// <param name="Listed">Patients on the lists of their teams.</param>
internal sealed record NightMeasured(double Seconds, long Peak, int Scored, int Listed);

/// <summary>A whole night in a process that has nothing else in memory: the daily-risk workflow on the embedded engine, over a home in a folder.</summary>
internal static class NightAlone
{
    /// <summary>The cohort of the home.</summary>
    public const string Cohort = "night";

    private const string Model = "bench";

    private static readonly TaskDefinition s_task = BundledTasks.AdmissionSevenDays;

    /// <summary>Makes a home whose cohort has observations, reference data, and a model of 300 trees of which a tenth of ten thousand patients taught.</summary>
    /// <param name="home">Folder.</param>
    /// <param name="patients">Patients.</param>
    /// <param name="model">Files of a model; null to teach one.</param>
    /// <param name="state">States what else the nights shall know of the cohort; null for nothing.</param>
    public static async Task WriteHomeAsync(string home, int patients, IReadOnlyList<KeyValuePair<string, byte[]>>? model, Func<CohortStore, FeatureCohort, Task>? state = null)
    {
        await using var store = CohortStore.Open(home, Cohort);
        var lake = LakeOf(home);
        var cohort = FeatureCohort.Write(Path.Combine(lake, "observations"), patients);
        await FeaturesAlone.WriteLakeAsync(cohort, lake);
        await (state?.Invoke(store, cohort) ?? Task.CompletedTask);
        var position = await store.Reference.PositionAsync(CancellationToken.None);
        var manifest = FeaturesOurs.ManifestOf(cohort, lake) with
        {
            Inputs = new PinnedInputs { Frontier = [], Reference = new SortedDictionary<string, long>(position.ToDictionary(), StringComparer.Ordinal), Mapping = "", Watermark = FeatureCohort.KnownBy },
        };
        await store.Lake.ReplaceAsync(LakePaths.ObservationsManifest, manifest.ToBytes(), CancellationToken.None);
        foreach (var (name, bytes) in model ?? await TeachAsync(store, manifest))
        {
            await store.Lake.TryCreateAsync(LakePaths.Model(s_task.Name, Model, name), bytes, CancellationToken.None);
        }
    }

    /// <summary>The files of a home's model.</summary>
    public static IReadOnlyList<KeyValuePair<string, byte[]>> ModelOf(string home) =>
        [.. ModelFiles.TrainedNames.Select(name => KeyValuePair.Create(name, File.ReadAllBytes(Path.Combine(LakeOf(home), LakePaths.Model(s_task.Name, Model, name)))))];

    /// <summary>Starts the process over a home, and waits for its last word.</summary>
    public static NightMeasured Start(string home)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(Benchmark).Assembly.Location);
        }

        start.ArgumentList.Add("--night-alone");
        start.ArgumentList.Add(home);
        using var process = Process.Start(start)!;
        var said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return JsonSerializer.Deserialize<NightMeasured>(said)!;
    }

    /// <summary>What the process does: one night, as JSON.</summary>
    public static async Task<string> RunAsync(string home)
    {
        var clock = Stopwatch.StartNew();
        await using var store = CohortStore.Open(home, Cohort);
        await using var engine = StartEngine(store, new EngineOptions());
        var outcome = await RunNightAsync(engine, "night", UnixMicros.ToInstant(FeatureCohort.AsOf("Etc/UTC")));
        using var self = Process.GetCurrentProcess();
        return JsonSerializer.Serialize(new NightMeasured(clock.Elapsed.TotalSeconds, self.PeakWorkingSet64 >> 20, outcome.Scored, outcome.Listed));
    }

    /// <summary>An engine of all workflows over a home, as a program runs it.</summary>
    public static WorkflowEngine StartEngine(CohortStore store, EngineOptions options)
    {
        WorkflowEngine? engine = null;
        var patient = store.WithRetries(new RetryOptions());
        var registry = WorkflowCatalog.Compose((_, _) => ValueTask.FromResult(patient), () => engine!.Client, TimeProvider.System);
        return engine = WorkflowEngine.Start(Path.Combine(store.Folder, WorkflowCatalog.Journal), registry, options, TimeProvider.System, NullLogger<WorkflowEngine>.Instance);
    }

    /// <summary>One night, to its end.</summary>
    public static async Task<DailyRiskOutcome> RunNightAsync(WorkflowEngine engine, string instance, Instant asOf)
    {
        await engine.Client.TryStartAsync(
            DailyRiskWorkflow.Daily,
            instance,
            new DailyRiskInput { Cohort = Cohort, Task = s_task.Name, AsOf = asOf, Model = Model, Observations = "cohort", Retrospective = true },
            CancellationToken.None);
        while (await engine.Client.FindAsync(instance, CancellationToken.None) is not { Status: not InstanceStatus.Running })
        {
            await Task.Delay(50);
        }

        var ended = (await engine.Client.FindAsync(instance, CancellationToken.None))!;
        return ended.Status == InstanceStatus.Completed
            ? JsonSerializer.Deserialize(ended.Output!, DailyRiskWorkflow.Daily.Output)!
            : throw new InvalidOperationException($"The night ended {ended.Status}: {ended.Failure}");
    }

    private static string LakeOf(string home) => Path.Combine(home, Cohort, "lake");

    /// <summary>A model over the cohort's own vectors, whose labels are made up of four of the columns: three hundred trees, as many as real ones have.</summary>
    private static async Task<IReadOnlyList<KeyValuePair<string, byte[]>>> TeachAsync(CohortStore store, ObservationsManifest manifest)
    {
        var reference = await store.Reference.LoadAsync(manifest.Inputs.Reference, CancellationToken.None);
        var asOf = FeatureCohort.AsOf("Etc/UTC");
        VectorKey[] keys = [.. reference.Patients.Select(p => new VectorKey(p.PatientId, asOf, FeatureCohort.KnownBy))];
        var table = await FeatureStage.BuildAsync(store, manifest, FeatureSet.Home, reference, keys, null, CancellationToken.None);
        var random = new Random(3);
        var matrix = FeatureMatrix.From(table);
        string[] decide = ["spo2_last", "heart_rate_mean_24h", "weight_gain_3d", "systolic_bp_sd_7d"];
        var label = new bool[table.Rows];
        for (var r = 0; r < label.Length; r++)
        {
            var score = -3.0;
            foreach (var (number, name) in decide.Index())
            {
                var value = table.Values[table.IndexOf(name)][r];
                score += double.IsNaN(value) ? 0 : Math.Sin(value * (number + 1)) * 1.2;
            }

            label[r] = random.NextDouble() < 1 / (1 + Math.Exp(-score));
        }

        var settings = new BoostingSettings { MaximumTrees = 300, Bags = 1 };
        var trees = Boosting.Train(matrix, label, [.. Enumerable.Range(0, table.Rows)], null, 300, settings, 1);
        var document = new ModelDocument
        {
            SchemaVersion = ModelDocument.CurrentSchemaVersion,
            Task = s_task.Name,
            TaskHash = s_task.Hash,
            FeatureSet = table.SetName,
            FeatureSetHash = table.SetHash,
            Columns = [.. table.Columns],
            Calibration = PlattScaling.Identity,
            Training = new() { TrainedUntil = UnixMicros.ToInstant(asOf), Rows = table.Rows, Patients = table.Rows, Events = label.Count(l => l), BaseRate = label.Average(l => l ? 1.0 : 0), Trees = trees.Ensemble.Trees.Length, Seed = 1, Settings = settings },
            Metrics = new Dictionary<string, IReadOnlyDictionary<string, Metric>>(),
            Sha256 = new Dictionary<string, string>(),
        };
        return ModelFiles.Save(new RiskModel(document, trees.Ensemble, null, new Dictionary<string, byte[]> { [ModelFiles.TreesName] = Encoding.UTF8.GetBytes(trees.Text) }));
    }
}
