using System.Text.RegularExpressions;

namespace RemoteMonitoring.Pipelines.Tests.Devops;

public sealed partial class PipelineTests
{
    [Fact]
    public async Task Every_file_is_what_the_schema_of_Azure_Pipelines_allows_and_a_spoilt_one_is_not()
    {
        using var spoilt = new TempFile();
        await File.WriteAllTextAsync(spoilt.Path, PipelineFiles.Text("azure-pipelines.yml").Replace("dependsOn", "dependsUpon", StringComparison.Ordinal));
        var verdicts = await NodeChecks.RunAsync("validate.mjs", [.. PipelineFiles.Named("*.yml").Select(f => Repository.PathOf($"{PipelineFiles.Folder}/{f}")), spoilt.Path]);
        Assert.Equal(PipelineFiles.Yaml.Count + 1, verdicts.Length);
        Assert.All(verdicts[..^1], v => Assert.True(v["valid"]!.GetValue<bool>(), v.ToJsonString()));
        Assert.False(verdicts[^1]["valid"]!.GetValue<bool>());
    }

    [Theory]
    [MemberData(nameof(PipelineFiles.Yaml), MemberType = typeof(PipelineFiles))]
    public void What_a_file_names_is_there(string file)
    {
        var folder = Path.GetDirectoryName(Repository.PathOf($"{PipelineFiles.Folder}/{file}"))!;
        var templates = PipelineFiles.Mappings(file).Where(m => m.TryGetValue("template", out var t) && t is string).ToArray();
        Assert.All(templates, m => Assert.True(File.Exists(Path.Combine(folder, (string)m["template"])), (string)m["template"]));
        Assert.All(Script().Matches(PipelineFiles.Text(file)), m => Assert.True(File.Exists(Repository.PathOf(m.Value)), m.Value));

        // A template is given what it asks for, and nothing else.
        foreach (var use in templates)
        {
            var asked = PipelineFiles.Mappings(Path.GetRelativePath(Repository.PathOf(PipelineFiles.Folder), Path.Combine(folder, (string)use["template"]))).First();
            var known = ((List<object>)asked["parameters"]).Cast<Dictionary<object, object>>().ToArray();
            var given = use.TryGetValue("parameters", out var p) ? ((Dictionary<object, object>)p).Keys.Cast<string>().ToArray() : [];
            Assert.Subset(known.Select(k => (string)k["name"]).ToHashSet(), given.ToHashSet());
            Assert.Subset(given.ToHashSet(), known.Where(k => !k.ContainsKey("default")).Select(k => (string)k["name"]).ToHashSet());
        }
    }

    [Fact]
    public void Each_stage_waits_for_stages_that_there_are()
    {
        foreach (var file in (string[])["azure-pipelines.yml", "nightly.yml"])
        {
            var stages = ((List<object>)PipelineFiles.Mappings(file).First()["stages"]).Cast<Dictionary<object, object>>()
                .Select(s => s.TryGetValue("template", out _) ? (Dictionary<object, object>)s["parameters"] : s).ToArray();
            var names = stages.Select(s => (string)(s.TryGetValue("stage", out var n) ? n : s["name"])).ToArray();
            Assert.Equal(names.Length, names.Distinct().Count());
            Assert.All(stages.SelectMany((s, at) => Names(s.GetValueOrDefault("dependsOn")).Select(d => (d, at))), d => Assert.InRange(Array.IndexOf(names, d.d), 0, d.at - 1));
        }

        var homes = PipelineFiles.Mappings("azure-pipelines.yml").Where(m => m.ContainsKey("environment")).ToArray();
        Assert.Equal(["Package", "Dev"], homes.Select(h => (string)h["dependsOn"])); // prod is never reached but over dev
    }

    [Theory]
    [MemberData(nameof(PipelineFiles.Yaml), MemberType = typeof(PipelineFiles))]
    public void Tasks_have_a_version_and_nothing_is_secret(string file)
    {
        Assert.All(PipelineFiles.Mappings(file).Where(m => m.ContainsKey("task")), m => Assert.Matches(@"^\w+@\d+$", (string)m["task"]));
        Assert.DoesNotMatch(Secret(), PipelineFiles.Text(file));
        Assert.DoesNotContain("ubuntu-latest", PipelineFiles.Text(file), StringComparison.Ordinal);
    }

    [Fact]
    public void A_deployment_is_tested_before_it_is_done_and_goes_back_when_anything_fails()
    {
        var home = PipelineFiles.Text("templates/home.yml");
        var order = ((string[])["push.sh", "release.sh", "smoke.sh", "failure:", "rollback.sh"]).Select(s => home.IndexOf(s, StringComparison.Ordinal)).ToArray();
        Assert.DoesNotContain(-1, order);
        Assert.Equal(order.Order(), order);
        Assert.Contains("rollback.sh --after \"$(Build.SourceVersion)\"", home, StringComparison.Ordinal); // what failed before a deployment began takes nothing back
    }

    [Theory]
    [InlineData("templates/home.yml")]
    [InlineData("templates/back.yml")]
    public void Who_goes_back_has_the_history_that_the_tag_is_in(string file)
    {
        var steps = PipelineFiles.Mappings(file).Where(m => m.TryGetValue("steps", out _)).Select(m => ((List<object>)m["steps"]).Cast<Dictionary<object, object>>().ToArray())
            .Where(s => s.Any(step => step.TryGetValue("parameters", out var p) && ((string)((Dictionary<object, object>)p)["script"]).Contains("rollback.sh", StringComparison.Ordinal)));
        Assert.Equal("0", Assert.Single(steps)[0]["fetchDepth"]);
    }

    private static IEnumerable<string> Names(object? dependsOn) => dependsOn switch { string one => [one], List<object> many => many.Cast<string>(), _ => [] };

    [GeneratedRegex(@"(?:pipelines|orchestrations|tests)/[\w./-]+\.(?:sh|bicepparam)")]
    private static partial Regex Script();

    // A subscription's or tenant's id, and what is commonly given as a secret.
    [GeneratedRegex(@"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}|(?i:password|accountkey|sharedaccesskey|client_?secret|pat_token)\s*[:=]")]
    private static partial Regex Secret();
}
