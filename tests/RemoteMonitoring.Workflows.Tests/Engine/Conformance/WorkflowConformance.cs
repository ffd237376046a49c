using NodaTime;
using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Workflows.Tests.Engine.Conformance;

/// <summary>
/// What every engine behind the seam must hold. It knows nothing of any: an engine's tests derive from it and give a host. A crash is
/// followed by a start over the same store; what activities do in the world (<see cref="Gates"/>) goes on meanwhile.
/// </summary>
public abstract partial class WorkflowConformance : IAsyncLifetime
{
    private const string Id = "one";

    private readonly Gates _gates = new();
    private IConformanceHost _host = null!;
    private WorkflowRegistry _registry = new();

    /// <summary>How long a test waits for anything.</summary>
    protected virtual TimeSpan Patience => TimeSpan.FromSeconds(30);

    /// <summary>Durations of timers that tests wait for: longer than a restart takes, on engines that are slow to start.</summary>
    protected virtual Duration Soon => Duration.FromMilliseconds(300);

    /// <summary>A host with an empty store.</summary>
    protected abstract IConformanceHost NewHost();

    /// <inheritdoc />
    public Task InitializeAsync()
    {
        _host = NewHost();
        return Task.CompletedTask;
    }

    /// <inheritdoc />
    public async Task DisposeAsync() => await _host.DisposeAsync();

    private IWorkflowClient Client => _host.Client;

    private static Instant Now => Instant.FromDateTimeOffset(TimeProvider.System.GetUtcNow());

    private async Task StartHostAsync(params WorkflowDefinition[] workflows)
    {
        _registry = Samples.Registry(_gates, workflows);
        await _host.StartAsync(_registry);
    }

    private async Task CrashAndStartAsync()
    {
        await _host.CrashAsync();
        await _host.StartAsync(_registry);
    }

    private async Task StartAsync<TIn, TOut>(WorkflowDefinition<TIn, TOut> workflow, TIn input, string id = Id) =>
        Assert.True(await Client.TryStartAsync(workflow, id, input, default));

    private async Task RaiseAsync(EventDefinition<string> definition, string payload, string id = Id) => Assert.True(await Client.RaiseAsync(id, definition, payload, default));

    private Task<WorkflowInstance> EndAsync(string id = Id) => UntilAsync(id, i => i.Status != InstanceStatus.Running);

    private Task<WorkflowInstance> StatusAsync(string status, string id = Id) => UntilAsync(id, i => i.CustomStatus == $"\"{status}\"");

    private async Task<string> OutputAsync(string id = Id)
    {
        var ended = await EndAsync(id);
        Assert.True(ended.Status == InstanceStatus.Completed, $"{ended.Status}: {ended.Failure}");
        return System.Text.Json.JsonSerializer.Deserialize(ended.Output!, Samples.Text)!;
    }

    private async Task<Failure> FailureAsync(string id = Id)
    {
        var ended = await EndAsync(id);
        Assert.Equal(InstanceStatus.Failed, ended.Status);
        return ended.Failure!;
    }

    private async Task<WorkflowInstance> UntilAsync(string id, Func<WorkflowInstance, bool> isSo)
    {
        WorkflowInstance? instance = null;
        await UntilAsync(async () => (instance = await Client.FindAsync(id, default)) is not null && isSo(instance), () => $"{id}: {instance}");
        return instance!;
    }

    private Task AskedAsync(string gate, int times = 1) => UntilAsync(() => Task.FromResult(_gates.Asked(gate) >= times), () => $"{gate} was asked for {_gates.Asked(gate)} times");

    private async Task UntilAsync(Func<Task<bool>> isSo, Func<string> where)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!await isSo())
        {
            Assert.False(patience.IsCancellationRequested, $"Waited {Patience} in vain. {where()}");
            await Task.Delay(10);
        }
    }

    private static void Show(IWorkflowContext context, string status) => context.SetStatus(status, Samples.Text);
}
