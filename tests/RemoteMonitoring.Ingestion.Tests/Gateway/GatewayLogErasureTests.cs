using System.Globalization;
using System.Text;
using RemoteMonitoring.Ingestion.Gateway;

namespace RemoteMonitoring.Ingestion.Tests.Gateway;

public sealed class GatewayLogErasureTests : IDisposable
{
    private readonly TempHome _home = new();
    private readonly SetTime _time = new(DateTimeOffset.UnixEpoch);

    private string LogFile => Path.Combine(_home.Root, "gateway", "log.db");

    [Fact]
    public async Task Erased_messages_keep_their_offsets_and_leave_no_byte_in_file_or_journal()
    {
        await using var log = GatewayLog.Open(LogFile, new GatewayLogOptions { Partitions = 2 }, _time);
        for (var i = 0; i < 200; i++)
        {
            _time.Now = DateTimeOffset.FromUnixTimeSeconds(i);
            // Some span many pages, some share one.
            var device = i % 3 == 0 ? "secret-device" : $"other-{i % 3}";
            await log.AppendAsync(Message(device, i, i % 7 == 0 ? 20_000 : 100));
        }

        Assert.True(Leaks("SECRETBODY0003X") && Leaks("secretid-150") && Leaks("secretprop") && Leaks("secret-device"), "the search finds what is there");

        var erased = await GatewayLogErasure.EraseAsync(LogFile, ["secret-device", "nobody"], 30_000_000, 180_000_000, TimeProvider.System, default);

        var expected = Enumerable.Range(0, 200).Where(i => i % 3 == 0 && i is >= 30 and < 180).ToArray();
        Assert.Equal(expected.Length, erased);
        Assert.All(expected, i => Assert.False(Leaks($"SECRETBODY{i:D4}X") || Leaks($"secretid-{i}\0") || Leaks($"secretprop{i:D4}"), $"message {i} is still in the files"));
        Assert.True(Leaks("SECRETBODY0003X") && Leaks("SECRETBODY0180X"), "what lies outside of the interval stays");
        Assert.True(!File.Exists(LogFile + "-wal") || new FileInfo(LogFile + "-wal").Length == 0);

        await log.AppendAsync(Message("other-1", 999, 10));
        using var reader = new GatewayLogReader(LogFile);
        var records = Enumerable.Range(0, 2).SelectMany(p =>
        {
            var read = reader.Read(p, 0, int.MaxValue, long.MaxValue);
            Assert.Equal(Enumerable.Range(0, read.Count).Select(o => (long)o), read.Select(r => r.Offset));
            return read;
        }).ToArray();
        Assert.Equal(201, records.Length);
        var redacted = records.Where(r => r.Problem is not null).ToArray();
        Assert.Equal(expected.Length, redacted.Length);
        Assert.All(redacted, r => Assert.Equal(("", null, null, 0, "redacted"), (r.DeviceId, r.MessageId, r.Properties, r.Body.Length, r.Problem)));
    }

    [Fact]
    public async Task Erasing_all_of_a_device_leaves_not_even_its_name()
    {
        await using (var log = GatewayLog.Open(LogFile, new GatewayLogOptions(), _time))
        {
            await Task.WhenAll(Enumerable.Range(0, 500).Select(i => log.AppendAsync(Message(i % 2 == 0 ? "secret-device" : "other", i, 300))));
        }

        Assert.True(Leaks("secret-device"));
        Assert.Equal(250, await GatewayLogErasure.EraseAsync(LogFile, ["secret-device"], long.MinValue, long.MaxValue, TimeProvider.System, default));
        Assert.False(Leaks("secret-device"));
        Assert.Equal(0, await GatewayLogErasure.EraseAsync(LogFile, ["secret-device"], long.MinValue, long.MaxValue, TimeProvider.System, default));
    }

    [Fact]
    public async Task Messages_that_come_meanwhile_are_all_there()
    {
        await using var log = GatewayLog.Open(LogFile, new GatewayLogOptions { Partitions = 1 }, _time);
        for (var i = 0; i < 50; i++)
        {
            await log.AppendAsync(Message("secret-device", i, 5000));
        }

        var appending = Task.Run(async () =>
        {
            for (var i = 0; i < 300; i++)
            {
                await log.AppendAsync(Message("other", i, 100));
            }
        });
        await GatewayLogErasure.EraseAsync(LogFile, ["secret-device"], long.MinValue, long.MaxValue, TimeProvider.System, default);
        await appending;
        using var reader = new GatewayLogReader(LogFile);
        Assert.Equal(Enumerable.Range(0, 350).Select(o => (long)o), reader.Read(0, 0, int.MaxValue, long.MaxValue).Select(r => r.Offset));
    }

    public void Dispose() => _home.Dispose();

    private static GatewayMessage Message(string device, int n, int size) => new()
    {
        DeviceId = device,
        MessageId = string.Create(CultureInfo.InvariantCulture, $"secretid-{n}"),
        Properties = $$"""{"k":"secretprop{{n:D4}}"}""",
        Body = Encoding.UTF8.GetBytes($"SECRETBODY{n:D4}X".PadRight(size, '.')),
    };

    /// <summary>Whether a text is anywhere in the files of the log.</summary>
    private bool Leaks(string text) => Directory.EnumerateFiles(Path.GetDirectoryName(LogFile)!).Where(f => !f.EndsWith(".lock", StringComparison.Ordinal)).Any(file =>
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0;
    });
}
