using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace RemoteMonitoring.Workflows.Engine;

/// <summary>An activity by its name: work outside of the workflow, that may be done more than once.</summary>
/// <param name="Name">Name, which histories keep: letters and hyphens.</param>
public abstract record ActivityDefinition(string Name);

/// <summary>An activity with what it takes and gives, as JSON.</summary>
public sealed record ActivityDefinition<TIn, TOut>(string Name, JsonTypeInfo<TIn> Input, JsonTypeInfo<TOut> Output) : ActivityDefinition(Name);

/// <summary>A workflow by its name.</summary>
/// <param name="Name">Name, which histories keep: letters and hyphens.</param>
/// <param name="Version">Grows with every change of the steps; a recorded history of each version is replayed in a test.</param>
public abstract record WorkflowDefinition(string Name, int Version)
{
    /// <summary>Runs it, with input and output as JSON.</summary>
    public abstract Task<string> RunAsync(IWorkflowContext context, string input);
}

/// <summary>A workflow with what it takes and gives, as JSON.</summary>
public sealed record WorkflowDefinition<TIn, TOut>(
    string Name, int Version, JsonTypeInfo<TIn> Input, JsonTypeInfo<TOut> Output, Func<IWorkflowContext, TIn, Task<TOut>> Run) : WorkflowDefinition(Name, Version)
{
    /// <inheritdoc />
    public override async Task<string> RunAsync(IWorkflowContext context, string input) =>
        JsonSerializer.Serialize(await Run(context, JsonSerializer.Deserialize(input, Input)!), Output);
}

/// <summary>An event that instances can be told of, by its name, and what it carries.</summary>
public sealed record EventDefinition<T>(string Name, JsonTypeInfo<T> Payload);

/// <summary>The workflows and activities that a program can run, by name.</summary>
public sealed class WorkflowRegistry
{
    private readonly Dictionary<string, WorkflowDefinition> _workflows = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Func<string, CancellationToken, Task<string>>> _activities = new(StringComparer.Ordinal);

    /// <summary>What steps are measured by; null where nobody measures.</summary>
    public WorkflowMetrics? Metrics { get; init; }

    /// <summary>Names of the workflows.</summary>
    public IReadOnlyCollection<string> Workflows => _workflows.Keys;

    /// <summary>Names of the activities.</summary>
    public IReadOnlyCollection<string> Activities => _activities.Keys;

    /// <summary>Adds a workflow.</summary>
    public WorkflowRegistry Add(WorkflowDefinition workflow)
    {
        _workflows.Add(workflow.Name, workflow);
        return this;
    }

    /// <summary>Adds an activity and what does it.</summary>
    public WorkflowRegistry Add<TIn, TOut>(ActivityDefinition<TIn, TOut> activity, Func<TIn, CancellationToken, Task<TOut>> run)
    {
        _activities.Add(activity.Name, async (input, cancellationToken) =>
            JsonSerializer.Serialize(await run(JsonSerializer.Deserialize(input, activity.Input)!, cancellationToken), activity.Output));
        return this;
    }

    /// <summary>The workflow of a name, or null.</summary>
    public WorkflowDefinition? Workflow(string name) => _workflows.GetValueOrDefault(name);

    /// <summary>Does an activity, with input and output as JSON; one that is not known fails for good.</summary>
    public Task<string> RunAsync(string activity, string input, CancellationToken cancellationToken) => RunAsync(activity, input, null, cancellationToken);

    /// <summary>The same for a run whose steps are of one trace by its id; null where the engine has a trace of its own under way.</summary>
    public async Task<string> RunAsync(string activity, string input, string? run, CancellationToken cancellationToken)
    {
        if (!_activities.TryGetValue(activity, out var work))
        {
            throw new PermanentFailureException($"This version of the program has no activity '{activity}'.");
        }

        using var span = WorkflowTraces.Step(activity, run);
        var (began, outcome) = (TimeProvider.System.GetTimestamp(), "failed");
        try
        {
            var output = await work(input, cancellationToken);
            outcome = "done";
            return output;
        }
        catch (Exception e)
        {
            outcome = cancellationToken.IsCancellationRequested ? "cancelled" : "failed";
            span?.SetStatus(ActivityStatusCode.Error, e.GetType().Name); // what it says may name a file
            throw;
        }
        finally
        {
            Metrics?.Step(activity, outcome, TimeProvider.System.GetElapsedTime(began));
        }
    }
}
