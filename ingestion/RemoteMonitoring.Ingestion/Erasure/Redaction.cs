using System.Text;
using System.Text.Json;
using RemoteMonitoring.Storage.Erasure;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Mappings;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Ingestion.Erasure;

/// <summary>What was taken from messages.</summary>
/// <param name="Messages">Messages erased: their offsets stay, and nothing of them.</param>
/// <param name="Rewritten">Messages that hold other readings too, and go on without those that were erased.</param>
/// <param name="OthersLost">Readings of others that went with a message, because its form does not allow to take one reading out.</param>
public readonly record struct RedactedMessages(int Messages, int Rewritten, int OthersLost)
{
    /// <summary>Whether anything was.</summary>
    public bool Any => Messages > 0 || Rewritten > 0;

    /// <summary>Both.</summary>
    public static RedactedMessages operator +(RedactedMessages a, RedactedMessages b) =>
        new(a.Messages + b.Messages, a.Rewritten + b.Rewritten, a.OthersLost + b.OthersLost);
}

/// <summary>
/// Takes erased readings out of messages, at the door and where they lie. A message is an erased patient's where it is from a
/// device of theirs and holds a reading taken while it was; a rejected reading, whose time nobody trusts, counts as taken
/// when the hub had it. Where it holds others' readings too (the device changed hands), those stay if the body is in the
/// canonical form, which can go on without some of its readings; else the whole message goes. A line that is no message goes
/// where it names an erased patient, or a device of one. Safe for several threads; free of cost where nothing was erased.
/// </summary>
public sealed class Redaction(Erasures erasures)
{
    private static readonly string s_canonical = MappingSet.Bundled.Fallback.Label;

    /// <summary>Takes nothing.</summary>
    public static Redaction None { get; } = new(Erasures.None);

    /// <summary>What it goes by.</summary>
    public Erasures Erasures => erasures;

    /// <summary>Number of the erasure that files are marked with: the last, unless an earlier one is being completed.</summary>
    public int Sequence { get; init; } = erasures.Count;

    /// <summary>Takes out of a batch what was erased.</summary>
    /// <param name="batch">Envelopes, stamped or not yet.</param>
    /// <param name="judges">All by which the messages are or were read.</param>
    public RedactedMessages Apply(EnvelopeBatch batch, IReadOnlyList<ReadingExtractor> judges)
    {
        var counts = default(RedactedMessages);
        if (erasures.Count == 0)
        {
            return counts;
        }

        for (var i = 0; i < batch.Count; i++)
        {
            if (IsCandidate(batch.DeviceId[i], batch.Problem[i]) && !batch.IsErased(i))
            {
                counts += Judge(batch, i, judges);
            }
        }

        return counts;
    }

    /// <summary>Whether a message may have to do with what was erased, as far as its device says.</summary>
    public bool IsCandidate(string deviceId, string? problem) => erasures.Count > 0 && (problem is not null || erasures.NameDevice(deviceId));

    private RedactedMessages Judge(EnvelopeBatch batch, int row, IReadOnlyList<ReadingExtractor> judges)
    {
        if (batch.Problem[row] is not null)
        {
            if (!Names(batch.Body[row].Span) && !erasures.NameDevice(batch.DeviceId[row]))
            {
                return default;
            }

            batch.Erase(row);
            return new RedactedMessages(1, 0, 0);
        }

        var (some, all, canonical, others) = (false, false, true, 0);
        HashSet<int> gone = [];
        foreach (var judge in judges)
        {
            var (accepted, rejected) = Read(batch, row, judge);
            var erased = ErasedIn(accepted, rejected);
            some |= erased.Count > 0;
            all |= erased.Count > 0 && erased.Count == accepted.Count + rejected.Count;
            canonical &= accepted.Mapping.Concat(rejected.Mapping).All(m => m == s_canonical);
            others = Math.Max(others, accepted.Count + rejected.Count - erased.Count);
            gone.UnionWith(erased);
        }

        if (!some)
        {
            return default;
        }

        if (!all && canonical && Without(batch.Body[row], gone) is { } rest && IsClean(batch, row, rest, judges))
        {
            batch.Body[row] = rest;
            return new RedactedMessages(0, 1, 0);
        }

        batch.Erase(row);
        return new RedactedMessages(1, 0, all ? 0 : others);
    }

    /// <summary>The places of the readings that were erased.</summary>
    private HashSet<int> ErasedIn(ReadingBatch accepted, QuarantineBatch rejected) =>
    [
        .. Enumerable.Range(0, accepted.Count).Where(i => erasures.CoverReading(accepted.DeviceId[i], accepted.EffectiveTime[i], accepted.EnqueuedTime[i])).Select(i => accepted.Ordinal[i]),
        .. Enumerable.Range(0, rejected.Count).Where(i => erasures.CoverReading(rejected.DeviceId[i], rejected.EnqueuedTime[i], rejected.EnqueuedTime[i])).Select(i => rejected.Ordinal[i]),
    ];

    private bool IsClean(EnvelopeBatch batch, int row, byte[] rest, IReadOnlyList<ReadingExtractor> judges)
    {
        var (before, clean) = (batch.Body[row], true);
        batch.Body[row] = rest;
        foreach (var judge in judges)
        {
            var (accepted, rejected) = Read(batch, row, judge);
            clean &= ErasedIn(accepted, rejected).Count == 0;
        }

        batch.Body[row] = before;
        return clean;
    }

    private static (ReadingBatch Accepted, QuarantineBatch Rejected) Read(EnvelopeBatch batch, int row, ReadingExtractor judge)
    {
        var (accepted, rejected) = (new ReadingBatch(), new QuarantineBatch());
        judge.Extract(new ReceivedMessage
        {
            DeviceId = batch.DeviceId[row],
            MessageId = batch.MessageId[row],
            Properties = batch.Properties[row],
            EnqueuedTime = batch.EnqueuedTime[row],
            KnownFrom = 0,
            Offset = batch.Offset[row],
            Body = batch.Body[row].Span,
        }, accepted, rejected);
        return (accepted, rejected);
    }

    /// <summary>A body of the canonical form without some of its readings, and without fields that nobody reads; null where it is not of that form.</summary>
    private static byte[]? Without(ReadOnlyMemory<byte> body, HashSet<int> gone)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            using var rest = new MemoryStream();
            using (var json = new Utf8JsonWriter(rest))
            {
                json.WriteStartObject();
                if (document.RootElement.TryGetProperty("time", out var time))
                {
                    json.WritePropertyName("time");
                    time.WriteTo(json);
                }

                json.WriteStartArray("readings");
                var place = 0;
                foreach (var reading in document.RootElement.GetProperty("readings").EnumerateArray())
                {
                    if (!gone.Contains(place++))
                    {
                        reading.WriteTo(json);
                    }
                }

                json.WriteEndArray();
                json.WriteEndObject();
            }

            return rest.ToArray();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Whether a line that could not be read names an erased patient or a device of one, as a word or between quotes.</summary>
    private bool Names(ReadOnlySpan<byte> line)
    {
        var text = Encoding.UTF8.GetString(line);
        return text.Split('"').Concat(Words(text)).Where(w => w.Length is > 0 and <= 250).Distinct(StringComparer.Ordinal).Any(w => erasures.NamePatient(w) || erasures.NameDevice(w));
    }

    private static IEnumerable<string> Words(string text)
    {
        for (var (start, at) = (0, 0); at <= text.Length; at++)
        {
            if (at == text.Length || !(char.IsLetterOrDigit(text[at]) || text[at] is '-' or '_' or '.'))
            {
                if (at > start)
                {
                    yield return text[start..at];
                }

                start = at + 1;
            }
        }
    }
}
