using NodaTime;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Workflows.FollowUps;

/// <summary>
/// Starts follow-ups of readings beyond personal limits as they land, and again as a correction makes them worse, for the team that the patient is of then, unless
/// somebody has seen to them. What was started before is not started again, so it makes no difference how many look, or how often; what was not is looked at again,
/// since an action may be taken back and settings change. A document that cannot be read keeps no other from it. For one task at a time.
/// </summary>
public sealed class UrgentFollowUps(CohortStore store, IWorkflowClient client, FollowUpLog log, TimeProvider time)
{
    /// <summary>Days that a reading is open when nobody acts on it.</summary>
    public const int Days = 7;

    /// <summary>Seldom does something land for a day that is past.</summary>
    private static readonly Duration s_pastDays = Duration.FromMinutes(1);

    private readonly HashSet<(string Day, string Id, Instant OpenSince)> _seen = [];
    private readonly Dictionary<(string Day, string Id), (string? ETag, UrgentReading? Reading)> _read = [];
    private readonly RosterTeams _roster = new(store.Reference);
    private (long, int) _position;
    private Instant? _looked;

    /// <summary>Looks through what landed today and yesterday, and now and then through the days before on which readings are still open, and starts what is new.</summary>
    /// <returns>How many were started.</returns>
    public async Task<int> LookAsync(CancellationToken cancellationToken)
    {
        if ((await FollowUpActivities.FileOfAsync(store, cancellationToken))?.Settings is not { } settings)
        {
            _looked = null;
            return 0;
        }

        await _roster.RefreshAsync(cancellationToken);
        if (_position != _roster.Position)
        {
            // Who came to another team, or is on the roster at last, is looked at again.
            _seen.Clear();
            (_position, _looked) = (_roster.Position, null);
        }

        await log.RefreshAsync(cancellationToken);
        var now = Instant.FromDateTimeOffset(time.GetUtcNow());
        string[] open = [.. Enumerable.Range(0, Days + 1).Select(ago => UrgentReading.PartitionOf(now - Duration.FromDays(ago)))];
        _seen.RemoveWhere(s => !open.Contains(s.Day));
        foreach (var past in _read.Keys.Where(k => !open.Contains(k.Day)).ToArray())
        {
            _read.Remove(past);
        }

        var isPastDue = !(now < _looked + s_pastDays);
        var started = 0;
        foreach (var day in isPastDue ? open : open[..2])
        {
            foreach (var document in await store.Documents.ListAsync(Containers.Urgent, day, cancellationToken))
            {
                if (ReadOf(day, document) is { } reading && !_seen.Contains((day, document.Id, reading.OpenSince)) && await StartAsync(settings, document.Id, reading, cancellationToken) is { } isNew)
                {
                    started += isNew ? 1 : 0;
                    _seen.Add((day, document.Id, reading.OpenSince));
                }
            }
        }

        _looked = isPastDue ? now : _looked;
        return started;
    }

    /// <summary>What a document says, read anew only where it was written anew; null where that is nothing.</summary>
    private UrgentReading? ReadOf(string day, Document document)
    {
        if (!_read.TryGetValue((day, document.Id), out var read) || read.ETag is null || read.ETag != document.ETag)
        {
            _read[(day, document.Id)] = read = (document.ETag, UrgentReading.TryRead(document.Body));
        }

        return read.Reading;
    }

    /// <summary>Whether it was started now; null where there is no need of it as things stand.</summary>
    private async Task<bool?> StartAsync(FollowUpSettings settings, string id, UrgentReading reading, CancellationToken cancellationToken) =>
        _roster.Of(reading.PatientId) is { } team && settings.Of(team) is not null && !log.Of(reading.PatientId).Settled(reading.OpenSince)
            ? await FollowUpActivities.StartAsync(
                store, client, new FollowUpInput { Cohort = store.Cohort, Kind = FollowUpKind.Urgent, CareTeamId = team, PatientId = reading.PatientId, Task = id, AsOf = reading.OpenSince }, cancellationToken)
            : null;
}
