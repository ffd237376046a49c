using System.Diagnostics.Metrics;
using Microsoft.Extensions.Logging;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Ingestion.Sources;
using RemoteMonitoring.Ingestion.Worker;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;

namespace RemoteMonitoring.Ingestion.Tests.Worker;

/// <summary>A worker in this process, what it says, and what it leaves.</summary>
internal sealed class WorkerRun(CohortStore store, IEventSource source, WorkerOptions? options = null)
{
    public WorkerState State { get; } = new();

    public Lines Said { get; } = new();

    public async Task RunAsync(bool untilLanded, CancellationToken stop)
    {
        using var meters = new Meters();
        using var metrics = new WorkerMetrics(meters, State, () => 0);
        await new IngestionWorker(store, source, options ?? new WorkerOptions(), State, metrics, TimeProvider.System, Said).RunAsync(untilLanded, stop);
    }

    /// <summary>Of each partition the offsets in bronze, in the order of its files.</summary>
    public static async Task<Dictionary<int, List<long>>> OffsetsAsync(CohortStore store)
    {
        var offsets = new Dictionary<int, List<long>>();
        foreach (var partition in await BronzeFile.PartitionsAsync(store.Lake, default))
        {
            offsets[partition.Partition] = [];
            foreach (var file in await BronzeFile.ListAsync(store.Lake, partition, default))
            {
                offsets[partition.Partition].AddRange((await store.Lake.ReadTableAsync(file.Path, ["offset"], default)).Int64("offset"));
            }
        }

        return offsets;
    }

    /// <summary>Bronze and silver row by row, without when we knew, and the readings of documents.</summary>
    public static async Task<IReadOnlyList<string>> ContentAsync(CohortStore store)
    {
        var rows = new List<string>();
        foreach (var folder in new[] { "bronze/telemetry", "silver/readings", "silver/quarantine" })
        {
            foreach (var path in await store.Lake.ListAsync(folder, default))
            {
                var table = await store.Lake.ReadTableAsync(path, null, default);
                var columns = table.ColumnNames.Where(n => n is not ("known_time" or "known_from" or "effective_time")).Select(table.Column).ToArray();
                rows.AddRange(Enumerable.Range(0, table.Rows).Select(r => $"{folder}/{path.Split('/')[^2]}|" + string.Join('|', columns.Select(c => c.GetValue(r) is ReadOnlyMemory<byte> b ? Convert.ToHexString(b.Span) : c.GetValue(r)))));
            }
        }

        await foreach (var document in store.Documents.ListAsync(Containers.Telemetry, default))
        {
            rows.Add($"{document.PartitionKey}|{document.Id}|{document.Body}");
        }

        rows.Sort(StringComparer.Ordinal);
        return rows;
    }

    /// <summary>Makes meters that a listener knows as its own by their scope.</summary>
    internal sealed class Meters : IMeterFactory
    {
        private readonly List<Meter> _meters = [];

        public Meter Create(MeterOptions options)
        {
            options.Scope = this;
            _meters.Add(new Meter(options));
            return _meters[^1];
        }

        public void Dispose() => _meters.ForEach(m => m.Dispose());
    }
}

/// <summary>What was logged, line by line, with its level.</summary>
internal sealed class Lines : ILogger
{
    private readonly List<string> _said = [];

    public IReadOnlyList<string> Said
    {
        get
        {
            lock (_said)
            {
                return [.. _said];
            }
        }
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        lock (_said)
        {
            _said.Add($"{logLevel} {formatter(state, exception)}");
        }
    }
}
