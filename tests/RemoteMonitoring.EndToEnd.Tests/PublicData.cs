using System.Text.Json;
using Xunit.Abstractions;

namespace RemoteMonitoring.EndToEnd.Tests;

/// <summary>Public data sets beside the checkout; tests on them say so when they are not there.</summary>
public static class PublicData
{
    /// <summary>Whether tests that take minutes were asked for; where not, says what was not run.</summary>
    public static bool LongTestsAreAsked(string what, ITestOutputHelper output)
    {
        var asked = Environment.GetEnvironmentVariable("RMON_LONG") == "1";
        if (!asked)
        {
            output.WriteLine($"not run: set RMON_LONG=1 {what}");
        }

        return asked;
    }

    public static string? Find(string dataSet, ITestOutputHelper output)
    {
        var folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "RemoteMonitoring.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        var data = Path.GetFullPath(Path.Combine(folder!, "..", "shared", "data", dataSet));
        if (Directory.Exists(data))
        {
            return data;
        }

        // A required check that did not run must not look like one that passed.
        var missing = $"real data absent: put the original files of {dataSet} into ../shared/data/{dataSet} beside the checkout to run this check";
        Assert.False(Environment.GetEnvironmentVariable("CI") == "true", missing);
        output.WriteLine(missing);
        return null;
    }
}

/// <summary>The demo on a public data set, run once for all the tests that look at what it left.</summary>
public sealed class DemoRuns : IDisposable
{
    private readonly Dictionary<string, (Rmon Rmon, JsonElement Document)> _runs = [];

    /// <summary>The program with its home, and the document its demo printed; null where the data is absent.</summary>
    public async Task<(Rmon Rmon, JsonElement Document)?> OfAsync(string dataSet, ITestOutputHelper output)
    {
        if (!_runs.TryGetValue(dataSet, out var run))
        {
            string[]? arguments = dataSet == "simulated"
                ? ["demo", "--patients", "250", "--days", "90", "--seed", "7", "--json"]
                : PublicData.Find(dataSet, output) is { } data ? ["demo", "--data", dataSet, data, "--json"] : null;
            if (arguments is null)
            {
                return null;
            }

            var rmon = new Rmon();
            var result = await rmon.RunAsync(arguments);
            Assert.True(result.ExitCode == 0, result.Errors);
            _runs.Add(dataSet, run = (rmon, result.Document));
        }

        return run;
    }

    public void Dispose()
    {
        foreach (var (rmon, _) in _runs.Values)
        {
            rmon.Dispose();
        }
    }
}

/// <summary>Tests that run the program use both cores and the console: one class at a time, sharing the demos they look at.</summary>
[CollectionDefinition("runs the program", DisableParallelization = true)]
public sealed class RunsTheProgram : ICollectionFixture<DemoRuns>;
