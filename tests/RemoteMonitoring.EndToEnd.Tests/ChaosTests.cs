namespace RemoteMonitoring.EndToEnd.Tests;

/// <summary>The short form of <c>rmon chaos ingest</c>; the long one is the command with its defaults.</summary>
public sealed class ChaosTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rmon-chaos-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Workers_that_fight_and_are_killed_on_a_store_that_fails_them_lose_nothing_and_count_nothing_twice()
    {
        using var chaos = RmonProcess.Start(["chaos", "ingest", "--kills", "8", "--messages", "20000", "--dir", Path.Combine(_folder, "chaos")]);
        var exit = await chaos.ExitAsync(TimeSpan.FromMinutes(4));
        var said = string.Join('\n', chaos.Output.Concat(chaos.Errors));
        Assert.True(exit == 0, said);
        foreach (var promise in new[]
        {
            "the killed workers worked",
            "the store failed them",
            "the same partitions",
            "each (partition, offset) in bronze exactly once",
            "bronze equals the undisturbed run's",
            "readings equal the undisturbed run's",
            "quarantine equals the undisturbed run's",
            "documents equal the undisturbed run's",
            "received = accepted + rejected + duplicate",
        })
        {
            Assert.True(chaos.Output.Any(l => l.StartsWith($"✓ {promise}: ", StringComparison.Ordinal)), $"{promise}\n{said}");
        }

        Assert.DoesNotContain(chaos.Output, l => l.StartsWith('✗'));
        Assert.Contains("19,950 landed", said, StringComparison.Ordinal);
        Assert.Contains("50 recorded as lost = 20,000 sent", said, StringComparison.Ordinal);
    }
}
