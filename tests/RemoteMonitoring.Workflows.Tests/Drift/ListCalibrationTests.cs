using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Workflows.Tests.Drift;

public sealed class ListCalibrationTests(DriftHome trained) : IClassFixture<DriftHome>
{
    private static async Task<TeamWorklist> LastAsync(TempHome home)
    {
        var made = ListsIndex.Latest(await ListsIndex.ReadAsync(home.Store.Documents, default)).Single();
        Assert.Equal(MadeUpFeed.At(DriftHome.End), made.AsOf);
        return (await DailyRiskRun.WorklistsAsync(home.Store, made.Run, default)).Single();
    }

    [Fact]
    public async Task What_nights_foresaw_is_held_against_what_came_and_the_list_says_what_it_expects_where_that_held()
    {
        await using var home = await trained.CopyAsync(Enumerable.Range(DriftHome.Trained + 1, DriftHome.End - DriftHome.Trained));
        var list = await LastAsync(home);
        // The same by hand: predictions of nights 31 to 57 whose two days have passed at 59.3, the last reading.
        var (observed, expected) = (0, 0.0);
        await foreach (var document in home.Store.Documents.ListAsync(Storage.Documents.Containers.Predictions, default))
        {
            var body = System.Text.Json.JsonDocument.Parse(document.Body).RootElement;
            var night = (int)(NodaTime.Text.InstantPattern.ExtendedIso.Parse(body.GetProperty("asOf").GetString()!).Value - MadeUpFeed.Begin).TotalDays;
            var number = int.Parse(document.PartitionKey["patient-".Length..], System.Globalization.CultureInfo.InvariantCulture);
            if (night <= 57)
            {
                // Each third patient is admitted at noon of each tenth day.
                observed += number % 3 == 0 && Enumerable.Range(night, 2).Any(day => (number + 100 - day) % 10 == 0) ? 1 : 0;
                expected += body.GetProperty("probability").GetDouble();
            }
        }

        var ratio = observed / expected;
        Assert.True(expected / 2 > ListCalibration.FewestEvents);
        if (ratio is >= ListCalibration.LeastRatio and <= ListCalibration.MostRatio)
        {
            Assert.Equal(ratio, list.Expected!.ObservedExpected, 1e-9);
            Assert.Equal(list.Listed.Sum(p => p.Probability), list.Expected.Mean, 1e-9);
            Assert.InRange(list.Expected.Mean, list.Expected.Low - 1, list.Expected.High + 1);
            Assert.Null(list.WhyNotExpected);
        }
        else
        {
            Assert.Null(list.Expected);
            Assert.Contains($"{ratio:0.00} times as many", list.WhyNotExpected, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_list_without_nights_before_it_says_that_it_does_not_know_yet()
    {
        await using var home = await trained.CopyAsync([DriftHome.End]);
        var list = await LastAsync(home);
        Assert.Null(list.Expected);
        Assert.StartsWith("How many of those listed will have the outcome is not said yet", list.WhyNotExpected, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(14, 20, 20, true)]
    [InlineData(13, 20, 20, false)]
    [InlineData(26, 20, 20, true)]
    [InlineData(27, 20, 20, false)]
    [InlineData(20, 20, 10, true)]
    [InlineData(20, 20, 9.9, false)]
    [InlineData(0, 0, 0, false)]
    public void It_is_said_only_where_it_held_and_enough_came(int observed, double expected, double events, bool isSaid)
    {
        var calibration = new ListCalibration(observed, expected, events);
        Assert.Equal(isSaid, calibration.WhyNot is null);
        Assert.Equal(isSaid, calibration.Of([0.1, 0.2]) is not null);
    }
}
