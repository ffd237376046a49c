namespace RemoteMonitoring.EndToEnd.Tests.Architecture;

/// <summary>Time comes from <see cref="TimeProvider"/>, ids from content, chance from a seed: the analyzer sees to it, and these see to the analyzer.</summary>
public sealed class ClockTests
{
    private static readonly string[] s_forbidden =
    [
        "System.DateTime.get_Now", "System.DateTime.get_UtcNow", "System.DateTime.get_Today", "System.DateTimeOffset.get_Now", "System.DateTimeOffset.get_UtcNow",
        "System.Guid.NewGuid", "System.Random.get_Shared", "System.Threading.Thread.Sleep", "NodaTime.SystemClock.get_Instance",
    ];

    public static TheoryData<string> Rooms => [.. Repository.Rooms.Select(r => r.Room)];

    [Theory]
    [MemberData(nameof(Rooms))]
    public void No_compiled_room_reads_the_wall_clock_or_makes_up_ids(string room) =>
        Assert.Empty(CompiledRoom.All.Single(r => r.Project.Room == room).Members.Intersect(s_forbidden));

    [Theory]
    [InlineData("P:System.DateTime.Now")]
    [InlineData("P:System.DateTime.UtcNow")]
    [InlineData("P:System.DateTime.Today")]
    [InlineData("P:System.DateTimeOffset.Now")]
    [InlineData("P:System.DateTimeOffset.UtcNow")]
    [InlineData("M:System.Guid.NewGuid")]
    [InlineData("P:System.Random.Shared")]
    public void The_list_of_banned_symbols_names_it(string symbol) =>
        Assert.Contains(Repository.Read("BannedSymbols.txt").Split('\n'), line => line.StartsWith(symbol + ";", StringComparison.Ordinal));

    [Fact]
    public void Every_project_is_built_with_the_list_of_banned_symbols()
    {
        var props = Repository.Read("Directory.Build.props");
        Assert.Contains("""<PackageReference Include="Microsoft.CodeAnalysis.BannedApiAnalyzers" """, props, StringComparison.Ordinal);
        Assert.Contains("""<AdditionalFiles Include="$(MSBuildThisFileDirectory)BannedSymbols.txt" """, props, StringComparison.Ordinal);
        Assert.Contains("<TreatWarningsAsErrors>true</TreatWarningsAsErrors>", props, StringComparison.Ordinal);
        Assert.All(Repository.Rooms, room =>
        {
            Assert.DoesNotContain("BannedSymbols", room.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("BannedApiAnalyzers", room.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("RS0030", room.Text, StringComparison.Ordinal);
            Assert.DoesNotContain("TreatWarningsAsErrors", room.Text, StringComparison.Ordinal);
        });
        Assert.Equal(
            ["Directory.Build.props"],
            Directory.EnumerateFiles(Repository.Root, "Directory.Build.*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(Repository.Root, path)));
    }

    [Fact]
    public void No_source_switches_the_ban_off()
    {
        Assert.DoesNotContain(Repository.Sources(Repository.ProductFolders), path => Repository.Read(path).Contains("RS0030", StringComparison.Ordinal));
        Assert.DoesNotContain("RS0030", Repository.Read(".editorconfig"), StringComparison.Ordinal);
    }
}
