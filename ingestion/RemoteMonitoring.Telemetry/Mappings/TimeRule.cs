using NodaTime;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Telemetry.Mappings;

/// <summary>How an instant is written.</summary>
internal enum TimeFormat
{
    /// <summary>ISO 8601 text.</summary>
    Iso8601,

    /// <summary>Seconds since 1970, a number or text that is one, with or without a fraction.</summary>
    EpochSeconds,

    /// <summary>Milliseconds since 1970.</summary>
    EpochMilliseconds,

    /// <summary>Seconds as RFC 8428 has them: since 1970, or, below 2^28, from now, which is when the hub had the message.</summary>
    SenMLSeconds,
}

/// <summary>One place where an instant may stand: text or a number of the body, or an application property.</summary>
internal sealed record TimeSource(TextExpression? Text, NumberExpression? Number, string Description, byte[]? Property, TimeFormat Format, DateTimeZone? Zone)
{
    /// <summary>The instant, in Unix microseconds.</summary>
    public Found Evaluate(ref Evaluation e, in ReadingOutput output, out long time)
    {
        time = 0;
        if (Number is not null)
        {
            var found = Number.Evaluate(ref e, out var number);
            return found == Found.Value && !TryFromNumber(number, output.EnqueuedTime, out time) ? IsNoInstant(ref e) : found;
        }

        if (Property is not null)
        {
            // Many a device's clock or library writes these, not its maker: one that cannot be read is as if it were not there.
            Span<byte> value = stackalloc byte[64];
            return output.TryGetProperty(Property, value, out var length) && TryFromText(value[..length], output.EnqueuedTime, out time) ? Found.Value : Found.Absent;
        }

        var foundText = Text!.Evaluate(ref e, out var text);
        return foundText == Found.Value && !TryFromText(text, output.EnqueuedTime, out time) ? IsNoInstant(ref e) : foundText;
    }

    private Found IsNoInstant(ref Evaluation e)
    {
        e.Problem = Format == TimeFormat.Iso8601
            ? Zone is null ? $"{Description} is not an ISO 8601 instant with its offset" : $"{Description} is not an ISO 8601 time"
            : $"{Description} is not an instant in {(Format == TimeFormat.EpochMilliseconds ? "milliseconds" : "seconds")} since 1970";
        return Found.Bad;
    }

    private bool TryFromText(ReadOnlySpan<byte> text, long enqueued, out long time)
    {
        time = 0;
        if (Format != TimeFormat.Iso8601)
        {
            return Evaluation.TryParse(text, out var number) && TryFromNumber(number, enqueued, out time);
        }

        return Iso8601.TryParse(text, out time, out var hasOffset)
            && (hasOffset || (Zone is not null && LocalTime.TryToInstant(time, Zone, out time)));
    }

    private bool TryFromNumber(double number, long enqueued, out long time)
    {
        var seconds = Format == TimeFormat.EpochMilliseconds ? number / 1000 : number;
        time = 0;
        if (!(Math.Abs(seconds) < 1e12))
        {
            return false;
        }

        time = (long)Math.Round(seconds * 1e6);
        if (Format == TimeFormat.SenMLSeconds && seconds < 1 << 28)
        {
            if (enqueued == ReceivedMessage.UnknownTime)
            {
                return false;
            }

            time += enqueued;
        }

        return Iso8601.IsInRange(time);
    }
}

/// <summary>When a reading was taken: the first of several places where its time may stand, else when the hub had the message.</summary>
internal sealed record TimeRule(TimeSource[] Sources, bool IsRequired)
{
    public Found Evaluate(ref Evaluation e, in ReadingOutput output, out long time)
    {
        foreach (var source in Sources)
        {
            if (source.Evaluate(ref e, in output, out time) is var found and not Found.Absent)
            {
                return found;
            }
        }

        time = output.EnqueuedTime;
        return IsRequired || time == ReceivedMessage.UnknownTime ? Found.Absent : Found.Value;
    }
}
