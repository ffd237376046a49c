using NodaTime;
using RemoteMonitoring.Ingestion;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Features;

namespace RemoteMonitoring.Workflows.Tests.Features;

/// <summary>Heart rates of one instant, and which of them is shown.</summary>
public sealed class PatientVitalsTests
{
    private static readonly MadeUpFeed s_first = new MadeUpFeed().Team("north", 1).Patient("a").Reading("d-a", "heart_rate", 70, 1).Reading("d-a", "heart_rate", 71, 2);

    [Fact]
    public async Task A_correction_that_landed_counts_before_it_is_compacted_and_after()
    {
        await using var home = new TempHome();
        await s_first.LandAsync(home);
        Assert.Equal((IEnumerable<double>)[70, 71], await ShownAsync(home));
        await LandAsync(home, new MadeUpFeed().Reading("d-a", "heart_rate", 90, 1, known: 3), "later");
        Assert.Equal((IEnumerable<double>)[90, 71], await ShownAsync(home));
        await CompactionStage.RunAsync(home.Store, default);
        Assert.Equal((IEnumerable<double>)[90, 71], await ShownAsync(home));
    }

    [Fact]
    public async Task Of_several_that_landed_the_last_counts_whatever_its_document_is_called()
    {
        await using var home = new TempHome();
        await s_first.LandAsync(home);
        for (var i = 0; i < 8; i++)
        {
            await LandAsync(home, new MadeUpFeed().Reading("d-a", "heart_rate", 80 + i, 1, known: 3 + (i / 24.0)), $"later-{i}");
            Assert.Equal(80 + i, (await ShownAsync(home))[0]);
        }
    }

    [Fact]
    public async Task Of_what_readings_count_a_point_is_the_sum_of_a_day_of_the_patient()
    {
        await using var home = new TempHome();
        var feed = new MadeUpFeed().Team("north", 1).Patient("a");
        foreach (var day in (double[])[1.2, 1.3, 1.6, 1.95, 2.1])
        {
            feed.Reading("d-a", "activity_kitchen", 2, day);
        }

        await LandAsync(home, feed, "sensors");
        async Task<double[]> SumsAsync(DateTimeZone zone) =>
            [.. (await PatientVitals.ReadAsync(home.Store, "a", zone, MadeUpFeed.At(0), MadeUpFeed.At(5), default)).Single().Points.Select(p => p.Value)];
        Assert.Equal((IEnumerable<double>)[8, 2], await SumsAsync(DateTimeZone.Utc));
        Assert.Equal((IEnumerable<double>)[6, 4], await SumsAsync(DateTimeZone.ForOffset(Offset.FromHours(6))));
    }

    /// <summary>Lands a feed, and compacts nothing.</summary>
    private static async Task LandAsync(TempHome home, MadeUpFeed feed, string hub)
    {
        var folder = Path.Combine(home.Root, hub);
        feed.Write(folder, hub);
        await FeedIngestion.RunAsync(home.Store, FeedFolder.Open(folder, null, false), TimeProvider.System, null, default);
    }

    private static async Task<IReadOnlyList<double>> ShownAsync(TempHome home) =>
        [.. (await PatientVitals.ReadAsync(home.Store, "a", DateTimeZone.Utc, MadeUpFeed.At(0), MadeUpFeed.At(5), default)).Single(s => s.Vital.Key == "heart_rate").Points.Select(p => p.Value)];
}
