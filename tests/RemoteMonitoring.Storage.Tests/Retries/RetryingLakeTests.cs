using RemoteMonitoring.FlakyStores;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Retries;

namespace RemoteMonitoring.Storage.Tests.Retries;

public sealed class RetryingLakeTests : IDisposable
{
    private static readonly byte[] s_ours = [1, 2, 3];
    private static readonly byte[] s_theirs = [9];

    private readonly TempLake _temp = new();
    private readonly Faults _faults = new(seed: 1, share: 0);

    private RetryingLake Lake => field ??= new RetryingLake(new FlakyLake(_temp.Lake, _faults), Brief.Retries);

    public void Dispose() => _temp.Dispose();

    [Fact]
    public async Task A_creation_whose_reply_was_lost_is_known_again()
    {
        Script(Suffered.Nothing, Suffered.ReplyLost, Suffered.ReplyLost, Suffered.Refused);
        Assert.True(await Lake.TryCreateAsync("a", s_ours, default));
        Assert.False(await Lake.TryCreateAsync("a", s_ours, default));
    }

    [Fact]
    public async Task A_file_that_was_there_is_not_taken_for_its_own_though_it_has_the_same_bytes()
    {
        await _temp.Lake.TryCreateAsync("a", s_ours, default);
        Script(Suffered.Refused, Suffered.ReplyLost);
        Assert.False(await Lake.TryCreateAsync("a", s_ours, default));
    }

    [Fact]
    public async Task A_file_that_another_made_meanwhile_is_not_its_own()
    {
        Script(Suffered.Nothing, Suffered.Refused);
        _faults.Meanwhile = () => _temp.Lake.TryCreateAsync("a", s_theirs, default);
        Assert.False(await Lake.TryCreateAsync("a", s_ours, default));
        Assert.Equal(s_theirs, await _temp.Lake.ReadAsync("a", default));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_replacement_is_made_again_but_not_over_what_came_after_it(int others)
    {
        await _temp.Lake.ReplaceAsync("a", new byte[] { 0 }, default);
        Script(Suffered.Nothing, Suffered.ReplyLost);
        _faults.Meanwhile = others == 0 ? null : () => _temp.Lake.ReplaceAsync("a", s_theirs, default);
        await Lake.ReplaceAsync("a", s_ours, default);
        Assert.Equal(others == 0 ? s_ours : s_theirs, await _temp.Lake.ReadAsync("a", default));
        Script(Suffered.Nothing, Suffered.Refused, Suffered.Refused);
        await Lake.ReplaceAsync("a", new byte[] { 4 }, default);
        Assert.Equal([4], await _temp.Lake.ReadAsync("a", default));
    }

    [Fact]
    public async Task A_deletion_whose_reply_was_lost_deleted_what_was_there_and_not_what_was_not()
    {
        await _temp.Lake.TryCreateAsync("a", s_ours, default);
        Script(Suffered.Nothing, Suffered.ReplyLost);
        Assert.True(await Lake.DeleteAsync("a", default));
        Script(Suffered.ReplyLost, Suffered.ReplyLost);
        Assert.False(await Lake.DeleteAsync("a", default));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stream_that_fails_again_and_again_gives_the_bytes_of_the_file_it_was_opened_on(bool synchronously)
    {
        var bytes = new byte[200_000];
        new Random(2).NextBytes(bytes);
        await _temp.Lake.TryCreateAsync("a", bytes, default);
        var faults = new Faults(seed: 3);
        var lake = new RetryingLake(new FlakyLake(_temp.Lake, faults), Brief.Retries);
        await using var stream = await lake.OpenReadAsync("a", default);
        var read = new MemoryStream();
        var buffer = new byte[777];
        for (int count; (count = synchronously ? stream.Read(buffer, 0, buffer.Length) : await stream.ReadAsync(buffer)) > 0;)
        {
            if (read.Length == 0)
            {
                await _temp.Lake.ReplaceAsync("a", s_theirs, default);
            }

            read.Write(buffer, 0, count);
        }

        Assert.Equal(bytes, read.ToArray());
        Assert.True(faults.Count(Suffered.ReplyLost) > 5 && faults.Count(Suffered.Refused) > 5);
    }

    [Fact]
    public async Task What_does_not_pass_is_asked_once()
    {
        await Assert.ThrowsAsync<LakeException>(() => Lake.OpenReadAsync("missing", default));
        Assert.Equal(1, _faults.Count(Suffered.Nothing));
        await _temp.Lake.TryCreateAsync("file", s_ours, default);
        Assert.False((await Assert.ThrowsAsync<LakeException>(() => Lake.TryCreateAsync("file/below", s_ours, default))).IsTransient);
        Assert.Equal(3, _faults.Count(Suffered.Nothing));
    }

    [Fact]
    public async Task It_gives_up_after_its_attempts_with_the_last_fault_and_says_each_that_it_tried_again()
    {
        List<string> told = [];
        var lake = new RetryingLake(new FlakyLake(_temp.Lake, new Faults(1, share: 1)), Brief.Retries with { Attempts = 4, Retrying = e => told.Add(e.Message) });
        var last = await Assert.ThrowsAsync<LakeException>(() => lake.ListAsync("gold", default));
        last.SaysInOneLine(_temp.Lake.NameOf("gold"));
        Assert.Equal(3, told.Count);
    }

    [Fact]
    public async Task It_pauses_by_its_clock_and_stops_when_it_is_told_to()
    {
        var lake = new RetryingLake(new FlakyLake(_temp.Lake, new Faults(1, share: 1)), new RetryOptions { FirstDelay = TimeSpan.FromMinutes(10), MaxDelay = TimeSpan.FromMinutes(10) });
        using var stop = new CancellationTokenSource();
        var call = lake.TryReadAsync("a", stop.Token);
        Assert.False(call.IsCompleted);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
    }

    private void Script(params Suffered[] next)
    {
        foreach (var one in next)
        {
            _faults.Next.Enqueue(one);
        }
    }
}
