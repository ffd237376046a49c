using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Workflows.Features;

namespace RemoteMonitoring.Workflows.Tests.DailyRisk;

[Collection(TrainedOnce.Name)]
public sealed class CellsReaderTests(TrainedHome trained)
{
    [Fact]
    public async Task One_reader_for_all_patients_and_vitals_in_any_order_reads_what_one_for_each_does()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        var reference = await home.Store.Reference.LoadAsync(manifest.Inputs.Reference, default);
        var asOf = MadeUpFeed.At(12).ToUnixMicros();
        VectorKey[] keys = [.. Enumerable.Range(0, 24).Select(i => new VectorKey(TrainedHome.Patient(i), asOf, asOf))];
        var shards = await FeatureStage.ShardsAsync(home.Store, manifest, FeatureSet.Home, reference, default);
        int[] vitals = [.. ((string[])["spo2", "heart_rate", "weight"]).Select(v => VitalSignCatalog.Default[v].Index).Order()];
        var seen = 0;
        for (var shard = 0; shard < manifest.Shards; shard++)
        {
            VectorKey[] own = [.. keys.Where(k => Partitioning.PartitionOf(k.PatientId, manifest.Shards) == shard)];
            var builder = await shards.OpenAsync(shard, own, default);
            var reader = builder.CellsReader();
            foreach (var order in (int[][])[vitals, [.. vitals.Reverse()], [vitals[0], vitals[0], vitals[2]]])
            {
                foreach (var (key, vital) in own.SelectMany(k => order.Select(v => (k, v))))
                {
                    var cells = reader(key, vital);
                    Assert.Equal(builder.CellsOf(key, vital), cells);
                    seen += cells.Count;
                }
            }
        }

        Assert.True(seen > 100);
        Assert.Empty((await shards.OpenAsync(0, [], default)).CellsReader()(keys[0], VitalSignCatalog.Default["lactate"].Index));
    }
}
