using System.IO.Hashing;
using System.Reflection;
using System.Text;
using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.Telemetry.Mappings;

/// <summary>
/// The mappings in force, in the order in which they are asked whether a message is theirs: first those that name an application
/// property, then those that go by the body's shape alone, each in the order of <see cref="Mappings"/>; the last, the fallback,
/// takes what no other takes. Immutable. A set's choice is a function of the message and of the set alone.
/// </summary>
public sealed class MappingSet
{
    private static readonly string[] s_bundled = // by how much a body must have to be taken for theirs, most first
        ["fhir-observation", "senml", "withings-measures", "iot-central", "pulse-oximeter", "glucose-meter", "body-scale", "iot-hub-flat"];

    private static readonly string[] s_canonical = ["time", "readings", "code", "value", "unit"];

    private readonly int[] _order;
    private readonly PathStep[][][] _steps;

    private MappingSet(IReadOnlyList<DeviceMapping> mappings)
    {
        Mappings = mappings;
        Id = Hash(mappings);
        int[] others = [.. Enumerable.Range(0, mappings.Count - 1)];
        _order = [.. others.Where(i => mappings[i].Match.IsByProperty), .. others.Where(i => !mappings[i].Match.IsByProperty)];
        HasPropertyRules = others.Any(i => mappings[i].Match.IsByProperty);

        var names = new Dictionary<string, int>(StringComparer.Ordinal);
        PathStep WithId(PathStep step)
        {
            if (step.Kind is not (PathStepKind.Member or PathStepKind.Where))
            {
                return step;
            }

            if (!names.TryGetValue(step.Name, out var id))
            {
                names.Add(step.Name, id = names.Count);
            }

            return step with { NameId = id };
        }

        _steps = [.. mappings.Select(m => m.Paths.Select(p => p.Steps.Select(WithId).ToArray()).ToArray())];
        Names = new Utf8Index([.. names.Keys]);
        if (names.Count > short.MaxValue)
        {
            throw new ArgumentException($"The mappings speak of {names.Count} names; a set may speak of {short.MaxValue}.", nameof(mappings));
        }

        MaxPaths = mappings.Max(m => m.Paths.Length);
        string[][] groups = [.. others.SelectMany(i => ShapeNames(mappings[i])).Select(names => names.Except(s_canonical).ToArray())];
        ShapeIndex = groups.Any(g => g.Length == 0) ? null : new Utf8Index([.. groups.SelectMany(g => g).Distinct(StringComparer.Ordinal)]);
    }

    /// <summary>The mappings shipped with this version; <c>rmon/1</c> is the fallback.</summary>
    public static MappingSet Bundled { get; } = new([.. s_bundled.Append(Readings.ReadingExtractor.CanonicalName).Select(Load)]);

    /// <summary><c>rmon/1</c> alone: every body is judged by it.</summary>
    public static MappingSet Canonical { get; } = new([Bundled.Fallback]);

    /// <summary>All, in order; the last is the fallback.</summary>
    public IReadOnlyList<DeviceMapping> Mappings { get; }

    /// <summary>Short hash over the names, versions and definitions in their order: the same id makes the same readings of the same messages.</summary>
    public string Id { get; }

    /// <summary>What takes a message that no other takes.</summary>
    public DeviceMapping Fallback => Mappings[^1];

    internal Utf8Index Names { get; }

    internal bool HasPropertyRules { get; }

    /// <summary>
    /// Names of which a body has one at least where a mapping knows it by its shape; null where a mapping goes by names of the
    /// canonical form alone, or by none.
    /// </summary>
    internal Utf8Index? ShapeIndex { get; }

    internal int MaxPaths { get; }

    /// <summary>
    /// The set in which <paramref name="mapping"/> stands in the place of the one of its name; where there is none, before all
    /// others, so that what is added later is asked earlier. Throws where another document has its name and version.
    /// </summary>
    public MappingSet With(DeviceMapping mapping)
    {
        var at = Mappings.Count - 1;
        while (at >= 0 && Mappings[at].Name != mapping.Name)
        {
            at--;
        }

        if (at < 0)
        {
            return new MappingSet([mapping, .. Mappings]);
        }

        if (Mappings[at].Version == mapping.Version)
        {
            return Mappings[at].Definition().AsSpan().SequenceEqual(mapping.Definition())
                ? this
                : throw new MappingException(mapping.Name, [new MappingProblem("version", $"{mapping.Label} is there already and says something else; give this one a higher version")]);
        }

        return new MappingSet([.. Mappings.Take(at), mapping, .. Mappings.Skip(at + 1)]);
    }

    /// <summary>The mapping of this name (<c>rmon</c>) or label (<c>rmon/1</c>), or null.</summary>
    public DeviceMapping? Find(string nameOrLabel) => Mappings.FirstOrDefault(m => m.Name == nameOrLabel || m.Label == nameOrLabel);

    /// <summary>Reads a bundled document again, for the tests of documents.</summary>
    internal static DeviceMapping Load(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"mappings/{name}.json")!;
        var document = new byte[stream.Length];
        stream.ReadExactly(document);
        return DeviceMapping.Parse(document, VitalSignCatalog.Default);
    }

    internal PathStep[][] StepsOf(int mapping) => _steps[mapping];

    /// <summary>Whether the application properties are those of some mapping: the body alone does not decide then.</summary>
    internal bool MayTakeByProperty(string? properties)
    {
        if (HasPropertyRules && properties is not null)
        {
            for (var i = 0; i < _order.Length && Mappings[_order[i]].Match.IsByProperty; i++)
            {
                if (MappingEngine.HasProperties(Mappings[_order[i]].Match, properties))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>Place of the mapping that a message is for.</summary>
    internal int Choose(string? properties, ReadOnlySpan<byte> body, EvaluationBuffers buffers)
    {
        foreach (var i in _order)
        {
            var mapping = Mappings[i];
            if (mapping.Match.IsByProperty && !MappingEngine.HasProperties(mapping.Match, properties))
            {
                continue;
            }

            var evaluation = new Evaluation(body, buffers, mapping.Paths, _steps[i]);
            if (MappingEngine.HasShape(mapping.Match, in evaluation, buffers.Tape, _steps[i]))
            {
                return i;
            }
        }

        return Mappings.Count - 1;
    }

    /// <summary>Of each group of conditions, the names that it asks for.</summary>
    private static IEnumerable<IEnumerable<string>> ShapeNames(DeviceMapping mapping) => mapping.Match.Shape.Select(group =>
        group.SelectMany(c => mapping.Paths[c.Path].Steps).Where(s => s.Kind == PathStepKind.Member).Select(s => s.Name));

    private static string Hash(IEnumerable<DeviceMapping> mappings)
    {
        var hash = new XxHash128();
        foreach (var mapping in mappings)
        {
            hash.Append(Encoding.UTF8.GetBytes(mapping.Label + "\n"));
            hash.Append(mapping.Definition());
            hash.Append("\n"u8);
        }

        return Convert.ToHexStringLower(hash.GetCurrentHash())[..12];
    }
}
