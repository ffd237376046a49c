using System.Text.Json;
using System.Text.Json.Nodes;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Storage;

/// <summary>
/// Lets one process at a time do what must not be done by two, over a document that says who does it and until when. The holder says
/// so again while it works; of one that is gone others take it over when its time has run out, or at once where its process is
/// known to be gone.
/// </summary>
public sealed class StoreLease
{
    private const string Partition = "leases";

    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(100);

    private readonly DocumentStore _documents;
    private readonly string _name;
    private readonly TimeSpan _lease;
    private readonly TimeProvider _time;
    private readonly string _holder = ProcessName.Next();

    /// <summary>A lease by its name; 30 seconds without a sign of life make it free.</summary>
    public StoreLease(DocumentStore documents, string name, TimeProvider? time = null, TimeSpan? lease = null)
    {
        (_documents, _name, _lease, _time) = (documents, name, lease ?? TimeSpan.FromSeconds(30), time ?? TimeProvider.System);
    }

    /// <summary>Waits for the lease, then does the work with it. When it is lost under way, the work's token is cancelled and <see cref="LakeException"/> is thrown.</summary>
    public async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        string eTag;
        while (true)
        {
            if (await TryTakeAsync(cancellationToken) is { } taken)
            {
                eTag = taken;
                break;
            }

            await Task.Delay(s_poll, _time, cancellationToken);
        }

        using var lost = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var done = new CancellationTokenSource();
        var beats = BeatAsync(eTag, lost, done.Token);
        try
        {
            return await work(lost.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested && lost.IsCancellationRequested)
        {
            throw new LakeException($"{_documents.Name}: another process took over '{_name}' while this one was at it, since it had shown no sign of life. Run it again.");
        }
        finally
        {
            await done.CancelAsync();
            await beats;
            await ReleaseAsync();
        }
    }

    private async Task<string?> TryTakeAsync(CancellationToken cancellationToken)
    {
        if (await _documents.FindAsync(Containers.Runs, Partition, _name, cancellationToken) is not { } there)
        {
            return await _documents.TryCreateAsync(Containers.Runs, Body(), cancellationToken);
        }

        var held = JsonDocument.Parse(there.Body).RootElement;
        var holder = held.GetProperty("holder").GetString()!;
        var isFree = holder.Length == 0 || held.GetProperty("until").GetInt64() < _time.GetUtcNow().ToUnixTimeMilliseconds() || ProcessName.IsGone(holder);
        return isFree ? await _documents.TryReplaceAsync(Containers.Runs, Body() with { ETag = there.ETag }, cancellationToken) : null;
    }

    private async Task BeatAsync(string eTag, CancellationTokenSource lost, CancellationToken done)
    {
        try
        {
            while (true)
            {
                await Task.Delay(_lease / 3, _time, done);
                // A store that hangs for as long as the lease lasts is as good as one that says no.
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(done);
                patience.CancelAfter(_lease / 2);
                if (await TryBeatAsync(eTag, patience.Token, done) is not { } next)
                {
                    await lost.CancelAsync();
                    return;
                }

                eTag = next;
            }
        }
        catch (OperationCanceledException)
        {
            // The work is done.
        }
        catch (Exception e) when (e is LakeException or JsonException or InvalidOperationException)
        {
            await lost.CancelAsync(); // the store is away: nobody knows whose it is
        }
    }

    private async Task<string?> TryBeatAsync(string eTag, CancellationToken patience, CancellationToken done)
    {
        try
        {
            return await _documents.TryReplaceAsync(Containers.Runs, Body() with { ETag = eTag }, patience);
        }
        catch (OperationCanceledException) when (!done.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>Frees it, if it is this holder's still. Where that cannot be said its time runs out.</summary>
    private async Task ReleaseAsync()
    {
        try
        {
            if (await _documents.FindAsync(Containers.Runs, Partition, _name, CancellationToken.None) is { } there
                && JsonDocument.Parse(there.Body).RootElement.GetProperty("holder").GetString() == _holder)
            {
                await _documents.TryReplaceAsync(Containers.Runs, Free() with { ETag = there.ETag }, CancellationToken.None);
            }
        }
        catch (LakeException)
        {
            // As the summary says.
        }
    }

    private Document Body() => Make(_holder, _time.GetUtcNow() + _lease);

    private Document Free() => Make("", DateTimeOffset.UnixEpoch);

    private Document Make(string holder, DateTimeOffset until) => new()
    {
        PartitionKey = Partition,
        Id = _name,
        Body = new JsonObject { ["holder"] = holder, ["until"] = until.ToUnixTimeMilliseconds() }.ToJsonString(),
    };
}
