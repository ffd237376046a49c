using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Storage.Lake;

/// <summary>
/// The create-only log of everything that did not come from a device: <c>bronze/reference/{kind}/{sequence}</c>, each a
/// batch of JSON lines, sequences from 1 without holes. Documents of these kinds are its projection.
/// </summary>
public sealed class ReferenceLog(Lake lake)
{
    private readonly ConcurrentDictionary<string, string> _hashes = new(StringComparer.Ordinal);

    /// <summary>Appends a batch; the same bytes again are recognised and appended once.</summary>
    /// <returns>Whether something was appended.</returns>
    public async Task<bool> AppendAsync(string kind, ReadOnlyMemory<byte> lines, CancellationToken cancellationToken)
    {
        var hash = Lake.Hash(lines.Span);
        var folder = $"{LakePaths.BronzeReference}/{kind}";
        var last = await LastAsync(kind, await lake.ListAsync(folder, cancellationToken), cancellationToken);
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
            else if (await lake.TryCreateAsync(path, lines, cancellationToken))
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

    /// <summary>The last sequence of each kind: what a run pins. A batch that is missing below it throws <see cref="LakeException"/>.</summary>
    public async Task<IReadOnlyDictionary<string, long>> PositionAsync(CancellationToken cancellationToken)
    {
        var paths = await lake.ListAsync(LakePaths.BronzeReference, cancellationToken);
        var position = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var kind in ReferenceKinds.All)
        {
            position.Add(kind, await LastAsync(kind, paths, cancellationToken));
        }

        return position;
    }

    /// <summary>Everything the log says up to a position.</summary>
    public async Task<ReferenceData> LoadAsync(IReadOnlyDictionary<string, long> position, CancellationToken cancellationToken) => new()
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
    };

    /// <summary>Reads a batch's lines; a line that is no event of the kind throws <see cref="LakeException"/> with the line's number.</summary>
    public static IReadOnlyList<T> Parse<T>(ReadOnlySpan<byte> lines, string nameForPeople)
    {
        var rows = new List<T>();
        var number = 0;
        foreach (var line in Lines(lines))
        {
            number++;
            if (line.Length == 0)
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

        return rows;
    }

    private static string[] Lines(ReadOnlySpan<byte> bytes) => Encoding.UTF8
        .GetString(bytes.StartsWith(Encoding.UTF8.Preamble) ? bytes[Encoding.UTF8.Preamble.Length..] : bytes)
        .Split('\n', StringSplitOptions.TrimEntries);

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
                if (!await lake.ExistsAsync(LakePaths.Reference(kind, last), cancellationToken))
                {
                    throw new LakeException($"{lake.NameOf(LakePaths.Reference(kind, last))}: is missing from the reference log, which goes on behind it. Restore it.");
                }
            }
        }

        return last;
    }

    /// <summary>Hash of a batch, which is read once: batches do not change.</summary>
    private async Task<string> HashOfAsync(string path, CancellationToken cancellationToken) => _hashes.TryGetValue(path, out var hash)
        ? hash
        : _hashes[path] = Lake.Hash(await lake.ReadAsync(path, cancellationToken));

    private async Task<IReadOnlyList<T>> LoadAsync<T>(string kind, IReadOnlyDictionary<string, long> position, CancellationToken cancellationToken)
    {
        var rows = new List<T>();
        var said = new HashSet<string>(StringComparer.Ordinal);
        for (var sequence = 1L; sequence <= position.GetValueOrDefault(kind); sequence++)
        {
            var path = LakePaths.Reference(kind, sequence);
            var bytes = await lake.ReadAsync(path, cancellationToken);
            var parsed = Parse<T>(bytes, lake.NameOf(path));
            var lines = Lines(bytes).Where(l => l.Length > 0).ToArray();
            // A file that grew is a new batch that says the old lines again; they count once.
            rows.AddRange(parsed.Where((_, i) => !said.Contains(lines[i])));
            said.UnionWith(lines);
        }

        return rows;
    }
}
