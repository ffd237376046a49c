using System.Collections.Concurrent;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Workflows.Reproduction;

/// <summary>
/// A lake over another that is only read: what is written goes to the upper one, what is deleted is only hidden, and of the lower one
/// what is to be made again is not seen.
/// </summary>
/// <param name="lower">The lake that is read.</param>
/// <param name="upper">The lake that is written.</param>
/// <param name="hides">Which paths of the lower one are not seen.</param>
public sealed class OverlayLake(Lake lower, Lake upper, Func<string, bool> hides) : Lake
{
    private readonly ConcurrentDictionary<string, bool> _deleted = new(StringComparer.Ordinal);

    /// <inheritdoc />
    public override string NameOf(string path) => lower.NameOf(path);

    /// <inheritdoc />
    public override async Task<bool> TryCreateAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        !await IsBelowAsync(path, cancellationToken) && await upper.TryCreateAsync(path, content, cancellationToken);

    /// <inheritdoc />
    public override Task ReplaceAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => upper.ReplaceAsync(path, content, cancellationToken);

    /// <inheritdoc />
    public override async Task<bool> ExistsAsync(string path, CancellationToken cancellationToken) =>
        await upper.ExistsAsync(path, cancellationToken) || await IsBelowAsync(path, cancellationToken);

    /// <inheritdoc />
    public override async Task<byte[]?> TryReadAsync(string path, CancellationToken cancellationToken) =>
        await upper.TryReadAsync(path, cancellationToken) ?? (IsSeen(path) ? await lower.TryReadAsync(path, cancellationToken) : null);

    /// <inheritdoc />
    public override async Task<Stream> OpenReadAsync(string path, CancellationToken cancellationToken) =>
        await upper.ExistsAsync(path, cancellationToken) ? await upper.OpenReadAsync(path, cancellationToken)
        : IsSeen(path) ? await lower.OpenReadAsync(path, cancellationToken)
        : throw Missing(path);

    /// <inheritdoc />
    public override async Task<IReadOnlyList<string>> ListAsync(string folder, CancellationToken cancellationToken) =>
    [
        .. (await lower.ListAsync(folder, cancellationToken)).Where(IsSeen)
            .Union(await upper.ListAsync(folder, cancellationToken), StringComparer.Ordinal)
            .Order(StringComparer.Ordinal),
    ];

    /// <inheritdoc />
    public override async Task<bool> DeleteAsync(string path, CancellationToken cancellationToken)
    {
        var wasBelow = await IsBelowAsync(path, cancellationToken);
        _deleted[path] = true;
        return await upper.DeleteAsync(path, cancellationToken) || wasBelow;
    }

    private bool IsSeen(string path) => !hides(path) && !_deleted.ContainsKey(path);

    private async Task<bool> IsBelowAsync(string path, CancellationToken cancellationToken) => IsSeen(path) && await lower.ExistsAsync(path, cancellationToken);
}
