using NodaTime;

namespace RemoteMonitoring.Telemetry.Reference;

/// <summary>
/// A tombstone: a patient was erased. It names nobody: patient and devices stand as keyed hashes, by which what the erasure
/// took is recognised when it comes again, and cannot be told by who does not have the key.
/// </summary>
public sealed record Tombstone
{
    /// <summary>Tells the key that the hashes were made with, and nothing of it.</summary>
    public required string Key { get; init; }

    /// <summary>Keyed hash of the patient's id.</summary>
    public required string Patient { get; init; }

    /// <summary>The devices that the patient had, and when.</summary>
    public required IReadOnlyList<ErasedDevice> Devices { get; init; }

    /// <summary>When the patient was erased. What was known by then, or happened before, is gone; what is stated of later times is a new beginning.</summary>
    public required Instant Known { get; init; }
}

/// <summary>A device of a patient who was erased.</summary>
/// <param name="Device">Keyed hash of its id.</param>
/// <param name="IsShared">Whether others were ever stated to have it: then its id, and what it measured at other times, stay.</param>
/// <param name="Times">When its readings were the patient's; of a device that is not shared all time up to the erasure.</param>
public sealed record ErasedDevice(string Device, bool IsShared, IReadOnlyList<ErasedTime> Times);

/// <summary>A half-open interval of effective time, of which the readings of a device are erased.</summary>
/// <param name="From">From when, inclusive; null from the beginning.</param>
/// <param name="To">Until when, exclusive.</param>
public sealed record ErasedTime(Instant? From, Instant To);
