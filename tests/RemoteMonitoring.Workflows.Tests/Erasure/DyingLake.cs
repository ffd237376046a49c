using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Workflows.Tests.Erasure;

/// <summary>A lake that lets so many writes through, and none after.</summary>
internal sealed class DyingLake(Lake lake, int most) : Lake
{
    private int _writes;

    public int Writes => _writes;

    public override string NameOf(string path) => lake.NameOf(path);

    public override Task<bool> TryCreateAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        Count();
        return lake.TryCreateAsync(path, content, cancellationToken);
    }

    public override Task ReplaceAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        Count();
        return lake.ReplaceAsync(path, content, cancellationToken);
    }

    public override Task<bool> DeleteAsync(string path, CancellationToken cancellationToken)
    {
        Count();
        return lake.DeleteAsync(path, cancellationToken);
    }

    public override Task<bool> ExistsAsync(string path, CancellationToken cancellationToken) => lake.ExistsAsync(path, cancellationToken);

    public override Task<byte[]?> TryReadAsync(string path, CancellationToken cancellationToken) => lake.TryReadAsync(path, cancellationToken);

    public override Task<Stream> OpenReadAsync(string path, CancellationToken cancellationToken) => lake.OpenReadAsync(path, cancellationToken);

    public override Task<IReadOnlyList<string>> ListAsync(string folder, CancellationToken cancellationToken) => lake.ListAsync(folder, cancellationToken);

    private void Count()
    {
        if (Interlocked.Increment(ref _writes) > most)
        {
            throw new OperationCanceledException("The process was killed.");
        }
    }
}
