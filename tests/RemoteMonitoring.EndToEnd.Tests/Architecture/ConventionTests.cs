using System.Text.RegularExpressions;
using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.EndToEnd.Tests.Architecture;

public sealed partial class ConventionTests
{
    private const int MostLines = 450;

    /// <summary>Rooms without a test project of their own: they only compose the others, and are tested end to end.</summary>
    private static readonly string[] s_hosts = ["Cli", "Functions"];

    public static TheoryData<string> Rooms => [.. Repository.Rooms.Select(r => r.Room)];

    [Theory]
    [MemberData(nameof(Rooms))]
    public void Every_public_type_says_in_a_summary_what_it_is(string room)
    {
        var compiled = Of(room);
        var undocumented = compiled.Assembly.GetExportedTypes()
            .Where(type => type.GetCustomAttributes(typeof(System.Runtime.CompilerServices.CompilerGeneratedAttribute), false).Length == 0)
            .Select(type => type.FullName!.Replace('+', '.'))
            .Where(name => !IsSaidByComponent(compiled, name)
                && string.IsNullOrWhiteSpace(compiled.Documentation.GetValueOrDefault("T:" + name)?.Element("summary")?.Value)
                && compiled.Documentation.GetValueOrDefault("T:" + name)?.Element("inheritdoc") is null);
        Assert.Empty(undocumented);
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public void Nothing_is_named_after_what_it_is_not(string room)
    {
        var compiled = Of(room);
        var names = compiled.Assembly.GetTypes()
            .Where(type => type.Namespace?.StartsWith("RemoteMonitoring", StringComparison.Ordinal) == true)
            .SelectMany(type => type.Namespace!.Split('.').Append(type.Name));
        Assert.DoesNotContain(names, NamesNothing().IsMatch);
    }

    [Fact]
    public void No_file_or_folder_is_named_after_what_it_is_not() => Assert.DoesNotContain(
        Repository.Sources([.. Repository.ProductFolders, "tests"]).SelectMany(path => path[..^".cs".Length].Split('/', '.')), NamesNothing().IsMatch);

    [Fact]
    public void No_source_hides_in_a_region() => Assert.DoesNotContain(
        Repository.Sources([.. Repository.ProductFolders, "tests"]), path => Region().IsMatch(Repository.Read(path)));

    [Fact]
    public void No_source_file_is_too_long_to_read() => Assert.DoesNotContain(
        Repository.Sources(Repository.ProductFolders), path => Repository.Read(path).Count(c => c == '\n') > MostLines);

    [Fact]
    public void Every_project_is_in_the_solution_and_the_solution_names_no_other()
    {
        var listed = SolutionProject().Matches(Repository.Read("RemoteMonitoring.sln")).Select(m => m.Groups[1].Value.Replace('\\', '/'));
        Assert.Equal(
            Repository.Rooms.Concat(Repository.TestProjects).Select(p => p.Path).Order(StringComparer.Ordinal),
            listed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_room_has_a_test_project_and_every_test_project_a_room()
    {
        var expected = Repository.Rooms.Select(r => r.Room).Except(s_hosts).Concat(["EndToEnd", "Pipelines"]);
        Assert.Equal(
            expected.Select(room => $"tests/RemoteMonitoring.{room}.Tests/RemoteMonitoring.{room}.Tests.csproj").Order(StringComparer.Ordinal),
            Repository.TestProjects.Select(p => p.Path).Where(p => p.EndsWith(".Tests.csproj", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_top_level_holds_only_the_folders_of_the_design()
    {
        // What git ignores (build output) may lie about.
        var ignored = Repository.Read(".gitignore").Split('\n').Select(line => line.Trim().TrimEnd('/'));
        string[] allowed = ["ingestion", "ml", "orchestrations", "pipelines", "tests"];
        Assert.Empty(Directory.GetDirectories(Repository.Root)
            .Select(path => Path.GetFileName(path))
            .Where(name => !name.StartsWith('.'))
            .Except(allowed)
            .Except(ignored));
    }

    [Fact]
    public void Every_row_of_the_catalog_says_where_its_limits_come_from() =>
        Assert.DoesNotContain(VitalSignCatalog.Default.Vitals, vital => string.IsNullOrWhiteSpace(vital.RangeSource));

    /// <summary>Whether a type is a Razor component whose file begins with a comment of what it shows: the compiler makes no summary of it.</summary>
    private static bool IsSaidByComponent(CompiledRoom compiled, string name)
    {
        var path = Path.Combine(Repository.Root, Path.GetDirectoryName(compiled.Project.Path)!, name[(compiled.Project.Name.Length + 1)..].Replace('.', Path.DirectorySeparatorChar) + ".razor");
        return File.Exists(path) && ComponentSaysWhatItIs().IsMatch(File.ReadAllText(path));
    }

    private static CompiledRoom Of(string room) => CompiledRoom.All.Single(r => r.Project.Room == room);

    [GeneratedRegex("^(.*Helpers?|.*Utils?|.*Utility|.*Utilities|Common|.*Managers?)$", RegexOptions.ExplicitCapture)]
    private static partial Regex NamesNothing();

    [GeneratedRegex(@"\A@\* [A-Z][^*]*\. \*@\r?\n")]
    private static partial Regex ComponentSaysWhatItIs();

    [GeneratedRegex(@"^\s*#region", RegexOptions.Multiline)]
    private static partial Regex Region();

    [GeneratedRegex("""^Project\("[^"]+"\) = "[^"]+", "([^"]+\.csproj)",""", RegexOptions.Multiline)]
    private static partial Regex SolutionProject();
}
