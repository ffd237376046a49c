using System.Diagnostics;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using NodaTime;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Engine.Embedded;

namespace RemoteMonitoring.Benchmarks;

/// <summary>A workflow of five thousand activities, fifty at a time, made again from its history of ten thousand events; beside the bare reading of the history.</summary>
internal sealed class EngineReplayBenchmark : Benchmark, IDisposable
{
    private const int Activities = 5_000;

    private static readonly JsonTypeInfo<int> s_number = JsonMetadataServices.CreateValueInfo<int>(System.Text.Json.JsonSerializerOptions.Default, JsonMetadataServices.Int32Converter);

    private static readonly ActivityDefinition<int, int> s_work = new("work", s_number, s_number);

    private static readonly WorkflowDefinition<int, int> s_wide = new("wide", 1, s_number, s_number, async (context, n) =>
        (await Steps.ForEachAsync([.. Enumerable.Range(0, n)], 50, i => context.CallAsync(s_work, i))).Length);

    private SqliteConnection _connection = null!;
    private JournalStatements _journal = null!;

    public override string Name => "engine-replay";

    public override string Unit => "s for 10,000 events";

    public override string PeerName => "reading the same events, told to nobody";

    public override Task PrepareAsync(string folder)
    {
        _connection = JournalFile.Open(Path.Combine(folder, "journal.db"));
        _journal = new JournalStatements(_connection);
        var live = new WorkflowExecution("wide", 0, s_wide, NullLogger.Instance);
        var sequence = 0;
        var outstanding = new Queue<HistoryEvent>();
        _journal.Begin();
        Tell(new HistoryEvent(HistoryKind.Started, -1, null, $"{Activities}", Instant.FromUnixTimeSeconds(0)));
        while (outstanding.TryDequeue(out var asked))
        {
            Tell(new HistoryEvent(HistoryKind.ActivityCompleted, asked.Task, asked.Name, asked.Payload, Instant.FromUnixTimeSeconds(sequence)));
        }

        _journal.Commit();
        return Task.CompletedTask;

        void Tell(HistoryEvent told)
        {
            _journal.Append(1, sequence++, told);
            foreach (var asked in live.Tell(told))
            {
                _journal.Append(1, sequence++, asked);
                if (asked.Kind == HistoryKind.ActivityScheduled)
                {
                    outstanding.Enqueue(asked);
                }
            }
        }
    }

    public override Task<Measured> OursAsync()
    {
        var clock = Stopwatch.StartNew();
        var again = new WorkflowExecution("wide", 0, s_wide, NullLogger.Instance);
        again.Replay(_journal.History(1));
        return again.IsOver && again.Length == (2 * Activities) + 2
            ? Task.FromResult(new Measured(clock.Elapsed.TotalSeconds, $"s, {clock.Elapsed.TotalMilliseconds:F1} ms"))
            : throw new InvalidOperationException("It did not come to its end again.");
    }

    public override Task<Measured> PeerAsync()
    {
        var clock = Stopwatch.StartNew();
        var history = _journal.History(1);
        return Task.FromResult(new Measured(clock.Elapsed.TotalSeconds, $"s for {history.Count:N0}, {clock.Elapsed.TotalMilliseconds:F1} ms"));
    }

    public void Dispose()
    {
        _journal.Dispose();
        _connection.Dispose();
    }
}
