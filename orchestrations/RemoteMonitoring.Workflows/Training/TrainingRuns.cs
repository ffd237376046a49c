using System.Text.Json;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Workflows.Training;

/// <summary>What runs of trainings are at, for those who want to tell them something.</summary>
public static class TrainingRuns
{
    internal const string WaitingStage = "wait for approval";

    /// <summary>Whether a run is a training that waits for an approval.</summary>
    public static bool Wait(WorkflowInstance run) =>
        IsUnderWay(run) && run.CustomStatus is { } status && JsonSerializer.Deserialize(status, RunProgress.Type)?.Stage == WaitingStage;

    /// <summary>Whether a run is a training that has a job on Azure ML, or may be about to: told to at whatever step, it cancels that and then ends. One that is simply ended leaves it.</summary>
    public static bool HaveJob(WorkflowInstance run) =>
        IsUnderWay(run) && !Wait(run) && JsonSerializer.Deserialize(run.Input, TrainingWorkflow.Definition.Input)!.Place == TrainingPlace.AzureMl;

    private static bool IsUnderWay(WorkflowInstance run) => run.Status == InstanceStatus.Running && run.Workflow == TrainingWorkflow.Definition.Name;
}
