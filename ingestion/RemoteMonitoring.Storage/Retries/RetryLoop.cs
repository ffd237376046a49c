namespace RemoteMonitoring.Storage.Retries;

/// <summary>Tries a call until it works, fails in a way that stays, or has failed often enough: then the last fault is thrown.</summary>
internal sealed class RetryLoop
{
    private readonly RetryOptions _options;
    private readonly TimeProvider _time;

    public RetryLoop(RetryOptions options, TimeProvider time)
    {
        _options = options.Problem() is { } problem ? throw new ArgumentException(problem, nameof(options)) : options;
        _time = time;
    }

    /// <summary>Whether a fault after so many attempts in a row is worth another; says so to who listens.</summary>
    public bool IsTriedAgain(Exception fault, int attempts)
    {
        if (attempts >= _options.Attempts || !TransientFault.Is(fault))
        {
            return false;
        }

        _options.Retrying?.Invoke(fault);
        return true;
    }

    /// <summary>Pauses after so many attempts.</summary>
    public Task PauseAsync(int attempts, string subject, CancellationToken cancellationToken) =>
        Task.Delay(_options.DelayAfter(attempts, subject), _time, cancellationToken);

    /// <param name="subject">What pauses differ by: a path, an id.</param>
    /// <param name="attempt">The call; it is told whether an earlier attempt may have been done although it failed.</param>
    /// <param name="cancellationToken">Stops it, also while it pauses.</param>
    public async Task<T> RunAsync<T>(string subject, Func<bool, Task<T>> attempt, CancellationToken cancellationToken)
    {
        for (var attempts = 1; ; attempts++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                return await attempt(attempts > 1);
            }
            catch (Exception e) when (IsTriedAgain(e, attempts))
            {
            }

            await PauseAsync(attempts, subject, cancellationToken);
        }
    }
}
