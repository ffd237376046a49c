using CsCheck;
using RemoteMonitoring.Ingestion.Watermarks;

namespace RemoteMonitoring.Ingestion.Tests.Watermarks;

public sealed class LandingProgressTests
{
    [Fact]
    public void Nothing_is_said_before_the_source_was_asked()
    {
        var progress = new LandingProgress(0);
        progress.Landed(10, 1_000);
        Assert.Null(progress.Through);
        progress.Asked(2_000, end: 20, next: 10);
        Assert.Equal(1_000, progress.Through);
    }

    [Fact]
    public void At_the_end_of_the_source_all_is_landed_that_the_hub_had_when_it_was_asked()
    {
        var progress = new LandingProgress(60);
        progress.Asked(1_000, end: 5, next: 5);
        Assert.Equal(940, progress.Through);
        progress.Asked(2_000, end: 5, next: 5);
        Assert.Equal(1_940, progress.Through);
    }

    [Fact]
    public void Behind_the_end_it_is_when_the_last_landed_message_was_enqueued_and_the_end_once_it_is_reached()
    {
        var progress = new LandingProgress(60);
        progress.Asked(1_000, end: 10, next: 2);
        Assert.Null(progress.Through);
        progress.Landed(6, 500);
        Assert.Equal(440, progress.Through);
        progress.Asked(2_000, end: 20, next: 6);
        progress.Landed(9, 400);
        Assert.Equal(440, progress.Through);
        progress.Landed(12, null);
        Assert.Equal(940, progress.Through);
        Assert.False(progress.IsAtEnd);
        progress.Landed(20, null);
        Assert.Equal(1_940, progress.Through);
        Assert.True(progress.IsAtEnd);
    }

    [Fact]
    public void A_message_with_a_wrong_clock_says_no_more_than_that_it_was_there_when_the_source_was_asked()
    {
        var progress = new LandingProgress(0);
        progress.Asked(1_000, end: 10, next: 2);
        progress.Landed(6, 9_999_999);
        Assert.Equal(1_000, progress.Through);
    }

    [Fact]
    public void A_source_that_cannot_say_where_it_ends_and_thousands_of_questions_are_borne()
    {
        var progress = new LandingProgress(0);
        for (var at = 0; at < 5_000; at++)
        {
            progress.Asked(at, long.MaxValue, 0);
        }

        Assert.Null(progress.Through);
    }

    /// <summary>
    /// A hub stamps messages, which reach the partition up to the delay later and out of order; a worker asks, lands some, dies and
    /// begins anew where the lake ends, and the clock of the two is shared. Whatever the order of events, all that was stamped before the stated instant is landed, and it never falls.
    /// </summary>
    [Fact]
    public void It_never_says_what_is_not_landed_and_never_goes_back() => Gen.Select(Gen.Int[0, 4], Gen.Int[0, 20]).Array[1, 200].Sample(steps =>
    {
        const int Delay = 20;
        var (now, landed, stated) = (1_000L, 0, long.MinValue);
        List<long> stamps = [];
        var progress = new LandingProgress(Delay);
        foreach (var (kind, size) in steps)
        {
            switch (kind)
            {
                case 0:
                    now += size;
                    break;
                case 1:
                    stamps.Add(now - size); // stamped a while ago, arrives now
                    break;
                case 2:
                    progress.Asked(now, stamps.Count, landed);
                    break;
                case 3:
                    landed = Math.Min(landed + size, stamps.Count);
                    progress.Landed(landed, landed == 0 ? null : stamps[landed - 1]);
                    break;
                default:
                    progress = new LandingProgress(Delay);
                    break;
            }

            var said = progress.Through is { } through ? Math.Max(stated, through) : stated; // as statements are written
            Assert.True(progress.Through is null || stamps.Skip(landed).All(s => s >= progress.Through));
            Assert.True(said >= stated);
            stated = said;
        }

        // Also of what comes later.
        Assert.True(now - Delay >= stated);
    }, iter: 20_000);
}
