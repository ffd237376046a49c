using System.Reflection;
using System.Security.Cryptography;
using Azure.Identity;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Tests.Documents;
using RemoteMonitoring.Storage.Tests.Lake;

namespace RemoteMonitoring.Storage.Tests;

/// <summary>
/// The contracts against the accounts that the environment names: <c>RMON_TEST_BLOBS</c> (the URL of a container, or a connection string whose
/// account has the container <c>rmon-test</c>) and <c>RMON_TEST_COSMOS</c> (an account's URL, or a connection string, and the database
/// <c>rmon-test</c>, which is emptied). Where they are not named, there are no such tests.
/// </summary>
public sealed class RealAccountTests
{
    private const string Blobs = "RMON_TEST_BLOBS";
    private const string Cosmos = "RMON_TEST_COSMOS";

    [Fact]
    public void Each_contract_has_promises_that_can_be_called_one_by_one()
    {
        Assert.True(Promises<LakeContract>().Count() > 15);
        Assert.True(Promises<DocumentsContract>().Count() > 20);
    }

    [FactIfSet(Blobs)]
    public Task A_lake_in_the_account_of_the_environment_keeps_its_contract() => AllAsync<LakeContract>(() => new RealLake(Environment.GetEnvironmentVariable(Blobs)!));

    [FactIfSet(Cosmos)]
    public Task Documents_in_the_account_of_the_environment_keep_their_contract() =>
        AllAsync<DocumentsContract>(() => new RealDocuments(Environment.GetEnvironmentVariable(Cosmos)!));

    private static IEnumerable<(MethodInfo Method, object?[] Arguments)> Promises<T>() => typeof(T).GetMethods()
        .Where(m => m.GetCustomAttribute<FactAttribute>() is not null)
        .SelectMany(m => m.GetCustomAttributes<InlineDataAttribute>().SelectMany(d => d.GetData(m)).DefaultIfEmpty([]).Select(a => (m, (object?[])a)));

    /// <summary>All promises, and then one failure that names each that is broken.</summary>
    private static async Task AllAsync<T>(Func<T> make)
    {
        var broken = new List<string>();
        foreach (var (method, arguments) in Promises<T>())
        {
            var contract = make();
            try
            {
                await ((IRealAccount)contract!).BeginAsync();
                await (Task)method.Invoke(contract, arguments)!;
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                broken.Add($"{method.Name}({string.Join(", ", arguments)}): {e.GetBaseException().Message}");
            }
        }

        Assert.True(broken.Count == 0, string.Join("\n", broken));
    }

    private interface IRealAccount
    {
        Task BeginAsync();
    }

    private sealed class RealLake(string account) : LakeContract, IRealAccount
    {
        private readonly string _folder = "test-" + RandomNumberGenerator.GetHexString(16, lowercase: true);

        public Task BeginAsync() => ((LakeBlobs)Open()).EnsureCreatedAsync(default);

        protected override Storage.Lake.Lake Open() => account.StartsWith("https://", StringComparison.Ordinal)
            ? LakeBlobs.At(new Uri(account), new DefaultAzureCredential(), _folder)
            : LakeBlobs.WithConnectionString(account, "rmon-test", _folder);
    }

    private sealed class RealDocuments(string account) : DocumentsContract, IRealAccount
    {
        private static readonly string[] s_containers = ["c", "d", "e"];

        public async Task BeginAsync()
        {
            await using var documents = (CosmosDocuments)Open();
            await documents.EnsureCreatedAsync(s_containers, default);
            foreach (var container in s_containers)
            {
                await documents.DeleteAllAsync(container, default);
            }
        }

        protected override DocumentStore Open() => account.StartsWith("https://", StringComparison.Ordinal)
            ? CosmosDocuments.At(new Uri(account), new DefaultAzureCredential(), "rmon-test")
            : CosmosDocuments.WithConnectionString(account, "rmon-test");
    }
}
