using CsCheck;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Storage.Tests.Lake;

public sealed class TelemetryTablesTests
{
    private static readonly Gen<long> s_time = Gen.Long[-62_135_596_800_000_000, 253_402_300_799_999_998];

    private static readonly Gen<(string Device, string? Id, string? Properties, byte[] Body, string? Problem, long Time)> s_envelope = Gen.Select(
        ParquetTableTests.Text, ParquetTableTests.TextOrNull, ParquetTableTests.TextOrNull, Gen.Byte.Array[0, 40], ParquetTableTests.TextOrNull, s_time);

    private static readonly Gen<(string Device, string? Id, int Vital, double Value, long Time, long Hash)> s_reading = Gen.Select(
        ParquetTableTests.Text, ParquetTableTests.TextOrNull, Gen.Int[0, VitalSignCatalog.Default.Vitals.Count - 1], Gen.Double, s_time, Gen.Long);

    [Fact]
    public Task Envelopes_come_back_as_they_went_in() => s_envelope.Array[0, 30].SampleAsync(async rows =>
    {
        var batch = new EnvelopeBatch();
        foreach (var (i, row) in rows.Index())
        {
            batch.Offset.Add(i);
            batch.DeviceId.Add(row.Device);
            batch.MessageId.Add(row.Id);
            batch.EnqueuedTime.Add(row.Time);
            batch.KnownTime.Add(i);
            batch.Properties.Add(row.Properties);
            batch.Body.Add(row.Body);
            batch.Problem.Add(row.Problem);
        }

        var read = TelemetryTables.ToEnvelopes(await RoundTrip(TelemetryTables.ToTable(batch)));
        Assert.Equal(batch.Offset, read.Offset);
        Assert.Equal(batch.DeviceId, read.DeviceId);
        Assert.Equal(batch.MessageId, read.MessageId);
        Assert.Equal(batch.EnqueuedTime, read.EnqueuedTime);
        Assert.Equal(batch.KnownTime, read.KnownTime);
        Assert.Equal(batch.Properties, read.Properties);
        Assert.Equal(batch.Body.Select(b => b.ToArray()), read.Body.Select(b => b.ToArray()));
        Assert.Equal(batch.Problem, read.Problem);
    }, iter: 100, threads: 1);

    [Fact]
    public Task Readings_come_back_as_they_went_in() => s_reading.Array[0, 30].SampleAsync(async rows =>
    {
        var batch = new ReadingBatch();
        foreach (var (i, row) in rows.Index())
        {
            batch.DeviceId.Add(row.Device);
            batch.Vital.Add(row.Vital);
            batch.Value.Add(row.Value);
            batch.EffectiveTime.Add(row.Time);
            batch.EnqueuedTime.Add(row.Time);
            batch.KnownFrom.Add(row.Time);
            batch.MessageId.Add(row.Id);
            batch.BodyHash.Add(row.Hash);
            batch.Offset.Add(i / 2);
            batch.Ordinal.Add(i % 2);
            batch.Mapping.Add($"m{i % 3}/1");
        }

        var read = new ReadingBatch();
        TelemetryTables.AppendReadings(await RoundTrip(TelemetryTables.ToTable(batch, VitalSignCatalog.Default)), VitalSignCatalog.Default, read);
        Assert.Equal(batch.DeviceId, read.DeviceId);
        Assert.Equal(batch.Vital, read.Vital);
        Assert.Equal(batch.Value, read.Value);
        Assert.Equal(batch.EffectiveTime, read.EffectiveTime);
        Assert.Equal(batch.EnqueuedTime, read.EnqueuedTime);
        Assert.Equal(batch.KnownFrom, read.KnownFrom);
        Assert.Equal(batch.MessageId, read.MessageId);
        Assert.Equal(batch.BodyHash, read.BodyHash);
        Assert.Equal(batch.Offset, read.Offset);
        Assert.Equal(batch.Ordinal, read.Ordinal);
        Assert.Equal(batch.Mapping, read.Mapping);
    }, iter: 100, threads: 1);

    [Fact]
    public Task Observations_come_back_as_they_went_in_and_what_is_open_stays_open() => s_reading.Array[0, 30].SampleAsync(async rows =>
    {
        var batch = new ObservationBatch(rows.Length);
        foreach (var (i, row) in rows.Index())
        {
            batch.PatientId[i] = row.Device;
            batch.Vital[i] = row.Vital;
            batch.Value[i] = row.Value;
            batch.EffectiveTime[i] = row.Time;
            batch.KnownFrom[i] = row.Time;
            batch.KnownTo[i] = i % 2 == 0 ? UnixMicros.Open : row.Time;
            batch.DeviceId[i] = row.Device + "-device";
            batch.Stream[i] = "hub/epoch/0";
            batch.Offset[i] = i;
            batch.Ordinal[i] = i % 3;
        }

        var read = TelemetryTables.ToObservations(await RoundTrip(TelemetryTables.ToTable(batch, VitalSignCatalog.Default)), VitalSignCatalog.Default);
        Assert.Equal(batch.PatientId, read.PatientId);
        Assert.Equal(batch.Vital, read.Vital);
        Assert.Equal(batch.Value, read.Value);
        Assert.Equal(batch.EffectiveTime, read.EffectiveTime);
        Assert.Equal(batch.KnownFrom, read.KnownFrom);
        Assert.Equal(batch.KnownTo, read.KnownTo);
        Assert.Equal(batch.DeviceId, read.DeviceId);
        Assert.Equal(batch.Stream, read.Stream);
        Assert.Equal(batch.Offset, read.Offset);
        Assert.Equal(batch.Ordinal, read.Ordinal);
    }, iter: 100, threads: 1);

    [Fact]
    public async Task Quarantine_keeps_every_reason_and_the_raw_bytes()
    {
        var batch = new QuarantineBatch();
        foreach (var (i, (reason, _)) in RejectionReasons.All.Index())
        {
            batch.DeviceId.Add("d");
            batch.Reason.Add(reason);
            batch.Hint.Add($"hint {i}");
            batch.Raw.Add([(byte)i, 255, 0]);
            batch.Code.Add(i % 2 == 0 ? null : "8867-4");
            batch.Value.Add(i % 2 == 0 ? double.NaN : i);
            batch.EnqueuedTime.Add(i);
            batch.KnownFrom.Add(i);
            batch.Offset.Add(i);
            batch.Ordinal.Add(0);
            batch.Mapping.Add($"m{i}/1");
        }

        var table = await RoundTrip(TelemetryTables.ToTable(batch));
        Assert.Equal(batch.Reason, table.Text("reason").Select(r => TelemetryTables.ReasonOf(r!)));
        Assert.Equal(batch.Raw, table.Bytes("raw").Select(r => r.ToArray()));
        Assert.Equal(batch.Code, table.Text("code"));
        Assert.Equal(batch.Value, table.Float64("value"));
        Assert.Equal(batch.Hint, table.Text("hint"));
        Assert.Equal(batch.Mapping, table.Text("mapping"));
    }

    [Fact]
    public void Dropping_the_rows_before_an_offset_drops_them_in_every_column()
    {
        foreach (var (before, left) in new[] { (0L, 3), (5L, 3), (6L, 2), (8L, 0), (100L, 0) })
        {
            var batch = new EnvelopeBatch();
            for (var offset = 5L; offset < 8; offset++)
            {
                batch.Offset.Add(offset);
                batch.DeviceId.Add("d");
                batch.MessageId.Add(null);
                batch.EnqueuedTime.Add(offset);
                batch.KnownTime.Add(offset);
                batch.Properties.Add(null);
                batch.Body.Add(Array.Empty<byte>());
                batch.Problem.Add(null);
            }

            batch.RemoveBefore(before);
            Assert.Equal(left, batch.Count);
            Assert.All(
                new[] { batch.DeviceId.Count, batch.MessageId.Count, batch.EnqueuedTime.Count, batch.KnownTime.Count, batch.Properties.Count, batch.Body.Count, batch.Problem.Count },
                count => Assert.Equal(left, count));
        }
    }

    [Fact]
    public void Paths_sort_by_offset_and_give_it_back()
    {
        var partition = new StreamPartition("hub", "epoch", 3);
        var offsets = new[] { 0L, 9, 10, 65_536, long.MaxValue };
        var bronze = offsets.Select(o => LakePaths.Bronze(partition, o)).ToArray();
        Assert.Equal(bronze.Order(StringComparer.Ordinal), bronze);
        Assert.All(offsets.Zip(bronze), o => Assert.Equal((o.First, null), LakePaths.RangeOf(LakePaths.StemOf(o.Second))));
        Assert.Equal((9, 12), LakePaths.RangeOf(LakePaths.StemOf(LakePaths.Readings(partition, LakePaths.StemOf(LakePaths.Sealed(partition, 9, 12)), "rmon-1"))));
        Assert.Equal("20250131T074000Z", LakePaths.Stamp(1_738_309_200_000_000));
    }

    [Theory]
    [InlineData("")]
    [InlineData("thumbs")]
    [InlineData("-1")]
    [InlineData("00000000000000000009-")]
    [InlineData("0000000000000000000x")]
    [InlineData("00000000000000000009-0000000000000000001x")]
    public void Names_of_another_form_name_no_offsets(string stem) => Assert.Null(LakePaths.RangeOf(stem));

    private static async Task<ParquetTable> RoundTrip(ParquetTable table)
    {
        using var input = new MemoryStream(table.ToBytes());
        return await ParquetTable.ReadAsync(input, null, default);
    }
}
