namespace RemoteMonitoring.EndToEnd.Tests.Browser;

/// <summary>A simulated cohort with a trained model and a morning list, made once for all tests of the pages: each class works on a copy of its own.</summary>
public sealed class MorningCohort : IAsyncLifetime, IDisposable
{
    private readonly Rmon _rmon = new();
    private readonly Action<string>? _change;

    public MorningCohort()
    {
    }

    /// <summary>One whose feed is changed before it is landed.</summary>
    internal MorningCohort(Action<string> change) => _change = change;

    /// <summary>What made it, from the first to the last.</summary>
    public static IReadOnlyList<string[]> Commands(string feed) =>
        [["simulate", feed, "--patients", "160", "--days", "60", "--seed", "3"], ["ingest", feed], ["train", "admission-7d"], ["score", "admission-7d"]];

    public async Task InitializeAsync()
    {
        foreach (var arguments in Commands(_rmon.Folder("feed")))
        {
            var result = await _rmon.RunAsync(arguments);
            Assert.True(result.ExitCode is 0 or 4, result.Errors);
            if (arguments[0] == "simulate")
            {
                _change?.Invoke(_rmon.Folder("feed"));
            }
        }
    }

    public Task DisposeAsync() => Task.CompletedTask;

    public void Dispose() => _rmon.Dispose();

    public void CopyTo(string folder)
    {
        foreach (var directory in Directory.EnumerateDirectories(_rmon.Home, "*", SearchOption.AllDirectories))
        {
            Directory.CreateDirectory(Path.Combine(folder, Path.GetRelativePath(_rmon.Home, directory)));
        }

        foreach (var file in Directory.EnumerateFiles(_rmon.Home, "*", SearchOption.AllDirectories))
        {
            File.Copy(file, Path.Combine(folder, Path.GetRelativePath(_rmon.Home, file)));
        }
    }
}

/// <summary>Tests of the pages, one class after the other: they share a browser and a cohort to begin with.</summary>
[CollectionDefinition(Name)]
public sealed class PageTests : ICollectionFixture<MorningCohort>, ICollectionFixture<Chromium>
{
    public const string Name = "pages";
}
