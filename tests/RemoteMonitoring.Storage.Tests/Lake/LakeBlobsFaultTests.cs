using System.Collections.Concurrent;
using System.Diagnostics;
using Azure.Storage.Blobs;
using RemoteMonitoring.Azurite;
using RemoteMonitoring.FaultyServices;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Storage.Tests.Lake;

/// <summary>A blob lake whose requests and replies get lost, cut and refused on their way to Azurite.</summary>
[Collection(SharedAzurite.Name)]
public sealed class LakeBlobsFaultTests(AzuriteFixture azurite) : IAsyncLifetime
{
    private string _name = "";

    public async Task InitializeAsync() => _name = await azurite.NewContainerAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    private LakeBlobs Direct => Through(null);

    [Fact]
    public async Task A_creator_whose_reply_was_lost_knows_its_own_writing_and_of_all_that_race_one_is_told_true()
    {
        var lost = new ConcurrentDictionary<string, bool>();
        await using var proxy = new FaultyProxy(azurite.Address, r => r.Method == "PUT" && lost.TryAdd(r.Target, true) ? Fault.LoseReply : Fault.None);
        for (var round = 0; round < 5; round++)
        {
            var path = $"race/{round}";
            var created = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => Task.Run(() => Through(proxy).TryCreateAsync(path, new byte[] { (byte)i }, default))));
            Assert.Single(created, c => c);
            Assert.Equal([(byte)Array.IndexOf(created, true)], await Direct.ReadAsync(path, default));
        }

        Assert.Equal(5, lost.Count);
    }

    [Fact]
    public async Task A_large_file_whose_commit_lost_its_reply_is_known_again()
    {
        var lost = 0;
        await using var proxy = new FaultyProxy(azurite.Address, r => r.Target.Contains("comp=blocklist", StringComparison.Ordinal) && lost++ == 0 ? Fault.LoseReply : Fault.None);
        var bytes = Enumerable.Repeat((byte)7, 2 << 20).ToArray();
        Assert.True(await Through(proxy, mostInOnePut: 1 << 20).TryCreateAsync("big", bytes, default));
        Assert.False(await Through(proxy, mostInOnePut: 1 << 20).TryCreateAsync("big", bytes, default));
        Assert.Equal(bytes, await Direct.ReadAsync("big", default));
        Assert.Equal(2, lost);
    }

    [Fact]
    public async Task A_creator_that_never_gets_a_reply_to_its_writing_looks_whether_it_is_there()
    {
        await using var proxy = new FaultyProxy(azurite.Address, r => r.Method == "PUT" ? Fault.LoseReply : Fault.None);
        Assert.True(await Through(proxy).TryCreateAsync("a", new byte[] { 1 }, default));
        Assert.Equal([1], await Direct.ReadAsync("a", default));
    }

    [Fact]
    public async Task A_creator_that_hears_nothing_at_all_does_not_say_that_it_created()
    {
        await using var proxy = new FaultyProxy(azurite.Address, _ => Fault.LoseReply);
        var lake = Through(proxy);
        (await Assert.ThrowsAsync<LakeException>(() => lake.TryCreateAsync("a", new byte[] { 1 }, default))).SaysInOneLine(lake.NameOf("a"));
    }

    [Fact]
    public async Task A_repeated_replacement_does_not_bring_old_bytes_back_over_newer_ones()
    {
        await Direct.ReplaceAsync("manifest", new byte[] { 0 }, default);
        var puts = 0;
        await using var proxy = new FaultyProxy(azurite.Address, r =>
        {
            if (r.Method == "PUT" && puts++ == 1)
            {
                Direct.ReplaceAsync("manifest", new byte[] { 2 }, default).GetAwaiter().GetResult();
            }

            return r.Method == "PUT" && puts == 1 ? Fault.LoseReply : Fault.None;
        });
        await Through(proxy).ReplaceAsync("manifest", new byte[] { 1 }, default);
        Assert.Equal(2, puts);
        Assert.Equal([2], await Direct.ReadAsync("manifest", default));
    }

    [Fact]
    public async Task A_storm_of_refusals_is_waited_out_as_long_as_the_service_says()
    {
        await using var proxy = new FaultyProxy(azurite.Address, r => r.Number switch { 0 => Fault.Busy, 1 => Fault.TooMany, _ => Fault.None });
        var waited = Stopwatch.StartNew();
        Assert.True(await Through(proxy).TryCreateAsync("a", new byte[] { 1 }, default));
        Assert.True(waited.Elapsed > TimeSpan.FromSeconds(1.9), $"{waited.Elapsed}");
        Assert.Equal(3, proxy.Requests);
    }

    [Theory]
    [InlineData(503)]
    [InlineData(429)]
    public async Task A_storm_that_does_not_end_is_one_line(int status)
    {
        await using var proxy = new FaultyProxy(azurite.Address, _ => Fault.Answer(status, "", "Retry-After: 0"));
        var lake = Through(proxy);
        var calls = new Func<Task>[]
        {
            () => lake.TryCreateAsync("a", new byte[] { 1 }, default), () => lake.ReplaceAsync("a", new byte[] { 1 }, default), () => lake.TryReadAsync("a", default),
            () => lake.OpenReadAsync("a", default), () => lake.ExistsAsync("a", default), () => lake.DeleteAsync("a", default), () => lake.ListAsync("a", default),
        };
        foreach (var call in calls)
        {
            var e = await Assert.ThrowsAsync<LakeException>(call);
            e.SaysInOneLine(lake.NameOf("a"));
            Assert.Contains("too busy", e.Message, StringComparison.Ordinal);
        }

        Assert.InRange(proxy.Requests, 7 * 4, 9 * 4);
    }

    [Fact]
    public async Task A_body_that_ends_half_way_is_read_to_its_end_or_not_at_all()
    {
        var bytes = new byte[3 << 20];
        new Random(1).NextBytes(bytes);
        await Direct.TryCreateAsync("a", bytes, default);
        await using var proxy = new FaultyProxy(azurite.Address, r => r.Number % 2 == 0 ? Fault.CutReply : Fault.None);
        Assert.Equal(bytes, await Through(proxy).ReadAsync("a", default));
        await using var stream = await Through(proxy).OpenReadAsync("a", default);
        var read = new byte[bytes.Length];
        await stream.ReadExactlyAsync(read);
        Assert.Equal(bytes, read);

        await using var always = new FaultyProxy(azurite.Address, _ => Fault.CutReply);
        var lake = Through(always);
        (await Assert.ThrowsAsync<LakeException>(() => lake.TryReadAsync("a", default))).SaysInOneLine(lake.NameOf("a"));
    }

    [Fact]
    public async Task The_footer_of_a_large_file_costs_two_requests_and_a_small_file_one()
    {
        await Direct.TryCreateAsync("large", new byte[8 << 20], default);
        await Direct.TryCreateAsync("small", new byte[200_000], default);
        await using var proxy = new FaultyProxy(azurite.Address, _ => Fault.None);
        await using (var large = await Through(proxy).OpenReadAsync("large", default))
        {
            foreach (var fromEnd in new[] { 8, 1_000, 100_000 })
            {
                large.Seek(-fromEnd, SeekOrigin.End);
                await large.ReadExactlyAsync(new byte[8]);
            }
        }

        Assert.Equal(2, proxy.Requests);
        await using var small = await Through(proxy).OpenReadAsync("small", default);
        await small.ReadExactlyAsync(new byte[200_000]);
        Assert.Equal(3, proxy.Requests);
    }

    [Fact]
    public async Task Nobody_listening_is_one_line_without_signature()
    {
        var container = new BlobContainerClient(new Uri("http://127.0.0.1:1/devstoreaccount1/lake?sv=2026-02-06&sig=c2VjcmV0"), Impatient());
        var e = await Assert.ThrowsAsync<LakeException>(() => new LakeBlobs(container).TryCreateAsync("a", new byte[] { 1 }, default));
        e.SaysInOneLine("http://127.0.0.1:1/devstoreaccount1/lake/a");
        Assert.DoesNotContain("sig", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("sv=", e.Message, StringComparison.Ordinal);
    }

    /// <summary>As in service, but with short pauses.</summary>
    private static BlobClientOptions Impatient()
    {
        var options = LakeBlobs.Options();
        options.Retry.MaxRetries = 3;
        options.Retry.Delay = TimeSpan.FromMilliseconds(20);
        return options;
    }

    private LakeBlobs Through(FaultyProxy? proxy, int mostInOnePut = 64 << 20) =>
        new(new BlobContainerClient(azurite.ConnectionString(proxy?.Address), _name, Impatient()), "", mostInOnePut);
}
