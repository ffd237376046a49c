using System.Buffers.Text;
using System.Globalization;
using System.IO.Hashing;
using System.Text;
using NodaTime;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Ingestion;

/// <summary>
/// Readings beyond the personal limits that held when they landed, as documents. A limit that is set later makes no reading of before urgent, so that the same
/// readings again, also all of them, come to the same documents. A reading that is corrected stays one document, which is open again where the correction
/// is worse, and one that a correction brings back within the limits leaves. Of one task at a time.
/// </summary>
internal sealed class UrgentReadings
{
    /// <summary>How old a reading may be when it lands, and still be urgent: a batch of last month is no emergency. Ours.</summary>
    public const long FreshFor = 72 * UnixMicros.PerHour;

    /// <summary>How long after landing documents are kept.</summary>
    public const long KeptFor = 30 * UnixMicros.PerDay;

    // A reading that was delivered again may have landed so many days before.
    private const int DaysBack = (int)(FreshFor / UnixMicros.PerDay);

    private readonly DocumentStore _documents;
    private readonly AssignmentIndex _assignments;
    private readonly Dictionary<string, CarePlan[]> _plans;
    private readonly HashSet<string> _devices;
    private readonly HashSet<string>? _unconfirmed;
    private readonly bool[] _vitals = new bool[VitalSignCatalog.Default.Vitals.Count];
    private readonly Dictionary<string, Dictionary<string, UrgentReading>> _days = new(StringComparer.Ordinal);

    /// <summary>
    /// Prepares to look by these care plans and assignments; a limit of a vital that the catalog does not know is none. What is found to be urgent leaves
    /// <paramref name="unconfirmed"/>.
    /// </summary>
    public UrgentReadings(
        DocumentStore documents, IReadOnlyList<CarePlan> plans, IReadOnlyList<DeviceAssignment> all, AssignmentIndex assignments, HashSet<string>? unconfirmed)
    {
        (_documents, _assignments, _unconfirmed) = (documents, assignments, unconfirmed);
        _plans = plans.GroupBy(p => p.PatientId, StringComparer.Ordinal)
            .Where(g => g.Any(p => p.Limits.Count > 0))
            .ToDictionary(g => g.Key, g => g.OrderBy(p => p.Known).ToArray(), StringComparer.Ordinal);
        _devices = all.Where(a => _plans.ContainsKey(a.PatientId)).Select(a => a.DeviceId).ToHashSet(StringComparer.Ordinal);
        foreach (var limit in _plans.Values.SelectMany(p => p).SelectMany(p => p.Limits))
        {
            if (VitalSignCatalog.Default.TryGetByKey(limit.Vital, out var vital))
            {
                _vitals[vital.Index] = true;
            }
        }
    }

    /// <summary>The documents there are, each by a name of 11 characters: those of a large cohort have to find room in one document.</summary>
    public static async Task<HashSet<string>> NamesAsync(DocumentStore documents, CancellationToken cancellationToken) => new(
        await documents.ListAsync(Containers.Urgent, cancellationToken).Select(d => NameOf(new DocumentKey(d.PartitionKey, d.Id))).ToArrayAsync(cancellationToken), StringComparer.Ordinal);

    /// <summary>Deletes documents by those names.</summary>
    public static async Task DeleteAsync(DocumentStore documents, IReadOnlySet<string> names, CancellationToken cancellationToken)
    {
        var keys = documents.ListAsync(Containers.Urgent, cancellationToken).Select(d => new DocumentKey(d.PartitionKey, d.Id));
        await documents.DeleteAsync(Containers.Urgent, await keys.Where(k => names.Contains(NameOf(k))).ToArrayAsync(cancellationToken), cancellationToken);
    }

    private static string NameOf(DocumentKey key) => Base64Url.EncodeToString(XxHash64.Hash(Encoding.UTF8.GetBytes($"{key.PartitionKey}/{key.Id}")));

    /// <summary>Day of landing by which documents are kept.</summary>
    public static string PartitionOf(long known) => UrgentReading.PartitionOf(UnixMicros.ToInstant(known));

    /// <summary>Writes and withdraws documents by readings from an offset on that are known after <paramref name="since"/>; of these devices alone where some are named.</summary>
    public async Task UpdateAsync(ReadingBatch readings, long since, long from, HashSet<string>? devices, CancellationToken cancellationToken)
    {
        if (_devices.Count == 0 && devices is null)
        {
            return;
        }

        var (written, gone) = (new Dictionary<DocumentKey, UrgentReading>(), new HashSet<DocumentKey>());
        for (var row = 0; row < readings.Count; row++)
        {
            if (readings.Offset[row] < from || readings.KnownFrom[row] <= since || readings.KnownFrom[row] - readings.EffectiveTime[row] > FreshFor
                || !(devices is null ? _vitals[readings.Vital[row]] && _devices.Contains(readings.DeviceId[row]) : devices.Contains(readings.DeviceId[row])))
            {
                continue;
            }

            var id = IdOf(readings, row);
            var there = await FindAsync(id, readings.KnownFrom[row], cancellationToken);
            var now = Of(readings, row, id);
            if (now is not null && there is not null)
            {
                // The same again, corrected, or found to be somebody else's: it alarmed when it first landed.
                now = there with { PatientId = now.PatientId, Value = now.Value, Low = now.Low, High = now.High, Changed = ChangedBy(now, there) };
            }

            if ((now ?? there) is not { } either)
            {
                continue;
            }

            var key = new DocumentKey(PartitionOf(either.Known.ToUnixMicros()), id);
            if (now is not null)
            {
                _unconfirmed?.Remove(NameOf(key));
            }

            if (now != there)
            {
                Set(key, now, written, gone);
            }
        }

        await _documents.UpsertAsync(
            Containers.Urgent,
            [.. written.Select(w => new Document { PartitionKey = w.Key.PartitionKey, Id = w.Key.Id, Body = w.Value.ToJson(), Expires = w.Value.Known.ToUnixMicros() + KeptFor })],
            cancellationToken);
        await _documents.DeleteAsync(Containers.Urgent, gone, cancellationToken);
    }

    private void Set(DocumentKey key, UrgentReading? reading, Dictionary<DocumentKey, UrgentReading> written, HashSet<DocumentKey> gone)
    {
        if (reading is null)
        {
            _days[key.PartitionKey].Remove(key.Id);
            written.Remove(key);
            gone.Add(key);
        }
        else
        {
            _days[key.PartitionKey][key.Id] = reading;
            written[key] = reading;
            gone.Remove(key);
        }
    }

    /// <summary>The document that a reading has, whichever of the days it landed first; null where it has none.</summary>
    private async ValueTask<UrgentReading?> FindAsync(string id, long known, CancellationToken cancellationToken)
    {
        UrgentReading? found = null;
        for (var back = 0; back <= DaysBack; back++)
        {
            var day = PartitionOf(known - (back * UnixMicros.PerDay));
            if (!_days.TryGetValue(day, out var there))
            {
                there = _days[day] = (await _documents.ListAsync(Containers.Urgent, day, cancellationToken))
                    .Select(d => UrgentReading.TryRead(d.Body)).OfType<UrgentReading>().ToDictionary(u => u.Id, StringComparer.Ordinal);
            }

            found = there.GetValueOrDefault(id) ?? found;
        }

        return found;
    }

    /// <summary>A reading as urgent; null where it is within the limits, at them too, or there are none.</summary>
    private UrgentReading? Of(ReadingBatch readings, int row, string id)
    {
        if (_assignments.Find(readings.DeviceId[row], readings.EffectiveTime[row], out var patient, out _) != AssignmentStatus.Assigned || !_plans.TryGetValue(patient!, out var plans))
        {
            return null;
        }

        var vital = VitalSignCatalog.Default.Vitals[readings.Vital[row]];
        var known = UnixMicros.ToInstant(readings.KnownFrom[row]);
        var limit = Array.FindLast(plans, p => p.Known <= known)?.Limits.FirstOrDefault(l => l.Vital == vital.Key);
        var value = readings.Value[row];
        return limit is not null && (value < limit.Low || value > limit.High)
            ? new UrgentReading(id, patient!, vital.Key, value, vital.Unit, UnixMicros.ToInstant(readings.EffectiveTime[row]), known, limit.Low, limit.High)
            : null;
    }

    /// <summary>When a reading was last made worse, also where this is said once more of it.</summary>
    private static Instant? ChangedBy(UrgentReading now, UrgentReading there)
    {
        var isWorse = now.Value > now.High ? now.Value > there.Value : now.Value < there.Value;
        return isWorse && now.Known > there.OpenSince ? now.Known : there.Changed;
    }

    private static string IdOf(ReadingBatch readings, int row) => Convert.ToHexStringLower(XxHash128.Hash(Encoding.UTF8.GetBytes(
        string.Create(CultureInfo.InvariantCulture, $"{readings.DeviceId[row]}\n{VitalSignCatalog.Default.Vitals[readings.Vital[row]].Code}\n{readings.EffectiveTime[row]}"))));
}
