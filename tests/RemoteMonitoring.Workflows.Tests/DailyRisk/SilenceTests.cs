using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Workflows.Tests.DailyRisk;

/// <summary>Who falls silent, and where that stands, with the model of the trained home as of day 12.</summary>
[Collection(TrainedOnce.Name)]
public sealed class SilenceTests(TrainedHome trained)
{
    private static readonly PinnedBands s_everybodyHigh = new(1, 0.00001, 0.000001);
    private static readonly PinnedBands s_nobodyHigh = new(1, 0.99999, 0.99998);

    /// <summary>Ten who send daily up to the day before, and z who was ill and stopped.</summary>
    private static MadeUpFeed Feed(int stopped = 9)
    {
        var feed = new MadeUpFeed().Team("north", 1);
        for (var i = 0; i < 10; i++)
        {
            feed.Patient($"p{i}").Daily($"p{i}", 0, 12, 95);
        }

        return feed.Patient("z").Daily("z", 0, stopped - 3, 95).Daily("z", stopped - 3, 3, 84, 110);
    }

    private async Task<TeamWorklist> ListAsync(MadeUpFeed feed, PinnedBands? bands = null)
    {
        await using var home = new TempHome();
        var manifest = await feed.LandAsync(home);
        var (models, _) = await trained.CopyAsync();
        await using var elsewhere = models;
        var (_, lists, _) = await DailyRiskRun.RunAsync(home.Store, manifest, new() { Task = TrainedHome.Task, AsOf = MadeUpFeed.At(12), Model = trained.Model.Version, ModelLake = models.Lake, Bands = bands }, default);
        return Assert.Single(lists);
    }

    [Fact]
    public async Task Who_is_at_high_risk_and_stopped_sending_is_a_clinical_matter()
    {
        var list = await ListAsync(Feed(), s_everybodyHigh);
        var silent = Assert.Single(list.Silent);
        Assert.Equal(("z", "no reading for 3 days, where readings came daily"), (silent.PatientId, silent.Why));
        Assert.NotNull(silent.Probability);
        Assert.Equal(MadeUpFeed.At(8).InUtc().Date, silent.LastReading!.Value.InUtc().Date);
        Assert.DoesNotContain(list.Technical, t => t.Kind == "no-data");
    }

    [Fact]
    public async Task Who_is_at_low_risk_and_stopped_is_a_technical_matter()
    {
        var list = await ListAsync(Feed(), s_nobodyHigh);
        Assert.Empty(list.Silent);
        Assert.Equal(("z", "no-data"), list.Technical.Single(t => t.Kind == "no-data") is var t ? (t.PatientId, t.Kind) : default);
    }

    [Fact]
    public async Task A_day_missed_is_no_silence() => Assert.Empty((await ListAsync(Feed(stopped: 11), s_everybodyHigh)).Silent);

    [Theory]
    [InlineData(ActionKind.Pause)]
    [InlineData(ActionKind.Snooze)]
    public async Task Who_is_paused_or_put_off_is_not_silent(ActionKind kind) => Assert.Empty((await ListAsync(Feed().Action("z", kind, 11, until: 14), s_everybodyHigh)).Silent);

    [Fact]
    public async Task What_was_put_right_is_told_again_after_as_long_a_silence()
    {
        Assert.DoesNotContain((await ListAsync(Feed().Action("z", ActionKind.TechnicalFixed, 11), s_nobodyHigh)).Technical, t => t.Kind == "no-data");
        Assert.Contains((await ListAsync(Feed().Action("z", ActionKind.TechnicalFixed, 9.5), s_nobodyHigh)).Technical, t => t.Kind == "no-data");
    }

    [Fact]
    public async Task A_flat_line_is_told_until_somebody_has_put_it_right()
    {
        MadeUpFeed Flat()
        {
            var feed = new MadeUpFeed().Team("north", 5).Patient("a");
            for (var day = 0; day < 12; day++)
            {
                feed.Reading("d-a", "weight", 80.5, day + 0.3);
            }

            return feed;
        }

        Assert.Equal([new("a", "flat-line", "weight", "Weight has been 80.5 kg in every reading of 12 days: it varies in everybody, so look at the device")], (await ListAsync(Flat())).Technical);
        Assert.Empty((await ListAsync(Flat().Action("a", ActionKind.TechnicalFixed, 11.9))).Technical);
        Assert.Single((await ListAsync(Flat().Action("a", ActionKind.TechnicalFixed, 11.2))).Technical);
    }

    [Theory]
    [InlineData(7, true)]
    [InlineData(5, true)]
    [InlineData(4, false)]
    public void Daily_is_five_days_of_the_last_seven(int days, bool isDaily)
    {
        var last = 30 * UnixMicros.PerDay;
        var cells = Enumerable.Range(0, days).Select(d => new VitalCell(last - (d * UnixMicros.PerDay), 1, 1, 1, last - (d * UnixMicros.PerDay)));
        Assert.Equal(isDaily, Silence.SentDaily(cells, last, 28 * UnixMicros.PerDay, last + (3 * UnixMicros.PerDay)));
    }

    [Fact]
    public void Without_bands_the_riskiest_tenth_is_at_high_risk()
    {
        double[] all = [.. Enumerable.Range(1, 20).Select(i => i / 100.0)];
        Assert.Equal(0.19, Silence.TopTenth(all));
        Assert.Equal(0.01, Silence.TopTenth([0.01]));
        Assert.True(Silence.IsClinical(new("a", default, 0.19, null), 0.19));
        Assert.False(Silence.IsClinical(new("a", default, 0.18, null), 0.19));
        Assert.False(Silence.IsClinical(new("a", default, 0.19, RiskBand.Medium), 0.19));
    }
}
