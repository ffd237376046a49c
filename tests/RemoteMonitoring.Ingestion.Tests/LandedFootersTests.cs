using System.Collections.Concurrent;
using NodaTime;
using RemoteMonitoring.Ingestion.Tests.Landing;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Ingestion.Tests;

public sealed class LandedFootersTests : IDisposable
{
    private readonly SealedStream _stream = new();
    private readonly CountingLake _lake;
    private readonly CohortStore _store;

    public LandedFootersTests()
    {
        _lake = new CountingLake(_stream.Lake);
        _store = new CohortStore("test", _lake, _stream.Store.Documents, _stream.Store.Folder);
    }

    private Instant Now => Instant.FromDateTimeOffset(_stream.Time.Now);

    public void Dispose() => _stream.Dispose();

    [Fact]
    public async Task Each_file_is_read_once_however_often_the_day_is_asked_for_and_what_landed_before_it_is_forgotten()
    {
        await _stream.LandAsync(100);
        var footers = new LandedFooters();
        var first = await DayAsync(footers);
        Assert.Equal((true, 200), (first.IsWhole, _lake.Tables.Count));
        Assert.Equal(first, await DayAsync(footers));
        Assert.Equal(200, _lake.Tables.Count);
        await _stream.LandAsync(3);
        var later = await DayAsync(footers);
        Assert.Equal(206, _lake.Tables.Count);
        Assert.Equal(await DayAsync(new LandedFooters()), later);
        Assert.InRange(later.Received, first.Received + 10, first.Received + 15);

        // A day on, the files of before count no more, and what is asked anew agrees.
        _stream.Time.Now += TimeSpan.FromHours(23);
        await _stream.LandAsync(2);
        var next = await DayAsync(footers);
        Assert.Equal(await DayAsync(new LandedFooters()), next);
        Assert.InRange(next.Received, 1, later.Received - 100);

        // Sealed, they are other files, with the same readings in them.
        await _stream.SealAsync();
        Assert.Equal((await DayAsync(new LandedFooters())).Received, (await DayAsync(footers)).Received);
    }

    [Fact]
    public async Task No_more_than_so_many_are_read_at_a_time_the_newest_first_and_the_next_time_goes_on_from_there()
    {
        await _stream.LandAsync(100);
        var footers = new LandedFooters(40);
        var received = new List<long>();
        foreach (var isWhole in (bool[])[false, false, true])
        {
            var before = _lake.Tables.Count;
            var day = await DayAsync(footers);
            Assert.Equal(isWhole, day.IsWhole);
            Assert.InRange(_lake.Tables.Count - before, 1, 2 * 41);
            received.Add(day.Received);
        }

        Assert.True(received[0] > 0 && received[0] < received[1] && received[1] < received[2], string.Join(' ', received));
        Assert.Equal((await DayAsync(new LandedFooters())).Received, received[^1]);
    }

    [Fact]
    public async Task Where_messages_are_read_again_what_that_added_and_took_back_is_read_and_nothing_else_is()
    {
        await _stream.LandAsync(10);
        var footers = new LandedFooters();
        var before = await DayAsync(footers);
        Assert.Equal((20, true), (_lake.Tables.Count, before.Rejected > 0));
        await _stream.ReprocessAsync();
        await (await _stream.SilverAsync()).CatchUpAsync(TempHome.Partition, default);
        Assert.Equal(before, await DayAsync(footers)); // by the same mappings it comes to the same
        Assert.Equal(30, _lake.Tables.Count);
        Assert.Equal(before, await DayAsync(new LandedFooters()));
    }

    private Task<LandedDay> DayAsync(LandedFooters footers) => footers.DayAsync(_store, Now, default);

    /// <summary>Notes which tables were opened.</summary>
    private sealed class CountingLake(Lake lake) : AlteredLake(lake)
    {
        public ConcurrentQueue<string> Tables { get; } = [];

        public override Task<Stream> OpenReadAsync(string path, CancellationToken cancellationToken)
        {
            if (path.EndsWith(".parquet", StringComparison.Ordinal))
            {
                Tables.Enqueue(path);
            }

            return base.OpenReadAsync(path, cancellationToken);
        }
    }
}
