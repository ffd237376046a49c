using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using RemoteMonitoring.EndToEnd.Tests;

namespace RemoteMonitoring.Pipelines.Tests.Devops;

/// <summary>What <c>pipelines/README.md</c> tells an operator to do can be done.</summary>
public sealed partial class OperatorPageTests : IDisposable
{
    private static readonly string s_page = Repository.Read("pipelines/README.md");
    private readonly Rmon _rmon = new();
    private readonly Dictionary<string, string> _help = [];

    public void Dispose() => _rmon.Dispose();

    [Fact]
    public void Each_alert_has_its_section_and_each_section_says_what_it_means_and_when_it_is_over()
    {
        var sections = Heading().Split(s_page).Skip(1).Chunk(2).ToDictionary(s => s[0], s => s[1]);
        foreach (var alert in JsonNode.Parse(Repository.Read("pipelines/azure/alerts.json"))!.AsArray())
        {
            var section = sections[alert!["runbook"]!.GetValue<string>()];
            Assert.All((string[])["**Means**", "**Look**", "**Do**", "**Over**"], part => Assert.Contains(part, section, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Every_command_of_the_page_and_of_the_scripts_is_one_that_there_is()
    {
        var lines = Command().Matches(s_page).Concat(PipelineFiles.Named("*.sh").SelectMany(f => Command().Matches(PipelineFiles.Text(f))))
            .Select(m => m.Groups[1].Value.Trim()).Distinct().ToArray();
        Assert.True(lines.Length > 20, string.Join('\n', lines));
        foreach (var line in lines)
        {
            Assert.True(await IsKnownAsync(line), $"rmon {line}");
        }

        Assert.False(await IsKnownAsync("rebuild --everything"));
        Assert.False(await IsKnownAsync("runs restart RUN"));
    }

    [Fact]
    public void What_the_page_links_to_is_there() =>
        Assert.All(Link().Matches(s_page), m => Assert.True(Path.Exists(Repository.PathOf(Path.Combine("pipelines", m.Groups[1].Value))), m.Groups[1].Value));

    // A word that is no command of the commands so far is an argument, where there are none to choose from.
    private async Task<bool> IsKnownAsync(string line)
    {
        var path = new List<string>();
        var help = await HelpAsync(path);
        foreach (var word in line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (word.StartsWith("--", StringComparison.Ordinal))
            {
                if (!Regex.IsMatch(help, $@"^  (?:-\S+, )*{Regex.Escape(word)}\b", RegexOptions.Multiline))
                {
                    return false;
                }
            }
            else if (help.Split("\nCommands:\n") is [_, var commands])
            {
                if (!Regex.IsMatch(commands, $"^  {Regex.Escape(word)}(?: |$)", RegexOptions.Multiline))
                {
                    return false;
                }

                path.Add(word);
                help = await HelpAsync(path);
            }
        }

        return true;
    }

    private async Task<string> HelpAsync(List<string> path)
    {
        var key = string.Join(' ', path);
        if (!_help.TryGetValue(key, out var help))
        {
            help = (await _rmon.RunAsync([.. path, "--help"])).Output.Replace("\r", "", StringComparison.Ordinal);
            _help[key] = help;
        }

        return help;
    }

    [GeneratedRegex(@"^### ([\w-]+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    // Up to the end of the code, a comment, or what the shell takes for itself.
    [GeneratedRegex(@"(?:^|`|;; |\) )rmon ([a-z][^`#<>|\n;""$]*)", RegexOptions.Multiline)]
    private static partial Regex Command();

    [GeneratedRegex(@"\]\((?!https?:|#)([^)#]+)")]
    private static partial Regex Link();
}
