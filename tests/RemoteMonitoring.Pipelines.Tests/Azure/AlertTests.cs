using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace RemoteMonitoring.Pipelines.Tests.Azure;

[Collection(EvaluatedHomes.Name)]
public sealed partial class AlertTests(AzureHomes homes)
{
    private static readonly JsonArray s_alerts = JsonNode.Parse(Repository.Read("pipelines/azure/alerts.json"))!.AsArray();

    [Fact]
    public void Each_alert_becomes_a_rule_that_tells_who_is_on_duty_and_where_it_says_what_to_do()
    {
        Assert.Equal(s_alerts.Count, s_alerts.Select(a => a!["name"]!.GetValue<string>()).Distinct().Count());
        Assert.All(s_alerts, a => Assert.Equal(a!["name"]!.GetValue<string>(), a["runbook"]!.GetValue<string>()));
        Assert.Single(homes.Prod.Single(r => r.Type == "Microsoft.Insights/actionGroups").At("properties.emailReceivers")!.AsArray());
        var template = JsonNode.Parse(homes.Template)!;
        var watch = template["resources"]!.AsObject().Single(r => r.Key == "watch").Value!["properties"]!["template"]!;
        var rule = watch["resources"]!.AsObject().Single(r => r.Value!["type"]!.GetValue<string>() == "Microsoft.Insights/scheduledQueryRules").Value!;
        Assert.Equal("[length(variables('alerts'))]", rule["copy"]!["count"]!.GetValue<string>());
        Assert.Contains("parameters('runbooks')", rule["properties"]!["description"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("alerts.json")]
    [InlineData("workbook.json")]
    public void Metrics_that_are_asked_for_are_metrics_that_the_programs_state(string file)
    {
        var stated = Repository.Sources().SelectMany(path => Metric().Matches(File.ReadAllText(path)).Select(m => m.Value)).ToHashSet();
        var asked = Metric().Matches(Repository.Read($"pipelines/azure/{file}")).Select(m => m.Value).ToArray();
        Assert.NotEmpty(asked);
        Assert.All(asked, name => Assert.Contains(name, stated));
        Assert.DoesNotContain("remotemonitoring.ingestion.behind", stated); // else nothing would be told apart
    }

    [Fact]
    public void No_alert_and_no_figure_asks_for_who_it_is() => Assert.DoesNotMatch(
        new Regex("patient|device_?id|user", RegexOptions.IgnoreCase), string.Join('\n', s_alerts.Select(a => a!["query"]!.GetValue<string>())));

    [GeneratedRegex(@"remotemonitoring\.[a-z_]+(?:\.[a-z_]+)+")]
    private static partial Regex Metric();
}
