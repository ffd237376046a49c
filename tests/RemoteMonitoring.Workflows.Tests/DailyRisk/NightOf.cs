using Microsoft.Extensions.Logging.Abstractions;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Engine.Embedded;

namespace RemoteMonitoring.Workflows.Tests.DailyRisk;

/// <summary>A night of the trained home, run by the embedded engine on a journal of its own.</summary>
internal sealed class NightOf(TempHome home, Action<string>? before = null, CohortStore? store = null, TimeProvider? time = null) : IAsyncDisposable
{
    private WorkflowEngine? _engine;

    public string Journal { get; } = Path.Combine(home.Root, "workflows.db");

    public WorkflowEngine Engine => _engine ??= WorkflowEngine.Start(Journal, Registry(), new EngineOptions(), time ?? TimeProvider.System, NullLogger.Instance);

    public static DailyRiskInput Input(double days = 12) => new() { Cohort = MadeUpFeed.Cohort, Task = TrainedHome.Task.Name, AsOf = MadeUpFeed.At(days) };

    public WorkflowRegistry Registry()
    {
        var registry = new WorkflowRegistry();
        new RiskActivities((_, _) => ValueTask.FromResult(store ?? home.Store), [TrainedHome.Task], before).AddTo(registry);
        return registry;
    }

    public async Task<WorkflowInstance> RunAsync(DailyRiskInput input, string id = "night")
    {
        Assert.True(await Engine.Client.TryStartAsync(DailyRiskWorkflow.Daily, id, input, default));
        return await Engine.Client.WaitAsync(id, default).WaitAsync(TimeSpan.FromSeconds(60));
    }

    public async Task<DailyRiskOutcome> SucceedAsync(DailyRiskInput input, string id = "night")
    {
        var night = await RunAsync(input, id);
        Assert.True(night.Status == InstanceStatus.Completed, night.Failure?.ToString());
        return System.Text.Json.JsonSerializer.Deserialize(night.Output!, DailyRiskWorkflow.Daily.Output)!;
    }

    /// <summary>The predictions and lists of a home, by where they are.</summary>
    public static async Task<SortedDictionary<string, string>> DocumentsAsync(TempHome home)
    {
        var documents = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var container in (string[])[Containers.Predictions, Containers.Worklists])
        {
            await foreach (var document in home.Store.Documents.ListAsync(container, default))
            {
                documents.Add($"{container}/{document.PartitionKey}/{document.Id}", document.Body);
            }
        }

        return documents;
    }

    /// <summary>Every row of every file of predictions and vectors, whichever file it is in.</summary>
    public static async Task<string[]> RowsAsync(TempHome home, string folder)
    {
        var rows = new List<string>();
        foreach (var path in (await home.Lake.ListAsync(folder, default)).Where(p => p.EndsWith(".parquet", StringComparison.Ordinal) && !p.Contains("/snapshots/", StringComparison.Ordinal)))
        {
            var table = await home.Lake.ReadTableAsync(path, null, default);
            rows.AddRange(Enumerable.Range(0, table.Rows).Select(row => string.Join('|', table.ColumnNames.Select(c => table.Column(c).GetValue(row)))));
        }

        return [.. rows.Order(StringComparer.Ordinal)];
    }

    public ValueTask DisposeAsync() => _engine?.DisposeAsync() ?? ValueTask.CompletedTask;
}
