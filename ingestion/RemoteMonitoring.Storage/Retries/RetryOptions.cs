using System.IO.Hashing;
using System.Text;

namespace RemoteMonitoring.Storage.Retries;

/// <summary>How often, and after what pauses, a store is asked again when a fault may pass by itself.</summary>
public sealed record RetryOptions
{
    /// <summary>Attempts in all, the first among them. Default 5; 1 to 100.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>Pause before the second attempt; it doubles for each further one. Default 0.25 s.</summary>
    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromSeconds(0.25);

    /// <summary>Longest pause. Default 10 s.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Told of each fault after which it is tried again, for a log or a metric; default nobody.</summary>
    public Action<Exception>? Retrying { get; init; }

    /// <summary>What is wrong, in one line that names the setting and what is allowed; null when nothing is.</summary>
    public string? Problem() => this switch
    {
        { Attempts: < 1 or > 100 } => $"{nameof(Attempts)} is {Attempts}; it may be 1 to 100.",
        { FirstDelay: var delay } when delay <= TimeSpan.Zero => $"{nameof(FirstDelay)} is {delay}; it must be more than nothing.",
        { MaxDelay: var delay } when delay < FirstDelay || delay > TimeSpan.FromHours(1) => $"{nameof(MaxDelay)} is {delay}; it may be {nameof(FirstDelay)} ({FirstDelay}) to 1 h.",
        _ => null,
    };

    /// <summary>
    /// The pause after so many attempts: half of it to all of it, by attempt and <paramref name="subject"/>, so that calls that failed
    /// together do not come again together; the same for the same.
    /// </summary>
    public TimeSpan DelayAfter(int attempts, string subject)
    {
        var whole = Math.Min(FirstDelay.TotalSeconds * Math.Pow(2, attempts - 1), MaxDelay.TotalSeconds);
        var share = XxHash32.HashToUInt32(Encoding.UTF8.GetBytes(subject), attempts) / (double)uint.MaxValue;
        return TimeSpan.FromSeconds(whole * (0.5 + (0.5 * share)));
    }
}
