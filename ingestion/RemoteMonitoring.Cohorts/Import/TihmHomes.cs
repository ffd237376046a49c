using System.Globalization;
using System.Runtime.InteropServices;
using NodaTime;
using RemoteMonitoring.Telemetry.Messages;

namespace RemoteMonitoring.Cohorts.Import;

/// <summary>
/// All sensor events of the study, held compactly (24 bytes an event) until they are sorted: the files go home by home, a
/// feed goes by time.
/// </summary>
internal sealed class TihmHomes
{
    private readonly Dictionary<string, int> _deviceIndex = new(StringComparer.Ordinal);
    private readonly List<(string DeviceId, string PatientId)> _devices = [];
    private readonly Dictionary<(string Code, string Value, string Unit), int> _readingIndex = [];
    private readonly List<(string Code, string Value, string Unit)> _readings = [];
    private readonly List<Event> _events = [];
    private readonly Dictionary<string, Instant> _firstEvent = new(StringComparer.Ordinal);

    /// <summary>The instant of the latest event within the study; null while there is none.</summary>
    public Instant? LastEvent { get; private set; }

    /// <summary>Devices and whose they are, in the order they first appear.</summary>
    public IReadOnlyList<(string DeviceId, string PatientId)> Devices => _devices;

    /// <summary>When the first event of a person within the study was.</summary>
    public bool TryGetFirstEvent(string patientId, out Instant first) => _firstEvent.TryGetValue(patientId, out first);

    /// <summary>Adds an event of the person's device of this kind. Events outside <paramref name="study"/> become messages all the same.</summary>
    public void Add(string patientId, string device, Instant time, string code, string value, string unit, Interval study)
    {
        _events.Add(new Event(time.ToUnixTimeTicks(), DeviceIndex(patientId, device), _events.Count, ReadingIndex((code, value, unit))));
        if (!study.Contains(time))
        {
            return;
        }

        LastEvent = LastEvent is { } last ? Instant.Max(last, time) : time;
        ref var first = ref CollectionsMarshal.GetValueRefOrAddDefault(_firstEvent, patientId, out var exists);
        first = exists ? Instant.Min(first, time) : time;
    }

    /// <summary>The messages in order of time: what one device said at one instant is one message, in file order.</summary>
    public IEnumerable<DeviceMessage> Messages(CancellationToken cancellationToken)
    {
        var events = _events.ToArray();
        Array.Sort(events);
        using var body = new MessageBody();
        for (var first = 0; first < events.Length;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var time = Instant.FromUnixTimeTicks(events[first].Ticks);
            body.Begin(time);
            var next = first;
            do
            {
                var (code, value, unit) = _readings[events[next].Reading];
                body.Add(code, value, unit);
                next++;
            }
            while (next < events.Length && events[next].Ticks == events[first].Ticks && events[next].Device == events[first].Device);

            yield return new DeviceMessage { DeviceId = _devices[events[first].Device].DeviceId, EnqueuedTime = time, Body = body.End() };
            first = next;
        }
    }

    private int DeviceIndex(string patientId, string device)
    {
        var id = string.Create(CultureInfo.InvariantCulture, $"{patientId}-{device}");
        ref var index = ref CollectionsMarshal.GetValueRefOrAddDefault(_deviceIndex, id, out var exists);
        if (!exists)
        {
            index = _devices.Count;
            _devices.Add((id, patientId));
        }

        return index;
    }

    private int ReadingIndex((string Code, string Value, string Unit) reading)
    {
        ref var index = ref CollectionsMarshal.GetValueRefOrAddDefault(_readingIndex, reading, out var exists);
        if (!exists)
        {
            index = _readings.Count;
            _readings.Add(reading);
        }

        return index;
    }

    private readonly record struct Event(long Ticks, int Device, int Order, int Reading) : IComparable<Event>
    {
        public int CompareTo(Event other) =>
            Ticks != other.Ticks ? Ticks.CompareTo(other.Ticks)
            : Device != other.Device ? Device.CompareTo(other.Device)
            : Order.CompareTo(other.Order);
    }
}
