using NodaTime;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Workflows.FollowUps;
using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.Worklist.Lists;

/// <summary>
/// Readings beyond personal limits that nobody has acted on who was shown them, of the last week: filled on arrival, never cut by
/// capacity, and looked up at most every second.
/// </summary>
public sealed class UrgentLane(DocumentStore documents, FollowUpLog actions, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan s_fresh = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _turn = new(1);
    private ILookup<string, UrgentReading> _byPatient = Enumerable.Empty<UrgentReading>().ToLookup(u => u.PatientId, StringComparer.Ordinal);
    private long? _looked;

    /// <summary>How many documents cannot be read, of whomever, as of the last look: a lane that leaves some out is to say so.</summary>
    public int Unreadable { get; private set; }

    /// <summary>The open ones of a team, of each patient the latest to have landed first, patients with the latest first.</summary>
    public async ValueTask<IReadOnlyList<UrgentReading>> OfAsync(AllowedTeam team, CancellationToken cancellationToken)
    {
        var all = await LookAsync(cancellationToken);
        return
        [
            .. all.Where(g => team.Patients.ContainsKey(g.Key))
                .Select(g => Open(g).ToArray())
                .Where(g => g.Length > 0)
                .OrderByDescending(g => g[0].OpenSince)
                .SelectMany(g => g),
        ];
    }

    /// <summary>The open ones of a patient, latest first.</summary>
    public async ValueTask<IReadOnlyList<UrgentReading>> OfAsync(AllowedPatient patient, CancellationToken cancellationToken) =>
        [.. Open((await LookAsync(cancellationToken))[patient.PatientId])];

    /// <summary>How far those of a patient reach, open or not, by <see cref="UrgentReading.OpenSince"/>; null where there are none.</summary>
    public async ValueTask<Instant?> ReachAsync(AllowedPatient patient, CancellationToken cancellationToken) =>
        Reach((await LookAsync(cancellationToken))[patient.PatientId]);

    /// <summary>The same of a team.</summary>
    public async ValueTask<Instant?> ReachAsync(AllowedTeam team, CancellationToken cancellationToken) =>
        Reach((await LookAsync(cancellationToken)).Where(g => team.Patients.ContainsKey(g.Key)).SelectMany(g => g));

    /// <summary>The same of each patient of a team who has any.</summary>
    public async ValueTask<IReadOnlyDictionary<string, Instant>> ReachesAsync(AllowedTeam team, CancellationToken cancellationToken) =>
        (await LookAsync(cancellationToken)).Where(g => team.Patients.ContainsKey(g.Key)).ToDictionary(g => g.Key, g => g.Max(u => u.OpenSince), StringComparer.Ordinal);

    /// <summary>How far readings reach, by <see cref="UrgentReading.OpenSince"/>; null where there are none.</summary>
    public static Instant? Reach(IEnumerable<UrgentReading> readings) => readings.Select(u => (Instant?)u.OpenSince).Max();

    /// <inheritdoc />
    public void Dispose() => _turn.Dispose();

    private IEnumerable<UrgentReading> Open(IEnumerable<UrgentReading> readings) =>
        readings.Where(u => !actions.Of(u.PatientId).Settled(u.OpenSince)).OrderByDescending(u => u.OpenSince).ThenBy(u => u.Id, StringComparer.Ordinal);

    private async ValueTask<ILookup<string, UrgentReading>> LookAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (_looked is not { } looked || time.GetElapsedTime(looked) >= s_fresh)
            {
                var now = Instant.FromDateTimeOffset(time.GetUtcNow());
                var (found, unreadable) = (new List<UrgentReading>(), 0);
                for (var day = 0; day <= UrgentFollowUps.Days; day++)
                {
                    var partition = UrgentReading.PartitionOf(now - Duration.FromDays(day));
                    foreach (var document in await documents.ListAsync(Containers.Urgent, partition, cancellationToken))
                    {
                        if (UrgentReading.TryRead(document.Body) is { } reading)
                        {
                            found.Add(reading);
                        }
                        else
                        {
                            unreadable++;
                        }
                    }
                }

                _byPatient = found.DistinctBy(u => u.Id).ToLookup(u => u.PatientId, StringComparer.Ordinal);
                Unreadable = unreadable;
                _looked = time.GetTimestamp();
            }

            return _byPatient;
        }
        finally
        {
            _turn.Release();
        }
    }
}
