using System.Collections.Concurrent;
using System.Globalization;
using RemoteMonitoring.Ingestion.Erasure;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Mappings;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Ingestion.Landing;

/// <summary>
/// Silver as a function of bronze and the history of mappings: the readings of a bronze file's messages, accepted and
/// rejected, by the mappings in force when it landed; and behind that, for each command to read messages again, what it
/// added and took back. Of each pair the quarantine file is created first and the readings file last, so a readings file
/// means that both are there. What was erased is taken out before: of messages as they land, and of a file whose silver is
/// made later.
/// </summary>
public sealed class Silver
{
    private readonly Lake _lake;
    private readonly ReferenceLog? _log;

    // Columns of a batch are megabytes each: used again, they are not the collector's work.
    private readonly ConcurrentBag<(ReadingBatch Accepted, QuarantineBatch Rejected)> _batches = [];
    private readonly ConcurrentDictionary<string, ReadingExtractor> _extractors = new(StringComparer.Ordinal);

    /// <summary>Silver by this history, of a lake of which nothing was erased.</summary>
    public Silver(Lake lake, MappingHistory mappings)
        : this(lake, mappings, null, Redaction.None)
    {
    }

    private Silver(Lake lake, MappingHistory mappings, ReferenceLog? log, Redaction redaction)
    {
        _lake = lake;
        _log = log;
        Mappings = mappings;
        Redaction = redaction;
    }

    /// <summary>The history it is made by.</summary>
    public MappingHistory Mappings { get; }

    /// <summary>What was erased; a later erasure is seen when something is made.</summary>
    public Redaction Redaction { get; private set; }

    /// <summary>Changes with the history, and with every erasure.</summary>
    public string Id => string.Create(CultureInfo.InvariantCulture, $"{Mappings.Id}-e{Redaction.Erasures.Count}");

    /// <summary>Opens it by the history that the reference log tells now.</summary>
    public static async Task<Silver> OpenAsync(Lake lake, ReferenceLog log, CancellationToken cancellationToken) =>
        new(lake, await MappingHistory.LoadAsync(log, cancellationToken), log, new Redaction(await log.ErasuresAsync(cancellationToken)));

    /// <summary>The same, as it would be after erasures that have not been stated.</summary>
    internal Silver After(Redaction redaction) => new(_lake, Mappings, null, redaction);

    /// <summary>Takes out of messages that are about to land what was erased.</summary>
    public void Redact(EnvelopeBatch envelopes) => Redaction.Apply(envelopes, [Extractor(Mappings.Latest)]);

    /// <summary>
    /// Looks, when a bronze file has just been created, whether something was erased since its messages were redacted, and takes
    /// that out of it. Who erases looks at the files after stating it, so between the two nothing gets in.
    /// </summary>
    /// <returns>Whether something was taken, and the file's silver made.</returns>
    internal async Task<bool> RedactAgainAsync(BronzeFile file, CancellationToken cancellationToken) =>
        await SeeErasuresAsync(cancellationToken) && await BronzeErasure.EraseAsync(_lake, this, file, dryRun: false, cancellationToken) is not null;

    /// <summary>Makes what is missing of the silver of a partition: what a crash, somebody's deletion or a new command left undone.</summary>
    /// <returns>How many pairs of files were made.</returns>
    public async Task<int> CatchUpAsync(StreamPartition partition, CancellationToken cancellationToken)
    {
        var there = (await _lake.ListAsync($"{LakePaths.SilverReadings}/{partition}", cancellationToken))
            .Concat(await _lake.ListAsync($"{LakePaths.SilverQuarantine}/{partition}", cancellationToken))
            .ToHashSet(StringComparer.Ordinal);
        var made = 0;
        foreach (var file in await BronzeFile.ListAsync(_lake, partition, cancellationToken))
        {
            made += await CatchUpAsync(file, there, cancellationToken);
        }

        return made;
    }

    /// <summary>
    /// The silver files of a bronze file: first that of its landing, then one for each command since. Reads the footer of the
    /// bronze file only.
    /// </summary>
    public async Task<IReadOnlyList<SilverPaths>> PathsAsync(BronzeFile file, CancellationToken cancellationToken) =>
        PathsOf(file, await LandedAsync(file, cancellationToken));

    /// <summary>The same for a file that landed at an instant.</summary>
    public IReadOnlyList<SilverPaths> PathsOf(BronzeFile file, long landed) => [.. GenerationsOf(landed).Select(g => SilverPaths.Of(file, g))];

    /// <summary>The generations that the silver of a file has that landed at an instant: first that of its landing, then one for each command since.</summary>
    internal IEnumerable<string> GenerationsOf(long landed) => Mappings.After(landed).Select(c => c.Generation).Prepend(Mappings.At(landed).Id);

    /// <summary>Makes the silver that envelopes have as they land, and writes nothing yet.</summary>
    public SilverTables Derive(EnvelopeBatch envelopes, long landed)
    {
        var (accepted, rejected) = _batches.TryTake(out var used) ? used : (new ReadingBatch(), new QuarantineBatch());
        var received = Extract(Extractor(Mappings.At(landed)), envelopes, 0, envelopes.Count, null, accepted, rejected);
        if (received != accepted.Count + rejected.Count)
        {
            throw new InvalidOperationException($"Of {received} readings received {accepted.Count} were accepted and {rejected.Count} rejected.");
        }

        var tables = SilverTables.Encode(accepted, rejected, Mappings.At(landed).Id, envelopes.Count == 0 ? 0 : envelopes.KnownTime[^1]);
        accepted.Truncate(0);
        rejected.Truncate(0);
        _batches.Add((accepted, rejected));
        return tables;
    }

    /// <summary>Writes what was derived of a bronze file as it landed; where it is there already, nothing changes.</summary>
    public Task WriteAsync(BronzeFile file, long landed, SilverTables tables, CancellationToken cancellationToken) =>
        WriteAsync(SilverPaths.Of(file, Mappings.At(landed).Id), tables, cancellationToken);

    /// <summary>Appends the readings of messages to batches, all rows known from <paramref name="knownFrom"/> where it is given.</summary>
    internal static long Extract(
        ReadingExtractor extractor, EnvelopeBatch envelopes, int start, int end, long? knownFrom, ReadingBatch accepted, QuarantineBatch rejected)
    {
        var received = 0L;
        for (var i = start; i < end; i++)
        {
            var message = new ReceivedMessage
            {
                DeviceId = envelopes.DeviceId[i],
                MessageId = envelopes.MessageId[i],
                Properties = envelopes.Properties[i],
                EnqueuedTime = envelopes.EnqueuedTime[i],
                KnownFrom = knownFrom ?? envelopes.KnownTime[i],
                Offset = envelopes.Offset[i],
                Body = envelopes.Body[i].Span,
            };
            if (envelopes.IsErased(i))
            {
                continue;
            }

            if (envelopes.Problem[i] is { } problem)
            {
                ReadingExtractor.RejectLine(problem, in message, rejected);
                received++;
                continue;
            }

            received += extractor.Extract(in message, accepted, rejected);
        }

        return received;
    }

    internal ReadingExtractor Extractor(MappingSet mappings) =>
        _extractors.GetOrAdd(mappings.Id, (_, set) => new ReadingExtractor(VitalSignCatalog.Default, set), mappings);

    private async Task<int> CatchUpAsync(BronzeFile file, HashSet<string> there, CancellationToken cancellationToken)
    {
        // Without a history there is one generation, and no footer needs to be read to know its name.
        var landed = Mappings == MappingHistory.Bundled ? 0 : await LandedAsync(file, cancellationToken);
        var paths = PathsOf(file, landed);
        if (paths.All(p => there.Contains(p.Readings) && there.Contains(p.Quarantine)))
        {
            return 0;
        }

        // Its writer may not have lived to look for erasures.
        await SeeErasuresAsync(cancellationToken);
        if (Redaction.Erasures.Count > 0 && await BronzeErasure.EraseAsync(_lake, this, file, dryRun: false, cancellationToken) is not null)
        {
            return 1;
        }

        var envelopes = TelemetryTables.ToEnvelopes(await _lake.ReadTableAsync(file.Path, null, cancellationToken));
        await MakeAsync(file, envelopes, landed, (path, table) => _lake.TryCreateAsync(path, table, cancellationToken));
        return 1;
    }

    /// <summary>Makes the silver of a file anew, over what is there.</summary>
    internal async Task ReplaceAsync(BronzeFile file, EnvelopeBatch envelopes, long landed, CancellationToken cancellationToken) =>
        await MakeAsync(file, envelopes, landed, (path, table) => _lake.ReplaceAsync(path, table, cancellationToken));

    /// <summary>All by which the messages of a file were read that landed at an instant.</summary>
    internal IReadOnlyList<ReadingExtractor> JudgesOf(long landed) =>
        [.. Mappings.After(landed).Select(c => c.Mappings).Prepend(Mappings.At(landed)).DistinctBy(m => m.Id).Select(Extractor)];

    private async Task MakeAsync(BronzeFile file, EnvelopeBatch envelopes, long landed, Func<string, ReadOnlyMemory<byte>, Task> write)
    {
        var paths = PathsOf(file, landed);
        using (var tables = Derive(envelopes, landed))
        {
            await write(paths[0].Quarantine, tables.Quarantine.Bytes);
            await write(paths[0].Readings, tables.Readings.Bytes);
        }

        var reread = new RereadFile(this, envelopes, landed);
        foreach (var (path, command) in paths.Skip(1).Zip(Mappings.After(landed)))
        {
            using var tables = reread.Apply(command);
            await write(path.Quarantine, tables.Quarantine.Bytes);
            await write(path.Readings, tables.Readings.Bytes);
        }
    }

    /// <summary>Whether something was erased that this did not know of; it does from now on.</summary>
    private async Task<bool> SeeErasuresAsync(CancellationToken cancellationToken)
    {
        if (_log is null || await _log.ErasuresAsync(cancellationToken) is not { } now || now.Count == Redaction.Erasures.Count)
        {
            return false;
        }

        Redaction = new Redaction(now);
        return true;
    }

    private async Task<long> LandedAsync(BronzeFile file, CancellationToken cancellationToken) =>
        BronzeFooter.LandedTime(await _lake.ReadMetadataAsync(file.Path, cancellationToken), _lake.NameOf(file.Path));

    private async Task WriteAsync(SilverPaths paths, SilverTables tables, CancellationToken cancellationToken)
    {
        await _lake.TryCreateAsync(paths.Quarantine, tables.Quarantine.Bytes, cancellationToken);
        await _lake.TryCreateAsync(paths.Readings, tables.Readings.Bytes, cancellationToken);
    }
}

/// <summary>Where the pair of silver files lies that a generation of mappings makes of a bronze file.</summary>
public readonly record struct SilverPaths(string Readings, string Quarantine)
{
    internal static SilverPaths Of(BronzeFile file, string generation) => new(
        LakePaths.Readings(file.Partition, file.Stem, generation),
        LakePaths.Quarantine(file.Partition, file.Stem, generation));
}

/// <summary>The two silver files of a bronze file, encoded, and how many readings were accepted and rejected, less what was taken back.</summary>
public sealed record SilverTables(EncodedTable Readings, EncodedTable Quarantine, long Accepted, IReadOnlyDictionary<RejectionReason, long> Rejected) : IDisposable
{
    /// <inheritdoc />
    public void Dispose()
    {
        Readings.Dispose();
        Quarantine.Dispose();
    }

    /// <summary>
    /// Encodes both, with their account in the footer of the readings: received, accepted and rejected by reason, each less what
    /// is taken back.
    /// </summary>
    internal static SilverTables Encode(ReadingBatch accepted, QuarantineBatch rejected, string generation, long known)
    {
        var readings = TelemetryTables.ToTable(accepted, VitalSignCatalog.Default);
        var counts = rejected.Reason
            .Select((reason, i) => (reason, Sign: rejected.TakenBack.Contains(i) ? -1 : 1))
            .GroupBy(r => r.reason, (reason, rows) => (Reason: reason, Count: rows.Sum(r => (long)r.Sign)))
            .ToDictionary(c => c.Reason, c => c.Count);
        var taken = accepted.TakenBack.Count;
        readings.Metadata[TelemetryTables.Mapping] = generation;
        readings.Metadata[TelemetryTables.KnownTime] = Text(known);
        readings.Metadata[TelemetryTables.Accepted] = Text(accepted.Count - (2 * taken));
        readings.Metadata[TelemetryTables.Received] = Text(accepted.Count - (2 * taken) + counts.Values.Sum());
        foreach (var (reason, count) in counts)
        {
            readings.Metadata[TelemetryTables.Rejected + reason.ToText()] = Text(count);
        }

        return new SilverTables(readings.Encode(), TelemetryTables.ToTable(rejected).Encode(), accepted.Count - (2 * taken), counts);
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
