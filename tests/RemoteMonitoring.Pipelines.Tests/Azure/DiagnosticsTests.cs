using System.Text.Json.Nodes;

namespace RemoteMonitoring.Pipelines.Tests.Azure;

[Collection(EvaluatedHomes.Name)]
public sealed class DiagnosticsTests(AzureHomes homes)
{
    private const string Setting = "Microsoft.Insights/diagnosticSettings";

    /// <summary>Kinds of resources that have no logs or metrics of their own to send: what is part of another, and what only says something.</summary>
    private static readonly string[] s_silent =
    [
        Setting,
        "Microsoft.Resources/resourceGroups",
        "Microsoft.Security/pricings",
        "Microsoft.Security/iotSecuritySolutions",
        "Microsoft.ManagedIdentity/userAssignedIdentities",
        "Microsoft.Authorization/roleAssignments",
        "Microsoft.Authorization/locks",
        "Microsoft.DocumentDB/databaseAccounts/sqlDatabases",
        "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers",
        "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments",
        "Microsoft.EventHub/namespaces/eventhubs",
        "Microsoft.EventHub/namespaces/eventhubs/consumergroups",
        "Microsoft.EventHub/namespaces/networkRuleSets",
        "Microsoft.Storage/storageAccounts/blobServices/containers",
        "Microsoft.Storage/storageAccounts/tableServices/tables",
        "Microsoft.Storage/storageAccounts/managementPolicies",
        "Microsoft.MachineLearningServices/workspaces/computes",
        "Microsoft.MachineLearningServices/workspaces/datastores",
        "Microsoft.MachineLearningServices/workspaces/environments",
        "Microsoft.MachineLearningServices/workspaces/environments/versions",
        "Microsoft.Web/sites/config",
        "Microsoft.Web/sites/basicPublishingCredentialsPolicies",
        "Microsoft.Web/connections",
        "Microsoft.Insights/actionGroups",
        "Microsoft.Insights/scheduledQueryRules",
        "Microsoft.Insights/workbooks",
        "Microsoft.Insights/privateLinkScopes",
        "Microsoft.Insights/privateLinkScopes/scopedResources",
        "Microsoft.Network/natGateways", // its metrics cannot be exported
        "Microsoft.Network/privateDnsZones",
        "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
        "Microsoft.Network/privateEndpoints",
        "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
    ];

    [Theory]
    [InlineData("dev")]
    [InlineData("prod")]
    public void Everything_that_can_says_how_it_does(string stage) => Assert.Empty(SilentOf(homes.Of(stage)));

    [Fact]
    public void One_that_is_left_out_is_found()
    {
        var settings = homes.Prod.Where(r => r.Type == Setting).ToArray();
        Assert.All(settings, gone => Assert.NotEmpty(SilentOf(homes.Prod.Where(r => r != gone))));
        Assert.All(settings, other => Assert.NotEmpty(SilentOf(homes.Prod.Select(r => r == other ? r.With("properties.workspaceId", "elsewhere") : r))));
        Assert.All(settings, empty => Assert.NotEmpty(SilentOf(homes.Prod.Select(r => r == empty ? r.With("properties.logs", null).With("properties.metrics", null) : r))));
    }

    [Theory]
    [InlineData("dev")]
    [InlineData("prod")]
    public void No_kind_of_logs_that_names_patients_is_sent(string stage)
    {
        // Partition keys, queries and addresses of documents are patients; rows of the task hub are named by follow-ups.
        Assert.Empty(NamingOf(homes.Of(stage)));
        var documents = homes.Of(stage).Single(r => r.Type == Setting && r.Scope.Contains("Microsoft.DocumentDB", StringComparison.Ordinal));
        Assert.NotEmpty(NamingOf([documents.With("properties.logs", new JsonArray(new JsonObject { ["categoryGroup"] = "allLogs", ["enabled"] = true }))]));
        Assert.NotEmpty(NamingOf([documents.With("properties.logs", new JsonArray(new JsonObject { ["category"] = "PartitionKeyRUConsumption", ["enabled"] = true }))]));
    }

    internal static IEnumerable<string> SilentOf(IEnumerable<PredictedResource> home)
    {
        var all = home.ToArray();
        var logs = all.Single(r => r.Type == "Microsoft.OperationalInsights/workspaces").Id;
        var heard = all
            .Where(r => r.Type == Setting && r.Text("properties.workspaceId") == logs)
            .Where(r => ((JsonNode?[])[.. r.At("properties.logs")?.AsArray() ?? [], .. r.At("properties.metrics")?.AsArray() ?? []]).Any(c => c!["enabled"]!.GetValue<bool>()))
            .Select(r => r.Scope).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return all.Where(r => !s_silent.Contains(r.Type, StringComparer.OrdinalIgnoreCase) && !heard.Contains(r.Id)).Select(r => r.ToString());
    }

    private static IEnumerable<string> NamingOf(IEnumerable<PredictedResource> home) =>
        from setting in home
        where setting.Type == Setting && (setting.Scope.Contains("Microsoft.DocumentDB", StringComparison.Ordinal) || setting.Scope.Contains("/queueServices/", StringComparison.Ordinal) || (setting.Scope.Contains("host", StringComparison.Ordinal) && setting.Scope.Contains("Services/", StringComparison.Ordinal)))
        from log in setting.At("properties.logs")?.AsArray() ?? []
        where log!["enabled"]!.GetValue<bool>() && log["category"]?.GetValue<string>() != "ControlPlaneRequests"
        select $"{setting.Scope}: {log}";
}
