using RemoteMonitoring.Cli;
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
        Assert.Contains($"Run '{says} --home {_home}'", await run.LineAsync(run.Errors, l => l.StartsWith("rmon: ", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Elsewhere_they_are_named_as_the_program_is()
    {
        using var run = RmonProcess.Start(["worklist", "--home", _home]);
        Assert.Contains($"Run 'rmon demo --home {_home}', 'rmon ingest FEED --home {_home}', or 'rmon devices add ID --cohort NAME --home {_home}'.", await run.LineAsync(run.Errors, l => l.StartsWith("rmon: ", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rmon: --patients takes a whole number, not 'many'.", "simulate", "out", "--patients", "many")]
    [InlineData("rmon: --seed takes a whole number from 0, not '-1'.", "simulate", "out", "--seed", "-1")]
    [InlineData("rmon: --batch-age takes a number, not ''.", "worker", "--batch-age", "")]
    public async Task What_is_no_number_is_told_without_the_names_of_types(string line, params string[] words)
    {
        using var run = RmonProcess.Start([.. words, "--home", _home]);
        Assert.Equal(line, await run.LineAsync(run.Errors, l => l.StartsWith("rmon: ", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("See 'rmon runs list'.", "See 'rmon runs list --cohort ward'.")]
    [InlineData("'rmon serve' or 'rmon worker' tells.", "'rmon serve --cohort ward' or 'rmon worker --cohort ward' tells.")]
    [InlineData("There are none: rmon users add NAME --role lead", "There are none: rmon users add NAME --role lead --cohort ward")]
    [InlineData("Begin a new epoch: rmon stream epoch iot-hub --begin NAME --why TEXT. Then go on.", "Begin a new epoch: rmon stream epoch iot-hub --begin NAME --why TEXT --cohort ward. Then go on.")]
    [InlineData("'rmon runs show a.b-1' says why (soon)", "'rmon runs show a.b-1 --cohort ward' says why (soon)")]
    [InlineData("  rmon serve --cohort simulated", "  rmon serve --cohort simulated")]
    [InlineData("'rmon demo', 'rmon simulate OUT', 'rmon tasks list'", "'rmon demo', 'rmon simulate OUT', 'rmon tasks list'")]
    [InlineData("Try 'rmon serve --help'.", "Try 'rmon serve --help'.")]
    [InlineData("models/rmon x, ./rmon serve, the rmon", "models/rmon x, ./rmon serve, the rmon")]
    public void Of_several_cohorts_a_command_names_the_one_that_is_meant(string text, string typed) => Assert.Equal(typed, CommandLine.AsTyped(text, "rmon", null, "ward"));

    [Fact]
    public void A_home_that_was_named_is_named_again() =>
        Assert.Equal("'x -- demo --home \"a b\"', 'x -- runs list --cohort ward --home \"a b\"', 'x -- simulate OUT'", CommandLine.AsTyped("'rmon demo', 'rmon runs list', 'rmon simulate OUT'", "x --", "a b", "ward"));

    public void Dispose() => Directory.Delete(_home, recursive: true);
}
