using NodaTime;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Risk.Tasks;

/// <summary>One labelled row.</summary>
/// <param name="PatientId">Whose.</param>
/// <param name="AsOf">The instant it speaks for; its features may use what was effective and known by then.</param>
/// <param name="Label">True when an outcome of the task is effective in the window of the task's horizon.</param>
/// <param name="LabelKnown">When window (of what is ongoing, the stay) and reporting delay had passed and, for a positive, the outcome was known: from then on the row may teach a model.</param>
/// <param name="PriorOutcomes7Days">The patient's own outcomes of the task that were known by as-of in the 7 days before the window of the label: up to as-of, or, where that window ends at as-of, up to its beginning.</param>
/// <param name="PriorOutcomes28Days">The same over 28 days.</param>
/// <param name="Day">The date of the patient's zone it is about: the day that ended for same-day detection, else that of as-of.</param>
/// <param name="Outcome">When the first outcome was that makes it positive, or the death that counts as one; null where it is negative.</param>
public sealed record CohortRow(
    string PatientId, Instant AsOf, bool Label, Instant LabelKnown, int PriorOutcomes7Days, int PriorOutcomes28Days, LocalDate Day, Instant? Outcome = null);

/// <summary>A patient who can be scored, and the instant to score them for.</summary>
/// <param name="PatientId">Whose.</param>
/// <param name="AsOf">The instant the score speaks for.</param>
public sealed record ScoreableRow(string PatientId, Instant AsOf);

/// <summary>Who can be scored at an instant, and who cannot and why.</summary>
/// <param name="Rows">Sorted by patient, then time.</param>
/// <param name="Flow">From roster to rows.</param>
public sealed record ScoreableCohort(IReadOnlyList<ScoreableRow> Rows, IReadOnlyList<CohortFlowStep> Flow);

/// <summary>
/// The labelled rows of a task. The grid comes from the census alone, never from readings: whether anybody measured
/// anything must not decide whether a patient is at risk. Outcomes count by effective time in the window of the horizon.
/// </summary>
/// <remarks>
/// <para>
/// Whether a patient is a member at an instant is told by what was known at that instant: those are the patients whom a
/// list made then would have named. An enrolment, a roster line or an age that became known later makes no member of
/// anybody before; an admission that was known late leaves a member in hospital. Whether a member has a label, and which,
/// is told by all that is known at the end of the data: who turns out to have been dead, gone or in hospital at that instant
/// already was not at risk and has none. Both are steps of the flow.
/// </para>
/// <para>
/// A row is there only when its window and the reporting delay had passed by the end of the data, positive or not:
/// letting early positives in would make the last weeks look worse than they were. A patient who leaves, or gives all
/// devices back, within the window without an outcome has no row, for nobody saw what followed; an outcome after that is
/// none of the task's. Since when something has been going on may be told of a stay only when it is over, so that a row of
/// an ongoing outcome waits for the end of its stay in the census. How death within the window without the outcome counts is the task's choice, and its count a step.
/// </para>
/// </remarks>
public sealed class Cohort
{
    private Cohort(TaskDefinition task, IReadOnlyList<CohortRow> rows, IReadOnlyList<CohortFlowStep> flow)
    {
        Task = task;
        Rows = rows;
        Flow = flow;
    }

    /// <summary>The task.</summary>
    public TaskDefinition Task { get; }

    /// <summary>Sorted by patient (ordinal), then time.</summary>
    public IReadOnlyList<CohortRow> Rows { get; }

    /// <summary>From roster to rows: who fell out where, and why.</summary>
    public IReadOnlyList<CohortFlowStep> Flow { get; }

    /// <summary>A cohort that was built before, from the rows and the flow that were written down of it.</summary>
    public static Cohort Of(TaskDefinition task, IReadOnlyList<CohortRow> rows, IReadOnlyList<CohortFlowStep> flow) => new(task, rows, flow);

    /// <summary>Builds rows and flow from what was known by <paramref name="endOfData"/>; later records are not looked at.</summary>
    public static Cohort Build(TaskDefinition task, ReferenceData reference, Instant endOfData) => Build(task, reference, null, endOfData);

    /// <summary>The same at instants that are asked for in place of those of the task's own grid; null for the grid.</summary>
    public static Cohort Build(TaskDefinition task, ReferenceData reference, IReadOnlyList<Instant>? instants, Instant endOfData)
    {
        var known = KnownReference.At(task, reference, endOfData);
        var flow = known.StartFlow();
        var rows = new List<CohortRow>();
        foreach (var patient in known.Patients)
        {
            foreach (var at in instants?.Select(i => new GridInstant(i)) ?? patient.Grid(endOfData))
            {
                flow.Row(CohortFlowSteps.Candidates, patient.Id);
                if ((patient.Exclusion(at, at.AsOf) ?? Label(task, patient, at.AsOf, endOfData, rows, flow)) is { } reason)
                {
                    flow.Row(reason, patient.Id);
                }
            }
        }

        return new(task, rows, flow.ToFlow(CohortFlowSteps.OnRoster, CohortFlowSteps.Candidates, CohortFlowSteps.Rows, CohortFlowSteps.Positive));
    }

    /// <summary>Some of its rows, in their order; the flow stays that of all.</summary>
    public Cohort Only(IReadOnlyList<CohortRow> rows) => new(Task, rows, Flow);

    /// <summary>
    /// Who can be scored at <paramref name="instant"/> by what was known then. Everybody is scored for the instant itself,
    /// but on a once-a-stay grid: there those are listed whose stay still lasts and whose instant has come.
    /// </summary>
    public static ScoreableCohort Scoreable(TaskDefinition task, ReferenceData reference, Instant instant)
    {
        var known = KnownReference.At(task, reference, instant);
        var flow = known.StartFlow();
        var rows = new List<ScoreableRow>();
        foreach (var patient in known.Patients)
        {
            IEnumerable<GridInstant> instants = task.Grid != AsOfGrid.OnceAfterEnrolment
                ? [new(instant)]
                : patient.Grid(instant).Where(a => a.AsOf <= instant && patient.Timeline.EndAfter(a.AsOf, instant) is null);
            foreach (var at in instants)
            {
                flow.Row(CohortFlowSteps.Candidates, patient.Id);
                var step = patient.Exclusion(at, instant);
                if (step is null)
                {
                    rows.Add(new(patient.Id, at.AsOf));
                }

                flow.Row(step ?? CohortFlowSteps.Scoreable, patient.Id);
            }
        }

        return new(rows, flow.ToFlow(CohortFlowSteps.OnRoster, CohortFlowSteps.Candidates, CohortFlowSteps.Scoreable));
    }

    /// <summary>Whom the census, as known by an instant, has under monitoring at another, in hospital or not, in ordinal order; null where it enrols nobody at all.</summary>
    public static IReadOnlyList<string>? Enrolled(ReferenceData reference, Instant asOf, Instant knownBy)
    {
        var census = reference.Census.HoldingAt(knownBy)
            .GroupBy(e => e.PatientId, StringComparer.Ordinal)
            .Select(g => (Id: g.Key, Timeline: new StayTimeline(g.Select(e => (e, (Instant?)null)), CareSetting.Home)))
            .ToArray();
        return census.Any(p => p.Timeline.Enrolments.Any())
            ? [.. census.Where(p => p.Timeline.At(asOf, knownBy, out _) is StayState.Monitored or StayState.InHospital).Select(p => p.Id).Order(StringComparer.Ordinal)]
            : null;
    }

    /// <summary>Adds the row of a member, or says why it has no label. All that is known at the end of the data counts.</summary>
    private static string? Label(
        TaskDefinition task, KnownPatient patient, Instant asOf, Instant endOfData, List<CohortRow> rows, FlowCounter flow)
    {
        if (!patient.IsAtRisk(asOf, endOfData, out var enrolled))
        {
            return CohortFlowSteps.NotAtRisk;
        }

        var zone = patient.ZoneAt(asOf);
        var (after, windowEnd) = (task.Horizon.After(asOf, enrolled, zone), task.Horizon.End(asOf, zone));
        var stayEnd = task.Horizon.LooksBack ? null : Earlier(patient.Timeline.EndAfter(asOf, endOfData), patient.DevicesReturned(endOfData));
        var outcome = patient.FirstOutcome(after, Earlier(windowEnd, stayEnd) ?? endOfData, endOfData);
        // Until the stay ends: an outcome closes it as well, in case the census says nothing more.
        var closed = windowEnd ?? outcome?.Effective ?? stayEnd;
        if (closed is not { } end || Certain(task, patient, asOf, end, endOfData) is not { } certain || certain > endOfData)
        {
            return CohortFlowSteps.WindowOpen;
        }

        var died = outcome is null && stayEnd <= end ? patient.Timeline.First(CensusKind.Died, asOf, stayEnd.Value, endOfData) : null;
        if (died is not null && task.DeathBeforeEvent == DeathBeforeEvent.Censored)
        {
            return CohortFlowSteps.CensoredByDeath;
        }

        // A stay that is looked at to its end has been seen whole; of one that ends inside the window that cannot be said.
        if (outcome is null && died is null && windowEnd is not null && stayEnd < end)
        {
            return CohortFlowSteps.LeftInWindow;
        }

        var counted = outcome ?? (task.DeathBeforeEvent == DeathBeforeEvent.Positive ? died : null);
        if (counted is null && task.ObservedBy.Count > 0 && !patient.WasObserved(after, Earlier(end, stayEnd)!.Value, endOfData))
        {
            return CohortFlowSteps.NotObserved;
        }

        if (died is not null)
        {
            flow.Row(counted is null ? CohortFlowSteps.DiedInWindow : CohortFlowSteps.DiedAsOutcome, patient.Id);
        }

        // Some outcomes are heard of later than the delay allows for: such a row teaches from then on, and not before.
        var labelKnown = Instant.Max(certain, counted?.Known ?? Instant.MinValue);
        rows.Add(new(
            patient.Id, asOf, counted is not null, labelKnown, patient.PriorOutcomes(after, 7, asOf), patient.PriorOutcomes(after, 28, asOf), task.Horizon.DayOf(asOf, zone), counted?.Effective));
        flow.Row(CohortFlowSteps.Rows, patient.Id);
        if (counted is not null)
        {
            flow.Row(CohortFlowSteps.Positive, patient.Id);
        }

        return null;
    }

    /// <summary>From when on nothing more is heard of the window: the reporting delay after it, or, of what is ongoing, after the end of the stay; null while that lasts.</summary>
    private static Instant? Certain(TaskDefinition task, KnownPatient patient, Instant asOf, Instant windowEnd, Instant endOfData) =>
        task.Horizon.Unit != HorizonUnit.Ongoing ? windowEnd + task.ReportingDelay
        : patient.Timeline.EndAndWordAfter(asOf, endOfData) is var (ended, known) ? Instant.Max(ended + task.ReportingDelay, known)
        : null;

    private static Instant? Earlier(Instant? one, Instant? other) => one is null || other < one ? other ?? one : one;
}
