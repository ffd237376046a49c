using RemoteMonitoring.FlakyStores;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Retries;
using RemoteMonitoring.Workflows.Compaction;

namespace RemoteMonitoring.Workflows.Tests.Compaction;

public sealed class FlakyStoresTests
{
    private static readonly RetryOptions s_retries = new() { Attempts = 30, FirstDelay = TimeSpan.FromTicks(1), MaxDelay = TimeSpan.FromMilliseconds(1) };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Compaction_over_stores_of_whose_calls_every_fifth_fails_comes_out_the_same(int seed)
    {
        await using var home = new TempHome();
        await TrainedHome.Feed().LandAsync(home);
        var before = await home.HashesAsync();
        Directory.Delete(home.Lake.FullPath("gold"), recursive: true);
        var faults = new Faults(seed);
        var flaky = new CohortStore(home.Store.Cohort, new FlakyLake(home.Store.Lake, faults), new FlakyDocuments(home.Store.Documents, faults), home.Store.Folder);
        var fault = await Assert.ThrowsAsync<LakeException>(() => CompactionStage.RunAsync(flaky, default)); // without retries it stops
        Assert.True(fault.IsTransient);
        await CompactionStage.RunAsync(flaky.WithRetries(s_retries), default);
        Assert.Equal(before, await home.HashesAsync());
        Assert.True(faults.Count(Suffered.Refused) > 3 && faults.Count(Suffered.ReplyLost) > 3, $"{faults.Count(Suffered.Refused)}, {faults.Count(Suffered.ReplyLost)}");
    }
}
