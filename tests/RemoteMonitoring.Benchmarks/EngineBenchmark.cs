using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Serialization;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Engine.Embedded;

namespace RemoteMonitoring.Benchmarks;

/// <summary>
/// Activities that do nothing, a hundred workflows of a hundred each, every outcome committed and synced before the workflow goes on; beside the
/// bare SQLite writes of the very same rows into the same tables, as many at a time as the engine had in a commit. Our rate over theirs: more is
/// better. The engine is the same for all runs, so what it holds in the end shows what finished instances cost.
/// </summary>
internal sealed partial class EngineBenchmark : Benchmark, IDisposable
{
    private const int Workflows = 100;
    private const int Each = 100;
    private const int AtATime = 64;

    private static readonly ActivityDefinition<int, int> s_work = new("work", EngineBenchmarkJson.Default.Int32, EngineBenchmarkJson.Default.Int32);

    private static readonly WorkflowDefinition<int, int> s_some = new("some", 1, s_work.Input, s_work.Output, async (context, n) =>
        (await Task.WhenAll(Enumerable.Range(0, Each).Select(i => context.CallAsync(s_work, n + i)))).Length);

    private static readonly WorkflowDefinition<int, int> s_all = new("all", 1, s_work.Input, s_work.Output, async (context, n) =>
        (await Task.WhenAll(Enumerable.Range(0, n).Select(i => context.CallAsync(s_some, $"{context.InstanceId}.{i}", i * Each)))).Sum());

    private string _folder = "";
    private WorkflowEngine _engine = null!;
    private int _run;
    private int _group;

    public override string Name => "engine";

    public override string Unit => "activities/s";

    public override string PeerName => "bare SQLite writes of the same rows, as many a commit, as durable";

    public override Task PrepareAsync(string folder)
    {
        _folder = folder;
        var registry = new WorkflowRegistry().Add(s_all).Add(s_some).Add(s_work, (n, _) => Task.FromResult(n));
        _engine = WorkflowEngine.Start(Path.Combine(folder, "ours.db"), registry, new EngineOptions { ActivitiesAtATime = AtATime, Worker = "bench" }, TimeProvider.System, NullLogger.Instance);
        return Task.CompletedTask;
    }

    public override async Task<Measured> OursAsync()
    {
        var id = string.Create(CultureInfo.InvariantCulture, $"run-{_run}");
        var before = _engine.Commits;
        var clock = Stopwatch.StartNew();
        await _engine.Client.TryStartAsync(s_all, id, Workflows, CancellationToken.None);
        var ended = await _engine.Client.WaitAsync(id, CancellationToken.None);
        var elapsed = clock.Elapsed.TotalSeconds;
        if (ended.Output != $"{Workflows * Each}")
        {
            throw new InvalidOperationException($"The engine came to {ended.Output} {ended.Failure}.");
        }

        var commits = _engine.Commits - before;
        _group = (int)Math.Max(1, Workflows * Each / commits);
        var held = GC.GetTotalMemory(forceFullCollection: true) / 1e6;
        return new Measured(Workflows * Each / elapsed, string.Create(CultureInfo.InvariantCulture, $"({_group} a commit, {held:F1} MB held after {(_run + 1) * (Workflows + 1):N0} instances)"));
    }

    public override async Task<Measured> PeerAsync()
    {
        var steps = new List<(int Instance, HistoryEvent Asked, HistoryEvent Told)>();
        for (var i = 0; i < Workflows; i++)
        {
            var history = await _engine.Client.HistoryAsync(string.Create(CultureInfo.InvariantCulture, $"run-{_run}.{i}"), CancellationToken.None);
            var asked = history.Where(e => e.Kind == HistoryKind.ActivityScheduled).ToDictionary(e => e.Task);
            steps.AddRange(history.Where(e => e.Kind == HistoryKind.ActivityCompleted).Select(told => (i, asked[told.Task], told)));
        }

        using var connection = JournalFile.Open(Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"peer-{_run++}.db")));
        using var journal = new BareJournal(connection);
        var clock = Stopwatch.StartNew();
        var left = new Queue<(int Instance, int Task)>();
        foreach (var group in steps.Chunk(_group))
        {
            journal.Begin.ExecuteNonQuery();
            foreach (var (instance, asked, told) in group)
            {
                journal.Append(instance, 2 * asked.Task, asked);
                journal.Add(instance, asked.Task);
                journal.Append(instance, (2 * asked.Task) + 1, told);
                left.Enqueue((instance, asked.Task));
            }

            // What is outstanding is committed before it is done: it goes with a later group.
            while (left.Count > AtATime)
            {
                journal.End(left.Dequeue());
            }

            foreach (var instance in group.Select(s => s.Instance).Distinct())
            {
                journal.GoOn(instance, group.Length);
            }

            journal.Commit.ExecuteNonQuery();
        }

        return new Measured(steps.Count / clock.Elapsed.TotalSeconds, "activities/s");
    }

    public void Dispose() => _engine.DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <summary>The journal's tables, and nothing that runs on them.</summary>
    private sealed class BareJournal : IDisposable
    {
        private readonly SqliteConnection _connection;
        private readonly SqliteCommand _append;
        private readonly SqliteCommand _add;
        private readonly SqliteCommand _end;
        private readonly SqliteCommand _goOn;

        public BareJournal(SqliteConnection connection)
        {
            _connection = connection;
            (Begin, Commit) = (Command("BEGIN IMMEDIATE", 0), Command("COMMIT", 0));
            _append = Command("INSERT INTO history (instance, sequence, kind, task, name, payload, at) VALUES ($0, $1, $2, $3, $4, $5, $6)", 7);
            _add = Command("INSERT INTO activities (instance, task, sequence, owner) VALUES ($0, $1, $2, $3)", 4);
            _end = Command("DELETE FROM activities WHERE instance = $0 AND task = $1", 2);
            _goOn = Command("UPDATE instances SET length = $1, updated = $2 WHERE number = $0", 3);
            using var instances = Command("INSERT INTO instances (number, id, workflow, status, generation, length, input, created, updated, owner, fence) VALUES ($0, $1, 'some', 0, 0, 0, '0', 0, 0, 'bench', 1)", 2);
            for (var i = 0; i < Workflows; i++)
            {
                Run(instances, i, $"run.{i}");
            }
        }

        public SqliteCommand Begin { get; }

        public SqliteCommand Commit { get; }

        public void Append(int instance, int sequence, HistoryEvent e) => Run(_append, instance, sequence, (int)e.Kind, e.Task, e.Name!, e.Payload!, e.At.ToUnixTimeTicks());

        public void Add(int instance, int task) => Run(_add, instance, task, 2 * task, "bench");

        public void End((int Instance, int Task) activity) => Run(_end, activity.Instance, activity.Task);

        public void GoOn(int instance, int length) => Run(_goOn, instance, length, 0L);

        public void Dispose()
        {
            foreach (var command in (SqliteCommand[])[Begin, Commit, _append, _add, _end, _goOn])
            {
                command.Dispose();
            }
        }

        private static void Run(SqliteCommand command, params ReadOnlySpan<object> values)
        {
            for (var i = 0; i < values.Length; i++)
            {
                command.Parameters[i].Value = values[i];
            }

            command.ExecuteNonQuery();
        }

        private SqliteCommand Command(string sql, int parameters)
        {
            var command = _connection.CreateCommand();
            command.CommandText = sql;
            for (var i = 0; i < parameters; i++)
            {
                command.Parameters.Add(new SqliteParameter($"${i}", null));
            }

            return command;
        }
    }

    [JsonSerializable(typeof(int))]
    private sealed partial class EngineBenchmarkJson : JsonSerializerContext;
}
