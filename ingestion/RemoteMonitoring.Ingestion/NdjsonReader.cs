namespace RemoteMonitoring.Ingestion;

/// <summary>
/// Reads a stream line by line without holding more than one line. Blank lines are passed over. A last line without its
/// end-of-line is handed out with <see cref="Ended"/> false: it may be half written. A line of more than <see cref="MaxLineBytes"/>
/// throws <see cref="InvalidDataException"/>, wherever the stream's reads happen to end.
/// </summary>
public sealed class NdjsonReader(Stream input)
{
    /// <summary>A routed message is at most 256 KB of body, a third more in base64, and its properties.</summary>
    public const int MaxLineBytes = 1 << 20;

    private byte[] _buffer = new byte[256 * 1024];
    private int _start;
    private int _end;
    private bool _atEnd;

    /// <summary>The line read last, without its end.</summary>
    public ReadOnlyMemory<byte> Line { get; private set; }

    /// <summary>Its number in the stream, from 1, blank lines counted.</summary>
    public long Number { get; private set; }

    /// <summary>Whether the line read last had its end-of-line.</summary>
    public bool Ended { get; private set; }

    /// <summary>Reads the next line that is not blank; false at the end of the stream.</summary>
    public async ValueTask<bool> ReadAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var length = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if ((length < 0 ? _end - _start : length) > MaxLineBytes)
            {
                throw new InvalidDataException($"line {Number + 1} is longer than {MaxLineBytes} bytes");
            }

            if (length < 0 && !_atEnd)
            {
                await FillAsync(cancellationToken);
                continue;
            }

            if (length < 0 && _start == _end)
            {
                return false;
            }

            Number++;
            Ended = length >= 0;
            var line = _buffer.AsMemory(_start, Ended ? length : _end - _start);
            _start = Ended ? _start + length + 1 : _end;
            Line = line.Span.EndsWith((byte)'\r') ? line[..^1] : line;
            if (!Line.Span.Trim((byte)' ').IsEmpty)
            {
                return true;
            }
        }
    }

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        var read = await input.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
        _end += read;
        _atEnd = read == 0;
    }
}
