using System.Buffers;
using System.IO.Compression;
using System.Text;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Cohorts;

/// <summary>
/// Writes a feed folder (see <see cref="Feed"/>): the only thing that simulator and importers produce. The folder appears
/// whole or not at all: it is written beside its place and moved there when complete.
/// </summary>
public static class FeedWriter
{
    private const int FlushBytes = 1 << 20;

    /// <summary>Writes the feed and returns its header with the counts filled in.</summary>
    /// <param name="folder">Folder to create; must not exist, or be empty.</param>
    /// <param name="header">What to state in <c>feed.json</c>; its message count is replaced by what was written.</param>
    /// <param name="messages">All messages in enqueued order.</param>
    /// <param name="reference">Roster, teams, assignments, census, outcomes, contacts, and care plans where there are any.</param>
    /// <param name="progress">Told the number of messages written so far, now and then.</param>
    /// <param name="cancellationToken">Stops the writing; nothing is left behind.</param>
    public static Feed Write(
        string folder,
        Feed header,
        IEnumerable<DeviceMessage> messages,
        ReferenceData reference,
        IProgress<long>? progress = null,
        CancellationToken cancellationToken = default)
    {
        if (Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder).Any())
        {
            throw new IOException($"The folder '{folder}' is not empty; a feed is written to a new one.");
        }

        folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        var draft = folder + ".partial";
        if (Directory.Exists(draft))
        {
            Directory.Delete(draft, recursive: true);
        }

        Directory.CreateDirectory(Path.Combine(draft, Feed.MessagesFolder));
        try
        {
            var feed = header with { Messages = WriteMessages(draft, header.Partitions, messages, progress, cancellationToken) };
            WriteLines(draft, ReferenceKinds.Teams, reference.Teams);
            WriteLines(draft, ReferenceKinds.Roster, reference.Patients);
            WriteLines(draft, ReferenceKinds.Assignments, reference.Assignments);
            WriteLines(draft, ReferenceKinds.Census, reference.Census);
            WriteLines(draft, ReferenceKinds.Outcomes, reference.Outcomes);
            WriteLines(draft, ReferenceKinds.Contacts, reference.Contacts);
            if (reference.CarePlans.Count > 0)
            {
                WriteLines(draft, ReferenceKinds.CarePlans, reference.CarePlans);
            }

            File.WriteAllText(Path.Combine(draft, Feed.FileName), feed.ToJson() + "\n");
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder);
            }

            Directory.Move(draft, folder);
            return feed;
        }
        catch
        {
            Directory.Delete(draft, recursive: true);
            throw;
        }
    }

    private static long WriteMessages(
        string folder, int partitions, IEnumerable<DeviceMessage> messages, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var buffers = new ArrayBufferWriter<byte>[partitions];
        var outputs = new Stream[partitions];
        var count = 0L;
        try
        {
            for (var p = 0; p < partitions; p++)
            {
                buffers[p] = new ArrayBufferWriter<byte>(FlushBytes + 4096);
                outputs[p] = new GZipStream(File.Create(Path.Combine(folder, Feed.MessagesFolder, $"{p:D2}.ndjson.gz")), CompressionLevel.Fastest);
            }

            foreach (var message in messages)
            {
                var p = Partitioning.PartitionOf(message.DeviceId, partitions);
                RoutedMessageJson.Write(buffers[p], message);
                buffers[p].Write("\n"u8);
                if (buffers[p].WrittenCount >= FlushBytes)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    outputs[p].Write(buffers[p].WrittenSpan);
                    buffers[p].ResetWrittenCount();
                    progress?.Report(count);
                }

                count++;
            }

            for (var p = 0; p < partitions; p++)
            {
                outputs[p].Write(buffers[p].WrittenSpan);
            }
        }
        finally
        {
            foreach (var output in outputs)
            {
                output?.Dispose();
            }
        }

        progress?.Report(count);
        return count;
    }

    private static void WriteLines<T>(string folder, string kind, IReadOnlyList<T> rows)
    {
        using var output = new StreamWriter(Path.Combine(folder, kind + ".ndjson"), append: false, new UTF8Encoding(false));
        foreach (var row in rows)
        {
            output.Write(ReferenceJson.ToLine(row));
            output.Write('\n');
        }
    }
}
