namespace RemoteMonitoring.Storage.Retries;

/// <summary>A stream that a lake opened, whose readings are tried again from their position. The stream is of one version of the file, so nothing is mixed.</summary>
internal sealed class RetryingReadStream(Stream inner, string path, RetryLoop loop) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => inner.Length;

    public override long Position { get => inner.Position; set => inner.Position = value; }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        var position = inner.Position;
        for (var attempts = 1; ; attempts++)
        {
            try
            {
                return inner.Read(buffer);
            }
            catch (Exception e) when (loop.IsTriedAgain(e, attempts))
            {
                inner.Position = position;
            }
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var position = inner.Position;
        return await loop.RunAsync(path, async inDoubt =>
        {
            if (inDoubt)
            {
                inner.Position = position;
            }

            return await inner.ReadAsync(buffer, cancellationToken);
        }, cancellationToken);
    }

    public override long Seek(long offset, SeekOrigin origin) => inner.Seek(offset, origin);

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync();
        await base.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
