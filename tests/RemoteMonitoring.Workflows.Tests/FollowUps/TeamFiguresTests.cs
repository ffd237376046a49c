using NodaTime;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Workflows.Tests.FollowUps;

/// <summary>
/// Four mornings of a team of ten patients: a, b and c are listed as the rows say; the task foresees two days ahead.
/// </summary>
public sealed class TeamFiguresTests
{
    private readonly List<WorklistAction> _actions = [];
    private readonly List<Outcome> _outcomes = [];
    private readonly List<UrgentReading> _urgent = [];

    private static TeamWorklist List(double day, string listed, int technical = 0) => new()
    {
        CareTeamId = "north",
        Name = "North",
        Capacity = 5,
        Title = "t",
        AsOf = MadeUpFeed.At(day),
        Run = $"r{day}",
        Scored = 8,
        Listed = [.. listed.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Listed)],
        NotScored = [new NotScored("x", "why")],
        SetAside = [new NotScored("y", "why")],
        Technical = [.. Enumerable.Range(0, technical).Select(i => new TechnicalFinding($"t{i}", "flat-line", "weight", "flat"))],
    };

    private static Prediction Listed(string id) => new()
    {
        Id = id,
        PatientId = id,
        Task = TrainedHome.Task.Name,
        AsOf = default,
        KnownBy = default,
        Model = "m",
        FeatureSetHash = "h",
        Run = "r",
        Probability = 0.1,
        Raw = -2,
        Reasons = [],
    };

    private TeamFiguresTests Act(string id, ActionKind kind, double day, string? undoes = null)
    {
        _actions.Add(new WorklistAction { Id = $"{_actions.Count}", PatientId = id, CareTeamId = "north", Kind = kind, By = "n", Undoes = undoes, Known = MadeUpFeed.At(day) });
        return this;
    }

    private TeamFiguresTests Event(string id, double day, string kind = "hospital-admission")
    {
        _outcomes.Add(new Outcome { PatientId = id, Kind = kind, Effective = MadeUpFeed.At(day), Known = MadeUpFeed.At(day) });
        return this;
    }

    private TeamPeriod Period(double now, params TeamWorklist[] lists)
    {
        var states = PatientFollowUp.Of(_actions);
        return new(TrainedHome.Task, lists, id => states.GetValueOrDefault(id, PatientFollowUp.None), _outcomes, (id, _) => id.Length == 1, _ => DateTimeZone.Utc, _urgent, MadeUpFeed.At(now));
    }

    private TeamFigures Figures(params TeamWorklist[] lists) => TeamFigures.Of(Period(10, lists));

    private TeamFigures FourMornings() => Figures(List(1, "a b"), List(2, "a b c"), List(3, "b"), List(4, "a", technical: 2));

    [Fact]
    public void Workload_is_counted_by_listing_by_patient_and_by_spell()
    {
        var figures = FourMornings();
        Assert.Equal((4, 40, 7, 3), (figures.Lists, figures.PatientDays, figures.Listings, figures.Patients));
        // a twice, of two lists and one; b of three; c of one.
        Assert.Equal((4, 1 / 3.0, 1.5), (figures.Spells, figures.RepeatsPerPatient, figures.MedianDaysListed));
        Assert.Equal((17.5, 5.0, 0.0), (figures.ListedPerHundred, figures.TechnicalPerHundred, figures.UrgentPerHundred));
    }

    [Fact]
    public void A_listing_is_acted_on_by_what_is_done_before_the_next_list_and_a_claim_or_note_is_no_act()
    {
        Act("a", ActionKind.Contacted, 1.4).Act("b", ActionKind.NoAnswer, 2).Act("b", ActionKind.Claim, 1.5).Act("c", ActionKind.Note, 2.5);
        Assert.Equal((2, 2 / 7.0), (FourMornings().ActedOn, FourMornings().ShareActedOn));
        // Of the last list within a day.
        Act("a", ActionKind.Snooze, 5.1);
        Assert.Equal(2, FourMornings().ActedOn);
        Act("a", ActionKind.Snooze, 4.9);
        Assert.Equal(3, FourMornings().ActedOn);
        Act("a", ActionKind.Undo, 4.9001, undoes: $"{_actions.Count - 1}");
        Assert.Equal(2, FourMornings().ActedOn);
    }

    [Fact]
    public void Time_to_first_contact_runs_from_a_spells_first_list_and_of_each_spell_counts_the_first()
    {
        // a: 12 h after the first list, and nothing in the second spell; b: 36 h after the first; an attempt is no contact.
        Act("a", ActionKind.Contacted, 1.5).Act("a", ActionKind.Contacted, 3.5).Act("b", ActionKind.NoAnswer, 1.1).Act("b", ActionKind.VisitArranged, 2.5);
        var figures = FourMornings();
        Assert.Equal(2, figures.Contacted);
        Assert.Equal(Duration.FromHours(24), figures.MedianToContact);
        Assert.Equal(Duration.FromHours(33.6), figures.NinetiethToContact);
    }

    [Fact]
    public void What_is_done_from_a_past_list_counts_for_it_and_for_the_one_that_holds_in_both_figures()
    {
        // a stands on the first two lists and the last, and is contacted on the third day from the page of the first.
        Act("a", ActionKind.Contacted, 3.5);
        Assert.Equal((0, 0), (FourMornings().ActedOn, FourMornings().Contacted)); // from no list: none that had a held then
        _actions[^1] = _actions[^1] with { Shown = [new ShownRisk(TrainedHome.Task.Name, MadeUpFeed.At(1), "r", 0.1, [])] };
        Assert.Equal((1, 1), (FourMornings().ActedOn, FourMornings().Contacted));
        Assert.Equal(Duration.FromHours(60), FourMornings().MedianToContact);
        // b stands on the third too, which held then: that listing is acted on as well, and its spell is one.
        Act("b", ActionKind.Contacted, 3.5);
        _actions[^1] = _actions[^1] with { Shown = [new ShownRisk(TrainedHome.Task.Name, MadeUpFeed.At(1), "r", 0.1, [])] };
        Assert.Equal((3, 2), (FourMornings().ActedOn, FourMornings().Contacted));
        // From a list of another task it is done for none of these.
        _actions[0] = _actions[0] with { Shown = [new ShownRisk("other", MadeUpFeed.At(1), "r", 0.1, [])] };
        Assert.Equal((2, 1), (FourMornings().ActedOn, FourMornings().Contacted));
    }

    [Fact]
    public void An_event_counts_once_whichever_lists_foresaw_it_and_events_of_others_are_told_apart()
    {
        // Within two days of both of a's first lists; of d whom no list had; of c, who was listed two days and a half before; long after all lists; of another kind; of another team's patient.
        Event("a", 2.5).Event("d", 3).Event("c", 4.5).Event("b", 9).Event("b", 2.5, "fall").Event("other", 3);
        var figures = FourMornings();
        Assert.Equal((3, 1, 2, 1), (figures.Events, figures.EventsListed, figures.EventsNotListed, figures.PatientsWithEvent));
        Assert.Equal(1 / 3.0, figures.Yield);
    }

    [Theory]
    [InlineData(2, false)] // not after as-of of its only list
    [InlineData(2.001, true)]
    [InlineData(4, true)] // the window of two days ends at it
    [InlineData(4.001, false)]
    public void An_event_is_foreseen_in_the_window_of_the_list(double day, bool isForeseen)
    {
        Event("c", day);
        Assert.Equal(isForeseen ? 1 : 0, FourMornings().EventsListed);
    }

    [Fact]
    public void Urgent_readings_of_the_teams_patients_count()
    {
        foreach (var id in (string[])["a", "d", "other"])
        {
            _urgent.Add(new UrgentReading(id, id, "spo2", 80, "%", MadeUpFeed.At(2), MadeUpFeed.At(2), 85, null));
        }

        Assert.Equal((2, 5.0), (FourMornings().Urgent, FourMornings().UrgentPerHundred));
    }

    [Fact]
    public void What_is_done_while_the_last_list_holds_counts_however_long_after_its_instant()
    {
        // The list of a replayed cohort speaks for a day of long ago.
        Act("a", ActionKind.Contacted, 400);
        var figures = TeamFigures.Of(Period(401, List(1, "b"), List(4, "a")) with { LastHolds = MadeUpFeed.At(401) });
        Assert.Equal((1, 1), (figures.ActedOn, figures.Contacted));
        // It was not waited for since then.
        Assert.Null(figures.MedianToContact);
        Assert.Equal(0, TeamFigures.Of(Period(401, List(1, "b"), List(4, "a"))).ActedOn);
        Assert.Equal(0, TeamFigures.Of(Period(401, List(1, "b"), List(4, "a")) with { LastHolds = MadeUpFeed.At(399) }).ActedOn);
    }

    [Fact]
    public void Outcomes_of_lists_whose_window_has_not_passed_are_not_taken_for_none()
    {
        Event("a", 1.5);
        var lists = new[] { List(1, "a b"), List(3, "c"), List(4, "d") };
        var none = TeamFigures.Of(Period(5, lists) with { Certain = MadeUpFeed.At(0.9) });
        Assert.Equal((3, false, 0), (none.Awaiting, none.IsYieldKnown, none.Events));
        Assert.Null(none.Yield);
        Assert.True(none.MoreKnownFrom < none.KnownFrom && none.MoreKnownFrom >= lists[0].AsOf + Duration.FromDays(2), "The window is of two days.");

        var some = TeamFigures.Of(Period(5, lists) with { Certain = MadeUpFeed.At(1) });
        Assert.Equal((2, true, 1, 2, 0.5), (some.Awaiting, some.IsYieldKnown, some.Events, some.PatientsKnown, some.Yield));
        // At the instant that is named all are known.
        Assert.Equal(0, TeamFigures.Of(Period(5, lists) with { Certain = MadeUpFeed.At(4) }).Awaiting);
        Assert.Null(TeamFigures.Of(Period(5, lists) with { Certain = MadeUpFeed.At(4) }).KnownFrom);
    }

    [Fact]
    public void Without_lists_there_is_no_figure_and_no_fault()
    {
        var figures = Figures();
        Assert.Equal((0, 0), (figures.Lists, figures.Listings));
        Assert.Null(figures.ShareActedOn ?? figures.Yield ?? figures.RepeatsPerPatient ?? figures.MedianDaysListed ?? figures.ListedPerHundred);
        Assert.Null(figures.MedianToContact);
    }
}
