using System.IO.Compression;
using System.Text;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Engine.Embedded;

namespace RemoteMonitoring.Workflows.Runs;

/// <summary>Histories that the engine has forgotten, in the lake: gzipped JSON, a line an event.</summary>
public static class RunArchive
{
    /// <summary>Puts a history there; one that is there already stays.</summary>
    public static async Task WriteAsync(Lake lake, string instanceId, string history, CancellationToken cancellationToken)
    {
        using var zipped = new MemoryStream();
        await using (var gzip = new GZipStream(zipped, CompressionLevel.Optimal, leaveOpen: true))
        {
            await gzip.WriteAsync(Encoding.UTF8.GetBytes(history), cancellationToken);
        }

        await lake.TryCreateAsync(LakePaths.RunArchive(instanceId), zipped.ToArray(), cancellationToken);
    }

    /// <summary>The history of an instance that the engine has forgotten; null where there is none.</summary>
    public static async Task<IReadOnlyList<HistoryEvent>?> TryReadAsync(Lake lake, string instanceId, CancellationToken cancellationToken)
    {
        if (await lake.TryReadAsync(LakePaths.RunArchive(instanceId), cancellationToken) is not { } zipped)
        {
            return null;
        }

        var history = new List<HistoryEvent>();
        using var reader = new StreamReader(new GZipStream(new MemoryStream(zipped), CompressionMode.Decompress));
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            history.Add(HistoryEventLine.Read(line));
        }

        return history;
    }
}
