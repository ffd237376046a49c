using NodaTime;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Workflows.FollowUps;

/// <summary>Which team each patient is of today, by the roster's latest word, read on as the log grows. Safe for several tasks at once.</summary>
internal sealed class RosterTeams(ReferenceLog log)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, (string Team, Instant Known)> _teams = new(StringComparer.Ordinal);
    private (long Sequence, int Erasures) _read;

    /// <summary>How far it was read: changes whenever the roster said more, or somebody was erased.</summary>
    public (long Sequence, int Erasures) Position
    {
        get
        {
            lock (_gate)
            {
                return _read;
            }
        }
    }

    /// <summary>The teams that patients are of, as of the last <see cref="RefreshAsync"/>.</summary>
    public IReadOnlyList<string> Teams
    {
        get
        {
            lock (_gate)
            {
                return [.. _teams.Values.Select(t => t.Team).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
            }
        }
    }

    /// <summary>The team of a patient, as of the last <see cref="RefreshAsync"/>; null for whom the roster does not name.</summary>
    public string? Of(string patientId)
    {
        lock (_gate)
        {
            return _teams.TryGetValue(patientId, out var at) ? at.Team : null;
        }
    }

    /// <summary>Reads what was appended since.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        for (; ; )
        {
            var from = Position;
            var erasures = (await log.ErasuresAsync(cancellationToken)).Count;
            var (rows, last) = await log.ReadAfterAsync<Patient>(ReferenceKinds.Roster, erasures == from.Erasures ? from.Sequence : 0, cancellationToken);
            lock (_gate)
            {
                // What another has taken in meanwhile is not taken in twice.
                if (from == _read)
                {
                    Take(rows, (last, erasures));
                    return;
                }
            }
        }
    }

    private void Take(IReadOnlyList<Patient> rows, (long Sequence, int Erasures) to)
    {
        if (to.Erasures != _read.Erasures)
        {
            _teams.Clear();
        }

        foreach (var row in rows)
        {
            if (!_teams.TryGetValue(row.PatientId, out var before) || before.Known <= row.Known)
            {
                _teams[row.PatientId] = (row.CareTeamId, row.Known);
            }
        }

        _read = to;
    }
}
