namespace RemoteMonitoring.Telemetry.Messages;

/// <summary>
/// A routed message as parts of its line, nothing copied. Only lines of the plain form that routing itself writes are read
/// here: no blanks, no escapes and nothing but ASCII outside the body, no property twice, a body that is an object or
/// array. <see cref="RoutedMessageJson"/> reads all others, and gives the same answer for these, several times slower.
/// </summary>
public readonly ref struct RoutedLine
{
    // What a byte does to the depth of an object or array.
    private const byte Ordinary = 0;
    private const byte Quote = 1;
    private const byte Opens = 2;
    private const byte Closes = 3;

    private static readonly byte[] s_kinds = Kinds();

    /// <summary>Authenticated device id, ASCII.</summary>
    public required ReadOnlySpan<byte> DeviceId { get; init; }

    /// <summary>Message id, ASCII; empty where there is none.</summary>
    public required ReadOnlySpan<byte> MessageId { get; init; }

    /// <summary>When the hub had it, Unix microseconds.</summary>
    public required long EnqueuedTime { get; init; }

    /// <summary>The body. That it is well-formed JSON is not checked here, only where it ends.</summary>
    public required ReadOnlySpan<byte> Body { get; init; }

    /// <summary>False where the line is not of the plain form; it may be a good message all the same.</summary>
    public static bool TryRead(ReadOnlySpan<byte> line, out RoutedLine message)
    {
        message = default;
        if (line is not [(byte)'{', (byte)'"', ..])
        {
            return false;
        }

        ReadOnlySpan<byte> device = default, id = default, body = default, enqueued = default;
        var at = 1;
        while (TryName(line, ref at, out var name))
        {
            if (name.SequenceEqual("Body"u8))
            {
                if (!body.IsEmpty || line[..at].ContainsAnyExceptInRange((byte)' ', (byte)'~') || !TrySkipNested(line, ref at, out body))
                {
                    return false;
                }
            }
            else if (name.SequenceEqual("EnqueuedTimeUtc"u8))
            {
                if (!enqueued.IsEmpty || !TryText(line, ref at, out enqueued))
                {
                    return false;
                }
            }
            else if (name.SequenceEqual("SystemProperties"u8))
            {
                if (!device.IsEmpty || !TrySystemProperties(line, ref at, out device, out id))
                {
                    return false;
                }
            }
            else if (!name.SequenceEqual("Properties"u8) || !line[at..].StartsWith("{}"u8))
            {
                return false;
            }
            else
            {
                at += 2;
            }

            if (at >= line.Length || line[at] is not ((byte)',' or (byte)'}'))
            {
                return false;
            }

            if (line[at++] == (byte)'}')
            {
                break;
            }
        }

        // A line that goes on behind its body may hold there what the check above has not seen.
        if (at != line.Length || line[^1] != (byte)'}' || body.IsEmpty || !System.Runtime.CompilerServices.Unsafe.AreSame(in body[^1], in line[^2])
            || device.IsEmpty || !Iso8601.TryParse(enqueued, out var time))
        {
            return false;
        }

        message = new RoutedLine { DeviceId = device, MessageId = id, EnqueuedTime = time, Body = body };
        return true;
    }

    private static bool TrySystemProperties(ReadOnlySpan<byte> line, scoped ref int at, out ReadOnlySpan<byte> device, out ReadOnlySpan<byte> id)
    {
        device = id = default;
        var enqueued = false;
        if (at >= line.Length || line[at++] != (byte)'{')
        {
            return false;
        }

        while (TryName(line, ref at, out var name))
        {
            if (!TryText(line, ref at, out var value))
            {
                return false;
            }

            if (name.SequenceEqual("connectionDeviceId"u8))
            {
                if (!device.IsEmpty)
                {
                    return false;
                }

                device = value;
            }
            else if (name.SequenceEqual("messageId"u8))
            {
                if (!id.IsEmpty || value.IsEmpty)
                {
                    return false;
                }

                id = value;
            }
            else if (name.StartsWith("iothub-"u8) || name.SequenceEqual("message-id"u8) || (name.SequenceEqual("enqueuedTime"u8) && enqueued))
            {
                return false;
            }
            else
            {
                enqueued |= name.SequenceEqual("enqueuedTime"u8);
            }

            if (at >= line.Length || line[at] is not ((byte)',' or (byte)'}'))
            {
                return false;
            }

            if (line[at++] == (byte)'}')
            {
                return true;
            }
        }

        return false;
    }

    private static bool TryName(ReadOnlySpan<byte> line, scoped ref int at, out ReadOnlySpan<byte> name) =>
        TryText(line, ref at, out name) && at < line.Length && line[at++] == (byte)':';

    /// <summary>A string without escapes.</summary>
    private static bool TryText(ReadOnlySpan<byte> line, scoped ref int at, out ReadOnlySpan<byte> text)
    {
        text = default;
        if (at >= line.Length || line[at] != (byte)'"')
        {
            return false;
        }

        var length = line[(at + 1)..].IndexOfAny((byte)'"', (byte)'\\');
        if (length < 0 || line[at + 1 + length] != (byte)'"')
        {
            return false;
        }

        text = line.Slice(at + 1, length);
        at += length + 2;
        return true;
    }

    /// <summary>An object or array up to the bracket that closes it, strings passed over.</summary>
    private static bool TrySkipNested(ReadOnlySpan<byte> line, scoped ref int at, out ReadOnlySpan<byte> nested)
    {
        nested = default;
        if (at >= line.Length || s_kinds[line[at]] != Opens)
        {
            return false;
        }

        var (start, depth) = (at, 0);
        for (; at < line.Length; at++)
        {
            switch (s_kinds[line[at]])
            {
                case Ordinary:
                    break;
                case Opens:
                    depth++;
                    break;
                case Closes:
                    if (--depth == 0)
                    {
                        nested = line[start..++at];
                        return true;
                    }

                    break;
                default:
                    for (at++; at < line.Length && line[at] != (byte)'"'; at++)
                    {
                        at += line[at] == (byte)'\\' ? 1 : 0;
                    }

                    break;
            }
        }

        return false;
    }

    private static byte[] Kinds()
    {
        var kinds = new byte[256];
        kinds['"'] = Quote;
        kinds['{'] = kinds['['] = Opens;
        kinds['}'] = kinds[']'] = Closes;
        return kinds;
    }
}
