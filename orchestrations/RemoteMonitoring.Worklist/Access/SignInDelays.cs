namespace RemoteMonitoring.Worklist.Access;

/// <summary>
/// How long a name has to wait before the next attempt to sign in: after a few failures longer with each. Names of users and of nobody are treated
/// alike. Kept in memory, by this process. Safe for several tasks at once.
/// </summary>
public sealed class SignInDelays(TimeProvider time)
{
    /// <summary>Failures that cost nothing: people mistype.</summary>
    public const int Free = 5;

    /// <summary>The longest delay: somebody else's attempts shall not keep a user out for a morning.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(5);

    private const int MostNames = 10_000;

    private static readonly TimeSpan s_forgotten = TimeSpan.FromHours(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, (int Failures, DateTimeOffset Last)> _names = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>How long a name has to wait from now on; zero where it need not.</summary>
    public TimeSpan Wait(string name)
    {
        lock (_gate)
        {
            return _names.TryGetValue(name, out var so) && so.Last + DelayAfter(so.Failures) - time.GetUtcNow() is { Ticks: > 0 } wait ? wait : TimeSpan.Zero;
        }
    }

    /// <summary>An attempt begins and counts as failed until <see cref="Succeeded"/>: of many at once each waits for the one before.</summary>
    public void Attempt(string name)
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            if (_names.Count >= MostNames && !_names.ContainsKey(name))
            {
                foreach (var (old, _) in _names.Where(n => now - n.Value.Last > s_forgotten).Concat(_names.OrderBy(n => n.Value.Last).Take(MostNames / 10)).ToArray())
                {
                    _names.Remove(old);
                }
            }

            var before = _names.TryGetValue(name, out var so) && now - so.Last <= s_forgotten ? so.Failures : 0;
            _names[name] = (before + 1, now);
        }
    }

    /// <summary>The attempt did not fail.</summary>
    public void Succeeded(string name)
    {
        lock (_gate)
        {
            _names.Remove(name);
        }
    }

    private static TimeSpan DelayAfter(int failures) => failures < Free ? TimeSpan.Zero
        : TimeSpan.FromSeconds(Math.Min(Longest.TotalSeconds, Math.Pow(2, Math.Min(failures - Free, 20))));
}
