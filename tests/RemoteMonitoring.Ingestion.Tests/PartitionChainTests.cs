using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Ingestion.Tests;

public sealed class PartitionChainTests : IDisposable
{
    private readonly TempHome _home = new();

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task Files_follow_on_each_other_and_a_chain_opened_again_stands_at_the_end()
    {
        var lake = _home.Lake();
        var chain = await Open(lake);
        Assert.Equal((0L, long.MinValue), (chain.Next, chain.Known));
        Assert.True(await chain.TryAppendAsync(Batch(0, 3, known: 10), 0, default));
        Assert.True(await chain.TryAppendAsync(Batch(3, 1, known: 11), 0, default));
        var again = await Open(lake);
        Assert.Equal((4L, 11L), (again.Next, again.Known));
        Assert.Equal([LakePaths.Bronze(TempHome.Partition, 0), LakePaths.Bronze(TempHome.Partition, 3)], await lake.ListAsync(LakePaths.BronzeTelemetry, default));
        Assert.Equal([TempHome.Partition], await BronzeFile.PartitionsAsync(lake, default));
    }

    [Theory]
    [InlineData("empty")]
    [InlineData("starts late")]
    [InlineData("starts early")]
    [InlineData("hole inside")]
    [InlineData("known falls in the batch")]
    [InlineData("known falls behind the chain")]
    public async Task A_batch_that_does_not_follow_is_refused_and_writes_nothing(string wrong)
    {
        var lake = _home.Lake();
        var chain = await Open(lake);
        await chain.TryAppendAsync(Batch(0, 2, known: 10), 0, default);
        var before = await TempHome.ContentsAsync(lake);
        var batch = wrong switch
        {
            "empty" => new EnvelopeBatch(),
            "starts late" => Batch(3, 2, known: 10),
            "starts early" => Batch(1, 2, known: 10),
            "known falls behind the chain" => Batch(2, 2, known: 9),
            _ => Batch(2, 3, known: 10),
        };
        if (wrong == "hole inside")
        {
            batch.Offset[2]++;
        }
        else if (wrong == "known falls in the batch")
        {
            batch.KnownTime[1] = 12;
        }

        await Assert.ThrowsAsync<InvalidOperationException>(() => chain.TryAppendAsync(batch, 0, default));
        Assert.Equal(before, await TempHome.ContentsAsync(lake));
    }

    [Fact]
    public async Task Who_loses_the_race_moves_to_the_new_end_and_goes_on_with_the_rest()
    {
        var lake = _home.Lake();
        var (winner, loser) = (await Open(lake), await Open(lake));
        Assert.True(await winner.TryAppendAsync(Batch(0, 2, known: 10), 0, default));
        var batch = Batch(0, 5, known: 12);
        Assert.False(await loser.TryAppendAsync(batch, 0, default));
        Assert.Equal((2L, 10L), (loser.Next, loser.Known));
        batch.RemoveBefore(loser.Next);
        Assert.True(await loser.TryAppendAsync(batch, 0, default));
        Assert.Equal(5, loser.Next);
        Assert.Equal(2, (await lake.ListAsync(LakePaths.BronzeTelemetry, default)).Count);
    }

    [Fact]
    public async Task Chains_that_race_from_many_threads_land_every_offset_once()
    {
        var lake = _home.Lake();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            var chain = await Open(lake);
            while (chain.Next < 40)
            {
                await chain.TryAppendAsync(Batch(chain.Next, 2, known: 10), 0, default);
            }
        })));
        Assert.Equal(Enumerable.Range(0, 20).Select(i => LakePaths.Bronze(TempHome.Partition, 2 * i)), await lake.ListAsync(LakePaths.BronzeTelemetry, default));
    }

    [Fact]
    public async Task A_file_without_its_footer_is_one_line_that_names_it()
    {
        var lake = _home.Lake();
        var path = LakePaths.Bronze(TempHome.Partition, 0);
        await lake.TryCreateTableAsync(path, TelemetryTables.ToTable(Batch(0, 1, known: 1)), default);
        var e = await Assert.ThrowsAsync<LakeException>(() => Open(lake));
        Assert.StartsWith(lake.FullPath(path), e.Message, StringComparison.Ordinal);
    }

    internal static EnvelopeBatch Batch(long from, int count, long known)
    {
        var batch = new EnvelopeBatch();
        for (var i = 0; i < count; i++)
        {
            batch.Offset.Add(from + i);
            batch.DeviceId.Add("d");
            batch.MessageId.Add(null);
            batch.EnqueuedTime.Add(known);
            batch.KnownTime.Add(known);
            batch.Properties.Add(null);
            batch.Body.Add(Array.Empty<byte>());
            batch.Problem.Add(null);
        }

        return batch;
    }

    private static Task<PartitionChain> Open(LakeDirectory lake) => PartitionChain.OpenAsync(lake, TempHome.Partition, TimeProvider.System, default);
}
