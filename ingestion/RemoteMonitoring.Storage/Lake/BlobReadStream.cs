using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace RemoteMonitoring.Storage.Lake;

/// <summary>
/// One version of a blob to read and seek in. It is opened by its first quarter of a megabyte, which is all of a small one; of a
/// larger one the last quarter, where a Parquet footer is, comes in one request. A blob that changes is an exception, not a mixture.
/// </summary>
internal sealed class BlobReadStream : Stream
{
    private const int EndBytes = 256 << 10;
    private const int ChunkBytes = 1 << 20;

    private readonly BlobClient _blob;
    private readonly ETag _version;
    private readonly Func<Exception, LakeException> _fault;
    private readonly Part _head;
    private Part _tail;
    private Part _chunk;

    private BlobReadStream(BlobClient blob, ETag version, long length, byte[] head, Func<Exception, LakeException> fault)
    {
        (_blob, _version, Length, _fault) = (blob, version, length, fault);
        _head = new Part(0, head);
        (_tail, _chunk) = (_head, _head);
    }

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length { get; }

    public override long Position { get; set; }

    /// <summary>Opens a blob; null where it is a folder.</summary>
    public static async Task<BlobReadStream?> OpenAsync(BlobClient blob, Func<Exception, LakeException> fault, CancellationToken cancellationToken)
    {
        try
        {
            var answer = (await blob.DownloadContentAsync(new BlobDownloadOptions { Range = new HttpRange(0, EndBytes) }, cancellationToken)).Value;
            var length = answer.Details.ContentRange is { } range ? long.Parse(range.AsSpan(range.IndexOf('/') + 1), System.Globalization.CultureInfo.InvariantCulture) : answer.Details.ContentLength;
            return answer.Details.Metadata.ContainsKey("hdi_isfolder") ? null : new BlobReadStream(blob, answer.Details.ETag, length, answer.Content.ToArray(), fault);
        }
        catch (RequestFailedException e) when (e.Status == 416)
        {
            // There is no first byte in an empty one.
            var properties = (await blob.GetPropertiesAsync(cancellationToken: cancellationToken)).Value;
            return properties.Metadata.ContainsKey("hdi_isfolder") ? null : new BlobReadStream(blob, properties.ETag, 0, [], fault);
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (buffer.Length > 0 && Position < Length && !IsHere)
        {
            var range = Next(buffer.Length);
            try
            {
                Keep(range, _blob.DownloadContent(Of(range), CancellationToken.None).Value.Content);
            }
            catch (Exception e) when (BlobFault.Is(e, CancellationToken.None))
            {
                throw _fault(e);
            }
        }

        return Take(buffer);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.Length > 0 && Position < Length && !IsHere)
        {
            var range = Next(buffer.Length);
            try
            {
                Keep(range, (await _blob.DownloadContentAsync(Of(range), cancellationToken)).Value.Content);
            }
            catch (Exception e) when (BlobFault.Is(e, cancellationToken))
            {
                throw _fault(e);
            }
        }

        return Take(buffer.Span);
    }

    public override long Seek(long offset, SeekOrigin origin)
    {
        var position = offset + origin switch { SeekOrigin.Begin => 0, SeekOrigin.Current => Position, _ => Length };
        return Position = position >= 0 ? position : throw new IOException("A position before the first byte.");
    }

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private bool IsHere => _head.Holds(Position) || _tail.Holds(Position) || _chunk.Holds(Position);

    /// <summary>What to fetch for a read of so many bytes at the position.</summary>
    private HttpRange Next(int count)
    {
        var tail = Length - EndBytes;
        return Position >= tail ? new HttpRange(tail, EndBytes) : new HttpRange(Position, Math.Min(Math.Max(count, ChunkBytes), Length - Position));
    }

    private BlobDownloadOptions Of(HttpRange range) => new() { Range = range, Conditions = new BlobRequestConditions { IfMatch = _version } };

    private void Keep(HttpRange range, BinaryData content)
    {
        var part = new Part(range.Offset, content.ToMemory());
        if (part.Bytes.Length != range.Length)
        {
            throw new EndOfStreamException("the file ends too soon");
        }

        if (range.Offset == Length - EndBytes)
        {
            _tail = part;
        }
        else
        {
            _chunk = part;
        }
    }

    private int Take(Span<byte> buffer)
    {
        if (buffer.Length == 0 || Position >= Length)
        {
            return 0;
        }

        var part = _head.Holds(Position) ? _head : _tail.Holds(Position) ? _tail : _chunk;
        var bytes = part.Bytes.Span[(int)(Position - part.Start)..];
        var count = Math.Min(bytes.Length, buffer.Length);
        bytes[..count].CopyTo(buffer);
        Position += count;
        return count;
    }

    private readonly record struct Part(long Start, ReadOnlyMemory<byte> Bytes)
    {
        public bool Holds(long position) => position >= Start && position < Start + Bytes.Length;
    }
}
