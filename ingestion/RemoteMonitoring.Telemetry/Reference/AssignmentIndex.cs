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
/// Who had which device when. Of two statements about the same device and start the one known later holds; where intervals
/// overlap, the one that starts later does.
/// </summary>
public sealed class AssignmentIndex
{
    private readonly Dictionary<string, Interval[]> _byDevice;

    /// <summary>Indexes the assignments.</summary>
    public AssignmentIndex(IEnumerable<DeviceAssignment> assignments)
    {
        _byDevice = assignments
            .GroupBy(a => a.DeviceId, StringComparer.Ordinal)
            .ToDictionary(
                g => g.Key,
                g => g.GroupBy(a => a.From)
                    .Select(same => same.MaxBy(a => a.Known)!)
                    .OrderByDescending(a => a.From)
                    .Select(a => new Interval(a.From.ToUnixMicros(), a.To?.ToUnixMicros() ?? UnixMicros.Open, a.Known.ToUnixMicros(), a.PatientId))
                    .ToArray(),
                StringComparer.Ordinal);
    }

    /// <summary>Who had the device at an instant of effective time, and since when that is known (Unix microseconds).</summary>
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
                known = interval.Known;
                return AssignmentStatus.Assigned;
            }
        }

        return AssignmentStatus.Unassigned;
    }

    private readonly record struct Interval(long From, long To, long Known, string PatientId);
}
