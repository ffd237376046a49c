using System.Globalization;
using System.Text;
using RemoteMonitoring.Ingestion.Sources;

namespace RemoteMonitoring.Ingestion.Tests.Worker;

/// <summary>A stream of one partition that hands out what the test says, in what pieces it says.</summary>
internal sealed class ScriptedSource(params IReadOnlyList<StreamRecord>[] pieces) : IEventSource
{
    private int _next;

    public string Hub => "hub";

    public string Epoch => "epoch";

    public List<long> Seeks { get; } = [];

    public List<long> Commits { get; } = [];

    public IReadOnlyDictionary<int, long> Ends => new Dictionary<int, long> { [0] = pieces.SelectMany(p => p).Select(r => r.Offset + 1).DefaultIfEmpty().Max() };

    /// <summary>Done before the next piece is handed out.</summary>
    public Func<int, Task> Before { get; init; } = _ => Task.CompletedTask;

    public long? Position { get; private set; }

    public static StreamRecord[] Records(long from, int count) => [.. Enumerable.Range(0, count).Select(i => Record(from + i))];

    public static StreamRecord Record(long offset) => new()
    {
        Offset = offset,
        DeviceId = "d1",
        MessageId = string.Create(CultureInfo.InvariantCulture, $"m{offset}"),
        EnqueuedTime = 1_738_281_600_000_000 + (offset * 1_000_000),
        Body = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $$"""{"readings":[{"code":"8867-4","value":{{60 + (offset % 40)}},"unit":"/min"}]}""")),
    };

    public Task<IReadOnlyDictionary<int, long>> AskEndsAsync(CancellationToken cancellationToken) => Task.FromResult(Ends);

    public async Task<IReadOnlyList<StreamBatch>> ReadAsync(Func<int, CancellationToken, Task<long>> positionOf, CancellationToken cancellationToken)
    {
        Position ??= await positionOf(0, cancellationToken);
        if (_next == pieces.Length)
        {
            await Task.Delay(5, cancellationToken);
            return [];
        }

        await Before(_next);
        return [new StreamBatch(0, pieces[_next++])];
    }

    public Task SeekAsync(int partition, long offset, CancellationToken cancellationToken)
    {
        Seeks.Add(offset);
        return Task.CompletedTask;
    }

    public Task CommitAsync(int partition, long nextOffset, CancellationToken cancellationToken)
    {
        Commits.Add(nextOffset);
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
