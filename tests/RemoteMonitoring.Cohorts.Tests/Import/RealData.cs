using Xunit.Abstractions;

namespace RemoteMonitoring.Cohorts.Tests.Import;

/// <summary>The public data sets as downloaded, which are never part of the project: <c>../shared/data</c> beside its root.</summary>
internal static class RealData
{
    /// <summary>The folder of a data set; null, and said so in the test's output, where it is absent.</summary>
    public static string? Find(string name, ITestOutputHelper output)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "RemoteMonitoring.sln")))
            {
                var data = Path.Combine(folder.Parent?.FullName ?? "", "shared", "data", name);
                if (Directory.Exists(data))
                {
                    return data;
                }

                break;
            }
        }

        // A required check that did not run must not look like one that passed.
        var missing = $"real data absent: put the original files into ../shared/data/{name} beside the checkout to run this check";
        Assert.False(Environment.GetEnvironmentVariable("CI") == "true", missing);
        output.WriteLine(missing);
        return null;
    }
}
