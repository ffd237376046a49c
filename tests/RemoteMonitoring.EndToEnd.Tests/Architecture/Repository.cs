using System.Xml.Linq;

namespace RemoteMonitoring.EndToEnd.Tests.Architecture;

/// <summary>The repository that this test was built from.</summary>
internal static class Repository
{
    /// <summary>Folders that hold what ships.</summary>
    public static readonly string[] ProductFolders = ["ingestion", "ml", "orchestrations"];

    public static string Root { get; } = FindRoot();

    /// <summary>Every project under <see cref="ProductFolders"/> but <see cref="Functions"/>.</summary>
    public static IReadOnlyList<Project> Rooms { get; } = [.. ProductFolders.SelectMany(ProjectsUnder).Where(p => p.Room != "Functions")];

    /// <summary>The project that is built alone, with packages that not every registry serves: nothing compiled of it is here.</summary>
    public static Project Functions { get; } = ProjectsUnder("orchestrations").Single(p => p.Room == "Functions");

    /// <summary>Every project under <c>tests</c>.</summary>
    public static IReadOnlyList<Project> TestProjects { get; } = [.. ProjectsUnder("tests")];

    /// <summary>Source files under these folders, relative to the root, without what builds leave behind.</summary>
    public static IEnumerable<string> Sources(params IEnumerable<string> folders) => folders
        .SelectMany(folder => Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories))
        .Select(path => Path.GetRelativePath(Root, path).Replace('\\', '/'))
        .Where(path => !path.Contains("/obj/", StringComparison.Ordinal) && !path.Contains("/bin/", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal);

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    // The build of a Functions project leaves another project in its obj.
    private static IEnumerable<Project> ProjectsUnder(string folder) => Directory.EnumerateFiles(Path.Combine(Root, folder), "*.csproj", SearchOption.AllDirectories)
        .Select(path => Path.GetRelativePath(Root, path).Replace('\\', '/'))
        .Where(path => !path.Contains("/obj/", StringComparison.Ordinal))
        .Select(path => new Project(path))
        .OrderBy(p => p.Path, StringComparer.Ordinal);

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "RemoteMonitoring.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("RemoteMonitoring.sln is in none of the folders above the test's own: these tests read the sources and run from within the repository.");
    }
}

/// <summary>A project file. A room goes by the last word of its name: <c>Telemetry</c>, <c>Cli</c>.</summary>
internal sealed class Project(string path)
{
    private readonly XDocument _xml = XDocument.Parse(Repository.Read(path));

    /// <summary>Relative to the root.</summary>
    public string Path { get; } = path;

    public string Name { get; } = System.IO.Path.GetFileNameWithoutExtension(path);

    public string Room => Name["RemoteMonitoring.".Length..];

    /// <summary>Name of the compiled assembly.</summary>
    public string Assembly => Values("AssemblyName").FirstOrDefault() ?? Name;

    public IReadOnlyList<string> Packages => [.. Includes("PackageReference")];

    /// <summary>Rooms this project names.</summary>
    public IReadOnlyList<string> References => [.. Includes("ProjectReference").Select(p => new Project(Resolve(p)).Room)];

    public string Text => _xml.ToString();

    private IEnumerable<string> Includes(string element) => _xml.Descendants(element).Select(e => (string?)e.Attribute("Include")).OfType<string>();

    private IEnumerable<string> Values(string element) => _xml.Descendants(element).Select(e => e.Value);

    private string Resolve(string reference)
    {
        var folder = System.IO.Path.Combine(Repository.Root, System.IO.Path.GetDirectoryName(Path)!);
        return System.IO.Path.GetRelativePath(Repository.Root, System.IO.Path.GetFullPath(System.IO.Path.Combine(folder, reference.Replace('\\', '/'))));
    }
}
