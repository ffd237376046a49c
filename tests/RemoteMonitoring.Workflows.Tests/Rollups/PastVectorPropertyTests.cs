using CsCheck;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Features;
using RemoteMonitoring.Workflows.Tests.Compaction;

namespace RemoteMonitoring.Workflows.Tests.Rollups;

/// <summary>What a vector was, it stays: through late readings, corrections, reassignments, moves to other zones, and the deletion of what is superseded.</summary>
public sealed class PastVectorPropertyTests
{
    private static readonly string[] s_patients = ["A", "B", "C"];
    private static readonly string[] s_zones = ["Etc/UTC", "America/New_York", "Asia/Kolkata", "Pacific/Kiritimati", "UTC+05:00"];

    private static readonly Gen<Sent> s_message = Gen.Select(
        Gen.OneOf("d0", "d1", "d2"), Gen.Double[0, 6], Gen.Int[60, 90], Gen.OneOf(0.0, 0.01, 2.5),
        (device, day, value, late) => Sent.Of(device, Math.Round(day * 48) / 48, value, null, day + late));

    private static readonly Gen<Step> s_step = Gen.Frequency(
        (5, Gen.Select(Gen.Int[0, 2], s_message.Array[1, 12], (stream, messages) => (Step)new Land(stream, messages))),
        (2, Gen.Select(Gen.OneOf("d0", "d1", "d2"), Gen.OneOf(s_patients), Gen.Int[0, 5], (device, patient, from) => (Step)new Assign(device, patient, from))),
        (2, Gen.Select(Gen.OneOf(s_patients), Gen.OneOf(s_zones), (patient, zone) => (Step)new Move(patient, zone))));

    private abstract record Step;

    private sealed record Land(int Stream, Sent[] Messages) : Step;

    private sealed record Assign(string Device, string Patient, double From) : Step;

    private sealed record Move(string Patient, string Zone) : Step;

    [Fact]
    public async Task A_vector_of_a_past_as_of_and_known_by_is_what_it_was_byte_for_byte() =>
        await Gen.Select(s_message.Array[1, 20], s_step.Array[2, 7], Gen.Int[1, 3], Gen.OneOf(FeatureSet.Home, FeatureSet.Acute), Gen.OneOf(0.0, 1.2)).SampleAsync(async (imported, steps, shards, set, dense) =>
        {
            await using var cohort = new GrowingCohort();
            await cohort.PatientsAsync(s_patients);
            foreach (var (device, patient) in new[] { ("d0", "A"), ("d1", "B"), ("d2", "C") })
            {
                await cohort.AssignAsync(device, patient, 0, known: 0);
            }

            // An import says when its readings were known, which is in the past: only here, before anything is given.
            await cohort.LandAsync(3, imported: true, imported);
            var options = new CompactionOptions { Shards = shards, RollupsFor = [set.Name], ReadingsPerCell = dense };
            var given = new List<(VectorKey[] Keys, FeatureTable Table)>();
            foreach (var step in steps)
            {
                await DoAsync(cohort, step);
                var (manifest, _) = await cohort.CompactAsync(options);
                var keys = Keys(cohort);
                given.Add((keys, await VectorsAsync(cohort, manifest, set, keys)));
            }

            var (last, _) = await cohort.CompactAsync(options);
            Assert.Contains(set.Name, last.Rollups!.Sets);
            var (full, _) = await cohort.CompactAsync(options with { Full = true });
            Assert.Equal(last.ToBytes(), full.ToBytes());
            await GoldGarbage.CollectAsync(cohort.Lake, dryRun: false, default);
            var (other, _) = await cohort.CompactAsync(options with { Shards = shards + 2 }); // keeps what it supersedes
            foreach (var (keys, table) in given)
            {
                AssertSame(table, await VectorsAsync(cohort, other, set, keys));
                AssertSame(table, await VectorsAsync(cohort, last, set, keys));
                AssertSame(table, await VectorsAsync(cohort, last with { Rollups = null }, set, keys));
            }
        }, iter: 40, threads: 1);

    [Fact]
    public async Task Where_a_rollup_is_missing_readings_are_read()
    {
        await using var cohort = new GrowingCohort();
        await cohort.PatientsAsync("A");
        await cohort.AssignAsync("d0", "A", 0, known: 0);
        await cohort.LandAsync(0, imported: true, [.. Enumerable.Range(0, 20).Select(i => Sent.Of("d0", i / 4.0, 60 + i))]);
        var (manifest, _) = await cohort.CompactAsync(new CompactionOptions { RollupsFor = ["home"], ReadingsPerCell = 0 });
        var keys = Keys(cohort);
        var whole = await VectorsAsync(cohort, manifest, FeatureSet.Home, keys);
        await cohort.Lake.DeleteAsync(manifest.Rollups!.Files[1].Path, default);
        AssertSame(whole, await VectorsAsync(cohort, manifest, FeatureSet.Home, keys));
        var (again, _) = await cohort.CompactAsync(new CompactionOptions());
        Assert.True(await cohort.Lake.AllExistAsync(again.Rollups!.Files.Select(f => f.Path), default));
    }

    /// <summary>Local midnights in several zones, whole hours and odd instants; known then (of imported streams), and by what is now.</summary>
    private static VectorKey[] Keys(GrowingCohort cohort)
    {
        var now = new DateTimeOffset(cohort.Time.Now.UtcDateTime).ToUnixTimeMilliseconds() * 1000;
        return
        [
            .. from patient in s_patients.Append("nobody")
               from day in (double[])[3, 4.20833333, 5.5, 6.0001]
               let asOf = GrowingCohort.At(day).ToUnixMicros()
               from knownBy in (long[])[asOf, now]
               select new VectorKey(patient, asOf, knownBy),
        ];
    }

    private static async Task<FeatureTable> VectorsAsync(GrowingCohort cohort, ObservationsManifest manifest, FeatureSet set, VectorKey[] keys) =>
        await FeatureStage.BuildAsync(cohort.Home.Store, manifest, set, await cohort.Home.Store.Reference.LoadAsync(manifest.Inputs.Reference, default), keys, null, default);

    private static void AssertSame(FeatureTable expected, FeatureTable actual)
    {
        for (var c = 0; c < expected.Values.Length; c++)
        {
            Assert.Equal(Array.ConvertAll(expected.Values[c], BitConverter.DoubleToInt64Bits), Array.ConvertAll(actual.Values[c], BitConverter.DoubleToInt64Bits));
        }
    }

    private static Task DoAsync(GrowingCohort cohort, Step step) => step switch
    {
        Land land => cohort.LandAsync(land.Stream, imported: false, land.Messages),
        Assign a => cohort.AssignAsync(a.Device, a.Patient, a.From),
        Move m => cohort.MoveAsync(m.Patient, m.Zone),
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
