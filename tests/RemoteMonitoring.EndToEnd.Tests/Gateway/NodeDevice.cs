using System.Text.Json;

namespace RemoteMonitoring.EndToEnd.Tests.Gateway;

/// <summary>The official Node device SDK, installed once beside the test's own files, and runs of the client that uses it.</summary>
public sealed class NodeDevice : IAsyncLifetime
{
    private const string Hint = "The tests with the official device SDK need Node 18 or later with npm (apt-get install nodejs npm) and, the first time, the network.";
    private static readonly string s_folder = Path.Combine(AppContext.BaseDirectory, "device-client");

    public async Task InitializeAsync()
    {
        var source = Path.Combine(Architecture.Repository.Root, "tests", "RemoteMonitoring.EndToEnd.Tests", "DeviceClient");
        Directory.CreateDirectory(s_folder);
        var stamp = Path.Combine(s_folder, "node_modules", ".installed-lock.json");
        var locked = await File.ReadAllTextAsync(Path.Combine(source, "package-lock.json"));
        foreach (var file in Directory.EnumerateFiles(source))
        {
            File.Copy(file, Path.Combine(s_folder, Path.GetFileName(file)), overwrite: true);
        }

        if (File.Exists(stamp) && await File.ReadAllTextAsync(stamp) == locked)
        {
            return;
        }

        try
        {
            using var install = RmonProcess.Run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], [], s_folder);
            var exitCode = await install.ExitAsync(TimeSpan.FromMinutes(3));
            Assert.True(exitCode == 0, $"{Hint}\n{string.Join('\n', install.Errors.TakeLast(10))}");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Fail(Hint);
        }

        await File.WriteAllTextAsync(stamp, locked);
    }

    public Task DisposeAsync() => Task.CompletedTask;

    internal static RmonProcess Run(GatewayProcess gateway, params (string Name, string Value)[] settings) => RmonProcess.Run(
        ["node", "client.js"],
        [KeyValuePair.Create("CA", gateway.Home.AuthorityFile), .. settings.Select(s => KeyValuePair.Create(s.Name, s.Value))],
        s_folder);

    /// <summary>The values that a client's lines give under a name.</summary>
    internal static IReadOnlyList<string> Said(RmonProcess client, string name) =>
        [.. client.Output.Select(l => JsonDocument.Parse(l).RootElement).Where(e => e.TryGetProperty(name, out _)).Select(e => e.GetProperty(name).GetString()!)];
}
