using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.EndToEnd.Tests;

[Collection("runs the program")]
public sealed class StreamCommandTests : IDisposable
{
    private readonly Rmon _rmon = new();

    public void Dispose() => _rmon.Dispose();

    [Fact]
    public async Task The_list_says_how_far_a_partition_is_and_what_was_lost()
    {
        await using (var store = CohortStore.Open(_rmon.Home, "c"))
        {
            var chain = await PartitionChain.OpenAsync(store.Lake, new StreamPartition("hub", "e1", 3), TimeProvider.System, default);
            Assert.True(await chain.TryRecordLossAsync(7, "the broker kept them no longer", 1_700_000_000_000_000, default));
        }

        var stream = Assert.Single((await _rmon.RunAsync("stream", "list", "--json")).Document.GetProperty("streams").EnumerateArray());
        Assert.Equal(("hub", "e1", 3, 7), (stream.GetProperty("hub").GetString(), stream.GetProperty("epoch").GetString(), stream.GetProperty("partition").GetInt32(), stream.GetProperty("next_offset").GetInt32()));
        Assert.Contains("hub/e1/3: offsets 0 to 6 are lost: the broker kept them no longer", (await _rmon.RunAsync("stream", "list")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_epoch_is_begun_once_and_its_name_is_never_used_again()
    {
        Assert.Equal(2, (await _rmon.RunAsync("stream", "epoch", "hub", "--begin", "e2", "--cohort", "c")).ExitCode);
        Assert.Equal(0, (await _rmon.RunAsync("stream", "epoch", "hub", "--begin", "e2", "--why", "made anew", "--cohort", "c")).ExitCode);
        Assert.Equal("e3", (await _rmon.RunAsync("stream", "epoch", "hub", "--begin", "e3", "--why", "again", "--json")).Document.GetProperty("current").GetString());
        var reused = await _rmon.RunAsync("stream", "epoch", "hub", "--begin", "e2", "--why", "back");
        Assert.Equal(3, reused.ExitCode);
        Assert.Contains("was an epoch of hub before", Assert.Single(reused.ErrorLines), StringComparison.Ordinal);
        Assert.Equal(3, (await _rmon.RunAsync("stream", "epoch", "hub", "--begin", "a/b", "--why", "x")).ExitCode);
        Assert.Equal(3, (await _rmon.RunAsync("stream", "epoch", "other")).ExitCode);
        Assert.Equal(2, (await _rmon.RunAsync("stream", "epoch", "hub", "--json")).Document.GetProperty("epochs").GetArrayLength());
    }
}
