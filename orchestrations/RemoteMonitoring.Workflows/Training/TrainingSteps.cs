using System.Text.Json.Serialization;
using NodaTime;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Training.AzureMl;

namespace RemoteMonitoring.Workflows.Training;

/// <summary>Where a model is trained.</summary>
public enum TrainingPlace
{
    /// <summary>In the process that runs the step.</summary>
    [JsonStringEnumMemberName("here")]
    Here,

    /// <summary>As a job of Azure Machine Learning.</summary>
    [JsonStringEnumMemberName("azureml")]
    AzureMl,
}

/// <summary>What a training is started with.</summary>
public sealed record TrainingInput
{
    /// <summary>Cohort.</summary>
    public required string Cohort { get; init; }

    /// <summary>Name of the task.</summary>
    public required string Task { get; init; }

    /// <summary>Name of the feature set; null for the task's.</summary>
    public string? FeatureSet { get; init; }

    /// <summary>Trials of a search for better settings. Default: 0, none.</summary>
    public int Trials { get; init; }

    /// <summary>Longest time that all trials take together. Default: 10 minutes.</summary>
    public Duration Budget { get; init => field = value <= Duration.Zero ? Duration.FromMinutes(10) : value; } = Duration.FromMinutes(10);

    /// <summary>Where. Default: here.</summary>
    public TrainingPlace Place { get; init; }

    /// <summary>Whether the run waits for somebody to approve of a challenger.</summary>
    public bool WaitForApproval { get; init; }

    /// <summary>For how long. Default: 14 days.</summary>
    public Duration ApprovalWithin { get; init => field = value <= Duration.Zero ? Duration.FromDays(14) : value; } = Duration.FromDays(14);

    /// <summary>How soon a job is asked how it is; then ever more seldom, up to every five minutes. Default: 15 s.</summary>
    public Duration FirstLook { get; init => field = value <= Duration.Zero ? Duration.FromSeconds(15) : value; } = Duration.FromSeconds(15);
}

/// <summary>What came of a training.</summary>
public enum TrainingResult
{
    /// <summary>The first model of its task: it scores.</summary>
    [JsonStringEnumMemberName("champion")]
    Champion,

    /// <summary>It is the challenger.</summary>
    [JsonStringEnumMemberName("challenger")]
    Challenger,

    /// <summary>It was decided about before, and nothing changed.</summary>
    [JsonStringEnumMemberName("known")]
    Known,

    /// <summary>It was approved of, and scores.</summary>
    [JsonStringEnumMemberName("promoted")]
    Promoted,

    /// <summary>It was approved of, and the gate failed it: it stays the challenger.</summary>
    [JsonStringEnumMemberName("gate-failed")]
    GateFailed,

    /// <summary>Nobody approved of it in time: it stays the challenger.</summary>
    [JsonStringEnumMemberName("not-approved")]
    NotApproved,

    /// <summary>A person cancelled the run, and its job.</summary>
    [JsonStringEnumMemberName("cancelled")]
    Cancelled,
}

/// <summary>What came of a run.</summary>
/// <param name="Result">What.</param>
/// <param name="Task">Task.</param>
/// <param name="Version">Version of the model.</param>
/// <param name="AlreadyThere">Whether it had been trained before.</param>
/// <param name="Note">What there is to say of it, in a line.</param>
public sealed record TrainingOutcome(TrainingResult Result, string Task, string Version, bool AlreadyThere, string? Note = null);

/// <summary>A snapshot that is asked for.</summary>
/// <param name="Input">What the run was started with.</param>
/// <param name="InstanceId">The run.</param>
/// <param name="Observations">Hash of the inputs of the observations.</param>
public sealed record SnapshotAsked(TrainingInput Input, string InstanceId, string Observations);

/// <summary>A snapshot to train from.</summary>
public sealed record SnapshotMade
{
    /// <summary>Cohort.</summary>
    public required string Cohort { get; init; }

    /// <summary>Name of the task.</summary>
    public required string Task { get; init; }

    /// <summary>Name of the feature set; null for the task's.</summary>
    public string? FeatureSet { get; init; }

    /// <summary>The run.</summary>
    public required string InstanceId { get; init; }

    /// <summary>Version of the model.</summary>
    public required string Version { get; init; }

    /// <summary>Lake path.</summary>
    public required string Path { get; init; }

    /// <summary>SHA-256 of its bytes.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Whether the model is there already.</summary>
    public required bool IsTrained { get; init; }
}

/// <summary>A person's word that a challenger is to score, if the gate does not fail it.</summary>
/// <param name="By">Who.</param>
/// <param name="Why">Why.</param>
/// <param name="Override">Although the gate fails it.</param>
public sealed record TrainingApproval(string By, string Why, bool Override = false);

/// <summary>A promotion that is asked for.</summary>
public sealed record PromotionAsked(SnapshotMade Snapshot, TrainingApproval Approval);

/// <summary>The steps of a training, and what it can be told.</summary>
public static class TrainingSteps
{
    /// <summary>A challenger is approved of.</summary>
    public static EventDefinition<TrainingApproval> Approve { get; } = new("approve", Json.TrainingApproval);

    /// <summary>The job is to be cancelled; the text says why.</summary>
    public static EventDefinition<string> Cancel { get; } = new("cancel", Json.String);

    /// <summary>Makes the snapshot.</summary>
    public static ActivityDefinition<SnapshotAsked, SnapshotMade> Prepare { get; } = new(WorkflowNames.PrepareTraining, Json.SnapshotAsked, Json.SnapshotMade);

    /// <summary>Trains and evaluates, here.</summary>
    public static ActivityDefinition<SnapshotMade, bool> Train { get; } = new(WorkflowNames.TrainModel, Json.SnapshotMade, Json.Boolean);

    /// <summary>Submits the job, or finds it.</summary>
    public static ActivityDefinition<SnapshotMade, AzureMlJob> Submit { get; } = new(WorkflowNames.SubmitTraining, Json.SnapshotMade, Json.AzureMlJob);

    /// <summary>Asks how the job is; one that failed, or was cancelled over there, fails for good.</summary>
    public static ActivityDefinition<SnapshotMade, AzureMlJob> Follow { get; } = new(WorkflowNames.FollowTraining, Json.SnapshotMade, Json.AzureMlJob);

    /// <summary>Cancels the job.</summary>
    public static ActivityDefinition<SnapshotMade, bool> CancelJob { get; } = new(WorkflowNames.CancelTraining, Json.SnapshotMade, Json.Boolean);

    /// <summary>Copies what the job made to where models lie, as it was written.</summary>
    public static ActivityDefinition<SnapshotMade, bool> Collect { get; } = new(WorkflowNames.CollectTraining, Json.SnapshotMade, Json.Boolean);

    /// <summary>Makes the version the challenger, or the champion where there is none.</summary>
    public static ActivityDefinition<SnapshotMade, TrainingResult> Register { get; } = new(WorkflowNames.RegisterModel, Json.SnapshotMade, Json.TrainingResult);

    /// <summary>Asks the gate, and promotes.</summary>
    public static ActivityDefinition<PromotionAsked, TrainingOutcome> Promote { get; } = new(WorkflowNames.PromoteModel, Json.PromotionAsked, Json.TrainingOutcome);

    internal static TrainingJson Json => TrainingJson.Default;
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    Converters = [typeof(InstantJsonConverter), typeof(DurationJsonConverter)])]
[JsonSerializable(typeof(bool))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(TrainingInput))]
[JsonSerializable(typeof(TrainingOutcome))]
[JsonSerializable(typeof(TrainingResult))]
[JsonSerializable(typeof(SnapshotAsked))]
[JsonSerializable(typeof(SnapshotMade))]
[JsonSerializable(typeof(AzureMlJob))]
[JsonSerializable(typeof(TrainingApproval))]
[JsonSerializable(typeof(PromotionAsked))]
internal sealed partial class TrainingJson : JsonSerializerContext;
