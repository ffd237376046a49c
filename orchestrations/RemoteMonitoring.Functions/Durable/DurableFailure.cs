using System.Text.Json;
using Microsoft.DurableTask;
using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Functions.Durable;

/// <summary>Thrown out of a function, so that the failure is in the history as Durable Functions keeps it: its message is the <see cref="Failure"/>, as JSON.</summary>
public sealed class DurableFailureException(Failure failure, Exception? inner = null) : Exception(DurableFailure.Write(failure), inner)
{
    /// <summary>Why.</summary>
    public Failure Failure { get; } = failure;
}

/// <summary>Reads failures from what a history keeps.</summary>
internal static class DurableFailure
{
    /// <summary>As JSON without a colon and a blank after it: hosts take what stands before those for the type of an exception.</summary>
    public static string Write(Failure failure) => failure.ToJson().Replace(": ", @":\u0020", StringComparison.Ordinal);

    /// <summary>
    /// Why it failed. What no function of ours threw (a process that died, a function that took longer than the host allows) may come out
    /// otherwise the next time.
    /// </summary>
    /// <param name="details">What the history says; null where it says nothing.</param>
    /// <param name="output">What the instance gave instead of an output, for backends that keep nothing else.</param>
    public static Failure Of(TaskFailureDetails? details, string? output = null)
    {
        for (var next = details; next is not null; next = next.InnerFailure)
        {
            if (TryRead(next.ErrorMessage) is { } failure)
            {
                return failure;
            }
        }

        if (output is not null && TryRead(output) is { } read)
        {
            return read;
        }

        var type = details?.ErrorType ?? "unknown";
        return new Failure(type, details?.ErrorMessage ?? output ?? "It failed, and nothing says why.", !type.Contains("NonDeterministic", StringComparison.Ordinal));
    }

    /// <summary>The failure in a message, around which hosts may write words of their own.</summary>
    private static Failure? TryRead(string message)
    {
        const string Begin = "{\"type\":";
        var begin = message.IndexOf(Begin, StringComparison.Ordinal);
        if (begin < 0)
        {
            return null;
        }

        try
        {
            var reader = new Utf8JsonReader(System.Text.Encoding.UTF8.GetBytes(message[begin..]));
            using var document = JsonDocument.ParseValue(ref reader);
            return Failure.Read(document.RootElement.GetRawText());
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
