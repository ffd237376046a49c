using System.Net;
using Azure.Identity;
using Microsoft.Azure.Cosmos;

namespace RemoteMonitoring.Storage.Documents;

/// <summary>What came of asking, perhaps several times. Without a reply, nobody answered.</summary>
/// <param name="Reply">The last reply.</param>
/// <param name="Status">Its status; 503 without one.</param>
/// <param name="InDoubt">Whether one of the tries may have been done although its reply says otherwise or was lost.</param>
/// <param name="Cause">What went wrong where there is no reply, in one line that names no document.</param>
internal sealed record CosmosOutcome<T>(T? Reply, HttpStatusCode Status, bool InDoubt, string? Cause) : IDisposable
    where T : class, IDisposable
{
    public bool Succeeded => (int)Status is >= 200 and < 300;

    /// <summary>Whether nobody knows what came of the last try.</summary>
    public bool Unknown => CosmosCalls.IsUnknown(Status);

    public void Dispose() => Reply?.Dispose();
}

/// <summary>
/// Asks Cosmos DB again where that helps. The client itself waits out 429 as the service says, 9 times and 30 seconds at the most; here
/// are the lost replies, 408, 449 and 5xx, which it gives up on because it cannot know whether a write was done.
/// </summary>
internal sealed class CosmosCalls(TimeProvider time, TimeSpan firstPause, TimeSpan patience) : RequestHandler
{
    private const int MostTries = 5;
    private const double Micro = 1_000_000;

    private long _microUnits;

    /// <summary>Request units of all replies.</summary>
    public double RequestUnits => Volatile.Read(ref _microUnits) / Micro;

    public static bool IsUnknown(HttpStatusCode status) => (int)status is 408 or 410 or 449 or >= 500;

    public override Task<ResponseMessage> SendAsync(RequestMessage request, CancellationToken cancellationToken) =>
        SendAsync(stop => base.SendAsync(request, stop), cancellationToken);

    /// <summary>Sends, counts what it cost, and waits no longer for the reply than it has patience for: left alone, the client asks three times for more than a minute each.</summary>
    public async Task<ResponseMessage> SendAsync(Func<CancellationToken, Task<ResponseMessage>> send, CancellationToken cancellationToken)
    {
        using var tooLong = new CancellationTokenSource(patience, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, tooLong.Token);
        var reply = await send(stop.Token);
        Interlocked.Add(ref _microUnits, (long)(reply.Headers.RequestCharge * Micro));
        return reply;
    }

    public Task<CosmosOutcome<ResponseMessage>> TryAsync(Func<Task<ResponseMessage>> call, CancellationToken cancellationToken) =>
        TryAsync(call, reply => reply.StatusCode, cancellationToken);

    public async Task<CosmosOutcome<T>> TryAsync<T>(Func<Task<T>> call, Func<T, HttpStatusCode> statusOf, CancellationToken cancellationToken)
        where T : class, IDisposable
    {
        var inDoubt = false;
        for (var tries = 1; ; tries++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var outcome = await OnceAsync(call, statusOf, inDoubt, cancellationToken);
            if (!outcome.Unknown || tries == MostTries)
            {
                return outcome;
            }

            inDoubt = true;
            outcome.Dispose();
            await Task.Delay(firstPause * (1 << (tries - 1)), time, cancellationToken);
        }
    }

    /// <summary>What a status means for people.</summary>
    public static string CauseOf(HttpStatusCode status) => (int)status switch
    {
        401 or 403 => $"{(int)status}: refused; the identity needs the role Cosmos DB Built-in Data Contributor there, and the address must be allowed",
        404 => "404: there is no such database or container",
        413 => "413: too large",
        429 => "429: the service is too busy; give it more request units, or run again later",
        408 or 503 => $"{(int)status}: no answer in time; run again later",
        var other => other.ToString(System.Globalization.CultureInfo.InvariantCulture),
    };

    private static async Task<CosmosOutcome<T>> OnceAsync<T>(Func<Task<T>> call, Func<T, HttpStatusCode> statusOf, bool inDoubt, CancellationToken cancellationToken)
        where T : class, IDisposable
    {
        try
        {
            var reply = await call();
            return new CosmosOutcome<T>(reply, statusOf(reply), inDoubt, null);
        }
        catch (CosmosException e)
        {
            // Its message names documents; its status is enough.
            return new CosmosOutcome<T>(null, e.StatusCode == 0 ? HttpStatusCode.ServiceUnavailable : e.StatusCode, inDoubt, null);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or System.Net.Sockets.SocketException)
        {
            return new CosmosOutcome<T>(null, HttpStatusCode.ServiceUnavailable, inDoubt, e.GetBaseException().Message.Split('\n', '\r')[0]);
        }
        catch (AuthenticationFailedException e)
        {
            return new CosmosOutcome<T>(null, HttpStatusCode.Unauthorized, inDoubt, e.Message.Split('\n', '\r')[0]);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new CosmosOutcome<T>(null, HttpStatusCode.RequestTimeout, inDoubt, null);
        }
    }
}
