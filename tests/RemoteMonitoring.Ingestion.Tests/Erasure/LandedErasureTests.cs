using System.Text;
using NodaTime;
using RemoteMonitoring.Ingestion.Erasure;
using RemoteMonitoring.Ingestion.Gateway;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Ingestion.Tests.Erasure;

/// <summary>Erasing in what has landed, in whatever form it lies there; device d1 was p's alone, d2 q's, and d3 p's before it was q's.</summary>
public sealed class LandedErasureTests : IDisposable
{
    private readonly TempHome _home = new();
    private readonly SetTime _time = new(new DateTimeOffset(2025, 2, 1, 0, 0, 0, TimeSpan.Zero));

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task Sealed_files_and_what_is_left_over_of_sealing_are_rewritten()
    {
        await using var store = await PreparedAsync();
        var silver = await Silver.OpenAsync(store.Lake, store.Reference, default);
        for (var i = 0; i < 3; i++)
        {
            var file = _home.Write("m.ndjson", string.Concat(Enumerable.Range(0, i + 1).Select(n => TempHome.Message(n, n == 1 ? "d2" : "d1") + "\n")));
            await new FileLanding(store.Lake, silver, _time).LandAsync(file, TempHome.Partition, false, null, default);
        }

        _time.Now += TimeSpan.FromDays(2);
        await new FileLanding(store.Lake, silver, _time).LandAsync(_home.Write("m.ndjson", TempHome.Messages(0, 1) + TempHome.Message(1, "d2") + "\n" + TempHome.Messages(2, 2)), TempHome.Partition, false, null, default);
        Assert.Equal(3, (await new Sealing(store.Lake, silver, _time).RunAsync(TempHome.Partition, default)).Sealed);
        Assert.Equal(5, (await BronzeFile.AllAsync(store.Lake, TempHome.Partition, default)).Count);

        await EraseAsync(store);
        foreach (var path in await store.Lake.ListAsync(LakePaths.BronzeTelemetry, default))
        {
            Assert.DoesNotContain("d1", (await store.Lake.ReadTableAsync(path, ["device_id"], default)).Text("device_id"));
        }

        silver = await Silver.OpenAsync(store.Lake, store.Reference, default);
        var account = await IngestionAccount.TakeAsync(store.Lake, silver, default);
        Assert.Equal((4L, 1L, 1L), (account.Messages, account.Received, account.Accepted));
    }

    [Fact]
    public async Task The_same_file_lands_on_after_an_erasure_and_another_is_still_refused()
    {
        await using var store = await PreparedAsync();
        var silver = await Silver.OpenAsync(store.Lake, store.Reference, default);
        var file = _home.Write("m.ndjson", TempHome.Messages(0, 3) + TempHome.Messages(3, 2, "d2"));
        await new FileLanding(store.Lake, silver, _time).LandAsync(file, TempHome.Partition, true, null, default);
        await EraseAsync(store);

        _home.Write("m.ndjson", TempHome.Messages(0, 3) + TempHome.Messages(3, 2, "d2") + TempHome.Messages(5, 2) + TempHome.Messages(7, 1, "d2"));
        silver = await Silver.OpenAsync(store.Lake, store.Reference, default);
        var landed = await new FileLanding(store.Lake, silver, _time).LandAsync(file, TempHome.Partition, true, null, default);
        Assert.Equal((5L, 8L), (landed.AlreadyThere, landed.Lines));
        Assert.Empty(landed.Malformed);
        var account = await IngestionAccount.TakeAsync(store.Lake, silver, default);
        Assert.Equal((8L, 3L), (account.Messages, account.Received));

        _home.Write("m.ndjson", TempHome.Messages(0, 8, "d2"));
        await Assert.ThrowsAsync<LakeException>(() => new FileLanding(store.Lake, silver, _time).LandAsync(file, TempHome.Partition, true, null, default));
    }

    [Fact]
    public async Task Files_of_before_landing_times_and_hashes_and_records_of_losses_stay_what_they_are()
    {
        await using var store = await PreparedAsync();
        var chain = await PartitionChain.OpenAsync(store.Lake, TempHome.Partition, _time, default);
        var batch = new MicroBatch();
        batch.Add(0, Encoding.UTF8.GetBytes(TempHome.Message(0)));
        batch.Add(1, Encoding.UTF8.GetBytes(TempHome.Message(1, "d2")));
        batch.Stamp(0, 0, 2_000_000_000_000_000, imported: true);
        var table = TelemetryTables.ToTable(batch.Envelopes);
        table.Metadata[TelemetryTables.EndOffset] = "2";
        table.Metadata[TelemetryTables.KnownTime] = "1800000000000000";
        await store.Lake.TryCreateTableAsync(LakePaths.Bronze(TempHome.Partition, 0), table, default);
        chain = await PartitionChain.OpenAsync(store.Lake, TempHome.Partition, _time, default);
        Assert.True(await chain.TryRecordLossAsync(9, "gone", 1_900_000_000_000_000, default));
        var loss = await store.Lake.ReadAsync(LakePaths.Bronze(TempHome.Partition, 2), default);
        var silver = await Silver.OpenAsync(store.Lake, store.Reference, default);
        await silver.CatchUpAsync(TempHome.Partition, default);

        await EraseAsync(store);
        Assert.Equal(loss, await store.Lake.ReadAsync(LakePaths.Bronze(TempHome.Partition, 2), default));
        var metadata = await store.Lake.ReadMetadataAsync(LakePaths.Bronze(TempHome.Partition, 0), default);
        Assert.Equal(("2", "1800000000000000", false), (metadata[TelemetryTables.EndOffset], metadata[TelemetryTables.KnownTime], metadata.ContainsKey(TelemetryTables.LandedTime)));
        var account = await IngestionAccount.TakeAsync(store.Lake, await Silver.OpenAsync(store.Lake, store.Reference, default), default);
        Assert.Equal((2L, 7L, 1L), (account.Messages, account.Lost, account.Received));
    }

    [Fact]
    public async Task What_lands_while_a_patient_is_erased_is_redacted_though_its_writer_did_not_know()
    {
        await using var store = await PreparedAsync();
        var silver = await Silver.OpenAsync(store.Lake, store.Reference, default); // knows of no erasure
        var chain = await PartitionChain.OpenAsync(store.Lake, TempHome.Partition, _time, default);
        await EraseAsync(store);
        var batch = new MicroBatch();
        batch.Add(0, Encoding.UTF8.GetBytes(TempHome.Message(0)));
        batch.Add(1, Encoding.UTF8.GetBytes(TempHome.Message(1, "d2")));
        silver.Redact(batch.Envelopes);
        batch.Stamp(0, 0, _time.Now.ToUnixTimeMilliseconds() * 1000, imported: false);
        Assert.Equal("d1", batch.Envelopes.DeviceId[0]);
        await new PartitionLanding(silver, chain).LandAsync(batch, default);

        Assert.Equal((string?[])["", "d2"], (await store.Lake.ReadTableAsync(LakePaths.Bronze(TempHome.Partition, 0), ["device_id"], default)).Text("device_id"));
        Assert.Single(await Rows.OfAsync(store.Lake, LakePaths.SilverReadings));
    }

    [Fact]
    public async Task A_writer_that_was_killed_before_it_looked_leaves_nothing()
    {
        await using var store = await PreparedAsync();
        var chain = await PartitionChain.OpenAsync(store.Lake, TempHome.Partition, _time, default);
        var batch = new MicroBatch();
        batch.Add(0, Encoding.UTF8.GetBytes(TempHome.Message(0)));
        batch.Stamp(0, 0, _time.Now.ToUnixTimeMilliseconds() * 1000, imported: false);
        await EraseAsync(store);
        Assert.True(await chain.TryAppendAsync(batch.Envelopes, batch.Landed, default)); // and dies

        await (await Silver.OpenAsync(store.Lake, store.Reference, default)).CatchUpAsync(TempHome.Partition, default);
        Assert.Equal((string?[])[""], (await store.Lake.ReadTableAsync(LakePaths.Bronze(TempHome.Partition, 0), ["device_id"], default)).Text("device_id"));
        Assert.Empty(await Rows.OfAsync(store.Lake, LakePaths.SilverReadings));
    }

    [Theory]
    [InlineData("""{"readings":[{"code":"8867-4","value":70,"unit":"/min","time":"2025-01-31T00:50:00Z"},{"code":"8867-4","value":71,"unit":"/min","time":"2025-01-31T01:10:00Z"}]}""", 1, 0, 1)]
    [InlineData("""{"telemetry":{"heartRate":70},"x":[{"spo2":96,"time":"2025-01-31T00:50:00Z"},{"spo2":97,"time":"2025-01-31T01:10:00Z"}]}""", 0, 1, 0)]
    [InlineData("""[{"n":"spo2","u":"%","v":96,"t":1738284600},{"n":"spo2","u":"%","v":97,"t":1738285800}]""", 0, 1, 0)]
    public async Task A_message_of_two_patients_goes_on_where_its_form_allows_and_else_the_loss_is_counted(string body, int rewritten, int mostErased, int kept)
    {
        await using var store = await PreparedAsync();
        var file = _home.Write("m.ndjson", TempHome.Message(71, "d3", body: body) + "\n");
        await new FileLanding(store.Lake, await Silver.OpenAsync(store.Lake, store.Reference, default), _time).LandAsync(file, TempHome.Partition, true, null, default);
        var before = (await Rows.OfAsync(store.Lake, LakePaths.SilverReadings)).Count;
        var report = await EraseAsync(store);

        Assert.Equal(rewritten, report.Rewritten);
        var bronze = TelemetryTables.ToEnvelopes(await store.Lake.ReadTableAsync(LakePaths.Bronze(TempHome.Partition, 0), null, default));
        Assert.InRange(Enumerable.Range(0, 1).Count(bronze.IsErased), 0, mostErased);
        if (bronze.IsErased(0))
        {
            Assert.Equal(before - 1, report.OthersLost);
        }

        if (kept > 0)
        {
            Assert.Contains("71", Assert.Single(await Rows.OfAsync(store.Lake, LakePaths.SilverReadings)), StringComparison.Ordinal);
            Assert.DoesNotContain("70", Encoding.UTF8.GetString(bronze.Body[0].Span), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_line_that_is_no_message_goes_where_it_names_the_patient_or_a_device_of_theirs()
    {
        await using var store = await PreparedAsync();
        var file = _home.Write("m.ndjson", TempHome.Message(0, "d2") + "\n{\"SystemProperties\":{\"connectionDeviceId\":\"d1\"},\n{\"SystemProperties\":{\"connectionDeviceId\":\"d2\"},\npatient p said so\n");
        await new FileLanding(store.Lake, await Silver.OpenAsync(store.Lake, store.Reference, default), _time).LandAsync(file, TempHome.Partition, true, null, default);
        await EraseAsync(store);
        var bronze = TelemetryTables.ToEnvelopes(await store.Lake.ReadTableAsync(LakePaths.Bronze(TempHome.Partition, 0), null, default));
        Assert.Equal([false, true, false, true], Enumerable.Range(0, 4).Select(bronze.IsErased));
        Assert.Single(await Quarantine.ReadAsync(store.Lake, await Silver.OpenAsync(store.Lake, store.Reference, default), default).ToArrayAsync());
    }

    [Fact]
    public async Task What_a_device_sends_after_the_erasure_is_of_whoever_has_it_then()
    {
        await using var store = await PreparedAsync();
        var before = _home.Write("m.ndjson", TempHome.Message(0) + "\n");
        await new FileLanding(store.Lake, await Silver.OpenAsync(store.Lake, store.Reference, default), _time).LandAsync(before, TempHome.Partition, true, null, default);
        await EraseAsync(store);
        var at = _time.Now.AddMinutes(1).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
        _time.Now += TimeSpan.FromMinutes(2);
        _home.Write("m.ndjson", TempHome.Message(0) + "\n" + TempHome.Message(0, id: "new").Replace("2025-01-31T00:00:00Z", at, StringComparison.Ordinal) + "\n");
        await new FileLanding(store.Lake, await Silver.OpenAsync(store.Lake, store.Reference, default), _time).LandAsync(before, TempHome.Partition, true, null, default);
        var silver = await Silver.OpenAsync(store.Lake, store.Reference, default);
        Assert.Equal(1, (await IngestionAccount.TakeAsync(store.Lake, silver, default)).Accepted);
    }

    [Fact]
    public async Task The_log_of_the_gateway_forgets_too_and_an_erased_record_is_no_reading_when_it_lands()
    {
        await using var store = await PreparedAsync();
        var home = GatewayHome.Of(store);
        await using (var log = GatewayLog.Open(home.LogFile, new GatewayLogOptions { Partitions = 2 }, _time))
        {
            foreach (var device in (string[])["d1", "d2", "d3"])
            {
                await log.AppendAsync(new GatewayMessage { DeviceId = device, MessageId = $"id-of-{device}", Body = Encoding.UTF8.GetBytes("""{"time":"2025-01-31T00:30:00Z","readings":[{"code":"8867-4","value":70,"unit":"/min"}]}""") }, default);
            }
        }

        await EraseAsync(store);
        foreach (var part in Directory.EnumerateFiles(home.Folder, "log.db*"))
        {
            var text = Encoding.Latin1.GetString(await File.ReadAllBytesAsync(part));
            Assert.DoesNotContain("id-of-d1", text, StringComparison.Ordinal);
            Assert.DoesNotContain("id-of-d3", text, StringComparison.Ordinal);
        }

        using var reader = new GatewayLogReader(home.LogFile);
        var batch = new MicroBatch();
        foreach (var record in Enumerable.Range(0, 2).SelectMany(p => reader.Read(p, 0, 10, 1 << 20)))
        {
            batch.Add(record);
        }

        Assert.Equal(["", "", "d2"], batch.Envelopes.DeviceId.Order());
        var (accepted, rejected) = (new ReadingBatch(), new QuarantineBatch());
        batch.Stamp(0, 0, 1, imported: false);
        Assert.Equal(1, Silver.Extract((await Silver.OpenAsync(store.Lake, store.Reference, default)).Extractor(MappingHistory.Bundled.Latest), batch.Envelopes, 0, 3, null, accepted, rejected));
    }

    private async Task<CohortStore> PreparedAsync()
    {
        var store = _home.Store();
        var begin = Instant.FromUtc(2025, 1, 1, 0, 0);
        var handed = Instant.FromUtc(2025, 1, 31, 1, 0);
        DeviceAssignment[] assignments =
        [
            new() { DeviceId = "d1", PatientId = "p", From = begin, Known = begin },
            new() { DeviceId = "d2", PatientId = "q", From = begin, Known = begin },
            new() { DeviceId = "d3", PatientId = "p", From = begin, To = handed, Known = begin },
            new() { DeviceId = "d3", PatientId = "q", From = handed, Known = begin },
        ];
        await store.Reference.AppendAsync(ReferenceKinds.Assignments, Encoding.UTF8.GetBytes(string.Concat(assignments.Select(a => ReferenceJson.ToLine(a) + "\n"))), default);
        return store;
    }

    private async Task<ErasureReport> EraseAsync(CohortStore store)
    {
        var key = store.MakeErasureKey();
        var plan = await LakeErasure.StateAsync(store, await ErasurePlan.MakeAsync(store, "p", key, _time, default), default);
        var report = new ErasureReport();
        var silver = await LakeErasure.SilverAfterAsync(store, plan, key, default);
        await LakeErasure.EraseGatewayAsync(store, silver, report, dryRun: false, _time, default);
        await LakeErasure.EraseAsync(store, silver, plan, report, dryRun: false, default);
        await LakeErasure.EraseReferenceAsync(store, report, default);
        return report;
    }
}
