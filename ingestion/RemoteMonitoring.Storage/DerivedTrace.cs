using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;

namespace RemoteMonitoring.Storage;

/// <summary>
/// Traces that can be found again without anything being stored: the id of one is the hash of the name of what it tells of, such as a file's path or a run's id. So who reads a file
/// years later links to the trace of who wrote it. The span that such a link names is above the trace's first, and is never sent.
/// </summary>
public static class DerivedTrace
{
    [ThreadStatic]
    private static ActivityTraceId? s_next;

    static DerivedTrace()
    {
        // Spans that are first of their trace ask here for its id, so that samplers see it as they see any other.
        var before = Activity.TraceIdGenerator;
        Activity.TraceIdGenerator = () => s_next ?? before?.Invoke() ?? ActivityTraceId.CreateRandom();
    }

    /// <summary>What a link to the trace of something says.</summary>
    /// <param name="kind">What it is: names of one kind do not meet those of another.</param>
    /// <param name="name">Its name. It is not told: nothing can be read from its hash by who does not know it.</param>
    public static ActivityContext Of(string kind, string name)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{kind}\n{name}"), hash);
        return new ActivityContext(ActivityTraceId.CreateFromBytes(hash[..16]), ActivitySpanId.CreateFromBytes(hash[16..24]), ActivityTraceFlags.Recorded);
    }

    /// <summary>Starts a span that is first of that trace, beside others that are; what is current meanwhile is its caller's to put back. Null where nobody wants it.</summary>
    public static Activity? Start(ActivitySource source, string name, ActivityContext trace, IEnumerable<ActivityLink>? links = null)
    {
        var current = Activity.Current;
        (Activity.Current, s_next) = (null, trace.TraceId);
        try
        {
            var started = source.StartActivity(name, ActivityKind.Internal, default(ActivityContext), null, links);
            Activity.Current = started ?? current;
            return started;
        }
        finally
        {
            s_next = null;
        }
    }

    /// <summary>Leaves a span in that trace which says where to go on: it links to what is current, and has no length.</summary>
    public static void Mark(ActivitySource source, string name, ActivityContext trace)
    {
        if (Activity.Current is { } current)
        {
            Start(source, name, trace, [new ActivityLink(current.Context)])?.Dispose();
            Activity.Current = current;
        }
    }
}
