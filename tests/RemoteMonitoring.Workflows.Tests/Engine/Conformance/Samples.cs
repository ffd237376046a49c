using System.Collections.Concurrent;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Workflows.Tests.Engine.Conformance;

/// <summary>What activities of the samples do: gates that tests open, and how often each was asked for. It outlives a crash of the engine, as the world does.</summary>
public sealed class Gates
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _gates = new();
    private readonly ConcurrentDictionary<string, int> _asked = new();

    /// <summary>Lets the activity that waits for it end, now or when it comes.</summary>
    public void Open(string name) => Gate(name).TrySetResult();

    /// <summary>How often an activity came to it.</summary>
    public int Asked(string name) => _asked.GetValueOrDefault(name);

    /// <summary>Waits for it to be opened.</summary>
    public async Task<string> PassAsync(string name, CancellationToken cancellationToken)
    {
        _asked.AddOrUpdate(name, 1, (_, n) => n + 1);
        await Gate(name).Task.WaitAsync(cancellationToken);
        return name;
    }

    private TaskCompletionSource Gate(string name) => _gates.GetOrAdd(name, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
}

/// <summary>What goes through serialisation as it is, or not at all.</summary>
public sealed record Odd(double Value, string? Text, IReadOnlyList<double?>? Many, Odd? Inner);

/// <summary>Activities and workflows of the conformance suite.</summary>
public static class Samples
{
    private static readonly SampleJson s_json = SampleJson.Default;

    /// <summary>Waits for a gate, and gives its name back.</summary>
    public static readonly ActivityDefinition<string, string> Gate = new("gate", s_json.String, s_json.String);

    /// <summary>The same, without heed to its token: nothing ends it early.</summary>
    public static readonly ActivityDefinition<string, string> DeafGate = new("deaf-gate", s_json.String, s_json.String);

    /// <summary>Adds one.</summary>
    public static readonly ActivityDefinition<int, int> Next = new("next", s_json.Int32, s_json.Int32);

    /// <summary>Gives back what it got.</summary>
    public static readonly ActivityDefinition<Odd, Odd> Echo = new("echo", s_json.Odd, s_json.Odd);

    /// <summary>Fails: "for good: …" permanently, "until:N" with an exception that may pass until it was called N times, else with one that may pass.</summary>
    public static readonly ActivityDefinition<string, int> Fail = new("fail", s_json.String, s_json.Int32);

    /// <summary>An event that carries text.</summary>
    public static readonly EventDefinition<string> Said = new("said", s_json.String);

    /// <summary>The same, spelt otherwise.</summary>
    public static readonly EventDefinition<string> SaidAloud = new("SAID", s_json.String);

    /// <summary>An event that lets a sample go on.</summary>
    public static readonly EventDefinition<string> Go = new("go", s_json.String);

    /// <summary>A workflow of text.</summary>
    public static WorkflowDefinition<string, string> Of(string name, Func<IWorkflowContext, string, Task<string>> run) => new(name, 1, s_json.String, s_json.String, run);

    /// <summary>A workflow of numbers.</summary>
    public static WorkflowDefinition<int, int> OfNumber(string name, Func<IWorkflowContext, int, Task<int>> run) => new(name, 1, s_json.Int32, s_json.Int32, run);

    /// <summary>Text as JSON.</summary>
    public static JsonTypeInfo<string> Text => s_json.String;

    /// <summary>Numbers as JSON.</summary>
    public static JsonTypeInfo<int> Number => s_json.Int32;

    /// <summary>Odd values as JSON.</summary>
    public static JsonTypeInfo<Odd> OddValue => s_json.Odd;

    /// <summary>A registry of all activities above, over these gates, and some workflows.</summary>
    public static WorkflowRegistry Registry(Gates gates, params WorkflowDefinition[] workflows)
    {
        var registry = new WorkflowRegistry()
            .Add(Gate, gates.PassAsync)
            .Add(DeafGate, (name, _) => gates.PassAsync(name, CancellationToken.None))
            .Add(Next, (n, _) => Task.FromResult(n + 1))
            .Add(Echo, (odd, _) => Task.FromResult(odd))
            .Add(Fail, (how, cancellationToken) => FailAsync(gates, how, cancellationToken));
        foreach (var workflow in workflows)
        {
            registry.Add(workflow);
        }

        return registry;
    }

    private static async Task<int> FailAsync(Gates gates, string how, CancellationToken cancellationToken)
    {
        gates.Open($"fail {how}");
        await gates.PassAsync($"fail {how}", cancellationToken);
        var called = gates.Asked($"fail {how}");
        if (how.StartsWith("until:", StringComparison.Ordinal) && called >= int.Parse(how["until:".Length..], System.Globalization.CultureInfo.InvariantCulture))
        {
            return called;
        }

        throw how.StartsWith("for good", StringComparison.Ordinal) ? new PermanentFailureException(how) : new TimeoutException(how);
    }
}

[JsonSourceGenerationOptions(NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(Odd))]
internal sealed partial class SampleJson : JsonSerializerContext;
