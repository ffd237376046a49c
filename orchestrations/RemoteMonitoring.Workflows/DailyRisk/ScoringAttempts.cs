using System.Globalization;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>The attempts to score a part of a run, told by empty files: a beginning that no end follows is what a process leaves that was stopped.</summary>
internal sealed class ScoringAttempts(Lake lake, string run, string part)
{
    /// <summary>How often in a row the part has stopped its process, by itself or because of others.</summary>
    public async Task<int> DeathsAsync(CancellationToken cancellationToken)
    {
        var deaths = 0;
        while (await lake.ExistsAsync(FileOf(deaths), cancellationToken))
        {
            deaths++;
        }

        return deaths;
    }

    /// <summary>Begins the attempt after so many deaths.</summary>
    public Task BeginAsync(int deaths, CancellationToken cancellationToken) => lake.TryCreateAsync(FileOf(deaths), Array.Empty<byte>(), cancellationToken);

    /// <summary>This attempt came to an end, so those before it that did not are no longer counted.</summary>
    public async Task EndAsync(int deaths)
    {
        for (var attempt = deaths; attempt >= 0; attempt--)
        {
            await lake.DeleteAsync(FileOf(attempt), CancellationToken.None);
        }
    }

    private string FileOf(int attempt) => LakePaths.Work(run, string.Create(CultureInfo.InvariantCulture, $"{part}.attempt-{attempt}"));
}
