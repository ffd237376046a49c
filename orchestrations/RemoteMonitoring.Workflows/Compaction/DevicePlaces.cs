using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Workflows.Compaction;

/// <summary>
/// The shards that a reading has to be read for: those of all patients who were ever held to have had the device at that instant,
/// and nobody where all that is known says so. It does not depend on when the reading was known, so what arrives twice has one answer.
/// </summary>
internal sealed class DevicePlaces(AssignmentIndex assignments, int shards)
{
    /// <summary>A copy of a message whose time is the hub's is looked for among those of so many days on each side: IoT Hub retains no longer.</summary>
    private const int DaysOfCopies = 7;

    private static readonly int[] s_nobody = [PartitionKey.Nobody];

    // Nearly every reading has one: nothing is allocated for it.
    private readonly int[][] _one = [.. Enumerable.Range(0, shards).Select(s => new[] { s })];

    public AssignmentIndex Assignments => assignments;

    public int ShardOf(string patientId) => Partitioning.PartitionOf(patientId, shards);

    public int[] Of(string deviceId, long effectiveTime)
    {
        var history = assignments.History(deviceId, effectiveTime, out var status);
        if (history is [{ PatientId: { } only }])
        {
            return _one[ShardOf(only)];
        }

        var places = history.IsEmpty ? s_nobody : status == AssignmentStatus.Assigned ? [] : s_nobody;
        foreach (ref readonly var segment in history)
        {
            if (segment.PatientId is { } patient && ShardOf(patient) is var shard && !places.Contains(shard))
            {
                places = [.. places, shard];
            }
        }

        return places;
    }

    /// <summary>The days among which a copy is looked for.</summary>
    public static IEnumerable<int> Near(int day) => Enumerable.Range(day - DaysOfCopies, (2 * DaysOfCopies) + 1);

    /// <summary>Whether one of them is among the other's.</summary>
    public static bool AreNear(int day, int other) => Math.Abs(day - other) <= DaysOfCopies;

    /// <summary>Whether a row's time is the hub's, and its message has an id: a later copy of it may be of another instant.</summary>
    public static bool IsHubTimed(ReadingBatch readings, int row) => IsHubTimed(readings.MessageId[row], readings.EffectiveTime[row], readings.EnqueuedTime[row]);

    public static bool IsHubTimed(string? messageId, long effectiveTime, long enqueuedTime) => messageId is not null && effectiveTime == enqueuedTime;

    /// <summary>The same for all copies of a reading; others seldom share it, and then nothing worse happens than that too much is read.</summary>
    public static long CopyKey(string deviceId, string messageId, long bodyHash, int ordinal) =>
        unchecked((((bodyHash * 31) + ordinal) * 1_000_003) + HashCode.Combine(deviceId, messageId));
}
