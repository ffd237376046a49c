namespace RemoteMonitoring.Workflows.Training;

/// <summary>What a job runs: the one command line of <c>pipelines/azureml</c> and of the jobs that are submitted.</summary>
public static class TrainingCommand
{
    /// <summary>Name of the input that is the snapshot.</summary>
    public const string SnapshotInput = "snapshot";

    /// <summary>Name of the input that is the task.</summary>
    public const string TaskInput = "task";

    /// <summary>Name of the output that is the folder with the model.</summary>
    public const string ModelOutput = "model";

    /// <summary>The command line; Azure ML puts paths for what is in braces.</summary>
    public const string Line = "rmon train-snapshot ${{inputs.snapshot}} --task ${{inputs.task}} --out ${{outputs.model}}";
}
