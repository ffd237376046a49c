using System.IO.Hashing;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Messages;

namespace RemoteMonitoring.Telemetry.Readings;

/// <summary>One message on its way into the two batches: stamps its rows, numbers them, and takes them back where the body turns out broken.</summary>
internal ref struct ReadingOutput
{
    /// <summary>A rejected reading whose own form is longer than this shares one copy of the body with the others of its message.</summary>
    private const int MaxRawOfOne = 4096;

    private readonly ReadingBatch _accepted;
    private readonly QuarantineBatch _rejected;
    private readonly int _acceptedBefore;
    private readonly int _rejectedBefore;
    private readonly string _deviceId;
    private readonly string? _messageId;
    private readonly string? _properties;
    private readonly long _knownFrom;
    private readonly long _offset;
    private long _bodyHash;
    private byte[]? _bodyCopy;

    public ReadingOutput(in ReceivedMessage message, string mapping, ReadingBatch accepted, QuarantineBatch rejected)
    {
        _accepted = accepted;
        _rejected = rejected;
        _acceptedBefore = accepted.Count;
        _rejectedBefore = rejected.Count;
        _deviceId = message.DeviceId;
        _messageId = message.MessageId;
        _properties = message.Properties;
        _knownFrom = message.KnownFrom;
        _offset = message.Offset;
        EnqueuedTime = message.EnqueuedTime;
        Body = message.Body;
        Mapping = mapping;
    }

    public readonly ReadOnlySpan<byte> Body { get; }

    public readonly long EnqueuedTime { get; }

    /// <summary>Label of the mapping that makes the readings.</summary>
    public string Mapping { get; set; }

    /// <summary>Readings so far, accepted and rejected.</summary>
    public int Received { get; private set; }

    /// <summary>No more fit in one message: the whole is to be given up, by <see cref="RejectOverfull"/>.</summary>
    public readonly bool IsOverfull => Received > ReadingExtractor.MaxReadings;

    /// <summary>When the device says that it made the message, else when the hub had it.</summary>
    public readonly long CreatedOrEnqueued()
    {
        Span<byte> text = stackalloc byte[64];
        return TryGetProperty("iothub-creation-time-utc"u8, text, out var length) && Iso8601.TryParse(text[..length], out var created) ? created : EnqueuedTime;
    }

    public readonly bool TryGetProperty(ReadOnlySpan<byte> name, Span<byte> value, out int length) => ApplicationProperties.TryGet(_properties, name, value, out length);

    public void Accept(VitalSign vital, double value, long time)
    {
        if (Received == 0 || _bodyHash == 0)
        {
            _bodyHash = (long)XxHash3.HashToUInt64(Body);
        }

        _accepted.DeviceId.Add(_deviceId);
        _accepted.Vital.Add(vital.Index);
        _accepted.Value.Add(value);
        _accepted.EffectiveTime.Add(time);
        _accepted.EnqueuedTime.Add(EnqueuedTime == ReceivedMessage.UnknownTime ? time : EnqueuedTime);
        _accepted.KnownFrom.Add(_knownFrom);
        _accepted.MessageId.Add(_messageId);
        _accepted.BodyHash.Add(_bodyHash);
        _accepted.Offset.Add(_offset);
        _accepted.Ordinal.Add(Received++);
        _accepted.Mapping.Add(Mapping);
    }

    /// <summary>Rejects one reading; <paramref name="raw"/> is its own form within the body.</summary>
    public void Reject(RejectionReason reason, string hint, ReadOnlySpan<byte> raw, string? code, double value)
    {
        if (raw.Length > MaxRawOfOne)
        {
            Add(reason, hint, _bodyCopy ??= Body.ToArray(), code, value);
        }
        else
        {
            Add(reason, hint, raw.ToArray(), code, value);
        }
    }

    /// <summary>Rejects the body as a whole: what it yielded so far is taken back.</summary>
    public void RejectWhole(RejectionReason reason, string hint)
    {
        Restart();
        Add(reason, hint, _bodyCopy ?? Body.ToArray(), null, double.NaN);
    }

    public void RejectOverfull() => RejectWhole(RejectionReason.Oversize, $"the body holds more than {ReadingExtractor.MaxReadings} readings; send them in several messages");

    /// <summary>Takes back what the body yielded so far.</summary>
    public void Restart()
    {
        _accepted.Truncate(_acceptedBefore);
        _rejected.Truncate(_rejectedBefore);
        Received = 0;
    }

    private void Add(RejectionReason reason, string hint, byte[] raw, string? code, double value)
    {
        _rejected.DeviceId.Add(_deviceId);
        _rejected.Reason.Add(reason);
        _rejected.Hint.Add(hint);
        _rejected.Raw.Add(raw);
        _rejected.Code.Add(code);
        _rejected.Value.Add(value);
        _rejected.EnqueuedTime.Add(EnqueuedTime == ReceivedMessage.UnknownTime ? _knownFrom : EnqueuedTime);
        _rejected.KnownFrom.Add(_knownFrom);
        _rejected.Offset.Add(_offset);
        _rejected.Ordinal.Add(Received++);
        _rejected.Mapping.Add(Mapping);
    }
}
