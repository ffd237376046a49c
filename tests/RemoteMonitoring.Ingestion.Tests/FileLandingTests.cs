using System.Text;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Ingestion.Tests;

public sealed class LandingTests : IDisposable
{
    private static readonly int[] s_minutes = [10, 10, 10, 20];
    private readonly TempHome _home = new();
    private readonly SetTime _time = new(new DateTimeOffset(2025, 2, 1, 0, 0, 0, TimeSpan.Zero));

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task Landing_twice_is_landing_once()
    {
        var lake = _home.Lake();
        var file = _home.Write("m.ndjson", TempHome.Messages(0, 20));
        var first = await Land(lake, file);
        var before = await TempHome.ContentsAsync(lake);
        _time.Now += TimeSpan.FromDays(1);
        var second = await Land(lake, file);
        Assert.Equal((20, 0), (first.Lines, first.AlreadyThere));
        Assert.Equal((20, 20), (second.Lines, second.AlreadyThere));
        Assert.Equal(before, await TempHome.ContentsAsync(lake));
    }

    [Fact]
    public async Task A_file_that_grew_lands_only_its_new_lines()
    {
        var lake = _home.Lake();
        await Land(lake, _home.Write("m.ndjson", TempHome.Messages(0, 5)));
        var before = await TempHome.ContentsAsync(lake);
        var grown = await Land(lake, _home.Write("m.ndjson", TempHome.Messages(0, 9)));
        Assert.Equal((9, 5), (grown.Lines, grown.AlreadyThere));
        var after = await TempHome.ContentsAsync(lake);
        Assert.Equal(before, after.Where(f => before.ContainsKey(f.Key)));
        Assert.Equal(9, (await Rows.OfAsync(lake, LakePaths.BronzeTelemetry)).Count);
        Assert.Equal(LakePaths.Bronze(TempHome.Partition, 5), (await lake.ListAsync(LakePaths.BronzeTelemetry, default))[^1]);
    }

    [Theory]
    [InlineData("another file", "are not those that landed")]
    [InlineData("a changed line", "are not those that landed")]
    [InlineData("fewer lines", "fewer than the 5")]
    [InlineData("empty", "fewer than the 5")]
    public async Task Another_file_of_the_same_name_is_refused_and_nothing_changes(string which, string expected)
    {
        var lake = _home.Lake();
        await Land(lake, _home.Write("m.ndjson", TempHome.Messages(0, 5)));
        var before = await TempHome.ContentsAsync(lake);
        var file = _home.Write("m.ndjson", which switch
        {
            "another file" => TempHome.Messages(100, 9),
            "a changed line" => TempHome.Messages(0, 9).Replace("\"m3\"", "\"m4\"", StringComparison.Ordinal),
            "fewer lines" => TempHome.Messages(0, 4),
            _ => "",
        });
        var e = await Assert.ThrowsAsync<LakeException>(() => Land(lake, file));
        Assert.StartsWith(file, e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.Equal(before, await TempHome.ContentsAsync(lake));
    }

    [Fact]
    public async Task A_malformed_line_in_the_middle_lands_and_is_in_quarantine_with_its_bytes()
    {
        const string Broken = "{\"EnqueuedTimeUtc\":\"2025-01-31T00:00:00Z\", no";
        var lake = _home.Lake();
        var file = _home.Write("m.ndjson", TempHome.Messages(0, 2) + "\n" + Broken + "\r\n" + TempHome.Messages(2, 2));
        var landed = await Land(lake, file);
        Assert.Equal(5, landed.Lines);
        Assert.StartsWith($"{file}, line 4: ", Assert.Single(landed.Malformed), StringComparison.Ordinal);
        var quarantine = await lake.ReadTableAsync(Assert.Single(await lake.ListAsync(LakePaths.SilverQuarantine, default)), null, default);
        Assert.Equal("unparsable", Assert.Single(quarantine.Text("reason")));
        Assert.Equal(Broken, Encoding.UTF8.GetString(quarantine.Bytes("raw")[0].Span));
        Assert.Equal(2, quarantine.Int64("offset")[0]);
        var account = await IngestionAccount.TakeAsync(lake, TempHome.Silver(lake), default);
        Assert.Equal((5, 5, 4, 1), (account.Messages, account.Received, account.Accepted, account.RejectedTotal));
        Assert.Empty((await Land(lake, file)).Malformed);
    }

    [Fact]
    public async Task A_half_written_last_line_is_left_for_the_next_run_and_a_whole_one_without_its_end_is_not()
    {
        var lake = _home.Lake();
        var text = TempHome.Messages(0, 3);
        var first = await Land(lake, _home.Write("m.ndjson", text[..^20]));
        Assert.Equal(2, first.Lines);
        Assert.Contains("line 3: the last line is half written", first.HalfWritten, StringComparison.Ordinal);
        var second = await Land(lake, _home.Write("m.ndjson", text[..^1]));
        Assert.Equal((3, 2), (second.Lines, second.AlreadyThere));
        Assert.Null(second.HalfWritten);
        Assert.Equal((4, 3), await Land(lake, _home.Write("m.ndjson", TempHome.Messages(0, 4))) is var third ? (third.Lines, third.AlreadyThere) : default);
    }

    [Fact]
    public async Task A_file_that_somebody_is_writing_to_can_be_landed()
    {
        var file = _home.Write("m.ndjson", TempHome.Messages(0, 2));
        using var writer = new FileStream(file, FileMode.Append, FileAccess.Write, FileShare.Read);
        Assert.Equal(2, (await Land(_home.Lake(), file)).Lines);
    }

    [Fact]
    public async Task A_gzip_that_is_cut_short_lands_what_came_before_and_goes_on_when_mended()
    {
        var text = string.Concat(Enumerable.Range(0, 4_000).Select(i => TempHome.Message(i % 1440, id: $"{i}-{(uint)i * 2654435761u}") + "\n"));
        var file = _home.Write("m.ndjson.gz", text);
        var whole = await File.ReadAllBytesAsync(file);
        await File.WriteAllBytesAsync(file, whole[..(whole.Length / 2)]);
        var lake = _home.Lake();
        var e = await Assert.ThrowsAsync<LakeException>(() => Land(lake, file, imported: true));
        Assert.StartsWith(file, e.Message, StringComparison.Ordinal);
        Assert.Contains("mend the file", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
        var landed = (await Rows.OfAsync(lake, LakePaths.BronzeTelemetry)).Count;
        Assert.InRange(landed, 500, 3_500);
        Assert.Contains($"The {landed} messages before it have landed", e.Message, StringComparison.Ordinal);

        await File.WriteAllBytesAsync(file, whole);
        Assert.Equal((4_000, landed), await Land(lake, file, imported: true) is var mended ? (mended.Lines, (int)mended.AlreadyThere) : default);
        var undisturbed = _home.Lake("other");
        await Land(undisturbed, file, imported: true);
        await SaysTheSame(undisturbed, lake);
    }

    [Fact]
    public async Task A_line_longer_than_any_message_is_one_line_that_names_it_and_what_came_before_has_landed()
    {
        var lake = _home.Lake();
        var file = _home.Write("m.ndjson", TempHome.Messages(0, 2) + new string('x', LineBlockReader.MaxLineBytes + 1) + "\n" + TempHome.Messages(2, 1));
        var e = await Assert.ThrowsAsync<LakeException>(() => Land(lake, file));
        Assert.StartsWith(file, e.Message, StringComparison.Ordinal);
        Assert.Contains("line 3 is longer", e.Message, StringComparison.Ordinal);
        Assert.Equal(2, (await Rows.OfAsync(lake, LakePaths.BronzeTelemetry)).Count);
    }

    [Theory]
    [InlineData("silver readings gone")]
    [InlineData("quarantine gone")]
    [InlineData("both gone")]
    [InlineData("a draft is left")]
    [InlineData("stopped after the first batch")]
    [InlineData("stopped between bronze and silver")]
    public async Task What_an_interruption_leaves_the_next_run_mends(string interruption)
    {
        const int Lines = FileLanding.BatchMessages + 1_000;
        var file = _home.Write("m.ndjson", string.Concat(Enumerable.Range(0, Lines).Select(i => i % 997 == 5 ? "?\n" : TempHome.Message(i / 60, id: $"{i}") + "\n")));
        var undisturbed = _home.Lake("undisturbed");
        await Land(undisturbed, file, imported: true);

        var lake = _home.Lake();
        if (interruption.StartsWith("stopped", StringComparison.Ordinal))
        {
            using var stop = new CancellationTokenSource();
            // Progress is told of a batch just before it lands.
            var stopping = new Immediately(() => stop.CancelAfter(interruption.Contains("bronze", StringComparison.Ordinal) ? 30 : 0));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            {
                await new FileLanding(lake, TempHome.Silver(lake), _time).LandAsync(file, TempHome.Partition, imported: true, stopping, stop.Token);
                throw new OperationCanceledException("it was quicker than the stop");
            });
        }
        else
        {
            await Land(lake, file, imported: true);
            foreach (var folder in new[] { LakePaths.SilverReadings, LakePaths.SilverQuarantine }.Where(f =>
                interruption == "both gone" || (interruption == "silver readings gone" && f == LakePaths.SilverReadings) || (interruption == "quarantine gone" && f == LakePaths.SilverQuarantine)))
            {
                File.Delete(lake.FullPath((await lake.ListAsync(folder, default))[^1]));
            }

            await File.WriteAllTextAsync(Path.Combine(lake.Root, ".drafts", "1-1"), "half");
        }

        var again = await Land(lake, file, imported: true);
        Assert.Equal(Lines, again.Lines);
        await SaysTheSame(undisturbed, lake);
        Assert.Equal(Lines, (await IngestionAccount.TakeAsync(lake, TempHome.Silver(lake), default)).Messages);
    }

    [Fact]
    public async Task Runs_that_race_for_a_partition_land_every_message_once_with_known_times_that_never_fall()
    {
        var file = _home.Write("m.ndjson", TempHome.Messages(0, 200));
        var lake = _home.Lake();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(i => Task.Run(() =>
            new FileLanding(lake, TempHome.Silver(lake), new SetTime(_time.Now.AddMinutes(-i))).LandAsync(file, TempHome.Partition, imported: false, null, default))));
        await Land(lake, _home.Write("m.ndjson", TempHome.Messages(0, 300)));
        var account = await IngestionAccount.TakeAsync(lake, TempHome.Silver(lake), default);
        Assert.Equal((300, 300), (account.Messages, account.Accepted));
        Assert.True(await KnownTimes(lake) is var known && known.Zip(known.Skip(1)).All(k => k.First <= k.Second));
    }

    [Fact]
    public async Task A_run_that_loses_to_one_whose_clock_is_ahead_goes_on_from_its_known_time()
    {
        var file = _home.Write("m.ndjson", TempHome.Messages(0, 6));
        var lake = _home.Lake();
        var ahead = _time.Now.AddHours(1).ToUnixTimeMilliseconds() * 1000;
        // The other worker lands two messages, and dies before their silver, while this one reads.
        var losing = new FileLanding(lake, TempHome.Silver(lake), new Interrupting(_time, () =>
            PartitionChain.OpenAsync(lake, TempHome.Partition, TimeProvider.System, default).Result.TryAppendAsync(PartitionChainTests.Batch(0, 2, ahead), 0, default).Wait()));
        await losing.LandAsync(file, TempHome.Partition, imported: false, null, default);
        Assert.Equal(Enumerable.Repeat(ahead, 6), await KnownTimes(lake));
        Assert.Equal(6, (await IngestionAccount.TakeAsync(lake, TempHome.Silver(lake), default)).Messages);
    }

    [Fact]
    public async Task Live_messages_are_known_when_they_land_and_never_earlier_than_those_before_them()
    {
        var lake = _home.Lake();
        await Land(lake, _home.Write("m.ndjson", TempHome.Messages(0, 2)));
        _time.Now -= TimeSpan.FromHours(1);
        await Land(lake, _home.Write("m.ndjson", TempHome.Messages(0, 3)));
        _time.Now += TimeSpan.FromHours(3);
        await Land(lake, _home.Write("m.ndjson", TempHome.Messages(0, 4)));
        var start = new DateTimeOffset(2025, 2, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds() * 1000;
        Assert.Equal([start, start, start, start + (2 * UnixMicros.PerHour)], await KnownTimes(lake));
    }

    [Fact]
    public async Task Imported_messages_are_known_when_the_hub_had_them_and_never_earlier_than_those_before_them()
    {
        var lake = _home.Lake();
        await Land(lake, _home.Write("m.ndjson", TempHome.Message(10) + "\n?\n" + TempHome.Message(5) + "\n" + TempHome.Message(20) + "\n"), imported: true);
        var midnight = new DateTimeOffset(2025, 1, 31, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds() * 1000;
        Assert.Equal(s_minutes.Select(m => midnight + (m * 60_000_000L)), await KnownTimes(lake));
    }

    [Fact]
    public async Task Imported_messages_before_1970_behind_a_malformed_line_do_not_fall()
    {
        var lake = _home.Lake();
        await Land(lake, _home.Write("m.ndjson", "?\n" + TempHome.Message(0).Replace("2025", "1969", StringComparison.Ordinal) + "\n"), imported: true);
        Assert.Equal([0, 0], await KnownTimes(lake));
    }

    private static async Task SaysTheSame(LakeDirectory expected, LakeDirectory actual)
    {
        foreach (var folder in new[] { LakePaths.BronzeTelemetry, LakePaths.SilverReadings, LakePaths.SilverQuarantine })
        {
            Assert.Equal(await Rows.OfAsync(expected, folder), await Rows.OfAsync(actual, folder));
        }
    }

    private static async Task<List<long>> KnownTimes(LakeDirectory lake)
    {
        var known = new List<long>();
        foreach (var path in await lake.ListAsync(LakePaths.BronzeTelemetry, default))
        {
            known.AddRange((await lake.ReadTableAsync(path, ["known_time"], default)).Time("known_time"));
        }

        return known;
    }

    private Task<LandedFile> Land(LakeDirectory lake, string file, bool imported = false) =>
        new FileLanding(lake, TempHome.Silver(lake), _time).LandAsync(file, TempHome.Partition, imported, null, default);

    private sealed class Immediately(Action act) : IProgress<int>
    {
        public void Report(int value) => act();
    }

    /// <summary>Does something once, when it is first asked for the time.</summary>
    private sealed class Interrupting(TimeProvider time, Action act) : TimeProvider
    {
        private Action? _act = act;

        public override DateTimeOffset GetUtcNow()
        {
            Interlocked.Exchange(ref _act, null)?.Invoke();
            return time.GetUtcNow();
        }
    }
}
