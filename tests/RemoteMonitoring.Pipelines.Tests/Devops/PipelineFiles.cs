using YamlDotNet.Serialization;

namespace RemoteMonitoring.Pipelines.Tests.Devops;

/// <summary>The YAML and the scripts of <c>pipelines/devops</c>.</summary>
internal static class PipelineFiles
{
    public const string Folder = "pipelines/devops";

    public static TheoryData<string> Yaml { get; } = [.. Named("*.yml")];

    public static TheoryData<string> Scripts { get; } = [.. Named("*.sh")];

    public static string Text(string file) => Repository.Read($"{Folder}/{file}");

    /// <summary>Every mapping of a document, however deep.</summary>
    public static IEnumerable<Dictionary<object, object>> Mappings(string file) => Within(new DeserializerBuilder().Build().Deserialize<object>(Text(file)));

    public static IEnumerable<string> Named(string pattern) => Directory.EnumerateFiles(Repository.PathOf(Folder), pattern, SearchOption.AllDirectories)
        .Select(path => Path.GetRelativePath(Repository.PathOf(Folder), path).Replace('\\', '/')).Order(StringComparer.Ordinal);

    private static IEnumerable<Dictionary<object, object>> Within(object? node) => node switch
    {
        Dictionary<object, object> mapping => mapping.Values.SelectMany(Within).Prepend(mapping),
        List<object> list => list.SelectMany(Within),
        _ => [],
    };
}
