using NodaTime;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Risk.Evaluation;

/// <summary>What the reference log says around one row; see <see cref="HeldOutRows"/>.</summary>
/// <param name="Team">Care team; empty where none is known.</param>
/// <param name="TeamCapacity">How many patients the team can call a day, as stated by then; NaN where it was not.</param>
/// <param name="Age">Years; NaN where it is not known.</param>
/// <param name="Sex">Sex, or <c>unknown</c>.</param>
/// <param name="Conditions">Conditions with <c>;</c> between them.</param>
/// <param name="DeviceModels">Models of the devices that the patient had then, with <c>;</c> between them; empty where none is on record.</param>
/// <param name="NextEvent">When the next outcome of the task's kind was, Unix microseconds; <see cref="UnixMicros.Open"/> where none is known of.</param>
/// <param name="Contacts7Days">Contacts of staff in the 7 days before; NaN where none of any patient is on record.</param>
public readonly record struct RowFacts(string Team, double TeamCapacity, double Age, string Sex, string Conditions, string DeviceModels, long NextEvent, double Contacts7Days);

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
    private readonly DeviceModels _models;
    private readonly Dictionary<string, CareTeam[]> _teams;
    private readonly long _end;
    private readonly IReadOnlyDictionary<(string PatientId, long AsOf), RowFacts>? _facts;

    private RowContext(IReadOnlyDictionary<(string PatientId, long AsOf), RowFacts> facts)
        : this(new Dictionary<string, PatientRecord>(), [], [], new DeviceModels([]), [], 0) => _facts = facts;

    private RowContext(IReadOnlyDictionary<string, PatientRecord> records, Dictionary<string, long[]> events, Dictionary<string, long[]> contacts, DeviceModels models, Dictionary<string, CareTeam[]> teams, long end) =>
        (_records, _events, _contacts, _models, _teams, _end) = (records, events, contacts, models, teams, end);

    /// <summary>Where nothing is known beside the rows.</summary>
    public static RowContext Nothing { get; } = new(new Dictionary<string, PatientRecord>(), [], [], new DeviceModels([]), [], 0);

    /// <summary>What was known by the end of the data of a task's outcomes and patients.</summary>
    public static RowContext Of(TaskDefinition task, ReferenceData reference, Instant endOfData) => new(
        PatientRecord.Index(reference),
        ByPatient(reference.Outcomes.HoldingAt(endOfData).Where(task.Counts), o => o.PatientId, o => o.Effective),
        ByPatient(reference.Contacts.Where(c => c.Known <= endOfData), c => c.PatientId, c => c.Effective),
        new DeviceModels([.. reference.Assignments.Where(a => a.Known <= endOfData)]),
        reference.Teams.GroupBy(t => t.CareTeamId, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.OrderBy(t => t.Known).ToArray(), StringComparer.Ordinal),
        endOfData.ToUnixMicros());

    /// <summary>What was written down of rows before, by patient and as-of; of others nothing is known, and asking throws <see cref="KeyNotFoundException"/>.</summary>
    public static RowContext Of(IReadOnlyDictionary<(string PatientId, long AsOf), RowFacts> facts) => new(facts);

    /// <summary>What is known around a row.</summary>
    public RowFacts At(string patientId, long asOf)
    {
        if (_facts is not null)
        {
            return _facts[(patientId, asOf)];
        }

        var record = _records.GetValueOrDefault(patientId);
        // As known then, or, of a patient who was stated later, as known at the end.
        var patient = record?.RosterAt(asOf) ?? record?.RosterAt(_end);
        var events = _events.GetValueOrDefault(patientId, []);
        var next = FirstAfter(events, asOf);
        var contacts = _contacts.GetValueOrDefault(patientId, []);
        return new RowFacts(
            patient?.CareTeamId ?? "",
            Array.FindLast(_teams.GetValueOrDefault(patient?.CareTeamId ?? "", []), t => t.Known.ToUnixMicros() <= asOf)?.Capacity ?? double.NaN,
            patient?.Age ?? double.NaN,
            patient?.Sex ?? "unknown",
            string.Join(';', (patient?.Conditions ?? []).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)),
            // A name may hold what divides names here.
            string.Join(';', _models.At(patientId, asOf, asOf).Select(m => m.Replace(';', ','))),
            next < events.Length ? events[next] : UnixMicros.Open,
            _contacts.Count == 0 ? double.NaN : FirstAfter(contacts, asOf) - FirstAfter(contacts, asOf - ContactWindow));
    }

    /// <summary>Fills in a row whose patient and instant are there.</summary>
    internal void Fill(HeldOutRows rows, int row)
    {
        var facts = At(rows.PatientId[row], rows.AsOf[row]);
        rows.Team[row] = facts.Team;
        rows.TeamCapacity[row] = facts.TeamCapacity;
        rows.Age[row] = facts.Age;
        rows.Sex[row] = facts.Sex;
        rows.Conditions[row] = facts.Conditions;
        rows.DeviceModels[row] = facts.DeviceModels;
        rows.NextEvent[row] = facts.NextEvent;
        rows.Contacts7Days[row] = facts.Contacts7Days;
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
