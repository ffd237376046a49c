using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Ingestion.Landing;

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
/// Lands message files: micro-batch by micro-batch into bronze, and silver behind each. Some batches are on their way at
/// once, read in order, parsed and encoded side by side, created in order; so memory is bounded whatever the file's size.
/// What has landed is found in the lake itself, so landing again lands only what is new. A file that does not begin with
/// what landed under its name is refused: its messages would otherwise be passed over as landed.
/// </summary>
public sealed class FileLanding(Lake lake, Silver silver, TimeProvider time)
{
    /// <summary>Messages of a bronze file at the most.</summary>
    public const int BatchMessages = 65_536;

    /// <summary>Bytes of lines of a bronze file, the one that crosses the limit included.</summary>
    public const int BatchBytes = 16 << 20;

    private const int MostMalformedNamed = 1_000;

    private static readonly int s_slots = Math.Min(Environment.ProcessorCount + 1, 4);

    /// <summary>Lands one file as one partition.</summary>
    public async Task<LandedFile> LandAsync(
        string file, StreamPartition partition, bool imported, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        await silver.CatchUpAsync(partition, cancellationToken);
        var run = new Run
        {
            File = file,
            Chain = await PartitionChain.OpenAsync(lake, partition, time, cancellationToken),
            Imported = imported,
            Progress = progress,
        };
        var alreadyThere = run.Chain.Next;
        await using var input = FeedFolder.OpenMessages(file);
        var reader = new LineBlockReader(input);
        var readOn = true;
        Exception? broken = null;
        try
        {
            readOn = await PassOverAsync(file, reader, run.Chain, cancellationToken);
            if (readOn)
            {
                await PipeAsync(run, reader, cancellationToken);
            }
        }
        catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            broken = e; // what was read whole before has landed
        }

        if (broken is not null)
        {
            throw new LakeException($"{file}, after line {reader.Number}: cannot be read on ({broken.Message.Split('\n')[0]}). The {reader.Lines} messages before it have landed; mend the file and run again.", broken);
        }

        if (!readOn)
        {
            throw new LakeException($"{file}: has {reader.Lines} messages, fewer than the {alreadyThere} that landed under this name before, so it is another file, or was cut. Nothing of it has landed; give it another name, or restore it.");
        }

        return new LandedFile
        {
            Partition = partition,
            Lines = reader.Lines - (run.HalfWritten is null ? 0 : 1),
            AlreadyThere = alreadyThere,
            Malformed = run.Malformed,
            HalfWritten = run.HalfWritten,
        };
    }

    /// <summary>Reads as far as the file has landed before, and holds that part against what landed. False when the file ends before.</summary>
    private static async Task<bool> PassOverAsync(string file, LineBlockReader reader, PartitionChain chain, CancellationToken cancellationToken)
    {
        var block = new LineBlock();
        while (reader.Lines < chain.Next)
        {
            if (!await reader.ReadAsync(block, (int)Math.Min(BatchMessages, chain.Next - reader.Lines), BatchBytes, cancellationToken))
            {
                return false;
            }
        }

        return chain.Next == 0 || chain.SourceHash is not { } landed || landed == block.SourceHash
            ? true
            : throw new LakeException($"{file}: its first {chain.Next} messages are not those that landed under this name before, so it is another file, or was changed. Nothing of it has landed; give it another name, or restore it.");
    }

    private async Task PipeAsync(Run run, LineBlockReader reader, CancellationToken cancellationToken)
    {
        var free = new Queue<Slot>(Enumerable.Range(0, s_slots).Select(_ => new Slot()));
        var onTheirWay = new Queue<(Slot Slot, Task Landed)>();
        // No sooner than a command that is known, whatever clock that had: it concerns what landed before it.
        var stamped = Task.FromResult((run.Chain.Known, Landed: Math.Max(run.Chain.Landed, silver.Mappings.LastKnown)));
        var landed = Task.CompletedTask;
        try
        {
            while (true)
            {
                if (!free.TryDequeue(out var slot))
                {
                    (slot, var done) = onTheirWay.Dequeue();
                    await done;
                }

                if (!await reader.ReadAsync(slot.Lines, BatchMessages, BatchBytes, cancellationToken))
                {
                    break;
                }

                var parsed = Task.Run(() => { Parse(run, slot); silver.Redact(slot.Batch.Envelopes); }, cancellationToken);
                stamped = StampAsync(run, slot, parsed, stamped);
                landed = LandAsync(run, slot, stamped, landed, cancellationToken);
                onTheirWay.Enqueue((slot, landed));
            }
        }
        finally
        {
            // Nothing may still be on its way when the caller hears of it, least of all when reading broke off.
            await Task.WhenAll(onTheirWay.Select(o => o.Landed)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await landed;
    }

    private static void Parse(Run run, Slot slot)
    {
        slot.Batch.Clear();
        for (var i = 0; i < slot.Lines.Count; i++)
        {
            slot.Batch.Add(slot.Lines.Offset + i, slot.Lines[i]);
        }

        slot.Batch.Envelopes.SourceHash = slot.Lines.SourceHash;
        var problems = slot.Batch.Envelopes.Problem;
        if (!slot.Lines.Ended && problems[0] is { } half)
        {
            run.HalfWritten = $"{run.File}, line {slot.Lines.NumberOf(0)}: the last line is half written ({half}); it was left for the next run";
            slot.Batch.Clear();
        }
        else if (slot.Lines.Offset == 0 && problems.TrueForAll(p => p is not null))
        {
            throw new LakeException($"{run.Chain.Partition}: not one of the first {problems.Count} lines is a routed message ({problems[0]}), so this is no file of messages. Nothing has landed.");
        }
    }

    private async Task<(long Known, long Landed)> StampAsync(Run run, Slot slot, Task parsed, Task<(long Known, long Landed)> before)
    {
        await parsed;
        var (known, landed) = await before;
        known = slot.Batch.Stamp(known, landed, time.GetUtcNow().ToUnixTimeMilliseconds() * 1000, run.Imported);
        return (known, slot.Batch.Landed);
    }

    private async Task LandAsync(Run run, Slot slot, Task stamped, Task before, CancellationToken cancellationToken)
    {
        await stamped;
        if (slot.Batch.Envelopes.Count == 0)
        {
            await before;
            return;
        }

        var bronze = Task.Run(() => PartitionChain.Encode(slot.Batch.Envelopes, slot.Batch.Landed), cancellationToken);
        var tables = Task.Run(() => silver.Derive(slot.Batch.Envelopes, slot.Batch.Landed), cancellationToken);
        using var file = await bronze;
        using var derived = await tables;
        await before;
        for (var i = 0; i < slot.Lines.Count && run.Malformed.Count < MostMalformedNamed; i++)
        {
            if (slot.Batch.Envelopes.Problem[i] is { } problem && !slot.Batch.Envelopes.IsErased(i))
            {
                run.Malformed.Add($"{run.File}, line {slot.Lines.NumberOf(i)}: {problem}");
            }
        }

        run.Progress?.Report(slot.Batch.Envelopes.Count);
        var start = run.Chain.Next;
        if (slot.Batch.Follows(run.Chain)
            && await run.Chain.TryAppendAsync(slot.Batch.Envelopes, slot.Batch.Landed, file.Bytes, cancellationToken))
        {
            var created = new BronzeFile(run.Chain.Partition, start, null);
            if (!await silver.RedactAgainAsync(created, cancellationToken))
            {
                await silver.WriteAsync(created, slot.Batch.Landed, derived, cancellationToken);
            }

            return;
        }

        await new PartitionLanding(silver, run.Chain).LandAsync(slot.Batch, cancellationToken);
    }

    /// <summary>One file on its way.</summary>
    private sealed class Run
    {
        public required string File { get; init; }

        public required PartitionChain Chain { get; init; }

        public required bool Imported { get; init; }

        public required IProgress<int>? Progress { get; init; }

        public List<string> Malformed { get; } = [];

        public string? HalfWritten { get; set; }
    }

    /// <summary>A place for one batch, used again and again.</summary>
    private sealed class Slot
    {
        public LineBlock Lines { get; } = new();

        public MicroBatch Batch { get; } = new();
    }
}
