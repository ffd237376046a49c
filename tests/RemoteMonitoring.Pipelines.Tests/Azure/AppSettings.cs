namespace RemoteMonitoring.Pipelines.Tests.Azure;

/// <summary>What the programs are told by the template.</summary>
internal static class AppSettings
{
    /// <summary>Names and values of a container app or of a Functions app; the value of what comes from a secret is null.</summary>
    public static IEnumerable<(string Name, string? Value)> Of(PredictedResource resource) => resource.Type switch
    {
        "Microsoft.Web/sites/config" => resource.At("properties")!.AsObject().Select(s => (s.Key, (string?)s.Value!.ToString())),
        "Microsoft.App/containerApps" => resource.At("properties.template.containers")!.AsArray()
            .SelectMany(c => c!["env"]!.AsArray()).Select(e => (e!["name"]!.GetValue<string>(), e["value"]?.GetValue<string>())),
        _ => [],
    };

    /// <summary>Settings of each program by its name.</summary>
    public static IReadOnlyDictionary<string, HashSet<string>> ByProgram(IEnumerable<PredictedResource> home) => home
        .Where(r => r.Type is "Microsoft.Web/sites/config" or "Microsoft.App/containerApps")
        .ToDictionary(r => r.Type == "Microsoft.Web/sites/config" ? "functions" : r.Name, r => Of(r).Select(s => s.Name).ToHashSet());
}
