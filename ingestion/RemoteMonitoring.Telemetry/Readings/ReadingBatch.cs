using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.Telemetry.Readings;

/// <summary>
/// Accepted readings as columns, one row a reading, in order of (offset, ordinal). Keyed by device: who wore the device
/// is settled later, by assignment. Times are Unix microseconds, values in the canonical unit of their vital.
/// </summary>
public sealed class ReadingBatch
{
    /// <summary>Rows in the batch.</summary>
    public int Count => DeviceId.Count;

    /// <summary>Authenticated device id.</summary>
    public List<string> DeviceId { get; } = [];

    /// <summary><see cref="VitalSign.Index"/>.</summary>
    public List<int> Vital { get; } = [];

    /// <summary>Value in the canonical unit.</summary>
    public List<double> Value { get; } = [];

    /// <summary>When the reading was taken.</summary>
    public List<long> EffectiveTime { get; } = [];

    /// <summary>When the hub had it.</summary>
    public List<long> EnqueuedTime { get; } = [];

    /// <summary>When we had it.</summary>
    public List<long> KnownFrom { get; } = [];

    /// <summary>Message id given by the device, or null.</summary>
    public List<string?> MessageId { get; } = [];

    /// <summary>Hash of the body: with device and effective time it tells a repeated message that has no id.</summary>
    public List<long> BodyHash { get; } = [];

    /// <summary>Offset of the message in its partition.</summary>
    public List<long> Offset { get; } = [];

    /// <summary>Place of the reading in its message, from 0.</summary>
    public List<int> Ordinal { get; } = [];

    /// <summary>Name and version of the mapping that made the reading, for instance <c>rmon/1</c>.</summary>
    public List<string> Mapping { get; } = [];

    /// <summary>Forgets the rows from <paramref name="count"/> on.</summary>
    public void Truncate(int count)
    {
        Cut(DeviceId, count);
        Cut(Vital, count);
        Cut(Value, count);
        Cut(EffectiveTime, count);
        Cut(EnqueuedTime, count);
        Cut(KnownFrom, count);
        Cut(MessageId, count);
        Cut(BodyHash, count);
        Cut(Offset, count);
        Cut(Ordinal, count);
        Cut(Mapping, count);
    }

    internal static void Cut<T>(List<T> column, int count) => column.RemoveRange(count, column.Count - count);
}

/// <summary>Readings and messages that were not accepted: raw form, stable reason, and a hint at the mend.</summary>
public sealed class QuarantineBatch
{
    /// <summary>Rows in the batch.</summary>
    public int Count => DeviceId.Count;

    /// <summary>Authenticated device id; empty where the line was so broken that none could be read.</summary>
    public List<string> DeviceId { get; } = [];

    /// <summary>Why.</summary>
    public List<RejectionReason> Reason { get; } = [];

    /// <summary>What was found, and what would be accepted.</summary>
    public List<string> Hint { get; } = [];

    /// <summary>The reading, or the whole body, as received.</summary>
    public List<byte[]> Raw { get; } = [];

    /// <summary>The code as sent, or null where none could be read.</summary>
    public List<string?> Code { get; } = [];

    /// <summary>The value as sent, in the unit as sent; NaN where none could be read.</summary>
    public List<double> Value { get; } = [];

    /// <summary>When the hub had it.</summary>
    public List<long> EnqueuedTime { get; } = [];

    /// <summary>When we had it.</summary>
    public List<long> KnownFrom { get; } = [];

    /// <summary>Offset of the message in its partition.</summary>
    public List<long> Offset { get; } = [];

    /// <summary>Place of the reading in its message, from 0; 0 for a message rejected whole.</summary>
    public List<int> Ordinal { get; } = [];

    /// <summary>Name and version of the mapping that judged it, for instance <c>rmon/1</c>; empty where the line was no message.</summary>
    public List<string> Mapping { get; } = [];

    /// <summary>Forgets the rows from <paramref name="count"/> on.</summary>
    public void Truncate(int count)
    {
        ReadingBatch.Cut(DeviceId, count);
        ReadingBatch.Cut(Reason, count);
        ReadingBatch.Cut(Hint, count);
        ReadingBatch.Cut(Raw, count);
        ReadingBatch.Cut(Code, count);
        ReadingBatch.Cut(Value, count);
        ReadingBatch.Cut(EnqueuedTime, count);
        ReadingBatch.Cut(KnownFrom, count);
        ReadingBatch.Cut(Offset, count);
        ReadingBatch.Cut(Ordinal, count);
        ReadingBatch.Cut(Mapping, count);
    }
}
