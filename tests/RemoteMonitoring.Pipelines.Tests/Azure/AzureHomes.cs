using System.Text.Json.Nodes;

namespace RemoteMonitoring.Pipelines.Tests.Azure;

/// <summary>A resource as a deployment would ask for it: what is only known then stands there as an expression in brackets.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Type">Its type.</param>
/// <param name="Name">Its name.</param>
/// <param name="Json">All of it.</param>
internal sealed record PredictedResource(string Id, string Type, string Name, JsonObject Json)
{
    /// <summary>What stands at a path of names with dots; null where nothing does.</summary>
    public JsonNode? At(string path) => path.Split('.').Aggregate((JsonNode?)Json, (node, name) => (node as JsonObject)?[name]);

    /// <summary>The same as text: <c>true</c>, a number's digits, a string; null where nothing stands there.</summary>
    public string? Text(string path) => At(path) switch { null => null, JsonValue value => value.ToString(), var node => node.ToJsonString() };

    /// <summary>The resource that this one extends: whom a role or a diagnostic setting is for.</summary>
    public string Scope => Id[..Id.LastIndexOf("/providers/", StringComparison.Ordinal)];

    /// <summary>The same with something else at a path.</summary>
    public PredictedResource With(string path, JsonNode? value)
    {
        var copy = this with { Json = Json.DeepClone().AsObject() };
        var names = path.Split('.');
        JsonNode parent = copy.Json;
        foreach (var name in names[..^1])
        {
            parent = parent.AsObject()[name] ??= new JsonObject();
        }

        parent.AsObject()[names[^1]] = value;
        return copy;
    }

    public override string ToString() => $"{Type} {Name}";
}

/// <summary>What the parameter files of dev and prod evaluate to.</summary>
public sealed class AzureHomes : IAsyncLifetime
{
    private readonly string _folder = Bicep.CopyOfTemplates();

    internal IReadOnlyList<PredictedResource> Dev { get; private set; } = [];

    internal IReadOnlyList<PredictedResource> Prod { get; private set; } = [];

    /// <summary>The compiled template, with all its modules.</summary>
    internal string Template { get; private set; } = "";

    internal IReadOnlyList<PredictedResource> Of(string stage) => stage == "prod" ? Prod : Dev;

    /// <inheritdoc />
    public async Task InitializeAsync()
    {
        (Dev, Prod) = (await EvaluateAsync(_folder, "dev"), await EvaluateAsync(_folder, "prod"));
        Template = (await Bicep.RunAsync(_folder, "build", "main.bicep", "--stdout")).Made;
    }

    /// <inheritdoc />
    public Task DisposeAsync()
    {
        Directory.Delete(Path.GetFullPath(Path.Combine(_folder, "..", "..")), recursive: true);
        return Task.CompletedTask;
    }

    /// <summary>A stage with some parameters otherwise than its file has them, each a line of Bicep.</summary>
    internal static async Task<IReadOnlyList<PredictedResource>> OtherwiseAsync(string stage, params (string Parameter, string Value)[] changes)
    {
        var folder = Bicep.CopyOfTemplates();
        try
        {
            var file = Path.Combine(folder, $"{stage}.bicepparam");
            var lines = (await File.ReadAllLinesAsync(file)).Where(line => !changes.Any(c => line.StartsWith($"param {c.Parameter} ", StringComparison.Ordinal)));
            await File.WriteAllLinesAsync(file, [.. lines, .. changes.Select(c => $"param {c.Parameter} = {c.Value}")]);
            return await EvaluateAsync(folder, stage);
        }
        finally
        {
            Directory.Delete(Path.GetFullPath(Path.Combine(folder, "..", "..")), recursive: true);
        }
    }

    private static async Task<IReadOnlyList<PredictedResource>> EvaluateAsync(string folder, string stage)
    {
        var (exit, _, said) = await Bicep.RunAsync(
            folder, "snapshot", $"{stage}.bicepparam", "--mode", "overwrite", "--location", "uksouth", "--deployment-name", "home",
            "--subscription-id", "00000000-0000-0000-0000-00000000000a", "--tenant-id", "00000000-0000-0000-0000-00000000000b");
        Assert.True(exit == 0, said);
        var snapshot = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(folder, $"{stage}.snapshot.json")))!;
        Assert.Empty(snapshot["diagnostics"]!.AsArray());
        return [.. snapshot["predictedResources"]!.AsArray().Select(r => r!.AsObject()).Select(r => new PredictedResource(r["id"]!.GetValue<string>(), r["type"]!.GetValue<string>(), r["name"]!.GetValue<string>(), r))];
    }
}

/// <summary>The templates are evaluated once for all tests of a home.</summary>
[CollectionDefinition(Name)]
public sealed class EvaluatedHomes : ICollectionFixture<AzureHomes>
{
    /// <summary>Name of the collection.</summary>
    public const string Name = "Azure home";
}
