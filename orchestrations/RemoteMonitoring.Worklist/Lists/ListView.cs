using System.Collections.Frozen;
using System.Globalization;
using NodaTime;
using NodaTime.Text;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.FollowUps;
using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.Worklist.Lists;

/// <summary>A patient on a list, with all that a nurse needs to decide whether to call.</summary>
public sealed record ListedPatient
{
    /// <summary>Place on the list, from 1.</summary>
    public required int Rank { get; init; }

    /// <summary>What was foreseen.</summary>
    public required Prediction Prediction { get; init; }

    /// <summary>Who it is and what was done.</summary>
    public required PatientLine Patient { get; init; }

    /// <summary>Probability in the lists before; null where there are none, or they did not score the patient.</summary>
    public double? Before { get; init; }

    /// <summary>The contact that was made when this, or something later, had been foreseen: the patient is done with for this list; null for none.</summary>
    public WorklistAction? DoneBy => Patient.State.LastContact is { } contact && (contact.Shown.FirstOrDefault(s => s.Task == Prediction.Task)?.AsOf ?? contact.Known) >= Prediction.AsOf ? contact : null;

    /// <summary>When those spoke, as <see cref="ListWords.Change"/> takes it.</summary>
    public string Since { get; init; } = ListWords.Yesterday;
}

/// <summary>A patient in a line: what every lane shows.</summary>
/// <param name="Handle">Name in addresses.</param>
/// <param name="Roster">The roster's latest word.</param>
/// <param name="State">What was done.</param>
/// <param name="Plan">Care plan; null where nobody stated one.</param>
/// <param name="Undo">The viewer's last action, while it can be taken back; else null.</param>
/// <param name="SeenUrgent">How far the patient's urgent readings reach that the page shows; null where it shows none.</param>
/// <param name="Urgent">How far they reach, settled or not, which breaks a snooze of before; null where there are none.</param>
/// <param name="Zone">The zone of the team, for what staff did.</param>
public sealed record PatientLine(string Handle, Patient Roster, PatientFollowUp State, CarePlan? Plan, WorklistAction? Undo, Instant? SeenUrgent, Instant? Urgent, DateTimeZone Zone)
{
    /// <summary>The patient's own zone, for what devices said.</summary>
    public DateTimeZone OwnZone => ListReader.ZoneOf(Roster);
}

/// <summary>A patient in a lane beside the list.</summary>
/// <param name="Patient">Who.</param>
/// <param name="Texts">What there is to say, a sentence each.</param>
/// <param name="Cause">What kind of thing it is, in words, of several the first; null in lanes that tell none apart.</param>
public sealed record LanePatient(PatientLine Patient, IReadOnlyList<string> Texts, string? Cause = null)
{
    /// <summary>What a technical finding is about, by <see cref="TechnicalFinding.Kind"/>.</summary>
    public static string CauseOf(string kind) => kind switch
    {
        "no-data" => "No readings",
        "technique" => "How it is measured",
        "flat-line" => "The same value over and over",
        "clock" => "Clocks of devices",
        "battery" => "Batteries",
        _ => "Other",
    };
}

/// <summary>The morning list of a team, as it is shown.</summary>
public sealed record ListView
{
    /// <summary>Patients shown on a page of the list.</summary>
    public const int PageRows = 50;

    /// <summary>Team.</summary>
    public required AllowedTeam Team { get; init; }

    /// <summary>The viewer's teams by id and name, in order of name.</summary>
    public required IReadOnlyList<(string Id, string Name)> Teams { get; init; }

    /// <summary>The lists shown; null where none has been made yet.</summary>
    public ListsMade? Lists { get; init; }

    /// <summary>The latest lists of each task.</summary>
    public required IReadOnlyList<ListsMade> Latest { get; init; }

    /// <summary>The team's list; null where the run made none for it.</summary>
    public TeamWorklist? List { get; init; }

    /// <summary>Whether these are the latest lists of their task.</summary>
    public bool IsLatest { get; init; }

    /// <summary>How far the data has come that there is now, where the list is an old one; else null.</summary>
    public Instant? DataEnd { get; init; }

    /// <summary>Whether the patients are those that the demo makes up.</summary>
    public bool IsMadeUp { get; init; }

    /// <summary>That the latest list is not of today, and why; null where it is.</summary>
    public string? Stale => IsLatest && Lists is { } lists && IsOld(lists.AsOf, Now) ? ListWords.Stale(lists, DataEnd, Now, Zone, IsMadeUp) : null;

    /// <summary>Whether a list of an instant is none of today's or yesterday's.</summary>
    public static bool IsOld(Instant asOf, Instant now) => now - asOf > Duration.FromHours(36);

    /// <summary>The patients of this page of the list.</summary>
    public required IReadOnlyList<ListedPatient> Listed { get; init; }

    /// <summary>Rows before this page.</summary>
    public int From { get; init; }

    /// <summary>Readings beyond personal limits.</summary>
    public required IReadOnlyList<LanePatient> Urgent { get; init; }

    /// <summary>How many documents of urgent readings, of whatever team, cannot be read.</summary>
    public int UnreadableUrgent { get; init; }

    /// <summary>High-risk patients who send nothing.</summary>
    public required IReadOnlyList<LanePatient> Silent { get; init; }

    /// <summary>What is wrong with the measuring.</summary>
    public required IReadOnlyList<LanePatient> Technical { get; init; }

    /// <summary>Who could not be scored.</summary>
    public required IReadOnlyList<LanePatient> NotScored { get; init; }

    /// <summary>Who would be listed by risk, and rests.</summary>
    public required IReadOnlyList<LanePatient> Resting { get; init; }

    /// <summary>What of it goes on record: which list, the rows of this page, the lanes, whose urgent readings.</summary>
    public ListsShown Shown => new()
    {
        Lists = Lists is { } made && List is not null ? [new(made.Title, made.AsOf, made.Run)] : [],
        From = From,
        To = From + Listed.Count,
        Lanes = List is not null,
        Urgent = [.. Urgent.Select(u => u.Patient.Roster.PatientId)],
    };

    /// <summary>What was just done, or not; null for nothing.</summary>
    public string? Said { get; init; }

    /// <summary>The zone the page's own times stand in: that of most of the team's patients.</summary>
    public required DateTimeZone Zone { get; init; }

    /// <summary>Now.</summary>
    public required Instant Now { get; init; }

    /// <summary>Tells this state of the page from a later one.</summary>
    public required string Version { get; init; }
}

/// <summary>What the pages say of figures, in words that are true.</summary>
public static class ListWords
{
    private static readonly ZonedDateTimePattern s_time = ZonedDateTimePattern.CreateWithInvariantCulture("ddd d MMM uuuu HH':'mm", null);
    private static readonly ZonedDateTimePattern s_short = ZonedDateTimePattern.CreateWithInvariantCulture("ddd d MMM HH':'mm", null);
    private static readonly ZonedDateTimePattern s_clock = ZonedDateTimePattern.CreateWithInvariantCulture("HH':'mm", null);
    private static readonly ZonedDateTimePattern s_day = ZonedDateTimePattern.CreateWithInvariantCulture("ddd d MMM uuuu", null);

    private static readonly FrozenSet<string> s_abbreviations = FrozenSet.Create(StringComparer.Ordinal, "af", "ckd", "copd", "hiv", "ibd", "ms", "tia");

    /// <summary>That there are urgent readings which nobody can be shown; null where there are none.</summary>
    public static string? Unreadable(int documents) => documents == 0 ? null
        : $"{(documents == 1 ? "1 urgent reading is" : $"{documents} urgent readings are")} stored in a form that cannot be read, and may be of this team's patients. Tell who operates this: 'rmon rebuild' makes {(documents == 1 ? "it" : "them")} again.";

    /// <summary>That patients of a list were erased since; null where none was.</summary>
    public static string? Erased(TeamWorklist list) => list.Erased?.Count switch
    {
        null or 0 => null,
        1 => "1 person was erased since, and is in no row or figure of this list.",
        var erased => $"{erased} people were erased since, and are in no row or figure of this list.",
    };

    /// <summary>When the lists before spoke.</summary>
    public const string Yesterday = "yesterday";

    /// <summary>When somebody was last in touch.</summary>
    public const string AtContact = "at the last contact";

    /// <summary>An instant in a zone, to the minute.</summary>
    public static string Time(Instant instant, DateTimeZone zone) => s_time.Format(instant.InZone(zone));

    /// <summary>What the clock of a zone shows at an instant.</summary>
    public static string Clock(Instant instant, DateTimeZone zone) => s_clock.Format(instant.InZone(zone));

    /// <summary>When a reading was taken, in the patient's own zone; its place is named where the clock there shows another time than the team's.</summary>
    public static string Taken(Instant instant, DateTimeZone own, DateTimeZone team) => Time(instant, own) + (IsElsewhere(instant, own, team) ? $" {Place(own)}" : "");

    /// <summary>Whether a patient's clock showed another time than the team's.</summary>
    public static bool IsElsewhere(Instant instant, DateTimeZone own, DateTimeZone team) => own.GetUtcOffset(instant) != team.GetUtcOffset(instant);

    /// <summary>A zone by the place that it is named after: <c>Berlin</c>.</summary>
    public static string Place(DateTimeZone zone) => zone.Id[(zone.Id.LastIndexOf('/') + 1)..].Replace('_', ' ');

    /// <summary>Its local day.</summary>
    public static string Day(Instant instant, DateTimeZone zone) => s_day.Format(instant.InZone(zone));

    /// <summary>For which day an old list speaks, and whether there is data that a later one could be made of.</summary>
    public static string Stale(ListsMade lists, Instant? dataEnd, Instant now, DateTimeZone zone, bool isMadeUp)
    {
        var day = $"This is the list of {Day(lists.AsOf, zone)}, {Ago(lists.AsOf, now)}";
        return isMadeUp ? $"{day}: the last that there is data for. The patients are made up, and their data ends there."
            : dataEnd > lists.Watermark ? $"{day}: data has come in since, and no later list has been made of it."
            : $"{day}: the data ends there, and none has come in since.";
    }

    /// <summary>How long ago something was, in the one unit that matters.</summary>
    public static string Ago(Instant then, Instant now) => (now - then) switch
    {
        var d when d < Duration.FromMinutes(2) => "just now",
        var d when d < Duration.FromHours(2) => string.Create(CultureInfo.InvariantCulture, $"{(int)d.TotalMinutes} minutes ago"),
        var d when d < Duration.FromDays(2) => string.Create(CultureInfo.InvariantCulture, $"{(int)d.TotalHours} hours ago"),
        var d => string.Create(CultureInfo.InvariantCulture, $"{(int)d.TotalDays} days ago"),
    };

    /// <summary>When lists before others spoke: yesterday where that was the local day before, else the instant.</summary>
    public static string When(Instant before, Instant now, DateTimeZone zone) =>
        before.InZone(zone).Date == now.InZone(zone).Date.PlusDays(-1) ? Yesterday : s_short.Format(before.InZone(zone));

    /// <summary>A change of risk, as counts are shown; null where there is nothing to compare with.</summary>
    public static string? Change(double now, double? before, string since) => before is not { } then ? null
        : RiskWords.Count(now) == RiskWords.Count(then) ? $"hardly changed {Since(since)}"
        : $"{(now > then ? "up" : "down")} from {RiskWords.Count(then)} {(since is Yesterday or AtContact ? since : $"on {since}")}";

    private static string Since(string since) => since == AtContact ? "since the last contact" : $"since {since}";

    /// <summary>NEWS2 of a prediction, or that it is unknown and why.</summary>
    public static string News2(Prediction prediction, Patient roster) => prediction.News2 is { } news2 ? News2(news2)
        : roster.Age < YoungestScored ? $"NEWS2 unknown: it is not for under {YoungestScored}s"
        : "NEWS2 unknown: what it is made of was not measured in the 24 hours before";

    /// <summary>Under this age there is no NEWS2.</summary>
    private const int YoungestScored = 16;

    /// <summary>What a NEWS2 calls for by itself (Royal College of Physicians, National Early Warning Score 2, 2017, chart 2); null for less than 5.</summary>
    public static string? Calls(News2Figures? news2) => news2 switch
    {
        { Point: >= 7 } => "7 or more: calls for an emergency response",
        { Point: >= 5 } => "5 or more: calls for an urgent response",
        _ => null,
    };

    /// <summary>NEWS2 with its bounds.</summary>
    public static string News2(News2Figures news2) => news2.Low == news2.High
        ? string.Create(CultureInfo.InvariantCulture, $"NEWS2 {news2.Point}")
        : string.Create(CultureInfo.InvariantCulture, $"NEWS2 {news2.Point} (between {news2.Low} and {news2.High}, by what was not measured)");

    /// <summary>Whether the score and NEWS2 say different things, in a sentence; null where they do not, or one is missing.</summary>
    public static string? Disagreement(Prediction prediction) => (prediction.BandInWords, prediction.News2) switch
    {
        ("high", { High: < 5 }) => "NEWS2 sees nothing urgent, whatever was not measured; the score does.",
        ("high", { Point: < 5 }) => "NEWS2 sees nothing urgent in what was measured; the score does.",
        ("low", { Point: >= 5 }) => "NEWS2 is urgent by itself; the score is low. Go by the patient.",
        ("medium", { Point: >= 7 }) => "NEWS2 is an emergency by itself; the score is medium. Go by the patient.",
        _ => null,
    };

    /// <summary>What the list is expected to find.</summary>
    public static string Expected(ExpectedYield expected) => expected.Low == expected.High
        ? string.Create(CultureInfo.InvariantCulture, $"Expected among those listed: about {expected.Mean:0.#} ({expected.Low}, four times in five)")
        : string.Create(CultureInfo.InvariantCulture, $"Expected among those listed: about {expected.Mean:0.#} (between {expected.Low} and {expected.High}, four times in five)");

    /// <summary>An urgent reading.</summary>
    public static string Urgent(UrgentReading reading, DateTimeZone own, DateTimeZone team)
    {
        var vital = VitalSignCatalog.Default[reading.Vital];
        var limit = reading.Value < reading.Low ? $"below the limit of {ReasonText.Value(vital, reading.Low!.Value)}" : $"above the limit of {ReasonText.Value(vital, reading.High!.Value)}";
        return $"{ReasonText.Format(vital, reading.Value)}, {limit}; taken {Taken(reading.EffectiveTime, own, team)}";
    }

    /// <summary>Age and conditions of a patient, as far as the roster says.</summary>
    public static string Who(Patient roster) =>
        string.Join(", ", ((string?[])[roster.Age is { } age ? string.Create(CultureInfo.InvariantCulture, $"{age:0} years") : null, .. roster.Conditions.Select(Condition)]).OfType<string>());

    /// <summary>A condition of the roster, abbreviations as they are written.</summary>
    public static string Condition(string condition) => s_abbreviations.Contains(condition) ? condition.ToUpperInvariant() : condition.Replace('-', ' ');

    /// <summary>Sentences as one, whether they end with a full stop or not.</summary>
    public static string Together(IEnumerable<string> texts) => string.Join("; ", texts.Select(t => t.TrimEnd('.'))) + ".";

    /// <summary>A personal limit.</summary>
    public static string Limit(PersonalLimit limit)
    {
        var vital = VitalSignCatalog.Default[limit.Vital];
        return (limit.Low, limit.High) switch
        {
            ({ } low, { } high) => $"{ReasonText.Format(vital, low)} to {ReasonText.Format(vital, high)}",
            ({ } low, null) => $"{ReasonText.Format(vital, low)} or more",
            (null, { } high) => $"{ReasonText.Format(vital, high)} or less",
            _ => vital.Label,
        };
    }

    /// <summary>What an action was, by whom and when.</summary>
    public static string Action(WorklistAction action, DateTimeZone zone)
    {
        var to = action.To is null ? "" : $" to {action.To}";
        var why = action.Why is null ? "" : $" ({action.Why})";
        var until = action.Until is { } end ? $" until {Day(end, zone)}" : "";
        return $"{Relisting.InWords(action.Kind)}{to}{why}{until}, {action.By}, {Time(action.Known, zone)}";
    }
}
