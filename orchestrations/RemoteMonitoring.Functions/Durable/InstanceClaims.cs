using System.Globalization;
using System.Text;
using NodaTime;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Functions.Durable;

/// <summary>
/// Whose the ids of instances are, for ever: a file each, that is created and belongs to who created it. Durable Functions itself replaces
/// what has ended when it is left to itself; told not to, of several who start one id at the same time it still tells most that they did.
/// </summary>
/// <param name="lake">Where they are kept: all machines of an app share it.</param>
public sealed class InstanceClaims(Lake lake)
{
    /// <summary>How long who starts an instance has from the claim to the start, before it is taken to have died between them.</summary>
    public static readonly Duration Patience = Duration.FromMinutes(1);

    private const string Starter = "starter ";

    /// <summary>Claims the id of an instance that is called; whether it is the owner's, now or since before.</summary>
    public async Task<bool> ClaimAsync(string instanceId, string owner, CancellationToken cancellationToken) =>
        await lake.TryCreateAsync(PathOf(instanceId, 1), Encoding.UTF8.GetBytes(owner), cancellationToken) || await ReadAsync(instanceId, 1, cancellationToken) == owner;

    /// <summary>Claims the id of an instance that is to be started; true for one alone, who then starts it.</summary>
    /// <param name="instanceId">The id.</param>
    /// <param name="now">Now.</param>
    /// <param name="isThere">Whether there is such an instance.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task<bool> ClaimStartAsync(string instanceId, Instant now, Func<Task<bool>> isThere, CancellationToken cancellationToken)
    {
        var mine = Encoding.UTF8.GetBytes(Starter + now.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture));
        if (await lake.TryCreateAsync(PathOf(instanceId, 1), mine, cancellationToken))
        {
            return true;
        }

        var attempt = 1;
        var latest = await ReadAsync(instanceId, 1, cancellationToken);
        while (await ReadAsync(instanceId, attempt + 1, cancellationToken) is { } next)
        {
            (latest, attempt) = (next, attempt + 1);
        }

        return latest?.StartsWith(Starter, StringComparison.Ordinal) == true
            && now - Instant.FromUnixTimeMilliseconds(long.Parse(latest[Starter.Length..], CultureInfo.InvariantCulture)) > Patience
            && !await lake.ExistsAsync(Forgotten(instanceId), cancellationToken)
            && !await isThere()
            && await lake.TryCreateAsync(PathOf(instanceId, attempt + 1), mine, cancellationToken);
    }

    /// <summary>Lets nobody have the id again, when its instance is forgotten.</summary>
    public Task ForgetAsync(string instanceId, CancellationToken cancellationToken) => lake.TryCreateAsync(Forgotten(instanceId), ReadOnlyMemory<byte>.Empty, cancellationToken);

    private async Task<string?> ReadAsync(string instanceId, int attempt, CancellationToken cancellationToken) =>
        await lake.TryReadAsync(PathOf(instanceId, attempt), cancellationToken) is { } bytes ? Encoding.UTF8.GetString(bytes) : null;

    private static string PathOf(string instanceId, int attempt) => string.Create(CultureInfo.InvariantCulture, $"instances/{instanceId}/{attempt}");

    private static string Forgotten(string instanceId) => $"instances/{instanceId}/forgotten";
}
