using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using MQTTnet.Packets;
using MQTTnet.Protocol;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Ingestion.Gateway;

/// <summary>
/// A hub for devices on this machine: MQTT 3.1.1 over TLS, with the logins and topics of IoT Hub, so that its device SDKs
/// connect unchanged. Telemetry only: it lets devices subscribe to what they like of their own, and sends them nothing. A
/// message is acknowledged when it is durable in the log. Registry and log belong to the caller.
/// </summary>
public sealed class GatewayServer : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, GatewayConnection> _connected = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Task, byte> _running = new();
    private readonly DeviceRegistry _registry;
    private readonly GatewayLog _log;
    private readonly GatewayOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly GatewayMetrics _metrics;
    private readonly RefusalLog _refusals;
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _aborted = new();
    private volatile SslServerAuthenticationOptions _tls;
    private readonly SemaphoreSlim _places;
    private Socket? _listener;
    private Task _accepting = Task.CompletedTask;
    private Task _sweeping = Task.CompletedTask;
    private int _storageFails;
    private bool _stopped;

    /// <summary>Ready to start.</summary>
    public GatewayServer(DeviceRegistry registry, GatewayLog log, GatewayOptions options, TimeProvider time, ILogger<GatewayServer> logger, IMeterFactory meters)
    {
        (_registry, _log, _options, _time, _logger) = (registry, log, options, time, logger);
        _metrics = new GatewayMetrics(meters);
        _refusals = new RefusalLog(logger, time);
        _places = new SemaphoreSlim(options.MostConnections);
        _tls = TlsOf(options.Certificate);
    }

    /// <summary>The port it listens on, once started.</summary>
    public int Port => ((IPEndPoint)_listener!.LocalEndPoint!).Port;

    /// <summary>Begins to listen. Throws <see cref="LakeException"/> where the port cannot be had.</summary>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var address = _options.PlainLoopback ? IPAddress.Loopback : _options.Address;
        _listener = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.Equals(IPAddress.IPv6Any))
            {
                _listener.DualMode = true;
            }

            _listener.Bind(new IPEndPoint(address, _options.Port));
            _listener.Listen(512);
        }
        catch (SocketException e)
        {
            _listener.Dispose();
            throw new LakeException($"The gateway cannot listen on port {_options.Port} ({e.Message}). Take another with --port.", e);
        }

        _log.Committed = (messages, bytes) =>
        {
            _metrics.Committed(messages, bytes);
            if (Interlocked.Exchange(ref _storageFails, 0) == 1)
            {
                Log.GatewayStorageWorks(_logger);
            }
        };
        _accepting = AcceptAsync();
        _sweeping = SweepAsync();
        Log.GatewayStarted(_logger, Port);
        return Task.CompletedTask;
    }

    /// <summary>
    /// Accepts and reads no more, acknowledges what was read once it is durable, and closes. Cancelling gives up waiting for
    /// acknowledgements to be sent.
    /// </summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_stopped)
        {
            return;
        }

        _stopped = true;
        await _stopping.CancelAsync();
        await _accepting;
        _listener?.Dispose();
        await _sweeping;
        await using (cancellationToken.Register(_aborted.Cancel))
        {
            await Task.WhenAll(_running.Keys);
        }

        if (_listener is not null)
        {
            _log.Committed = null;
            Log.GatewayStopped(_logger);
        }
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await StopAsync(CancellationToken.None);
        _metrics.Dispose();
        _stopping.Dispose();
        _aborted.Dispose();
        _places.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var socket = await _listener!.AcceptAsync(_stopping.Token);
                if (!_places.Wait(0, CancellationToken.None))
                {
                    Refused(Refusal.TooManyConnections, null);
                    socket.Dispose();
                    continue;
                }

                var running = Task.Run(() => HandleAsync(socket));
                _running[running] = 0;
                _ = running.ContinueWith(done => _running.TryRemove(done, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
            catch (OperationCanceledException)
            {
            }
            catch (SocketException e)
            {
                // Out of descriptors, most likely: those that go make room.
                Log.GatewayCannotAccept(_logger, e.SocketErrorCode.ToString());
                await Task.Delay(_options.SweepInterval, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task HandleAsync(Socket socket)
    {
        string? device = null;
        _metrics.Opened();
        try
        {
            using (socket)
            {
                socket.NoDelay = true;
                await using var stream = await OpenAsync(socket);
                var mqtt = new MqttStream(stream);
                var connection = await LogInAsync(mqtt);
                device = connection.Login.DeviceId;
                try
                {
                    await connection.RunAsync(_aborted.Token);
                }
                finally
                {
                    _connected.TryRemove(KeyValuePair.Create(device, connection));
                    connection.Dispose();
                }
            }
        }
        catch (RefusedException e)
        {
            Refused(e.Refusal, device);
        }
        catch (LakeException e)
        {
            Refused(Refusal.Storage, device);
            if (Interlocked.Exchange(ref _storageFails, 1) == 0)
            {
                Log.GatewayStorageFails(_logger, e.Message);
            }
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The device is gone, or the gateway goes.
        }
        catch (Exception e)
        {
            Log.GatewayFault(_logger, e.GetType().Name);
        }
        finally
        {
            _metrics.Closed();
            _places.Release();
        }
    }

    private async Task<Stream> OpenAsync(Socket socket)
    {
        var raw = new NetworkStream(socket, ownsSocket: false);
        if (_options.PlainLoopback)
        {
            return raw;
        }

        var stream = new SslStream(raw);
        try
        {
            using var timeout = Timeout();
            await stream.AuthenticateAsServerAsync(_tls, timeout.Token);
            return stream;
        }
        catch (Exception e) when (e is AuthenticationException or IOException or OperationCanceledException)
        {
            await stream.DisposeAsync();
            throw _stopping.IsCancellationRequested ? new OperationCanceledException() : new RefusedException(Refusal.Handshake);
        }
    }

    /// <summary>Takes the CONNECT, answers it, and puts the connection in the place of an older one of the device.</summary>
    private async Task<GatewayConnection> LogInAsync(MqttStream mqtt)
    {
        using var timeout = Timeout();
        MqttConnectPacket connect;
        try
        {
            connect = await mqtt.ReadAsync(MqttStream.MostConnectBytes, timeout.Token) switch
            {
                MqttConnectPacket packet => packet,
                null => throw new IOException("The device went without a word."),
                _ => throw new RefusedException(Refusal.Malformed),
            };
        }
        catch (OperationCanceledException) when (!_stopping.IsCancellationRequested)
        {
            throw new RefusedException(Refusal.ConnectTimeout);
        }
        catch (RefusedException e) when (e.Refusal == Refusal.ProtocolVersion)
        {
            await AnswerAsync(mqtt, MqttConnectReturnCode.ConnectionRefusedUnacceptableProtocolVersion, timeout.Token);
            throw;
        }

        var (login, refusal) = DeviceLogin.Check(connect.ClientId, connect.Username, connect.Password, _options.Hosts, _registry, _time);
        if (login is null)
        {
            await AnswerAsync(mqtt, MqttConnectReturnCode.ConnectionRefusedNotAuthorized, timeout.Token);
            throw new RefusedException(refusal!.Value);
        }

        var connection = new GatewayConnection(mqtt, connect, login, _log, _options, _time, _stopping.Token);
        _connected.AddOrUpdate(login.DeviceId, connection, (_, older) =>
        {
            older.Close(Refusal.TakenOver);
            return connection;
        });
        try
        {
            // Who was revoked, or whose key was, between the check and the line above is not seen by the next sweep.
            if (WithdrawnOf(_registry.KeysOf(login.DeviceId), login) is { } withdrawn)
            {
                throw new RefusedException(withdrawn);
            }

            await AnswerAsync(mqtt, MqttConnectReturnCode.ConnectionAccepted, timeout.Token);
            return connection;
        }
        catch
        {
            _connected.TryRemove(KeyValuePair.Create(login.DeviceId, connection));
            throw;
        }
    }

    private static async Task AnswerAsync(MqttStream mqtt, MqttConnectReturnCode code, CancellationToken cancellationToken)
    {
        // No session is ever kept: all that one could hold is subscriptions to nothing.
        mqtt.Write(new MqttConnAckPacket { ReturnCode = code });
        await mqtt.FlushAsync(cancellationToken);
    }

    private CancellationTokenSource Timeout()
    {
        var timeout = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        timeout.CancelAfter(_options.ConnectTimeout);
        return timeout;
    }

    private async Task SweepAsync()
    {
        using var timer = new PeriodicTimer(_options.SweepInterval, _time);
        var version = -1L;
        var renewed = _time.GetTimestamp();
        var fails = false;
        try
        {
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                var now = _time.GetUtcNow();
                foreach (var connection in _connected.Values)
                {
                    if (connection.Login.Expires <= now)
                    {
                        connection.Close(Refusal.TokenExpired);
                    }
                    else if (connection.IsIdle)
                    {
                        connection.Close(Refusal.Idle);
                    }
                }

                _refusals.Flush();
                if (_time.GetElapsedTime(renewed) >= _options.RenewInterval)
                {
                    renewed = _time.GetTimestamp();
                    RenewCertificate();
                }

                try
                {
                    CloseWithdrawn(ref version);
                    if (fails)
                    {
                        Log.GatewayRegistryWorks(_logger);
                        fails = false;
                    }
                }
                catch (LakeException e) when (!fails)
                {
                    Log.GatewayRegistryFails(_logger, e.Message);
                    fails = true;
                }
                catch (LakeException)
                {
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private void CloseWithdrawn(ref long version)
    {
        var now = _registry.Version;
        if (now == version)
        {
            return;
        }

        version = now;
        var keys = _registry.Keys();
        foreach (var (device, connection) in _connected)
        {
            if (WithdrawnOf(keys.GetValueOrDefault(device), connection.Login) is { } withdrawn)
            {
                connection.Close(withdrawn);
            }
        }
    }

    private static Refusal? WithdrawnOf(DeviceKeys? keys, DeviceLogin login) => keys is null ? Refusal.Revoked : keys.Has(login.Key) ? null : Refusal.KeyWithdrawn;

    private SslServerAuthenticationOptions TlsOf(X509Certificate2 certificate) => new()
    {
        ServerCertificateContext = SslStreamCertificateContext.Create(certificate, _options.Intermediates, offline: true),
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
    };

    /// <summary>The certificate of before stays where another cannot be had, and is left to those whose handshake it is in.</summary>
    private void RenewCertificate()
    {
        try
        {
            if (_options.Renew?.Invoke() is not { } certificate)
            {
                return;
            }

            if (certificate.Thumbprint == _tls.ServerCertificateContext!.TargetCertificate.Thumbprint)
            {
                certificate.Dispose();
                return;
            }

            _tls = TlsOf(certificate);
            Log.GatewayCertificateRenewed(_logger, certificate.NotAfter.ToUniversalTime());
        }
        catch (LakeException e)
        {
            Log.GatewayCertificateFails(_logger, e.Message);
        }
    }

    private void Refused(Refusal refusal, string? deviceId)
    {
        _refusals.Add(refusal, deviceId);
        // Last: who waits for the figure finds what was logged.
        _metrics.Refused(refusal);
    }
}
