using NodaTime;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Worklist.Audit;

/// <summary>
/// Whether a patient was among those that somebody was shown with a list: by the list's document, and by whose patients were the team's then, since lists are cut to them. A lane counts whole, though a page
/// may fold its end.
/// </summary>
internal sealed class ShownPatients
{
    /// <summary>What is said where the list is no longer there.</summary>
    public const string Gone = "cannot be told: the list is gone";

    /// <summary>What is said where the entry is from before entries said which list was shown.</summary>
    public const string NotSaid = "cannot be told: which list is not on record";

    /// <summary>What is said where the list had or counted who was erased since.</summary>
    public const string Erased = "on the list or counted in it; the place was erased";

    private readonly DocumentStore _documents;
    private readonly ILookup<string, Patient> _roster;
    private readonly Dictionary<(string Team, string Id), TeamWorklist?> _lists = [];

    private ShownPatients(DocumentStore documents, ILookup<string, Patient> roster) => (_documents, _roster) = (documents, roster);

    /// <summary>Reads the roster.</summary>
    public static async Task<ShownPatients> OpenAsync(WorklistServices services, CancellationToken cancellationToken)
    {
        var (roster, _) = await services.Store.Reference.ReadAfterAsync<Patient>(ReferenceKinds.Roster, 0, cancellationToken);
        return new(services.Store.Documents, roster.OrderBy(p => p.Known).ToLookup(p => p.PatientId, StringComparer.Ordinal));
    }

    /// <summary>Where an entry's viewer was shown the patient, in words; null where they were not. <paramref name="erased"/> is the hash that stands for them, where they were erased.</summary>
    public async Task<string?> WhereAsync(AuditEntry entry, string patientId, string? erased, CancellationToken cancellationToken)
    {
        if (entry.Shown is not { } shown)
        {
            return FoundEntry.SaysNoList(entry) && entry.CareTeamId is { } of && IsOf(of, patientId, entry.At) ? NotSaid : null;
        }

        var places = new List<string>();
        if (shown.Urgent.Contains(patientId) || (erased is not null && shown.Urgent.Contains(erased)))
        {
            places.Add("urgent");
        }

        if (erased is not null && entry.CareTeamId is { } ofErased)
        {
            foreach (var list in shown.Lists)
            {
                places.AddRange((await ListAsync(ofErased, list, cancellationToken))?.Erased?.Contains(erased) == true ? [Erased] : []);
            }
        }

        if (entry.CareTeamId is { } team && IsOf(team, patientId, entry.At))
        {
            foreach (var list in shown.Lists)
            {
                places.AddRange(await ListAsync(team, list, cancellationToken) is { } there ? Of(there, shown, patientId, id => IsOf(team, id, entry.At)) : [Gone]);
            }
        }

        return places.Count == 0 ? null : string.Join(", ", places.Distinct());
    }

    private static IEnumerable<string> Of(TeamWorklist list, ListsShown shown, string patientId, Func<string, bool> isOurs)
    {
        string[] rows = [.. list.Listed.Select(p => p.PatientId).Where(isOurs)];
        if (Array.IndexOf(rows, patientId) is >= 0 and var row && row >= shown.From && !(row >= shown.To))
        {
            yield return FormattableString.Invariant($"row {row + 1}");
        }

        (string Lane, IEnumerable<string> Patients)[] lanes =
        [
            ("silent", list.Silent.Select(s => s.PatientId)), ("technical", list.Technical.Select(t => t.PatientId)), ("resting", list.Resting.Select(r => r.PatientId)),
            ("not scoreable", list.SetAside.Concat(list.NotScored).Select(n => n.PatientId)),
        ];
        foreach (var (lane, _) in lanes.Where(l => shown.Lanes && l.Patients.Contains(patientId)))
        {
            yield return lane;
        }
    }

    /// <summary>Whether a patient was a team's, by the roster's last word of then, its first where it had none yet.</summary>
    private bool IsOf(string team, string patientId, Instant at) => (_roster[patientId].LastOrDefault(p => p.Known <= at) ?? _roster[patientId].FirstOrDefault())?.CareTeamId == team;

    private async Task<TeamWorklist?> ListAsync(string team, ShownList list, CancellationToken cancellationToken)
    {
        var key = (team, $"{LakePaths.Stamp(list.AsOf.ToUnixMicros())}-{list.Run}");
        if (!_lists.TryGetValue(key, out var found))
        {
            found = _lists[key] = await _documents.FindAsync(Containers.Worklists, key.team, key.Item2, cancellationToken) is { } document ? RiskDocumentJson.ReadWorklist(document.Body) : null;
        }

        return found;
    }
}
