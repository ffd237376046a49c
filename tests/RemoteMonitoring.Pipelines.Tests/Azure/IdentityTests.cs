using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using RemoteMonitoring.Storage.Lake;

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
        var bounded = homes.Prod.First(r => r.At("properties.condition") is not null);
        Assert.NotEqual(page, RolesOf(homes.Prod.Select(r => r == bounded ? r.With("properties.condition", null) : r)).Order(StringComparer.Ordinal));
        Assert.NotEqual(page, RolesOf(homes.Prod.Select(r => r == bounded ? r.With("properties.condition", bounded.Text("properties.condition")!.Replace("'ward/", "'", StringComparison.Ordinal)) : r)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Each_program_runs_as_the_identity_that_has_its_name()
    {
        foreach (var (resource, identity) in ((string, string)[])[("worker", "worker"), ("worklist", "worklist")])
        {
            Assert.EndsWith($"-{identity}", Assert.Single(homes.Prod.Single(r => r.Name == resource).At("identity.userAssignedIdentities")!.AsObject()).Key, StringComparison.Ordinal);
        }

        foreach (var (type, identity) in ((string, string)[])[
            ("Microsoft.Web/sites", "functions"), ("Microsoft.Devices/IotHubs", "hub"),
            ("Microsoft.Devices/provisioningServices", "provisioning"), ("Microsoft.MachineLearningServices/workspaces/computes", "ml")])
        {
            Assert.EndsWith($"-{identity}", Assert.Single(homes.Prod.Single(r => r.Type == type).At("identity.userAssignedIdentities")!.AsObject()).Key, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_workflow_and_the_rule_that_lets_it_into_storage_go_by_its_own_identity()
    {
        // Storage is documented to let an instance of a service in by that kind.
        Assert.Equal("SystemAssigned", homes.Prod.Single(r => r.Type == "Microsoft.Logic/workflows").Text("identity.type"));
        var workflow = JsonNode.Parse(Repository.Read("pipelines/logicapps/follow-up.workflow.json"))!.ToJsonString();
        Assert.Contains("ManagedServiceIdentity", workflow, StringComparison.Ordinal);
        Assert.DoesNotContain("\"identity\"", workflow, StringComparison.Ordinal);
    }

    [Fact]
    public void Machines_that_train_reach_the_files_of_a_training_and_no_readings()
    {
        var bounds = homes.Prod.Where(r => r.At("properties.condition") is not null).ToDictionary(r => r.Text("properties.roleDefinitionId")!.Split('/')[^1], r => r.Text("properties.condition")!);
        var (reads, writes) = (bounds["2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"], bounds["ba92f5b4-2d11-453d-a403-e96b0029c9fe"]);
        bool Is(string condition, string path) => Regex.IsMatch($"ward/{path}", $"^{Regex.Escape(Bound().Match(condition).Groups[1].Value).Replace(@"\*", ".*", StringComparison.Ordinal)}$");
        Assert.True(Is(reads, LakePaths.Features("home", "snapshots", "admission-7d-1")));
        Assert.True(Is(writes, LakePaths.Work("run", "trained/model.txt")));
        string[] others = [LakePaths.Bronze(new StreamPartition("hub", "1", 0), 0), LakePaths.Predictions("20250101T000000Z", "run", 0), "ledger/1.json", "models/admission-7d/1/model.txt"];
        Assert.All(others, path => Assert.False(Is(reads, path) || Is(writes, path), path));
        // What is not named in the condition is not bound by it.
        foreach (var operation in (string[])["read'} AND NOT SubOperationMatches{'Blob.List'}", "write'}", "add/action'}", "delete'}", "move/action'}"])
        {
            Assert.All(bounds.Values, condition => Assert.Contains($"!(ActionMatches{{'Microsoft.Storage/storageAccounts/blobServices/containers/blobs/{operation})", condition, StringComparison.Ordinal));
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
            var principal = role.Text("properties.principalId")!;
            var identity = Principal().Match(principal) is { Success: true } match ? match.Groups[1].Value : Workflow().IsMatch(principal) ? "followups" : "?";
            var id = role.Text("properties.roleDefinitionId")!.Split('/')[^1];
            var scope = role.Text("properties.scope") ?? role.Scope;
            var words = s_scopes.Select(s => Regex.Match(scope, s.Ending) is { Success: true } found ? found.Result(s.Words) : null).FirstOrDefault(w => w is not null) ?? scope;
            var bound = role.Text("properties.condition") is { } condition ? $", below {Bound().Match(condition).Groups[1].Value.Replace("ward/", "COHORT/", StringComparison.Ordinal)}" : "";
            yield return $"{identity} | {names.GetValueOrDefault(id, id)} | {words}{bound}";
        }
    }

    [GeneratedRegex(@"^\[reference\('[^']+/userAssignedIdentities/rmon-(?:dev|prod)-(\w+)', '[^']+'\)\.principalId\]$")]
    private static partial Regex Principal();

    [GeneratedRegex(@"^\[reference\('[^']+/Microsoft\.Logic/workflows/rmon-(?:dev|prod)-follow-ups', '[^']+', 'full'\)\.identity\.principalId\]$")]
    private static partial Regex Workflow();

    [GeneratedRegex(@"containers/blobs:path\] StringLike '([^']+)'\)\)$")]
    private static partial Regex Bound();

    [GeneratedRegex(@"^  '?(?<name>[A-Z][^':]+)'?: '(?<id>[0-9a-f-]{36})'$", RegexOptions.Multiline)]
    private static partial Regex RoleOfBicep();
}
