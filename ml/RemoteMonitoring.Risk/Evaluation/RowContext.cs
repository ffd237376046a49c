using NodaTime;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Risk.Evaluation;

/// <summary>
/// What the reference log says around a held-out row: who the patient is, what came next, what staff did before. It is for
/// judging a model only, and looks at the whole log up to the end of the data: no model sees it.
/// </summary>
public sealed class RowContext
{
    private const long ContactWindow = 7 * UnixMicros.PerDay;

    private readonly IReadOnlyDictionary<string, PatientRecord> _records;
    private readonly Dictionary<string, long[]> _events;
    private readonly Dictionary<string, long[]> _contacts;
    private readonly long _end;

    private RowContext(IReadOnlyDictionary<string, PatientRecord> records, Dictionary<string, long[]> events, Dictionary<string, long[]> contacts, long end) =>
        (_records, _events, _contacts, _end) = (records, events, contacts, end);

    /// <summary>Where nothing is known beside the rows.</summary>
    public static RowContext Nothing { get; } = new(new Dictionary<string, PatientRecord>(), [], [], 0);

    /// <summary>What was known by the end of the data of a task's outcomes and patients.</summary>
    public static RowContext Of(TaskDefinition task, ReferenceData reference, Instant endOfData) => new(
        PatientRecord.Index(reference),
        ByPatient(reference.Outcomes.HoldingAt(endOfData).Where(task.Counts), o => o.PatientId, o => o.Effective),
        ByPatient(reference.Contacts.Where(c => c.Known <= endOfData), c => c.PatientId, c => c.Effective),
        endOfData.ToUnixMicros());

    /// <summary>Fills in a row whose patient and instant are there.</summary>
    internal void Fill(HeldOutRows rows, int row)
    {
        var (id, asOf) = (rows.PatientId[row], rows.AsOf[row]);
        var record = _records.GetValueOrDefault(id);
        // As known then, or, of a patient who was stated later, as known at the end.
        var patient = record?.RosterAt(asOf) ?? record?.RosterAt(_end);
        rows.Team[row] = patient?.CareTeamId ?? "";
        rows.Age[row] = patient?.Age ?? double.NaN;
        rows.Sex[row] = patient?.Sex ?? "unknown";
        rows.Conditions[row] = string.Join(';', (patient?.Conditions ?? []).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
        var events = _events.GetValueOrDefault(id, []);
        var next = FirstAfter(events, asOf);
        rows.NextEvent[row] = next < events.Length ? events[next] : UnixMicros.Open;
        var contacts = _contacts.GetValueOrDefault(id, []);
        rows.Contacts7Days[row] = _contacts.Count == 0 ? double.NaN : FirstAfter(contacts, asOf) - FirstAfter(contacts, asOf - ContactWindow);
    }

    private static Dictionary<string, long[]> ByPatient<T>(IEnumerable<T> all, Func<T, string> patient, Func<T, Instant> when) =>
        all.GroupBy(patient, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Select(e => when(e).ToUnixMicros()).Order().ToArray(), StringComparer.Ordinal);

    private static int FirstAfter(long[] sorted, long instant)
    {
        var (low, high) = (0, sorted.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = sorted[middle] > instant ? (low, middle) : (middle + 1, high);
        }

        return low;
    }
}
