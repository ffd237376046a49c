using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace RemoteMonitoring.EndToEnd.Tests.SelfTelemetry;

/// <summary>A span as it came: ids in hex, and what it links to.</summary>
internal sealed record ReceivedSpan(string TraceId, string SpanId, string ParentSpanId, string Name, IReadOnlyList<(string TraceId, string SpanId)> Links);

/// <summary>Receives OpenTelemetry's protocol over HTTP on the loopback and keeps every byte. Of its messages it reads the fields of spans by their numbers in <c>trace.proto</c>, and nothing more.</summary>
internal sealed class OtlpReceiver : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly ConcurrentQueue<(string Path, byte[] Body)> _received = new();
    private readonly string? _refuses;

    /// <summary>Listens.</summary>
    /// <param name="url">Where; null for any port that is free.</param>
    /// <param name="refuses">The path that is answered 503; null for none.</param>
    public OtlpReceiver(string? url = null, string? refuses = null)
    {
        _refuses = refuses;
        Url = url ?? FreeUrl();
        _listener.Prefixes.Add(Url + "/");
        _listener.Start();
        _ = ReceiveAsync();
    }

    /// <summary>An address of this machine where nobody listens.</summary>
    public static string FreeUrl()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return $"http://127.0.0.1:{((IPEndPoint)probe.LocalEndpoint).Port}";
    }

    public string Url { get; }

    /// <summary>What a program is to be told so that it sends here, soon.</summary>
    public IEnumerable<KeyValuePair<string, string>> Environment =>
    [
        new("OTEL_EXPORTER_OTLP_ENDPOINT", Url), new("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"), new("OTEL_METRIC_EXPORT_INTERVAL", "500"),
        new("OTEL_BSP_SCHEDULE_DELAY", "100"), new("OTEL_BLRP_SCHEDULE_DELAY", "100"),
    ];

    /// <summary>All that came on a path, as text in which names stand as they are.</summary>
    public string Text(string path) => string.Concat(_received.Where(r => r.Path == path).Select(r => Encoding.Latin1.GetString(r.Body)));

    /// <summary>Every message that came.</summary>
    public IReadOnlyCollection<(string Path, byte[] Body)> Received => _received;

    /// <summary>All spans so far.</summary>
    public IReadOnlyList<ReceivedSpan> Spans =>
    [
        .. from message in _received
           where message.Path == "/v1/traces"
           from resource in Fields(message.Body, 1)
           from scope in Fields(resource, 2)
           from span in Fields(scope, 2)
           select new ReceivedSpan(Hex(span, 1), Hex(span, 2), Hex(span, 4), Encoding.UTF8.GetString(Fields(span, 5).Single().Span), [.. Fields(span, 13).Select(link => (Hex(link, 1), Hex(link, 2)))]),
    ];

    /// <summary>Waits for a span.</summary>
    public async Task<ReceivedSpan> SpanAsync(string what, Func<ReceivedSpan, bool> wanted)
    {
        for (var i = 0; i < 600; i++)
        {
            if (Spans.FirstOrDefault(wanted) is { } span)
            {
                return span;
            }

            await Task.Delay(50);
        }

        throw new TimeoutException($"No span came of {what}; of others: {string.Join(", ", Spans.Select(s => s.Name).Distinct())}");
    }

    /// <summary>Waits for a text on a path.</summary>
    public async Task TextAsync(string path, string wanted)
    {
        for (var i = 0; i < 600 && !Text(path).Contains(wanted, StringComparison.Ordinal); i++)
        {
            await Task.Delay(50);
        }

        Assert.Contains(wanted, Text(path), StringComparison.Ordinal);
    }

    public void Dispose() => _listener.Close();

    private async Task ReceiveAsync()
    {
        try
        {
            while (true)
            {
                var context = await _listener.GetContextAsync();
                using var body = new MemoryStream();
                await context.Request.InputStream.CopyToAsync(body);
                _received.Enqueue((context.Request.Url!.AbsolutePath, body.ToArray()));
                context.Response.StatusCode = context.Request.Url!.AbsolutePath == _refuses ? 503 : 200;
                context.Response.Close();
            }
        }
        catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
        {
            // It was closed.
        }
    }

    private static string Hex(ReadOnlyMemory<byte> message, int field) => string.Concat(Fields(message, field).Select(f => Convert.ToHexStringLower(f.Span)));

    /// <summary>The fields of a message that have this number and a length.</summary>
    private static List<ReadOnlyMemory<byte>> Fields(ReadOnlyMemory<byte> message, int field)
    {
        var found = new List<ReadOnlyMemory<byte>>();
        var bytes = message.Span;
        var at = 0;
        while (at < bytes.Length)
        {
            var key = Number(bytes, ref at);
            switch (key & 7)
            {
                case 0:
                    Number(bytes, ref at);
                    break;
                case 1:
                    at += 8;
                    break;
                case 2:
                    var length = (int)Number(bytes, ref at);
                    if (key >> 3 == (ulong)field)
                    {
                        found.Add(message.Slice(at, length));
                    }

                    at += length;
                    break;
                case 5:
                    at += 4;
                    break;
                default:
                    throw new InvalidDataException($"Wire type {key & 7} at {at}.");
            }
        }

        return found;
    }

    private static ulong Number(ReadOnlySpan<byte> bytes, ref int at)
    {
        var number = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var part = bytes[at++];
            number |= (ulong)(part & 127) << shift;
            if (part < 128)
            {
                return number;
            }
        }
    }
}
