using System.Text;
using RemoteMonitoring.Ingestion.Gateway;

namespace RemoteMonitoring.EndToEnd.Tests.Gateway;

/// <summary>The official SDK, unchanged, against <c>rmon gateway</c>.</summary>
public sealed class DeviceSdkTests(NodeDevice node) : IClassFixture<NodeDevice>
{
    [Fact]
    public async Task All_that_the_sdk_saw_acknowledged_is_in_the_log_though_the_gateway_was_killed_twice()
    {
        Assert.NotNull(node);
        const int Count = 600;
        using var gateway = new GatewayProcess("cuff-1");
        await gateway.StartAsync();
        using var client = NodeDevice.Run(gateway, ("CONNECTION_STRING", gateway.ConnectionString("cuff-1")), ("COUNT", $"{Count}"), ("INTERVAL", "10"));
        foreach (var at in new[] { "m100", "m300" })
        {
            await client.LineAsync(l => l.Contains($"\"acked\":\"{at}\"", StringComparison.Ordinal));
            gateway.Process.Kill();
            await gateway.StartAsync();
        }

        Assert.Equal(0, await client.ExitAsync(TimeSpan.FromSeconds(60)));
        var acknowledged = NodeDevice.Said(client, "acked");
        Assert.Equal(Count, acknowledged.Count + NodeDevice.Said(client, "failed").Count);
        Assert.Contains($"m{Count - 1}", acknowledged);

        Assert.Equal(0, await gateway.Process.TerminateAsync());
        var records = gateway.Records();
        Assert.Empty(acknowledged.Except(records.Select(r => r.MessageId)));
        Assert.All(records, r =>
        {
            Assert.Equal("cuff-1", r.DeviceId);
            Assert.Null(r.Problem);
            Assert.Equal($$"""{"n":{{r.MessageId![1..]}},"text":"grüße & ünïcode=%"}""", Encoding.UTF8.GetString(r.Body.Span));
            Assert.Equal("""{"room":"a\u0026b=c/d \u00FC%","$.ct":"application/json","$.ce":"utf-8"}""", r.Properties);
        });
    }

    [Fact]
    public async Task Wrong_key_expired_token_and_revoked_device_are_unauthorized()
    {
        using var gateway = new GatewayProcess("cuff-1", "gone-2");
        await gateway.StartAsync();
        var revoked = gateway.ConnectionString("gone-2");
        gateway.Registry.Revoke("gone-2");
        var expired = SasToken.Create($"localhost:{gateway.Port}/devices/cuff-1", gateway.Registry.KeysOf("cuff-1")!.Primary, TimeProvider.System.GetUtcNow().AddMinutes(-1));
        foreach (var (login, reason) in new[]
        {
            (("CONNECTION_STRING", gateway.ConnectionString("cuff-1", new byte[32])), "wrong-key"),
            (("TOKEN", expired), "token-expired"),
            (("CONNECTION_STRING", revoked), "revoked"),
        })
        {
            using var client = NodeDevice.Run(gateway, login, ("COUNT", "1"), ("INTERVAL", "1"), ("RETRY", "no"));
            Assert.Equal(1, await client.ExitAsync());
            Assert.Contains("UnauthorizedError", NodeDevice.Said(client, "error"));
            await gateway.Process.LineAsync(gateway.Process.Errors, l => l.Contains($": {reason} ", StringComparison.Ordinal));
        }

        Assert.Empty(gateway.Records());
        Assert.DoesNotContain(gateway.Process.Errors, l => l.Contains("cuff-1", StringComparison.Ordinal) || l.Contains("SharedAccess", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_device_that_is_revoked_while_it_sends_is_cut_off_and_not_let_in_again()
    {
        using var gateway = new GatewayProcess("cuff-1");
        await gateway.StartAsync();
        using var client = NodeDevice.Run(gateway, ("CONNECTION_STRING", gateway.ConnectionString("cuff-1")), ("COUNT", "100000"), ("INTERVAL", "10"), ("RETRY", "no"));
        await client.LineAsync(l => l.Contains("\"m20\"", StringComparison.Ordinal));
        gateway.Registry.Revoke("cuff-1");
        await client.LineAsync(l => l.Contains("disconnect", StringComparison.Ordinal), TimeSpan.FromSeconds(5));
        await client.LineAsync(l => l.Contains("UnauthorizedError", StringComparison.Ordinal));
        var acknowledged = NodeDevice.Said(client, "acked");
        Assert.Empty(acknowledged.Except(gateway.Records().Select(r => r.MessageId)));
    }
}
