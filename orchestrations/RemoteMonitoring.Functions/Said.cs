using System.Collections.Concurrent;

namespace RemoteMonitoring.Functions;

/// <summary>What was said last about each thing: timers look again and again, and what stays wrong is said when it begins and when it changes, not at each look. Safe for several threads.</summary>
internal sealed class Said
{
    private readonly ConcurrentDictionary<string, string> _last = new(StringComparer.Ordinal);

    /// <summary>Whether something else is to be said now than was before.</summary>
    public bool IsNews(string about, string what)
    {
        var before = _last.GetValueOrDefault(about);
        _last[about] = what;
        return before != what;
    }

    /// <summary>It is well again: the same would be news.</summary>
    public void Forget(string about) => _last.TryRemove(about, out _);
}
