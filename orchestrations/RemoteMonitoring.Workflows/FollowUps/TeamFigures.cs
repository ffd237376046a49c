using NodaTime;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Drift;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Workflows.FollowUps;

/// <summary>What the figures of a team are made of.</summary>
/// <param name="Task">What its lists foresee.</param>
/// <param name="Lists">One list an instant, in order of time.</param>
/// <param name="FollowUps">What staff did, by patient.</param>
/// <param name="Outcomes">Outcomes that hold, of all patients.</param>
/// <param name="Patients">Who of the team was under monitoring at an instant.</param>
/// <param name="Zones">Zone in which a patient's days begin and end.</param>
/// <param name="Urgent">Urgent readings of the time.</param>
/// <param name="Now">When it is looked at: contacts count up to then, whatever instant the lists speak for.</param>
public sealed record TeamPeriod(
    TaskDefinition Task,
    IReadOnlyList<TeamWorklist> Lists,
    Func<string, PatientFollowUp> FollowUps,
    IReadOnlyList<Outcome> Outcomes,
    Func<string, Instant, bool> Patients,
    Func<string, DateTimeZone> Zones,
    IReadOnlyList<UrgentReading> Urgent,
    Instant Now)
{
    /// <summary>Until when the last list holds; null for a day.</summary>
    public Instant? LastHolds { get; init; }

    /// <summary>The latest instant of a list whose outcomes are all known: its window and the reporting delay lie within the data. Null where that is not asked, and what is known counts.</summary>
    public Instant? Certain { get; init; }
}

/// <summary>
/// How a team fared with its lists. A listing is a patient on a list; a spell is the lists in a row that a patient is on. What is done about a patient counts for the list that held when it was done, and for the one
/// that it was done from: who works through yesterday's list today has acted on yesterday's listings too. None of it is taught to a model.
/// </summary>
public sealed record TeamFigures
{
    /// <summary>How far back they go.</summary>
    public const int Days = 30;

    private static readonly Duration s_day = Duration.FromDays(1);

    /// <summary>Lists they rest on.</summary>
    public required int Lists { get; init; }

    /// <summary>Patients under monitoring over the lists: scored, not scoreable and set aside, each list anew.</summary>
    public required int PatientDays { get; init; }

    /// <summary>Listings.</summary>
    public required int Listings { get; init; }

    /// <summary>Patients who were on a list.</summary>
    public required int Patients { get; init; }

    /// <summary>Listings that were acted on, while the list held or from it later: somebody was in touch or tried to be, arranged something, called it a false alarm or a technical problem, paused or snoozed. To claim or to note is not to act.</summary>
    public required int ActedOn { get; init; }

    /// <summary>The same of all listings; null where there were none.</summary>
    public double? ShareActedOn => Listings == 0 ? null : (double)ActedOn / Listings;

    /// <summary>Spells.</summary>
    public required int Spells { get; init; }

    /// <summary>Spells in which somebody was in touch with the patient: spells with a listing that was acted on by a contact.</summary>
    public required int Contacted { get; init; }

    /// <summary>From the instant of a spell's first list to the first contact in it: the median of the spells that have one within <see cref="Days"/>, since lists that are made again long after their instant are not waited for; null where none has.</summary>
    public Duration? MedianToContact { get; init; }

    /// <summary>The same: nine of ten of them took no longer.</summary>
    public Duration? NinetiethToContact { get; init; }

    /// <summary>Spells beyond a patient's first, by patient who was listed; null where nobody was.</summary>
    public double? RepeatsPerPatient => Patients == 0 ? null : (double)(Spells - Patients) / Patients;

    /// <summary>Lists in a spell, the median; null where there is none.</summary>
    public double? MedianDaysListed { get; init; }

    /// <summary>Lists whose outcomes are not all known yet: events and yield rest on the others alone.</summary>
    public required int Awaiting { get; init; }

    /// <summary>When data will have come far enough for the outcomes of all lists; null where they have, and where only ends of stays tell.</summary>
    public Instant? KnownFrom { get; init; }

    /// <summary>The same for the first of the lists that wait.</summary>
    public Instant? MoreKnownFrom { get; init; }

    /// <summary>Whether events and yield are known of any list.</summary>
    public bool IsYieldKnown => Awaiting < Lists;

    /// <summary>Events of the team's patients in the windows of the lists whose outcomes are known. An event counts once, however many lists it was within reach of.</summary>
    public required int Events { get; init; }

    /// <summary>Those of them whose patient was on a list that it was within reach of.</summary>
    public required int EventsListed { get; init; }

    /// <summary>The others: nobody was told.</summary>
    public int EventsNotListed => Events - EventsListed;

    /// <summary>Listed patients who had such an event.</summary>
    public required int PatientsWithEvent { get; init; }

    /// <summary>Patients on a list whose outcomes are known.</summary>
    public required int PatientsKnown { get; init; }

    /// <summary>Share of them who had an event within the horizon of such a list they were on; null where there is nobody.</summary>
    public double? Yield => PatientsKnown == 0 ? null : (double)PatientsWithEvent / PatientsKnown;

    /// <summary>Listings to 100 patient-days; null without any patient-day, as the next two.</summary>
    public double? ListedPerHundred => PerHundred(Listings);

    /// <summary>Urgent readings of the team's patients.</summary>
    public required int Urgent { get; init; }

    /// <summary>Urgent readings to 100 patient-days.</summary>
    public double? UrgentPerHundred => PerHundred(Urgent);

    /// <summary>Technical findings, each list anew.</summary>
    public required int Technical { get; init; }

    /// <summary>Technical findings to 100 patient-days.</summary>
    public double? TechnicalPerHundred => PerHundred(Technical);

    /// <summary>The figures of a time.</summary>
    public static TeamFigures Of(TeamPeriod period)
    {
        var spells = SpellsOf(period.Lists);
        Duration[] all = [.. ContactsOf(period, spells).Select(c => c.Contact is { } contact ? contact.Known - c.Spell.Begin : (Duration?)null).OfType<Duration>().Order()];
        Duration[] waits = [.. all.Where(w => w <= Duration.FromDays(Days))];
        TeamWorklist[] awaiting = [.. period.Lists.Where(l => l.AsOf > period.Certain)];
        var known = period with { Lists = [.. period.Lists.Except(awaiting)] };
        (Outcome Event, bool IsListed)[] events = [.. EventsOf(known)];
        Outcome[] listed = [.. events.Where(e => e.IsListed).Select(e => e.Event)];
        int[] lengths = [.. spells.Select(s => s.Lists)];
        return new()
        {
            Lists = period.Lists.Count,
            PatientDays = period.Lists.Sum(l => l.Scored + l.NotScored.Count + l.SetAside.Count),
            Listings = period.Lists.Sum(l => l.Listed.Count),
            Patients = spells.DistinctBy(s => s.PatientId).Count(),
            ActedOn = period.Lists.Index().Sum(l => l.Item.Listed.Count(p => IsActedOn(period, l.Index, p.PatientId))),
            Spells = spells.Count,
            Contacted = all.Length,
            MedianToContact = waits.Length == 0 ? null : Duration.FromTicks(Percentile([.. waits.Select(w => w.TotalTicks)], 0.5)),
            NinetiethToContact = waits.Length == 0 ? null : Duration.FromTicks(Percentile([.. waits.Select(w => w.TotalTicks)], 0.9)),
            MedianDaysListed = lengths.Length == 0 ? null : Percentile([.. lengths.Select(l => (double)l)], 0.5),
            Awaiting = awaiting.Length,
            KnownFrom = awaiting.Length == 0 ? null : KnownFromOf(period.Task, awaiting[^1].AsOf),
            MoreKnownFrom = awaiting.Length == 0 ? null : KnownFromOf(period.Task, awaiting[0].AsOf),
            PatientsKnown = known.Lists.SelectMany(l => l.Listed).DistinctBy(p => p.PatientId).Count(),
            Events = events.Length,
            EventsListed = listed.Length,
            PatientsWithEvent = listed.Select(e => e.PatientId).Distinct(StringComparer.Ordinal).Count(),
            Urgent = period.Urgent.Count(u => period.Patients(u.PatientId, u.Known)),
            Technical = period.Lists.Sum(l => l.Technical.Count),
        };
    }

    /// <summary>Reads what the figures of a team over the last <see cref="Days"/> before an instant are made of, and works them out. Of an hourly task the last list of each day counts, of the team's zone.</summary>
    /// <param name="store">Where.</param>
    /// <param name="task">Of which lists.</param>
    /// <param name="careTeamId">Whose.</param>
    /// <param name="now">When it is looked at: what staff did and what became of patients counts as known by then.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <param name="until">Lists up to it count; null for now. Data that ended long ago have lists of long ago, which are acted on all the same.</param>
    public static async Task<TeamFigures> LoadAsync(CohortStore store, TaskDefinition task, string careTeamId, Instant now, CancellationToken cancellationToken, Instant? until = null)
    {
        var to = until ?? now;
        var since = to - Duration.FromDays(Days);
        var known = UsableReference.KnownBy(await store.Reference.LoadAsync(await store.Reference.PositionAsync(cancellationToken), cancellationToken), now);
        var (reference, _) = UsableReference.WithZonesThatExist(known);
        var records = new TeamRecords(reference, now);
        var zone = records.ZoneOf(careTeamId);
        var index = (await ListsIndex.ReadAsync(store.Documents, cancellationToken)).Where(l => l.Task == task.Name && l.AsOf <= now).ToArray();
        var made = index.Where(l => l.AsOf > since && l.AsOf <= to)
            .GroupBy(l => TeamZone.DayOf(task, l.AsOf, zone))
            .OrderBy(g => g.Key)
            .Select(g => ListsIndex.Latest(g).Single());
        var lists = new List<TeamWorklist>();
        foreach (var one in made)
        {
            if (await store.Documents.FindAsync(Containers.Worklists, careTeamId, one.Id, cancellationToken) is { } document)
            {
                lists.Add(RiskDocumentJson.ReadWorklist(document.Body));
            }
        }

        var urgent = new List<UrgentReading>();
        for (var day = since.InUtc().Date; day <= to.InUtc().Date; day = day.PlusDays(1))
        {
            var partition = UrgentReading.PartitionOf(day.AtStartOfDayInZone(DateTimeZone.Utc).ToInstant());
            urgent.AddRange((await store.Documents.ListAsync(Containers.Urgent, partition, cancellationToken)).Select(d => UrgentReading.TryRead(d.Body)).OfType<UrgentReading>().Where(u => u.Known > since && u.Known <= to));
        }

        var endOfData = await ObservationsManifest.TryReadAsync(store.Lake, cancellationToken) is { } manifest ? Instant.Min(now, TrainingStage.EndOfData(task, manifest, reference)) : now;
        return Of(records.PeriodOf(task, careTeamId, lists, urgent) with
        {
            LastHolds = index.Where(l => l.AsOf > to).Select(l => (Instant?)l.AsOf).Min() ?? now,
            // What closes with the stay has no day on which it is known: it counts as far as it is.
            Certain = task.Horizon.Unit == HorizonUnit.RestOfStay ? null : new MaturedOutcomes(task, reference, endOfData).Latest,
        });
    }

    /// <summary>The same by the name of a bundled task; null for any other, whose outcomes are not known here.</summary>
    public static async Task<TeamFigures?> TryLoadAsync(CohortStore store, string task, string careTeamId, Instant now, CancellationToken cancellationToken, Instant? until = null) =>
        BundledTasks.All.FirstOrDefault(t => t.Name == task) is { } bundled ? await LoadAsync(store, bundled, careTeamId, now, cancellationToken, until) : null;

    /// <summary>How far data have to have come for the outcomes of a list to be known; the reverse of <see cref="MaturedOutcomes.Latest"/>.</summary>
    private static Instant KnownFromOf(TaskDefinition task, Instant asOf) => asOf + (asOf - new MaturedOutcomes(task, new ReferenceData(), asOf).Latest);

    /// <summary>The spells of a team's patients, in the order they begin.</summary>
    internal static List<Spell> SpellsOf(IReadOnlyList<TeamWorklist> lists)
    {
        var (spells, open) = (new List<Spell>(), new Dictionary<string, Spell>(StringComparer.Ordinal));
        foreach (var (at, list) in lists.Index())
        {
            foreach (var id in list.Listed.Select(p => p.PatientId))
            {
                if (open.TryGetValue(id, out var spell) && spell.Last == at - 1)
                {
                    (spell.Last, spell.Lists) = (at, spell.Lists + 1);
                }
                else
                {
                    spells.Add(open[id] = new Spell(id, list.AsOf) { Last = at, Lists = 1 });
                }
            }
        }

        return spells;
    }

    /// <summary>The first contact of each spell, by which one of its listings was acted on; null where there is none.</summary>
    internal static IEnumerable<(Spell Spell, WorklistAction? Contact)> ContactsOf(TeamPeriod period, IEnumerable<Spell> spells) => spells.Select(s =>
        (s, Enumerable.Range(s.Last - s.Lists + 1, s.Lists).SelectMany(at => DoneFor(period, at, s.PatientId)).Where(a => PatientFollowUp.IsContact(a.Kind)).MinBy(a => a.Known)));

    /// <summary>Whether the listing of a patient was acted on, while the list held or from it later.</summary>
    internal static bool IsActedOn(TeamPeriod period, int at, string patientId) => DoneFor(period, at, patientId).Any(a => IsActing(a.Kind));

    /// <summary>What was done about a patient that counts for a list: what was done while it held, before the next one came, and what was done from it whenever.</summary>
    private static IEnumerable<WorklistAction> DoneFor(TeamPeriod period, int at, string patientId)
    {
        var begin = period.Lists[at].AsOf;
        var end = at + 1 < period.Lists.Count ? period.Lists[at + 1].AsOf : period.LastHolds ?? begin + s_day;
        return period.FollowUps(patientId).Holding.Where(a => a.Known >= begin && (a.Known < end || a.Shown.Any(s => s.Task == period.Task.Name && s.AsOf == begin)));
    }

    private static bool IsActing(ActionKind kind) => PatientFollowUp.IsContact(kind) || kind is ActionKind.NoAnswer or ActionKind.TechnicalFixed or ActionKind.Pause or ActionKind.Snooze;

    /// <summary>Events of the team's patients within reach of a list, and of each whether a list told of it.</summary>
    internal static IEnumerable<(Outcome Event, bool IsListed)> EventsOf(TeamPeriod period)
    {
        var on = period.Lists.Select(l => l.Listed.Select(p => p.PatientId).ToHashSet(StringComparer.Ordinal)).ToArray();
        foreach (var outcome in period.Outcomes.Where(period.Task.Counts).DistinctBy(o => (o.PatientId, o.Effective)))
        {
            int[] within = [.. Enumerable.Range(0, period.Lists.Count).Where(i => IsWithin(period, period.Lists[i].AsOf, outcome))];
            var told = within.Any(i => on[i].Contains(outcome.PatientId));
            if (told || (within.Length > 0 && period.Patients(outcome.PatientId, outcome.Effective)))
            {
                yield return (outcome, told);
            }
        }
    }

    /// <summary>Whether an event is in the window of a list; one that closes with the stay is taken for <see cref="Days"/> long.</summary>
    internal static bool IsWithin(TeamPeriod period, Instant asOf, Outcome outcome) => period.Task.Horizon.Unit is HorizonUnit.SameDay or HorizonUnit.Ongoing
        ? outcome.Effective > asOf - s_day && outcome.Effective <= asOf
        : outcome.Effective > asOf && outcome.Effective <= (period.Task.Horizon.End(asOf, period.Zones(outcome.PatientId)) ?? asOf + Duration.FromDays(Days));

    private double? PerHundred(int count) => PatientDays == 0 ? null : 100.0 * count / PatientDays;

    /// <summary>Linear between the two nearest ranks.</summary>
    private static double Percentile(double[] values, double share)
    {
        Array.Sort(values);
        var at = share * (values.Length - 1);
        var below = (int)at;
        return values[below] + ((at - below) * (values[Math.Min(below + 1, values.Length - 1)] - values[below]));
    }

    /// <summary>The lists in a row that a patient is on.</summary>
    internal sealed record Spell(string PatientId, Instant Begin)
    {
        /// <summary>Place of the last of them.</summary>
        public int Last { get; set; }

        /// <summary>How many.</summary>
        public int Lists { get; set; }
    }
}
