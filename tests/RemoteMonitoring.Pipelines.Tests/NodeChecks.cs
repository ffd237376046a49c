using System.Text.Json.Nodes;

namespace RemoteMonitoring.Pipelines.Tests;

/// <summary>The checks that run on Node: schemas and analysers that their makers publish for it. Installed once into a folder beside the tests.</summary>
internal static class NodeChecks
{
    private const string Hint = "The schema of Azure Pipelines and the analyser of Kusto come by npm: apt-get install nodejs npm, and the first time the network.";

    private static readonly Lazy<Task<string>> s_room = new(InstallAsync);

    /// <summary>What a script said, a line of JSON for each thing that it was given.</summary>
    public static async Task<JsonNode[]> RunAsync(string script, IEnumerable<string> arguments)
    {
        var (exit, said) = await Shell.RunAsync(Hint, await s_room.Value, "node", [script, .. arguments]);
        Assert.True(exit == 0, said);
        return [.. said.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
    }

    private static async Task<string> InstallAsync()
    {
        var room = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "node-checks")).FullName;
        foreach (var file in (string[])["package.json", "package-lock.json", "validate.mjs", "analyse.cjs"])
        {
            File.Copy(Repository.PathOf($"tests/RemoteMonitoring.Pipelines.Tests/Npm/{file}"), Path.Combine(room, file), overwrite: true);
        }

        var stamp = Path.Combine(room, "node_modules", ".installed-lock.json");
        var locked = await File.ReadAllTextAsync(Path.Combine(room, "package-lock.json"));
        if (!File.Exists(stamp) || await File.ReadAllTextAsync(stamp) != locked)
        {
            var (exit, said) = await Shell.RunAsync(Hint, room, "npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"]);
            Assert.True(exit == 0, $"{Hint}\n{said}");
            await File.WriteAllTextAsync(stamp, locked);
        }

        return room;
    }
}
