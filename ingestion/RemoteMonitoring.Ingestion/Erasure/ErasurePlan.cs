using NodaTime;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Erasure;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Ingestion.Erasure;

/// <summary>
/// Whom an erasure is of, and what of which devices. A device that nobody else was ever stated to have goes whole, with all it
/// sent up to the erasure; of one that others had too go the times at which any statement ever held it to be the patient's,
/// but for those at which all that is known holds it to be another's: those readings are the other's.
/// </summary>
public sealed record ErasurePlan
{
    /// <summary>A reading may lie this far after the erasure and be of before it: what device clocks drift.</summary>
    private static readonly Duration s_drift = Duration.FromTicks(ReadingExtractor.FutureTolerance * 10);

    /// <summary>Whose.</summary>
    public required string PatientId { get; init; }

    /// <summary>The tombstone that is to be stated; null where all is stated already, and an erasure is to be completed.</summary>
    public required Tombstone? Tombstone { get; init; }

    /// <summary>Number of the erasure.</summary>
    public required int Sequence { get; init; }

    /// <summary>When the patient was or is erased.</summary>
    public required Instant At { get; init; }

    /// <summary>What the roster said of the patient, in order; empty where an erasure is to be completed, since it says nothing any more.</summary>
    public IReadOnlyList<Patient> Roster { get; init; } = [];

    /// <summary>Plans the erasure of a patient; one of whom nothing is or was known throws <see cref="LakeException"/>.</summary>
    public static async Task<ErasurePlan> MakeAsync(CohortStore store, string patientId, ErasureKey key, TimeProvider time, CancellationToken cancellationToken)
    {
        var erasures = await store.Reference.ErasuresAsync(cancellationToken);
        var reference = await store.Reference.LoadAsync(await store.Reference.PositionAsync(cancellationToken), cancellationToken);
        Instant[] known =
        [
            .. reference.Patients.Where(p => p.PatientId == patientId).Select(p => p.Known),
            .. reference.Assignments.Where(a => a.PatientId == patientId).Select(a => a.Known),
            .. reference.Census.Where(c => c.PatientId == patientId).Select(c => c.Known),
            .. reference.Outcomes.Where(o => o.PatientId == patientId).Select(o => o.Known),
            .. reference.Contacts.Where(c => c.PatientId == patientId).Select(c => c.Known),
        ];
        if (known.Length == 0)
        {
            return erasures.OfPatient(patientId).LastOrDefault() is { Tombstone: { } stated } last
                ? new ErasurePlan { PatientId = patientId, Tombstone = null, Sequence = last.Sequence, At = stated.Known }
                : throw new LakeException($"{store.Lake.NameOf("")}: knows no patient of this id, and has erased none. Ids are told apart by case; 'rmon worklist' shows some.");
        }

        var now = Instant.FromUnixTimeMilliseconds(time.GetUtcNow().ToUnixTimeMilliseconds());
        var at = known.Append(now).Max();
        return new ErasurePlan
        {
            PatientId = patientId,
            Sequence = erasures.Count + 1,
            At = at,
            Roster = [.. reference.Patients.Where(p => p.PatientId == patientId).OrderBy(p => p.Known)],
            Tombstone = new Tombstone
            {
                Key = key.Id,
                Patient = key.OfPatient(patientId),
                Devices = [.. DevicesOf(patientId, reference.Assignments, at + s_drift).Select(d => d with { Device = key.OfDevice(d.Device) }).OrderBy(d => d.Device, StringComparer.Ordinal)],
                Known = at,
            },
        };
    }

    /// <summary>The erasures as they will be.</summary>
    public async Task<Erasures> AfterAsync(ReferenceLog log, ErasureKey key, CancellationToken cancellationToken)
    {
        var stated = await log.ErasuresAsync(cancellationToken);
        return Tombstone is null || stated.Count >= Sequence ? stated : stated.With(Tombstone, key);
    }

    /// <summary>The devices that a patient ever had, by their ids, and what goes of each.</summary>
    internal static IEnumerable<ErasedDevice> DevicesOf(string patientId, IReadOnlyList<DeviceAssignment> assignments, Instant until)
    {
        var index = new AssignmentIndex(assignments);
        foreach (var device in assignments.GroupBy(a => a.DeviceId, StringComparer.Ordinal).Where(g => g.Any(a => a.PatientId == patientId)))
        {
            var isShared = device.Any(a => a.PatientId != patientId);
            var times = isShared ? TimesOf(patientId, [.. device], index, until) : [new ErasedTime(null, until)];
            yield return new ErasedDevice(device.Key, isShared, times);
        }
    }

    private static List<ErasedTime> TimesOf(string patientId, DeviceAssignment[] stated, AssignmentIndex index, Instant until)
    {
        Instant End(DeviceAssignment a) => a.To is { } to && to < until ? to : until;
        Instant[] bounds = [.. stated.SelectMany(a => (Instant[])[a.From, End(a)]).Where(t => t <= until).Append(until).Distinct().Order()];
        var times = new List<ErasedTime>();
        foreach (var (from, to) in bounds.Zip(bounds.Skip(1)))
        {
            if (!stated.Any(a => a.PatientId == patientId && a.From <= from && from < End(a))
                || (index.Find(stated[0].DeviceId, from.ToUnixMicros(), out var holder, out _) == AssignmentStatus.Assigned && holder != patientId))
            {
                continue;
            }

            if (times is [.., var last] && last.To == from)
            {
                times[^1] = last with { To = to };
            }
            else
            {
                times.Add(new ErasedTime(from, to));
            }
        }

        return times;
    }
}
