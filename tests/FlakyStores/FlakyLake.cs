using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.FlakyStores;

/// <summary>A lake that is another, but for calls and readings of its streams that fail.</summary>
internal sealed class FlakyLake(Lake lake, Faults faults) : Lake
{
    public override string NameOf(string path) => lake.NameOf(path);

    public override Task<bool> TryCreateAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        faults.CallAsync(NameOf(path), () => lake.TryCreateAsync(path, content, cancellationToken));

    public override Task ReplaceAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => faults.CallAsync(NameOf(path), async () =>
    {
        await lake.ReplaceAsync(path, content, cancellationToken);
        return true;
    });

    public override Task<bool> ExistsAsync(string path, CancellationToken cancellationToken) => faults.CallAsync(NameOf(path), () => lake.ExistsAsync(path, cancellationToken));

    public override Task<byte[]?> TryReadAsync(string path, CancellationToken cancellationToken) => faults.CallAsync(NameOf(path), () => lake.TryReadAsync(path, cancellationToken));

    public override async Task<Stream> OpenReadAsync(string path, CancellationToken cancellationToken)
    {
        var opened = await faults.CallAsync(NameOf(path), () => lake.OpenReadAsync(path, cancellationToken));
        return new FlakyStream(opened, NameOf(path), faults);
    }

    public override Task<IReadOnlyList<string>> ListAsync(string folder, CancellationToken cancellationToken) =>
        faults.CallAsync(NameOf(folder), () => lake.ListAsync(folder, cancellationToken));

    public override Task<bool> DeleteAsync(string path, CancellationToken cancellationToken) => faults.CallAsync(NameOf(path), () => lake.DeleteAsync(path, cancellationToken));

    public override Task<int> DeleteDraftsAsync(CancellationToken cancellationToken) => faults.CallAsync(NameOf(""), () => lake.DeleteDraftsAsync(cancellationToken));

    /// <summary>A reading that fails afterwards has moved the position and filled some of the buffer.</summary>
    private sealed class FlakyStream(Stream inner, string name, Faults faults) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length => inner.Length;

        public override long Position { get => inner.Position; set => inner.Position = value; }

        public override int Read(byte[] buffer, int offset, int count) =>
            faults.CallAsync(name, () => Task.FromResult(inner.Read(buffer, offset, count))).GetAwaiter().GetResult();

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            await faults.CallAsync(name, () => inner.ReadAsync(buffer, cancellationToken).AsTask());

        public override long Seek(long offset, SeekOrigin origin) => inner.Seek(offset, origin);

        public override void Flush()
        {
        }

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
