using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Ingestion.Tests.Landing;

public sealed class SealingTests : IDisposable
{
    private const string SecondMapping =
        """{"schemaVersion":1,"name":"rmon","version":2,"description":"wants a code of another name","match":{"shape":[["readings"]]},"readings":[{"each":"readings[]","code":{"path":"loinc"},"value":"value","unit":{"path":"unit"},"required":true}]}""";

    private readonly SealedStream _stream = new();

    public void Dispose() => _stream.Dispose();

    [Fact]
    public async Task Sealed_files_read_as_the_small_ones_did_row_by_row()
    {
        await _stream.LandAsync(12);
        await NextDayAsync();
        var before = await _stream.ReadingAsync();
        Assert.Equal(new SealedFiles(12, 1, 0), await _stream.SealAsync());
        Assert.Equal(["0-60", "60"], await _stream.FilesAsync());
        Assert.Equal(before, await _stream.ReadingAsync());
        Assert.Equal(default, await _stream.SealAsync());
        _stream.Time.Now += TimeSpan.FromHours(2);
        Assert.Equal(new SealedFiles(0, 0, 12), await _stream.SealAsync());
        Assert.Equal(2, (await _stream.AllFilesAsync()).Count);
        Assert.Equal(4, (await _stream.Lake.ListAsync("silver", default)).Count);
        Assert.Equal(before, await _stream.ReadingAsync());
    }

    [Fact]
    public async Task A_message_read_again_by_a_command_reads_the_same_after_sealing()
    {
        await _stream.LandAsync(4);
        await _stream.ActivateAsync(SecondMapping);
        await _stream.LandAsync(3);
        await _stream.ReprocessAsync();
        await _stream.LandAsync(2);
        await NextDayAsync();
        await (await _stream.SilverAsync()).CatchUpAsync(TempHome.Partition, default);
        var before = await _stream.ReadingAsync();
        Assert.Contains("missing-field", before, StringComparison.Ordinal);
        // The mapping is another after 20, and the command concerns what landed before 35.
        Assert.Equal(new SealedFiles(9, 3, 0), await _stream.SealAsync());
        Assert.Equal(["0-20", "20-35", "35-45", "45"], await _stream.FilesAsync());
        Assert.Equal(before, await _stream.ReadingAsync());
        // One more command, given after sealing, on sealed and small files alike.
        await _stream.ReprocessAsync();
        await (await _stream.SilverAsync()).CatchUpAsync(TempHome.Partition, default);
        var after = await _stream.ReadingAsync();
        _stream.Time.Now += TimeSpan.FromHours(2);
        Assert.Equal(9, (await _stream.SealAsync()).Deleted);
        Assert.Equal(after, await _stream.ReadingAsync());
    }

    [Fact]
    public async Task Files_of_two_days_two_windows_and_either_side_of_a_loss_are_sealed_apart_and_the_loss_stays_as_it_is()
    {
        await _stream.LoseAsync((int)Sealing.Window - 12);
        var loss = await _stream.Lake.ReadAsync(LakePaths.Bronze(TempHome.Partition, 0), default);
        var start = _stream.Next;
        await _stream.LandAsync(6);
        await NextDayAsync();
        await _stream.LandAsync(1);
        await _stream.LoseAsync(7);
        await _stream.LandAsync(2);
        await NextDayAsync();
        var before = await _stream.ReadingAsync();
        Assert.Equal(new SealedFiles(10, 4, 0), await _stream.SealAsync());
        Assert.Equal(
            ["0", $"{start}-{start + 15}", $"{start + 15}-{start + 30}", $"{start + 30}-{start + 40}", $"{start + 40}", $"{start + 47}-{start + 57}", $"{start + 57}"],
            await _stream.FilesAsync());
        Assert.Equal(before, await _stream.ReadingAsync());
        Assert.Equal(loss, await _stream.Lake.ReadAsync(LakePaths.Bronze(TempHome.Partition, 0), default));
    }

    [Fact]
    public async Task What_may_still_grow_and_what_landed_within_the_hour_is_left_alone()
    {
        await _stream.LandAsync(5);
        _stream.Time.Now += TimeSpan.FromHours(5);
        Assert.Equal(default, await _stream.SealAsync()); // nothing behind it
        _stream.Time.Now = new DateTimeOffset(2026, 3, 1, 23, 50, 0, TimeSpan.Zero);
        await _stream.LandAsync(1);
        await NextDayAsync();
        Assert.Equal(default, await _stream.SealAsync()); // ten minutes old
        _stream.Time.Now += TimeSpan.FromHours(1);
        Assert.Equal(new SealedFiles(6, 1, 0), await _stream.SealAsync());
    }

    [Fact]
    public async Task A_sealed_file_holds_no_more_bytes_than_it_may_whatever_its_messages_weigh()
    {
        await _stream.LandAsync(7, messages: 5, bodyBytes: 1_000);
        await NextDayAsync();
        var before = await _stream.ReadingAsync();
        Assert.Equal(new SealedFiles(6, 3, 0), await _stream.SealAsync(most: 12_000));
        Assert.Equal(["0-10", "10-20", "20-30", "30", "35"], await _stream.FilesAsync());
        Assert.Equal(before, await _stream.ReadingAsync());
    }

    [Fact]
    public async Task Small_files_stay_for_an_hour_from_sealing_however_late_that_was_and_whoever_sealed()
    {
        await _stream.LandAsync(4);
        await NextDayAsync();
        _stream.Time.Now += TimeSpan.FromHours(30); // no worker ran
        Assert.Equal(4, (await _stream.SealAsync()).Sealed);
        Assert.Equal(default, await _stream.SealAsync());
        _stream.Time.Now += TimeSpan.FromMinutes(59);
        Assert.Equal(default, await _stream.SealAsync());
        Assert.Equal(6, (await _stream.AllFilesAsync()).Count);
        _stream.Time.Now += TimeSpan.FromMinutes(1);
        Assert.Equal(4, (await _stream.SealAsync()).Deleted);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_crash_before_or_after_any_step_leaves_the_same_reading(bool after)
    {
        await _stream.LandAsync(3);
        await NextDayAsync();
        var before = await _stream.ReadingAsync();
        var crashes = 0;
        for (var round = 0; round < 2; round++, _stream.Time.Now += TimeSpan.FromHours(2))
        {
            for (var step = 0; ; step++)
            {
                try
                {
                    await _stream.SealAsync(new CrashingLake(_stream.Lake, step, after));
                    break;
                }
                catch (LakeException)
                {
                    crashes++;
                }

                // As whoever starts next does first.
                await (await _stream.SilverAsync()).CatchUpAsync(TempHome.Partition, default);
                Assert.Equal(before, await _stream.ReadingAsync());
            }

            Assert.Equal(["0-15", "15"], await _stream.FilesAsync());
            Assert.Equal(before, await _stream.ReadingAsync());
        }

        Assert.Equal(2, (await _stream.AllFilesAsync()).Count);
        Assert.Equal(4, (await _stream.Lake.ListAsync("silver", default)).Count);
        Assert.InRange(crashes, 4, 40);
    }

    [Fact]
    public async Task Any_part_of_the_leftovers_gone_and_any_part_kept_reads_the_same()
    {
        await _stream.LandAsync(4);
        await NextDayAsync();
        var small = (await _stream.AllFilesAsync()).Concat(await _stream.Lake.ListAsync("silver", default)).Where(p => !p.Contains($"{20:D20}", StringComparison.Ordinal)).ToArray();
        var before = await _stream.ReadingAsync();
        await _stream.SealAsync();
        var bytes = small.ToDictionary(p => p, p => _stream.Lake.ReadAsync(p, default).Result);
        for (var seed = 0; seed < 20; seed++)
        {
            var random = new Random(seed);
            foreach (var path in small)
            {
                await (random.Next(2) == 0 ? _stream.Lake.DeleteAsync(path, default) : _stream.Lake.TryCreateAsync(path, bytes[path], default));
            }

            Assert.Equal(["0-20", "20"], await _stream.FilesAsync());
            Assert.Equal(before, await _stream.ReadingAsync());
        }
    }

    [Fact]
    public async Task Sealers_that_race_make_one_file_of_each_group()
    {
        await _stream.LandAsync(5);
        await NextDayAsync();
        await _stream.LandAsync(4);
        await NextDayAsync();
        var before = await _stream.ReadingAsync();
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => _stream.SealAsync())));
        Assert.Equal(["0-25", "25-50", "50"], await _stream.FilesAsync());
        Assert.Equal(11 + 2, (await _stream.AllFilesAsync()).Count);
        Assert.Equal(before, await _stream.ReadingAsync());
    }

    [Fact]
    public async Task A_file_that_a_list_does_not_show_is_not_covered()
    {
        await _stream.LandAsync(6);
        await NextDayAsync();
        var before = await _stream.ReadingAsync();
        foreach (var hidden in new long[] { 10, 25 }) // one in the middle, and the last of the group
        {
            Assert.Equal(default, await _stream.SealAsync(new HidingLake(_stream.Lake, LakePaths.Bronze(TempHome.Partition, hidden))));
            Assert.Equal(before, await _stream.ReadingAsync());
        }

        Assert.Equal(6, (await _stream.SealAsync()).Sealed);
    }

    [Fact]
    public async Task Documents_are_the_same_projected_before_in_the_middle_of_and_after_sealing()
    {
        await _stream.AssignAsync();
        await _stream.LandAsync(3);
        await ProjectAsync();
        await _stream.LandAsync(3);
        await NextDayAsync();
        await _stream.SealAsync();
        await ProjectAsync(); // goes on within the sealed file
        var documents = await DocumentsAsync();
        Assert.NotEmpty(documents);
        Assert.Equal(0, await ProjectAsync());
        await _stream.Store.Documents.DeleteAllAsync(Containers.Telemetry, default);
        await _stream.Store.Documents.DeleteAllAsync(Containers.Runs, default);
        await ProjectAsync();
        Assert.Equal(documents, await DocumentsAsync());
    }

    [Fact]
    public async Task An_end_stated_before_sealing_still_ends_there()
    {
        await _stream.LandAsync(3);
        var end = _stream.Next;
        await _stream.LandAsync(3);
        await _stream.ReprocessAsync();
        await NextDayAsync();
        await (await _stream.SilverAsync()).CatchUpAsync(TempHome.Partition, default);
        var before = await ReadingsBefore(end);
        await _stream.SealAsync();
        Assert.Equal(["0-30", "30"], await _stream.FilesAsync());
        Assert.Equal(before, await ReadingsBefore(end));
    }

    [Fact]
    public async Task A_writer_that_slept_while_its_name_came_free_goes_on_at_the_end()
    {
        await _stream.LandAsync(2);
        var sleeper = await PartitionChain.OpenAsync(_stream.Lake, TempHome.Partition, _stream.Time, default);
        var batch = _stream.Batch(sleeper, 3);
        await SealAllBehindAsync();
        var before = await _stream.ReadingAsync();
        Assert.False(await sleeper.TryAppendAsync(batch.Envelopes, batch.Landed, default));
        Assert.Equal(_stream.Next, sleeper.Next);
        Assert.Equal(before, await _stream.ReadingAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_writer_that_slept_at_its_very_writing_takes_it_back_and_one_that_died_then_is_not_read(bool dies)
    {
        await _stream.LandAsync(2);
        var lake = new SleepingLake(_stream.Lake, SealAllBehindAsync, dies);
        var sleeper = await PartitionChain.OpenAsync(lake, TempHome.Partition, _stream.Time, default);
        var batch = _stream.Batch(sleeper, 3);
        lake.Sleepy = true;
        if (dies)
        {
            await Assert.ThrowsAsync<LakeException>(() => sleeper.TryAppendAsync(batch.Envelopes, batch.Landed, default));
        }
        else
        {
            Assert.False(await sleeper.TryAppendAsync(batch.Envelopes, batch.Landed, default));
            Assert.Equal(_stream.Next, sleeper.Next);
        }

        Assert.Equal(dies, (await _stream.AllFilesAsync()).Contains(LakePaths.Bronze(TempHome.Partition, 10)));
        Assert.Equal(["0-30", "30"], await _stream.FilesAsync());
        Assert.Equal(lake.ReadingThen, await _stream.ReadingAsync());
        await _stream.SealAsync();
        Assert.Equal(2, (await _stream.AllFilesAsync()).Count);
    }

    /// <summary>Others land, seal what they landed, and delete what they sealed.</summary>
    private async Task<string> SealAllBehindAsync()
    {
        await _stream.LandAsync(4);
        await NextDayAsync();
        await _stream.SealAsync();
        _stream.Time.Now += TimeSpan.FromHours(2);
        await _stream.SealAsync();
        Assert.Equal(2, (await _stream.AllFilesAsync()).Count);
        return await _stream.ReadingAsync();
    }

    /// <summary>Lands the next day's first file, an hour after midnight.</summary>
    private async Task NextDayAsync()
    {
        _stream.Time.Now = _stream.Time.Now.Date.AddDays(1);
        await _stream.LandAsync(1);
    }

    private async Task<int> ProjectAsync() => (await DocumentProjection.RunAsync(_stream.Store, await _stream.SilverAsync(), default)).Written;

    private async Task<IReadOnlyList<string>> DocumentsAsync()
    {
        var documents = new List<string>();
        await foreach (var document in _stream.Store.Documents.ListAsync(Containers.Telemetry, default))
        {
            documents.Add($"{document.PartitionKey}/{document.Id}/{document.Expires}/{document.Body}");
        }

        documents.Sort(StringComparer.Ordinal);
        return documents;
    }

    private async Task<string> ReadingsBefore(long end) => string.Join('\n', (await SilverReadings.ReadAsync(_stream.Lake, await _stream.SilverAsync(), TempHome.Partition, end, default))
        .Select(p => string.Join(';', Enumerable.Range(0, p.Count).Select(i => $"{p.Offset[i]}/{p.Ordinal[i]}/{p.Value[i]}/{p.KnownTo.GetValueOrDefault(i)}"))));
}
