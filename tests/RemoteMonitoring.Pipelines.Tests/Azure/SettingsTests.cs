using System.Text.RegularExpressions;

namespace RemoteMonitoring.Pipelines.Tests.Azure;

[Collection(EvaluatedHomes.Name)]
public sealed partial class SettingsTests(AzureHomes homes)
{
    private const string Page = "pipelines/azure/README.md";

    /// <summary>Settings that are read by what the programs are made of: the Functions host, the credential, the exporter.</summary>
    private static readonly string[] s_platform =
    [
        "AzureWebJobsStorage__accountName", "AzureWebJobsStorage__credential", "AzureWebJobsStorage__clientId", "AZURE_CLIENT_ID",
    ];

    /// <summary>A setting whose name stands in follow-ups.json, and not in the program.</summary>
    private const string FollowUpSecret = "RMON_FOLLOW_UP_SECRET";

    [Fact]
    public void Each_program_is_told_what_the_page_says()
    {
        var told = AppSettings.ByProgram(homes.Prod);
        var rows = MarkdownTable.Read(Page, "setting", "worker", "functions", "worklist", "what it is");
        foreach (var (program, column) in ((string, int)[])[("worker", 1), ("functions", 2), ("worklist", 3)])
        {
            // Left out while the parameter is empty, which it is here: see VariantTests.
            var stated = rows.Where(r => r[column] == "●").Select(r => r[0]).Except(["RMON_SCHEDULES"]);
            Assert.Equal(stated.Order(StringComparer.Ordinal), told[program].Order(StringComparer.Ordinal));
        }
    }

    [Theory]
    [InlineData("dev")]
    [InlineData("prod")]
    public void What_the_template_sets_is_read_and_what_is_read_is_set_or_said_why_not(string stage) => Assert.Empty(MismatchOf(SetBy(homes.Of(stage)), ReadByPrograms()));

    [Fact]
    public void A_setting_that_either_side_renames_is_found()
    {
        var (set, read) = (SetBy(homes.Prod), ReadByPrograms());
        Assert.All(set.Except(s_platform).Except([FollowUpSecret]), name => Assert.NotEmpty(MismatchOf(set, [.. read.Except([name]), name + "_RENAMED"])));
        Assert.All(set.Where(name => name.StartsWith("RMON_", StringComparison.Ordinal)), name => Assert.NotEmpty(MismatchOf([.. set.Except([name]), name + "_RENAMED"], read)));
    }

    [Fact]
    public void The_secret_of_follow_ups_is_the_one_that_the_page_has_their_file_name() =>
        Assert.Contains($"\"secret\": \"{FollowUpSecret}\"", Repository.Read("pipelines/logicapps/README.md"), StringComparison.Ordinal);

    [Fact]
    public void Arguments_that_the_apps_are_started_with_are_options_of_their_commands()
    {
        foreach (var (app, command) in ((string, string)[])[("worker", "WorkerCommand.cs"), ("worklist", "ServeCommand.cs")])
        {
            var container = homes.Prod.Single(r => r.Name == app).At("properties.template.containers")![0]!;
            var sources = string.Concat(((string[])[$"Commands/{command}", "GlobalOptions.cs", "Worker/WorklistPages.cs", "Commands/GatewayCommand.cs"]).Select(f => Repository.Read($"orchestrations/RemoteMonitoring.Cli/{f}")));
            Assert.All(container["args"]!.AsArray().Select(a => a!.GetValue<string>()).Where(a => a.StartsWith("--", StringComparison.Ordinal)), option => Assert.Contains($"(\"{option}\")", sources, StringComparison.Ordinal));
            Assert.Contains($"dotnet /app/rmon.dll {(app == "worker" ? "worker" : "serve")} ", container["command"]!.ToJsonString(), StringComparison.Ordinal);
        }
    }

    private static HashSet<string> SetBy(IEnumerable<PredictedResource> home) => [.. AppSettings.ByProgram(home).Values.SelectMany(names => names)];

    /// <summary>Names of variables that stand in the programs' sources as they are read: as text of their own, or as the beginning of a text.</summary>
    private static HashSet<string> ReadByPrograms() =>
    [
        .. Repository.Sources().SelectMany(path => File.ReadLines(path).Where(line => !line.TrimStart().StartsWith("//", StringComparison.Ordinal)))
            .SelectMany(line => Name().Matches(line)).Select(m => m.Groups[1].Value),
    ];

    private static IEnumerable<string> MismatchOf(IEnumerable<string> set, HashSet<string> read)
    {
        var page = MarkdownTable.Read(Page, "setting", "why").Select(row => row[0]).ToArray();
        var names = set.ToHashSet();
        foreach (var name in names.Except(s_platform).Except([FollowUpSecret]).Where(name => !read.Contains(name)))
        {
            yield return $"{name} is set, and no program reads it";
        }

        foreach (var name in read.Where(name => name.StartsWith("RMON_", StringComparison.Ordinal) && name != "RMON_SCHEDULES" && !names.Contains(name) && !page.Contains(name)))
        {
            yield return $"{name} is read, and neither set nor said why not";
        }

        foreach (var name in page.Where(name => !read.Contains(name) || names.Contains(name)))
        {
            yield return $"{name} is on the page as read and not set, which it is not";
        }
    }

    [GeneratedRegex("\"((?:RMON|APPLICATIONINSIGHTS|OTEL)_[A-Z0-9_]+)\"")]
    private static partial Regex Name();
}
