using System.Globalization;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using NodaTime;
using NodaTime.Text;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Retries;

namespace RemoteMonitoring.Workflows.Engine.Embedded;

/// <summary>Starts and looks at the instances of a journal, from any process, whether or not an engine runs.</summary>
public sealed class JournalClient(string file, TimeProvider time, Action? wake = null) : IWorkflowClient
{
    private const string Columns = "i.id, i.workflow, i.status, (SELECT id FROM instances p WHERE p.number = i.parent), i.input, i.output, i.failure, i.custom_status, i.created, i.updated, i.number";

    private const int PurgedAtATime = 500;

    /// <inheritdoc />
    public Task<bool> TryStartAsync<TIn, TOut>(WorkflowDefinition<TIn, TOut> workflow, string instanceId, TIn input, CancellationToken cancellationToken) =>
        WriteAsync(journal => journal.Insert(instanceId, workflow.Name, JsonSerializer.Serialize(input, workflow.Input), null, null, Now), cancellationToken);

    /// <inheritdoc />
    public Task<bool> RaiseAsync<T>(string instanceId, EventDefinition<T> definition, T payload, CancellationToken cancellationToken) =>
        SendAsync(instanceId, new HistoryEvent(HistoryKind.EventReceived, -1, definition.Name, JsonSerializer.Serialize(payload, definition.Payload), Now), cancellationToken);

    /// <inheritdoc />
    public Task<bool> TerminateAsync(string instanceId, string reason, CancellationToken cancellationToken) =>
        SendAsync(instanceId, new HistoryEvent(HistoryKind.Terminated, -1, null, InstanceTurns.TerminatedFailure(reason), Now), cancellationToken);

    /// <inheritdoc />
    public Task<WorkflowInstance?> FindAsync(string instanceId, CancellationToken cancellationToken) =>
        ReadAsync(connection => Instances(connection, "i.id = $0", instanceId).Select(i => i.Instance).FirstOrDefault(), cancellationToken);

    /// <inheritdoc />
    public Task<IReadOnlyList<WorkflowInstance>> ListAsync(string? workflow, int most, CancellationToken cancellationToken) => ReadAsync<IReadOnlyList<WorkflowInstance>>(
        connection => [.. Instances(connection, "i.parent IS NULL AND ($0 IS NULL OR i.workflow = $0) ORDER BY i.number DESC LIMIT $1", workflow, most).Select(i => i.Instance)],
        cancellationToken);

    /// <inheritdoc />
    public Task<IReadOnlyList<WorkflowInstance>> ListRunningAsync(string workflow, int most, CancellationToken cancellationToken) => ReadAsync<IReadOnlyList<WorkflowInstance>>(
        connection => [.. Instances(connection, "i.parent IS NULL AND i.status = 0 AND i.workflow = $0 ORDER BY i.number DESC LIMIT $1", workflow, most).Select(i => i.Instance)],
        cancellationToken);

    /// <inheritdoc />
    public Task<IReadOnlyList<WorkflowInstance>> ListExceptAsync(string workflow, int most, CancellationToken cancellationToken) => ReadAsync<IReadOnlyList<WorkflowInstance>>(
        connection => [.. Instances(connection, "i.parent IS NULL AND i.workflow <> $0 ORDER BY i.number DESC LIMIT $1", workflow, most).Select(i => i.Instance)],
        cancellationToken);

    /// <inheritdoc />
    public Task<IReadOnlyList<WorkflowInstance>> ChildrenAsync(string instanceId, CancellationToken cancellationToken) => ReadAsync<IReadOnlyList<WorkflowInstance>>(
        connection => [.. Instances(connection, "i.parent = (SELECT number FROM instances WHERE id = $0) ORDER BY i.id", instanceId).Select(i => i.Instance)],
        cancellationToken);

    /// <summary>The history of an instance since it last began anew; empty where there is no such instance.</summary>
    public Task<IReadOnlyList<HistoryEvent>> HistoryAsync(string instanceId, CancellationToken cancellationToken) => ReadAsync<IReadOnlyList<HistoryEvent>>(
        connection =>
        {
            using var journal = new JournalStatements(connection);
            return journal.Find(instanceId) is { } row ? journal.History(row.Number) : [];
        },
        cancellationToken);

    /// <summary>Waits until an instance has ended, looking now and then.</summary>
    public async Task<WorkflowInstance> WaitAsync(string instanceId, CancellationToken cancellationToken)
    {
        while (true)
        {
            var instance = await FindAsync(instanceId, cancellationToken) ?? throw new KeyNotFoundException($"There is no instance '{instanceId}'.");
            if (instance.Status != InstanceStatus.Running)
            {
                return instance;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), cancellationToken);
        }
    }

    /// <inheritdoc />
    public async Task<int> PurgeAsync(Instant endedBefore, Func<ArchivedInstance, CancellationToken, Task> archive, CancellationToken cancellationToken)
    {
        using var connection = await Task.Run(() => JournalFile.Open(file), cancellationToken);
        using var journal = new JournalStatements(connection);
        for (var purged = 0; ;)
        {
            var roots = Instances(connection, "i.status <> 0 AND i.parent IS NULL AND i.updated < $0 ORDER BY i.updated LIMIT $1", endedBefore.ToUnixTimeTicks(), PurgedAtATime);
            var archived = new List<long>();
            foreach (var root in roots)
            {
                for (var left = new Queue<(WorkflowInstance Instance, long Number)>([root]); left.TryDequeue(out var next);)
                {
                    await archive(new ArchivedInstance(next.Instance, HistoryEventLine.Of(journal.History(next.Number))), cancellationToken);
                    archived.Add(next.Number);
                    Instances(connection, "i.parent = $0", next.Number).ForEach(left.Enqueue);
                }
            }

            Write(journal, () => archived.ForEach(journal.Delete));
            purged += roots.Count;
            if (roots.Count < PurgedAtATime)
            {
                JournalFile.Shrink(connection);
                return purged;
            }
        }
    }

    /// <inheritdoc />
    public async Task<int> ForgetAsync(IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken)
    {
        var forgotten = await ReadAsync(
            connection =>
            {
                using var journal = new JournalStatements(connection);
                var deleted = 0;
                Write(journal, () =>
                {
                    foreach (var id in instanceIds)
                    {
                        if (journal.Find(id) is { } row && row.Status != InstanceStatus.Running)
                        {
                            journal.Delete(row.Number);
                            deleted++;
                        }
                    }
                });
                return deleted;
            },
            cancellationToken);
        // Also where nothing was deleted now: who was killed before this, and who purged, left bytes behind.
        await Task.Run(() => RewriteAsync(cancellationToken), cancellationToken);
        return forgotten;
    }

    private Instant Now => Instant.FromDateTimeOffset(time.GetUtcNow());

    private Task<bool> SendAsync(string instanceId, HistoryEvent e, CancellationToken cancellationToken) => WriteAsync(
        journal =>
        {
            var row = journal.Find(instanceId);
            if (row is not { Status: InstanceStatus.Running })
            {
                return false;
            }

            journal.Send(row.Number, -1, e);
            return true;
        },
        cancellationToken);

    private static List<(WorkflowInstance Instance, long Number)> Instances(SqliteConnection connection, string where, params ReadOnlySpan<object?> values)
    {
        static string? Text(SqliteDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT {Columns} FROM instances i WHERE {where}";
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters.AddWithValue(string.Create(CultureInfo.InvariantCulture, $"${i}"), values[i] ?? DBNull.Value);
        }

        var instances = new List<(WorkflowInstance, long)>();
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            instances.Add((
                new WorkflowInstance
                {
                    Id = reader.GetString(0),
                    Workflow = reader.GetString(1),
                    Status = (InstanceStatus)reader.GetInt32(2),
                    Parent = Text(reader, 3),
                    Input = reader.GetString(4),
                    Output = Text(reader, 5),
                    Failure = Text(reader, 6) is { } failure ? Failure.Read(failure) : null,
                    CustomStatus = Text(reader, 7),
                    Created = Instant.FromUnixTimeTicks(reader.GetInt64(8)),
                    Updated = Instant.FromUnixTimeTicks(reader.GetInt64(9)),
                },
                reader.GetInt64(10)));
        }

        return instances;
    }

    private Task<T> ReadAsync<T>(Func<SqliteConnection, T> read, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            try
            {
                using var connection = JournalFile.Open(file);
                return read(connection);
            }
            catch (SqliteException e)
            {
                throw Unusable(e);
            }
        },
        cancellationToken);

    private async Task RewriteAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var connection = JournalFile.Open(file);
            await JournalFile.RewriteAsync(connection, time, cancellationToken);
        }
        catch (SqliteException e)
        {
            throw Unusable(e);
        }
    }

    private LakeException Unusable(SqliteException e) => new($"{file}: the journal of workflows cannot be used ({e.Message})", e) { IsTransient = TransientFault.Is(e) };

    private async Task<bool> WriteAsync(Func<JournalStatements, bool> write, CancellationToken cancellationToken)
    {
        var done = await ReadAsync(
            connection =>
            {
                using var journal = new JournalStatements(connection);
                var written = false;
                Write(journal, () => written = write(journal));
                return written;
            },
            cancellationToken);
        wake?.Invoke();
        return done;
    }

    private static void Write(JournalStatements journal, Action write)
    {
        journal.Begin();
        try
        {
            write();
            journal.Commit();
        }
        catch
        {
            journal.Rollback();
            throw;
        }
    }
}

/// <summary>An event of a history as a line of JSON.</summary>
internal sealed record HistoryEventLine(string Kind, int Task, string? Name, string? Payload, string At)
{
    public static string Of(HistoryEvent e) => JsonSerializer.Serialize(
        new HistoryEventLine(e.Kind.ToString(), e.Task, e.Name, e.Payload, InstantPattern.ExtendedIso.Format(e.At)), EngineJson.Default.HistoryEventLine);

    /// <summary>A history, a line for each of its events.</summary>
    public static string Of(IEnumerable<HistoryEvent> history) => string.Concat(history.Select(e => Of(e) + "\n"));

    public static HistoryEvent Read(string line)
    {
        var read = JsonSerializer.Deserialize(line, EngineJson.Default.HistoryEventLine)!;
        return new HistoryEvent(Enum.Parse<HistoryKind>(read.Kind), read.Task, read.Name, read.Payload, InstantPattern.ExtendedIso.Parse(read.At).Value);
    }
}
