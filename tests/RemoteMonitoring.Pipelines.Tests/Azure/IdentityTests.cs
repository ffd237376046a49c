using System.Text.RegularExpressions;

namespace RemoteMonitoring.Pipelines.Tests.Azure;

[Collection(EvaluatedHomes.Name)]
public sealed partial class IdentityTests(AzureHomes homes)
{
    /// <summary>What a scope is called on the page, by the end of its id.</summary>
    private static readonly (string Ending, string Words)[] s_scopes =
    [
        ("/blobServices/default/containers/home$", "container home"),
        ("/tableServices/default/tables/told$", "table told"),
        ("/dbs/rmon-ward$", "database of the cohort"),
        ("/eventhubs/telemetry$", "event hub telemetry"),
        ("/vaults/[^/]+/secrets/([^/]+)$", "secret $1"),
        ("/registries/[^/]+$", "registry"),
        ("/components/[^/]+$", "Application Insights"),
        ("/storageAccounts/[a-z0-9]+host[a-z0-9]+$", "storage of the task hub"),
        ("/storageAccounts/[a-z0-9]+files[a-z0-9]+$", "storage of trainings"),
        ("/workspaces/[^/]+-ml$", "training workspace"),
        ("/IotHubs/[^/]+$", "IoT Hub"),
    ];

    [Theory]
    [InlineData("dev")]
    [InlineData("prod")]
    public void Each_identity_has_just_the_roles_of_the_page(string stage)
    {
        var page = MarkdownTable.Read("pipelines/azure/README.md", "identity", "role", "on").Select(row => string.Join(" | ", row)).Order(StringComparer.Ordinal).ToArray();
        Assert.Equal(page.Distinct(), page);
        Assert.Equal(page, RolesOf(homes.Of(stage)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_role_more_another_role_and_a_wider_scope_are_found()
    {
        var page = RolesOf(homes.Prod).Order(StringComparer.Ordinal).ToArray();
        var one = homes.Prod.First(IsRole);
        Assert.NotEqual(page, RolesOf(homes.Prod.Where(r => r != one)).Order(StringComparer.Ordinal));
        Assert.NotEqual(page, RolesOf(homes.Prod.Select(r => r == one ? r.With("properties.roleDefinitionId", "/x/b24988ac-6180-42a0-ab88-20f7382dd24c") : r)).Order(StringComparer.Ordinal));
        Assert.NotEqual(page, RolesOf(homes.Prod.Select(r => r == one ? one with { Id = "/subscriptions/a/resourceGroups/rg/providers/Microsoft.Authorization/roleAssignments/x" } : r)).Order(StringComparer.Ordinal));
        Assert.NotEqual(page, RolesOf(homes.Prod.Select(r => r == one ? r.With("properties.principalId", "someone else") : r)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Each_program_runs_as_the_identity_that_has_its_name()
    {
        foreach (var (resource, identity) in ((string, string)[])[("worker", "worker"), ("worklist", "worklist")])
        {
            Assert.EndsWith($"-{identity}", Assert.Single(homes.Prod.Single(r => r.Name == resource).At("identity.userAssignedIdentities")!.AsObject()).Key, StringComparison.Ordinal);
        }

        foreach (var (type, identity) in ((string, string)[])[
            ("Microsoft.Web/sites", "functions"), ("Microsoft.Logic/workflows", "followups"), ("Microsoft.Devices/IotHubs", "hub"),
            ("Microsoft.Devices/provisioningServices", "provisioning"), ("Microsoft.MachineLearningServices/workspaces/computes", "ml")])
        {
            Assert.EndsWith($"-{identity}", Assert.Single(homes.Prod.Single(r => r.Type == type).At("identity.userAssignedIdentities")!.AsObject()).Key, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Programs_are_told_the_client_of_their_own_identity() => Assert.All(
        homes.Prod.Where(r => r.Type is "Microsoft.Web/sites/config" or "Microsoft.App/containerApps"),
        r => Assert.Contains($"-{(r.Type == "Microsoft.Web/sites/config" ? "functions" : r.Name)}'", AppSettings.Of(r).Single(s => s.Name == "AZURE_CLIENT_ID").Value, StringComparison.Ordinal));

    private static bool IsRole(PredictedResource resource) => resource.Type is "Microsoft.Authorization/roleAssignments" or "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments";

    /// <summary>Identity, role and scope of all role assignments, as the page writes them.</summary>
    internal static IEnumerable<string> RolesOf(IEnumerable<PredictedResource> home)
    {
        var names = RoleOfBicep().Matches(Repository.Read("pipelines/azure/modules/roles.bicep")).ToDictionary(m => m.Groups["id"].Value, m => m.Groups["name"].Value);
        names["00000000-0000-0000-0000-000000000002"] = "Cosmos DB Built-in Data Contributor";
        foreach (var role in home.Where(IsRole))
        {
            var identity = Principal().Match(role.Text("properties.principalId")!) is { Success: true } match ? match.Groups[1].Value : "?";
            var id = role.Text("properties.roleDefinitionId")!.Split('/')[^1];
            var scope = role.Text("properties.scope") ?? role.Scope;
            var words = s_scopes.Select(s => Regex.Match(scope, s.Ending) is { Success: true } found ? found.Result(s.Words) : null).FirstOrDefault(w => w is not null) ?? scope;
            yield return $"{identity} | {names.GetValueOrDefault(id, id)} | {words}";
        }
    }

    [GeneratedRegex(@"^\[reference\('[^']+/userAssignedIdentities/rmon-(?:dev|prod)-(\w+)', '[^']+'\)\.principalId\]$")]
    private static partial Regex Principal();

    [GeneratedRegex(@"^  '?(?<name>[A-Z][^':]+)'?: '(?<id>[0-9a-f-]{36})'$", RegexOptions.Multiline)]
    private static partial Regex RoleOfBicep();
}
