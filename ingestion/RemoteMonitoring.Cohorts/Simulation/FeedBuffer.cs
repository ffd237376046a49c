using System.Buffers.Text;
using System.Globalization;
using System.Runtime.InteropServices;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Messages;

namespace RemoteMonitoring.Cohorts.Simulation;

/// <summary>A reading as a device states it: <c>Mantissa × 10^−Decimals</c> at the time of the device's clock.</summary>
internal readonly record struct ReadingSeed(long Time, int Mantissa, byte Decimals, HomeVital Vital, SentUnit Unit);

/// <summary>How the time of a message's readings is stated.</summary>
internal enum TimeForm : byte
{
    InBody,
    InProperty,
    InEachReading,
}

/// <summary>A message before it is text: 32 bytes, so that a hundred thousand patients fit in memory.</summary>
internal readonly record struct MessageSeed
{
    public required long Enqueued { get; init; }

    /// <summary>0 where the device gives none.</summary>
    public required ulong Id { get; init; }

    public required int Device { get; init; }

    public required int First { get; init; }

    public required byte Count { get; init; }

    public required TimeForm Form { get; init; }

    public required FeedBlemishes Blemishes { get; init; }
}

/// <summary>Readings and messages of all patients until they are written; turned into text one at a time, in enqueued order.</summary>
internal sealed class FeedBuffer(long end)
{
    private static readonly FeedBlemishes[] s_kinds = [.. Enum.GetValues<FeedBlemishes>().Where(b => b != FeedBlemishes.None)];
    private readonly List<ReadingSeed> _readings = [];
    private readonly List<MessageSeed> _messages = [];
    private readonly List<string> _devices = [];
    private int[] _order = [];

    public int Messages => _messages.Count;

    /// <summary>Readings over all messages, a repeated message counted again.</summary>
    public long ReadingsSent { get; private set; }

    public int Readings => _readings.Count;

    public int AddDevice(string id)
    {
        _devices.Add(id);
        return _devices.Count - 1;
    }

    public void Add(in ReadingSeed reading) => _readings.Add(reading);

    /// <summary>Keeps a message, unless it reaches the hub only after the feed has ended.</summary>
    public void Add(in MessageSeed message)
    {
        if (message.Enqueued < end)
        {
            _messages.Add(message);
            ReadingsSent += message.Count;
        }
    }

    /// <summary>Puts the messages into enqueued order; those of one microsecond keep the order of patients and of sending.</summary>
    public void Sort()
    {
        var keys = new long[_messages.Count];
        _order = new int[keys.Length];
        for (var i = 0; i < keys.Length; i++)
        {
            keys[i] = _messages[i].Enqueued;
            _order[i] = i;
        }

        Array.Sort(keys, _order);
        for (var i = 0; i < keys.Length;)
        {
            var next = i + 1;
            while (next < keys.Length && keys[next] == keys[i])
            {
                next++;
            }

            if (next - i > 1)
            {
                Array.Sort(_order, i, next - i);
            }

            i = next;
        }
    }

    public IEnumerable<DeviceMessage> InOrder()
    {
        foreach (var i in _order)
        {
            yield return ToMessage(i);
        }
    }

    public IEnumerable<FeedBlemishes> BlemishesInOrder()
    {
        foreach (var i in _order)
        {
            yield return _messages[i].Blemishes;
        }
    }

    public Dictionary<FeedBlemishes, long> CountBlemishes()
    {
        var counts = s_kinds.ToDictionary(b => b, _ => 0L);
        foreach (ref readonly var message in CollectionsMarshal.AsSpan(_messages))
        {
            foreach (var kind in s_kinds)
            {
                if ((message.Blemishes & kind) != 0)
                {
                    counts[kind]++;
                }
            }
        }

        return counts;
    }

    private DeviceMessage ToMessage(int index)
    {
        var message = _messages[index];
        var readings = CollectionsMarshal.AsSpan(_readings).Slice(message.First, message.Count);
        var body = new BodyWriter(stackalloc byte[4096]);
        if (message.Form == TimeForm.InBody)
        {
            body.Write("{\"time\":\""u8);
            body.WriteTime(readings[0].Time);
            body.Write("\",\"readings\":["u8);
        }
        else
        {
            body.Write("{\"readings\":["u8);
        }

        for (var i = 0; i < readings.Length; i++)
        {
            body.Write(i == 0 ? "{\"code\":\""u8 : ",{\"code\":\""u8);
            body.Write(HomeVitals.Code(readings[i].Vital, readings[i].Unit));
            body.Write("\",\"value\":"u8);
            body.WriteDecimal(readings[i].Mantissa, readings[i].Decimals);
            body.Write(",\"unit\":\""u8);
            body.Write(HomeVitals.Unit(readings[i].Vital, readings[i].Unit));
            if (message.Form == TimeForm.InEachReading)
            {
                body.Write("\",\"time\":\""u8);
                body.WriteTime(readings[i].Time);
            }

            body.Write("\"}"u8);
        }

        body.Write("]}"u8);
        var text = body.Written;
        return new DeviceMessage
        {
            DeviceId = _devices[message.Device],
            EnqueuedTime = UnixMicros.ToInstant(message.Enqueued),
            MessageId = message.Id == 0 ? null : message.Id.ToString("x16", CultureInfo.InvariantCulture),
            Properties = message.Form == TimeForm.InProperty
                ? [new(DeviceMessage.CreationTimeProperty, UnixMicros.Format(readings[0].Time))]
                : [],
            Body = (message.Blemishes & FeedBlemishes.CutOff) != 0 ? text[..(text.Length * 3 / 5)].ToArray() : text.ToArray(),
        };
    }

    private ref struct BodyWriter(Span<byte> space)
    {
        private readonly Span<byte> _space = space;
        private int _length;

        public readonly ReadOnlySpan<byte> Written => _space[.._length];

        public void Write(ReadOnlySpan<byte> text)
        {
            text.CopyTo(_space[_length..]);
            _length += text.Length;
        }

        public void WriteTime(long micros)
        {
            DateTime.UnixEpoch.AddTicks(micros * 10).TryFormat(_space[_length..], out var written, "yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
            _length += written;
        }

        public void WriteDecimal(int mantissa, int decimals)
        {
            var factor = decimals switch { 0 => 1, 1 => 10, _ => 100 };
            Utf8Formatter.TryFormat(mantissa / factor, _space[_length..], out var written);
            _length += written;
            if (decimals > 0)
            {
                Write("."u8);
                Utf8Formatter.TryFormat(mantissa % factor, _space[_length..], out written, new System.Buffers.StandardFormat('D', (byte)decimals));
                _length += written;
            }
        }
    }
}
