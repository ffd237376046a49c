using System.Text;
using Microsoft.Data.Sqlite;
using RemoteMonitoring.Ingestion.Gateway;

namespace RemoteMonitoring.Ingestion.Tests.Gateway;

public sealed class GatewayServerTests
{
    private static readonly byte[] s_body = Encoding.UTF8.GetBytes("""{"secret":"content"}""");

    [Fact]
    public async Task A_device_sends_and_is_acknowledged_and_the_message_is_in_the_log()
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var device = await gateway.DeviceAsync();
        Assert.True(await device.SendAsync(device.Topic("%24.mid=m1&room=a%26b"), s_body, id: 513));
        var record = Assert.Single(gateway.Records());
        Assert.Equal(("cuff-1", "m1", """{"room":"a\u0026b"}"""), (record.DeviceId, record.MessageId, record.Properties));
        Assert.Equal(s_body, record.Body.ToArray());
        Assert.Null(record.Problem);
    }

    [Fact]
    public async Task Acknowledgements_come_in_the_order_of_the_messages_however_many_are_on_the_way()
    {
        await using var gateway = await RunningGateway.StartAsync(o => o with { MostInFlight = 8 });
        using var device = await gateway.DeviceAsync();
        await device.WriteAsync(Enumerable.Range(1, 500).SelectMany(i => RawDevice.Publish(device.Topic($"$.mid=m{i}"), s_body, (ushort)i)).ToArray());
        for (var i = 1; i <= 500; i++)
        {
            Assert.Equal(i, await device.AcknowledgedAsync());
        }

        Assert.Equal(Enumerable.Range(1, 500).Select(i => $"m{i}"), gateway.Records().Select(r => r.MessageId));
    }

    [Fact]
    public async Task No_acknowledgement_before_the_message_can_be_read_from_the_log()
    {
        await using var gateway = await RunningGateway.StartAsync(o => o with { PlainLoopback = true });
        using var device = await gateway.DeviceAsync();
        for (var i = 1; i <= 200; i++)
        {
            Assert.True(await device.SendAsync(device.Topic(), s_body, (ushort)i));
            Assert.Equal(i, gateway.Records().Count);
        }
    }

    [Fact]
    public async Task Without_room_no_acknowledgement_but_a_closed_connection_and_one_line_until_it_works_again()
    {
        await using var gateway = await RunningGateway.StartAsync();
        Fault(gateway, "CREATE TRIGGER fail0 BEFORE INSERT ON records_0 BEGIN SELECT RAISE(ABORT, 'no'); END; CREATE TRIGGER fail1 BEFORE INSERT ON records_1 BEGIN SELECT RAISE(ABORT, 'no'); END");
        for (var i = 0; i < 3; i++)
        {
            using var failing = await gateway.DeviceAsync();
            Assert.False(await failing.SendAsync(failing.Topic(), s_body));
        }

        await gateway.RefusesAsync(Refusal.Storage, 3);
        Fault(gateway, "DROP TRIGGER fail0; DROP TRIGGER fail1");
        using var device = await gateway.DeviceAsync();
        Assert.True(await device.SendAsync(device.Topic(), s_body));
        Assert.Single(gateway.Records());
        await RunningGateway.UntilAsync(() => gateway.Logged.Any(l => l.StartsWith("105 ", StringComparison.Ordinal)), "a line that it works again");
        Assert.Single(gateway.Logged, l => l.StartsWith("104 ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Who_connects_anew_takes_over_and_the_old_connection_is_closed()
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var old = await gateway.DeviceAsync();
        using var other = await gateway.DeviceAsync("scale-2");
        using var taker = await gateway.DeviceAsync();
        Assert.Null(await old.ReadAsync());
        Assert.True(await taker.SendAsync(taker.Topic(), s_body));
        Assert.True(await other.SendAsync(other.Topic(), s_body));
        Assert.Equal(1, gateway.Refused(Refusal.TakenOver));
    }

    public static TheoryData<string, Refusal> Misbehaviour => new()
    {
        { "other device's topic", Refusal.WrongTopic },
        { "topic of nothing", Refusal.WrongTopic },
        { "quality of service 2", Refusal.QualityOfService2 },
        { "oversize body", Refusal.Oversize },
        { "length of 200 MB", Refusal.Oversize },
        { "length without end", Refusal.Malformed },
        { "second CONNECT", Refusal.Malformed },
        { "packet type 15", Refusal.Malformed },
        { "cut SUBSCRIBE", Refusal.Malformed },
    };

    [Theory]
    [MemberData(nameof(Misbehaviour))]
    public async Task Misbehaviour_closes_the_connection_is_counted_and_logged_without_content(string what, Refusal refusal)
    {
        await using var gateway = await RunningGateway.StartAsync();
        gateway.Registry.Add(["scale-2"]);
        using var device = await gateway.DeviceAsync();
        await device.WriteAsync(what switch
        {
            "other device's topic" => RawDevice.Publish("devices/scale-2/messages/events/", s_body),
            "topic of nothing" => RawDevice.Publish("secret", s_body),
            "quality of service 2" => RawDevice.Publish(device.Topic(), s_body, qualityOfService: 2),
            "oversize body" => RawDevice.Publish(device.Topic(), new byte[(256 << 10) + 1]),
            "length of 200 MB" => [0x32, 0x80, 0x80, 0x80, 0x64],
            "length without end" => [0x32, 0xff, 0xff, 0xff, 0xff, 0xff],
            "second CONNECT" => RawDevice.Packet(0x10, [.. RawDevice.Text("MQTT"), 4, 2, 0, 60, .. RawDevice.Text("cuff-1")]),
            "packet type 15" => [0xf0, 0],
            _ => RawDevice.Packet(0x82, [0, 1, 0, 99]),
        });
        Assert.Null(await device.ReadAsync());
        await gateway.RefusesAsync(refusal);
        Assert.Empty(gateway.Records());
        Assert.Contains(gateway.Logged, l => l.Contains(refusal.ToText(), StringComparison.Ordinal));
        Assert.DoesNotContain(gateway.Logged, l => l.Contains("secret", StringComparison.Ordinal) || l.Contains("cuff-1", StringComparison.Ordinal) || l.Contains("scale-2", StringComparison.Ordinal));
        Assert.DoesNotContain(gateway.Logged, l => l.StartsWith("108 ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_body_of_exactly_256_KB_is_taken()
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var device = await gateway.DeviceAsync();
        Assert.True(await device.SendAsync(device.Topic(), new byte[256 << 10]));
        Assert.Equal(256 << 10, gateway.Records()[0].Body.Length);
    }

    [Fact]
    public async Task Logins_that_are_refused_get_an_answer_and_are_counted()
    {
        await using var gateway = await RunningGateway.StartAsync();
        gateway.Registry.Add(["cuff-1", "gone-3"]);
        gateway.Registry.Revoke("gone-3");
        Assert.Equal(5, await LoginAsync(RawDevice.Token("cuff-1", new byte[32], gateway.Time.GetUtcNow().AddHours(1))));
        Assert.Equal(5, await LoginAsync(gateway.Token("cuff-1", TimeSpan.FromSeconds(-1))));
        Assert.Equal(5, await LoginAsync("secret"));
        Assert.Equal(5, await LoginAsync(gateway.Token("cuff-1"), id: "gone-3"));
        Assert.Equal(5, await LoginAsync(gateway.Token("cuff-1"), id: "nobody"));
        Assert.Equal(1, await LoginAsync(gateway.Token("cuff-1"), level: 5));
        foreach (var refusal in new[] { Refusal.WrongKey, Refusal.TokenExpired, Refusal.LoginMalformed, Refusal.Revoked, Refusal.UnknownDevice, Refusal.ProtocolVersion })
        {
            await gateway.RefusesAsync(refusal);
            Assert.Equal(1, gateway.Refused(refusal));
        }

        async Task<int> LoginAsync(string password, string id = "cuff-1", byte level = 4)
        {
            using var device = await gateway.OpenAsync(id);
            return await device.ConnectAsync(password, level: level);
        }
    }

    [Fact]
    public async Task A_device_that_is_revoked_by_another_process_is_cut_off()
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var device = await gateway.DeviceAsync();
        using var other = await gateway.DeviceAsync("scale-2");
        using (var registry = new DeviceRegistry(gateway.Home.RegistryFile, gateway.Time))
        {
            registry.Revoke("cuff-1");
        }

        Assert.Null(await device.ReadAsync());
        await gateway.RefusesAsync(Refusal.Revoked);
        Assert.True(await other.SendAsync(other.Topic(), s_body));
        gateway.Registry.Revoke("scale-2");
        Assert.Null(await other.ReadAsync());
    }

    [Fact]
    public async Task A_token_that_runs_out_ends_the_connection_and_so_does_silence()
    {
        var time = new SetTime(TimeProvider.System.GetUtcNow());
        await using var gateway = await RunningGateway.StartAsync(time: time);
        using var device = await gateway.DeviceAsync(life: TimeSpan.FromMinutes(10));
        using var silent = await gateway.DeviceAsync("scale-2", keepAlive: 1);
        Assert.True(await device.SendAsync(device.Topic(), s_body));
        Assert.Null(await silent.ReadAsync());
        await gateway.RefusesAsync(Refusal.Idle);
        time.Now += TimeSpan.FromMinutes(10);
        Assert.Null(await device.ReadAsync());
        await gateway.RefusesAsync(Refusal.TokenExpired);
    }

    [Fact]
    public async Task More_connections_than_may_be_are_closed_and_places_come_free_again()
    {
        await using var gateway = await RunningGateway.StartAsync(o => o with { MostConnections = 2, PlainLoopback = true });
        var first = await gateway.DeviceAsync("d1");
        using var second = await gateway.DeviceAsync("d2");
        using (var third = await gateway.OpenAsync("d1"))
        {
            Assert.Null(await third.ReadAsync());
        }

        await gateway.RefusesAsync(Refusal.TooManyConnections);
        await first.WriteAsync(new byte[] { 0xe0, 0 });
        Assert.Null(await first.ReadAsync());
        first.Dispose();
        await RunningGateway.UntilAsync(() => CanConnect(gateway), "a free place");
    }

    [Fact]
    public async Task Who_says_nothing_or_no_TLS_is_closed()
    {
        await using var gateway = await RunningGateway.StartAsync(o => o with { ConnectTimeout = TimeSpan.FromMilliseconds(200) });
        using var mute = await gateway.OpenAsync("d1");
        Assert.Null(await mute.ReadAsync());
        await gateway.RefusesAsync(Refusal.ConnectTimeout);
        using var plain = await RawDevice.OpenAsync(gateway.Server.Port, null, "d1");
        await plain.WriteAsync(Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\n\r\n"));
        while (await plain.ReadAsync() is not null)
        {
        }

        await gateway.RefusesAsync(Refusal.Handshake);
    }

    [Fact]
    public async Task Subscriptions_are_granted_pings_answered_twins_declined_and_telemetry_goes_on()
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var device = await gateway.DeviceAsync();
        await device.WriteAsync(RawDevice.Packet(0x82, [0, 7, .. RawDevice.Text("devices/cuff-1/messages/devicebound/#"), 1, .. RawDevice.Text("$iothub/twin/res/#"), 0, .. RawDevice.Text("devices/scale-2/#"), 0]));
        Assert.Equal([0x90, 0, 7, 1, 0, 0x80], await device.ReadAsync());
        await device.WriteAsync(new byte[] { 0xc0, 0 });
        Assert.Equal([0xd0], await device.ReadAsync());
        await device.WriteAsync(RawDevice.Publish("$iothub/twin/GET/?$rid=42", [], qualityOfService: 0));
        Assert.Equal([0x30, .. RawDevice.Text("$iothub/twin/res/501/?$rid=42")], await device.ReadAsync());
        await device.WriteAsync(RawDevice.Packet(0xa2, [0, 8, .. RawDevice.Text("$iothub/twin/res/#")]));
        Assert.Equal([0xb0, 0, 8], await device.ReadAsync());
        Assert.True(await device.SendAsync(device.Topic(), s_body));
    }

    [Fact]
    public async Task Retain_and_wills_become_properties_as_at_IoT_Hub()
    {
        await using var gateway = await RunningGateway.StartAsync();
        using (var device = await gateway.DeviceAsync(will: ("devices/cuff-1/messages/events/a=1", s_body)))
        {
            await device.WriteAsync(RawDevice.Publish(device.Topic(), s_body, retain: true));
            Assert.Equal(1, await device.AcknowledgedAsync());
        }

        await RunningGateway.UntilAsync(() => gateway.Records().Count == 2, "the will");
        Assert.Equal(["""{"mqtt-retain":"true"}""", """{"a":"1","iothub-MessageType":"Will"}"""], gateway.Records().Select(r => r.Properties));
        using (var leaving = await gateway.DeviceAsync(will: ("devices/cuff-1/messages/events/", s_body)))
        {
            await leaving.WriteAsync(new byte[] { 0xe0, 0 });
            Assert.Null(await leaving.ReadAsync());
        }

        using var alien = await gateway.OpenAsync("cuff-1");
        Assert.Equal(-1, await alien.ConnectAsync(gateway.Token("cuff-1"), will: ("devices/scale-2/messages/events/", s_body)));
        Assert.Equal(2, gateway.Records().Count);
    }

    [Fact]
    public async Task Stopping_acknowledges_what_was_read_and_all_that_was_acknowledged_is_there()
    {
        await using var gateway = await RunningGateway.StartAsync();
        using var device = await gateway.DeviceAsync();
        await device.WriteAsync(Enumerable.Range(1, 2000).SelectMany(i => RawDevice.Publish(device.Topic(), s_body, (ushort)i)).ToArray());
        Assert.Equal(1, await device.AcknowledgedAsync());
        var stopping = gateway.Server.StopAsync(default);
        var last = 1;
        while (await device.AcknowledgedAsync() is > 0 and var id)
        {
            Assert.Equal(last + 1, id);
            last = id;
        }

        await stopping;
        Assert.Equal(last, gateway.Records().Count);
        Assert.Contains(gateway.Logged, l => l.StartsWith("101 ", StringComparison.Ordinal));
    }

    private static bool CanConnect(RunningGateway gateway)
    {
        using var device = gateway.OpenAsync("d1").GetAwaiter().GetResult();
        return device.ConnectAsync(gateway.Token("d1")).GetAwaiter().GetResult() == 0;
    }

    private static void Fault(RunningGateway gateway, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={gateway.Home.LogFile};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
