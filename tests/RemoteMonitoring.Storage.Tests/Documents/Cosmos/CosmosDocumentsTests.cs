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
