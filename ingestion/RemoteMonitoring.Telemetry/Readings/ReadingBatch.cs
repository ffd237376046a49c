using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.Telemetry.Readings;

/// <summary>
/// Accepted readings as columns, one row a reading, in order of (offset, ordinal). Keyed by device: who wore the device
/// is settled later, by assignment. Times are Unix microseconds, values in the canonical unit of their vital.
/// </summary>
public sealed class ReadingBatch : IRereadRows<ReadingBatch>
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

    /// <summary>
    /// Rows that take back an earlier one of their offset and ordinal from <see cref="KnownFrom"/> on, since the message was read
    /// again by another mapping. Rare: empty but where a command to do so was given.
    /// </summary>
    public HashSet<int> TakenBack { get; } = [];

    /// <summary>Rows that were taken back later, and when. Settled when silver is read; not stored.</summary>
    public Dictionary<int, long> KnownTo { get; } = [];

    /// <summary>Appends a row of another batch.</summary>
    public void AddFrom(ReadingBatch other, int row)
    {
        DeviceId.Add(other.DeviceId[row]);
        Vital.Add(other.Vital[row]);
        Value.Add(other.Value[row]);
        EffectiveTime.Add(other.EffectiveTime[row]);
        EnqueuedTime.Add(other.EnqueuedTime[row]);
        KnownFrom.Add(other.KnownFrom[row]);
        MessageId.Add(other.MessageId[row]);
        BodyHash.Add(other.BodyHash[row]);
        Offset.Add(other.Offset[row]);
        Ordinal.Add(other.Ordinal[row]);
        Mapping.Add(other.Mapping[row]);
    }

    /// <summary>Appends that a row of another batch no longer holds from <paramref name="known"/> on (Unix microseconds).</summary>
    public void AddTakenBack(ReadingBatch other, int row, long known)
    {
        AddFrom(other, row);
        KnownFrom[^1] = known;
        TakenBack.Add(Count - 1);
    }

    /// <inheritdoc />
    public bool SaysTheSame(int row, ReadingBatch other, int otherRow) =>
        Ordinal[row] == other.Ordinal[otherRow] && Vital[row] == other.Vital[otherRow]
        && EffectiveTime[row] == other.EffectiveTime[otherRow] && Value[row].Equals(other.Value[otherRow]);

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
public sealed class QuarantineBatch : IRereadRows<QuarantineBatch>
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

    /// <summary>Rows that take back an earlier one, as <see cref="ReadingBatch.TakenBack"/> has it.</summary>
    public HashSet<int> TakenBack { get; } = [];

    /// <summary>Appends a row of another batch.</summary>
    public void AddFrom(QuarantineBatch other, int row)
    {
        DeviceId.Add(other.DeviceId[row]);
        Reason.Add(other.Reason[row]);
        Hint.Add(other.Hint[row]);
        Raw.Add(other.Raw[row]);
        Code.Add(other.Code[row]);
        Value.Add(other.Value[row]);
        EnqueuedTime.Add(other.EnqueuedTime[row]);
        KnownFrom.Add(other.KnownFrom[row]);
        Offset.Add(other.Offset[row]);
        Ordinal.Add(other.Ordinal[row]);
        Mapping.Add(other.Mapping[row]);
    }

    /// <summary>Appends that a row of another batch no longer holds from <paramref name="known"/> on (Unix microseconds).</summary>
    public void AddTakenBack(QuarantineBatch other, int row, long known)
    {
        AddFrom(other, row);
        KnownFrom[^1] = known;
        TakenBack.Add(Count - 1);
    }

    /// <inheritdoc />
    public bool SaysTheSame(int row, QuarantineBatch other, int otherRow) =>
        Ordinal[row] == other.Ordinal[otherRow] && Reason[row] == other.Reason[otherRow] && Raw[row].AsSpan().SequenceEqual(other.Raw[otherRow]);

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
