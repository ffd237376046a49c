namespace RemoteMonitoring.Pipelines.Tests.Azure;

[Collection(EvaluatedHomes.Name)]
public sealed class NetworkTests(AzureHomes homes)
{
    private const string Page = "pipelines/azure/README.md";

    /// <summary>What closes each kind of resource that has an address of its own: all of these must say so.</summary>
    private static readonly (string Type, string Path, string Closed)[] s_doors =
    [
        ("Microsoft.Storage/storageAccounts", "properties.publicNetworkAccess", "Disabled"),
        ("Microsoft.Storage/storageAccounts", "properties.networkAcls.defaultAction", "Deny"),
        ("Microsoft.DocumentDB/databaseAccounts", "properties.publicNetworkAccess", "Disabled"),
        ("Microsoft.EventHub/namespaces", "properties.publicNetworkAccess", "Disabled"),
        ("Microsoft.EventHub/namespaces/networkRuleSets", "properties.publicNetworkAccess", "Disabled"),
        ("Microsoft.EventHub/namespaces/networkRuleSets", "properties.defaultAction", "Deny"),
        ("Microsoft.KeyVault/vaults", "properties.publicNetworkAccess", "Disabled"),
        ("Microsoft.KeyVault/vaults", "properties.networkAcls.defaultAction", "Deny"),
        ("Microsoft.ContainerRegistry/registries", "properties.publicNetworkAccess", "Disabled"),
        ("Microsoft.MachineLearningServices/workspaces", "properties.publicNetworkAccess", "Disabled"),
        ("Microsoft.MachineLearningServices/workspaces", "properties.managedNetwork.isolationMode", "AllowOnlyApprovedOutbound"),
        ("Microsoft.MachineLearningServices/workspaces/computes", "properties.properties.enableNodePublicIp", "false"),
        ("Microsoft.Web/sites", "properties.publicNetworkAccess", "Disabled"),
        ("Microsoft.OperationalInsights/workspaces", "properties.publicNetworkAccessForIngestion", "Disabled"),
        ("Microsoft.OperationalInsights/workspaces", "properties.publicNetworkAccessForQuery", "Disabled"),
        ("Microsoft.Insights/components", "properties.publicNetworkAccessForIngestion", "Disabled"),
        ("Microsoft.Insights/components", "properties.publicNetworkAccessForQuery", "Disabled"),
        ("Microsoft.Devices/IotHubs", "properties.publicNetworkAccess", "Disabled"),
        ("Microsoft.Devices/provisioningServices", "properties.publicNetworkAccess", "Disabled"),
        ("Microsoft.App/managedEnvironments", "properties.publicNetworkAccess", "Disabled"),
    ];

    private static readonly string[] s_mustBeOpen = ["Microsoft.Devices/IotHubs", "Microsoft.Devices/provisioningServices", "Microsoft.App/managedEnvironments"];

    /// <summary>What each kind of resource says of the least version of TLS, and of plain HTTP.</summary>
    private static readonly (string Type, string Path, string Value)[] s_tls =
    [
        ("Microsoft.Storage/storageAccounts", "properties.minimumTlsVersion", "TLS1_2"),
        ("Microsoft.Storage/storageAccounts", "properties.supportsHttpsTrafficOnly", "true"),
        ("Microsoft.DocumentDB/databaseAccounts", "properties.minimalTlsVersion", "Tls12"),
        ("Microsoft.EventHub/namespaces", "properties.minimumTlsVersion", "1.2"),
        ("Microsoft.Devices/IotHubs", "properties.minTlsVersion", "1.2"),
        ("Microsoft.Web/sites", "properties.siteConfig.minTlsVersion", "1.2"),
        ("Microsoft.Web/sites", "properties.siteConfig.scmMinTlsVersion", "1.2"),
        ("Microsoft.Web/sites", "properties.siteConfig.ftpsState", "Disabled"),
        ("Microsoft.Web/sites", "properties.httpsOnly", "true"),
        ("Microsoft.App/containerApps", "properties.configuration.ingress.allowInsecure", "false"),
    ];

    [Fact]
    public void In_production_nothing_is_open_but_what_the_page_says() => Assert.Equal(
        MarkdownTable.Read(Page, "resource", "why").Select(row => row[0]).Order(StringComparer.Ordinal), OpenOf(homes.Prod).Distinct().Order(StringComparer.Ordinal));

    [Fact]
    public void A_door_that_somebody_opens_is_found()
    {
        var open = OpenOf(homes.Prod).Count();
        foreach (var (type, path, closed) in s_doors.Where(d => !s_mustBeOpen.Contains(d.Type)))
        {
            var shut = homes.Prod.First(r => r.Type == type && !OpenOf([r]).Any());
            Assert.Equal(closed, shut.Text(path));
            Assert.Equal(open + 1, OpenOf(homes.Prod.Select(r => r == shut ? r.With(path, "Enabled") : r)).Count());
            Assert.Equal(open + 1, OpenOf(homes.Prod.Select(r => r == shut ? r.With(path, null) : r)).Count());
        }
    }

    [Fact]
    public void Of_the_apps_the_pages_alone_are_reached_from_outside() =>
        Assert.Equal("worklist", Assert.Single(homes.Prod, r => r.Type == "Microsoft.App/containerApps" && r.Text("properties.configuration.ingress.external") == "true").Name);

    [Fact]
    public void What_the_follow_ups_write_down_denies_everybody_but_their_own_workflow()
    {
        var told = Assert.Single(homes.Prod, r => r.Type == "Microsoft.Storage/storageAccounts" && r.Text("properties.publicNetworkAccess") == "Enabled");
        var workflow = Assert.Single(homes.Prod, r => r.Type == "Microsoft.Logic/workflows");
        Assert.Equal("Deny", told.Text("properties.networkAcls.defaultAction"));
        Assert.Equal("None", told.Text("properties.networkAcls.bypass"));
        var rule = Assert.Single(told.At("properties.networkAcls.resourceAccessRules")!.AsArray());
        Assert.Equal(workflow.Id, rule!["resourceId"]!.GetValue<string>());
        Assert.Single(workflow.At("properties.accessControl.triggers.allowedCallerIpAddresses")!.AsArray());
        Assert.Contains("Microsoft.Network/publicIPAddresses", workflow.Text("properties.accessControl.triggers.allowedCallerIpAddresses"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("dev")]
    [InlineData("prod")]
    public void Tls_is_1_2_at_least_everywhere(string stage)
    {
        Assert.Empty(WeakOf(homes.Of(stage)));
        foreach (var (type, path, _) in s_tls)
        {
            Assert.NotEmpty(WeakOf(homes.Of(stage).Select(r => r.Type == type ? r.With(path, "TLS1_0") : r)));
            Assert.NotEmpty(WeakOf(homes.Of(stage).Select(r => r.Type == type ? r.With(path, null) : r)));
        }
    }

    [Fact]
    public void Each_service_that_is_closed_has_a_private_endpoint_whose_names_are_in_private_dns()
    {
        var endpoints = homes.Prod.Where(r => r.Type == "Microsoft.Network/privateEndpoints").ToArray();
        string[] closed = [.. homes.Prod
            .Where(r => s_doors.Any(d => d.Type == r.Type && d.Path.EndsWith("publicNetworkAccess", StringComparison.Ordinal)) && r.Text("properties.publicNetworkAccess") == "Disabled" && !r.Name.Contains('/'))
            .Select(r => r.Id)];
        Assert.NotEmpty(closed);
        Assert.All(closed, id => Assert.Contains(endpoints, e => e.Text("properties.privateLinkServiceConnections")!.Contains(id, StringComparison.Ordinal)));
        var zones = homes.Prod.Where(r => r.Type == "Microsoft.Network/privateDnsZones").Select(r => r.Name).ToArray();
        var linked = homes.Prod.Where(r => r.Type == "Microsoft.Network/privateDnsZones/virtualNetworkLinks").ToArray();
        Assert.Equal(zones.Length, linked.Length);
        Assert.All(endpoints, e => Assert.Contains(homes.Prod, r => r.Type == "Microsoft.Network/privateEndpoints/privateDnsZoneGroups" && r.Name == e.Name + "/names"));
    }

    [Theory]
    [InlineData("lake", "blob")]
    [InlineData("lake", "dfs")] // Power BI
    [InlineData("files", "blob")]
    [InlineData("files", "file")] // the training workspace wants both of its storage
    public void Storage_is_reached_from_within_by_each_service_that_is_used(string storage, string service)
    {
        var account = homes.Prod.Single(r => r.Type == "Microsoft.Storage/storageAccounts" && r.Name.Contains(storage, StringComparison.Ordinal));
        var connections = homes.Prod.Where(r => r.Type == "Microsoft.Network/privateEndpoints").Select(r => (r.Name, Json: r.At("properties.privateLinkServiceConnections")![0]!["properties"]!));
        var (endpoint, _) = Assert.Single(connections, c => c.Json["privateLinkServiceId"]!.GetValue<string>() == account.Id && c.Json["groupIds"]![0]!.GetValue<string>() == service);
        var names = homes.Prod.Single(r => r.Type == "Microsoft.Network/privateEndpoints/privateDnsZoneGroups" && r.Name == endpoint + "/names");
        Assert.Contains($"privatelink.{service}.", names.Json.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_training_workspace_is_let_into_its_storage()
    {
        var files = homes.Prod.Single(r => r.Type == "Microsoft.Storage/storageAccounts" && r.Name.Contains("files", StringComparison.Ordinal));
        Assert.Equal(homes.Prod.Single(r => r.Type == "Microsoft.MachineLearningServices/workspaces").Id, Assert.Single(files.At("properties.networkAcls.resourceAccessRules")!.AsArray())!["resourceId"]!.GetValue<string>());
        Assert.Equal("AzureServices", files.Text("properties.networkAcls.bypass"));
    }

    /// <summary>What is open, as the page calls it: by type, and storage by what it is for.</summary>
    internal static IEnumerable<string> OpenOf(IEnumerable<PredictedResource> home) => home
        .Where(r => s_doors.Any(d => d.Type == r.Type && r.Text(d.Path) != d.Closed) || r.Text("properties.publicNetworkAccess") == "Enabled" || r.Text("properties.allowBlobPublicAccess") == "true")
        .Select(r => r.Type == "Microsoft.Storage/storageAccounts" ? $"{r.Type} {(r.Name.Contains("told", StringComparison.Ordinal) ? "told" : r.Name)}" : r.Type);

    internal static IEnumerable<string> WeakOf(IEnumerable<PredictedResource> home) =>
        from r in home from tls in s_tls where tls.Type == r.Type && r.Text(tls.Path) != tls.Value select $"{r}: {tls.Path}";
}
