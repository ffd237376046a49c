using RemoteMonitoring.FlakyStores;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Retries;
using RemoteMonitoring.Storage.Tests.Lake;

namespace RemoteMonitoring.Storage.Tests.Retries;

/// <summary>The contract of a lake, kept over one of whose calls every fifth fails, half of those after they were done.</summary>
public sealed class RetryingLakeContractTests : LakeContract, IDisposable
{
    private readonly TempLake _temp = new();
    private readonly Faults _faults = new(seed: 5);

    public void Dispose() => _temp.Dispose();

    protected override Storage.Lake.Lake Open() => new RetryingLake(new FlakyLake(new LakeDirectory(_temp.Lake.Root), _faults), Brief.Retries);
}

/// <summary>Retries that a test has the time for, and that do not end where every fifth call fails.</summary>
internal static class Brief
{
    public static RetryOptions Retries { get; } = new() { Attempts = 30, FirstDelay = TimeSpan.FromTicks(1), MaxDelay = TimeSpan.FromMilliseconds(1) };
}
