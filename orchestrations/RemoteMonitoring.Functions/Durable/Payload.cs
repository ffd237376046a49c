using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace RemoteMonitoring.Functions.Durable;

/// <summary>
/// What goes into a step or comes out of it, as the JSON that the step's definition makes of it. It travels as one string: on their way,
/// hosts read and write JSON again, and would make another number or date of it.
/// </summary>
/// <param name="Json">The JSON.</param>
public sealed record Payload(string Json)
{
    internal static Payload Of<T>(T value, JsonTypeInfo<T> type) => new(JsonSerializer.Serialize(value, type));

    internal T Read<T>(JsonTypeInfo<T> type) => JsonSerializer.Deserialize(Json, type)!;
}

/// <summary>What an instance is started with.</summary>
/// <param name="Parent">The instance that called it; null for one that was started.</param>
/// <param name="Input">Its input.</param>
/// <param name="Events">Events that came before it began anew and that nobody took, in their order; null for none.</param>
public sealed record InstanceStart(string? Parent, Payload Input, IReadOnlyList<RaisedEvent>? Events = null);

/// <summary>An event that an instance is told of.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Raised">When it was raised, in Unix milliseconds by the clock of who raised it.</param>
/// <param name="Payload">What it carries.</param>
public sealed record RaisedEvent(string Name, long Raised, Payload Payload)
{
    /// <summary>The one name that Durable Functions knows all events by.</summary>
    public const string Channel = "event";
}

/// <summary>An id that an instance is to have.</summary>
/// <param name="InstanceId">The id.</param>
/// <param name="Owner">Who asks for it: the same again gets the same answer.</param>
public sealed record InstanceClaim(string InstanceId, string Owner);
