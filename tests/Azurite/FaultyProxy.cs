using System.Net;
using System.Net.Sockets;
using System.Text;

namespace RemoteMonitoring.Azurite;

/// <summary>What becomes of one exchange.</summary>
public enum Fault
{
    /// <summary>Nothing: it is passed on, both ways.</summary>
    None,

    /// <summary>The request is passed on and done, and the connection ends in place of the reply.</summary>
    LoseReply,

    /// <summary>The request is not passed on; 503 with <c>Retry-After</c>.</summary>
    Busy,

    /// <summary>The request is not passed on; 429 with <c>Retry-After</c>.</summary>
    TooMany,

    /// <summary>The reply ends half way through its body.</summary>
    CutReply,
}

/// <summary>A request as the proxy sees it: its line, and its number, counted from 0.</summary>
public sealed record ProxiedRequest(int Number, string Method, string Target);

/// <summary>
/// Stands between a client and an HTTP/1.1 service, on a port of its own, and does to each exchange what it is told. It reads
/// requests whole, by <c>Content-Length</c>, opens a connection to the service for each, and asks it to close that.
/// </summary>
public sealed class FaultyProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Uri _service;
    private readonly Func<ProxiedRequest, Fault> _faults;
    private readonly Task _accepting;
    private int _requests;

    /// <param name="service">The service.</param>
    /// <param name="faults">What becomes of a request.</param>
    public FaultyProxy(Uri service, Func<ProxiedRequest, Fault> faults)
    {
        (_service, _faults) = (service, faults);
        _listener.Start();
        Address = new Uri($"http://{_listener.LocalEndpoint}");
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>How many requests it has seen.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>Seconds that a busy reply asks the client to wait.</summary>
    public int RetryAfterSeconds { get; init; } = 1;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // It is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var _ = client;
        client.NoDelay = true;
        try
        {
            var stream = client.GetStream();
            while (await ReadHeadAsync(stream) is { } head)
            {
                switch (await ExchangeAsync(stream, head))
                {
                    case After.Close:
                        return;
                    case After.Reset:
                        client.LingerState = new LingerOption(true, 0);
                        return;
                    default:
                        break;
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Whoever cut the connection does not wait for an answer.
        }
    }

    /// <summary>One request and its reply, and what becomes of the connection.</summary>
    private async Task<After> ExchangeAsync(NetworkStream client, string head)
    {
        var length = HeaderOf(head, "Content-Length") is { } text ? int.Parse(text, System.Globalization.CultureInfo.InvariantCulture) : 0;
        if (HeaderOf(head, "Expect") is not null)
        {
            await client.WriteAsync("HTTP/1.1 100 Continue\r\n\r\n"u8.ToArray(), _stop.Token);
        }

        var body = new byte[length];
        await client.ReadExactlyAsync(body, _stop.Token);
        var line = head[..head.IndexOf('\r')].Split(' ');
        var fault = _faults(new ProxiedRequest(Interlocked.Increment(ref _requests) - 1, line[0], line[1]));
        if (fault is Fault.Busy or Fault.TooMany)
        {
            var (status, code) = fault == Fault.Busy ? ("503 Service Unavailable", "ServerBusy") : ("429 Too Many Requests", "OperationTimedOut");
            var answer = $"HTTP/1.1 {status}\r\nRetry-After: {RetryAfterSeconds}\r\nx-ms-error-code: {code}\r\nContent-Length: 0\r\n\r\n";
            await client.WriteAsync(Encoding.ASCII.GetBytes(answer), _stop.Token);
            return After.GoOn;
        }

        var reply = await ForwardAsync(head, body);
        switch (fault)
        {
            case Fault.LoseReply:
                return After.Reset;
            case Fault.CutReply:
                var bodyAt = reply.AsSpan().IndexOf("\r\n\r\n"u8) + 4;
                await client.WriteAsync(reply.AsMemory(0, bodyAt + ((reply.Length - bodyAt) / 2)), _stop.Token);
                return After.Close;
            default:
                await client.WriteAsync(reply, _stop.Token);
                // The service was asked to close; so its reply says that the connection ends.
                return After.Close;
        }
    }

    private async Task<byte[]> ForwardAsync(string head, byte[] body)
    {
        using var service = new TcpClient { NoDelay = true };
        await service.ConnectAsync(_service.Host, _service.Port, _stop.Token);
        var stream = service.GetStream();
        var lines = head.Split("\r\n").Where(l => !l.StartsWith("Connection:", StringComparison.OrdinalIgnoreCase) && !l.StartsWith("Expect:", StringComparison.OrdinalIgnoreCase) && l.Length > 0);
        await stream.WriteAsync(Encoding.Latin1.GetBytes(string.Join("\r\n", [.. lines, "Connection: close", "", ""])), _stop.Token);
        await stream.WriteAsync(body, _stop.Token);
        using var reply = new MemoryStream();
        await stream.CopyToAsync(reply, _stop.Token);
        return reply.ToArray();
    }

    /// <summary>The lines up to the empty one; null when the client has no further request.</summary>
    private async Task<string?> ReadHeadAsync(NetworkStream client)
    {
        var head = new List<byte>();
        var one = new byte[1];
        while (await client.ReadAsync(one, _stop.Token) == 1)
        {
            head.Add(one[0]);
            if (head.Count >= 4 && head[^1] == '\n' && head[^2] == '\r' && head[^3] == '\n')
            {
                return Encoding.Latin1.GetString([.. head]);
            }
        }

        return null;
    }

    private enum After
    {
        GoOn,
        Close,
        Reset,
    }

    private static string? HeaderOf(string head, string name) => head.Split("\r\n")
        .Where(l => l.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))
        .Select(l => l[(name.Length + 1)..].Trim())
        .FirstOrDefault();
}
