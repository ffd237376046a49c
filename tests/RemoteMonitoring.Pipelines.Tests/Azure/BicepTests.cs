using System.Text.Json;
using System.Text.RegularExpressions;

namespace RemoteMonitoring.Pipelines.Tests.Azure;

public sealed partial class BicepTests
{
    private static readonly JsonDocumentOptions s_withComments = new() { CommentHandling = JsonCommentHandling.Skip };

    [Theory]
    [InlineData("lint", "main.bicep")]
    [InlineData("lint", "main.bicepparam")]
    [InlineData("lint", "dev.bicepparam")]
    [InlineData("lint", "prod.bicepparam")]
    [InlineData("build", "main.bicep")]
    public async Task It_builds_and_lints_without_a_word(string command, string file)
    {
        var (exit, _, said) = await Bicep.RunAsync(Repository.PathOf("pipelines/azure"), command == "build" ? [command, file, "--stdout"] : [command, file]);
        Assert.Equal("", said);
        Assert.Equal(0, exit);
    }

    [Theory]
    [InlineData("no-unused-params", "@description('x')\nparam unused string\n")]
    [InlineData("use-description-params", "param plain string\noutput it string = plain\n")] // off unless switched on
    [InlineData("use-user-defined-types", "@description('x')\nparam bag object\n@description('x')\noutput it object = bag\n")]
    [InlineData("no-hardcoded-location", "resource v 'Microsoft.Network/virtualNetworks@2026-03-01' = {\n  name: 'v'\n  location: 'uksouth'\n}\n")]
    [InlineData("use-recent-api-versions", "resource g 'Microsoft.KeyVault/vaults@2019-09-01' existing = { name: 'v' }\n@description('x')\noutput it string = g.id\n")]
    [InlineData("outputs-should-not-contain-secrets", "resource s 'Microsoft.Storage/storageAccounts@2026-09-01' existing = { name: 's' }\n@description('x')\noutput it string = s.listKeys().keys[0].value\n")]
    [InlineData("BCP089", "@description('x')\nparam location string\nresource s 'Microsoft.KeyVault/vaults@2026-05-15' = {\n  name: 'v'\n  location: location\n  properties: { tenantId: tenant().tenantId, sku: { family: 'A', name: 'standard' }, enablePurgeProtecton: true }\n}\n")]
    public async Task What_breaks_a_rule_is_told(string rule, string source)
    {
        var folder = Bicep.CopyOfTemplates();
        await File.WriteAllTextAsync(Path.Combine(folder, "broken.bicep"), source);
        var (exit, _, said) = await Bicep.RunAsync(folder, "lint", "broken.bicep");
        Assert.Contains(rule, said, StringComparison.Ordinal);
        Assert.True(exit != 0 || said.Contains("Warning", StringComparison.Ordinal), said);
        Directory.Delete(Path.GetFullPath(Path.Combine(folder, "..", "..")), recursive: true);
    }

    [Fact]
    public async Task Every_file_is_formatted()
    {
        var folder = Bicep.CopyOfTemplates();
        var files = Directory.EnumerateFiles(folder, "*.bicep*", SearchOption.AllDirectories).Where(file => !file.EndsWith(".json", StringComparison.Ordinal)).ToArray();
        Assert.NotEmpty(files);
        foreach (var file in files)
        {
            var before = await File.ReadAllTextAsync(file);
            var (exit, _, said) = await Bicep.RunAsync(folder, "format", file, "--indent-size", "2", "--insert-final-newline");
            Assert.True(exit == 0, said);
            Assert.Equal(before, await File.ReadAllTextAsync(file));
        }

        Directory.Delete(Path.GetFullPath(Path.Combine(folder, "..", "..")), recursive: true);
    }

    [Fact]
    public void Every_rule_of_the_linter_is_an_error()
    {
        using var config = JsonDocument.Parse(Repository.Read("pipelines/azure/bicepconfig.json"), s_withComments);
        var core = config.RootElement.GetProperty("analyzers").GetProperty("core");
        Assert.True(core.GetProperty("enabled").GetBoolean());
        var rules = core.GetProperty("rules").EnumerateObject().ToArray();
        Assert.All(rules, rule => Assert.Equal("error", rule.Value.GetProperty("level").GetString()));
        Assert.Equal(rules.Length, rules.Select(r => r.Name).Distinct().Count());
        // As many as the sources of this version of the linter have; most are warnings, and a dozen are off, where nothing is said.
        Assert.Equal(53, rules.Length);
    }

    [Fact]
    public void No_rule_is_switched_off_but_the_age_of_diagnostic_settings_which_have_no_later_version()
    {
        foreach (var file in Directory.EnumerateFiles(Repository.PathOf("pipelines/azure"), "*.bicep*", SearchOption.AllDirectories))
        {
            var lines = File.ReadAllLines(file);
            Assert.DoesNotContain(lines, line => line.Contains("#disable-diagnostics", StringComparison.Ordinal));
            foreach (var (line, at) in lines.Select((line, at) => (line, at)).Where(l => l.line.Contains("#disable-next-line", StringComparison.Ordinal)))
            {
                Assert.StartsWith("#disable-next-line use-recent-api-versions //", line, StringComparison.Ordinal);
                Assert.Matches(DiagnosticSetting(), lines[at + 1]);
            }
        }
    }

    [GeneratedRegex("^resource \\w+ 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = \\{$")]
    private static partial Regex DiagnosticSetting();
}
