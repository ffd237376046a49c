using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using RemoteMonitoring.Storage.Erasure;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Storage.Lake;

/// <summary>
/// The create-only log of everything that did not come from a device: <c>bronze/reference/{kind}/{sequence}</c>, each a
/// batch of JSON lines, sequences from 1 without holes. Documents of these kinds are its projection. What was erased is
/// neither read nor taken in again.
/// </summary>
public sealed class ReferenceLog
{
    private readonly Lake _lake;
    private readonly Func<ErasureKey?> _key;
    private readonly ConcurrentDictionary<string, string> _hashes = new(StringComparer.Ordinal);
    private Erasures _erasures = Erasures.None;
    private Loaded? _loaded;

    /// <summary>The log of a lake, and where the key of its erasures is, if it has any.</summary>
    public ReferenceLog(Lake lake, Func<ErasureKey?>? key = null) => (_lake, _key) = (lake, key ?? (() => null));

    /// <summary>Appends a batch; the same bytes again are recognised and appended once, and what was erased is left out.</summary>
    /// <returns>Whether something was appended.</returns>
    public async Task<bool> AppendAsync(string kind, ReadOnlyMemory<byte> lines, CancellationToken cancellationToken)
    {
        (lines, var erased) = ErasedLines.Filter(kind, lines, await ErasuresAsync(cancellationToken));
        if (erased > 0 && ErasedLines.IsBlank(lines.Span))
        {
            return false;
        }

        var hash = Lake.Hash(lines.Span);
        var folder = $"{LakePaths.BronzeReference}/{kind}";
        var last = await LastAsync(kind, await _lake.ListAsync(folder, cancellationToken), cancellationToken);
        for (var sequence = 1L; ;)
        {
            var path = LakePaths.Reference(kind, sequence);
            if (sequence <= last)
            {
                if (await HashOfAsync(path, cancellationToken) == hash)
                {
                    return false;
                }

                sequence++;
            }
            else if (await _lake.TryCreateAsync(path, lines, cancellationToken))
            {
                _hashes[path] = hash;
                return true;
            }
            else
            {
                last = sequence; // Another was first, and may have said the same.
            }
        }
    }

    /// <summary>
    /// Appends a batch as the one of this sequence, by somebody who has read all before it and decided by that: the log itself
    /// settles who was first.
    /// </summary>
    /// <returns>Whether it was appended; false where another was first.</returns>
    public async Task<bool> TryAppendAsync(string kind, long sequence, ReadOnlyMemory<byte> lines, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sequence, 1);
        return await _lake.TryCreateAsync(LakePaths.Reference(kind, sequence), lines, cancellationToken);
    }

    /// <summary>The rows behind a sequence, and the last sequence there is; it lists nothing, but asks for one after the other until there is none.</summary>
    public async Task<(IReadOnlyList<T> Rows, long Last)> ReadAfterAsync<T>(string kind, long sequence, CancellationToken cancellationToken)
    {
        var rows = new List<T>();
        var erasures = await ErasuresAsync(cancellationToken);
        for (; ; sequence++)
        {
            var path = LakePaths.Reference(kind, sequence + 1);
            if (await _lake.TryReadAsync(path, cancellationToken) is not { } bytes)
            {
                return (rows, sequence);
            }

            Parse(ErasedLines.Filter(kind, bytes, erasures).Bytes.Span, _lake.NameOf(path), rows, null, isLast: true);
        }
    }

    /// <summary>The last sequence of each kind: what a run pins. A batch that is missing below it throws <see cref="LakeException"/>.</summary>
    public async Task<IReadOnlyDictionary<string, long>> PositionAsync(CancellationToken cancellationToken)
    {
        var paths = await _lake.ListAsync(LakePaths.BronzeReference, cancellationToken);
        var position = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var kind in ReferenceKinds.All)
        {
            position.Add(kind, await LastAsync(kind, paths, cancellationToken));
        }

        return position;
    }

    /// <summary>Everything the log says up to a position. Asked for the same position again, it reads nothing.</summary>
    public async Task<ReferenceData> LoadAsync(IReadOnlyDictionary<string, long> position, CancellationToken cancellationToken)
    {
        var erasures = await ErasuresAsync(cancellationToken);
        var key = string.Join(';', position.OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}={p.Value}").Append($"{erasures.Count}"));
        if (_loaded is { } loaded && loaded.Key == key)
        {
            return loaded.Data;
        }

        var data = await ReadAsync(position, cancellationToken);
        _loaded = new Loaded(key, data);
        return data;
    }

    private async Task<ReferenceData> ReadAsync(IReadOnlyDictionary<string, long> position, CancellationToken cancellationToken) => new()
    {
        Teams = await LoadAsync<CareTeam>(ReferenceKinds.Teams, position, cancellationToken),
        Patients = await LoadAsync<Patient>(ReferenceKinds.Roster, position, cancellationToken),
        Assignments = await LoadAsync<DeviceAssignment>(ReferenceKinds.Assignments, position, cancellationToken),
        Census = await LoadAsync<CensusEvent>(ReferenceKinds.Census, position, cancellationToken),
        Outcomes = await LoadAsync<Outcome>(ReferenceKinds.Outcomes, position, cancellationToken),
        Contacts = await LoadAsync<Contact>(ReferenceKinds.Contacts, position, cancellationToken),
        Mappings = await LoadAsync<MappingActivation>(ReferenceKinds.Mappings, position, cancellationToken),
        Reprocess = await LoadAsync<ReprocessCommand>(ReferenceKinds.Reprocess, position, cancellationToken),
        Epochs = await LoadAsync<StreamEpoch>(ReferenceKinds.Epochs, position, cancellationToken),
        Actions = await LoadAsync<WorklistAction>(ReferenceKinds.Actions, position, cancellationToken),
        CarePlans = await LoadAsync<CarePlan>(ReferenceKinds.CarePlans, position, cancellationToken),
        Members = await LoadAsync<Member>(ReferenceKinds.Members, position, cancellationToken),
    };

    /// <summary>
    /// The erasures that were stated. Where there are some and their key is not there, or another, it throws
    /// <see cref="LakeException"/>: nobody could keep out what was erased.
    /// </summary>
    public async Task<Erasures> ErasuresAsync(CancellationToken cancellationToken)
    {
        var last = await LastAsync(ReferenceKinds.Erasures, await _lake.ListAsync($"{LakePaths.BronzeReference}/{ReferenceKinds.Erasures}", cancellationToken), cancellationToken);
        if (last == _erasures.Count)
        {
            return _erasures;
        }

        var stated = new List<Tombstone>();
        for (var sequence = 1L; sequence <= last; sequence++)
        {
            var path = LakePaths.Reference(ReferenceKinds.Erasures, sequence);
            stated.AddRange(Parse<Tombstone>(await _lake.ReadAsync(path, cancellationToken), _lake.NameOf(path)));
        }

        if (stated.Count != last)
        {
            throw new LakeException($"{_lake.NameOf($"{LakePaths.BronzeReference}/{ReferenceKinds.Erasures}")}: a batch has one erasure; these {last} have {stated.Count}. Restore them.");
        }

        var key = _key() ?? throw new LakeException($"{_lake.NameOf("")}: has erasures, and their key is not there. Restore it: without it what was erased cannot be kept out.");
        if (stated.FirstOrDefault(e => e.Key != key.Id) is not null)
        {
            throw new LakeException($"{_lake.NameOf("")}: its erasures were made with another key than the one that is there. Restore theirs: without it what was erased cannot be kept out.");
        }

        _hashes.Clear(); // an erasure rewrites batches
        return _erasures = new Erasures(stated, key);
    }

    /// <summary>Rewrites each batch that has lines of erased patients, as a new generation of the same name; done again it does nothing.</summary>
    /// <returns>The batches rewritten, and how many lines of each.</returns>
    public async Task<IReadOnlyList<(LakeFile File, int Lines)>> RewriteErasedAsync(CancellationToken cancellationToken)
    {
        var erasures = await ErasuresAsync(cancellationToken);
        var rewritten = new List<(LakeFile, int)>();
        foreach (var (kind, last) in await PositionAsync(cancellationToken))
        {
            for (var sequence = 1L; sequence <= last; sequence++)
            {
                var path = LakePaths.Reference(kind, sequence);
                var (bytes, erased) = ErasedLines.Filter(kind, await _lake.ReadAsync(path, cancellationToken), erasures);
                if (erased > 0)
                {
                    await _lake.ReplaceAsync(path, bytes, cancellationToken);
                    var hash = _hashes[path] = Lake.Hash(bytes.Span);
                    rewritten.Add((new LakeFile(path, bytes.Length, hash), erased));
                }
            }
        }

        return rewritten;
    }

    /// <summary>Reads a batch's lines; a line that is no event of the kind throws <see cref="LakeException"/> with the line's number.</summary>
    public static IReadOnlyList<T> Parse<T>(ReadOnlySpan<byte> lines, string nameForPeople)
    {
        var rows = new List<T>();
        Parse(lines, nameForPeople, rows, null, isLast: true);
        return rows;
    }

    /// <summary>Adds the rows of a batch's lines, but of lines that were said before; a line at a time, since a batch may be most of the memory there is.</summary>
    private static void Parse<T>(ReadOnlySpan<byte> lines, string nameForPeople, List<T> rows, HashSet<UInt128>? said, bool isLast)
    {
        var batch = lines.StartsWith(Encoding.UTF8.Preamble) ? lines[Encoding.UTF8.Preamble.Length..] : lines;
        var here = said is null || isLast ? null : new List<UInt128>();
        var number = 0;
        foreach (var part in batch.Split((byte)'\n'))
        {
            number++;
            var text = batch[part];
            if (text.Trim(" \r\t"u8).IsEmpty)
            {
                continue;
            }

            var line = Encoding.UTF8.GetString(text).Trim();
            var hash = said is null ? default : XxHash128.HashToUInt128(Encoding.UTF8.GetBytes(line));
            here?.Add(hash);
            if (said?.Contains(hash) == true)
            {
                continue;
            }

            try
            {
                rows.Add(ReferenceJson.FromLine<T>(line));
            }
            catch (JsonException e)
            {
                throw new LakeException(string.Create(CultureInfo.InvariantCulture,
                    $"{nameForPeople}, line {number}: not a {typeof(T).Name} ({e.Message.Split('\n')[0].Split(" Path:")[0]})"), e);
            }
        }

        said?.UnionWith(here ?? []);
    }

    /// <summary>The last sequence of a kind among these paths; files of other forms are not the log's.</summary>
    private async Task<long> LastAsync(string kind, IReadOnlyList<string> paths, CancellationToken cancellationToken)
    {
        var folder = $"{LakePaths.BronzeReference}/{kind}/";
        var last = 0L;
        foreach (var path in paths.Where(p => p.StartsWith(folder, StringComparison.Ordinal)))
        {
            if (LakePaths.SequenceOf(path[folder.Length..], ".ndjson") is not { } sequence || sequence == 0)
            {
                continue;
            }

            while (++last < sequence)
            {
                // A list taken while others append may have the later batch and not the earlier one.
                if (!await _lake.ExistsAsync(LakePaths.Reference(kind, last), cancellationToken))
                {
                    throw new LakeException($"{_lake.NameOf(LakePaths.Reference(kind, last))}: is missing from the reference log, which goes on behind it. Restore it.");
                }
            }
        }

        return last;
    }

    /// <summary>Hash of a batch, which is read once: batches change by erasure only.</summary>
    private async Task<string> HashOfAsync(string path, CancellationToken cancellationToken) => _hashes.TryGetValue(path, out var hash)
        ? hash
        : _hashes[path] = Lake.Hash(await _lake.ReadAsync(path, cancellationToken));

    private async Task<IReadOnlyList<T>> LoadAsync<T>(string kind, IReadOnlyDictionary<string, long> position, CancellationToken cancellationToken)
    {
        var rows = new List<T>();
        var erasures = await ErasuresAsync(cancellationToken);
        var last = position.GetValueOrDefault(kind);
        // A file that grew is a new batch that says the old lines again; they count once.
        var said = last > 1 ? new HashSet<UInt128>() : null;
        for (var sequence = 1L; sequence <= last; sequence++)
        {
            var path = LakePaths.Reference(kind, sequence);
            var bytes = ErasedLines.Filter(kind, await _lake.ReadAsync(path, cancellationToken), erasures).Bytes;
            Parse(bytes.Span, _lake.NameOf(path), rows, said, isLast: sequence == last);
        }

        return rows;
    }

    private sealed record Loaded(string Key, ReferenceData Data);
}
