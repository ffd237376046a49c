using System.Security.Cryptography;
using System.Text;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Mappings;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Ingestion.Landing;

/// <summary>
/// Which mappings were in force when, and which commands to read messages again were given: with a bronze file, all that
/// its silver is a function of. Times are those of landing, by our clock, for data of the past too.
/// </summary>
public sealed class MappingHistory
{
    private readonly (long Known, MappingSet Set)[] _sets;
    private readonly Reprocessing[] _commands;

    /// <summary>The history that the reference log tells.</summary>
    public MappingHistory(IReadOnlyList<MappingActivation> activations, IReadOnlyList<ReprocessCommand> commands)
    {
        var sets = new List<(long, MappingSet)> { (long.MinValue, MappingSet.Bundled) };
        Activations = [.. activations.OrderBy(a => a.Known)];
        foreach (var activation in Activations)
        {
            sets.Add((activation.Known.ToUnixMicros(), With(sets[^1].Item2, activation)));
        }

        _sets = [.. sets];
        Commands = [.. commands.OrderBy(c => c.Known)];
        _commands = [.. Commands.Select(c => new Reprocessing(c, At(c.Known.ToUnixMicros())))];
    }

    /// <summary>The bundled mappings, and no commands.</summary>
    public static MappingHistory Bundled { get; } = new([], []);

    /// <summary>The activations, in the order in which they came into force.</summary>
    public IReadOnlyList<MappingActivation> Activations { get; }

    /// <summary>The commands to read messages again, in the order they were given.</summary>
    public IReadOnlyList<ReprocessCommand> Commands { get; }

    /// <summary>When the last activation or command was given, Unix microseconds; the least number where there is none.</summary>
    public long LastKnown => Math.Max(_sets[^1].Known, _commands.Length == 0 ? long.MinValue : _commands[^1].Known);

    /// <summary>Changes with every activation and every command.</summary>
    public string Id => string.Join('-', [Latest.Id, .. _commands.Select(c => c.Generation)]);

    /// <summary>The mappings in force after everything.</summary>
    public MappingSet Latest => _sets[^1].Set;

    /// <summary>Reads the reference log up to its end.</summary>
    public static async Task<MappingHistory> LoadAsync(ReferenceLog log, CancellationToken cancellationToken)
    {
        var position = (await log.PositionAsync(cancellationToken))
            .Where(p => p.Key is ReferenceKinds.Mappings or ReferenceKinds.Reprocess)
            .ToDictionary(StringComparer.Ordinal);
        if (position.Values.All(p => p == 0))
        {
            return Bundled;
        }

        var reference = await log.LoadAsync(position, cancellationToken);
        return new MappingHistory(reference.Mappings, reference.Reprocess);
    }

    /// <summary>The history as it would be with one activation more, and one command: behind all that is there.</summary>
    internal MappingHistory Supposing(DeviceMapping? mapping, ReprocessCommand command) => new(
        mapping is null ? Activations : [.. Activations, new MappingActivation { Mapping = mapping.Label, Document = mapping.Document, Known = command.Known }],
        [.. Commands, command]);

    /// <summary>The last command, with the mappings by which it reads.</summary>
    internal Reprocessing Last => _commands[^1];

    /// <summary>The mappings in force at an instant.</summary>
    public MappingSet At(long time) => _sets.Last(s => s.Known <= time).Set;

    /// <summary>The commands that concern a file that landed at an instant, in the order they were given.</summary>
    internal IEnumerable<Reprocessing> After(long landed) => _commands.Where(c => c.Known > landed);

    private static MappingSet With(MappingSet set, MappingActivation activation)
    {
        try
        {
            return set.With(DeviceMapping.Parse(Encoding.UTF8.GetBytes(activation.Document), VitalSignCatalog.Default));
        }
        catch (MappingException e)
        {
            throw new LakeException($"The reference log activates the mapping {activation.Mapping} at {activation.Known}, which this version cannot use: {e.Message}", e);
        }
    }
}

/// <summary>A command to read messages again, with the mappings by which.</summary>
internal sealed class Reprocessing(ReprocessCommand command, MappingSet mappings)
{
    public ReprocessCommand Command => command;

    public MappingSet Mappings => mappings;

    public long Known { get; } = command.Known.ToUnixMicros();

    /// <summary>Names what the command makes of a file.</summary>
    public string Generation { get; } = "r" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{ReferenceJson.ToLine(command)}\n{mappings.Id}")))[..12];
}
