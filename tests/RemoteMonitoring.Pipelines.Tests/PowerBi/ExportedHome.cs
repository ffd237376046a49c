using System.Globalization;
using System.Text;
using DuckDB.NET.Data;
using NodaTime;
using RemoteMonitoring.EndToEnd.Tests;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.ReportTables;

namespace RemoteMonitoring.Pipelines.Tests.PowerBi;

/// <summary>A simulated cohort with some scored days, users of every role, actions, and the tables that the program exported of it. Made once.</summary>
public sealed class ExportedHome : IAsyncLifetime
{
    public const string Cohort = "simulated";

    private static readonly string[] s_days = ["2025-02-20T00:00:00Z", "2025-02-24T00:00:00Z", "2025-02-27T00:00:00Z", "2025-02-28T00:00:00Z", "2025-03-01T00:00:00Z"];

    public Rmon Rmon { get; } = new();

    public IReadOnlyList<string> Teams { get; private set; } = [];

    public CohortStore Open() => CohortStore.Open(Rmon.Home, Cohort);

    public async Task InitializeAsync()
    {
        var feed = Rmon.Folder("feed");
        foreach (var arguments in (string[][])
            [["simulate", feed, "--patients", "220", "--days", "60", "--seed", "3"], ["ingest", feed], ["train", "admission-7d"], .. s_days.Select(day => (string[])["score", "admission-7d", "--as-of", day])])
        {
            var result = await Rmon.RunAsync(arguments);
            Assert.True(result.ExitCode is 0 or 4, result.Errors);
        }

        await using (var store = Open())
        {
            var reference = await store.Reference.LoadAsync(await store.Reference.PositionAsync(default), default);
            Teams = [.. reference.Teams.Select(t => t.CareTeamId).Distinct().Order(StringComparer.Ordinal)];
            Assert.True(Teams.Count > 1, "The cohort has one team only.");
            var known = Instant.FromUtc(2025, 3, 1, 6, 0);
            Member Of(string name, Role role, params string[] teams) => new() { UserName = name, DisplayName = name, Roles = [role], Teams = teams, By = "test", Known = known };
            await StateAsync(
                store, ReferenceKinds.Members, Of("Ann@example.org", Role.CareManager, Teams[0]), Of("lea@example.org", Role.Lead, [.. Teams]), Of("dan@example.org", Role.DataScientist), Of("aud@example.org", Role.Auditor),
                Of("gone@example.org", Role.Lead, Teams[0]) with { IsDisabled = true }, Of("lost@example.org", Role.CareManager, "no-such-team"));
            var patient = reference.Patients.First(p => p.CareTeamId == Teams[0]).PatientId;
            // One who was another team's when most lists were made.
            var moved = reference.Patients.Where(p => p.CareTeamId == Teams[0]).ElementAt(3);
            await StateAsync(store, ReferenceKinds.Roster, moved with { CareTeamId = Teams[1], Known = known });
            await StateAsync(store, ReferenceKinds.Actions, new WorklistAction { Id = new('a', 32), PatientId = patient, CareTeamId = Teams[0], Kind = ActionKind.Contacted, By = "ann@example.org", Known = known });
        }

        var exported = await Rmon.RunAsync("report", "tables");
        Assert.True(exported.ExitCode == 0, exported.Errors);
    }

    public Task DisposeAsync()
    {
        Rmon.Dispose();
        return Task.CompletedTask;
    }

    /// <summary>Files of a table that are current.</summary>
    public async Task<IReadOnlyList<string>> FilesAsync(string table)
    {
        var lake = new LakeDirectory(Path.Combine(Rmon.Home, Cohort, "lake"));
        return [.. (await ReportManifest.TryReadAsync(lake, default))!.Files.Where(f => f.Table == table).Select(f => lake.FullPath(f.Path))];
    }

    /// <summary>Rows of a table, by an engine that is not ours.</summary>
    public async Task<IReadOnlyList<Dictionary<string, object?>>> RowsAsync(string table)
    {
        var files = await FilesAsync(table);
        return files.Count == 0 ? [] : await QueryAsync($"SELECT * FROM read_parquet([{string.Join(", ", files.Select(f => $"'{f}'"))}], hive_partitioning = false)");
    }

    /// <summary>What a query gives.</summary>
    public static async Task<IReadOnlyList<Dictionary<string, object?>>> QueryAsync(string sql)
    {
        await using var duck = new DuckDBConnection("DataSource=:memory:");
        await duck.OpenAsync();
        await using var command = duck.CreateCommand();
        command.CommandText = sql;
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<Dictionary<string, object?>>();
        while (await reader.ReadAsync())
        {
            rows.Add(Enumerable.Range(0, reader.FieldCount).ToDictionary(reader.GetName, i => reader.IsDBNull(i) ? null : reader.GetValue(i), StringComparer.Ordinal));
        }

        return rows;
    }

    public static string Text(object? value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";

    private static Task<bool> StateAsync<T>(CohortStore store, string kind, params T[] rows) =>
        store.Reference.AppendAsync(kind, Encoding.UTF8.GetBytes(string.Concat(rows.Select(r => ReferenceJson.ToLine(r) + "\n"))), default);
}

/// <summary>One home for all classes of tests that read what was exported.</summary>
[CollectionDefinition(Name)]
public sealed class ExportedOnce : ICollectionFixture<ExportedHome>
{
    public const string Name = "exported";
}
