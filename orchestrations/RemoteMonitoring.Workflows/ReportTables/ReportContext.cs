using NodaTime;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Secrets;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Workflows.ReportTables;

/// <summary>The lists of a task that hold for a UTC day.</summary>
/// <param name="Task">Task.</param>
/// <param name="Made">Which lists.</param>
internal sealed record ReportDay(TaskDefinition Task, ListsMade Made)
{
    /// <summary>The day.</summary>
    public LocalDate Day => Made.AsOf.InUtc().Date;
}

/// <summary>What every step of an export reads: what was known when it began.</summary>
internal sealed class ReportContext
{
    private const string Purpose = "tables for reports";

    private readonly byte[] _key;

    private ReportContext(CohortStore store, Instant now, byte[] key, ReferenceData reference, ReferenceData all, IReadOnlyList<ReportDay> days, ObservationsManifest? observations, int erasures)
    {
        (Store, Now, _key, Reference, Days, Observations, Erasures) = (store, now, key, reference, days, observations, erasures);
        KeyId = Lake.Hash(key)[..16];
        Records = new TeamRecords(reference, now);
        Teams = LatestByTeam(reference);
        Members = [.. all.Members.Where(m => m.Known <= now).GroupBy(m => m.UserName, StringComparer.OrdinalIgnoreCase).Select(g => g.OrderBy(m => m.Known).Last())];
        TeamIds = [.. Teams.Keys.Concat(reference.Patients.Select(p => p.CareTeamId)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }

    /// <summary>The cohort.</summary>
    public CohortStore Store { get; }

    /// <summary>When the export began.</summary>
    public Instant Now { get; }

    /// <summary>Tells the key from any other.</summary>
    public string KeyId { get; }

    /// <summary>The reference log as known by then, with zones that exist.</summary>
    public ReferenceData Reference { get; }

    /// <summary>The same by patient.</summary>
    public TeamRecords Records { get; }

    /// <summary>The latest statement of each team.</summary>
    public IReadOnlyDictionary<string, CareTeam> Teams { get; }

    /// <summary>Teams that were ever stated or named by the roster, in order.</summary>
    public IReadOnlyList<string> TeamIds { get; }

    /// <summary>The latest statement about each user.</summary>
    public IReadOnlyList<Member> Members { get; }

    /// <summary>The lists that hold for each task and UTC day, as the figures of teams take them.</summary>
    public IReadOnlyList<ReportDay> Days { get; }

    /// <summary>The observations that are current; null where nothing was compacted.</summary>
    public ObservationsManifest? Observations { get; }

    /// <summary>Erasures so far.</summary>
    public int Erasures { get; }

    /// <summary>Reads it. Lists of tasks that are not among these are left out.</summary>
    public static async Task<ReportContext> LoadAsync(CohortStore store, IReadOnlyList<TaskDefinition> tasks, Instant now, CancellationToken cancellationToken)
    {
        var key = store.MakeHandleKey().For(Purpose);
        var all = await store.Reference.LoadAsync(await store.Reference.PositionAsync(cancellationToken), cancellationToken);
        var (reference, _) = UsableReference.WithZonesThatExist(UsableReference.KnownBy(all, now));
        var byName = tasks.ToDictionary(t => t.Name, StringComparer.Ordinal);
        var days = (await ListsIndex.ReadAsync(store.Documents, cancellationToken))
            .Where(l => l.AsOf <= now && byName.ContainsKey(l.Task))
            .GroupBy(l => (l.Task, l.AsOf.InUtc().Date))
            .Select(g => new ReportDay(byName[g.Key.Task], ListsIndex.Latest(g).Single()));
        return new(
            store, now, key, reference, all, [.. days.OrderBy(d => d.Made.AsOf).ThenBy(d => d.Task.Name, StringComparer.Ordinal)],
            await ObservationsManifest.TryReadAsync(store.Lake, cancellationToken), (await store.Reference.ErasuresAsync(cancellationToken)).Count);
    }

    /// <summary>The key that patients are named by where it is there already; null where nobody was named.</summary>
    public static Func<string, string>? TryPatientKeys(CohortStore store) => store.FindHandleKey()?.For(Purpose) is { } key ? id => HandleKey.HandleOf(key, id) : null;

    /// <summary>Name of a patient in these tables.</summary>
    public string PatientKey(string patientId) => HandleKey.HandleOf(_key, patientId);

    /// <summary>Whether a patient is on the roster: who is not, or was erased, is in no table.</summary>
    public bool Knows(string patientId) => Records.RosterAt(patientId, Now) is not null;

    /// <summary>The lists of a day by team; teams without one are left out.</summary>
    public async Task<IReadOnlyDictionary<string, TeamWorklist>> ListsAsync(ReportDay day, CancellationToken cancellationToken)
    {
        var lists = new SortedDictionary<string, TeamWorklist>(StringComparer.Ordinal);
        foreach (var team in TeamIds)
        {
            if (await Store.Documents.FindAsync(Containers.Worklists, team, day.Made.Id, cancellationToken) is { } document)
            {
                lists.Add(team, RiskDocumentJson.ReadWorklist(document.Body));
            }
        }

        return lists;
    }

    private static Dictionary<string, CareTeam> LatestByTeam(ReferenceData reference) => reference.Teams
        .GroupBy(t => t.CareTeamId, StringComparer.Ordinal)
        .ToDictionary(g => g.Key, g => g.OrderBy(t => t.Known).Last(), StringComparer.Ordinal);
}
