using System.Text.Json;
using System.Text.Json.Serialization;
using RemoteMonitoring.Risk.Elsewhere;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Workflows.Engine;

/// <summary>Why an activity or a workflow failed: what histories keep of an exception.</summary>
/// <param name="Type">Full name of the exception's type.</param>
/// <param name="Message">Its message.</param>
/// <param name="Retryable">Whether the same again may come out otherwise.</param>
/// <param name="Step">The step that failed first, where it was one of another workflow.</param>
public sealed record Failure(string Type, string Message, bool Retryable, string? Step = null)
{
    /// <summary>What is kept of an exception.</summary>
    public static Failure Of(Exception exception) => exception switch
    {
        StepFailedException failed => failed.Failure with { Step = failed.Failure.Step is null ? failed.StepName : $"{failed.StepName} > {failed.Failure.Step}" },
        AggregateException { InnerExceptions: [var inner, ..] } => Of(inner),
        _ => new Failure(exception.GetType().FullName!, exception.Message, IsRetryable(exception)),
    };

    /// <summary>As JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, FailureJson.Default.Failure);

    /// <summary>Reads it.</summary>
    public static Failure Read(string json) => JsonSerializer.Deserialize(json, FailureJson.Default.Failure)!;

    /// <inheritdoc />
    public override string ToString() => Step is null ? Message : $"{Step}: {Message}";

    // What a program or its user did wrong comes out the same again, and what a store says of a file; all else may be the network or the memory.
    private static bool IsRetryable(Exception exception) =>
        exception is LakeException fault ? fault.IsTransient
        : exception is ElsewhereException elsewhere ? elsewhere.MayPass
        : exception is not (PermanentFailureException or NonDeterminismException or ArgumentException or NotSupportedException or JsonException or NullReferenceException or InvalidCastException);
}

/// <summary>An activity or another workflow that this workflow had called failed.</summary>
public sealed class StepFailedException(string stepName, Failure failure) : Exception($"{stepName} failed: {failure}")
{
    /// <summary>Name of the activity or workflow.</summary>
    public string StepName { get; } = stepName;

    /// <summary>Why.</summary>
    public Failure Failure { get; } = failure;
}

/// <summary>Thrown by an activity where trying again cannot help.</summary>
public sealed class PermanentFailureException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A workflow was called under an id that an instance has, or had.</summary>
public sealed class InstanceExistsException(string message) : Exception(message)
{
    /// <summary>As <see cref="Failure.Type"/> names it.</summary>
    public static string TypeName => typeof(InstanceExistsException).FullName!;
}

/// <summary>A workflow was run again and asked for something else than the last time: its code was changed under it, or takes something from elsewhere.</summary>
public sealed class NonDeterminismException(string message) : Exception(message);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Failure))]
internal sealed partial class FailureJson : JsonSerializerContext;
