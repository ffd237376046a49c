using System.Collections.Concurrent;
using NodaTime;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Storage.Erasure;

/// <summary>
/// All tombstones of a cohort, to be asked what they cover. Immutable, safe for several threads, and cheap where there are none.
/// </summary>
public sealed class Erasures
{
    private readonly ErasureKey? _key;
    private readonly IReadOnlyList<Tombstone> _tombstones;
    private readonly Dictionary<string, Device> _devices;
    private readonly ConcurrentDictionary<string, Device> _asked = new(StringComparer.Ordinal);

    /// <summary>These tombstones, in the order they were stated.</summary>
    public Erasures(IReadOnlyList<Tombstone> tombstones, ErasureKey? key)
    {
        (_tombstones, _key) = (tombstones, key);
        _devices = tombstones
            .SelectMany(t => t.Devices.Select(d => (Device: d, t.Known)))
            .GroupBy(d => d.Device.Device, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => new Device(g), StringComparer.Ordinal);
    }

    /// <summary>No erasures.</summary>
    public static Erasures None { get; } = new([], null);

    /// <summary>How many; the last one's number in the reference log.</summary>
    public int Count => _tombstones.Count;

    /// <summary>When each was stated, in order.</summary>
    public IEnumerable<Instant> Stated => _tombstones.Select(t => t.Known);

    /// <summary>These, and one that is stated after them.</summary>
    public Erasures With(Tombstone tombstone, ErasureKey key) => new([.. _tombstones, tombstone], key);

    /// <summary>The tombstones of a patient, with their numbers.</summary>
    public IEnumerable<(int Sequence, Tombstone Tombstone)> OfPatient(string patientId)
    {
        var hash = _key?.OfPatient(patientId);
        return _tombstones.Select((t, i) => (i + 1, t)).Where(t => t.t.Patient == hash);
    }

    /// <summary>Whether what was known at one instant about a patient, of another, was erased.</summary>
    /// <param name="patientId">Whose.</param>
    /// <param name="known">When it was known.</param>
    /// <param name="effective">When it happened or began; null for what has no such time.</param>
    public bool Cover(string patientId, Instant known, Instant? effective)
    {
        if (_tombstones.Count == 0)
        {
            return false;
        }

        var hash = _key!.OfPatient(patientId);
        return _tombstones.Any(t => t.Patient == hash && (known <= t.Known || effective < t.Known));
    }

    /// <summary>Whether a device was an erased patient's, and nobody else's up to then.</summary>
    public bool CoverDevice(string deviceId, Instant known) => Find(deviceId) is { IsKnown: true, IsShared: false }
        && _key!.OfDevice(deviceId) is var hash && _tombstones.Any(t => known <= t.Known && t.Devices.Any(d => d.Device == hash));

    /// <summary>Whether an erased patient ever had a device of this id.</summary>
    public bool NameDevice(string deviceId) => _devices.Count > 0 && Find(deviceId).IsKnown;

    /// <summary>Whether others had the device too when the patient was erased.</summary>
    public bool IsShared(string deviceId) => _devices.Count > 0 && Find(deviceId).IsShared;

    /// <summary>Whether a text is the id of an erased patient.</summary>
    public bool NamePatient(string text) => _key is not null && _key.OfPatient(text) is var hash && _tombstones.Any(t => t.Patient == hash);

    /// <summary>The hash that stands for an erased patient, of their id or of the hash itself; null for any other text.</summary>
    public string? HashOf(string text)
    {
        var hash = _key?.OfPatient(text);
        return _tombstones.FirstOrDefault(t => t.Patient == hash || t.Patient == text)?.Patient;
    }

    /// <summary>When the patient of a hash was last erased; null where no tombstone has it.</summary>
    public Instant? ErasedAt(string hash) => _tombstones.LastOrDefault(t => t.Patient == hash)?.Known;

    /// <summary>
    /// Whether what a device measured was erased. A clock that runs ahead puts readings of before the erasure after it: those are
    /// told by when they came. What came later and is of later is another's.
    /// </summary>
    /// <param name="deviceId">Which.</param>
    /// <param name="effectiveTime">When it measured, Unix microseconds.</param>
    /// <param name="came">When the hub or we had it, Unix microseconds.</param>
    public bool CoverReading(string deviceId, long effectiveTime, long came) => _devices.Count > 0 && Find(deviceId).Covers(effectiveTime, came);

    private Device Find(string deviceId) => _asked.GetOrAdd(
        deviceId, static (id, all) => all._devices.GetValueOrDefault(all._key!.OfDevice(id), Device.Unknown), this);

    private sealed class Device(IEnumerable<(ErasedDevice Device, Instant Known)> stated)
    {
        public static readonly Device Unknown = new([]);

        private readonly (long From, long To, long Erased)[] _times =
            [.. stated.SelectMany(d => d.Device.Times.Select(t => (t.From?.ToUnixMicros() ?? long.MinValue, t.To.ToUnixMicros(), d.Known.ToUnixMicros())))];

        public bool IsKnown => _times.Length > 0;

        public bool IsShared { get; } = stated.Any(d => d.Device.IsShared);

        public bool Covers(long time, long came) => Array.Exists(_times, t => t.From <= time && time < t.To && (time < t.Erased || came <= t.Erased));
    }
}
