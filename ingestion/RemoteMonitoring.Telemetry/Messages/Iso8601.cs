namespace RemoteMonitoring.Telemetry.Messages;

/// <summary>
/// Reads the instants devices send: <c>YYYY-MM-DDThh:mm[:ss[.fraction]][Z|±hh:mm]</c>, a blank accepted for the <c>T</c>.
/// A time without an offset is taken as UTC, since a device cannot know the reader's zone. Digits past the microsecond are cut off.
/// Offsets reach from -14:00 to +14:00, instants from the first of the year 1 to the last of the year 9999, in UTC.
/// </summary>
public static class Iso8601
{
    private const int MaxOffsetMinutes = 14 * 60;

    private static readonly long s_first = NodaTime.Instant.FromUtc(1, 1, 1, 0, 0).ToUnixMicros();
    private static readonly long s_last = NodaTime.Instant.MaxValue.ToUnixMicros();

    /// <summary>False when the text is not of this form, or names no real date.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out long unixMicros) => TryParse(text, out unixMicros, out _);

    /// <summary>Whether an instant lies within the years that this class reads and writes.</summary>
    internal static bool IsInRange(long unixMicros) => unixMicros >= s_first && unixMicros <= s_last;

    /// <summary>As the other, and says whether the text has an offset, and so names an instant on its own.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> text, out long unixMicros, out bool hasOffset)
    {
        unixMicros = 0;
        hasOffset = false;
        var p = 0;
        if (!Digits(text, ref p, 4, out var year) || !Skip(text, ref p, (byte)'-') || !Digits(text, ref p, 2, out var month)
            || !Skip(text, ref p, (byte)'-') || !Digits(text, ref p, 2, out var day)
            || !(Skip(text, ref p, (byte)'T') || Skip(text, ref p, (byte)' ') || Skip(text, ref p, (byte)'t'))
            || !Digits(text, ref p, 2, out var hour) || !Skip(text, ref p, (byte)':') || !Digits(text, ref p, 2, out var minute))
        {
            return false;
        }

        var second = 0;
        var micros = 0L;
        if (Skip(text, ref p, (byte)':'))
        {
            if (!Digits(text, ref p, 2, out second))
            {
                return false;
            }

            if ((Skip(text, ref p, (byte)'.') || Skip(text, ref p, (byte)',')) && !Fraction(text, ref p, out micros))
            {
                return false;
            }
        }

        hasOffset = p < text.Length;
        if (!Offset(text, ref p, out var offsetMinutes) || p != text.Length)
        {
            return false;
        }

        if (year < 1 || month is < 1 or > 12 || day < 1 || day > DateTime.DaysInMonth(year, month)
            || hour > 23 || minute > 59 || second > 59)
        {
            return false;
        }

        var days = new DateOnly(year, month, day).DayNumber - new DateOnly(1970, 1, 1).DayNumber;
        var minutes = (((days * 24L) + hour) * 60) + minute - offsetMinutes;
        unixMicros = (((minutes * 60) + second) * 1_000_000) + micros;
        return IsInRange(unixMicros); // an offset may lead out of the years there are
    }

    private static bool Digits(ReadOnlySpan<byte> text, ref int p, int count, out int value)
    {
        value = 0;
        if (text.Length - p < count)
        {
            return false;
        }

        for (var i = 0; i < count; i++, p++)
        {
            var digit = text[p] - '0';
            if ((uint)digit > 9)
            {
                return false;
            }

            value = (value * 10) + digit;
        }

        return true;
    }

    private static bool Skip(ReadOnlySpan<byte> text, ref int p, byte expected)
    {
        if (p >= text.Length || text[p] != expected)
        {
            return false;
        }

        p++;
        return true;
    }

    private static bool Fraction(ReadOnlySpan<byte> text, ref int p, out long micros)
    {
        micros = 0;
        var scale = 100_000L;
        var start = p;
        for (; p < text.Length && (uint)(text[p] - '0') <= 9; p++)
        {
            micros += (text[p] - '0') * scale;
            scale /= 10;
        }

        return p > start;
    }

    private static bool Offset(ReadOnlySpan<byte> text, ref int p, out int minutes)
    {
        minutes = 0;
        if (p == text.Length || Skip(text, ref p, (byte)'Z') || Skip(text, ref p, (byte)'z'))
        {
            return true;
        }

        var negative = text[p] == '-';
        if (!negative && text[p] != '+')
        {
            return false;
        }

        p++;
        if (!Digits(text, ref p, 2, out var hours))
        {
            return false;
        }

        Skip(text, ref p, (byte)':');
        if (!Digits(text, ref p, 2, out var rest) || rest > 59)
        {
            return false;
        }

        minutes = ((hours * 60) + rest) * (negative ? -1 : 1);
        return Math.Abs(minutes) <= MaxOffsetMinutes;
    }
}
