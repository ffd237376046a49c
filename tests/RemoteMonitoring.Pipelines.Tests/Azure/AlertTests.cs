using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using RemoteMonitoring.Workflows;
using RemoteMonitoring.Workflows.Service;
using static System.FormattableString;

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
    public void Each_objective_of_the_service_has_an_alert_a_runbook_a_row_of_the_page_and_a_chart_by_the_limit_that_the_program_goes_by()
    {
        var rows = MarkdownTable.Read("pipelines/README.md", "objective", "wanted", "figure", "alert");
        Assert.Equal(ServiceObjectives.All.Select(o => o.Name), rows.Select(r => r[0]));
        foreach (var (objective, row) in ServiceObjectives.All.Zip(rows))
        {
            Assert.StartsWith($"{objective.Instrument}", row[2], StringComparison.Ordinal);
            Assert.Contains($"[{objective.Runbook}](#{objective.Runbook})", row[3], StringComparison.Ordinal);
            // Readings are counted anew each hour, since the objective's figure is that of a day.
            Assert.True(objective.Runbook == "readings-rejected" != Query(objective.Runbook).Contains($"'{objective.Instrument}'", StringComparison.Ordinal), $"{objective.Runbook} looks at another figure.");
            Assert.Contains($"'{objective.Instrument}'", Repository.Read("pipelines/azure/workbook.json"), StringComparison.Ordinal);
        }

        Assert.EndsWith($"age > {ServiceObjectives.MostLag.TotalSeconds}", Query("ingestion-behind"), StringComparison.Ordinal);
        Assert.EndsWith(Invariant($"> {ServiceObjectives.MostRejected} * all"), Query("readings-rejected"), StringComparison.Ordinal);
        Assert.EndsWith(Invariant($"scored < {ServiceObjectives.LeastCoverage}"), Query("coverage-low"), StringComparison.Ordinal);
        Assert.EndsWith(Invariant($"psi >= {ServiceObjectives.DriftedPsi}"), Query("scores-drift"), StringComparison.Ordinal);
    }

    [Fact]
    public void The_figures_of_the_objectives_are_stated_by_the_program_that_runs_the_workflows_which_on_Azure_always_runs()
    {
        var states = Repository.Sources().Where(path => File.ReadAllText(path).Contains("ServiceGauges", StringComparison.Ordinal)).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal);
        Assert.Equal(["DueServiceLevels.cs", "ServeCommand.cs", "ServiceGauges.cs", "ServiceLevelLoop.cs"], states);
        Assert.Contains("engine is null ? null : new ServiceGauges(", Repository.Read("orchestrations/RemoteMonitoring.Cli/Commands/ServeCommand.cs"), StringComparison.Ordinal);
        // Each minute: a figure holds for longer than two of them, so that a turn that is late leaves no gap.
        Assert.Matches(@"\[Function\(""service-levels""\)\]\s+public Task \w+\(\[TimerTrigger\(""[0-9]+ \* \* \* \* \*""", Repository.Read("orchestrations/RemoteMonitoring.Functions/ScheduleFunctions.cs"));
        Assert.True(ServiceGauges.Holds > TimeSpan.FromMinutes(2));
        Assert.Contains("Functions app", Query("service-unmeasured", "means"), StringComparison.Ordinal);
    }

    [Fact]
    public void An_alert_asks_for_what_is_not_sampled() => Assert.All(s_alerts, a => Assert.Matches(@"^(AppMetrics|AzureDiagnostics) \| where ", a!["query"]!.GetValue<string>()));

    [Fact]
    public void Steps_that_failed_are_those_of_the_programs_own_figures()
    {
        Assert.StartsWith($"AppMetrics | where Name == '{WorkflowMetrics.StepDuration}' and tostring(Properties.outcome) == 'failed' | ", Query("workflows-fail"), StringComparison.Ordinal);
        Assert.Contains("sum(ItemCount)", Query("workflows-fail"), StringComparison.Ordinal); // of a histogram: how many there were
    }

    [Fact]
    public void What_workers_are_behind_is_added_before_the_least_is_taken_so_that_an_idle_one_hides_nothing() => Assert.Matches(
        @"by Name, source = iff\(Name endswith 'lag', AppRoleInstance, .*sumif\(least, Name endswith 'lag'\).* by part \| summarize lag = min\(lag\)", Query("ingestion-behind"));

    [Fact]
    public void A_way_of_telling_that_fails_is_noticed_while_the_others_still_wait()
    {
        var sends = Names().Matches(Regex.Match(Query("follow-ups-fail"), @"'workflowActionCompleted' and resource_actionName_s in \((.+?)\)").Groups[1].Value).Select(m => m.Groups[1].Value);
        Assert.Equal(FollowUpWorkflowTests.Sends.Order(StringComparer.Ordinal), sends.Order(StringComparer.Ordinal));
    }

    private static string Query(string alert, string part = "query") => s_alerts.Single(a => a!["name"]!.GetValue<string>() == alert)![part]!.GetValue<string>();

    [Fact]
    public void No_alert_and_no_figure_asks_for_who_it_is() => Assert.DoesNotMatch(
        new Regex("patient|device_?id|user", RegexOptions.IgnoreCase), string.Join('\n', s_alerts.Select(a => a!["query"]!.GetValue<string>())));

    [GeneratedRegex(@"remotemonitoring\.[a-z_]+(?:\.[a-z_]+)+")]
    private static partial Regex Metric();

    [GeneratedRegex("'([A-Za-z_]+)'")]
    private static partial Regex Names();
}
