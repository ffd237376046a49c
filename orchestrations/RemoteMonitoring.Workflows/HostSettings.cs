using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.FollowUps;
using RemoteMonitoring.Workflows.Training.AzureMl;

namespace RemoteMonitoring.Workflows;

/// <summary>Settings that every host of the workflows is given, checked before anything is done.</summary>
public static class HostSettings
{
    /// <summary>What is wrong with the form of those that a host cannot do without, a line each that names the setting; none where nothing is. Nothing is asked over the network.</summary>
    /// <param name="setting">Finds a setting.</param>
    public static IReadOnlyList<string> FaultsOf(Func<string, string?> setting) => [.. AzureHome.FaultsOf(setting), .. AzureMlOptions.FaultsOf(setting)];

    /// <summary>What is wrong with the settings of follow-ups, a line each. It stops nothing: follow-ups wait until it is put right, and the lists ship.</summary>
    /// <param name="home">The home's folder.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async Task<IReadOnlyList<string>> FollowUpFaultsAsync(string home, CancellationToken cancellationToken)
    {
        try
        {
            return [.. ((await FollowUpFile.FindAsync(home, cancellationToken))?.Faults ?? []).Select(fault => $"{fault} Follow-ups wait until it is put right.")];
        }
        catch (LakeException e)
        {
            return [$"{e.Message} Follow-ups wait until it can be had."];
        }
    }
}
