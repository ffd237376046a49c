namespace RemoteMonitoring.EndToEnd.Tests;

public sealed class DevicesTests : IDisposable
{
    private readonly Rmon _rmon = new();

    [Fact]
    public async Task Devices_are_added_listed_and_revoked_and_only_the_connection_string_shows_a_key()
    {
        var added = await _rmon.RunAsync("devices", "add", "cuff-1", "scale-2", "--cohort", "ward", "--json");
        Assert.Equal((0, 2), (added.ExitCode, added.Document.GetProperty("added").GetInt32()));
        var connection = await _rmon.RunAsync("devices", "connection-string", "cuff-1", "--json");
        var text = connection.Document.GetProperty("connection_string").GetString()!;
        Assert.Matches("^HostName=localhost;DeviceId=cuff-1;SharedAccessKey=[A-Za-z0-9+/]{43}=$", text);
        Assert.StartsWith("HostName=hub:1883;", (await _rmon.RunAsync("devices", "connection-string", "cuff-1", "--host", "hub", "--port", "1883")).Output, StringComparison.Ordinal);

        Assert.Equal(0, (await _rmon.RunAsync("devices", "revoke", "cuff-1")).ExitCode);
        var list = await _rmon.RunAsync("devices", "list", "--json");
        Assert.Equal([true, false], list.Document.GetProperty("devices").EnumerateArray().Select(d => d.GetProperty("revoked").ValueKind == System.Text.Json.JsonValueKind.String));
        Assert.DoesNotContain(text.Split("SharedAccessKey=")[1], list.Output + added.Output, StringComparison.Ordinal);
        Assert.Equal(3, (await _rmon.RunAsync("devices", "connection-string", "cuff-1")).ExitCode);
        var nobody = await _rmon.RunAsync("devices", "revoke", "nobody");
        Assert.Equal(3, nobody.ExitCode);
        Assert.Contains("There is no device 'nobody'", Assert.Single(nobody.ErrorLines), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cannot be the id", "devices", "add", "a b", "--cohort", "ward")]
    [InlineData("--cohort", "devices", "list")]
    [InlineData("--cohort", "gateway")]
    public async Task What_cannot_be_done_gets_one_line_and_exit_code_3(string says, params string[] arguments)
    {
        var result = await _rmon.RunAsync(arguments);
        Assert.Equal(3, result.ExitCode);
        Assert.Contains(says, Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("gateway", "--port", "70000")]
    [InlineData("gateway", "--partitions", "0")]
    [InlineData("devices", "add")]
    public async Task A_wrong_command_line_gets_exit_code_2(params string[] arguments) => Assert.Equal(2, (await _rmon.RunAsync(arguments)).ExitCode);

    public void Dispose() => _rmon.Dispose();
}
