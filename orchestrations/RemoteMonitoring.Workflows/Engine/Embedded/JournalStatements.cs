using Microsoft.Data.Sqlite;
using NodaTime;

namespace RemoteMonitoring.Workflows.Engine.Embedded;

/// <summary>A row of an instance as its engine needs it.</summary>
internal sealed record InstanceRow(long Number, string Id, string Workflow, InstanceStatus Status, int Generation, int Length, long? Parent, int ParentGeneration, int ParentTask, string Input, string? Owner, long Fence);

/// <summary>A message to an instance, from elsewhere.</summary>
internal sealed record InboxRow(long Number, long Instance, int Generation, HistoryEvent Event);

/// <summary>An activity that nobody does.</summary>
internal sealed record ActivityRow(long Instance, int Generation, int Task, string Name, string Input);

/// <summary>The journal's statements, prepared once. Used by one thread, inside of its transactions.</summary>
internal sealed class JournalStatements(SqliteConnection connection) : IDisposable
{
    private const string InstanceColumns = "number, id, workflow, status, generation, length, parent, parent_generation, parent_task, input, owner, fence";

    private readonly Dictionary<string, SqliteCommand> _prepared = new(StringComparer.Ordinal);

    /// <summary>Id of the instance that an instance was called by, in the end: its own where nobody called it.</summary>
    public string? RunOf(long number)
    {
        var row = Find(number);
        while (row?.Parent is { } parent)
        {
            row = Find(parent);
        }

        return row?.Id;
    }

    public void Begin() => Run("BEGIN IMMEDIATE");

    /// <summary>Returns when the journal has been synced.</summary>
    public void Commit() => Run("COMMIT");

    /// <summary>Takes everything since <see cref="Begin"/> back; SQLite may have done so already.</summary>
    public void Rollback()
    {
        if (SQLitePCL.raw.sqlite3_get_autocommit(connection.Handle) == 0)
        {
            Run("ROLLBACK");
        }
    }

    public long DataVersion => (long)Command("PRAGMA data_version").ExecuteScalar()!;

    public void Dispose()
    {
        foreach (var command in _prepared.Values)
        {
            command.Dispose();
        }
    }

    public bool Insert(string id, string workflow, string input, (long Number, int Generation, int Task)? parent, string? owner, Instant at) => Run(
        """
        INSERT INTO instances (id, workflow, status, generation, length, parent, parent_generation, parent_task, input, created, updated, owner, fence)
        VALUES ($0, $1, 0, 0, 0, $2, $3, $4, $5, $6, $6, $7, 1) ON CONFLICT DO NOTHING
        """,
        id, workflow, parent?.Number, parent?.Generation, parent?.Task, input, at.ToUnixTimeTicks(), owner) == 1;

    public InstanceRow? Find(long number) => Instance($"SELECT {InstanceColumns} FROM instances WHERE number = $0", number);

    public long LastInserted => SQLitePCL.raw.sqlite3_last_insert_rowid(connection.Handle);

    public InstanceRow? Find(string id) => Instance($"SELECT {InstanceColumns} FROM instances WHERE id = $0", id);

    public List<long> Called(long parent) => Read("SELECT number FROM instances WHERE parent = $0 AND status = 0", r => r.GetInt64(0), parent);

    /// <summary>Instances of these workflows that nobody has, the oldest first.</summary>
    /// <param name="worker">Who asks.</param>
    /// <param name="now">When.</param>
    /// <param name="workflows">Names of the workflows, as a JSON array.</param>
    /// <param name="most">How many at the most.</param>
    public List<long> Unowned(string worker, Instant now, string workflows, int most) => Read(
        """
        SELECT number FROM instances INDEXED BY instances_running
        WHERE status = 0 AND (owner IS NULL OR (owner <> $0 AND owner NOT IN (SELECT id FROM workers WHERE until > $1)))
          AND workflow IN (SELECT value FROM json_each($2))
        ORDER BY number LIMIT $3
        """,
        r => r.GetInt64(0), worker, now.ToUnixTimeTicks(), workflows, most);

    /// <summary>Workflows of which instances were never taken on, or given back.</summary>
    public List<string> WorkflowsUnowned() => Read("SELECT DISTINCT workflow FROM instances WHERE status = 0 AND owner IS NULL", r => r.GetString(0));

    public void Take(long number, string worker) => Run("UPDATE instances SET owner = $1, fence = fence + 1 WHERE number = $0", number, worker);

    public void Release(string worker)
    {
        Run("UPDATE instances SET owner = NULL WHERE owner = $0 AND status = 0", worker);
        Run("UPDATE activities SET owner = NULL WHERE owner = $0", worker);
        Run("DELETE FROM workers WHERE id = $0", worker);
    }

    public void GoOn(long number, int length, string? customStatus, Instant at) => Run(
        "UPDATE instances SET length = $1, custom_status = coalesce($2, custom_status), updated = $3 WHERE number = $0", number, length, customStatus, at.ToUnixTimeTicks());

    public void BeginAnew(long number, int generation, string input)
    {
        Run("UPDATE instances SET generation = $1, length = 0, input = $2 WHERE number = $0", number, generation, input);
        Forget(number);
        Run("DELETE FROM history WHERE instance = $0", number);
    }

    public void End(long number, InstanceStatus status, string? output, string? failure, Instant at)
    {
        Run("UPDATE instances SET status = $1, output = $2, failure = $3, updated = $4, owner = NULL WHERE number = $0", number, (int)status, output, failure, at.ToUnixTimeTicks());
        Forget(number);
        Run("DELETE FROM inbox WHERE instance = $0", number);
    }

    /// <summary>What is outstanding of an instance is wanted no more.</summary>
    public void Forget(long number)
    {
        Run("DELETE FROM activities WHERE instance = $0", number);
        Run("DELETE FROM timers WHERE instance = $0", number);
    }

    public void Append(long number, int sequence, HistoryEvent e) => Run(
        "INSERT INTO history (instance, sequence, kind, task, name, payload, at) VALUES ($0, $1, $2, $3, $4, $5, $6)",
        number, sequence, (int)e.Kind, e.Task, e.Name, e.Payload, e.At.ToUnixTimeTicks());

    public List<HistoryEvent> History(long number) => Read(
        "SELECT kind, task, name, payload, at FROM history WHERE instance = $0 ORDER BY sequence",
        r => new HistoryEvent((HistoryKind)r.GetInt32(0), r.GetInt32(1), Text(r, 2), Text(r, 3), Instant.FromUnixTimeTicks(r.GetInt64(4))), number);

    public void AddActivity(long number, int task, int sequence, string? owner) =>
        Run("INSERT INTO activities (instance, task, sequence, owner) VALUES ($0, $1, $2, $3)", number, task, sequence, owner);

    /// <summary>An activity is done, if it is this worker's, of this beginning of the instance: else its outcome is nobody's.</summary>
    public bool EndActivity(long number, int generation, int task, string worker) => Run(
        """
        DELETE FROM activities WHERE instance = $0 AND task = $1 AND owner = $2
          AND (SELECT generation FROM instances WHERE number = $0) = $3
        """,
        number, task, worker, generation) == 1;

    public List<ActivityRow> TakeActivities(string worker, Instant now, int most)
    {
        var rows = Read(
            """
            SELECT a.instance, i.generation, a.task, h.name, h.payload FROM activities a
            JOIN instances i ON i.number = a.instance JOIN history h ON h.instance = a.instance AND h.sequence = a.sequence
            WHERE a.owner IS NULL OR (a.owner <> $0 AND a.owner NOT IN (SELECT id FROM workers WHERE until > $1)) LIMIT $2
            """,
            r => new ActivityRow(r.GetInt64(0), r.GetInt32(1), r.GetInt32(2), r.GetString(3), r.GetString(4)), worker, now.ToUnixTimeTicks(), most);
        foreach (var row in rows)
        {
            Run("UPDATE activities SET owner = $2 WHERE instance = $0 AND task = $1", row.Instance, row.Task, worker);
        }

        return rows;
    }

    public void SetTimer(long number, int task, Instant at) => Run("INSERT INTO timers (instance, task, at) VALUES ($0, $1, $2)", number, task, at.ToUnixTimeTicks());

    public void EndTimer(long number, int task) => Run("DELETE FROM timers WHERE instance = $0 AND task = $1", number, task);

    /// <summary>A timer fires, if it is there still: the instance may have cancelled it, or begun anew with another of its number.</summary>
    public bool FireTimer(long number, int task, Instant now) =>
        Run("DELETE FROM timers WHERE instance = $0 AND task = $1 AND at <= $2", number, task, now.ToUnixTimeTicks()) == 1;

    public List<(long Instance, int Task)> DueTimers(string worker, Instant now, int most) => Read(
        "SELECT t.instance, t.task FROM timers t JOIN instances i ON i.number = t.instance WHERE t.at <= $1 AND i.owner = $0 ORDER BY t.at LIMIT $2",
        r => (r.GetInt64(0), r.GetInt32(1)), worker, now.ToUnixTimeTicks(), most);

    public Instant? NextTimer(string worker) => Read(
        "SELECT t.at FROM timers t JOIN instances i ON i.number = t.instance WHERE i.owner = $0 ORDER BY t.at LIMIT 1",
        r => (Instant?)Instant.FromUnixTimeTicks(r.GetInt64(0)), worker).FirstOrDefault();

    /// <summary>Puts a message into the inbox: at its end, or at a place that is free.</summary>
    public void Send(long number, int generation, HistoryEvent e, long? place = null) => Run(
        "INSERT INTO inbox (number, instance, generation, kind, task, name, payload) VALUES ($0, $1, $2, $3, $4, $5, $6)", place, number, generation, (int)e.Kind, e.Task, e.Name, e.Payload);

    /// <summary>The first place that is taken in the inbox.</summary>
    public long FirstPlace() => Read("SELECT coalesce(min(number), 0) FROM inbox", r => r.GetInt64(0))[0];

    public List<InboxRow> Inbox(string worker, Instant now, int most) => Read(
        """
        SELECT m.number, m.instance, m.generation, m.kind, m.task, m.name, m.payload FROM inbox m
        JOIN instances i ON i.number = m.instance WHERE i.owner = $0 ORDER BY m.number LIMIT $1
        """,
        r => new InboxRow(r.GetInt64(0), r.GetInt64(1), r.GetInt32(2), new HistoryEvent((HistoryKind)r.GetInt32(3), r.GetInt32(4), Text(r, 5), Text(r, 6), now)), worker, most);

    public void EndMessage(long number) => Run("DELETE FROM inbox WHERE number = $0", number);

    public void Delete(long number)
    {
        Forget(number);
        Run("DELETE FROM inbox WHERE instance = $0", number);
        Run("DELETE FROM history WHERE instance = $0", number);
        Run("DELETE FROM instances WHERE number = $0", number);
    }

    public void Beat(string worker, Instant until) => Run("INSERT INTO workers (id, until) VALUES ($0, $1) ON CONFLICT (id) DO UPDATE SET until = $1", worker, until.ToUnixTimeTicks());

    public List<string> Workers() => Read("SELECT id FROM workers", r => r.GetString(0));

    public void EndWorker(string worker) => Run("DELETE FROM workers WHERE id = $0", worker);

    private static string? Text(SqliteDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);

    private InstanceRow? Instance(string sql, object key) => Read(
        sql,
        r => new InstanceRow(
            r.GetInt64(0), r.GetString(1), r.GetString(2), (InstanceStatus)r.GetInt32(3), r.GetInt32(4), r.GetInt32(5),
            r.IsDBNull(6) ? null : r.GetInt64(6), r.IsDBNull(7) ? 0 : r.GetInt32(7), r.IsDBNull(8) ? 0 : r.GetInt32(8), r.GetString(9), Text(r, 10), r.GetInt64(11)),
        key).FirstOrDefault();

    private int Run(string sql, params ReadOnlySpan<object?> values) => Bound(sql, values).ExecuteNonQuery();

    private List<T> Read<T>(string sql, Func<SqliteDataReader, T> row, params ReadOnlySpan<object?> values)
    {
        var rows = new List<T>();
        using var reader = Bound(sql, values).ExecuteReader();
        while (reader.Read())
        {
            rows.Add(row(reader));
        }

        return rows;
    }

    private SqliteCommand Bound(string sql, ReadOnlySpan<object?> values)
    {
        var command = Command(sql);
        for (var i = 0; i < values.Length; i++)
        {
            if (command.Parameters.Count == i)
            {
                command.Parameters.Add(new SqliteParameter($"${i}", null));
            }

            command.Parameters[i].Value = values[i] ?? DBNull.Value;
        }

        return command;
    }

    private SqliteCommand Command(string sql)
    {
        if (!_prepared.TryGetValue(sql, out var command))
        {
            _prepared.Add(sql, command = connection.CreateCommand());
            command.CommandText = sql;
        }

        return command;
    }
}
