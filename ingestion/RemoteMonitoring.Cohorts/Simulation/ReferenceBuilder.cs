using NodaTime;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Cohorts.Simulation;

/// <summary>Collects the reference log: what was not known before the feed ends is not in it.</summary>
internal sealed class ReferenceBuilder(long end)
{
    private readonly List<Patient> _patients = [];
    private readonly List<DeviceAssignment> _assignments = [];
    private readonly List<CensusEvent> _census = [];
    private readonly List<Outcome> _outcomes = [];
    private readonly List<Contact> _contacts = [];

    public void Patient(Patient patient)
    {
        if (patient.Known.ToUnixMicros() < end)
        {
            _patients.Add(patient);
        }
    }

    public void Assignment(string device, string patient, long from, long? to, long known)
    {
        if (known < end)
        {
            _assignments.Add(new DeviceAssignment
            {
                DeviceId = device,
                PatientId = patient,
                From = Whole(from),
                To = to is { } t ? Whole(t) : null,
                Known = Whole(known),
            });
        }
    }

    public void Census(string patient, CensusKind kind, long effective, long known)
    {
        if (known < end)
        {
            _census.Add(new CensusEvent { PatientId = patient, Kind = kind, Effective = Whole(effective), Known = Whole(known) });
        }
    }

    public void Outcome(string patient, string kind, string? detail, long effective, long known)
    {
        if (known < end)
        {
            _outcomes.Add(new Outcome { PatientId = patient, Kind = kind, Detail = detail, Effective = Whole(effective), Known = Whole(known) });
        }
    }

    public void Contact(string patient, long effective, long known)
    {
        if (known < end)
        {
            _contacts.Add(new Contact { PatientId = patient, Kind = "call", Effective = Whole(effective), Known = Whole(known) });
        }
    }

    public ReferenceData ToReferenceData(IReadOnlyList<CareTeam> teams) => new()
    {
        Teams = teams,
        Patients = [.. _patients.OrderBy(p => p.Known)],
        Assignments = [.. _assignments.OrderBy(a => a.Known)],
        Census = [.. _census.OrderBy(c => c.Known)],
        Outcomes = [.. _outcomes.OrderBy(o => o.Known)],
        Contacts = [.. _contacts.OrderBy(c => c.Known)],
    };

    // People and registers do not write microseconds. Cutting keeps the order of two instants.
    private static Instant Whole(long micros) => Instant.FromUnixTimeSeconds(micros / 1_000_000);
}
