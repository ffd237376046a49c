using YamlDotNet.Serialization;

namespace RemoteMonitoring.Pipelines.Tests.Azure;

/// <summary>What <c>azd up</c> goes by.</summary>
[Collection(EvaluatedHomes.Name)]
public sealed class AzdTests(AzureHomes homes)
{
    private static readonly Dictionary<object, object> s_azure = new DeserializerBuilder().Build().Deserialize<Dictionary<object, object>>(Repository.Read("azure.yaml"));

    private static Dictionary<object, object> Services => (Dictionary<object, object>)s_azure["services"];

    [Fact]
    public void Each_service_has_one_resource_with_its_tag_and_each_tag_a_service()
    {
        var tagged = homes.Dev.Where(r => r.Text("tags.azd-service-name") is not null).ToDictionary(r => r.Text("tags.azd-service-name")!, r => r.Type);
        Assert.Equal(Services.Keys.Cast<string>().Order(StringComparer.Ordinal), tagged.Keys.Order(StringComparer.Ordinal));
        Assert.All(Services, s => Assert.Equal(
            ((Dictionary<object, object>)s.Value)["host"] is "function" ? "Microsoft.Web/sites" : "Microsoft.App/containerApps", tagged[(string)s.Key]));
    }

    [Fact]
    public void What_it_names_is_there()
    {
        var infra = (Dictionary<object, object>)s_azure["infra"];
        Assert.True(File.Exists(Repository.PathOf($"{infra["path"]}/{infra["module"]}.bicep")));
        Assert.True(File.Exists(Repository.PathOf($"{infra["path"]}/{infra["module"]}.bicepparam")));
        foreach (var service in Services.Values.Cast<Dictionary<object, object>>())
        {
            Assert.True(Directory.Exists(Repository.PathOf((string)service["project"])));
            Assert.True(service.GetValueOrDefault("docker") is not Dictionary<object, object> docker || File.Exists(Repository.PathOf((string)docker["path"])));
        }
    }

    [Fact]
    public void The_home_is_found_by_the_name_of_its_environment() =>
        Assert.Equal("rmon-dev", homes.Dev.Single(r => r.Type == "Microsoft.Resources/resourceGroups").Text("tags.azd-env-name"));
}
