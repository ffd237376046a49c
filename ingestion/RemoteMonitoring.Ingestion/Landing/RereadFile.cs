using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Ingestion.Landing;

/// <summary>
/// One bronze file read again and again, command by command: what holds of each message, and what a command changes in it.
/// </summary>
internal sealed class RereadFile
{
    private readonly Silver _silver;
    private readonly EnvelopeBatch _envelopes;
    private readonly Dictionary<long, (ReadingBatch Accepted, QuarantineBatch Rejected)> _changed = [];
    private readonly ReadingExtractor _first;

    public RereadFile(Silver silver, EnvelopeBatch envelopes, long landed)
    {
        _silver = silver;
        _envelopes = envelopes;
        _first = silver.Extractor(silver.Mappings.At(landed));
    }

    /// <summary>What the command changes, as the pair of silver files that says so.</summary>
    public SilverTables Apply(Reprocessing command)
    {
        var changes = Change(command);
        return SilverTables.Encode(changes.Accepted, changes.Rejected, command.Mappings.Id, command.Known);
    }

    /// <summary>Reads again what the command concerns: rows that are new, known from its time, and rows taken back then.</summary>
    public FileChanges Change(Reprocessing command)
    {
        var (messages, stillRejected) = (0L, 0L);
        var accepted = new ReadingBatch();
        var rejected = new QuarantineBatch();
        var extractor = _silver.Extractor(command.Mappings);
        for (var i = 0; i < _envelopes.Count; i++)
        {
            if (command.Command.DeviceId is { } device && device != _envelopes.DeviceId[i])
            {
                continue;
            }

            var holds = Holding(i);
            if (command.Command.Reason is { } reason && !holds.Rejected.Reason.Exists(r => r.ToText() == reason))
            {
                continue;
            }

            var now = (Accepted: new ReadingBatch(), Rejected: new QuarantineBatch());
            Silver.Extract(extractor, _envelopes, i, i + 1, command.Known, now.Accepted, now.Rejected);
            var then = (
                Accepted: Merge(holds.Accepted, now.Accepted, accepted, command.Known),
                Rejected: Merge(holds.Rejected, now.Rejected, rejected, command.Known));
            _changed[_envelopes.Offset[i]] = then;
            messages++;
            stillRejected += then.Rejected.Count;
        }

        return new FileChanges(accepted, rejected, messages, stillRejected);
    }

    private (ReadingBatch Accepted, QuarantineBatch Rejected) Holding(int row)
    {
        if (!_changed.TryGetValue(_envelopes.Offset[row], out var holds))
        {
            holds = (new ReadingBatch(), new QuarantineBatch());
            Silver.Extract(_first, _envelopes, row, row + 1, null, holds.Accepted, holds.Rejected);
        }

        return holds;
    }

    /// <summary>What holds now: of the rows that say the same the old one, which keeps its mapping and when it was known.</summary>
    private static T Merge<T>(T before, T now, T changes, long known)
        where T : IRereadRows<T>, new()
    {
        var holds = new T();
        for (var i = 0; i < before.Count; i++)
        {
            if (Says(now, before, i))
            {
                holds.AddFrom(before, i);
            }
            else
            {
                changes.AddTakenBack(before, i, known);
            }
        }

        for (var i = 0; i < now.Count; i++)
        {
            if (!Says(before, now, i))
            {
                holds.AddFrom(now, i);
                changes.AddFrom(now, i);
            }
        }

        return holds;
    }

    private static bool Says<T>(T rows, T other, int row)
        where T : IRereadRows<T>
    {
        for (var i = 0; i < rows.Count; i++)
        {
            if (rows.SaysTheSame(i, other, row))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>What a command changes in a file, in order of offset: rows that are new, and rows that are taken back.</summary>
/// <param name="Accepted">Accepted readings that came or went.</param>
/// <param name="Rejected">Rejected ones.</param>
/// <param name="Messages">Messages that the command concerned.</param>
/// <param name="StillRejected">Readings of those that are rejected when it is done.</param>
internal sealed record FileChanges(ReadingBatch Accepted, QuarantineBatch Rejected, long Messages, long StillRejected);
