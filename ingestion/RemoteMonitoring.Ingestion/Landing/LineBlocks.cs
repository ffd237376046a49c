using System.IO.Hashing;

namespace RemoteMonitoring.Ingestion.Landing;

/// <summary>Some lines of a source one after the other, in one buffer that is used again when they have landed.</summary>
public sealed class LineBlock
{
    private byte[] _bytes = new byte[1 << 20];

    /// <summary>Where each line starts and how long it is, without its end.</summary>
    internal List<(int Start, int Length, long Number)> Extents { get; } = [];

    /// <summary>How many lines.</summary>
    public int Count => Extents.Count;

    /// <summary>Offset of the first: how many lines that are not blank come before it in the source.</summary>
    public long Offset { get; internal set; }

    /// <summary>Whether the last line had its end-of-line; one that has none stands in a block of its own, and may be half written.</summary>
    public bool Ended { get; internal set; }

    /// <summary>Hash of all lines of the source up to the last of these.</summary>
    public string SourceHash { get; internal set; } = "";

    internal byte[] Bytes => _bytes;

    /// <summary>A line.</summary>
    public ReadOnlyMemory<byte> this[int index] => _bytes.AsMemory(Extents[index].Start, Extents[index].Length);

    /// <summary>Number of a line in the source, from 1, blank lines counted.</summary>
    public long NumberOf(int index) => Extents[index].Number;

    internal void Clear() => Extents.Clear();

    internal void EnsureRoom(int length)
    {
        if (_bytes.Length < length)
        {
            Array.Resize(ref _bytes, Math.Max(length, Math.Min(_bytes.Length * 2, FileLanding.BatchBytes + (3 << 20))));
        }
    }
}

/// <summary>
/// Reads a stream of lines block by block. Blank lines are passed over, a carriage return before the end-of-line is no part
/// of the line. Where the stream cannot be read on, or a line has more than <see cref="MaxLineBytes"/>, the whole lines
/// before come first, and the next read throws <see cref="InvalidDataException"/> or what the stream threw.
/// </summary>
public sealed class LineBlockReader(Stream input)
{
    /// <summary>A routed message is at most 256 KB of body, a third more in base64, and its properties.</summary>
    public const int MaxLineBytes = 1 << 20;

    private const int ReadBytes = 1 << 20;

    private readonly XxHash128 _hash = new();
    private byte[] _rest = [];
    private Exception? _broken;
    private bool _atEnd;
    private long _number;
    private long _offset;

    /// <summary>Lines read so far that are not blank.</summary>
    public long Lines => _offset;

    /// <summary>Lines read so far, blank ones counted.</summary>
    public long Number => _number;

    /// <summary>Reads the next lines, at most so many, and no further line once they have so many bytes; false at the end.</summary>
    public async ValueTask<bool> ReadAsync(LineBlock block, int maxLines, int maxBytes, CancellationToken cancellationToken)
    {
        block.Clear();
        block.EnsureRoom(_rest.Length + ReadBytes);
        _rest.CopyTo(block.Bytes, 0);
        var (start, scanned, end, bytes) = (0, 0, _rest.Length, 0);
        block.Offset = _offset;
        block.Ended = true;
        while (block.Count < maxLines && bytes < maxBytes)
        {
            var length = block.Bytes.AsSpan(scanned, end - scanned).IndexOf((byte)'\n');
            if (length < 0 && end - start > MaxLineBytes)
            {
                _broken ??= TooLong();
            }

            if (length >= 0)
            {
                var lineEnd = scanned + length;
                if (lineEnd - start > MaxLineBytes)
                {
                    _broken = TooLong();
                    break;
                }

                bytes += Take(block, start, lineEnd);
                start = scanned = lineEnd + 1;
                continue;
            }

            scanned = end;
            if (_atEnd || _broken is not null)
            {
                break;
            }

            if (block.Count == 0 && start > 0)
            {
                // Nothing but blank lines so far: their room is used again.
                block.Bytes.AsSpan(start, end - start).CopyTo(block.Bytes);
                (scanned, end, start) = (scanned - start, end - start, 0);
            }

            block.EnsureRoom(end + ReadBytes);
            try
            {
                var read = await input.ReadAsync(block.Bytes.AsMemory(end, ReadBytes), cancellationToken);
                end += read;
                _atEnd = read == 0;
            }
            catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
            {
                _broken = e;
            }
        }

        if (block.Count == 0 && _broken is { } broken)
        {
            throw broken;
        }

        if (block.Count == 0 && start < end)
        {
            block.Ended = false;
            Take(block, start, end);
            start = end;
        }

        _rest = block.Bytes.AsSpan(start, end - start).ToArray();
        block.SourceHash = Convert.ToHexStringLower(_hash.GetCurrentHash());
        return block.Count > 0;
    }

    private InvalidDataException TooLong() => new($"line {_number + 1} is longer than {MaxLineBytes} bytes");

    private int Take(LineBlock block, int start, int end)
    {
        _number++;
        var line = block.Bytes.AsSpan(start, end - start);
        if (line is [.., (byte)'\r'])
        {
            line = line[..^1];
        }

        if (line.Trim((byte)' ').IsEmpty)
        {
            return 0;
        }

        _offset++;
        block.Extents.Add((start, line.Length, _number));
        _hash.Append(line);
        _hash.Append("\n"u8);
        return line.Length;
    }
}
