using Microsoft.Azure.Cosmos;
using RemoteMonitoring.Storage.Documents;

namespace RemoteMonitoring.Storage.Tests.Documents.Cosmos;

/// <summary>The contract through the real client, against the double of its gateway.</summary>
[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "xunit calls DisposeAsync")]
public sealed class CosmosDocumentsTests : DocumentsContract, IAsyncLifetime
{
    private const string Database = "rmon-test";

    private readonly GatewayDouble _gateway = new(TimeProvider.System);

    public async Task InitializeAsync()
    {
        await using var documents = (CosmosDocuments)Open();
        await documents.EnsureCreatedAsync(["c", "d", "e"], default);
    }

    public Task DisposeAsync()
    {
        _gateway.Dispose();
        return Task.CompletedTask;
    }

    [Fact]
    public async Task Every_container_that_the_program_names_is_made_and_keeps_documents()
    {
        Assert.Equal(typeof(Containers).GetFields().Where(f => f.IsLiteral).Select(f => (string)f.GetRawConstantValue()!).Order(StringComparer.Ordinal), Containers.All.Order(StringComparer.Ordinal));
        await using var documents = (CosmosDocuments)Open();
        await documents.EnsureCreatedAsync(Containers.All, default);
        await documents.EnsureCreatedAsync(Containers.All, default);
        foreach (var container in Containers.All)
        {
            var document = new Document { PartitionKey = "2026-11-23", Id = "a user/of the ward", Body = "{}" };
            Assert.NotNull(await documents.TryCreateAsync(container, document, default));
            Assert.Equal(document.Id, Assert.Single(await documents.ListAsync(container, document.PartitionKey, default)).Id);
        }
    }

    protected override DocumentStore Open() => Through(_gateway);

    internal static CosmosDocuments Through(GatewayDouble gateway, TimeProvider? time = null) => new(
        options =>
        {
            options.HttpClientFactory = () => new HttpClient(gateway, disposeHandler: false);
            return new CosmosClient(GatewayDouble.Endpoint, Convert.ToBase64String(new byte[64]), options);
        },
        Database,
        time,
        TimeSpan.FromMilliseconds(1));
}
