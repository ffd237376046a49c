using NodaTime;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Risk.Tasks;

/// <summary>
/// What was known by an instant, gathered by patient; anything known later is not here at all. What is here still has the
/// time at which it became known, so that a row can be asked about by what was known at its own as-of.
/// </summary>
internal sealed class KnownReference
{
    private int _onRoster;
    private int _notOnRoster;
    private int _noCensus;

    /// <summary>Patients on the roster with an enrolment, in ordinal order of their ids.</summary>
    internal required IReadOnlyList<KnownPatient> Patients { get; init; }

    internal static KnownReference At(TaskDefinition task, ReferenceData reference, Instant knownBy)
    {
        var roster = new SortedDictionary<string, Patient[]>(StringComparer.Ordinal);
        foreach (var statements in reference.Patients.Where(p => p.Known <= knownBy).GroupBy(p => p.PatientId, StringComparer.Ordinal))
        {
            // The latest statement holds; of two with the same time the later line does.
            roster.Add(statements.Key, [.. statements.OrderBy(p => p.Known)]);
        }

        var census = reference.Census.WithEnds().Where(e => e.Event.Known <= knownBy).ToLookup(e => e.Event.PatientId, StringComparer.Ordinal);
        var outcomes = reference.Outcomes.WithEnds()
            .Where(o => o.Event.Known <= knownBy)
            .Select(o => (o.Event.PatientId, Outcome: new KnownOutcome(
                o.Event.Effective, o.Event.Known, o.Until, task.Counts(o.Event), task.ObservedBy.Contains(o.Event.Kind))))
            .Where(o => o.Outcome.Counts || o.Outcome.Observes)
            .ToLookup(o => o.PatientId, o => o.Outcome, StringComparer.Ordinal);
        var devices = task.Population.Setting == CareSetting.Home ? DeviceStay.ByPatient(reference.Assignments, knownBy) : null;
        var patients = new List<KnownPatient>();
        var noCensus = 0;
        foreach (var (id, statements) in roster)
        {
            var timeline = new StayTimeline(census[id], task.Population.Setting, task.Grid == AsOfGrid.Hourly);
            if (timeline.Enrolments.Any())
            {
                patients.Add(new(task, id, statements, timeline, [.. outcomes[id].OrderBy(o => o.Effective)], [.. devices?[id] ?? []]));
            }
            else
            {
                noCensus++;
            }
        }

        return new KnownReference
        {
            Patients = patients,
            _onRoster = roster.Count,
            _noCensus = noCensus,
            _notOnRoster = census.Count(g => !roster.ContainsKey(g.Key)),
        };
    }

    internal FlowCounter StartFlow()
    {
        var flow = new FlowCounter();
        Repeat(CohortFlowSteps.OnRoster, _onRoster);
        Repeat(CohortFlowSteps.NotOnRoster, _notOnRoster);
        Repeat(CohortFlowSteps.NoCensus, _noCensus);
        return flow;

        void Repeat(string step, int count)
        {
            for (var i = 0; i < count; i++)
            {
                flow.Patient(step);
            }
        }
    }
}

/// <summary>One outcome, or one sign that somebody looked, and from when until when it was known.</summary>
internal readonly record struct KnownOutcome(Instant Effective, Instant Known, Instant? Until, bool Counts, bool Observes)
{
    internal bool Holds(Instant knownBy) => Known <= knownBy && !(Until <= knownBy);
}

/// <summary>One device with one patient, as one statement has it while it holds.</summary>
internal readonly record struct DeviceStay(Instant From, Instant? To, Instant Known, Instant? Until)
{
    internal bool Holds(Instant knownBy) => Known <= knownBy && !(Until <= knownBy);

    /// <summary>Statements by patient. Of those about one device and start each holds until the next is known.</summary>
    internal static ILookup<string, DeviceStay> ByPatient(IReadOnlyList<DeviceAssignment> assignments, Instant knownBy) => assignments
        .Where(a => a.Known <= knownBy)
        .GroupBy(a => (a.DeviceId, a.From))
        .SelectMany(g =>
        {
            DeviceAssignment[] stated = [.. g.OrderBy(a => a.Known)];
            return stated.Select((a, i) => (a.PatientId, Stay: new DeviceStay(a.From, a.To, a.Known, i + 1 < stated.Length ? stated[i + 1].Known : null)));
        })
        .ToLookup(s => s.PatientId, s => s.Stay, StringComparer.Ordinal);
}
