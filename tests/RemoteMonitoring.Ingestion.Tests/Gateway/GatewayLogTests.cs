using System.Globalization;
using System.Text;
using Microsoft.Data.Sqlite;
using RemoteMonitoring.Ingestion.Gateway;
using RemoteMonitoring.Ingestion.Sources;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Messages;

namespace RemoteMonitoring.Ingestion.Tests.Gateway;

public sealed class GatewayLogTests : IDisposable
{
    private static readonly DateTimeOffset s_now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly TempHome _home = new();
    private readonly SetTime _time = new(s_now);

    private string LogFile => Path.Combine(_home.Root, "gateway", "log.db");

    [Fact]
    public async Task What_was_appended_is_read_back_from_its_device_s_partition_in_order()
    {
        await using (var log = Open(partitions: 3))
        {
            foreach (var i in Enumerable.Range(0, 30))
            {
                await log.AppendAsync(Message($"d{i % 5}", i, i % 2 == 0 ? $"m{i}" : null, i % 3 == 0 ? """{"k":"v"}""" : null));
            }
        }

        using var reader = new GatewayLogReader(LogFile);
        Assert.Equal(3, reader.Partitions);
        for (var p = 0; p < 3; p++)
        {
            var expected = Enumerable.Range(0, 30).Where(i => Partitioning.PartitionOf($"d{i % 5}", 3) == p).ToArray();
            var read = reader.Read(p, 0, 100, long.MaxValue);
            Assert.Equal(Enumerable.Range(0, expected.Length).Select(o => (long)o), read.Select(r => r.Offset));
            Assert.Equal((0, expected.Length), reader.Bounds(p));
            Assert.Equal(expected.Select(i => $"d{i % 5}|{(i % 2 == 0 ? $"m{i}" : "")}|{(i % 3 == 0 ? """{"k":"v"}""" : "")}|body {i}"), read.Select(Text));
            Assert.All(read, r => Assert.Equal(1772366400000000, r.EnqueuedTime));
        }
    }

    [Fact]
    public async Task Offsets_and_epoch_go_on_after_a_restart_and_partitions_stay_as_they_were_made()
    {
        string epoch;
        await using (var log = Open(partitions: 2))
        {
            epoch = log.Epoch;
            await log.AppendAsync(Message("d1", 0));
        }

        await using (var log = Open(partitions: 9))
        {
            Assert.Equal((epoch, 2), (log.Epoch, log.Partitions));
            await log.AppendAsync(Message("d1", 1));
        }

        Assert.Equal([0, 1], Read("d1").Select(r => r.Offset));
        File.Delete(LogFile);
        await using var another = Open(partitions: 2);
        Assert.NotEqual(epoch, another.Epoch);
    }

    [Fact]
    public async Task What_waits_during_a_commit_goes_into_the_next_together()
    {
        var commits = new List<int>();
        await using var log = Open();
        log.Committed = (messages, _) => commits.Add(messages);
        await Task.WhenAll(Enumerable.Range(0, 2000).Select(i => log.AppendAsync(Message("d1", i))));
        Assert.Equal(2000, commits.Sum());
        Assert.True(commits.Count < 200, $"{commits.Count} commits for 2,000 messages that all waited");
        Assert.Equal(Enumerable.Range(0, 2000).Select(i => $"body {i}"), Read("d1").Select(r => Encoding.UTF8.GetString(r.Body.Span)));
    }

    [Fact]
    public async Task Who_appends_more_than_may_wait_waits_and_nothing_is_lost()
    {
        await using var log = GatewayLog.Open(LogFile, new GatewayLogOptions { Partitions = 1, WaitingMessages = 3, WaitingBytes = 40 }, _time);
        var most = 0;
        log.Committed = (messages, bytes) => most = Math.Max(most, messages);
        await Task.WhenAll(Enumerable.Range(0, 500).Select(i => log.AppendAsync(Message("d1", i))));
        Assert.InRange(most, 1, 3);
        Assert.Equal(500, Read("d1").Count);
    }

    [Fact]
    public async Task Enqueued_times_never_fall_though_the_clock_does()
    {
        await using var log = Open();
        await log.AppendAsync(Message("d1", 0));
        _time.Now = s_now.AddMinutes(-5);
        await log.AppendAsync(Message("d1", 1));
        _time.Now = s_now.AddMinutes(1);
        await log.AppendAsync(Message("d1", 2));
        var times = Read("d1").Select(r => r.EnqueuedTime).ToArray();
        Assert.Equal([times[0], times[0], times[0] + 60_000_000], times);
    }

    [Fact]
    public async Task A_batch_that_cannot_be_written_fails_whole_takes_no_offsets_and_the_next_succeeds()
    {
        await using var log = Open(partitions: 1);
        await log.AppendAsync(Message("d1", 0));
        Sql("CREATE TRIGGER fail BEFORE INSERT ON records_0 WHEN new.message_id = 'bad' BEGIN SELECT RAISE(ABORT, 'no room'); END");
        var e = await Assert.ThrowsAsync<LakeException>(() => log.AppendAsync(Message("d1", 1, "bad")));
        Assert.Contains(LogFile, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("d1", e.Message[LogFile.Length..], StringComparison.Ordinal);
        await log.AppendAsync(Message("d1", 2));
        Assert.Equal(["body 0", "body 2"], Read("d1").Select(r => Encoding.UTF8.GetString(r.Body.Span)));
        Assert.Equal([0, 1], Read("d1").Select(r => r.Offset));
    }

    [Fact]
    public async Task There_is_one_writer()
    {
        await using (Open())
        {
            var e = Assert.Throws<LakeException>(() => Open());
            Assert.Contains("another gateway", e.Message, StringComparison.Ordinal);
        }

        await using var next = Open();
    }

    [Fact]
    public void A_file_that_is_no_log_is_refused_in_one_line()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(LogFile)!);
        File.WriteAllText(LogFile, new string('x', 5000));
        Assert.Contains("SQLite", Assert.Throws<LakeException>(() => Open()).Message, StringComparison.Ordinal);
        Assert.Throws<LakeException>(() => new GatewayLogReader(LogFile));
        Assert.Contains("no gateway log", Assert.Throws<LakeException>(() => new GatewayLogReader(LogFile + "x")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reading_is_bounded_by_records_and_bytes_but_gets_on()
    {
        await using var log = Open(partitions: 1);
        await Task.WhenAll(Enumerable.Range(0, 10).Select(i => log.AppendAsync(Message("d1", i))));
        using var reader = new GatewayLogReader(LogFile);
        Assert.Equal([4, 5, 6], reader.Read(0, 4, 3, 1000).Select(r => r.Offset));
        Assert.Equal([0, 1], reader.Read(0, 0, 100, 7).Select(r => r.Offset));
        Assert.Equal([9], reader.Read(0, 9, 100, 1).Select(r => r.Offset));
        Assert.Empty(reader.Read(0, 10, 100, 1000));
    }

    [Fact]
    public async Task Trimming_deletes_from_the_beginning_and_offsets_never_come_back()
    {
        await using (var log = Open(partitions: 1))
        {
            await Task.WhenAll(Enumerable.Range(0, 10).Select(i => log.AppendAsync(Message("d1", i))));
            using var reader = new GatewayLogReader(LogFile);
            Assert.Equal(4, await reader.TrimAsync(0, 4, default));
            Assert.Equal((4, 10), reader.Bounds(0));
            Assert.Equal(0, await reader.TrimAsync(0, 2, default));
            Assert.Equal([4, 5], reader.Read(0, 0, 2, 1000).Select(r => r.Offset));
            Assert.Equal(6, await reader.TrimAsync(0, 99, default));
            Assert.Equal((10, 10), reader.Bounds(0));
        }

        await using var again = Open(partitions: 1);
        await again.AppendAsync(Message("d1", 10));
        Assert.Equal([10], Read("d1").Select(r => r.Offset));
    }

    public void Dispose() => _home.Dispose();

    internal static GatewayMessage Message(string device, int n, string? id = null, string? properties = null) => new()
    {
        DeviceId = device,
        MessageId = id,
        Properties = properties,
        Body = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"body {n}")),
    };

    private static string Text(StreamRecord r) => $"{r.DeviceId}|{r.MessageId}|{r.Properties}|{Encoding.UTF8.GetString(r.Body.Span)}";

    private GatewayLog Open(int partitions = 4) => GatewayLog.Open(LogFile, new GatewayLogOptions { Partitions = partitions }, _time);

    private IReadOnlyList<StreamRecord> Read(string device)
    {
        using var reader = new GatewayLogReader(LogFile);
        return reader.Read(Partitioning.PartitionOf(device, reader.Partitions), 0, int.MaxValue, long.MaxValue);
    }

    private void Sql(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={LogFile};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
