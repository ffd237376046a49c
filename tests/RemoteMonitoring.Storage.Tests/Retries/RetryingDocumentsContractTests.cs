using RemoteMonitoring.FlakyStores;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Retries;
using RemoteMonitoring.Storage.Tests.Documents;

namespace RemoteMonitoring.Storage.Tests.Retries;

/// <summary>
/// The contract of a document store, kept over one of whose calls every fifth fails, half of those after they were done. What lost replies leave
/// open is what <see cref="RetryingDocuments"/> says: how many a deletion found, and a count that was written over before it was looked for.
/// </summary>
public sealed class RetryingDocumentsContractTests : DocumentsContract, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rmon-flaky-").FullName;
    private readonly Faults _faults = new(seed: 11);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    protected override DocumentStore Open() =>
        new RetryingDocuments(new FlakyDocuments(new SqliteDocuments(Path.Combine(_folder, "documents.db")), _faults), Brief.Retries);

    protected override void AssertDeleted(int expected, int told) => Assert.InRange(told, 0, expected);

    protected override void AssertCounted(int expected, int counted) => Assert.InRange(counted, expected, expected + _faults.Count(Suffered.ReplyLost));
}
