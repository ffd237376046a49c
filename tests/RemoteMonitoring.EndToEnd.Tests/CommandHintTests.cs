using RemoteMonitoring.EndToEnd.Tests.Architecture;

namespace RemoteMonitoring.EndToEnd.Tests;

/// <summary>The next command is told as who reads it can type it.</summary>
public sealed class CommandHintTests : IDisposable
{
    private readonly string _home = Directory.CreateTempSubdirectory("rmon-hint-").FullName;

    [Theory]
    [InlineData(".", "dotnet run --project orchestrations/RemoteMonitoring.Cli -- demo")]
    [InlineData("orchestrations/RemoteMonitoring.Cli", "dotnet run --project . -- demo")]
    public async Task A_program_in_the_output_of_its_build_names_commands_by_dotnet_run(string folder, string says)
    {
        var output = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar).Split(Path.DirectorySeparatorChar)[^2..];
        var program = Path.Combine([Repository.Root, "orchestrations", "RemoteMonitoring.Cli", "bin", .. output, OperatingSystem.IsWindows() ? "rmon.exe" : "rmon"]);
        using var run = RmonProcess.Run([program, "worklist", "--home", _home], [], Path.Combine(Repository.Root, folder));
        Assert.Contains($"Run '{says}'", await run.LineAsync(run.Errors, l => l.StartsWith("rmon: ", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Elsewhere_they_are_named_as_the_program_is()
    {
        using var run = RmonProcess.Start(["worklist", "--home", _home]);
        Assert.Contains("Run 'rmon demo'", await run.LineAsync(run.Errors, l => l.StartsWith("rmon: ", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_home, recursive: true);
}
