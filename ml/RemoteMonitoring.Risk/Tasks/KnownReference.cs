using NodaTime;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Risk.Tasks;

/// <summary>What was known by an instant, gathered by patient. Anything known later is not here at all.</summary>
internal sealed class KnownReference
{
    private int _onRoster;
    private int _notOnRoster;
    private int _noCensus;

    /// <summary>Patients on the roster with an enrolment, in ordinal order of their ids.</summary>
    internal required IReadOnlyList<KnownPatient> Patients { get; init; }

    internal static KnownReference At(TaskDefinition task, ReferenceData reference, Instant knownBy)
    {
        var zones = new SortedDictionary<string, (string Zone, Instant Known)>(StringComparer.Ordinal);
        foreach (var patient in reference.Patients)
        {
            // The latest statement holds; of two with the same time the later line does.
            if (patient.Known <= knownBy && (!zones.TryGetValue(patient.PatientId, out var stated) || stated.Known <= patient.Known))
            {
                zones[patient.PatientId] = (patient.TimeZone, patient.Known);
            }
        }

        var census = reference.Census.HoldingAt(knownBy).ToLookup(e => e.PatientId);
        var outcomes = reference.Outcomes.HoldingAt(knownBy).Where(task.Counts).ToLookup(o => o.PatientId);
        var patients = new List<KnownPatient>();
        var noCensus = 0;
        foreach (var (id, (zoneId, _)) in zones)
        {
            var timeline = new StayTimeline(census[id]);
            if (!timeline.Enrolments.Any())
            {
                noCensus++;
                continue;
            }

            var zone = DateTimeZoneProviders.Tzdb.GetZoneOrNull(zoneId)
                ?? throw new ArgumentException($"The roster names a time zone that does not exist: '{zoneId}'.", nameof(reference));
            patients.Add(new(id, zone, timeline, [.. outcomes[id].OrderBy(o => o.Effective)]));
        }

        return new KnownReference
        {
            Patients = patients,
            _onRoster = zones.Count,
            _noCensus = noCensus,
            _notOnRoster = census.Count(g => !zones.ContainsKey(g.Key)),
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

/// <summary>One patient's zone, stays and outcomes.</summary>
internal sealed record KnownPatient(string Id, DateTimeZone Zone, StayTimeline Timeline, Outcome[] Outcomes)
{
    /// <summary>The task's instants from first enrolment to the end of the data.</summary>
    internal IEnumerable<Instant> Grid(TaskDefinition task, Instant endOfData)
    {
        if (task.Grid == AsOfGrid.OnceAfterEnrolment)
        {
            foreach (var enrolled in Timeline.Enrolments)
            {
                yield return enrolled + task.AfterEnrolment;
            }

            yield break;
        }

        var date = Timeline.Enrolments.First().InZone(Zone).Date;
        while (true)
        {
            // A day that starts at 01:00 because the clocks went forward at midnight is such a day all the same.
            date = date.PlusDays(1);
            var midnight = Zone.AtStartOfDay(date).ToInstant();
            if (midnight > endOfData)
            {
                yield break;
            }

            yield return midnight;
        }
    }

    /// <summary>Why the patient has no row at an instant, or null.</summary>
    internal string? Exclusion(TaskDefinition task, Instant asOf) => Timeline.At(asOf, out var enrolled) switch
    {
        StayState.Dead => CohortFlowSteps.Dead,
        StayState.Withdrawn => CohortFlowSteps.Withdrawn,
        StayState.NotEnrolled => CohortFlowSteps.NotEnrolled,
        StayState.InHospital when task.Setting == CareSetting.Home => CohortFlowSteps.InHospital,
        _ => asOf - enrolled < task.MinimumUnderMonitoring ? CohortFlowSteps.TooLittleHistory : null,
    };

    /// <summary>When the first outcome in (after, until] was, and when the first word of any of them came; null where there is none.</summary>
    internal (Instant Effective, Instant Known)? FirstOutcome(Instant after, Instant until)
    {
        (Instant Effective, Instant Known)? first = null;
        foreach (var outcome in Outcomes.Where(o => o.Effective > after && o.Effective <= until))
        {
            first = first is { } f ? (f.Effective, Instant.Min(f.Known, outcome.Known)) : (outcome.Effective, outcome.Known);
        }

        return first;
    }

    /// <summary>Outcomes in (as-of − days, as-of] that were known by as-of.</summary>
    internal int PriorOutcomes(Instant asOf, int days)
    {
        var from = asOf - Duration.FromDays(days);
        var count = 0;
        foreach (var outcome in Outcomes)
        {
            if (outcome.Effective > from && outcome.Effective <= asOf && outcome.Known <= asOf)
            {
                count++;
            }
        }

        return count;
    }
}
