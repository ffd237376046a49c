using System.Text.Json.Nodes;
using YamlDotNet.Serialization;

namespace RemoteMonitoring.Pipelines.Tests.Azure;

/// <summary>Services are joined as the program and the files of other folders expect.</summary>
[Collection(EvaluatedHomes.Name)]
public sealed class ServicesTests(AzureHomes homes)
{
    private PredictedResource Hub => homes.Prod.Single(r => r.Type == "Microsoft.Devices/IotHubs");

    [Fact]
    public void What_devices_send_has_one_way_which_leads_by_identity_to_the_stream_that_the_worker_reads()
    {
        var endpoint = Assert.Single(Hub.At("properties.routing.endpoints.eventHubs")!.AsArray())!;
        var stream = homes.Prod.Single(r => r.Type == "Microsoft.EventHub/namespaces/eventhubs");
        Assert.Equal("identityBased", endpoint["authenticationType"]!.GetValue<string>());
        Assert.EndsWith("-hub", endpoint["identity"]!["userAssignedIdentity"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.EndsWith("/" + endpoint["entityPath"]!.GetValue<string>(), stream.Name, StringComparison.Ordinal);
        Assert.Null(endpoint["connectionString"]);
        var route = Assert.Single(Hub.At("properties.routing.routes")!.AsArray())!;
        Assert.Equal(("DeviceMessages", "true", true), (route["source"]!.GetValue<string>(), route["condition"]!.GetValue<string>(), route["isEnabled"]!.GetValue<bool>()));
        Assert.Equal(endpoint["name"]!.GetValue<string>(), Assert.Single(route["endpointNames"]!.AsArray())!.GetValue<string>());
        Assert.Equal("false", Hub.Text("properties.routing.fallbackRoute.isEnabled"));
        Assert.Equal("Standard", homes.Prod.Single(r => r.Type == "Microsoft.EventHub/namespaces").Text("sku.name")); // Basic has no Kafka endpoint
        string[] arguments = [.. homes.Prod.Single(r => r.Name == "worker").At("properties.template.containers")![0]!["args"]!.AsArray().Select(a => a!.GetValue<string>())];
        Assert.Equal(endpoint["entityPath"]!.GetValue<string>(), arguments[Array.IndexOf(arguments, "--topic") + 1]);
        Assert.Contains("serviceBusEndpoint", arguments[Array.IndexOf(arguments, "--kafka") + 1], StringComparison.Ordinal);
    }

    [Fact]
    public void Devices_are_handed_to_the_hub_by_identity()
    {
        var link = Assert.Single(homes.Prod.Single(r => r.Type == "Microsoft.Devices/provisioningServices").At("properties.iotHubs")!.AsArray())!.AsObject();
        Assert.Equal("UserAssigned", link["authenticationType"]!.GetValue<string>());
        Assert.False(link.ContainsKey("connectionString"));
    }

    [Theory]
    [InlineData("dev")]
    [InlineData("prod")]
    public void There_is_a_partition_for_each_worker_at_least(string stage)
    {
        var partitions = homes.Of(stage).Single(r => r.Type == "Microsoft.EventHub/namespaces/eventhubs").At("properties.partitionCount")!.GetValue<int>();
        Assert.True(homes.Of(stage).Single(r => r.Name == "worker").At("properties.template.scale.maxReplicas")!.GetValue<int>() <= partitions);
    }

    [Theory]
    [InlineData("dev", 2)]
    [InlineData("prod", 3)]
    public void The_page_says_how_many_there_are_of_each_app(string stage, int column)
    {
        foreach (var app in homes.Of(stage).Where(r => r.Type == "Microsoft.App/containerApps"))
        {
            var row = MarkdownTable.Read("pipelines/azure/README.md", "resource", "what for", "dev", "prod").Single(r => r[0] == $"Container App {app.Name}");
            var (least, most) = (app.Text("properties.template.scale.minReplicas"), app.Text("properties.template.scale.maxReplicas"));
            Assert.Equal(least == most ? least : $"{least} to {most} by load", row[column]);
        }
    }

    [Fact]
    public void The_pages_run_no_workflows_and_land_nothing() => Assert.Superset(new HashSet<string> { "--no-worker", "--no-workflows" }, ArgumentsOf("worklist"));

    /// <summary>A cohort of Azure is there once something of it lies in the lake, which in a new deployment nothing does; and its name is a parameter of the deployment, not typed at each start.</summary>
    [Theory]
    [InlineData("worker")]
    [InlineData("worklist")]
    public void A_new_deployment_begins_with_its_cohort(string app) => Assert.Superset(new HashSet<string> { "--cohort", "--make-cohort" }, ArgumentsOf(app));

    private HashSet<string> ArgumentsOf(string app) =>
        homes.Prod.Single(r => r.Name == app).At("properties.template.containers")![0]!["args"]!.AsArray().Select(a => a!.GetValue<string>()).ToHashSet(StringComparer.Ordinal);

    [Fact]
    public void An_activity_may_take_the_hour_that_the_host_grants()
    {
        Assert.Equal("FC1", homes.Prod.Single(r => r.Type == "Microsoft.Web/serverfarms").Text("sku.name")); // Consumption ends after ten minutes
        Assert.Equal("01:00:00", JsonNode.Parse(Repository.Read("orchestrations/RemoteMonitoring.Functions/host.json"))!["functionTimeout"]!.GetValue<string>());
        Assert.Equal("dotnet-isolated 10.0", $"{homes.Prod.Single(r => r.Type == "Microsoft.Web/sites").Text("properties.functionAppConfig.runtime.name")} {homes.Prod.Single(r => r.Type == "Microsoft.Web/sites").Text("properties.functionAppConfig.runtime.version")}");
    }

    [Fact]
    public void Steps_are_in_the_trace_of_their_orchestration_because_the_host_is_told_to_trace_it()
    {
        var tracing = JsonNode.Parse(Repository.Read("orchestrations/RemoteMonitoring.Functions/host.json"))!["extensions"]!["durableTask"]!["tracing"]!;
        Assert.Equal((true, "V2"), (tracing["distributedTracingEnabled"]!.GetValue<bool>(), tracing["version"]!.GetValue<string>()));
        Assert.Null(tracing["traceInputsAndOutputs"]); // inputs name patients
    }

    [Theory]
    [InlineData("job.yml", "compute")]
    [InlineData("pipeline.yml", "settings.default_compute")]
    public void Jobs_by_hand_name_the_cluster_the_datastore_and_the_environment_that_are_deployed(string file, string compute)
    {
        var yaml = Repository.Read($"pipelines/azureml/{file}");
        var job = new DeserializerBuilder().Build().Deserialize<Dictionary<object, object>>(yaml);
        var named = compute.Split('.').Aggregate((object)job, (node, name) => ((Dictionary<object, object>)node)[name]);
        var settings = homes.Prod.Single(r => r.Type == "Microsoft.Web/sites/config");
        Assert.Equal($"azureml:{settings.Text("properties.RMON_AZUREML_COMPUTE")}", named);
        Assert.Contains($"azureml://datastores/{settings.Text("properties.RMON_AZUREML_DATASTORE")}/", yaml, StringComparison.Ordinal);
        Assert.Contains($"azureml:{settings.Text("properties.RMON_AZUREML_ENVIRONMENT")!.Split(':')[0]}@latest", Repository.Read("pipelines/azureml/job.yml"), StringComparison.Ordinal);
        var cluster = homes.Prod.Single(r => r.Type == "Microsoft.MachineLearningServices/workspaces/computes");
        Assert.EndsWith("/" + settings.Text("properties.RMON_AZUREML_COMPUTE"), cluster.Name, StringComparison.Ordinal);
        Assert.Equal("0", cluster.Text("properties.properties.scaleSettings.minNodeCount"));
        Assert.Equal("None", homes.Prod.Single(r => r.Type == "Microsoft.MachineLearningServices/workspaces/datastores").Text("properties.credentials.credentialsType"));
    }

    [Theory]
    [InlineData("dev")]
    [InlineData("prod")]
    public async Task What_trains_is_told_an_environment_that_is_there_and_nothing_while_there_is_no_image(string stage)
    {
        var version = homes.Of(stage).Single(r => r.Type == "Microsoft.MachineLearningServices/workspaces/environments/versions");
        Assert.Equal("images.example.org/rmon-train:1", version.Text("properties.image"));
        var told = homes.Of(stage).Single(r => r.Type == "Microsoft.Web/sites/config").Text("properties.RMON_AZUREML_ENVIRONMENT")!;
        Assert.EndsWith("/" + told.Replace(':', '/'), version.Name, StringComparison.Ordinal);

        var without = await AzureHomes.OtherwiseAsync(stage, ("trainingImage", "''"));
        Assert.DoesNotContain(without, r => r.Type.StartsWith("Microsoft.MachineLearningServices/workspaces/environments", StringComparison.Ordinal));
        Assert.DoesNotContain(AppSettings.ByProgram(without)["functions"], name => name.StartsWith("RMON_AZUREML", StringComparison.Ordinal));
    }

    [Fact]
    public void Defender_watches_what_is_there_and_leaves_plans_alone_that_are_not_asked_for()
    {
        var plans = homes.Prod.Where(r => r.Type == "Microsoft.Security/pricings").ToDictionary(r => r.Name, r => r.Text("properties.pricingTier"));
        Assert.Equal(["Api", "CosmosDbs", "KeyVaults", "StorageAccounts"], plans.Keys.Order(StringComparer.Ordinal));
        Assert.All(plans, plan => Assert.Equal("Standard", plan.Value));
        Assert.DoesNotContain(homes.Dev, r => r.Type == "Microsoft.Security/pricings"); // 'Free' would switch off what somebody else bought
        Assert.All((string[])["dev", "prod"], stage => Assert.Contains(homes.Of(stage), r => r.Type == "Microsoft.Security/iotSecuritySolutions"));
    }
}
