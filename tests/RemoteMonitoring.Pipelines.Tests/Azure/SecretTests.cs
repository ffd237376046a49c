using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace RemoteMonitoring.Pipelines.Tests.Azure;

[Collection(EvaluatedHomes.Name)]
public sealed partial class SecretTests(AzureHomes homes)
{
    /// <summary>What lets nobody in by a key, for each kind of resource that could.</summary>
    private static readonly (string Type, string Path, string Value)[] s_keyless =
    [
        ("Microsoft.Storage/storageAccounts", "properties.allowSharedKeyAccess", "false"),
        ("Microsoft.DocumentDB/databaseAccounts", "properties.disableLocalAuth", "true"),
        ("Microsoft.DocumentDB/databaseAccounts", "properties.disableKeyBasedMetadataWriteAccess", "true"),
        ("Microsoft.EventHub/namespaces", "properties.disableLocalAuth", "true"),
        ("Microsoft.Devices/IotHubs", "properties.disableLocalAuth", "true"),
        ("Microsoft.ContainerRegistry/registries", "properties.adminUserEnabled", "false"),
        ("Microsoft.OperationalInsights/workspaces", "properties.features.disableLocalAuth", "true"),
        ("Microsoft.Insights/components", "properties.DisableLocalAuth", "true"),
        ("Microsoft.KeyVault/vaults", "properties.enableRbacAuthorization", "true"),
        ("Microsoft.KeyVault/vaults", "properties.enablePurgeProtection", "true"),
        ("Microsoft.Web/sites/basicPublishingCredentialsPolicies", "properties.allow", "false"),
        ("Microsoft.MachineLearningServices/workspaces", "properties.systemDatastoresAuthMode", "Identity"),
        ("Microsoft.MachineLearningServices/workspaces/computes", "properties.disableLocalAuth", "true"),
    ];

    [Theory]
    [InlineData("dev")]
    [InlineData("prod")]
    public void No_key_lets_anybody_in(string stage)
    {
        Assert.Empty(KeyedOf(homes.Of(stage)));
        foreach (var (type, path, _) in s_keyless)
        {
            Assert.NotEmpty(KeyedOf(homes.Of(stage).Select(r => r.Type == type ? r.With(path, null) : r)));
        }
    }

    [Fact]
    public void The_template_asks_for_no_key()
    {
        Assert.Empty(AsksForKeys().Matches(homes.Template).Select(m => m.Value));
        Assert.NotEmpty(AsksForKeys().Matches("""{"value": "[listKeys(resourceId('Microsoft.Storage/storageAccounts', 'a'), '2024-01-01').keys[0].value]"}"""));
        Assert.NotEmpty(AsksForKeys().Matches("""{"value": "[listCallbackUrl(resourceId('Microsoft.Logic/workflows/triggers', 'a', 'b'), '2019-05-01').value]"}"""));
    }

    [Theory]
    [InlineData("dev")]
    [InlineData("prod")]
    public void No_secret_is_made_by_the_template_and_no_setting_or_output_holds_one(string stage)
    {
        Assert.DoesNotContain(homes.Of(stage), r => r.Type == "Microsoft.KeyVault/vaults/secrets");
        Assert.Empty(homes.Of(stage).SelectMany(SecretsIn));
        var template = JsonNode.Parse(homes.Template)!;
        Assert.DoesNotContain(template["outputs"]!.AsObject(), o => HoldsKey().IsMatch(o.Value!["value"]!.ToJsonString()) || o.Value["type"]!.GetValue<string>().StartsWith("secure", StringComparison.Ordinal));
        Assert.DoesNotContain(template["parameters"]!.AsObject(), p => p.Key.Contains("secret", StringComparison.OrdinalIgnoreCase) || p.Value!["type"]?.GetValue<string>().StartsWith("secure", StringComparison.Ordinal) == true);
    }

    [Fact]
    public void A_setting_that_holds_a_key_is_found()
    {
        var settings = homes.Prod.Single(r => r.Type == "Microsoft.Web/sites/config");
        Assert.NotEmpty(SecretsIn(settings.With("properties.AzureWebJobsStorage", "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=b;")));
        Assert.NotEmpty(SecretsIn(settings.With("properties.RMON_EVENTHUBS", "Endpoint=sb://a.servicebus.windows.net/;SharedAccessKeyName=a;SharedAccessKey=b")));
        Assert.NotEmpty(SecretsIn(settings.With("properties.RMON_ERASURE_KEY", new string('a', 64))));
        var app = homes.Prod.Single(r => r.Name == "worklist");
        Assert.NotEmpty(SecretsIn(app.With("properties.configuration.secrets", new JsonArray(new JsonObject { ["name"] = "oidc-client-secret", ["value"] = "x" }))));
    }

    [Fact]
    public void Each_secret_that_a_program_may_read_is_made_by_the_script_or_brought_by_people_and_stands_on_the_page()
    {
        var read = homes.Prod.Where(r => r.Type == "Microsoft.Authorization/roleAssignments" && r.Scope.Contains("/secrets/", StringComparison.Ordinal)).Select(r => r.Scope.Split('/')[^1]).Distinct().Order(StringComparer.Ordinal).ToArray();
        var page = MarkdownTable.Read("pipelines/azure/README.md", "secret", "made by", "what for").Select(row => row[0]).Order(StringComparer.Ordinal);
        Assert.Equal(page, read);
        var script = Repository.Read("pipelines/azure/deploy.sh");
        Assert.All(read, name => Assert.Matches($@"\b{name}\b", script));
    }

    internal static IEnumerable<string> KeyedOf(IEnumerable<PredictedResource> home) =>
        from r in home from key in s_keyless where key.Type == r.Type && r.Text(key.Path) != key.Value select $"{r}: {key.Path}";

    /// <summary>Settings and secrets of a resource that are a value and not the name of a place.</summary>
    private static IEnumerable<string> SecretsIn(PredictedResource resource)
    {
        foreach (var secret in resource.At("properties.configuration.secrets")?.AsArray() ?? [])
        {
            if (secret!["value"] is not null || secret["keyVaultUrl"]?.GetValue<string>().Contains("Microsoft.KeyVault/vaults", StringComparison.Ordinal) != true)
            {
                yield return $"{resource}: secret {secret["name"]}";
            }
        }

        foreach (var (name, value) in AppSettings.Of(resource).Where(s => s.Value is not null && (HoldsKey().IsMatch(s.Value) || (SecretName().IsMatch(s.Name) && !s.Value.Contains("Microsoft.KeyVault/vaults", StringComparison.Ordinal)))))
        {
            yield return $"{resource}: setting {name}: {value}";
        }
    }

    [GeneratedRegex("AccountKey=|SharedAccessKey|InstrumentationKey=|sig=|primaryMasterKey|primaryKey|AccessKey")]
    private static partial Regex HoldsKey();

    [GeneratedRegex("_(KEY|SECRET|PASSWORD|FOLLOW_UPS)$")]
    private static partial Regex SecretName();

    // In an expression of the template; the workflow's own language has a function listCallbackUrl() too, for its own actions.
    [GeneratedRegex("""\[[^"]*\blist(?!CallbackUrl\(\)\})[A-Z]\w*\(""")]
    private static partial Regex AsksForKeys();
}
