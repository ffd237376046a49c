using System.Diagnostics;
using RemoteMonitoring.Ingestion;

namespace RemoteMonitoring.Workflows.Compaction;

/// <summary>The trace of a compaction, and those of what it is made of.</summary>
internal static class CompactionTraces
{
    /// <summary>A night may be made of thousands of files: the span links to so many at the most, the newest.</summary>
    private const int MostLinks = 64;

    /// <summary>Links what is under way to the landings of the files that were not there the last time. What was sealed since is of many landings, and has none of its own.</summary>
    internal static void LinkTo(IReadOnlyList<AccountedFile> files, IReadOnlyDictionary<string, long>? frontier)
    {
        if (Activity.Current is not { IsAllDataRequested: true } span)
        {
            return;
        }

        var landed = files.Where(f => f.File.SealedEnd is null && !(frontier?.GetValueOrDefault(f.File.Partition.ToString()) > f.File.Start));
        foreach (var file in landed.TakeLast(MostLinks))
        {
            span.AddLink(new ActivityLink(IngestionTraces.LandingOf(file.File.Path)));
        }
    }
}
