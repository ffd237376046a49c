using System.Text;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Functions.Durable;

/// <summary>Whose the ids of instances are, for ever: a file each, that is created and belongs to who created it.</summary>
/// <param name="lake">Where they are kept: all machines of an app share it.</param>
public sealed class InstanceClaims(Lake lake)
{
    /// <summary>The owner of ids of instances that were started, not called.</summary>
    public const string Started = "started";

    private const string Forgotten = "forgotten";

    /// <summary>Whether the id is the owner's, now or since before.</summary>
    public async Task<bool> ClaimAsync(string instanceId, string owner, CancellationToken cancellationToken)
    {
        var bytes = Encoding.UTF8.GetBytes(owner);
        return await lake.TryCreateAsync(PathOf(instanceId), bytes, cancellationToken)
            || (await lake.TryReadAsync(PathOf(instanceId), cancellationToken))?.AsSpan().SequenceEqual(bytes) == true;
    }

    /// <summary>Lets nobody have the id again, when its instance is forgotten.</summary>
    public Task ForgetAsync(string instanceId, CancellationToken cancellationToken) => lake.ReplaceAsync(PathOf(instanceId), Encoding.UTF8.GetBytes(Forgotten), cancellationToken);

    private static string PathOf(string instanceId) => $"instances/{instanceId}";
}
