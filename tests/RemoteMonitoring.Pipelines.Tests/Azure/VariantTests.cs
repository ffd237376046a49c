namespace RemoteMonitoring.Pipelines.Tests.Azure;

/// <summary>Homes that the parameter files do not describe: in the middle of a deployment, and with all that can be left out.</summary>
[Collection(EvaluatedHomes.Name)]
public sealed class VariantTests(AzureHomes homes)
{
    private static readonly string[] s_programs = ["Microsoft.App/containerApps", "Microsoft.App/managedEnvironments", "Microsoft.Web/sites", "Microsoft.Web/sites/config"];

    [Theory]
    [InlineData("dev")]
    [InlineData("prod")]
    public async Task The_first_of_two_deployments_has_no_program_and_gives_no_role_on_a_secret_and_lacks_nothing_else(string stage)
    {
        var first = await AzureHomes.OtherwiseAsync(stage, ("programs", "false"));
        Assert.DoesNotContain(first, r => s_programs.Contains(r.Type));
        Assert.DoesNotContain(first, r => r.Id.Contains("/secrets/", StringComparison.Ordinal));
        Assert.Contains(first, r => r.Type == "Microsoft.KeyVault/vaults");
        var later = homes.Of(stage).Select(r => r.Id).Except(first.Select(r => r.Id)).ToArray();
        Assert.Empty(first.Select(r => r.Id).Except(homes.Of(stage).Select(r => r.Id)));
        // What comes later is the programs, what is told of them, how they are reached, and the roles on secrets.
        Assert.All(later, id => Assert.Matches("/providers/Microsoft.(App|Web/(sites|serverfarms))/|/secrets/[^/]+/providers/Microsoft.Authorization/|/privateEndpoints/functions", id));
    }

    [Fact]
    public async Task With_all_that_can_be_left_out_it_holds_to_the_same()
    {
        var whole = await AzureHomes.OtherwiseAsync(
            "prod",
            ("powerBiAdministrators", "['ann@example.org']"),
            ("powerBiGateway", "true"),
            ("trainingImage", "'images.example.org/rmon-train:7'"),
            ("trainingImageVersion", "'7'"),
            ("schedules", "'{\"schemaVersion\":1,\"schedules\":[]}'"),
            ("teams", "{ group: 'g', channel: 'c' }"),
            ("mail", "{ to: 'ward@example.org', escalations: 'lead@example.org' }"),
            ("fhir", "{ url: 'https://fhir.example.org', audience: 'https://fhir.example.org', patientSystem: 'urn:example' }"));
        Assert.Contains(whole, r => r.Type == "Microsoft.PowerBIDedicated/capacities");
        string? Delegated(IReadOnlyList<PredictedResource> home) => home.Single(r => r.Type == "Microsoft.Network/virtualNetworks").At("properties.subnets")!.AsArray()
            .SingleOrDefault(s => s!["name"]!.GetValue<string>() == "reports")?["properties"]!["delegations"]![0]!["properties"]!["serviceName"]!.GetValue<string>();
        Assert.Equal("Microsoft.PowerPlatform/vnetaccesslinks", Delegated(whole));
        Assert.Null(Delegated(homes.Prod));
        Assert.Equal("images.example.org/rmon-train:7", whole.Single(r => r.Type == "Microsoft.MachineLearningServices/workspaces/environments/versions").Text("properties.image"));
        var settings = whole.Single(r => r.Type == "Microsoft.Web/sites/config");
        Assert.Equal("rmon:7", settings.Text("properties.RMON_AZUREML_ENVIRONMENT"));
        Assert.Equal("{\"schemaVersion\":1,\"schedules\":[]}", settings.Text("properties.RMON_SCHEDULES"));
        Assert.Empty(DiagnosticsTests.SilentOf(whole));
        Assert.Empty(NetworkTests.WeakOf(whole));
        Assert.Empty(SecretTests.KeyedOf(whole));
        Assert.Equal(NetworkTests.OpenOf(homes.Prod).Order(StringComparer.Ordinal), NetworkTests.OpenOf(whole).Order(StringComparer.Ordinal));
        Assert.Equal(IdentityTests.RolesOf(homes.Prod).Order(StringComparer.Ordinal), IdentityTests.RolesOf(whole).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Another_cohort_has_its_own_database_and_its_own_folder_of_the_lake()
    {
        var clinic = await AzureHomes.OtherwiseAsync("prod", ("cohort", "'clinic'"));
        Assert.EndsWith("/rmon-clinic", clinic.Single(r => r.Type == "Microsoft.DocumentDB/databaseAccounts/sqlDatabases").Name, StringComparison.Ordinal);
        Assert.DoesNotContain("home/ward/", clinic.Single(r => r.Type == "Microsoft.Storage/storageAccounts/managementPolicies").Json.ToJsonString(), StringComparison.Ordinal);
        Assert.All(clinic.Where(r => r.Type == "Microsoft.App/containerApps"), r => Assert.Contains("\"--cohort\",\"clinic\"", r.Json.ToJsonString(), StringComparison.Ordinal));
    }
}
