using System.Text;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Risk.Training;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Registry;
using RemoteMonitoring.Workflows.Training.AzureMl;

namespace RemoteMonitoring.Workflows.Training;

/// <summary>Does the steps of a training. What they write is named by what it is made of, so each may be done twice, and only the registry's decision makes it count.</summary>
/// <param name="cohorts">Opens a cohort by its name; it is not closed here.</param>
/// <param name="time">Time.</param>
/// <param name="tasks">The tasks there are; null for the bundled ones.</param>
/// <param name="settings">Settings but for the search; null for those that come with the program.</param>
/// <param name="jobs">Jobs of Azure ML; null for those of the workspace that the environment names.</param>
public sealed class TrainingActivities(
    Func<string, CancellationToken, ValueTask<CohortStore>> cohorts,
    TimeProvider time,
    IReadOnlyList<TaskDefinition>? tasks = null,
    TrainingSettings? settings = null,
    Func<AzureMlJobs>? jobs = null)
{
    private readonly Lazy<AzureMlJobs> _jobs = new(jobs ?? (() => new AzureMlJobs(AzureMlOptions.Read(Environment.GetEnvironmentVariable))), LazyThreadSafetyMode.PublicationOnly);

    /// <summary>Adds the workflow and its steps, but for compaction, which is the night's.</summary>
    public void AddTo(WorkflowRegistry registry) => registry
        .Add(TrainingWorkflow.Definition)
        .Add(TrainingSteps.Prepare, PrepareAsync)
        .Add(TrainingSteps.Train, TrainAsync)
        .Add(TrainingSteps.Submit, SubmitAsync)
        .Add(TrainingSteps.Follow, FollowAsync)
        .Add(TrainingSteps.CancelJob, CancelAsync)
        .Add(TrainingSteps.Collect, CollectAsync)
        .Add(TrainingSteps.Register, RegisterAsync)
        .Add(TrainingSteps.Promote, PromoteAsync);

    /// <summary>Id of the job of a run: found again by who was killed in between, and another for another attempt.</summary>
    internal static string JobOf(SnapshotMade snapshot) => $"rmon-{snapshot.Version}-{Lake.Hash(Encoding.UTF8.GetBytes($"{snapshot.Cohort}/{snapshot.InstanceId}"))[..12]}";

    /// <summary>Lake folder that the job writes to.</summary>
    internal static string OutputOf(SnapshotMade snapshot) => LakePaths.Work(snapshot.InstanceId, TrainedFiles.Folder);

    private static string TaskFileOf(SnapshotMade snapshot) => LakePaths.Work(snapshot.InstanceId, "task.json");

    private async Task<SnapshotMade> PrepareAsync(SnapshotAsked asked, CancellationToken cancellationToken)
    {
        var input = asked.Input;
        var store = await cohorts(input.Cohort, cancellationToken);
        var task = TaskOf(input.Task, input.FeatureSet);
        var path = LakePaths.ObservationsManifestOf(asked.Observations);
        var manifest = await ObservationsManifest.TryReadAsync(store.Lake, cancellationToken) is { } current && current.InputHash == asked.Observations
            ? current
            : await ObservationsManifest.TryReadFileAsync(store.Lake, path, cancellationToken) ?? throw new PermanentFailureException($"{store.Lake.NameOf(path)}: is not there any more. Train again.");
        var wanted = (settings ?? new TrainingSettings()) with { Trials = input.Trials, Budget = input.Budget.ToTimeSpan() };
        var (version, file, isTrained) = await Task.Run(() => TrainingStage.PrepareAsync(store, manifest, task, wanted, null, cancellationToken), cancellationToken);
        return new SnapshotMade
        {
            Cohort = input.Cohort,
            Task = input.Task,
            FeatureSet = input.FeatureSet,
            InstanceId = asked.InstanceId,
            Version = version,
            Path = file.Path,
            Sha256 = file.Sha256,
            IsTrained = isTrained,
        };
    }

    private async Task<bool> TrainAsync(SnapshotMade snapshot, CancellationToken cancellationToken)
    {
        var store = await cohorts(snapshot.Cohort, cancellationToken);
        var task = TaskOf(snapshot.Task, snapshot.FeatureSet);
        // Who did this step before may have been stopped with an erasure in between.
        await Given(store, snapshot).CheckAsync(cancellationToken);
        var table = await store.Lake.ReadVerifiedTableAsync(snapshot.Path, snapshot.Sha256, null, cancellationToken);
        var training = TrainingSnapshot.FromParquet(table, task, store.Lake.NameOf(snapshot.Path));
        await Task.Run(() => ModelTraining.RunAsync(store.Lake, training, Given(store, snapshot), null, cancellationToken), cancellationToken);
        return true;
    }

    private async Task<AzureMlJob> SubmitAsync(SnapshotMade snapshot, CancellationToken cancellationToken)
    {
        var store = await cohorts(snapshot.Cohort, cancellationToken);
        var task = TaskOf(snapshot.Task, snapshot.FeatureSet);
        await store.Lake.TryCreateAsync(TaskFileOf(snapshot), Encoding.UTF8.GetBytes(task.ToJson()), cancellationToken);
        string InDatastore(string path) => $"{snapshot.Cohort}/{path}";
        var command = new AzureMlCommand(
            $"{snapshot.Task} {snapshot.Version}",
            $"{TrainingCommand.Line} --sha256 {snapshot.Sha256}",
            new Dictionary<string, string> { [TrainingCommand.SnapshotInput] = InDatastore(snapshot.Path), [TrainingCommand.TaskInput] = InDatastore(TaskFileOf(snapshot)) },
            new Dictionary<string, string> { [TrainingCommand.ModelOutput] = InDatastore(OutputOf(snapshot)) });
        return await EndedWellOrNotYetAsync(store.Lake, snapshot, _jobs.Value.SubmitAsync(JobOf(snapshot), command, cancellationToken));
    }

    private async Task<AzureMlJob> FollowAsync(SnapshotMade snapshot, CancellationToken cancellationToken) =>
        await EndedWellOrNotYetAsync((await cohorts(snapshot.Cohort, cancellationToken)).Lake, snapshot, _jobs.Value.FindAsync(JobOf(snapshot), cancellationToken));

    private async Task<bool> CancelAsync(SnapshotMade snapshot, CancellationToken cancellationToken)
    {
        await _jobs.Value.CancelAsync(JobOf(snapshot), cancellationToken);
        await ForgetOutputAsync((await cohorts(snapshot.Cohort, cancellationToken)).Lake, snapshot);
        return true;
    }

    private async Task<bool> CollectAsync(SnapshotMade snapshot, CancellationToken cancellationToken)
    {
        var store = await cohorts(snapshot.Cohort, cancellationToken);
        try
        {
            // What was erased while the job was at work is in what it made; and an erasure may come between this and the copy.
            await Given(store, snapshot).CheckAsync(cancellationToken);
            await TrainedFiles.CopyAsync(store.Lake, OutputOf(snapshot), snapshot.Task, snapshot.Version, cancellationToken);
            await Given(store, snapshot).CheckAsync(cancellationToken);
        }
        catch (LakeException e) when (!e.IsTransient)
        {
            await ForgetOutputAsync(store.Lake, snapshot);
            throw;
        }

        var task = TaskOf(snapshot.Task, snapshot.FeatureSet);
        if (!await ModelTraining.IsWholeAsync(store.Lake, task, snapshot.Version, cancellationToken))
        {
            throw new PermanentFailureException($"{store.Lake.NameOf(OutputOf(snapshot))}: the job did not write all files of the model. Is its environment of the same version of the program?");
        }

        await ModelVersions.LoadAsync(store.Lake, task, snapshot.Version, cancellationToken);
        return true;
    }

    private async Task<TrainingResult> RegisterAsync(SnapshotMade snapshot, CancellationToken cancellationToken)
    {
        var store = await cohorts(snapshot.Cohort, cancellationToken);
        var state = await new ModelRegistry(store, time).AddTrainedAsync(snapshot.Task, snapshot.Version, ModelRegistry.Me, cancellationToken);
        return snapshot.Version == state.Champion ? TrainingResult.Champion : snapshot.Version == state.Challenger ? TrainingResult.Challenger : TrainingResult.Known;
    }

    private async Task<TrainingOutcome> PromoteAsync(PromotionAsked asked, CancellationToken cancellationToken)
    {
        var (snapshot, approval) = asked;
        var store = await cohorts(snapshot.Cohort, cancellationToken);
        var registry = new ModelRegistry(store, time);
        var outcome = new TrainingOutcome(TrainingResult.Promoted, snapshot.Task, snapshot.Version, snapshot.IsTrained, $"by {approval.By}: {approval.Why}");
        // Promoted by hand, or by this step before it was stopped.
        if ((await registry.ReadAsync(snapshot.Task, cancellationToken)).Champion == snapshot.Version)
        {
            return outcome;
        }

        var promoted = await new ModelPromotion(store, registry).PromoteAsync(
            snapshot.Task, snapshot.Version, approval.By, approval.Why, approval.Override, new GateSettings(), null, cancellationToken);
        return promoted.Decision is not null ? outcome : outcome with
        {
            Result = TrainingResult.GateFailed,
            Note = string.Join("; ", promoted.Verdict.Rules.Where(r => r.Outcome == RuleOutcome.NotMet).Select(r => r.Said)),
        };
    }

    private static async Task<AzureMlJob> EndedWellOrNotYetAsync(Lake lake, SnapshotMade snapshot, Task<AzureMlJob> asked)
    {
        if (await asked is var job && job.State is AzureMlState.UnderWay or AzureMlState.Completed)
        {
            return job;
        }

        await ForgetOutputAsync(lake, snapshot);
        throw new PermanentFailureException($"Azure ML job {JobOf(snapshot)} ended as {job.Status}: its log in the workspace says why. 'rmon runs resume' submits another.");
    }

    private static GivenSnapshot Given(CohortStore store, SnapshotMade snapshot) => new(store, snapshot.Task, snapshot.Version, snapshot.Path, snapshot.Sha256);

    /// <summary>What a job wrote that nobody takes has rows of patients, whom no later erasure would have to look for there.</summary>
    private static async Task ForgetOutputAsync(Lake lake, SnapshotMade snapshot)
    {
        foreach (var path in await lake.ListAsync(OutputOf(snapshot), CancellationToken.None))
        {
            await lake.DeleteAsync(path, CancellationToken.None);
        }
    }

    private TaskDefinition TaskOf(string name, string? featureSet)
    {
        var task = (tasks ?? BundledTasks.All).FirstOrDefault(t => t.Name == name) ?? throw new PermanentFailureException($"This version of the program has no task '{name}'.");
        if (featureSet is null)
        {
            return task;
        }

        var set = FeatureSet.All.FirstOrDefault(s => s.Name == featureSet) ?? throw new PermanentFailureException($"This version of the program has no feature set '{featureSet}'.");
        return task.KindsTold(set) is [var told, ..]
            ? throw new PermanentFailureException($"The feature set '{featureSet}' has the history of '{told}' up to as-of, which is the label of '{name}'. Take a set without it.")
            : task.DescribedBy(set);
    }
}
