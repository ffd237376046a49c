using System.Globalization;
using NodaTime;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Ingestion.Tests;

/// <summary>Heart rates of devices whose patients have limits of 50 and 110, landing on 31 January 2025.</summary>
public sealed class UrgentReadingsTests : IAsyncLifetime, IDisposable
{
    private const int Day = 24 * 60;
    private readonly TempHome _home = new();
    private readonly CohortStore _store;

    public UrgentReadingsTests() => _store = _home.Store();

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _store.DisposeAsync().AsTask();

    public void Dispose() => _home.Dispose();

    private static Instant At(int minute) => Instant.FromUtc(2025, 1, 31, 0, 0) + Duration.FromMinutes(minute);

    /// <summary>A message of this minute with a heart rate that was taken so many minutes before.</summary>
    private static string Rate(int minute, double value, int before = 0, string device = "d1", string? id = null) => TempHome.Message(
        minute, device, id: id, body: string.Create(CultureInfo.InvariantCulture, $$"""{"readings":[{"code":"8867-4","value":{{value}},"unit":"/min","time":"{{At(minute - before)}}"}]}""")) + "\n";

    private static string Plan(string patient, double? low, double? high, string known = "2025-01-01T00:00:00Z") => ReferenceJson.ToLine(new CarePlan
    {
        PatientId = patient,
        Limits = [new PersonalLimit("heart_rate", low, high)],
        By = "dr",
        Known = NodaTime.Text.InstantPattern.ExtendedIso.Parse(known).Value,
    }) + "\n";

    private static string Assigned(string device, string patient, string from = "2025-01-01T00:00:00Z") =>
        $$"""{"deviceId":"{{device}}","patientId":"{{patient}}","from":"{{from}}","known":"{{from}}"}""" + "\n";

    private async Task Ingest(string messages, string? plans = null, string? assignments = null)
    {
        var folder = _home.WriteFeed(
            messages, messages.Count(c => c == '\n'), null,
            (ReferenceKinds.Assignments, assignments ?? Assigned("d1", "p1")), (ReferenceKinds.CarePlans, plans ?? Plan("p1", 50, 110)));
        await FeedIngestion.RunAsync(_store, FeedFolder.Open(folder, null, true), TimeProvider.System, null, default);
    }

    private async Task<(string Day, UrgentReading Reading)[]> Urgent() =>
        [.. (await _store.Documents.ListAsync(Containers.Urgent, default).ToArrayAsync()).Select(d => (d.PartitionKey, UrgentReading.TryRead(d.Body)!)).OrderBy(u => u.Item2.Known).ThenBy(u => u.Item2.EffectiveTime)];

    [Theory]
    [InlineData(50, false)]
    [InlineData(49.9, true)]
    [InlineData(110, false)]
    [InlineData(110.1, true)]
    public async Task A_reading_is_urgent_beyond_a_limit_and_not_at_it(double value, bool isUrgent)
    {
        await Ingest(Rate(10, value));
        Assert.Equal(isUrgent ? 1 : 0, (await Urgent()).Length);
    }

    [Fact]
    public async Task An_urgent_reading_says_whose_it_is_and_when_it_was_taken_and_landed()
    {
        await Ingest(Rate(10, 130, before: 7));
        var (day, reading) = Assert.Single(await Urgent());
        Assert.Equal("2025-01-31", day);
        Assert.Equal(("p1", "heart_rate", 130d, "/min", At(3), At(10), 50d, 110d), (reading.PatientId, reading.Vital, reading.Value, reading.Unit, reading.EffectiveTime, reading.Known, reading.Low, reading.High));
    }

    [Fact]
    public async Task A_limit_of_one_side_is_none_of_the_other()
    {
        await Ingest(Rate(10, 30) + Rate(11, 200), Plan("p1", null, 110));
        Assert.Equal(200, Assert.Single(await Urgent()).Reading.Value);
    }

    [Theory]
    [InlineData(3 * Day, true)]
    [InlineData((3 * Day) + 1, false)]
    public async Task A_reading_that_is_older_than_three_days_when_it_lands_is_no_emergency(int before, bool isUrgent)
    {
        await Ingest(Rate(10, 130, before));
        Assert.Equal(isUrgent ? 1 : 0, (await Urgent()).Length);
    }

    [Fact]
    public async Task The_limits_count_that_were_known_when_the_reading_landed()
    {
        await Ingest(
            Rate(10, 130) + Rate(20, 131) + Rate(30, 40),
            Plan("p1", 50, 110, "2025-01-31T00:15:00Z") + Plan("p1", null, 140, "2025-01-31T00:25:00Z"));
        Assert.Equal(131, Assert.Single(await Urgent()).Reading.Value);
    }

    [Fact]
    public async Task A_reading_that_lands_twice_alarms_once_also_on_the_day_after()
    {
        await Ingest(Rate(10, 130) + Rate(11, 130, before: 1, id: "again") + Rate(Day + 5, 130, before: Day - 5, id: "and-again"));
        Assert.Equal(("2025-01-31", At(10)), Assert.Single(await Urgent()) is var (day, reading) ? (day, reading.Known) : default);
    }

    [Fact]
    public async Task A_reading_that_is_corrected_alarms_once_and_leaves_when_the_correction_is_within_the_limits()
    {
        await Ingest(Rate(10, 130) + Rate(Day, 140, before: Day - 10, id: "c"));
        Assert.Equal((140d, At(10)), Assert.Single(await Urgent()) is var (_, reading) ? (reading.Value, reading.Known) : default);
        await Ingest(Rate(10, 130) + Rate(Day, 140, before: Day - 10, id: "c") + Rate(Day + 1, 80, before: Day - 9, id: "d"));
        Assert.Empty(await Urgent());
    }

    [Fact]
    public async Task A_correction_that_is_worse_asks_anew_and_one_that_is_better_does_not()
    {
        var messages = Rate(10, 130) + Rate(20, 125, before: 10, id: "b");
        await Ingest(messages);
        Assert.Equal((125d, At(10)), Assert.Single(await Urgent()) is var (_, better) ? (better.Value, better.OpenSince) : default);
        messages += Rate(30, 140, before: 20, id: "c") + Rate(40, 135, before: 30, id: "d");
        await Ingest(messages);
        var last = Assert.Single(await Urgent()).Reading;
        Assert.Equal((135d, At(10), At(30)), (last.Value, last.Known, last.OpenSince));
        await _store.Documents.DeleteAllAsync(Containers.Runs, default);
        await DocumentProjection.RunAsync(_store, TempHome.Silver(_store.Lake), default);
        Assert.Equal(last, Assert.Single(await Urgent()).Reading);
    }

    [Fact]
    public async Task Below_a_limit_lower_is_worse()
    {
        await Ingest(Rate(10, 45) + Rate(20, 40, before: 10, id: "b") + Rate(30, 42, before: 20, id: "c"));
        Assert.Equal((42d, At(20)), Assert.Single(await Urgent()) is var (_, reading) ? (reading.Value, reading.OpenSince) : default);
    }

    [Fact]
    public async Task Stopped_before_it_had_noted_how_far_it_was_it_comes_to_the_same_documents()
    {
        var messages = Rate(10, 130) + Rate(11, 131, before: 1, id: "c") + Rate(12, 45) + Rate(13, 80);
        await Ingest(messages);
        var before = await Urgent();
        Assert.Equal([131d, 45d], before.Select(u => u.Reading.Value));
        // The marker is what is written last.
        await _store.Documents.DeleteAllAsync(Containers.Runs, default);
        await DocumentProjection.RunAsync(_store, TempHome.Silver(_store.Lake), default);
        Assert.Equal(before, await Urgent());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Made_again_from_the_lake_the_same_are_open(bool areGone)
    {
        await Ingest(Rate(10, 130) + Rate(Day, 130, before: Day - 10, id: "again") + Rate(Day + 1, 45));
        var before = await Urgent();
        Assert.Equal(2, before.Length);
        await DocumentProjection.ForgetAsync(_store.Documents, default);
        Assert.Equal(before, await Urgent());
        _ = areGone ? await _store.Documents.DeleteAllAsync(Containers.Urgent, default) : 0;
        await DocumentProjection.RunAsync(_store, TempHome.Silver(_store.Lake), default);
        Assert.Equal(before, await Urgent());
    }

    [Fact]
    public async Task A_back_dated_assignment_makes_it_the_other_patients_by_their_limits()
    {
        var plans = Plan("p1", 50, 110) + Plan("p2", 50, 120);
        var messages = Rate(10, 130) + Rate(11, 115) + Rate(12, 45, device: "d2");
        var first = Assigned("d1", "p1") + Assigned("d2", "p1");
        await Ingest(messages, plans, first);
        Assert.Equal(["p1", "p1", "p1"], (await Urgent()).Select(u => u.Reading.PatientId));
        await Ingest(messages, plans, first + Assigned("d1", "p2", from: "2025-01-15T00:00:00Z"));
        Assert.Equal([("p2", 130d, 120d, At(10)), ("p1", 45d, 110d, At(12))], (await Urgent()).Select(u => (u.Reading.PatientId, u.Reading.Value, u.Reading.High!.Value, u.Reading.Known)));
    }

    [Fact]
    public async Task Patients_without_limits_and_devices_of_nobody_alarm_nobody()
    {
        await Ingest(Rate(10, 130, device: "d2") + Rate(11, 130, device: "stranger"), null, Assigned("d1", "p1") + Assigned("d2", "p2"));
        Assert.Empty(await Urgent());
    }

    [Fact]
    public async Task A_month_after_it_landed_it_is_forgotten()
    {
        await Ingest(Rate(10, 130) + Rate(20, 130));
        Assert.Equal(2, (await Urgent()).Length);
        await Ingest(Rate(10, 130) + Rate(20, 130) + Rate((30 * Day) + 15, 80));
        Assert.Equal(At(20), Assert.Single(await Urgent()).Reading.Known);
    }
}
