using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using RemoteMonitoring.Functions.Durable;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Workflows;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Runs;

namespace RemoteMonitoring.Functions;

/// <summary>What all functions share: the home, its cohorts once they are opened, and the workflows and activities there are.</summary>
public sealed class FunctionsHost
{
    private readonly AzureHome _home;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, Lazy<Task<CohortStore>>> _cohorts = new(StringComparer.Ordinal);
    private readonly AsyncLocal<IWorkflowClient?> _client = new();
    private readonly WorkflowRegistry _registry;
    private readonly Lazy<Task<InstanceClaims>> _claims;

    /// <summary>A host of a home; without a factory of meters it states no metrics.</summary>
    public FunctionsHost(AzureHome home, TimeProvider time, IMeterFactory? meters = null)
    {
        _home = home;
        _time = time;
        _registry = WorkflowCatalog.Compose(CohortAsync, () => _client.Value ?? throw new InvalidOperationException("Only a function has a client of the task hub."), time, meters: meters);
        _claims = new Lazy<Task<InstanceClaims>>(async () => new InstanceClaims(await _home.OpenFolderAsync("workflows", CancellationToken.None)));
    }

    /// <summary>Runs the workflow that a function is.</summary>
    public Task<Payload?> RunAsync(string workflow, TaskOrchestrationContext context) =>
        DurableWorkflowContext.RunAsync(_registry.Workflow(workflow) ?? throw new InvalidOperationException($"No workflow '{workflow}' is registered."), context);

    /// <summary>Does the activity that a function is.</summary>
    public async Task<Payload> DoAsync(string activity, Payload input, DurableTaskClient durable, CancellationToken cancellationToken)
    {
        try
        {
            _client.Value = await ClientAsync(durable);
            return new Payload(await _registry.RunAsync(activity, input.Json, cancellationToken));
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw new DurableFailureException(Failure.Of(e), e);
        }
    }

    /// <summary>Whether an id is who asks for it.</summary>
    public async Task<bool> ClaimAsync(InstanceClaim claim, CancellationToken cancellationToken) =>
        await (await ClaimsAsync()).ClaimAsync(claim.InstanceId, claim.Owner, cancellationToken);

    /// <summary>A client of the task hub.</summary>
    public async Task<IWorkflowClient> ClientAsync(DurableTaskClient durable) => new DurableWorkflowClient(durable, await ClaimsAsync(), _time);

    /// <summary>A cohort, which stays open.</summary>
    public async ValueTask<CohortStore> CohortAsync(string cohort, CancellationToken cancellationToken)
    {
        var opening = _cohorts.GetOrAdd(cohort, name => new Lazy<Task<CohortStore>>(() => CohortStore.OpenAsync(_home, name, CancellationToken.None)));
        try
        {
            return await opening.Value.WaitAsync(cancellationToken);
        }
        catch when (opening.Value.IsFaulted)
        {
            _cohorts.TryRemove(new(cohort, opening));
            throw;
        }
    }

    /// <summary>The cohorts of the home, by name.</summary>
    public Task<IReadOnlyList<string>> CohortsAsync(CancellationToken cancellationToken) => CohortStore.ListAsync(_home, cancellationToken);

    /// <summary>Starts instances for a cohort, each once.</summary>
    public async Task<RunRegister> RegisterAsync(string cohort, DurableTaskClient durable, CancellationToken cancellationToken) =>
        new((await CohortAsync(cohort, cancellationToken)).Lake, await ClientAsync(durable), _time);

    private async Task<InstanceClaims> ClaimsAsync() => await _claims.Value;
}
