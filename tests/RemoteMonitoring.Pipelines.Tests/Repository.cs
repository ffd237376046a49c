namespace RemoteMonitoring.Pipelines.Tests;

/// <summary>The files that these tests are about, in the repository that they were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string PathOf(string path) => Path.Combine(Root, path);

    public static string Read(string path) => File.ReadAllText(PathOf(path));

    /// <summary>Source files of what ships, without what builds leave behind.</summary>
    public static IEnumerable<string> Sources() => ((string[])["ingestion", "ml", "orchestrations"])
        .SelectMany(folder => Directory.EnumerateFiles(PathOf(folder), "*.cs", SearchOption.AllDirectories))
        .Where(path => !path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal));

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "RemoteMonitoring.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("RemoteMonitoring.sln is in none of the folders above the tests' own: they read files of the repository and run from within it.");
    }
}
