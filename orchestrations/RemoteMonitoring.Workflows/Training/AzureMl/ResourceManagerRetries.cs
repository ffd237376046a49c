using System.Globalization;
using Azure.Core;
using Azure.Core.Pipeline;

namespace RemoteMonitoring.Workflows.Training.AzureMl;

/// <summary>
/// Three further tries, after growing pauses or as long as Azure Resource Manager says. Where it says longer than <see cref="Longest"/>
/// the answer stands: a step does not sleep for an hour, its workflow asks again later.
/// </summary>
/// <param name="firstPause">Pause before the second try, doubled for each further one.</param>
internal sealed class ResourceManagerRetries(TimeSpan firstPause) : RetryPolicy(3, DelayStrategy.CreateExponentialDelayStrategy(firstPause, Longest))
{
    /// <summary>The longest pause that is waited for.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    /// <inheritdoc />
    protected override bool ShouldRetry(HttpMessage message, Exception? exception) => !AsksForLonger(message) && base.ShouldRetry(message, exception);

    /// <inheritdoc />
    protected override ValueTask<bool> ShouldRetryAsync(HttpMessage message, Exception? exception) =>
        AsksForLonger(message) ? new(false) : base.ShouldRetryAsync(message, exception);

    private static bool AsksForLonger(HttpMessage message) => message.HasResponse && message.Response.Headers.TryGetValue("Retry-After", out var text)
        && (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? TimeSpan.FromSeconds(seconds)
            : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) && message.Response.Headers.Date is { } now ? at - now
            : TimeSpan.Zero) > Longest;
}
