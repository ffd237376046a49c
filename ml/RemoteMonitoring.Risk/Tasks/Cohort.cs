using NodaTime;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Risk.Tasks;

/// <summary>One labelled row.</summary>
/// <param name="PatientId">Whose.</param>
/// <param name="AsOf">The instant it speaks for; its features may use what was effective and known by then.</param>
/// <param name="Label">True when an outcome of the task is effective in the window behind as-of.</param>
/// <param name="LabelKnown">When window and reporting delay had passed and, for a positive, the outcome was known: from then on the row may teach a model.</param>
/// <param name="PriorOutcomes7Days">The patient's own outcomes of the task in (as-of − 7 d, as-of] that were known by as-of.</param>
/// <param name="PriorOutcomes28Days">The same over 28 days.</param>
public sealed record CohortRow(
    string PatientId, Instant AsOf, bool Label, Instant LabelKnown, int PriorOutcomes7Days, int PriorOutcomes28Days);

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
/// anything must not decide whether a patient is at risk. Outcomes count by effective time in (as-of, as-of + horizon].
/// </summary>
/// <remarks>
/// A row is there only when its window and the reporting delay had passed by the end of the data, positive or not:
/// letting early positives in would make the last weeks look worse than they were. A patient who leaves within the
/// window without an outcome has no row, for nobody saw what followed. A patient who dies within the window without the
/// outcome stays, labelled negative: the risk foreseen is that of the outcome in the presence of death as a competing
/// event, and dropping the row would condition on the future. The count of such rows is a step of the flow.
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
            foreach (var asOf in instants ?? patient.Grid(task, endOfData))
            {
                flow.Row(CohortFlowSteps.Candidates, patient.Id);
                if ((patient.Exclusion(task, asOf) ?? Label(task, patient, asOf, endOfData, rows, flow)) is { } reason)
                {
                    flow.Row(reason, patient.Id);
                }
            }
        }

        return new(task, rows, flow.ToFlow(CohortFlowSteps.OnRoster, CohortFlowSteps.Candidates, CohortFlowSteps.Rows, CohortFlowSteps.Positive));
    }

    /// <summary>
    /// Who can be scored at <paramref name="instant"/> by what was known then. On a daily grid everybody is scored for the
    /// instant itself; on a once-a-stay grid those are listed whose stay still lasts and whose instant has come.
    /// </summary>
    public static ScoreableCohort Scoreable(TaskDefinition task, ReferenceData reference, Instant instant)
    {
        var known = KnownReference.At(task, reference, instant);
        var flow = known.StartFlow();
        var rows = new List<ScoreableRow>();
        foreach (var patient in known.Patients)
        {
            var asOfs = task.Grid == AsOfGrid.DailyLocalMidnight
                ? [instant]
                : patient.Grid(task, instant).Where(a => a <= instant && patient.Timeline.EndAfter(a, task.Setting) is null);
            foreach (var asOf in asOfs)
            {
                flow.Row(CohortFlowSteps.Candidates, patient.Id);
                var step = patient.Exclusion(task, asOf);
                if (step is null)
                {
                    rows.Add(new(patient.Id, asOf));
                }

                flow.Row(step ?? CohortFlowSteps.Scoreable, patient.Id);
            }
        }

        return new(rows, flow.ToFlow(CohortFlowSteps.OnRoster, CohortFlowSteps.Candidates, CohortFlowSteps.Scoreable));
    }

    /// <summary>Whom the census, as known by an instant, has under monitoring at another, in hospital or not, in ordinal order; null where it enrols nobody at all.</summary>
    public static IReadOnlyList<string>? Enrolled(ReferenceData reference, Instant asOf, Instant knownBy)
    {
        var census = reference.Census.HoldingAt(knownBy).GroupBy(e => e.PatientId, StringComparer.Ordinal).Select(g => (Id: g.Key, Timeline: new StayTimeline(g))).ToArray();
        return census.Any(p => p.Timeline.Enrolments.Any())
            ? [.. census.Where(p => p.Timeline.At(asOf, out _) is StayState.Monitored or StayState.InHospital).Select(p => p.Id).Order(StringComparer.Ordinal)]
            : null;
    }

    /// <summary>Adds the row, or says why there is none.</summary>
    private static string? Label(
        TaskDefinition task, KnownPatient patient, Instant asOf, Instant endOfData, List<CohortRow> rows, FlowCounter flow)
    {
        var stayEnd = patient.Timeline.EndAfter(asOf, task.Setting);
        var windowEnd = task.Horizon.End(asOf, patient.Zone);
        var outcome = patient.FirstOutcome(asOf, windowEnd ?? stayEnd ?? endOfData);
        // Until the stay ends: an outcome closes it as well, in case the census says nothing more.
        var closed = windowEnd ?? outcome?.Effective ?? stayEnd;
        if (closed is not { } end || end + task.ReportingDelay > endOfData)
        {
            return CohortFlowSteps.WindowOpen;
        }

        if (outcome is null && windowEnd is not null && stayEnd <= end)
        {
            if (patient.Timeline.First(CensusKind.Died, asOf, end) is not null)
            {
                flow.Row(CohortFlowSteps.DiedInWindow, patient.Id);
            }
            else if (patient.Timeline.First(CensusKind.Withdrawn, asOf, end) is { } left && left < end)
            {
                return CohortFlowSteps.LeftInWindow;
            }
        }

        // Some outcomes are heard of later than the delay allows for: such a row teaches from then on, and not before.
        var labelKnown = Instant.Max(end + task.ReportingDelay, outcome?.Known ?? Instant.MinValue);
        rows.Add(new(
            patient.Id, asOf, outcome is not null, labelKnown, patient.PriorOutcomes(asOf, 7), patient.PriorOutcomes(asOf, 28)));
        flow.Row(CohortFlowSteps.Rows, patient.Id);
        if (outcome is not null)
        {
            flow.Row(CohortFlowSteps.Positive, patient.Id);
        }

        return null;
    }
}
