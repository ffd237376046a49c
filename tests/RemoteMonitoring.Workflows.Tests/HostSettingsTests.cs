namespace RemoteMonitoring.Workflows.Tests;

/// <summary>What the Functions app, as every host, is told of its settings before it begins.</summary>
public sealed class HostSettingsTests
{
    private static readonly Dictionary<string, string?> s_sound = new()
    {
        ["RMON_BLOBS"] = "https://account.blob.core.windows.net/home",
        ["RMON_COSMOS"] = "https://account.documents.azure.com/",
        ["RMON_ERASURE_KEY"] = "https://vault.vault.azure.net/secrets/erasure-key",
        ["RMON_REGISTRY_KEY"] = new string('a', 64),
        ["RMON_HANDLE_KEY"] = "https://vault.vault.azure.net/secrets/handle-key/0123",
    };

    [Fact]
    public void Sound_settings_have_no_faults_and_neither_has_a_local_home()
    {
        Assert.Empty(FaultsOf(s_sound));
        Assert.Empty(FaultsOf([]));
        Assert.Empty(FaultsOf(new() { ["RMON_BLOBS"] = " ", ["RMON_ERASURE_KEY"] = "of no home" }));
    }

    [Fact]
    public void All_faults_are_said_at_once_a_line_each_and_none_shows_a_secret()
    {
        Dictionary<string, string?> settings = new()
        {
            ["RMON_BLOBS"] = "AccountName=a;AccountKey=topsecret",
            ["RMON_COSMOS"] = "AccountEndpoint=nowhere;AccountKey=topsecret",
            ["RMON_ERASURE_KEY"] = "topsecret",
            ["RMON_REGISTRY_KEY"] = "https://vault.vault.azure.net/keys/registry-key",
            ["RMON_HANDLE_KEY"] = new string('a', 63),
            ["RMON_AZUREML_WORKSPACE"] = "w",
            ["RMON_AZUREML_ENVIRONMENT"] = "topsecret",
            ["RMON_AZUREML_ENDPOINT"] = "ftp://topsecret",
        };
        string[] grave = ["RMON_BLOBS", "RMON_COSMOS", "RMON_ERASURE_KEY", "RMON_REGISTRY_KEY", "RMON_HANDLE_KEY"];
        // Without these nights run all the same.
        string[] named = [.. grave, "RMON_AZUREML_SUBSCRIPTION", "RMON_AZUREML_ENVIRONMENT", "RMON_AZUREML_ENDPOINT"];
        var faults = FaultsOf(settings);
        Assert.Equal(grave.Length, faults.Count);
        faults = [.. faults, .. HostSettings.TrainingFaultsOf(name => settings.GetValueOrDefault(name))];
        Assert.Equal(named.Length, faults.Count);
        Assert.All(named, (name, i) => Assert.Contains(name, faults[i], StringComparison.Ordinal));
        Assert.All(faults, line => Assert.DoesNotContain("topsecret", line, StringComparison.Ordinal));
        Assert.All(faults, line => Assert.DoesNotContain('\n', line));
    }

    [Theory]
    [InlineData("RMON_BLOBS", "--cosmos or RMON_COSMOS")]
    [InlineData("RMON_COSMOS", "--blobs or RMON_BLOBS")]
    public void Half_a_home_is_none(string alone, string says) =>
        Assert.Contains(says, Assert.Single(FaultsOf(new() { [alone] = s_sound[alone] })), StringComparison.Ordinal);

    [Fact]
    public async Task Faults_of_follow_ups_are_said_and_wait()
    {
        var home = Directory.CreateTempSubdirectory("rmon-settings-").FullName;
        Assert.Empty(await HostSettings.FollowUpFaultsAsync(home, default));
        await File.WriteAllTextAsync(Path.Combine(home, "follow-ups.json"), """{ "schemaVersion": 1, "worklist": "nowhere", "default": { "webhook": "ftp://a" } }""");
        var faults = await HostSettings.FollowUpFaultsAsync(home, default);
        Assert.True(faults.Count >= 2);
        Assert.All(faults, line => Assert.EndsWith(" Follow-ups wait until it is put right.", line, StringComparison.Ordinal));
        Directory.Delete(home, recursive: true);
    }

    private static IReadOnlyList<string> FaultsOf(Dictionary<string, string?> settings) => HostSettings.FaultsOf(name => settings.GetValueOrDefault(name));
}
