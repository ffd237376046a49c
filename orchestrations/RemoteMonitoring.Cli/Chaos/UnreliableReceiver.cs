using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Cli.Chaos;

/// <summary>What a receiver took in.</summary>
/// <param name="Key">The key it came under.</param>
/// <param name="Patient">Handle of the patient.</param>
/// <param name="Kind">What it is about.</param>
/// <param name="Purpose">Why it came.</param>
internal sealed record TakenDelivery(string Key, string Patient, string Kind, string Purpose);

/// <summary>
/// A receiver of follow-ups in this process that fails as receivers do: busy, away, slow, gone before the reply, and gone after it has taken in what came. What
/// it takes in it knows again by its key.
/// </summary>
internal sealed class UnreliableReceiver : IAsyncDisposable
{
    public const string Busy = "busy";
    public const string Down = "down";
    public const string Cut = "cut off before it took anything in";
    public const string LostReply = "reply lost after it had";
    public const string Slow = "slow";

    private readonly WebApplication _app;
    private readonly Random _random;
    private readonly string _secret;

    private UnreliableReceiver(int seed, string secret)
    {
        (_random, _secret) = (new Random(seed), secret);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Logging.ClearProviders();
        _app = builder.Build();
        _app.Run(ReceiveAsync);
    }

    /// <summary>All that it took in, however often, in order.</summary>
    public ConcurrentQueue<TakenDelivery> Taken { get; } = new();

    /// <summary>How often it failed, and how.</summary>
    public ConcurrentDictionary<string, int> Failures { get; } = new(StringComparer.Ordinal);

    /// <summary>What came that was not signed as it has to be, or is not what it says.</summary>
    public ConcurrentQueue<string> Wrong { get; } = new();

    /// <summary>Where it listens.</summary>
    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    public static async Task<UnreliableReceiver> StartAsync(int seed, string secret)
    {
        var receiver = new UnreliableReceiver(seed, secret);
        await receiver._app.StartAsync();
        return receiver;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync(); // nobody is waited for
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private async Task ReceiveAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        try
        {
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            return; // its sender was killed
        }

        int chance;
        lock (_random)
        {
            chance = _random.Next(100);
        }

        switch (chance)
        {
            case < 12:
                Fail(Busy);
                context.Response.StatusCode = StatusCodes.Status429TooManyRequests;
                context.Response.Headers.RetryAfter = "1";
                return;
            case < 26:
                Fail(Down);
                context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                return;
            case < 38:
                Fail(Cut);
                context.Abort();
                return;
            case < 50:
                Take(context.Request.Headers, body.ToArray());
                Fail(LostReply);
                context.Abort();
                return;
            case < 58:
                Fail(Slow);
                await Task.Delay(TimeSpan.FromMilliseconds(50 * (chance - 49)), CancellationToken.None);
                Take(context.Request.Headers, body.ToArray());
                return;
            default:
                Take(context.Request.Headers, body.ToArray());
                return;
        }
    }

    private void Fail(string how) => Failures.AddOrUpdate(how, 1, (_, count) => count + 1);

    private void Take(IHeaderDictionary headers, byte[] body)
    {
        var document = JsonNode.Parse(body)!.AsObject();
        var key = (string?)document["key"];
        if (headers["X-RMon-Signature"] != WebhookDelivery.Sign(_secret, headers["X-RMon-Timestamp"].ToString(), body) || headers["Idempotency-Key"] != key)
        {
            Wrong.Enqueue($"{key}: signature or key");
            return;
        }

        Taken.Enqueue(new TakenDelivery(key!, (string)document["patient"]!["handle"]!, (string)document["kind"]!, (string)document["purpose"]!));
    }
}
