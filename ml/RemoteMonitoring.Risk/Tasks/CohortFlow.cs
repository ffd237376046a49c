namespace RemoteMonitoring.Risk.Tasks;

/// <summary>One step of the way from roster to rows.</summary>
/// <param name="Step">Stable name, kebab-case.</param>
/// <param name="Kept">True where the step counts who is still there, false where it counts who fell out.</param>
/// <param name="Patients">Patients with at least one such row; for the first steps, patients as such.</param>
/// <param name="Rows">Rows; 0 where the step is about patients as such.</param>
/// <param name="Reason">What happened, for people.</param>
public sealed record CohortFlowStep(string Step, bool Kept, int Patients, int Rows, string Reason);

/// <summary>Names of the steps, in their order.</summary>
public static class CohortFlowSteps
{
    public const string OnRoster = "on-roster";
    public const string NotOnRoster = "not-on-roster";
    public const string NoCensus = "no-census";
    public const string Candidates = "candidates";
    public const string NotYetOnRoster = "not-yet-on-roster";
    public const string Dead = "dead";
    public const string Withdrawn = "withdrawn";
    public const string InHospital = "in-hospital";
    public const string NotEnrolled = "not-enrolled";
    public const string DevicesReturned = "devices-returned";
    public const string TooLittleHistory = "too-little-history";
    public const string TooYoung = "too-young";
    public const string OtherConditions = "other-conditions";
    public const string NotAtRisk = "not-at-risk";
    public const string WindowOpen = "window-open";
    public const string LeftInWindow = "left-in-window";
    public const string CensoredByDeath = "censored-by-death";
    public const string NotObserved = "not-observed";
    public const string DiedInWindow = "died-in-window";
    public const string DiedAsOutcome = "died-as-outcome";
    public const string Rows = "rows";
    public const string Positive = "positive";
    public const string Scoreable = "scoreable";
}

/// <summary>Counts rows and distinct patients by step; patients have to come one after the other.</summary>
internal sealed class FlowCounter
{
    private static readonly (string Step, bool Kept, string Reason)[] s_order =
    [
        (CohortFlowSteps.OnRoster, true, "On the roster"),
        (CohortFlowSteps.NotOnRoster, false, "In the census but not on the roster: whose zone and team are unknown"),
        (CohortFlowSteps.NoCensus, false, "On the roster without any enrolment in the census: nobody knows when they were monitored"),
        (CohortFlowSteps.Candidates, true, "Instants of the grid from first enrolment to the end of the data"),
        (CohortFlowSteps.NotYetOnRoster, false, "Not on the roster yet, as known at that instant"),
        (CohortFlowSteps.Dead, false, "After the patient's death, as known at that instant"),
        (CohortFlowSteps.Withdrawn, false, "After the patient had left, as known at that instant"),
        (CohortFlowSteps.InHospital, false, "In hospital at that instant, as known then"),
        (CohortFlowSteps.NotEnrolled, false, "Not enrolled at that instant, as known then"),
        (CohortFlowSteps.DevicesReturned, false, "After the last of the patient's devices had come back"),
        (CohortFlowSteps.TooLittleHistory, false, "Monitored for too short a time before that instant"),
        (CohortFlowSteps.TooYoung, false, "Younger than the task asks for, or of unknown age"),
        (CohortFlowSteps.OtherConditions, false, "Without the conditions the task asks for, or with one it leaves out"),
        (CohortFlowSteps.NotAtRisk, false, "Dead, gone or in hospital at that instant already, as became known later: nothing to foresee"),
        (CohortFlowSteps.WindowOpen, false, "Outcome window (of an ongoing outcome, the stay) and reporting delay had not passed by the end of the data"),
        (CohortFlowSteps.LeftInWindow, false, "Left within the outcome window without an outcome: what followed was not observed"),
        (CohortFlowSteps.CensoredByDeath, false, "Died within the outcome window without the outcome: left out, as the task has it"),
        (CohortFlowSteps.NotObserved, false, "Nobody looked within the outcome window: no label"),
        (CohortFlowSteps.DiedInWindow, true, "Died within the outcome window without the outcome: kept as negative, a competing event"),
        (CohortFlowSteps.DiedAsOutcome, true, "Died within the outcome window without the outcome: kept as positive, as the task has it"),
        (CohortFlowSteps.Rows, true, "Rows with a label"),
        (CohortFlowSteps.Positive, true, "Of these with the outcome in the window"),
        (CohortFlowSteps.Scoreable, true, "Can be scored"),
    ];

    private readonly Dictionary<string, (int Patients, int Rows, string? Last)> _counts = [];

    internal void Patient(string step)
    {
        var (patients, rows, last) = _counts.GetValueOrDefault(step);
        _counts[step] = (patients + 1, rows, last);
    }

    internal void Row(string step, string patientId)
    {
        var (patients, rows, last) = _counts.GetValueOrDefault(step);
        _counts[step] = (last == patientId ? patients : patients + 1, rows + 1, patientId);
    }

    internal IReadOnlyList<CohortFlowStep> ToFlow(params string[] always) =>
    [
        .. s_order.Where(o => _counts.ContainsKey(o.Step) || always.Contains(o.Step)).Select(o =>
        {
            var (patients, rows, _) = _counts.GetValueOrDefault(o.Step);
            return new CohortFlowStep(o.Step, o.Kept, patients, rows, o.Reason);
        }),
    ];
}
