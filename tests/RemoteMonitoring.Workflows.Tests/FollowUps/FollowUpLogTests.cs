using NodaTime;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Workflows.Tests.FollowUps;

public sealed class FollowUpLogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rmon-actions-").FullName;

    [Fact]
    public async Task What_was_done_is_there_for_another_process()
    {
        using var ours = Log();
        using var theirs = Log();
        var outcome = await ours.ActAsync(Act("p", 1), "", CancellationToken.None);
        Assert.Equal(ActStatus.Done, outcome.Status);
        await theirs.RefreshAsync(CancellationToken.None);
        Assert.Equal(outcome.State.Version, theirs.Of("p").Version);
    }

    [Fact]
    public async Task The_second_who_acted_on_one_state_is_told_and_nothing_is_written()
    {
        using var ours = Log();
        using var theirs = Log();
        await theirs.RefreshAsync(CancellationToken.None);
        await ours.ActAsync(Act("p", 1), "", CancellationToken.None);
        var second = await theirs.ActAsync(Act("p", 2) with { By = "bob" }, "", CancellationToken.None);
        Assert.Equal(ActStatus.Conflict, second.Status);
        Assert.Equal("ann", second.State.All.Single().By);
    }

    [Fact]
    public async Task Another_button_of_the_same_form_is_another_action_and_told_as_one()
    {
        using var log = Log();
        var claim = Act("p", 1) with { Kind = ActionKind.Claim };
        await log.ActAsync(claim, "", CancellationToken.None);
        foreach (var other in (WorklistAction[])[claim with { Kind = ActionKind.Contacted }, claim with { Note = "spoke to them" }, claim with { By = "bob" }])
        {
            Assert.Equal(ActStatus.Conflict, (await log.ActAsync(other, "", CancellationToken.None)).Status);
        }

        Assert.Equal(ActStatus.DoneBefore, (await log.ActAsync(claim with { Known = Instant.FromUnixTimeSeconds(9) }, "", CancellationToken.None)).Status);
        Assert.Equal(ActionKind.Claim, Assert.Single(log.Of("p").All).Kind);
    }

    [Fact]
    public async Task The_same_form_twice_is_done_once()
    {
        using var log = Log();
        await log.ActAsync(Act("p", 1), "", CancellationToken.None);
        Assert.Equal(ActStatus.DoneBefore, (await log.ActAsync(Act("p", 1), "", CancellationToken.None)).Status);
        Assert.Single(log.Of("p").All);
    }

    [Fact]
    public async Task Of_many_at_once_on_one_patient_one_is_first_and_on_many_patients_all_are_done()
    {
        FollowUpLog[] logs = [Log(), Log(), Log()];
        var onOne = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => logs[i % 3].ActAsync(Act("p", i), "", CancellationToken.None)));
        Assert.Equal(1, onOne.Count(o => o.Status == ActStatus.Done));
        Assert.Equal(11, onOne.Count(o => o.Status == ActStatus.Conflict));
        var onMany = await Task.WhenAll(Enumerable.Range(0, 30).Select(i => logs[i % 3].ActAsync(Act($"q{i}", 100 + i), "", CancellationToken.None)));
        Assert.All(onMany, o => Assert.Equal(ActStatus.Done, o.Status));
        using var fresh = Log();
        await fresh.RefreshAsync(CancellationToken.None);
        Assert.Equal(31, fresh.All.Sum(p => p.Value.All.Count));
        Array.ForEach(logs, l => l.Dispose());
    }

    [Fact]
    public async Task Known_times_grow_though_the_clock_is_set_back()
    {
        var clock = new SetClock { Now = Instant.FromUtc(2026, 3, 2, 9, 0) };
        using var log = new FollowUpLog(new ReferenceLog(new LakeDirectory(_folder)), clock);
        var first = await log.ActAsync(Act("p", 1), "", CancellationToken.None);
        clock.Now -= Duration.FromHours(1);
        var second = await log.ActAsync(Act("p", 2), first.State.Version, CancellationToken.None);
        Assert.True(second.State.All[1].Known > second.State.All[0].Known);
    }

    [Fact]
    public async Task Undoing_too_late_writes_nothing()
    {
        var clock = new SetClock { Now = Instant.FromUtc(2026, 3, 2, 9, 0) };
        using var log = new FollowUpLog(new ReferenceLog(new LakeDirectory(_folder)), clock);
        var done = await log.ActAsync(Act("p", 1), "", CancellationToken.None);
        clock.Now += Duration.FromSeconds(61);
        var undone = await log.ActAsync(Act("p", 2) with { Kind = ActionKind.Undo, Undoes = done.State.Version }, done.State.Version, CancellationToken.None);
        Assert.Equal(ActStatus.TooLate, undone.Status);
        Assert.Single(undone.State.All);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private FollowUpLog Log() => new(new ReferenceLog(new LakeDirectory(_folder)), TimeProvider.System);

    private static WorklistAction Act(string patient, int id) => new()
    {
        Id = $"{id:x32}",
        PatientId = patient,
        CareTeamId = "t",
        Kind = ActionKind.Contacted,
        By = "ann",
        Known = Instant.FromUnixTimeSeconds(0),
    };

    private sealed class SetClock : TimeProvider
    {
        public Instant Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now.ToDateTimeOffset();
    }
}
