using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Features;

namespace RemoteMonitoring.Workflows.Tests.Features;

public sealed class FeatureStageTests
{
    private static readonly CancellationToken s_none = CancellationToken.None;

    private static readonly string[] s_patients = ["a", "b", "c", "d", "e", "f"];

    private static MadeUpFeed SixPatients()
    {
        var feed = new MadeUpFeed().Team("north", 5);
        foreach (var (id, i) in s_patients.Select((id, i) => (id, i)))
        {
            feed.Patient(id).Daily(id, 0, 5, 90 + i, 60 + (7 * i));
        }

        return feed;
    }

    /// <summary>Rows of all patients in no order, at two instants, one of them repeated.</summary>
    private static VectorKey[] Keys()
    {
        VectorKey Key(string id, double day) => new(id, MadeUpFeed.At(day).ToUnixMicros(), MadeUpFeed.At(day).ToUnixMicros());
        return [Key("f", 5), Key("a", 3), Key("c", 5), Key("nobody", 5), Key("b", 5), Key("a", 5), Key("e", 3), Key("d", 5), Key("a", 3), Key("f", 3)];
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public async Task Vectors_are_those_of_the_builder_in_the_order_of_the_rows_over_any_number_of_shards(int shards)
    {
        await using var home = new TempHome();
        var manifest = await SixPatients().LandAsync(home);
        var reference = await home.Store.Reference.LoadAsync(manifest.Inputs.Reference, s_none);
        var keys = Keys();
        var expected = new VectorBuilder(FeatureSet.Home, await CompactionStage.ReadShardAsync(home.Lake, manifest, 0, s_none), PatientRecord.Index(reference)).Build(keys);

        var spread = (await CompactionStage.RunAsync(home.Store, new CompactionOptions { Shards = shards }, s_none)).Manifest;
        var told = new List<int>();
        var table = await FeatureStage.BuildAsync(home.Store, spread, FeatureSet.Home, reference, keys, told.Add, s_none);
        Assert.Equal(keys.Select(k => k.PatientId), table.PatientId);
        Assert.Equal(keys.Select(k => k.AsOf), table.AsOf);
        Assert.Equal(expected.Values, table.Values);
        Assert.Equal(expected.News2Low, table.News2Low);
        Assert.Equal(expected.News2Point, table.News2Point);
        Assert.Equal(expected.News2High, table.News2High);
        Assert.Equal((expected.SetName, expected.SetHash), (table.SetName, table.SetHash));
        Assert.Equal(keys.Length, told[^1]);
        Assert.Equal(told.Order(), told);
    }

    [Fact]
    public async Task The_table_has_a_column_a_feature_behind_patient_and_instant_and_reads_back_bit_for_bit()
    {
        await using var home = new TempHome();
        var manifest = await SixPatients().LandAsync(home);
        var reference = await home.Store.Reference.LoadAsync(manifest.Inputs.Reference, s_none);
        var table = await FeatureStage.BuildAsync(home.Store, manifest, FeatureSet.Home, reference, Keys(), null, s_none);
        await home.Lake.TryCreateTableAsync("gold/features/test.parquet", FeatureStage.ToParquet(table, Keys()), s_none);
        var read = await home.Lake.ReadTableAsync("gold/features/test.parquet", null, s_none);
        Assert.Equal(["patient_id", "as_of", "known_by", .. FeatureSet.Home.Columns.Select(c => c.Name)], read.ColumnNames);
        Assert.Equal(table.PatientId, read.Text("patient_id"));
        Assert.Equal(table.AsOf, read.Time("as_of"));
        Assert.Equal(Keys().Select(k => k.KnownBy), read.Time("known_by"));
        Assert.All(FeatureSet.Home.Columns, (c, i) => Assert.Equal(table.Values[i], read.Float64(c.Name)));
        Assert.Equal("home", read.Metadata["remotemonitoring.feature-set"]);
        Assert.Equal(FeatureSet.Home.Hash, read.Metadata["remotemonitoring.feature-set-hash"]);
        Assert.Equal("10", read.Metadata["remotemonitoring.rows"]);
    }

    [Fact]
    public async Task What_is_unknown_is_not_a_number_and_never_zero()
    {
        await using var home = new TempHome();
        var manifest = await SixPatients().LandAsync(home);
        var reference = await home.Store.Reference.LoadAsync(manifest.Inputs.Reference, s_none);
        var table = await FeatureStage.BuildAsync(home.Store, manifest, FeatureSet.Home, reference, Keys(), null, s_none);
        Assert.True(double.IsNaN(table.Values[table.IndexOf("temperature_last")][0]));
        Assert.Equal(0, table.Values[table.IndexOf("temperature_count_7d")][0]);
        Assert.True(double.IsNaN(table.Values[table.IndexOf("spo2_last")][3]));
        Assert.True(double.IsNaN(table.News2Point[3]));
    }

    [Fact]
    public async Task No_rows_make_an_empty_table_that_can_be_written()
    {
        await using var home = new TempHome();
        var manifest = await SixPatients().LandAsync(home);
        var table = await FeatureStage.BuildAsync(home.Store, manifest, FeatureSet.Home, new ReferenceData(), [], null, s_none);
        Assert.Equal(0, table.Rows);
        await home.Lake.TryCreateTableAsync("gold/features/none.parquet", FeatureStage.ToParquet(table, []), s_none);
        Assert.Equal(0, (await home.Lake.ReadTableAsync("gold/features/none.parquet", null, s_none)).Rows);
    }
}
