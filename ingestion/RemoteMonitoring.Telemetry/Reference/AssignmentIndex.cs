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

/// <summary>
/// Who had which device when. Of two statements about the same device and start the one known later holds, of those known at
/// one instant the one stated last; where intervals overlap, the one that starts later does.
/// </summary>
public sealed class AssignmentIndex
{
    private readonly Dictionary<string, Interval[]> _byDevice;

    /// <summary>Indexes the assignments, which come in the order they were stated.</summary>
    public AssignmentIndex(IEnumerable<DeviceAssignment> assignments)
    {
        _byDevice = assignments
            .GroupBy(a => a.DeviceId, StringComparer.Ordinal)
            .ToDictionary(
                g => g.Key,
                g => g.GroupBy(a => a.From)
                    .OrderByDescending(same => same.Key)
                    .Select(same => new Interval([.. same.Reverse().OrderByDescending(a => a.Known)]))
                    .ToArray(),
                StringComparer.Ordinal);
    }

    /// <summary>
    /// Who had the device at an instant of effective time, and since when that is known (Unix microseconds): since the first
    /// statement that said so. Handing a device back does not make what it measured before known any later.
    /// </summary>
    public AssignmentStatus Find(string deviceId, long effectiveTime, out string? patientId, out long known)
    {
        patientId = null;
        known = 0;
        if (!_byDevice.TryGetValue(deviceId, out var intervals))
        {
            return AssignmentStatus.Unknown;
        }

        foreach (var interval in intervals)
        {
            if (effectiveTime >= interval.From && effectiveTime < interval.To)
            {
                patientId = interval.PatientId;
                known = interval.KnownSince(effectiveTime);
                return AssignmentStatus.Assigned;
            }
        }

        return AssignmentStatus.Unassigned;
    }

    /// <summary>All statements about one device and start, the one that holds first.</summary>
    private sealed class Interval(DeviceAssignment[] statements)
    {
        private readonly (long To, long Known)[] _agreeing =
            [.. statements.Where(s => s.PatientId == statements[0].PatientId).Select(s => (End(s), s.Known.ToUnixMicros()))];

        public string PatientId { get; } = statements[0].PatientId;

        public long From { get; } = statements[0].From.ToUnixMicros();

        public long To { get; } = End(statements[0]);

        public long KnownSince(long effectiveTime)
        {
            var known = long.MaxValue;
            foreach (var (to, since) in _agreeing)
            {
                if (effectiveTime < to)
                {
                    known = Math.Min(known, since);
                }
            }

            return known;
        }

        private static long End(DeviceAssignment statement) => statement.To?.ToUnixMicros() ?? UnixMicros.Open;
    }
}
