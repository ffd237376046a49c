using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;

namespace RemoteMonitoring.EndToEnd.Tests.Architecture;

/// <summary>A room as the compiler left it, beside this test: what it refers to, and the documentation of its types.</summary>
internal sealed class CompiledRoom
{
    private CompiledRoom(Project project)
    {
        Project = project;
        Assembly = Assembly.Load(project.Assembly);
        References = [.. Assembly.GetReferencedAssemblies().Select(a => a.Name!)];
        using var file = new PEReader(File.OpenRead(Assembly.Location));
        var reader = file.GetMetadataReader();
        Types = [.. reader.TypeReferences.Select(t => FullName(reader, t))];
        Members = [.. reader.MemberReferences.Select(reader.GetMemberReference)
            .Where(m => m.Parent.Kind == HandleKind.TypeReference)
            .Select(m => $"{FullName(reader, (TypeReferenceHandle)m.Parent)}.{reader.GetString(m.Name)}")];
        Documentation = XDocument.Load(Path.ChangeExtension(Assembly.Location, ".xml"))
            .Descendants("member")
            .ToDictionary(m => (string)m.Attribute("name")!, m => m, StringComparer.Ordinal);
    }

    /// <summary>All rooms.</summary>
    public static IReadOnlyList<CompiledRoom> All { get; } = [.. Repository.Rooms.Select(p => new CompiledRoom(p))];

    public Project Project { get; }

    public Assembly Assembly { get; }

    /// <summary>Names of assemblies that the code uses, which is less than those it could.</summary>
    public IReadOnlyList<string> References { get; }

    /// <summary>Full names of types of other assemblies that the code uses.</summary>
    public IReadOnlyList<string> Types { get; }

    /// <summary>Members of those that it uses: <c>System.DateTime.get_UtcNow</c>.</summary>
    public IReadOnlyList<string> Members { get; }

    /// <summary>Documentation by member id: <c>T:RemoteMonitoring.Features.News2</c>.</summary>
    public IReadOnlyDictionary<string, XElement> Documentation { get; }

    public override string ToString() => Project.Room;

    private static string FullName(MetadataReader reader, TypeReferenceHandle handle)
    {
        var type = reader.GetTypeReference(handle);
        var name = reader.GetString(type.Name);
        return type.ResolutionScope.Kind == HandleKind.TypeReference
            ? $"{FullName(reader, (TypeReferenceHandle)type.ResolutionScope)}+{name}"
            : $"{reader.GetString(type.Namespace)}.{name}";
    }
}
