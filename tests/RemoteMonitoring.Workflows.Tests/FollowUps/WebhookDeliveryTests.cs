using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using NodaTime;
using RemoteMonitoring.FaultyServices;
using RemoteMonitoring.Storage.Secrets;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Workflows.Tests.FollowUps;

/// <summary>Against receivers on a socket, which answer what no server should.</summary>
public sealed class WebhookDeliveryTests
{
    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", DeliveryStatus.Taken, null)]
    [InlineData("HTTP/1.1 202 Accepted\r\nContent-Length: 4000000000\r\n\r\n", DeliveryStatus.Taken, null)]
    [InlineData("HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", DeliveryStatus.Refused, "status 410")]
    [InlineData("HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n", DeliveryStatus.Refused, "status 307")]
    [InlineData("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate\r\nContent-Length: 0\r\n\r\n", DeliveryStatus.Refused, "status 401")]
    [InlineData("HTTP/1.1 429 Too Many Requests\r\nRetry-After: never\r\nContent-Length: 0\r\n\r\n", DeliveryStatus.Failed, "status 429")]
    [InlineData("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 99999999999999\r\nContent-Length: 0\r\n\r\n", DeliveryStatus.Failed, "status 503")]
    [InlineData("SSH-2.0-OpenSSH\r\n", DeliveryStatus.Failed, "no connection (InvalidResponse)")]
    [InlineData("", DeliveryStatus.Failed, "no connection (ResponseEnded)")]
    public async Task What_a_receiver_answers_is_taken_refused_or_tried_again(string answer, DeliveryStatus status, string? problem) =>
        Assert.Equal((status, problem), await SendAsync(async stream => await stream.WriteAsync(Encoding.ASCII.GetBytes(answer)), closes: true));

    [Theory]
    [InlineData("90", 90)]
    [InlineData("Mon, 01 Jun 2026 12:10:00 GMT", 600)]
    [InlineData("Mon, 01 Jun 2026 11:59:00 GMT", -60)] // long past: as if it said nothing
    public async Task How_long_a_receiver_asks_to_be_left_alone_is_known_in_seconds_or_until_an_instant(string retryAfter, int seconds)
    {
        using var service = new HttpClientHandler();
        await using var proxy = new FaultyProxy(service, _ => Fault.Answer(503, "", $"Retry-After: {retryAfter}"));
        using var delivery = new WebhookDelivery(new SecretSettings(_ => "s", TimeProvider.System), new ClockByHand(Instant.FromUtc(2026, 6, 1, 12, 0)), proxy.Handler());
        var answer = await delivery.SendAsync(new Webhook(new Uri("https://hooks.example.org/"), "S"), new string('0', 32), 1, "{}"u8.ToArray(), default);
        Assert.Equal(Duration.FromSeconds(seconds), answer.RetryAfter);
    }

    [Fact]
    public async Task A_body_without_end_is_not_waited_for()
    {
        var clock = Stopwatch.StartNew();
        Assert.Equal((DeliveryStatus.Taken, null), await SendAsync(async stream =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"u8.ToArray());
            var chunk = Encoding.ASCII.GetBytes("10000\r\n" + new string('x', 0x10000) + "\r\n");
            for (; ; )
            {
                await stream.WriteAsync(chunk);
            }
        }));
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, WebhookDelivery.Timeout);
    }

    [Fact]
    public async Task Headers_without_end_are_cut_off() => Assert.Equal(DeliveryStatus.Failed, (await SendAsync(async stream =>
    {
        await stream.WriteAsync("HTTP/1.1 200 OK\r\n"u8.ToArray());
        for (; ; )
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes("X: " + new string('x', 8000) + "\r\n"));
        }
    })).Status);

    [Fact]
    public async Task A_receiver_that_says_nothing_is_given_up_on_after_a_while() =>
        Assert.Equal((DeliveryStatus.Failed, "no answer in 0 s"), await SendAsync(_ => Task.Delay(TimeSpan.FromSeconds(30)), patience: TimeSpan.FromMilliseconds(300)));

    /// <summary>One delivery to a receiver that reads the headers of the request and then does as it is told.</summary>
    private static async Task<(DeliveryStatus Status, string? Problem)> SendAsync(Func<NetworkStream, Task> answer, bool closes = false, TimeSpan? patience = null)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var over = new CancellationTokenSource();
        var serving = Task.Run(async () =>
        {
            try
            {
                using var socket = await listener.AcceptTcpClientAsync(over.Token);
                var stream = socket.GetStream();
                var (buffer, read) = (new byte[16 * 1024], "");
                while (!read.EndsWith("{}", StringComparison.Ordinal))
                {
                    read += Encoding.ASCII.GetString(buffer, 0, await stream.ReadAsync(buffer, over.Token));
                }

                await answer(stream).WaitAsync(over.Token);
                await (closes ? Task.CompletedTask : Task.Delay(Timeout.Infinite, over.Token));
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
            {
                // Whoever asked has gone.
            }
        });
        using var delivery = new WebhookDelivery(new SecretSettings(_ => "s", TimeProvider.System), TimeProvider.System, patience: patience);
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var result = await delivery.SendAsync(new Webhook(new Uri($"http://127.0.0.1:{port}/"), "S"), new string('0', 32), 1, "{}"u8.ToArray(), default);
        await over.CancelAsync();
        await serving;
        return (result.Status, result.Problem);
    }
}
