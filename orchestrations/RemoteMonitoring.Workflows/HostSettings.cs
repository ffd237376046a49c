using RemoteMonitoring.Storage;
using RemoteMonitoring.Workflows.Training.AzureMl;

namespace RemoteMonitoring.Workflows;

/// <summary>Settings that every host of the workflows is given, held against their form before anything is done: nothing is asked over the network.</summary>
public static class HostSettings
{
    /// <summary>What is wrong with them, a line each that names the setting; none where nothing is.</summary>
    /// <param name="setting">Finds a setting.</param>
    public static IReadOnlyList<string> FaultsOf(Func<string, string?> setting) => [.. AzureHome.FaultsOf(setting), .. AzureMlOptions.FaultsOf(setting)];
}
