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
        foreach (var activation in activations.OrderBy(a => a.Known))
        {
            sets.Add((activation.Known.ToUnixMicros(), sets[^1].Item2.With(DeviceMapping.Parse(Encoding.UTF8.GetBytes(activation.Document), VitalSignCatalog.Default))));
        }

        _sets = [.. sets];
        _commands = [.. commands.OrderBy(c => c.Known).Select(c => new Reprocessing(c, At(c.Known.ToUnixMicros())))];
    }

    /// <summary>The bundled mappings, and no commands.</summary>
    public static MappingHistory Bundled { get; } = new([], []);

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

    /// <summary>The mappings in force at an instant.</summary>
    public MappingSet At(long time) => _sets.Last(s => s.Known <= time).Set;

    /// <summary>The commands that concern a file that landed at an instant, in the order they were given.</summary>
    internal IEnumerable<Reprocessing> After(long landed) => _commands.Where(c => c.Known > landed);
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
