using NodaTime;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Engine.Embedded;

namespace RemoteMonitoring.Workflows.Tests.Engine;

/// <summary>Runs of earlier versions of the program go on in this one.</summary>
public sealed class RecordedHistoryTests
{
    private static readonly WorkflowRegistry s_all = WorkflowCatalog.Compose((_, _) => throw new NotSupportedException(), () => throw new NotSupportedException(), TimeProvider.System);

    public static TheoryData<string> Workflows => [.. s_all.Workflows];

    public static TheoryData<string> Recorded => [.. RecordedHistories.Names];

    [Theory]
    [MemberData(nameof(Workflows))]
    public void Every_workflow_has_a_recorded_history_of_its_version(string name)
    {
        var wanted = RecordedHistories.NameOf(s_all.Workflow(name)!);
        Assert.True(RecordedHistories.Names.Contains(wanted), $"tests/golden/histories/{wanted}.ndjson is not there. Record it, and keep those of earlier versions: the README of tests/golden says how.");
    }

    [Theory]
    [MemberData(nameof(Recorded))]
    public void A_recorded_history_leads_todays_code_to_where_it_led_then(string name)
    {
        var file = name.Split('.')[0];
        var of = file.LastIndexOf("-v", StringComparison.Ordinal);
        var workflow = s_all.Workflow(file[..of]);
        Assert.True(workflow is not null, $"{name}: runs of '{file[..of]}' may be under way, and this program does not know it any more.");
        var history = RecordedHistories.Read(name);
        var end = RecordedHistories.Events(history)[^1];
        var execution = RecordedHistories.Replay(workflow, history);
        Assert.Equal(end.Kind is HistoryKind.Completed or HistoryKind.Failed or HistoryKind.ContinuedAsNew, execution.IsOver);
    }

    [Fact]
    public void Among_them_are_a_part_that_was_split_and_a_timer_that_is_waited_for()
    {
        var split = RecordedHistories.Events(RecordedHistories.Read("score-shards-v1.split"));
        Assert.True(split.Count(e => e is { Kind: HistoryKind.ActivityScheduled, Name: "score-part" }) > RecordedHistories.Events(RecordedHistories.Read("score-shards-v1")).Count(e => e.Name == "score-part" && e.IsAsked));
        Assert.Equal(HistoryKind.TimerSet, RecordedHistories.Events(RecordedHistories.Read("daily-risk-v1.waits"))[^1].Kind);
    }

    [Fact]
    public void A_night_of_before_there_were_challengers_has_no_step_for_one_and_one_of_today_has()
    {
        Assert.DoesNotContain(RecordedHistories.Events(RecordedHistories.Read("daily-risk-v1")), e => e.Name == "score-shadow");
        Assert.Contains(RecordedHistories.Events(RecordedHistories.Read("daily-risk-v2")), e => e is { Kind: HistoryKind.ActivityScheduled, Name: "score-shadow" });
    }

    [Fact]
    public void A_night_of_before_there_were_follow_ups_begins_none_and_one_of_today_does()
    {
        Assert.DoesNotContain(RecordedHistories.Events(RecordedHistories.Read("daily-risk-v2")), e => e.Name == "start-follow-ups");
        Assert.Contains(RecordedHistories.Events(RecordedHistories.Read("daily-risk-v3")), e => e is { Kind: HistoryKind.ActivityScheduled, Name: "start-follow-ups" });
        Assert.DoesNotContain(RecordedHistories.Events(RecordedHistories.Read("hourly-risk-v2")), e => e.Name == "start-follow-ups");
    }

    [Theory]
    [MemberData(nameof(Recorded))]
    public void A_history_that_lacks_a_step_is_not_taken_for_todays(string name)
    {
        var events = RecordedHistories.Events(RecordedHistories.Read(name)).ToList();
        var workflow = s_all.Workflow(name.Split('.')[0][..name.Split('.')[0].LastIndexOf("-v", StringComparison.Ordinal)])!;
        events.RemoveAt(events.FindIndex(e => e.Kind is HistoryKind.ActivityScheduled or HistoryKind.WorkflowScheduled));
        Assert.Throws<NonDeterminismException>(() => RecordedHistories.Replay(workflow, HistoryEventLine.Of(events)));
    }

    [Fact]
    public void A_line_of_a_history_is_read_as_it_was_written()
    {
        var e = new HistoryEvent(HistoryKind.EventReceived, -1, "said", "\"ä\\n\"", Instant.FromUnixTimeTicks(17_000_000_000_000_001));
        Assert.Equal(e, HistoryEventLine.Read(HistoryEventLine.Of(e)));
        Assert.DoesNotContain('\n', HistoryEventLine.Of(e));
    }
}
