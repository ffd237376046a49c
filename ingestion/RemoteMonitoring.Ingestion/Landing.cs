using System.IO.Hashing;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Messages;

namespace RemoteMonitoring.Ingestion;

/// <summary>What landing one message file did.</summary>
public sealed record LandedFile
{
    /// <summary>The partition it is.</summary>
    public required StreamPartition Partition { get; init; }

    /// <summary>Lines of the file that are not blank.</summary>
    public required long Lines { get; init; }

    /// <summary>Those that had landed before.</summary>
    public required long AlreadyThere { get; init; }

    /// <summary>Lines that are no routed messages, with number and problem: they have landed too, and are in quarantine.</summary>
    public required IReadOnlyList<string> Malformed { get; init; }

    /// <summary>A last line that is half written and was left for the next run; null where there was none.</summary>
    public string? HalfWritten { get; init; }
}

/// <summary>
/// Lands message files: line by line into bronze, micro-batch by micro-batch, and silver behind each. What has landed is
/// found in the lake itself, so landing again lands only what is new. A file that does not begin with what landed under its
/// name is refused: its messages would otherwise be passed over as landed.
/// </summary>
public sealed class Landing(Lake lake, TimeProvider time)
{
    /// <summary>Messages of a bronze file at the most.</summary>
    public const int BatchMessages = 65_536;

    /// <summary>Bytes of bodies of a bronze file at the most.</summary>
    public const int BatchBytes = 32 << 20;

    private readonly Silver _silver = new(lake);

    /// <summary>Lands one file as one partition.</summary>
    public async Task<LandedFile> LandAsync(
        string file, StreamPartition partition, bool imported, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        await _silver.CatchUpAsync(partition, cancellationToken);
        var chain = await PartitionChain.OpenAsync(lake, partition, cancellationToken);
        var alreadyThere = chain.Next;
        var known = chain.Known;
        var batch = new EnvelopeBatch();
        var bytes = 0;
        var offset = 0L;
        var content = new XxHash128();
        var malformed = new List<string>();
        string? halfWritten = null;
        NdjsonReader? lines = null;
        try
        {
            await using var input = FeedFolder.OpenMessages(file);
            lines = new NdjsonReader(input);
            while (await lines.ReadAsync(cancellationToken))
            {
                var isMessage = RoutedMessageJson.TryParse(lines.Line.Span, out var message, out var problem);
                if (!isMessage && !lines.Ended)
                {
                    halfWritten = $"{file}, line {lines.Number}: the last line is half written ({problem}); it was left for the next run";
                    break;
                }

                content.Append(lines.Line.Span);
                content.Append("\n"u8);
                if (offset++ < chain.Next)
                {
                    if (offset == chain.Next && chain.SourceHash is { } landed && landed != Hash(content))
                    {
                        throw new LakeException($"{file}: its first {offset} messages are not those that landed under this name before, so it is another file, or was changed. Nothing of it has landed; give it another name, or restore it.");
                    }

                    continue;
                }

                if (!isMessage)
                {
                    malformed.Add($"{file}, line {lines.Number}: {problem}");
                }

                var now = imported ? message?.EnqueuedTime.ToUnixMicros() ?? long.MinValue : time.GetUtcNow().ToUnixTimeMilliseconds() * 1000;
                // The chain's too: another writer may have appended in between, by a clock ahead of ours.
                known = Math.Max(Math.Max(known, chain.Known), now);
                known = known == long.MinValue ? 0 : known;
                Add(batch, offset - 1, message, problem, lines.Line, known);
                bytes += batch.Body[^1].Length;
                if (batch.Count == BatchMessages || bytes >= BatchBytes)
                {
                    progress?.Report(batch.Count);
                    batch.SourceHash = Hash(content);
                    batch = await FlushAsync(chain, batch, cancellationToken);
                    bytes = 0;
                }
            }
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            // What was read whole is good and lands; the rest comes when the file is mended.
            batch.SourceHash = Hash(content);
            await FlushAsync(chain, batch, cancellationToken);
            throw new LakeException($"{file}, after line {lines?.Number ?? 0}: cannot be read on ({e.Message.Split('\n')[0]}). The {offset} messages before it have landed; mend the file and run again.", e);
        }

        if (offset < alreadyThere)
        {
            throw new LakeException($"{file}: has {offset} messages, fewer than the {alreadyThere} that landed under this name before, so it is another file, or was cut. Nothing of it has landed; give it another name, or restore it.");
        }

        progress?.Report(batch.Count);
        batch.SourceHash = Hash(content);
        await FlushAsync(chain, batch, cancellationToken);
        return new LandedFile
        {
            Partition = partition,
            Lines = offset,
            AlreadyThere = alreadyThere,
            Malformed = malformed,
            HalfWritten = halfWritten,
        };
    }

    private async Task<EnvelopeBatch> FlushAsync(PartitionChain chain, EnvelopeBatch batch, CancellationToken cancellationToken)
    {
        if (batch.Count > 0 && chain.Next == 0 && batch.Problem.TrueForAll(p => p is not null))
        {
            throw new LakeException($"{chain.Partition}: not one of the first {batch.Count} lines is a routed message ({batch.Problem[0]}), so this is no file of messages. Nothing has landed.");
        }

        while (batch.Count > 0)
        {
            if (await chain.TryAppendAsync(batch, cancellationToken))
            {
                await _silver.DeriveAsync(chain.Partition, batch, cancellationToken);
                break;
            }

            Adopt(chain, batch);
            // The one who won may not live to make it.
            await _silver.CatchUpAsync(chain.Partition, cancellationToken);
        }

        return new EnvelopeBatch();
    }

    /// <summary>Leaves to a batch what has not landed meanwhile, known no earlier than what has.</summary>
    private static void Adopt(PartitionChain chain, EnvelopeBatch batch)
    {
        batch.RemoveBefore(chain.Next);
        for (var i = 0; i < batch.Count; i++)
        {
            batch.KnownTime[i] = Math.Max(batch.KnownTime[i], chain.Known);
        }
    }

    private static string Hash(XxHash128 content) => Convert.ToHexStringLower(content.GetCurrentHash());

    private static void Add(EnvelopeBatch batch, long offset, DeviceMessage? message, string? problem, ReadOnlyMemory<byte> line, long known)
    {
        batch.Offset.Add(offset);
        batch.DeviceId.Add(message?.DeviceId ?? "");
        batch.MessageId.Add(message?.MessageId);
        batch.EnqueuedTime.Add(message?.EnqueuedTime.ToUnixMicros() ?? known);
        batch.KnownTime.Add(known);
        batch.Properties.Add(message is null ? null : EnvelopeProperties.Format(message.Properties));
        batch.Body.Add(message?.Body.ToArray() ?? line.ToArray());
        batch.Problem.Add(problem);
    }
}
