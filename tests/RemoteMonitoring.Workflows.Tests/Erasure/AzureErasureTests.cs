using Azure.Storage.Blobs;
using Microsoft.Azure.Cosmos;
using NodaTime;
using RemoteMonitoring.Azurite;
using RemoteMonitoring.Ingestion.Erasure;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Tests.Documents.Cosmos;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Erasure;
using RemoteMonitoring.Workflows.Tests.Drift;
using RemoteMonitoring.Workflows.Tests.ReportTables;

namespace RemoteMonitoring.Workflows.Tests.Erasure;

/// <summary>An erasure over the stores of an Azure home: blobs in Azurite, documents through the real client in the double of Cosmos DB.</summary>
public sealed class AzureErasureTests(DriftHome made, AzuriteFixture azurite) : IClassFixture<DriftHome>, IClassFixture<AzuriteFixture>
{
    private const string Patient = ReportHome.Called;

    [Fact]
    public async Task Nothing_of_an_erased_patient_is_in_a_blob_or_a_document_and_what_others_have_is_what_a_home_on_disk_has()
    {
        await using var disk = await ReportHome.MakeAsync(made, 31, 32);
        await disk.ActAsync(Patient, ActionKind.Contacted, 31.4);
        await disk.ExportAsync(40);
        using var gateway = new GatewayDouble(TimeProvider.System);
        var container = new BlobContainerClient(azurite.ConnectionString(), await azurite.NewContainerAsync(), LakeBlobs.Options());
        await using var documents = new CosmosDocuments(
            options =>
            {
                options.HttpClientFactory = () => new HttpClient(gateway, disposeHandler: false);
                return new CosmosClient(GatewayDouble.Endpoint, Convert.ToBase64String(new byte[64]), options);
            },
            MadeUpFeed.Cohort);
        await documents.EnsureCreatedAsync(Containers.All, default);
        var azure = disk.Home.Store.Over(new LakeBlobs(container, MadeUpFeed.Cohort), documents);
        await CopyAsync(disk.Home.Store, azure);
        var before = await FoundAsync(container, gateway);
        Assert.All((string[])["bronze", "silver", "gold", "documents"], place => Assert.Contains(before, f => f.Contains($"{place}{Path.DirectorySeparatorChar}", StringComparison.Ordinal)));

        // The key that the erasures of both go by is the folder's.
        var (proof, _) = await PatientErasure.RunAsync(azure, Patient, TimeProvider.System, default, tasks: [TrainedHome.Task]);
        Assert.Empty(await FoundAsync(container, gateway));
        Assert.Contains(proof.Things, t => t.Place == "tables for reports");

        await PatientErasure.RunAsync(disk.Home.Store, Patient, TimeProvider.System, default, tasks: [TrainedHome.Task]);
        Assert.Equal(await FilesAsync(disk.Home.Store), await FilesAsync(azure));
    }

    [Fact]
    public void What_cannot_be_reached_on_Azure_is_named_with_the_day_on_which_it_expires()
    {
        var report = new ErasureReport();
        ErasureRemains.Name(Path.GetTempPath(), isInAzure: true, report, Instant.FromUtc(2026, 11, 23, 8, 0));
        Assert.Contains(report.Remains, r => r.StartsWith("the continuous backup of Cosmos DB: expires 2026-11-30 where it goes back 7 days, 2026-12-23 where 30", StringComparison.Ordinal));
        Assert.Contains(report.Remains, r => r.StartsWith("Event Hubs", StringComparison.Ordinal) && r.Contains("2026-11-30", StringComparison.Ordinal));
        Assert.Contains(report.Remains, r => r.StartsWith("runs of the Logic App", StringComparison.Ordinal) && r.Contains("2027-02-21", StringComparison.Ordinal));
        Assert.Contains(report.Remains, r => r.Contains("task hub", StringComparison.Ordinal));
    }

    private static async Task CopyAsync(CohortStore from, CohortStore to)
    {
        foreach (var path in await from.Lake.ListAsync("", default))
        {
            await to.Lake.ReplaceAsync(path, await from.Lake.ReadAsync(path, default), default);
        }

        foreach (var name in Containers.All)
        {
            await to.Documents.UpsertAsync(name, await from.Documents.ListAsync(name, default).ToArrayAsync(), default);
        }
    }

    /// <summary>What of others is left: observations by name and hash, and the names of what landed.</summary>
    private static async Task<IReadOnlyList<string>> FilesAsync(CohortStore store)
    {
        var files = new List<string>(await store.Lake.ListAsync("bronze", default));
        foreach (var path in await store.Lake.ListAsync("gold/observations", default))
        {
            files.Add($"{path} {Lake.Hash((await store.Lake.ReadAsync(path, default)).AsSpan())}");
        }

        return files;
    }

    /// <summary>Everything there is, as files, and in which of them the patient stands.</summary>
    private static async Task<IReadOnlyList<string>> FoundAsync(BlobContainerClient container, GatewayDouble gateway)
    {
        var folder = Directory.CreateTempSubdirectory("rmon-azure-");
        try
        {
            await foreach (var blob in container.GetBlobsAsync())
            {
                var file = Path.Combine(folder.FullName, blob.Name);
                Directory.CreateDirectory(Path.GetDirectoryName(file)!);
                await container.GetBlobClient(blob.Name).DownloadToAsync(file);
            }

            var all = Directory.CreateDirectory(Path.Combine(folder.FullName, "documents"));
            foreach (var name in gateway.Made.Keys)
            {
                await File.WriteAllLinesAsync(Path.Combine(all.FullName, name), gateway.Raw(name).Select(d => d.ToJsonString()));
            }

            return await HomeSearch.FindAsync(folder.FullName, Patient);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
