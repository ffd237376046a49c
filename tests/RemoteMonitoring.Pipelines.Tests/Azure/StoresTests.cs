using System.Text.Json.Nodes;
using Microsoft.Azure.Cosmos;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Tests.Documents.Cosmos;

namespace RemoteMonitoring.Pipelines.Tests.Azure;

/// <summary>Documents and lake are made as the program expects them.</summary>
[Collection(EvaluatedHomes.Name)]
public sealed class StoresTests(AzureHomes homes)
{
    private const string Container = "Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers";

    [Fact]
    public async Task Containers_of_documents_are_those_that_the_program_would_make()
    {
        var made = await MadeByProgramAsync();
        Assert.Equal(Containers.All.Order(StringComparer.Ordinal), made.Keys.Order(StringComparer.Ordinal));
        foreach (var stage in (string[])["dev", "prod"])
        {
            Assert.Equal(
                made.Select(c => Said(c.Key, c.Value)).Order(StringComparer.Ordinal),
                homes.Of(stage).Where(r => r.Type == Container).Select(r => Said(r.Name.Split('/')[^1], r.At("properties.resource")!.AsObject())).Order(StringComparer.Ordinal));
        }
    }

    [Theory]
    [InlineData("properties.resource.defaultTtl", "3600")]
    [InlineData("properties.resource.partitionKey", """{"paths":["/id"],"kind":"Hash","version":2}""")]
    [InlineData("properties.resource.indexingPolicy", """{"indexingMode":"consistent","automatic":true,"includedPaths":[{"path":"/*"}],"excludedPaths":[]}""")]
    public async Task Another_time_to_live_partition_key_or_index_is_found(string path, string value)
    {
        var telemetry = homes.Prod.Single(r => r.Type == Container && r.Name.EndsWith("/telemetry", StringComparison.Ordinal)).With(path, JsonNode.Parse(value));
        Assert.NotEqual(Said("telemetry", (await MadeByProgramAsync())["telemetry"]), Said("telemetry", telemetry.At("properties.resource")!.AsObject()));
    }

    [Fact]
    public void The_database_is_the_one_that_the_program_opens_for_the_cohort_and_is_read_strongly()
    {
        Assert.EndsWith("/rmon-ward", homes.Prod.Single(r => r.Type == "Microsoft.DocumentDB/databaseAccounts/sqlDatabases").Name, StringComparison.Ordinal);
        var account = homes.Prod.Single(r => r.Type == "Microsoft.DocumentDB/databaseAccounts");
        Assert.Contains(account.Text("properties.consistencyPolicy.defaultConsistencyLevel"), (string[])["Strong", "BoundedStaleness"]);
        Assert.Equal("Continuous", account.Text("properties.backupPolicy.type"));
    }

    [Theory]
    [InlineData("dev")]
    [InlineData("prod")]
    public void The_lake_keeps_no_bytes_that_were_deleted(string stage)
    {
        var lake = homes.Of(stage).Single(r => r.Type == "Microsoft.Storage/storageAccounts" && r.Text("properties.isHnsEnabled") == "true");
        var blobs = homes.Of(stage).Single(r => r.Id == lake.Id + "/blobServices/default");
        Assert.Equal("false", blobs.Text("properties.isVersioningEnabled"));
        Assert.Equal("false", blobs.Text("properties.deleteRetentionPolicy.enabled"));
        Assert.Equal("false", blobs.Text("properties.containerDeleteRetentionPolicy.enabled"));
        Assert.Contains(homes.Of(stage), r => r.Type == "Microsoft.Authorization/locks" && r.Scope == lake.Id && r.Text("properties.level") == "CanNotDelete");
    }

    [Theory]
    [InlineData("dev")]
    [InlineData("prod")]
    public void Age_alone_deletes_nothing_of_the_lake_but_what_dead_runs_left_and_archives_nothing(string stage) => Assert.Empty(DangersOf(RulesOf(homes.Of(stage))));

    [Theory]
    [InlineData("gold/features/home/snapshots/", "delete")]
    [InlineData("ledger/", "delete")]
    [InlineData("models/", "delete")]
    [InlineData("bronze/reference/", "delete")]
    [InlineData("", "delete")]
    [InlineData("wor", "delete")]
    [InlineData("bronze/telemetry/", "tierToArchive")]
    [InlineData("bronze/reference/", "tierToCool")] // read from its beginning whenever a process starts
    [InlineData("models/", "tierToCool")]
    public void A_rule_that_takes_what_something_refers_to_is_found(string path, string action) => Assert.NotEmpty(DangersOf(
        [new JsonObject
        {
            ["name"] = "x",
            ["definition"] = new JsonObject
            {
                ["filters"] = new JsonObject { ["prefixMatch"] = new JsonArray($"home/ward/{path}") },
                ["actions"] = new JsonObject { ["baseBlob"] = new JsonObject { [action] = new JsonObject { ["daysAfterModificationGreaterThan"] = 90 } } },
            },
        }]));

    [Fact]
    public void Rules_name_folders_that_the_program_writes()
    {
        string[] written =
        [
            LakePaths.Bronze(new StreamPartition("hub", "1", 0), 0), LakePaths.Readings(new StreamPartition("hub", "1", 0), "stem", "g"), LakePaths.Predictions("20250101T000000Z", "run", 0),
            LakePaths.Shadow("20250101T000000Z", "run", "challenger", "0000"), LakePaths.Work("run", "name"),
        ];
        Assert.All(RulesOf(homes.Prod), rule => Assert.Contains(written, path => path.StartsWith(PathOf(rule), StringComparison.Ordinal)));
    }

    private static JsonNode[] RulesOf(IReadOnlyList<PredictedResource> home) =>
        [.. home.Single(r => r.Type == "Microsoft.Storage/storageAccounts/managementPolicies").At("properties.policy.rules")!.AsArray().Select(r => r!)];

    private static string PathOf(JsonNode rule)
    {
        var prefix = Assert.Single(rule["definition"]!["filters"]!["prefixMatch"]!.AsArray())!.GetValue<string>();
        return prefix.StartsWith("home/ward/", StringComparison.Ordinal) ? prefix["home/ward/".Length..] : "";
    }

    /// <summary>Rules that would take what something refers to, or make it unreadable or dear to read.</summary>
    private static IEnumerable<string> DangersOf(IEnumerable<JsonNode> rules)
    {
        string[] mayCool = [LakePaths.BronzeTelemetry + "/", "silver/", "gold/predictions/", "gold/shadow/"];
        foreach (var rule in rules)
        {
            var path = PathOf(rule);
            var actions = rule["definition"]!["actions"]!.AsObject();
            foreach (var (action, days) in actions.SelectMany(kind => kind.Key == "baseBlob" ? kind.Value!.AsObject() : throw new InvalidOperationException(kind.Key)).Where(a => a.Value is not null))
            {
                var age = days!["daysAfterModificationGreaterThan"]?.GetValue<int>() ?? 0;
                var isFine = action switch
                {
                    // A run waits for an approval for two weeks at the most.
                    "delete" => path == LakePaths.WorkFolder + "/" && age >= 30,
                    "tierToCool" => mayCool.Contains(path) && age >= 30,
                    _ => false,
                };
                if (!isFine)
                {
                    yield return $"{rule["name"]}: {action} of {path} after {age} days";
                }
            }
        }
    }

    /// <summary>What the program makes of a database where it may, told by the service it asked.</summary>
    private static async Task<IReadOnlyDictionary<string, JsonObject>> MadeByProgramAsync()
    {
        using var gateway = new GatewayDouble(TimeProvider.System);
        await using var documents = new CosmosDocuments(
            options =>
            {
                options.HttpClientFactory = () => new HttpClient(gateway, disposeHandler: false);
                return new CosmosClient(GatewayDouble.Endpoint, Convert.ToBase64String(new byte[64]), options);
            },
            "rmon-ward");
        await documents.EnsureCreatedAsync(Containers.All, default);
        return gateway.Made;
    }

    /// <summary>What matters of a container, in a line.</summary>
    private static string Said(string name, JsonObject container)
    {
        string Paths(string kind) => string.Join(',', container["indexingPolicy"]![kind]!.AsArray().Select(p => p!["path"]!.GetValue<string>()).Where(p => p != "/\"_etag\"/?").Order(StringComparer.Ordinal));
        return $"{name}: key {container["partitionKey"]!["paths"]!.ToJsonString()} {container["partitionKey"]!["kind"]} {container["partitionKey"]!["version"]}, time to live {container["defaultTtl"]}, "
            + $"{container["indexingPolicy"]!["indexingMode"]!.GetValue<string>().ToLowerInvariant()} index of {Paths("includedPaths")} without {Paths("excludedPaths")}";
    }
}
