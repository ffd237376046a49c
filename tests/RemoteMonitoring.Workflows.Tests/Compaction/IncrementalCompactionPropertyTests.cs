using CsCheck;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Workflows.Compaction;

namespace RemoteMonitoring.Workflows.Tests.Compaction;

/// <summary>Whatever comes, in whatever pieces: redoing what is touched gives what redoing everything gives, and that what one resolution of all gives.</summary>
public sealed class IncrementalCompactionPropertyTests
{
    private static readonly string[] s_devices = ["d0", "d1", "d2", "stranger"];
    private static readonly string[] s_patients = ["A", "B", "C", "D"];

    /// <summary>Few instants, about midnight often, so that readings meet; copies of messages come in the same generation or another.</summary>
    private static readonly Gen<double> s_day = Gen.Select(Gen.Int[0, 5], Gen.OneOf(0.25, 0.5, 0.9999, 0.99995), (day, part) => day + part);

    private static readonly Gen<Sent> s_message = Gen.Select(
        Gen.OneOf(s_devices), s_day, Gen.Int[60, 62], Gen.OneOf("m1", "m2", "m3").Null(0.3), Gen.Int[0, 3], Gen.Double[0, 1.5],
        (device, day, value, id, kind, late) => kind switch
        {
            0 => Sent.Of(device, day, value, id, day + late),
            1 or 2 => Sent.HubTimed(device, day, value, id),
            _ => Sent.Odd(device, day, value, value + 10, id),
        });

    private static readonly Gen<Step> s_step = Gen.Frequency(
        (6, Gen.Select(Gen.Int[0, 2], s_message.Array[1, 7], Gen.Int[0, 2], Gen.Double[0, 1.2], (stream, messages, copies, later) => (Step)new Land(
            stream, [.. messages, .. messages.Take(copies).Select(m => m with { Enqueued = m.Enqueued + later })]))),
        (3, Gen.Select(Gen.OneOf("d0", "d1", "d2"), Gen.OneOf(s_patients), Gen.Int[0, 5], Gen.Int[0, 3].Nullable(), Gen.Int[0, 14].Nullable(),
            (device, patient, from, length, known) => (Step)new Assign(device, patient, from, from + length, known))),
        (1, Gen.Int[1, 2].Select(version => (Step)new Activate(version))),
        (1, Gen.Const((Step)new Reprocess())));

    private abstract record Step;

    private sealed record Land(int Stream, Sent[] Messages) : Step;

    private sealed record Assign(string Device, string Patient, double From, double? To, double? Known) : Step;

    private sealed record Activate(int Version) : Step;

    private sealed record Reprocess : Step;

    [Fact]
    public async Task Compacting_after_each_step_comes_to_what_compacting_once_does() =>
        await Gen.Select(s_step.Array[1, 9], Gen.Int[1, 3], Gen.OneOf(1L, 7L, 1_000_000L)).SampleAsync(async (steps, shards, budget) =>
        {
            await using var cohort = new GrowingCohort();
            await cohort.PatientsAsync(s_patients);
            await cohort.AssignAsync("d0", "A", 0, known: 0);
            await cohort.AssignAsync("d1", "B", 1, known: 1);
            var options = new CompactionOptions { Shards = shards, ReadingsAtATime = budget };
            foreach (var step in steps)
            {
                await DoAsync(cohort, step);
                await cohort.CompactAsync(options);
            }

            var (last, alreadyThere) = await cohort.CompactAsync(options);
            Assert.True(alreadyThere);
            var (whole, resolved) = await cohort.ResolveAllAsync();
            Assert.Equal(whole, await cohort.RowsAsync(last));
            Assert.Equal(
                (resolved.Accepted, resolved.Duplicates, resolved.Corrected, resolved.Reassigned, resolved.TakenBack, (long)resolved.UnknownDevice.Count, (long)resolved.UnassignedDevice.Count),
                (last.Accepted, last.Duplicates, last.Corrected, last.Reassigned, last.TakenBack,
                    last.Rejected.GetValueOrDefault(RejectionReason.UnknownDevice.ToText()), last.Rejected.GetValueOrDefault(RejectionReason.UnassignedDevice.ToText())));

            await AssertSameOnceMoreAsync(cohort, last, new CompactionOptions { Full = true });
            foreach (var path in await cohort.Lake.ListAsync("gold", default))
            {
                await cohort.Lake.DeleteAsync(path, default);
            }

            await AssertSameOnceMoreAsync(cohort, last, options with { ReadingsAtATime = 1_000_000 });
            var (other, _) = await cohort.CompactAsync(new CompactionOptions { Shards = 4 });
            Assert.Equal(whole, await cohort.RowsAsync(other));
            Assert.Equal(
                (last.Received, last.Accepted, last.Duplicates, last.Corrected, last.Reassigned, last.TakenBack),
                (other.Received, other.Accepted, other.Duplicates, other.Corrected, other.Reassigned, other.TakenBack));
        }, iter: 30, threads: 1, print: p => $"{string.Join("; ", p.Item1.Select(Print))}, {p.Item2} shards, {p.Item3} at a time");

    private static async Task AssertSameOnceMoreAsync(GrowingCohort cohort, ObservationsManifest expected, CompactionOptions options)
    {
        var (again, _) = await cohort.CompactAsync(options);
        Assert.Equal(expected.ToBytes(), again.ToBytes());
        Assert.Equal(expected.ToBytes(), await cohort.Lake.ReadAsync(LakePaths.ObservationsManifest, default));
        foreach (var (path, sha256) in again.Files.Select(f => (f.Path, f.Sha256)).Concat(again.Unassigned.Select(f => (f.Path, f.Sha256))))
        {
            Assert.Equal(sha256, Lake.Hash(await cohort.Lake.ReadAsync(path, default)));
        }
    }

    private static Task DoAsync(GrowingCohort cohort, Step step) => step switch
    {
        Land land => cohort.LandAsync(land.Stream, imported: land.Stream > 0, land.Messages),
        Assign a => cohort.AssignAsync(a.Device, a.Patient, a.From, a.To, a.Known),
        Activate a => cohort.ActivateAsync(a.Version),
        Reprocess => cohort.ReprocessAsync(),
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private static string Print(Step step) => step is Land land ? $"Land {land.Stream}: {string.Join(" | ", (IEnumerable<Sent>)land.Messages)}" : step.ToString();
}
