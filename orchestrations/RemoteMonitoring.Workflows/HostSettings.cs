using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.FollowUps;
using RemoteMonitoring.Workflows.Training.AzureMl;

namespace RemoteMonitoring.Workflows;

/// <summary>Settings that every host of the workflows is given, checked before anything is done.</summary>
public static class HostSettings
{
    /// <summary>A host that says nothing for a minute is taken for one that failed to start.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    /// <summary>What is wrong with the form of those that a host cannot do without, a line each that names the setting; none where nothing is. Nothing is asked over the network.</summary>
    /// <param name="setting">Finds a setting.</param>
    public static IReadOnlyList<string> FaultsOf(Func<string, string?> setting) => AzureHome.FaultsOf(setting);

    /// <summary>What is wrong with the settings of trainings elsewhere, a line each. It stops nothing: only who asks for such a training is refused.</summary>
    /// <param name="setting">Finds a setting.</param>
    public static IReadOnlyList<string> TrainingFaultsOf(Func<string, string?> setting) => [.. AzureMlOptions.FaultsOf(setting).Select(fault => $"{fault} Trainings at Azure Machine Learning are refused until it is put right.")];

    /// <summary>What is wrong with the settings of follow-ups, a line each. It stops nothing: follow-ups wait until it is put right, and the lists ship.</summary>
    /// <param name="home">The home's folder.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async Task<IReadOnlyList<string>> FollowUpFaultsAsync(string home, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(s_patience);
        try
        {
            return [.. ((await FollowUpFile.FindAsync(home, patience.Token))?.Faults ?? []).Select(fault => $"{fault} Follow-ups wait until it is put right.")];
        }
        catch (LakeException e)
        {
            return [$"{e.Message} Follow-ups wait until it can be had."];
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return [$"{FollowUpFile.Variable}: not to be had within {s_patience.TotalSeconds:0} s. Follow-ups wait until it can be had."];
        }
    }
}
