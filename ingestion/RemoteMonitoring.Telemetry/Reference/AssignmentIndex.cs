namespace RemoteMonitoring.Telemetry.Reference;

/// <summary>What is known of a device at an instant.</summary>
public enum AssignmentStatus
{
    /// <summary>It was with a patient.</summary>
    Assigned,

    /// <summary>It is known, but was with nobody then.</summary>
    Unassigned,

    /// <summary>No assignment ever named it.</summary>
    Unknown,
}

/// <summary>Who was held to have had a device at one instant of effective time, while we knew no better.</summary>
/// <param name="PatientId">The patient, or null for nobody.</param>
/// <param name="KnownFrom">From when that was held, Unix microseconds, inclusive.</param>
/// <param name="KnownTo">Until when, exclusive; <see cref="UnixMicros.Open"/> while no statement has said otherwise.</param>
public readonly record struct AssignmentSegment(string? PatientId, long KnownFrom, long KnownTo);

/// <summary>A stretch of effective time, [<see cref="From"/>, <see cref="To"/>) in Unix microseconds, over which two indexes tell other histories of a device.</summary>
/// <param name="DeviceId">The device.</param>
/// <param name="From">From when, inclusive; <see cref="long.MinValue"/> for ever before.</param>
/// <param name="To">Until when, exclusive; <see cref="UnixMicros.Open"/> for ever after.</param>
/// <param name="Patients">All that either of them names in it.</param>
/// <param name="IsNobodys">Whether either of them ends with nobody, or knows no such device.</param>
public sealed record AssignmentChange(string DeviceId, long From, long To, IReadOnlyList<string> Patients, bool IsNobodys);

/// <summary>
/// Who had which device when, and what we held about that as statements came. Of two statements about the same device and
/// start the one known later holds, of those known at one instant the one stated last; where intervals overlap, the one that
/// starts later does. A statement that ends where it starts withdraws what was said of that start. One that names no patient
/// (<see cref="DeviceAssignment.Nobody"/>) holds like any other, and gives the device to nobody.
/// </summary>
/// <remarks>
/// Immutable, so safe for many threads; finding allocates nothing. It holds a history for each stretch between the starts and
/// ends stated of a device: where each of n hand-overs was first stated open and later closed, some n² segments.
/// </remarks>
public sealed class AssignmentIndex
{
    private readonly Dictionary<string, Device> _devices;

    /// <summary>Indexes the assignments, which come in the order they were stated.</summary>
    public AssignmentIndex(IEnumerable<DeviceAssignment> assignments) =>
        _devices = assignments
            .GroupBy(a => a.DeviceId, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => new Device(g), StringComparer.Ordinal);

    /// <summary>
    /// Who, by all that is known, had the device at an instant of effective time, and since when that is held without a break
    /// (Unix microseconds). Handing a device back does not make what it measured before known any later.
    /// </summary>
    public AssignmentStatus Find(string deviceId, long effectiveTime, out string? patientId, out long known)
    {
        var history = History(deviceId, effectiveTime, out var status);
        (patientId, known) = status == AssignmentStatus.Assigned ? (history[^1].PatientId, history[^1].KnownFrom) : (null, 0);
        return status;
    }

    /// <summary>
    /// The history of knowing about who had the device at an instant of effective time, in order of time. It begins where a
    /// patient was first held to have had it, has no gaps (a segment of nobody lies where a patient was taken back) and ends
    /// open; it is empty where no patient ever was. No two neighbours say the same.
    /// </summary>
    /// <param name="deviceId">Authenticated id of the device.</param>
    /// <param name="effectiveTime">When it measured, Unix microseconds.</param>
    /// <param name="status">What all that is known says.</param>
    public ReadOnlySpan<AssignmentSegment> History(string deviceId, long effectiveTime, out AssignmentStatus status)
    {
        if (!_devices.TryGetValue(deviceId, out var device))
        {
            status = AssignmentStatus.Unknown;
            return [];
        }

        var history = device.At(effectiveTime);
        status = history is [.., { PatientId: not null }] ? AssignmentStatus.Assigned : AssignmentStatus.Unassigned;
        return history;
    }

    /// <summary>Where the histories differ from those of another index, by device; neighbouring stretches are not joined.</summary>
    public IEnumerable<AssignmentChange> Differences(AssignmentIndex other)
    {
        foreach (var id in _devices.Keys.Union(other._devices.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            _devices.TryGetValue(id, out var here);
            other._devices.TryGetValue(id, out var there);
            long[] starts = [.. (here?.Starts ?? []).Concat(there?.Starts ?? []).Prepend(long.MinValue).Distinct().Order()];
            for (var i = 0; i < starts.Length; i++)
            {
                var (one, two) = (here is null ? [] : here.At(starts[i]).ToArray(), there is null ? [] : there.At(starts[i]).ToArray());
                if ((here is null) != (there is null) || !one.AsSpan().SequenceEqual(two))
                {
                    yield return new AssignmentChange(
                        id,
                        starts[i],
                        i + 1 < starts.Length ? starts[i + 1] : UnixMicros.Open,
                        [.. ((AssignmentSegment[])[.. one, .. two]).Select(s => s.PatientId).OfType<string>().Distinct()],
                        one is not [.., { PatientId: not null }] || two is not [.., { PatientId: not null }]);
                }
            }
        }
    }

    /// <summary>The histories of a device: between two instants at which a stated interval starts or ends, they are one.</summary>
    private sealed class Device
    {
        private readonly long[] _starts;
        private readonly AssignmentSegment[][] _histories;

        public Device(IEnumerable<DeviceAssignment> stated)
        {
            Statement[] statements =
            [
                .. stated
                    .Select(a => new Statement(a.PatientId, a.From.ToUnixMicros(), a.To?.ToUnixMicros() ?? UnixMicros.Open, a.Known.ToUnixMicros()))
                    .OrderBy(s => s.Known), // stable: of one known time, as stated
            ];
            _starts = [.. statements.SelectMany(s => (long[])[s.From, s.To]).Distinct().Order()];
            _histories = Array.ConvertAll(_starts, start => Tell(statements, start));
        }

        public IReadOnlyList<long> Starts => _starts;

        public ReadOnlySpan<AssignmentSegment> At(long effectiveTime)
        {
            var at = Array.BinarySearch(_starts, effectiveTime);
            at = at < 0 ? ~at - 1 : at;
            return at < 0 ? [] : _histories[at];
        }

        private static AssignmentSegment[] Tell(Statement[] statements, long at)
        {
            Statement[] begun = Array.FindAll(statements, s => s.From <= at);
            var covering = new SortedList<long, string>(); // patient by start; the greatest holds
            var told = new List<AssignmentSegment>();
            for (var i = 0; i < begun.Length; i++)
            {
                var statement = begun[i];
                if (at < statement.To)
                {
                    covering[statement.From] = statement.PatientId;
                }
                else
                {
                    covering.Remove(statement.From);
                }

                if (i + 1 < begun.Length && begun[i + 1].Known == statement.Known)
                {
                    continue;
                }

                var patient = covering.Count == 0 ? null : covering.GetValueAtIndex(covering.Count - 1);
                patient = patient == DeviceAssignment.Nobody ? null : patient;
                if (patient == (told.Count == 0 ? null : told[^1].PatientId))
                {
                    continue;
                }

                if (told.Count > 0)
                {
                    told[^1] = told[^1] with { KnownTo = statement.Known };
                }

                told.Add(new AssignmentSegment(patient, statement.Known, UnixMicros.Open));
            }

            return [.. told];
        }

        private readonly record struct Statement(string PatientId, long From, long To, long Known);
    }
}
