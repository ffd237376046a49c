using System.Diagnostics;
using System.Security.Cryptography;
using Azure.Core.Pipeline;
using Azure.Security.KeyVault.Secrets;
using Azure.Storage.Blobs;
using Azure.Storage.Sas;
using Microsoft.Azure.Cosmos;
using RemoteMonitoring.Azurite;
using RemoteMonitoring.FaultyServices;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Tests.Documents.Cosmos;
using RemoteMonitoring.Storage.Tests.Lake;
using RemoteMonitoring.Vault;

namespace RemoteMonitoring.Storage.Tests.Retries;

/// <summary>
/// Key Vault, blobs and Cosmos DB through their real clients, signed in by tokens, over a socket that does what the operator's table
/// says: each fault once, and then for good.
/// </summary>
[Collection(SharedAzurite.Name)]
public sealed class StoresMeetFaultsTests(AzuriteFixture azurite)
{
    private const string Private = "patient-4711 sig=c2VjcmV0";

    private static readonly TimeSpan s_bound = TimeSpan.FromMinutes(1);

    public static TheoryData<string, string> KeyVault => FaultTable.Of("Key Vault");

    public static TheoryData<string, string> Blobs => FaultTable.Of("Blobs");

    public static TheoryData<string, string> CosmosDb => FaultTable.Of("Cosmos DB");

    [Theory]
    [MemberData(nameof(KeyVault))]
    public async Task Key_Vault_that_does_not_do_as_it_should(string fault, string outcome)
    {
        foreach (var stays in (bool[])[false, true])
        {
            using var vault = new FakeVault("the secret");
            var meets = FaultTable.Meet(fault, Private);
            await using var proxy = new FaultyProxy(vault, r => r.Number == 1 || (stays && r.Number > 1) ? meets : Fault.None);
            var credential = new CountingCredential();
            var url = $"https://v{RandomNumberGenerator.GetHexString(16, lowercase: true)}.vault.azure.net/secrets/blobs";
            var options = new SecretClientOptions { Transport = new HttpClientTransport(proxy.Handler()), Retry = { Delay = TimeSpan.FromMilliseconds(5), NetworkTimeout = FaultTable.Patience(fault) } };
            await HoldsAsync(outcome, stays, credential, () => proxy.Requests - 1, $"Blobs: the secret at {url} cannot be had (", Hint(fault, "Key Vault Secrets User", "there is no such secret"), async () =>
                Assert.Equal("the secret", await KeyVaultSecret.ResolveAsync(url, "Blobs", credential, options, default)));
        }
    }

    [Theory]
    [MemberData(nameof(Blobs))]
    public async Task Blobs_that_do_not_do_as_they_should(string fault, string outcome)
    {
        var name = await azurite.NewContainerAsync();
        var direct = new LakeBlobs(new BlobContainerClient(azurite.ConnectionString(), name, LakeBlobs.Options()));
        foreach (var stays in (bool[])[false, true])
        {
            var path = $"a/{stays}";
            using var service = new SignedIn(azurite, name);
            var meets = FaultTable.Meet(fault, Private, fault switch { "404" => "x-ms-error-code: BlobNotFound", "409" => "x-ms-error-code: BlobAlreadyExists", "412" => "x-ms-error-code: ConditionNotMet", _ => "x-ms-error-code: Other" });
            await using var proxy = new FaultyProxy(service, r => r.Number == 0 || (stays && (r.Method == "PUT" || !Hides(fault))) ? meets : Fault.None);
            var credential = new CountingCredential();
            var options = LakeBlobs.Options();
            options.Transport = new HttpClientTransport(proxy.Handler());
            (options.Retry.MaxRetries, options.Retry.Delay, options.Retry.NetworkTimeout) = (3, TimeSpan.FromMilliseconds(5), FaultTable.Patience(fault));
            var lake = new LakeBlobs(new BlobContainerClient(new Uri($"https://account.blob.core.windows.net/{name}"), credential, options));
            if (outcome == FaultTable.AnAnswer)
            {
                if (stays)
                {
                    break;
                }

                Assert.False(fault == "404" ? await lake.TryReadAsync("a", default) is not null : await lake.TryCreateAsync("a", new byte[] { 1 }, default));
                await direct.TryCreateAsync(path, new byte[] { 3 }, default);
                Assert.False(await lake.TryCreateAsync(path, new byte[] { 1, 2 }, default));
                Assert.Equal([3], await direct.ReadAsync(path, default));
                continue;
            }

            // Where its replies are lost to the last, it looks whether its writing is there: it is.
            var written = outcome != FaultTable.Told && (!stays || Hides(fault));
            await HoldsAsync(outcome, !written, credential, () => proxy.Requests, lake.NameOf(path) + ": cannot be written (", Hint(fault, "Storage Blob Data Contributor", ""), async () =>
                Assert.True(await lake.TryCreateAsync(path, new byte[] { 1, 2 }, default)));
            Assert.Equal(written ? [1, 2] : null, await direct.TryReadAsync(path, default));
        }
    }

    [Theory]
    [MemberData(nameof(CosmosDb))]
    public async Task Cosmos_DB_that_does_not_do_as_it_should(string fault, string outcome)
    {
        foreach (var stays in (bool[])[false, true])
        {
            using var gateway = new GatewayDouble(TimeProvider.System);
            var meets = FaultTable.Meet(fault, Private, "x-ms-retry-after-ms: 1", "x-ms-substatus: 0", "x-ms-activity-id: 00000000-0000-0000-0000-000000000001");
            var (opened, met) = (false, 0);
            await using var proxy = new FaultyProxy(gateway, r => opened && r.Target.Contains("/docs", StringComparison.Ordinal)
                && (Interlocked.Increment(ref met) == 1 || (stays && (r.Method == "POST" || !Hides(fault)))) ? meets : Fault.None);
            var credential = new CountingCredential();
            await using var documents = new CosmosDocuments(
                options =>
                {
                    options.HttpClientFactory = () => new HttpClient(proxy.Handler());
                    return new CosmosClient(GatewayDouble.Endpoint, credential, options);
                },
                "rmon-test",
                firstPause: TimeSpan.FromMilliseconds(1),
                // Who is cut off asks again and again until its patience ends.
                patience: stays && (fault is "cut" || Hides(fault)) ? TimeSpan.FromMilliseconds(150) : FaultTable.Patience(fault));
            await documents.EnsureCreatedAsync(["c"], default);
            opened = true;
            var document = new Document { PartitionKey = "p", Id = "a", Body = """{"v":1}""" };
            if (outcome == FaultTable.AnAnswer)
            {
                if (stays)
                {
                    break;
                }

                Assert.Null(fault == "404" ? await documents.FindAsync("c", "p", "a", default) : await documents.TryCreateAsync("c", document, default));
                continue;
            }

            var written = outcome != FaultTable.Told && (!stays || Hides(fault));
            await HoldsAsync(outcome, !written, credential, () => met, $"{documents.Name}: documents of 'c' cannot be written (", Hint(fault, "Cosmos DB Built-in Data Contributor", ""), async () =>
                Assert.NotNull(await documents.TryCreateAsync("c", document, default)));
            Assert.Equal(written ? 1 : 0, gateway.Raw("c").Count);
        }
    }

    /// <summary>Whether what was asked for is done, and only its reply does not say so.</summary>
    private static bool Hides(string fault) => fault is "answer lost" or "half an answer";

    private static string Hint(string fault, string role, string absent) => fault switch
    {
        "401" or "401 with a challenge" or "403" => role,
        "404" => absent,
        "429" or "503" => "run again later",
        _ => "",
    };

    /// <summary>Does it, and looks whether what the operator reads came of it, within a bounded time.</summary>
    private static async Task HoldsAsync(string outcome, bool stays, CountingCredential credential, Func<int> requests, string where, string hint, Func<Task> act)
    {
        var took = Stopwatch.StartNew();
        if (outcome is not FaultTable.Told && !stays)
        {
            await act();
            Assert.True(requests() > 1);
            // Claims would have the identity's own cache passed by: only where they were asked for.
            Assert.Null(credential.Asked[0].Claims);
            Assert.Equal(outcome == FaultTable.SignsInAnew, credential.Asked.Count > 1 && credential.Asked[^1].Claims is not null);
        }
        else
        {
            var e = await Assert.ThrowsAsync<LakeException>(act);
            e.SaysInOneLine(where);
            Assert.Contains(hint, e.Message, StringComparison.Ordinal);
            Assert.All(Private.Split(' '), secret => Assert.DoesNotContain(secret, e.Message, StringComparison.Ordinal));
            Assert.DoesNotContain("token-", e.ToString(), StringComparison.Ordinal);
            Assert.Equal(outcome == FaultTable.Again, e.IsTransient);
            Assert.InRange(requests(), outcome == FaultTable.Told ? 1 : 2, outcome switch { FaultTable.Told => 1, FaultTable.SignsInAnew => 3, _ => 60 });
        }

        Assert.InRange(took.Elapsed, TimeSpan.Zero, s_bound);
    }

    /// <summary>Azurite's blobs of a container for who brings a token, whoever that is: it takes keys only.</summary>
    private sealed class SignedIn : DelegatingHandler
    {
        private readonly Uri _signed;

        public SignedIn(AzuriteFixture azurite, string container)
            : base(new SocketsHttpHandler()) => _signed = new BlobContainerClient(azurite.ConnectionString(), container)
                .GenerateSasUri(BlobContainerSasPermissions.All, DateTimeOffset.UnixEpoch.AddYears(200));

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Assert.StartsWith("Bearer token-", request.Headers.Authorization?.ToString(), StringComparison.Ordinal);
            request.Headers.Authorization = null;
            request.Headers.Host = null;
            request.RequestUri = new Uri(_signed, $"/{AzuriteFixture.Account}{request.RequestUri!.AbsolutePath}?{string.Join('&', new[] { request.RequestUri.Query.TrimStart('?'), _signed.Query.TrimStart('?') }.Where(q => q.Length > 0))}");
            return base.SendAsync(request, cancellationToken);
        }
    }
}
