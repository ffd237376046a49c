using System.Net;
using System.Net.Sockets;
using System.Text;

namespace RemoteMonitoring.FaultyServices;

/// <summary>What becomes of one exchange.</summary>
public sealed record Fault
{
    private Fault(string name) => Name = name;

    /// <summary>Nothing: it is passed on, both ways.</summary>
    public static Fault None { get; } = new(nameof(None));

    /// <summary>The request is passed on and done, and the connection is reset in place of the reply.</summary>
    public static Fault LoseReply { get; } = new(nameof(LoseReply));

    /// <summary>The request is passed on and done, and the reply ends half way through its body, or its head where it has none.</summary>
    public static Fault CutReply { get; } = new(nameof(CutReply));

    /// <summary>The request is not passed on; the connection is reset.</summary>
    public static Fault Reset { get; } = new(nameof(Reset));

    /// <summary>The request is not passed on, and nothing is said for as long as the client waits.</summary>
    public static Fault Silence { get; } = new(nameof(Silence));

    /// <summary>503 with <c>Retry-After</c>, in place of the service.</summary>
    public static Fault Busy { get; } = Answer(503, "", "Retry-After: 1", "x-ms-error-code: ServerBusy");

    /// <summary>429 with <c>Retry-After</c>, in place of the service.</summary>
    public static Fault TooMany { get; } = Answer(429, "", "Retry-After: 1", "x-ms-error-code: OperationTimedOut");

    /// <summary>For people.</summary>
    public string Name { get; }

    /// <summary>What is answered in place of the service, which hears nothing of the request; null for nothing.</summary>
    public byte[]? Instead { get; private init; }

    /// <summary>This answer in place of the service's, which hears nothing of the request.</summary>
    /// <param name="status">HTTP status.</param>
    /// <param name="body">Body.</param>
    /// <param name="headers">Lines of headers.</param>
    public static Fault Answer(int status, string body = "", params string[] headers) => new($"{status}")
    {
        Instead = Encoding.UTF8.GetBytes(string.Join("\r\n", [$"HTTP/1.1 {status} As told", .. headers, $"Content-Length: {Encoding.UTF8.GetByteCount(body)}", "", body])),
    };

    /// <inheritdoc />
    public override string ToString() => Name;
}

/// <summary>A request as the proxy sees it: its line, its number, counted from 0, and its head.</summary>
public sealed record ProxiedRequest(int Number, string Method, string Target, string Head)
{
    /// <summary>The value of a header; null where there is none.</summary>
    public string? this[string header] => FaultyProxy.HeaderOf(Head, header);
}

/// <summary>
/// Stands between a client and an HTTP/1.1 service, on a port of its own, and does to each exchange what it is told. It reads
/// requests whole, by <c>Content-Length</c>, opens a connection to the service for each, and asks it to close that. The service may
/// also be a handler in this process.
/// </summary>
public sealed class FaultyProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<string, byte[], Task<byte[]>> _service;
    private readonly Func<ProxiedRequest, Fault> _faults;
    private readonly Task _accepting;
    private int _requests;

    /// <summary>In front of a service at an address.</summary>
    public FaultyProxy(Uri service, Func<ProxiedRequest, Fault> faults)
        : this(faults) => _service = (head, body) => ForwardAsync(service, head, body);

    /// <summary>In front of a service in this process.</summary>
    public FaultyProxy(HttpMessageHandler service, Func<ProxiedRequest, Fault> faults)
        : this(faults) => _service = (head, body) => AskAsync(service, head, body);

    private FaultyProxy(Func<ProxiedRequest, Fault> faults)
    {
        (_service, _faults) = (null!, faults);
        _listener.Start();
        Address = new Uri($"http://{_listener.LocalEndpoint}");
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public Uri Address { get; }

    /// <summary>How many requests it has seen.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>A handler for clients that insist on TLS: what they send to any address comes here, with the address in <c>Host</c>.</summary>
    public HttpMessageHandler Handler() => new ToProxy(Address);

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
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
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
        var fault = _faults(new ProxiedRequest(Interlocked.Increment(ref _requests) - 1, line[0], line[1], head));
        if (fault.Instead is { } instead)
        {
            await client.WriteAsync(instead, _stop.Token);
            return After.GoOn;
        }

        if (fault == Fault.Reset)
        {
            return After.Reset;
        }

        if (fault == Fault.Silence)
        {
            // Until the client hangs up.
            _ = await client.ReadAsync(new byte[1], _stop.Token);
            return After.Close;
        }

        var reply = await _service(head, body);
        if (fault == Fault.LoseReply)
        {
            return After.Reset;
        }

        var bodyAt = reply.AsSpan().IndexOf("\r\n\r\n"u8) + 4;
        var half = bodyAt < reply.Length ? bodyAt + ((reply.Length - bodyAt) / 2) : bodyAt / 2;
        await client.WriteAsync(fault == Fault.CutReply ? reply.AsMemory(0, half) : reply, _stop.Token);
        // The service was asked to close; so its reply says that the connection ends.
        return After.Close;
    }

    private async Task<byte[]> ForwardAsync(Uri address, string head, byte[] body)
    {
        using var service = new TcpClient { NoDelay = true };
        await service.ConnectAsync(address.Host, address.Port, _stop.Token);
        var stream = service.GetStream();
        string[] own = ["Connection:", "Expect:", "Host:"];
        var lines = head.Split("\r\n").Where(l => l.Length > 0 && !own.Any(o => l.StartsWith(o, StringComparison.OrdinalIgnoreCase)));
        await stream.WriteAsync(Encoding.Latin1.GetBytes(string.Join("\r\n", [.. lines, $"Host: {address.Authority}", "Connection: close", "", ""])), _stop.Token);
        await stream.WriteAsync(body, _stop.Token);
        using var reply = new MemoryStream();
        await stream.CopyToAsync(reply, _stop.Token);
        return reply.ToArray();
    }

    private async Task<byte[]> AskAsync(HttpMessageHandler service, string head, byte[] body)
    {
        var line = head[..head.IndexOf('\r')].Split(' ');
        using var request = new HttpRequestMessage(new HttpMethod(line[0]), $"https://{HeaderOf(head, "Host")}{line[1]}");
        if (body.Length > 0)
        {
            request.Content = new ByteArrayContent(body);
        }

        foreach (var header in head.Split("\r\n").Skip(1).Where(l => l.Length > 0).Select(l => l.Split(':', 2)))
        {
            if (!request.Headers.TryAddWithoutValidation(header[0], header[1].Trim()))
            {
                request.Content?.Headers.TryAddWithoutValidation(header[0], header[1].Trim());
            }
        }

        using var asking = new HttpMessageInvoker(service, disposeHandler: false);
        using var response = await asking.SendAsync(request, _stop.Token);
        var content = await response.Content.ReadAsByteArrayAsync(_stop.Token);
        var headers = response.Headers.Concat(response.Content.Headers).Where(h => h.Key is not ("Content-Length" or "Transfer-Encoding" or "Connection")).Select(h => $"{h.Key}: {string.Join(", ", h.Value)}");
        // No content has no length.
        string[] length = (int)response.StatusCode is 204 or 304 ? [] : [$"Content-Length: {content.Length}"];
        return [.. Encoding.Latin1.GetBytes(string.Join("\r\n", [$"HTTP/1.1 {(int)response.StatusCode} {response.StatusCode}", .. headers, .. length, "Connection: close", "", ""])), .. content];
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

    internal static string? HeaderOf(string head, string name) => head.Split("\r\n")
        .Where(l => l.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))
        .Select(l => l[(name.Length + 1)..].Trim())
        .FirstOrDefault();

    private sealed class ToProxy(Uri proxy) : DelegatingHandler(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
    {
        protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) => base.Send(Turn(request), cancellationToken);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => base.SendAsync(Turn(request), cancellationToken);

        private HttpRequestMessage Turn(HttpRequestMessage request)
        {
            request.Headers.Host = request.RequestUri!.Authority;
            request.RequestUri = new Uri(proxy, request.RequestUri.PathAndQuery);
            return request;
        }
    }
}
