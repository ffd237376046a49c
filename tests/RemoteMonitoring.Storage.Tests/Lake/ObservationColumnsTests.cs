using CsCheck;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Storage.Tests.Lake;

public sealed class ObservationColumnsTests : IDisposable
{
    private const string Name = "gold/observations/x.parquet";
    private static readonly int s_vitals = VitalSignCatalog.Default.Vitals.Count;

    private readonly TempLake _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public Task The_columns_are_those_of_the_observations() => Gen.Select(Gen.Int[0, 30], Gen.Int[0, s_vitals - 1], Gen.Long[0, 1L << 50], Gen.Double, Gen.Bool).Array[0, 200].SampleAsync(async rows =>
    {
        Array.Sort(rows, (a, b) => a.Item1.CompareTo(b.Item1));
        var batch = new ObservationBatch(rows.Length);
        foreach (var (i, (patient, vital, time, value, open)) in rows.Index())
        {
            (batch.PatientId[i], batch.Vital[i], batch.EffectiveTime[i], batch.Value[i]) = ($"P{patient:D2}", vital, time, value);
            (batch.KnownFrom[i], batch.KnownTo[i], batch.DeviceId[i], batch.Stream[i]) = (time + 1, open ? UnixMicros.Open : time + 2, "d", "hub/1/0");
        }

        await Hold(batch);
    }, iter: 60, threads: 1);

    [Fact]
    public async Task Patients_that_lie_across_row_groups_are_one()
    {
        var batch = Batch(ParquetTable.RowGroupRows + 5_000, i => $"P{i / 700:D5}");
        var columns = await Hold(batch);
        Assert.Equal((batch.Count + 699) / 700, columns.Patients.Length);
        Assert.Equal(700, columns.PatientStart[1]);
    }

    [Fact]
    public async Task Every_row_of_another_patient_is_as_well()
    {
        // So many distinct ids get no dictionary.
        var columns = await Hold(Batch(20_000, i => $"P{i:D5}"));
        Assert.Equal(Enumerable.Range(0, 20_001), columns.PatientStart);
    }

    [Theory]
    [InlineData("P2", "P1")]
    [InlineData("P1", "P2", "P1")]
    public async Task Rows_not_sorted_by_patient_are_one_line_that_names_the_file_and_no_patient(params string[] patients)
    {
        var file = _temp.Plant(Name, TelemetryTables.ToTable(Batch(patients.Length, i => patients[i]), VitalSignCatalog.Default).ToBytes());
        var table = await _temp.Lake.ReadTableAsync(Name, TelemetryTables.ObservationColumnNames, default);
        var e = Assert.Throws<LakeException>(() => TelemetryTables.ToObservationColumns(table, VitalSignCatalog.Default));
        e.SaysInOneLine(file);
        Assert.Contains("not sorted by patient", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("P1", e.Message, StringComparison.Ordinal);
    }

    private static ObservationBatch Batch(int count, Func<int, string> patient)
    {
        var batch = new ObservationBatch(count);
        for (var i = 0; i < count; i++)
        {
            (batch.PatientId[i], batch.Vital[i], batch.EffectiveTime[i], batch.Value[i]) = (patient(i), i % s_vitals, i * 1_000_003L, i % 70 / 10.0);
            (batch.KnownFrom[i], batch.KnownTo[i], batch.DeviceId[i], batch.Stream[i]) = (i, UnixMicros.Open, "d", "hub/1/0");
        }

        return batch;
    }

    private async Task<ObservationColumns> Hold(ObservationBatch batch)
    {
        _temp.Plant(Name, TelemetryTables.ToTable(batch, VitalSignCatalog.Default).ToBytes());
        var columns = TelemetryTables.ToObservationColumns(await _temp.Lake.ReadTableAsync(Name, TelemetryTables.ObservationColumnNames, default), VitalSignCatalog.Default);
        Assert.Equal(batch.Count, columns.Count);
        Assert.Equal(columns.Patients.Length + 1, columns.PatientStart.Length);
        Assert.Equal(columns.Patients.Order(StringComparer.Ordinal).Distinct(), columns.Patients);
        var patients = columns.Patients.SelectMany((p, i) => Enumerable.Repeat(p, columns.PatientStart[i + 1] - columns.PatientStart[i]));
        Assert.True(batch.PatientId.SequenceEqual(patients));
        Assert.True(batch.Vital.AsSpan().SequenceEqual(columns.Vital));
        Assert.True(batch.EffectiveTime.AsSpan().SequenceEqual(columns.EffectiveTime));
        Assert.True(batch.Value.AsSpan().SequenceEqual(columns.Value));
        Assert.True(batch.KnownFrom.AsSpan().SequenceEqual(columns.KnownFrom));
        Assert.True(batch.KnownTo.AsSpan().SequenceEqual(columns.KnownTo));
        return columns;
    }
}
