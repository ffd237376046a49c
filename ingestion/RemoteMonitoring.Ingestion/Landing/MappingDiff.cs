using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Mappings;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Ingestion.Landing;

/// <summary>What reading stored messages again does to a reading.</summary>
public enum ReadingChangeKind
{
    /// <summary>There was none, or it was rejected: it is accepted.</summary>
    Appears,

    /// <summary>It was accepted: there is none, or it is rejected.</summary>
    Disappears,

    /// <summary>It is accepted with another value, time or vital.</summary>
    Differs,

    /// <summary>It says the same at another place of its message. It is taken back and comes anew.</summary>
    Moves,

    /// <summary>It was or is rejected, for another reason or without a counterpart, and never accepted.</summary>
    RejectedOtherwise,
}

/// <summary>A reading before or after.</summary>
/// <param name="Ordinal">Place in its message, from 0.</param>
/// <param name="Code">Its code; as sent where it was rejected, and null where none could be read.</param>
/// <param name="Value">Its value; NaN where none could be read.</param>
/// <param name="Unit">Its canonical unit; null where it was rejected.</param>
/// <param name="EffectiveTime">When it was taken, Unix microseconds; null where it was rejected.</param>
/// <param name="Mapping">Name and version of the mapping that made or judged it.</param>
/// <param name="Reason">Why it was rejected; null where it was accepted.</param>
public sealed record ReadingState(int Ordinal, string? Code, double Value, string? Unit, long? EffectiveTime, string Mapping, RejectionReason? Reason);

/// <summary>One reading that changes.</summary>
public sealed record ReadingChange(StreamPartition Partition, long Offset, string DeviceId, ReadingChangeKind Kind, ReadingState? Before, ReadingState? After)
{
    /// <summary>The code it is counted under; empty where none could be read.</summary>
    public string Code => (After is { Reason: null } ? After.Code : null) ?? (Before is { Reason: null } ? Before.Code : null) ?? (After ?? Before)!.Code ?? "";
}

/// <summary>
/// What a command to read stored messages again changes, reading by reading: found by the very merge that makes its silver, so
/// the two cannot disagree. One bronze file is in memory at a time, and of the changes counts and the first few.
/// </summary>
public sealed class MappingDiff
{
    private readonly SortedDictionary<(string Code, ReadingChangeKind Kind), long> _byCode = [];
    private readonly SortedDictionary<RejectionReason, (long Added, long Removed)> _byReason = [];
    private readonly List<ReadingChange> _first = [];
    private readonly int _limit;

    private MappingDiff(int limit) => _limit = limit;

    /// <summary>Messages that were read again.</summary>
    public long Messages { get; private set; }

    /// <summary>Readings of those that are rejected afterwards.</summary>
    public long StillRejected { get; private set; }

    /// <summary>How many readings of a code change in a way.</summary>
    public IReadOnlyDictionary<(string Code, ReadingChangeKind Kind), long> ByCode => _byCode;

    /// <summary>How many readings come into quarantine and leave it, by reason.</summary>
    public IReadOnlyDictionary<RejectionReason, (long Added, long Removed)> ByReason => _byReason;

    /// <summary>The first changes, in order of partition and offset.</summary>
    public IReadOnlyList<ReadingChange> First => _first;

    /// <summary>Accepted readings that are added, those that take the place of another among them.</summary>
    public long Added { get; private set; }

    /// <summary>Accepted readings that are taken back.</summary>
    public long TakenBack { get; private set; }

    /// <summary>Whether nothing at all changes.</summary>
    public bool IsEmpty => _byCode.Count == 0;

    /// <summary>How many readings change in a way.</summary>
    public long Count(ReadingChangeKind kind) => _byCode.Where(c => c.Key.Kind == kind).Sum(c => c.Value);

    /// <summary>What would change if this mapping came into force and every stored message were read again.</summary>
    public static Task<MappingDiff> OfMappingAsync(Lake lake, MappingHistory history, DeviceMapping mapping, int limit, CancellationToken cancellationToken) =>
        RunAsync(lake, history.Supposing(mapping, new ReprocessCommand { Known = s_afterAll }), limit, latestOnly: false, cancellationToken);

    /// <summary>The same of the last bronze file of each partition alone: what the messages that landed last say of those to come.</summary>
    public static Task<MappingDiff> OfLatestAsync(Lake lake, MappingHistory history, DeviceMapping mapping, int limit, CancellationToken cancellationToken) =>
        RunAsync(lake, history.Supposing(mapping, new ReprocessCommand { Known = s_afterAll }), limit, latestOnly: true, cancellationToken);

    /// <summary>What would change if messages were read again by the mappings in force.</summary>
    public static Task<MappingDiff> OfReprocessingAsync(
        Lake lake, MappingHistory history, RejectionReason? reason, string? deviceId, int limit, CancellationToken cancellationToken) =>
        RunAsync(lake, history.Supposing(null, new ReprocessCommand { Reason = reason?.ToText(), DeviceId = deviceId, Known = s_afterAll }), limit, latestOnly: false, cancellationToken);

    /// <summary>Later than any bronze file landed, and than any command was given.</summary>
    private static readonly NodaTime.Instant s_afterAll = NodaTime.Instant.FromUtc(9999, 12, 31, 0, 0);

    private static async Task<MappingDiff> RunAsync(Lake lake, MappingHistory history, int limit, bool latestOnly, CancellationToken cancellationToken)
    {
        var silver = new Silver(lake, history);
        var diff = new MappingDiff(limit);
        foreach (var partition in (await BronzeFile.PartitionsAsync(lake, cancellationToken)).OrderBy(p => p.ToString(), StringComparer.Ordinal))
        {
            var files = await BronzeFile.ListAsync(lake, partition, cancellationToken);
            foreach (var file in latestOnly ? files.TakeLast(1) : files)
            {
                var landed = BronzeFooter.LandedTime(await lake.ReadMetadataAsync(file.Path, cancellationToken), lake.NameOf(file.Path));
                var reread = new RereadFile(silver, TelemetryTables.ToEnvelopes(await lake.ReadTableAsync(file.Path, null, cancellationToken)), landed);
                foreach (var command in history.After(landed))
                {
                    var changes = reread.Change(command);
                    if (command == history.Last)
                    {
                        diff.Take(partition, changes);
                    }
                }
            }
        }

        return diff;
    }

    private void Take(StreamPartition partition, FileChanges changes)
    {
        Messages += changes.Messages;
        StillRejected += changes.StillRejected;
        var (accepted, rejected) = (changes.Accepted, changes.Rejected);
        TakenBack += accepted.TakenBack.Count;
        Added += accepted.Count - accepted.TakenBack.Count;
        for (int a = 0, r = 0; a < accepted.Count || r < rejected.Count;)
        {
            var offset = Math.Min(a < accepted.Count ? accepted.Offset[a] : long.MaxValue, r < rejected.Count ? rejected.Offset[r] : long.MaxValue);
            var (before, after) = (new List<ReadingState>(), new List<ReadingState>());
            var device = "";
            for (; a < accepted.Count && accepted.Offset[a] == offset; a++)
            {
                device = accepted.DeviceId[a];
                (accepted.TakenBack.Contains(a) ? before : after).Add(StateOf(accepted, a));
            }

            for (; r < rejected.Count && rejected.Offset[r] == offset; r++)
            {
                device = rejected.DeviceId[r];
                (rejected.TakenBack.Contains(r) ? before : after).Add(StateOf(rejected, r));
            }

            foreach (var (was, now) in Pair(before, after))
            {
                Count(new ReadingChange(partition, offset, device, KindOf(was, now), was, now));
            }
        }
    }

    /// <summary>
    /// Which reading of a message became which: first what says the same elsewhere, then the same vital, then the same place;
    /// what is left came or went.
    /// </summary>
    private static IEnumerable<(ReadingState? Before, ReadingState? After)> Pair(List<ReadingState> before, List<ReadingState> after)
    {
        var pairs = new List<(ReadingState? Before, ReadingState? After)>();
        Func<ReadingState, ReadingState, bool>[] rules =
        [
            SaysTheSame,
            (b, a) => b.Reason is null && a.Reason is null && b.Code == a.Code && b.EffectiveTime == a.EffectiveTime,
            (b, a) => b.Reason is null && a.Reason is null && b.Code == a.Code,
            (b, a) => b.Ordinal == a.Ordinal,
        ];
        foreach (var isSame in rules)
        {
            foreach (var was in before.ToArray())
            {
                if (after.Find(now => isSame(was, now)) is { } now)
                {
                    pairs.Add((was, now));
                    before.Remove(was);
                    after.Remove(now);
                }
            }
        }

        return pairs
            .Concat(before.Select(b => ((ReadingState?)b, (ReadingState?)null)))
            .Concat(after.Select(a => ((ReadingState?)null, (ReadingState?)a)))
            .OrderBy(p => (p.Item2 ?? p.Item1)!.Ordinal);
    }

    private void Count(ReadingChange change)
    {
        _byCode[(change.Code, change.Kind)] = _byCode.GetValueOrDefault((change.Code, change.Kind)) + 1;
        if (change.Before?.Reason is { } removed)
        {
            _byReason[removed] = (_byReason.GetValueOrDefault(removed).Added, _byReason.GetValueOrDefault(removed).Removed + 1);
        }

        if (change.After?.Reason is { } added)
        {
            _byReason[added] = (_byReason.GetValueOrDefault(added).Added + 1, _byReason.GetValueOrDefault(added).Removed);
        }

        if (_first.Count < _limit)
        {
            _first.Add(change);
        }
    }

    private static ReadingChangeKind KindOf(ReadingState? before, ReadingState? after) => (before is { Reason: null }, after is { Reason: null }) switch
    {
        (true, true) => SaysTheSame(before!, after!) ? ReadingChangeKind.Moves : ReadingChangeKind.Differs,
        (false, true) => ReadingChangeKind.Appears,
        (true, false) => ReadingChangeKind.Disappears,
        (false, false) => ReadingChangeKind.RejectedOtherwise,
    };

    private static bool SaysTheSame(ReadingState before, ReadingState after) =>
        before.Reason is null && after.Reason is null && before.Code == after.Code && before.EffectiveTime == after.EffectiveTime && before.Value.Equals(after.Value);

    private static ReadingState StateOf(ReadingBatch batch, int i)
    {
        var vital = VitalSignCatalog.Default.Vitals[batch.Vital[i]];
        return new ReadingState(batch.Ordinal[i], vital.Code, batch.Value[i], vital.Unit, batch.EffectiveTime[i], batch.Mapping[i], null);
    }

    private static ReadingState StateOf(QuarantineBatch batch, int i) =>
        new(batch.Ordinal[i], batch.Code[i], batch.Value[i], null, null, batch.Mapping[i], batch.Reason[i]);
}
