using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace RemoteMonitoring.Ingestion.Tests.Sources;

/// <summary>
/// Stands between a client and the mock broker, on a port of its own that it puts in the place of the broker's in what that answers,
/// and may cut a connection half way through an answer.
/// </summary>
internal sealed class KafkaFront : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly byte[] _theirs;
    private readonly byte[] _ours;
    private readonly int _broker;
    private readonly Task _accepting;
    private int _cuts;
    private int _cut;

    public KafkaFront(int broker)
    {
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        (_broker, _theirs, _ours) = (broker, AddressOf(broker), AddressOf(Port));
        _accepting = AcceptAsync();
    }

    public int Port { get; }

    /// <summary>How many answers were cut.</summary>
    public int Cut => Volatile.Read(ref _cut);

    /// <summary>The next answers that carry messages end half way, and with them their connections.</summary>
    public void CutNext(int answers) => Volatile.Write(ref _cuts, answers);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private static byte[] AddressOf(int port)
    {
        var address = new byte[13];
        Encoding.ASCII.GetBytes("127.0.0.1", address);
        BinaryPrimitives.WriteInt32BigEndian(address.AsSpan(9), port);
        return address;
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
        using var broker = new TcpClient { NoDelay = true };
        try
        {
            await broker.ConnectAsync(IPAddress.Loopback, _broker, _stop.Token);
            await Task.WhenAny(client.GetStream().CopyToAsync(broker.GetStream(), _stop.Token), AnswerAsync(broker.GetStream(), client));
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Whoever cut the connection does not wait for an answer.
        }
    }

    private async Task AnswerAsync(NetworkStream broker, TcpClient client)
    {
        var length = new byte[4];
        while (true)
        {
            await broker.ReadExactlyAsync(length, _stop.Token);
            var answer = new byte[BinaryPrimitives.ReadInt32BigEndian(length)];
            await broker.ReadExactlyAsync(answer, _stop.Token);
            for (var at = answer.AsSpan().IndexOf(_theirs); at >= 0; at = answer.AsSpan().IndexOf(_theirs))
            {
                _ours.CopyTo(answer, at);
            }

            await client.GetStream().WriteAsync(length, _stop.Token);
            if (answer.AsSpan().IndexOf("filler"u8) >= 0 && Interlocked.Decrement(ref _cuts) >= 0)
            {
                await client.GetStream().WriteAsync(answer.AsMemory(0, answer.Length / 2), _stop.Token);
                client.LingerState = new LingerOption(true, 0);
                Interlocked.Increment(ref _cut);
                return;
            }

            await client.GetStream().WriteAsync(answer, _stop.Token);
        }
    }
}
