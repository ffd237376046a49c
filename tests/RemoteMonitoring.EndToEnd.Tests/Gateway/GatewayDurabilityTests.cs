using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using RemoteMonitoring.Ingestion.Tests.Gateway;

namespace RemoteMonitoring.EndToEnd.Tests.Gateway;

public sealed partial class GatewayDurabilityTests
{
    private const int Kills = 5;
    private const int Devices = 20;

    [Fact]
    public async Task Whatever_was_acknowledged_before_a_kill_is_in_the_log_and_offsets_have_no_hole()
    {
        var ids = Enumerable.Range(0, Devices).Select(d => $"d{d}").ToArray();
        using var gateway = new GatewayProcess(ids);
        var acknowledged = new ConcurrentBag<string>();
        for (var kill = 0; kill < Kills; kill++)
        {
            await gateway.StartAsync();
            var before = acknowledged.Count;
            var sending = ids.Select(id => SendUntilCutAsync(gateway, id, kill, acknowledged)).ToArray();
            while (acknowledged.Count < before + 500 && !sending.All(s => s.IsCompleted))
            {
                await Task.Delay(5);
            }

            gateway.Process.Kill();
            await Task.WhenAll(sending);
        }

        var records = gateway.Records();
        var there = records.Select(r => $"{r.DeviceId}/{r.MessageId}").ToList();
        Assert.Equal(there.Count, there.Distinct().Count());
        Assert.Empty(acknowledged.Except(there));
        Assert.All(records, r => Assert.Equal($"body of {r.MessageId}", Encoding.UTF8.GetString(r.Body.Span)));
    }

    /// <summary>One message at a time, so that each packet sent after it was read is its acknowledgement, though it is encrypted.</summary>
    [Fact]
    public async Task Between_reading_a_message_and_sending_its_acknowledgement_the_log_s_file_is_synced()
    {
        const int Messages = 20;
        using var gateway = new GatewayProcess("d1");
        var trace = gateway.File("trace.txt");
        try
        {
            await gateway.StartAsync("strace", "-f", "-qq", "-y", "-s", "0", "-e", "trace=fsync,fdatasync,recvmsg,recvfrom,read,sendmsg,sendto,write,writev", "-o", trace);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Fail("The test of what is synced before an acknowledgement needs strace (apt-get install strace).");
        }

        using (var device = await RawDevice.OpenAsync(gateway.Port, gateway.Authority, "d1"))
        {
            Assert.Equal(0, await device.ConnectAsync(RawDevice.Token("d1", gateway.Registry.KeysOf("d1")!.Primary, TimeProvider.System.GetUtcNow().AddHours(1))));
            for (ushort i = 1; i <= Messages; i++)
            {
                await Task.Delay(10);
                Assert.True(await device.SendAsync(device.Topic(), "x"u8.ToArray(), i));
            }

            gateway.Process.Kill();
        }

        // Of the device's socket: what was read, with how many bytes, and what was sent; and the syncs of the log that came back.
        var events = Events(await File.ReadAllLinesAsync(trace)).ToList();
        var socket = events.Last(e => e.Kind == 's').Target;
        var seen = string.Concat(events.Where(e => e.Kind == 'f' || e.Target == socket).Select(e => e.Kind));
        var acknowledgements = Acknowledgement().Matches(seen);
        Assert.True(acknowledgements.Count >= Messages, seen);
        // From the first message on, nothing is sent that was not preceded by a sync since the last read.
        var messages = seen[acknowledgements[^Messages].Index..];
        Assert.DoesNotMatch("rs", messages);
    }

    private static async Task SendUntilCutAsync(GatewayProcess gateway, string id, int round, ConcurrentBag<string> acknowledged)
    {
        try
        {
            using var device = await RawDevice.OpenAsync(gateway.Port, gateway.Authority, id);
            Assert.Equal(0, await device.ConnectAsync(RawDevice.Token(id, gateway.Registry.KeysOf(id)!.Primary, TimeProvider.System.GetUtcNow().AddHours(1))));
            for (ushort next = 1; ; next += 4)
            {
                // Several on the way at once: some are cut off in the middle.
                await device.WriteAsync(Enumerable.Range(next, 4)
                    .SelectMany(n => RawDevice.Publish(device.Topic($"$.mid=m{round}-{n}"), Encoding.UTF8.GetBytes($"body of m{round}-{n}"), (ushort)n)).ToArray());
                for (var n = next; n < next + 4; n++)
                {
                    var got = await device.AcknowledgedAsync();
                    if (got < 0)
                    {
                        return;
                    }

                    Assert.Equal(n, got);
                    acknowledged.Add(string.Create(CultureInfo.InvariantCulture, $"{id}/m{round}-{n}"));
                }
            }
        }
        catch (IOException)
        {
        }
    }

    /// <summary>
    /// The trace as events: <c>r</c> when bytes were read from a socket (at the call's end), <c>s</c> when a send began,
    /// <c>f</c> when a sync of the log was done.
    /// </summary>
    private static IEnumerable<(char Kind, string Target)> Events(IEnumerable<string> lines)
    {
        var unfinished = new Dictionary<string, (string Call, string Target)>();
        foreach (var line in lines)
        {
            var start = Start().Match(line);
            if (start.Success)
            {
                var (thread, call, target) = (start.Groups[1].Value, start.Groups[2].Value, start.Groups[3].Value);
                if (call is "sendmsg" or "sendto" or "write" or "writev" && IsSocket(target))
                {
                    yield return ('s', target);
                }

                if (line.EndsWith("<unfinished ...>", StringComparison.Ordinal))
                {
                    unfinished[thread] = (call, target);
                }
                else if (Done(call, target, line) is { } done)
                {
                    yield return (done, target);
                }
            }
            else if (Resumed().Match(line) is { Success: true } resumed && unfinished.Remove(resumed.Groups[1].Value, out var begun)
                && Done(begun.Call, begun.Target, line) is { } done)
            {
                yield return (done, begun.Target);
            }
        }
    }

    private static char? Done(string call, string target, string line) => call switch
    {
        "fsync" or "fdatasync" => target.Contains("log.db", StringComparison.Ordinal) && line.EndsWith("= 0", StringComparison.Ordinal) ? 'f' : null,
        "recvmsg" or "recvfrom" or "read" => IsSocket(target) && Bytes().IsMatch(line) ? 'r' : null,
        _ => null,
    };

    private static bool IsSocket(string target) => target.Contains("socket:", StringComparison.Ordinal) || target.Contains("TCP", StringComparison.Ordinal);

    [GeneratedRegex("r[rf]*f[rf]*s+", RegexOptions.ExplicitCapture)]
    private static partial Regex Acknowledgement();

    [GeneratedRegex(@"^(\d+) +(\w+)\((\d+<[^>]*>)")]
    private static partial Regex Start();

    [GeneratedRegex(@"^(\d+) +<\.\.\. \w+ resumed>")]
    private static partial Regex Resumed();

    [GeneratedRegex("= [1-9][0-9]*$", RegexOptions.ExplicitCapture)]
    private static partial Regex Bytes();
}
