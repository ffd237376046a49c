namespace RemoteMonitoring.EndToEnd.Tests;

/// <summary>The short forms of <c>rmon chaos ingest</c>, <c>rmon chaos daily</c> and <c>rmon chaos follow-ups</c>; the long ones are the commands with their defaults.</summary>
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

    [Fact]
    public async Task Follow_ups_of_killed_processes_to_a_receiver_that_fails_are_each_delivered_under_one_key_and_closed_as_staff_acted()
    {
        using var chaos = RmonProcess.Start(["chaos", "follow-ups", "--kills", "3", "--follow-ups", "24", "--dir", Path.Combine(_folder, "follow-ups")]);
        var exit = await chaos.ExitAsync(TimeSpan.FromMinutes(4));
        var said = string.Join('\n', chaos.Output.Concat(chaos.Errors));
        Assert.True(exit == 0, said);
        foreach (var promise in new[]
        {
            "as many follow-ups as were asked for, each begun once",
            "each came to its end",
            "none is lost: each was taken in by the receiver",
            "none is delivered under two keys",
            "all of it was signed, and under the key that it names",
            "each was closed with what staff had done",
            "what the workflows say they sent did come",
            "none was escalated after somebody had acted",
            "the receiver failed them",
            "no step was recorded as done twice",
            "processes were killed",
        })
        {
            Assert.True(chaos.Output.Any(l => l.StartsWith($"holds  {promise}: ", StringComparison.Ordinal)), $"{promise}\n{said}");
        }

        Assert.DoesNotContain(chaos.Output, l => l.StartsWith("BROKEN", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Nights_that_are_killed_again_and_again_come_to_what_nights_come_to_that_nobody_disturbs()
    {
        using var chaos = RmonProcess.Start(["chaos", "daily", "--kills", "4", "--patients", "120", "--dir", Path.Combine(_folder, "nights")]);
        var exit = await chaos.ExitAsync(TimeSpan.FromMinutes(4));
        var said = string.Join('\n', chaos.Output.Concat(chaos.Errors));
        Assert.True(exit == 0, said);
        foreach (var promise in new[]
        {
            "documents of predictions",
            "documents of worklists",
            "rows of gold/predictions",
            "rows of gold/features/home",
            "the ledger names the same runs",
            "nothing is left of work under way",
            "no step was recorded as done twice",
            "processes were killed",
            "who kills the process is set aside, and nobody else",
            "the list says so",
        })
        {
            Assert.True(chaos.Output.Any(l => l.StartsWith($"holds  {promise}: ", StringComparison.Ordinal)), $"{promise}\n{said}");
        }

        Assert.DoesNotContain(chaos.Output, l => l.StartsWith("BROKEN", StringComparison.Ordinal));
    }
}
