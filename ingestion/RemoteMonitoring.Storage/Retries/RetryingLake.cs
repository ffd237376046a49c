using System.Security.Cryptography;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Storage.Retries;

/// <summary>
/// A lake that asks another again when a fault may pass by itself (<see cref="LakeException.IsTransient"/>), as often as
/// <see cref="RetryOptions"/> say; then the last fault is thrown. A call that failed may have been done all the same, its reply lost. What each
/// answer means then is said at each; without a fault it is what the lake behind says, at the cost of asking first whether there is such a file.
/// </summary>
/// <param name="lake">The lake behind.</param>
/// <param name="options">How often, and after what pauses.</param>
/// <param name="time">Clock of the pauses; default the system's.</param>
public sealed class RetryingLake(Lake.Lake lake, RetryOptions options, TimeProvider? time = null) : Lake.Lake
{
    private readonly RetryLoop _loop = new(options, time ?? TimeProvider.System);

    /// <inheritdoc />
    public override string NameOf(string path) => lake.NameOf(path);

    /// <summary>
    /// True when this call created the file: one that was not there when it began, and after a fault has exactly the bytes that were to be written. So of two
    /// that race to create a file with the same bytes both may be told true, where one's reply is lost; with other bytes never.
    /// </summary>
    /// <inheritdoc />
    public override async Task<bool> TryCreateAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        !await ExistsAsync(path, cancellationToken) && await _loop.RunAsync(
            path,
            async inDoubt => await lake.TryCreateAsync(path, content, cancellationToken)
                || (inDoubt && await lake.TryReadAsync(path, cancellationToken) is { } there && there.AsSpan().SequenceEqual(content.Span)),
            cancellationToken);

    /// <summary>
    /// As of any lake. After a fault it is written again only over what was there when this began: where something else is there by then, be it this
    /// call's or what somebody else made of that, it stands, so that no attempt brings old bytes back.
    /// </summary>
    /// <inheritdoc />
    public override async Task ReplaceAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var before = await HashAsync(path, cancellationToken);
        await _loop.RunAsync(path, async inDoubt =>
        {
            if (!inDoubt || HashOf(await lake.TryReadAsync(path, cancellationToken)) == before)
            {
                await lake.ReplaceAsync(path, content, cancellationToken);
            }

            return true;
        }, cancellationToken);
    }

    /// <inheritdoc />
    public override Task<bool> ExistsAsync(string path, CancellationToken cancellationToken) =>
        _loop.RunAsync(path, _ => lake.ExistsAsync(path, cancellationToken), cancellationToken);

    /// <inheritdoc />
    public override Task<byte[]?> TryReadAsync(string path, CancellationToken cancellationToken) =>
        _loop.RunAsync(path, _ => lake.TryReadAsync(path, cancellationToken), cancellationToken);

    /// <summary>
    /// As of any lake. A reading that fails on the way is tried again from its position on the same stream, never on one opened anew, which
    /// might be of other bytes. A synchronous reading is tried again without a pause.
    /// </summary>
    /// <inheritdoc />
    public override async Task<Stream> OpenReadAsync(string path, CancellationToken cancellationToken) =>
        new RetryingReadStream(await _loop.RunAsync(path, _ => lake.OpenReadAsync(path, cancellationToken), cancellationToken), path, _loop);

    /// <inheritdoc />
    public override Task<IReadOnlyList<string>> ListAsync(string folder, CancellationToken cancellationToken) =>
        _loop.RunAsync(folder, _ => lake.ListAsync(folder, cancellationToken), cancellationToken);

    /// <summary>True when the file was there when this began and is not now; of two that delete it at the same time both may be told so.</summary>
    /// <inheritdoc />
    public override async Task<bool> DeleteAsync(string path, CancellationToken cancellationToken) =>
        await ExistsAsync(path, cancellationToken)
        && await _loop.RunAsync(path, async inDoubt => await lake.DeleteAsync(path, cancellationToken) || inDoubt, cancellationToken);

    /// <summary>After a fault, those that an attempt deleted whose reply was lost are not counted.</summary>
    /// <inheritdoc />
    public override Task<int> DeleteDraftsAsync(CancellationToken cancellationToken) =>
        _loop.RunAsync("drafts", _ => lake.DeleteDraftsAsync(cancellationToken), cancellationToken);

    private async Task<string?> HashAsync(string path, CancellationToken cancellationToken) => HashOf(await TryReadAsync(path, cancellationToken));

    private static string? HashOf(byte[]? bytes) => bytes is null ? null : Convert.ToHexString(SHA256.HashData(bytes));
}
