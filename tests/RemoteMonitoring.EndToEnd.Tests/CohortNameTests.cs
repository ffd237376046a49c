namespace RemoteMonitoring.EndToEnd.Tests;

/// <summary>A cohort that is not there is told of, and not made, but by who is there to make one.</summary>
[Collection("runs the program")]
public sealed class CohortNameTests : IAsyncLifetime, IDisposable
{
    private readonly Rmon _rmon = new();

    public async Task InitializeAsync()
    {
        foreach (var cohort in (string[])["ward", "simulated"])
        {
            Assert.Equal(0, (await _rmon.RunAsync("devices", "add", "cuff-1", "--cohort", cohort)).ExitCode);
        }
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _rmon.Dispose();

    [Theory]
    [InlineData("To begin a new one add --make-cohort", "serve")]
    [InlineData("To begin a new one add --make-cohort", "serve", "--port", "0", "--no-worklist")]
    [InlineData("To begin a new one add --make-cohort", "worker", "--once")]
    [InlineData("To begin a new one add --make-cohort", "gateway")]
    [InlineData("To begin a new one add --make-cohort", "stream", "epoch", "hub", "--begin", "e2", "--why", "made anew")]
    [InlineData("A new one is begun by 'rmon ingest FEED --cohort wrad", "devices", "list")]
    [InlineData("A new one is begun by 'rmon ingest FEED --cohort wrad", "devices", "revoke", "cuff-1")]
    [InlineData("A new one is begun by 'rmon ingest FEED --cohort wrad", "status")]
    [InlineData("A new one is begun by 'rmon ingest FEED --cohort wrad", "home")]
    [InlineData("A new one is begun by 'rmon ingest FEED --cohort wrad", "worklist")]
    [InlineData("A new one is begun by 'rmon ingest FEED --cohort wrad", "schedules", "list")]
    public async Task A_mistyped_name_is_one_line_that_names_the_nearest_and_makes_nothing(string says, params string[] arguments)
    {
        var before = Directory.GetFileSystemEntries(_rmon.Home, "*", SearchOption.AllDirectories);
        var result = await _rmon.RunAsync([.. arguments, "--cohort", "wrad"]);
        Assert.Equal(2, result.ExitCode);
        var line = Assert.Single(result.ErrorLines);
        Assert.Contains("holds no cohort 'wrad'; it has simulated, ward. Did you mean 'ward'? " + says, line, StringComparison.Ordinal);
        Assert.Equal(before, Directory.GetFileSystemEntries(_rmon.Home, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task One_that_is_asked_for_is_made_and_who_makes_one_beside_others_says_so()
    {
        Assert.Equal(0, (await _rmon.RunAsync("stream", "epoch", "hub", "--begin", "e2", "--why", "made anew", "--cohort", "trial", "--make-cohort")).ExitCode);
        var added = await _rmon.RunAsync("devices", "add", "cuff-1", "--cohort", "wrad");
        Assert.Equal(0, added.ExitCode);
        Assert.Equal("rmon: 'wrad' is a new cohort of this home, which has simulated, trial, ward already.", Assert.Single(added.ErrorLines));
        Assert.Empty((await _rmon.RunAsync("devices", "add", "cuff-2", "--cohort", "wrad")).ErrorLines);
        Assert.Equal(["simulated", "trial", "ward", "wrad"], Directory.GetDirectories(_rmon.Home).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task The_first_of_a_home_is_made_by_who_begins_with_it()
    {
        using var empty = new Rmon();
        Assert.Equal(0, (await empty.RunAsync("stream", "epoch", "hub", "--begin", "e1", "--why", "first", "--cohort", "ward")).ExitCode);
        using var nobody = new Rmon();
        Assert.Equal(2, (await nobody.RunAsync("devices", "list", "--cohort", "ward")).ExitCode);
        Assert.Empty(Directory.EnumerateFileSystemEntries(nobody.Home));
    }

    [Fact]
    public async Task Commands_that_are_told_of_name_the_cohort_and_the_home_that_they_are_about()
    {
        Assert.Contains($"'rmon devices connection-string ID --cohort ward --home {_rmon.Home}'", Joined(await _rmon.RunAsync("devices", "add", "cuff-2", "--cohort", "ward")), StringComparison.Ordinal);
        Assert.Contains($"'rmon devices add nobody --cohort ward --home {_rmon.Home}'", (await _rmon.RunAsync("devices", "revoke", "nobody", "--cohort", "ward")).Errors, StringComparison.Ordinal);
        var status = Joined(await _rmon.RunAsync("status"));
        Assert.Contains($"'rmon serve --cohort simulated --home {_rmon.Home}'", status, StringComparison.Ordinal);
        Assert.Contains($"'rmon serve --cohort ward --home {_rmon.Home}'", status, StringComparison.Ordinal);
    }

    /// <summary>What was said, without the ends of lines that a width put there.</summary>
    private static string Joined(RmonResult result) => string.Join(' ', result.Output.Split('\n', StringSplitOptions.TrimEntries));
}
