using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;

namespace RemoteMonitoring.Ingestion.Gateway;

/// <summary>Logs refusals so that a flood of them is no flood of lines: the first of each reason, then how many more there were.</summary>
internal sealed class RefusalLog(ILogger logger, TimeProvider time)
{
    private static readonly TimeSpan s_every = TimeSpan.FromSeconds(10);
    private readonly ConcurrentDictionary<Refusal, Count> _counts = new();

    /// <param name="refusal">Why.</param>
    /// <param name="deviceId">The authenticated device, if it came so far.</param>
    public void Add(Refusal refusal, string? deviceId)
    {
        var count = _counts.GetOrAdd(refusal, _ => new Count());
        lock (count)
        {
            if (count.Since is not null)
            {
                count.More++;
                return;
            }

            count.Since = time.GetTimestamp();
        }

        Log.GatewayRefused(logger, refusal.ToText(), deviceId is null ? "not known" : Hash(deviceId));
    }

    /// <summary>Says what has gathered, once in a while.</summary>
    public void Flush()
    {
        foreach (var (refusal, count) in _counts)
        {
            long more;
            lock (count)
            {
                if (count.Since is not { } since || time.GetElapsedTime(since) < s_every)
                {
                    continue;
                }

                more = count.More;
                count.More = 0;
                count.Since = more > 0 ? time.GetTimestamp() : null;
            }

            if (more > 0)
            {
                Log.GatewayRefusedMore(logger, more, (int)s_every.TotalSeconds, refusal.ToText());
            }
        }
    }

    /// <summary>Tells devices apart in a log without naming them.</summary>
    private static string Hash(string deviceId) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(deviceId)).AsSpan(0, 4));

    private sealed class Count
    {
        public long? Since { get; set; }

        public long More { get; set; }
    }
}
