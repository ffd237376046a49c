using System.Text.RegularExpressions;
using RemoteMonitoring.EndToEnd.Tests.Architecture;
using RemoteMonitoring.Workflows.Training;
using YamlDotNet.RepresentationModel;

namespace RemoteMonitoring.EndToEnd.Tests;

/// <summary>
/// The files of <c>pipelines/azureml</c> agree with each other, with the repository and with the program's command line. Azure's own schemas are not at hand:
/// what they say is not checked.
/// </summary>
[Collection("runs the program")]
public sealed partial class AzureMlFilesTests : IDisposable
{
    private const string Folder = "pipelines/azureml";

    private readonly Rmon _rmon = new();

    public void Dispose() => _rmon.Dispose();

    [Theory]
    [InlineData("job.yml", "commandJob")]
    [InlineData("component.yml", "commandComponent")]
    [InlineData("environment.yml", "environment")]
    [InlineData("pipeline.yml", "pipelineJob")]
    public void A_file_says_which_schema_it_is_of(string file, string schema) =>
        Assert.Equal($"https://azuremlschemas.azureedge.net/latest/{schema}.schema.json", Text(Yaml(file), "$schema"));

    [Theory]
    [InlineData("job.yml")]
    [InlineData("component.yml")]
    public async Task The_command_is_that_of_submitted_jobs_and_the_program_has_its_options(string file)
    {
        var yaml = Yaml(file);
        var command = Text(yaml, "command");
        Assert.Equal(TrainingCommand.Line, command);
        Assert.Equal([TrainingCommand.SnapshotInput, TrainingCommand.TaskInput], Keys(yaml, "inputs"));
        Assert.Equal([TrainingCommand.ModelOutput], Keys(yaml, "outputs"));
        Assert.Equal(Keys(yaml, "inputs").Select(n => "inputs." + n).Concat(Keys(yaml, "outputs").Select(n => "outputs." + n)), Braces().Matches(command).Select(m => m.Groups[1].Value));
        var help = (await _rmon.RunAsync("train-snapshot", "--help")).Output;
        var required = RequiredOption().Matches(help).Select(m => m.Groups[1].Value).ToArray();
        var used = Option().Matches(command).Select(m => m.Value).ToArray();
        Assert.Equal(["--out", "--task"], required.Order(StringComparer.Ordinal));
        Assert.Equal(required.Order(StringComparer.Ordinal), used.Order(StringComparer.Ordinal));
        Assert.Contains("--sha256", help, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_command_with_files_in_its_braces_is_understood()
    {
        var line = TrainingCommand.Line.Replace("${{inputs.snapshot}}", _rmon.Folder("none.parquet"), StringComparison.Ordinal)
            .Replace("${{inputs.task}}", "admission-7d", StringComparison.Ordinal)
            .Replace("${{outputs.model}}", _rmon.Folder("out"), StringComparison.Ordinal);
        var result = await _rmon.RunAsync(line.Split(' ')[1..]);
        Assert.Equal(3, result.ExitCode);
        Assert.Equal($"rmon: {_rmon.Folder("none.parquet")}: there is no such file.", Assert.Single(result.ErrorLines));
    }

    [Fact]
    public void Files_that_are_named_are_there_and_names_are_the_same_throughout()
    {
        var environment = Yaml("environment.yml");
        var image = ((YamlMappingNode)environment.Children["build"]).Children;
        var root = Path.GetFullPath(Path.Combine(Repository.Root, Folder, image["path"].ToString()));
        Assert.Equal(Path.TrimEndingDirectorySeparator(Path.GetFullPath(Repository.Root)), Path.TrimEndingDirectorySeparator(root));
        var dockerfile = File.ReadAllText(Path.Combine(root, image["dockerfile_path"].ToString()));
        Assert.All(Projects().Matches(dockerfile), m => Assert.True(File.Exists(Path.Combine(root, m.Value)), m.Value));
        Assert.NotEmpty(Projects().Matches(dockerfile));
        Assert.Contains("libgomp1", dockerfile, StringComparison.Ordinal);
        // The latest: each release has a version of its own, which the program's own jobs name.
        var name = $"azureml:{Text(environment, "name")}@latest";
        Assert.Equal(name, Text(Yaml("job.yml"), "environment"));
        Assert.Equal(name, Text(Yaml("component.yml"), "environment"));
        foreach (var file in (string[])["job.yml", "pipeline.yml"])
        {
            var task = ((YamlMappingNode)((YamlMappingNode)Yaml(file).Children["inputs"]).Children["task"]).Children["path"].ToString();
            Assert.True(File.Exists(Path.Combine(Repository.Root, Folder, task)), task);
        }

        var readme = Repository.Read($"{Folder}/README.md");
        Assert.All(Directory.GetFiles(Path.Combine(Repository.Root, Folder)).Select(Path.GetFileName).Where(f => f != "README.md"), f => Assert.Contains($"`{f}`", readme, StringComparison.Ordinal));
    }

    [Fact]
    public void The_pipeline_gives_its_component_what_that_asks_for()
    {
        var (pipeline, component) = (Yaml("pipeline.yml"), Yaml("component.yml"));
        var train = (YamlMappingNode)((YamlMappingNode)pipeline.Children["jobs"]).Children["train"];
        Assert.Equal("./component.yml", Text(train, "component"));
        foreach (var kind in (string[])["inputs", "outputs"])
        {
            Assert.Equal(Keys(component, kind), Keys(train, kind));
            Assert.Equal(Keys(pipeline, kind), Keys(train, kind));
            Assert.All(((YamlMappingNode)train.Children[kind]).Children, c => Assert.Equal($"${{{{parent.{kind}.{c.Key}}}}}", c.Value.ToString()));
            Assert.All(Keys(component, kind), k => Assert.Equal(TypeOf(component, kind, k), TypeOf(pipeline, kind, k)));
            Assert.All(Keys(component, kind), k => Assert.Equal(TypeOf(component, kind, k), TypeOf(Yaml("job.yml"), kind, k)));
        }
    }

    private static YamlMappingNode Yaml(string file)
    {
        var stream = new YamlStream();
        using var reader = new StringReader(Repository.Read($"{Folder}/{file}"));
        stream.Load(reader);
        return (YamlMappingNode)Assert.Single(stream.Documents).RootNode;
    }

    private static string Text(YamlMappingNode node, string key) => node.Children[key].ToString();

    private static string[] Keys(YamlMappingNode node, string key) => [.. ((YamlMappingNode)node.Children[key]).Children.Keys.Select(k => k.ToString())];

    private static string TypeOf(YamlMappingNode node, string kind, string name) => Text((YamlMappingNode)((YamlMappingNode)node.Children[kind]).Children[name], "type");

    [GeneratedRegex(@"\$\{\{([\w.]+)\}\}")]
    private static partial Regex Braces();

    [GeneratedRegex(@"(?<=\s)--[\w-]+")]
    private static partial Regex Option();

    [GeneratedRegex(@"^\s+(--[\w-]+) .*\(REQUIRED\)", RegexOptions.Multiline)]
    private static partial Regex RequiredOption();

    [GeneratedRegex(@"[\w./]+\.csproj")]
    private static partial Regex Projects();
}
