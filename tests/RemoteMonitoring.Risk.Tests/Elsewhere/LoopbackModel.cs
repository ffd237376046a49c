using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using RemoteMonitoring.Risk.Elsewhere;

namespace RemoteMonitoring.Risk.Tests.Elsewhere;

/// <summary>An endpoint on this machine; each test says what it answers to a call, by its number from 1.</summary>
internal sealed class LoopbackModel : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Func<int, JsonObject, (int Status, string Body)?> _answer;
    private readonly int _port;
    private int _calls;

    internal LoopbackModel(Func<int, JsonObject, (int Status, string Body)?> answer)
    {
        _answer = answer;
        using (var free = new TcpListener(IPAddress.Loopback, 0))
        {
            free.Start();
            _port = ((IPEndPoint)free.LocalEndpoint).Port;
        }

        _listener.Prefixes.Add($"http://127.0.0.1:{_port}/");
        _listener.Start();
        _ = Task.Run(ServeAsync);
    }

    internal int Calls => _calls;

    internal List<(string Body, string? Authorization)> Received { get; } = [];

    internal HttpEndpoint Endpoint => new() { Url = new Uri($"http://127.0.0.1:{_port}/score"), BatchRows = 40, Timeout = TimeSpan.FromSeconds(5) };

    /// <summary>The probabilities of a logistic regression over the rows of a call, as JSON.</summary>
    internal static string Logistic(JsonObject call, float[] weights, double bias) => "[" + string.Join(',', call["input_data"]!["data"]!.AsArray().Select(row =>
        (1 / (1 + Math.Exp(-(row!.AsArray().Select((v, c) => (v?.GetValue<double>() ?? 0) * weights[c]).Sum() + bias)))).ToString("R", System.Globalization.CultureInfo.InvariantCulture))) + "]";

    public void Dispose() => _listener.Close();

    private async Task ServeAsync()
    {
        while (true)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException || (e is InvalidOperationException && !_listener.IsListening))
            {
                return;
            }

            using var reader = new StreamReader(context.Request.InputStream);
            var body = await reader.ReadToEndAsync();
            lock (Received)
            {
                Received.Add((body, context.Request.Headers["Authorization"]));
            }

            // Null stands for no answer at all.
            if (_answer(Interlocked.Increment(ref _calls), JsonNode.Parse(body)!.AsObject()) is not { } answer)
            {
                continue;
            }

            context.Response.StatusCode = answer.Status;
            await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(answer.Body));
            context.Response.Close();
        }
    }
}
