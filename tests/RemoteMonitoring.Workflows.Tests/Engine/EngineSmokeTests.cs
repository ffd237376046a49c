using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging.Abstractions;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Engine.Embedded;

namespace RemoteMonitoring.Workflows.Tests.Engine;

public sealed partial class EngineSmokeTests : IDisposable
{
    private static readonly ActivityDefinition<int, int> s_square = new("square", Json.Default.Int32, Json.Default.Int32);

    private static readonly WorkflowDefinition<int, int> s_sum = new("sum", 1, Json.Default.Int32, Json.Default.Int32, async (context, n) =>
        (await Steps.ForEachAsync([.. Enumerable.Range(0, n)], 50, i => context.CallAsync(s_square, i))).Sum());

    private static readonly WorkflowDefinition<int, int> s_fan = new("fan", 1, Json.Default.Int32, Json.Default.Int32, async (context, n) =>
        (await Steps.ForEachAsync([.. Enumerable.Range(0, n)], n, i => context.CallAsync(s_sum, $"{context.InstanceId}.{i}", 100))).Sum());

    private readonly string _file = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName(), "workflows.db");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_file)!, recursive: true);

    [Fact]
    public async Task Ten_times_a_hundred_activities_come_to_an_end()
    {
        var registry = new WorkflowRegistry().Add(s_sum).Add(s_fan).Add(s_square, (i, _) => Task.FromResult(i * i));
        await using var engine = WorkflowEngine.Start(_file, registry, new EngineOptions { ActivitiesAtATime = 50 }, TimeProvider.System, NullLogger.Instance);
        Assert.True(await engine.Client.TryStartAsync(s_fan, "one", 100, default));
        Assert.False(await engine.Client.TryStartAsync(s_fan, "one", 10, default));
        var done = await engine.Client.WaitAsync("one", default).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal("32835000", done.Output);
    }

    [JsonSerializable(typeof(int))]
    private sealed partial class Json : JsonSerializerContext;
}
