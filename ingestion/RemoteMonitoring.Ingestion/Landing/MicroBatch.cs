using System.Text;
using RemoteMonitoring.Ingestion.Sources;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Messages;

namespace RemoteMonitoring.Ingestion.Landing;

/// <summary>
/// Envelopes on their way into one bronze file, stamped with when we had them: by our clock, or for data of the past by the
/// hub's. Known and landed times never fall along a partition, whatever clocks do.
/// </summary>
public sealed class MicroBatch
{
    private readonly TextPool _devices = new();

    /// <summary>The envelopes.</summary>
    public EnvelopeBatch Envelopes { get; } = new();

    /// <summary>Bytes of their bodies, and of what is held of them in text.</summary>
    public long Bytes { get; private set; }

    /// <summary>When they land, Unix microseconds.</summary>
    public long Landed { get; private set; }

    /// <summary>Forgets all, to be used again.</summary>
    public void Clear()
    {
        Envelopes.Clear();
        Bytes = 0;
    }

    /// <summary>Adds a record as its source gave it.</summary>
    public void Add(in StreamRecord record) =>
        Add(record.Offset, record.DeviceId, record.MessageId, record.EnqueuedTime, record.Properties, record.Body, record.Problem);

    /// <summary>Adds a line of a file: a routed message, or what is none. The body stays where it is.</summary>
    public void Add(long offset, ReadOnlyMemory<byte> line)
    {
        if (RoutedLine.TryRead(line.Span, out var routed))
        {
            Add(
                offset,
                _devices.Get(routed.DeviceId),
                routed.MessageId.IsEmpty ? null : Encoding.ASCII.GetString(routed.MessageId),
                routed.EnqueuedTime,
                null,
                line.Slice(line.Length - 1 - routed.Body.Length, routed.Body.Length), // the body ends before the last brace
                null);
        }
        else if (RoutedMessageJson.TryParse(line.Span, out var message, out var problem))
        {
            Add(offset, message!.DeviceId, message.MessageId, message.EnqueuedTime.ToUnixMicros(), EnvelopeProperties.Format(message.Properties), message.Body, null);
        }
        else
        {
            Add(offset, "", null, long.MinValue, null, line, problem);
        }
    }

    /// <summary>
    /// Stamps the batch with when we have it: <paramref name="now"/>, or where <paramref name="imported"/> is set when the hub
    /// had each message, but never later than now nor earlier than what is known already.
    /// </summary>
    /// <returns>The greatest known time.</returns>
    public long Stamp(long known, long landed, long now, bool imported)
    {
        Landed = Math.Max(landed, now);
        var (enqueued, stamped) = (Envelopes.EnqueuedTime, Envelopes.KnownTime);
        stamped.Clear();
        for (var i = 0; i < enqueued.Count; i++)
        {
            var at = imported ? Math.Min(enqueued[i], now) : now;
            known = Math.Max(known, at);
            known = known == long.MinValue ? 0 : known; // a line that is no message, before the first that is
            stamped.Add(known);
            if (Envelopes.Problem[i] is not null && enqueued[i] == long.MinValue)
            {
                enqueued[i] = known;
            }
        }

        return known;
    }

    /// <summary>Whether the batch can be appended as it is stamped: at the chain's end, and known and landed no sooner than it.</summary>
    public bool Follows(PartitionChain chain) =>
        Envelopes.Count > 0 && Envelopes.Offset[0] == chain.Next && Envelopes.KnownTime[0] >= chain.Known && Landed >= chain.Landed;

    /// <summary>Leaves what has not landed meanwhile, known no earlier than what has.</summary>
    public void Adopt(PartitionChain chain)
    {
        Envelopes.RemoveBefore(chain.Next);
        Landed = Math.Max(Landed, chain.Landed);
        for (var i = 0; i < Envelopes.Count; i++)
        {
            Envelopes.KnownTime[i] = Math.Max(Envelopes.KnownTime[i], chain.Known);
        }
    }

    private void Add(long offset, string device, string? id, long enqueued, string? properties, ReadOnlyMemory<byte> body, string? problem)
    {
        Envelopes.Offset.Add(offset);
        Envelopes.DeviceId.Add(device);
        Envelopes.MessageId.Add(id);
        Envelopes.EnqueuedTime.Add(enqueued);
        Envelopes.Properties.Add(properties);
        Envelopes.Body.Add(body);
        Envelopes.Problem.Add(problem);
        Bytes += body.Length + (2L * ((properties?.Length ?? 0) + (id?.Length ?? 0)));
    }
}
