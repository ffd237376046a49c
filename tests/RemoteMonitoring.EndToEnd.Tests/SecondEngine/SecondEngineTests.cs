using System.Runtime.InteropServices;
using NodaTime;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Features;
using Xunit.Abstractions;

namespace RemoteMonitoring.EndToEnd.Tests.SecondEngine;

/// <summary>
/// Two engines that share no code agree: what rmon computes is what DuckDB computes from the same observations. Counts,
/// extremes and last values are equal, all else within a millionth.
/// </summary>
[Collection("runs the program")]
public sealed class SecondEngineTests(DemoRuns demos, ITestOutputHelper output)
{
    [Theory]
    [InlineData(2025, 3, 1, 1, "home")] // clocks go forward in Europe and America, back on Lord Howe
    [InlineData(2025, 10, 1, 2, "home")] // and the other way round
    [InlineData(2025, 3, 1, 3, "acute")]
    [InlineData(2025, 10, 1, 4, "acute")]
    [InlineData(2025, 3, 1, 5, "home-detection")]
    [InlineData(2025, 10, 1, 6, "home-detection")]
    public async Task Both_engines_agree_on_late_corrected_and_reassigned_readings_whenever_they_are_asked(int year, int month, int day, int seed, string set)
    {
        var root = Directory.CreateTempSubdirectory("rmon-engines-").FullName;
        try
        {
            await using var store = CohortStore.Open(root, "simulated");
            var start = new LocalDate(year, month, day);
            var (manifest, reference) = await DisturbedFeed.LandAsync(store, Path.Combine(root, "feed"), start, 40, 50, seed, FeatureSet.Named(set));
            Assert.True(manifest.Corrected > 0, "no reading was corrected");
            Assert.True(manifest.Reassigned > 0, "no reading was reassigned");
            await AgreeAsync(store, manifest, reference, FeatureSet.Named(set), [.. RowsAround(reference, start, seed), .. await RowsOfCorrectionsAsync(store, manifest, reference)]);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    [Theory]
    [InlineData("home")]
    [InlineData("home-detection")]
    public async Task Both_engines_agree_on_people_with_dementia_at_home(string set) => await AgreeOnPublicDataAsync("tihm", set, (reference, end) =>
        from patient in reference.Patients.DistinctBy(p => p.PatientId)
        let zone = DateTimeZoneProviders.Tzdb[patient.TimeZone]
        from week in Enumerable.Range(1, 12)
        let asOf = week % 3 == 0 ? end - Duration.FromHours(101 * week) : zone.AtStartOfDay((end - Duration.FromDays(7 * week)).InZone(zone).Date).ToInstant()
        from later in (double[])[0, 2]
        select Row(patient, asOf, asOf + Duration.FromDays(later)));

    [Fact]
    public async Task Both_engines_agree_on_four_thousand_stays_in_intensive_care() => await AgreeOnPublicDataAsync("physionet2012", "acute", (reference, _) =>
        from enrolled in reference.Census
        where enrolled.Kind == CensusKind.Enrolled
        join patient in reference.Patients.DistinctBy(p => p.PatientId) on enrolled.PatientId equals patient.PatientId
        from hour in patient.PatientId[^1] is '0' or '5' ? (double[])[48, 6, 23.25, 30.5] : [48]
        let asOf = enrolled.Effective + Duration.FromHours(hour)
        select Row(patient, asOf, asOf));

    /// <summary>Local midnights from the second week on, odd hours, and the very instants of whole hours; known then, before, and long after.</summary>
    private static IEnumerable<DuckRow> RowsAround(ReferenceData reference, LocalDate start, int seed)
    {
        var random = new Random(seed);
        var begin = start.AtMidnight().InUtc().ToInstant();
        foreach (var patient in reference.Patients.DistinctBy(p => p.PatientId))
        {
            var zone = DateTimeZoneProviders.Tzdb[patient.TimeZone];
            Instant[] instants =
            [
                .. Enumerable.Range(0, 4).Select(i => zone.AtStartOfDay(start.PlusDays(random.Next(2, 48))).ToInstant()),
                .. zone.GetZoneIntervals(begin, begin + Duration.FromDays(48)).Skip(1).Select(change => zone.AtStartOfDay(change.Start.InZone(zone).Date.PlusDays(1)).ToInstant()),
                begin + Duration.FromHours(random.Next(48, 48 * 24)),
                begin + Duration.FromHours(random.Next(48, 48 * 24)),
                begin + Duration.FromMinutes(random.Next(48 * 60, 48 * 24 * 60)),
            ];
            foreach (var asOf in instants)
            {
                yield return Row(patient, asOf, asOf);
                yield return Row(patient, asOf, asOf + Duration.FromHours(random.Next(1, 200)));
                yield return Row(patient, asOf, asOf - Duration.FromHours(random.Next(1, 100)));
            }
        }

        yield return new DuckRow("nobody", begin.ToUnixMicros(), begin.ToUnixMicros(), "Etc/UTC");
    }

    /// <summary>The very instants at which a reading was taken and at which it was replaced, and the last ones before.</summary>
    private static async Task<IEnumerable<DuckRow>> RowsOfCorrectionsAsync(CohortStore store, ObservationsManifest manifest, ReferenceData reference)
    {
        var rows = new List<DuckRow>();
        var zones = reference.Patients.DistinctBy(p => p.PatientId).ToDictionary(p => p.PatientId, p => p.TimeZone);
        foreach (var file in manifest.Files)
        {
            var table = await store.Lake.ReadTableAsync(file.Path, ["patient_id", "effective_time", "known_to"], CancellationToken.None);
            var closed = Enumerable.Range(0, table.Rows).Where(i => table.Time("known_to")[i] != UnixMicros.Open).Take(5);
            rows.AddRange(
                from i in closed
                let patient = table.Text("patient_id")[i]!
                let taken = table.Time("effective_time")[i]
                let replaced = table.Time("known_to")[i]
                from row in (DuckRow[])[new(patient, taken, replaced, zones[patient]), new(patient, taken, replaced - 1, zones[patient]), new(patient, taken - 1, replaced, zones[patient])]
                select row);
        }

        return rows;
    }

    private static DuckRow Row(Patient patient, Instant asOf, Instant knownBy) => new(patient.PatientId, asOf.ToUnixMicros(), knownBy.ToUnixMicros(), patient.TimeZone);

    private async Task AgreeOnPublicDataAsync(string dataSet, string set, Func<ReferenceData, Instant, IEnumerable<DuckRow>> rows)
    {
        if (await demos.OfAsync(dataSet, output) is not { } demo)
        {
            return;
        }

        await using var store = CohortStore.Open(demo.Rmon.Home, CohortStore.List(demo.Rmon.Home).Single());
        var manifest = (await ObservationsManifest.TryReadAsync(store.Lake, CancellationToken.None))!;
        var reference = await store.Reference.LoadAsync(manifest.Inputs.Reference, CancellationToken.None);
        await AgreeAsync(store, manifest, reference, FeatureSet.Named(set), [.. rows(reference, UnixMicros.ToInstant(manifest.Inputs.Watermark))]);
    }

    private async Task AgreeAsync(CohortStore store, ObservationsManifest manifest, ReferenceData reference, FeatureSet set, IReadOnlyList<DuckRow> rows)
    {
        // Until the roster names a patient their days begin and end in UTC.
        var roster = reference.Patients.ToLookup(p => p.PatientId);
        rows = [.. rows.Select(r => r with { Zone = roster[r.PatientId].LastOrDefault(p => p.Known.ToUnixMicros() <= r.KnownBy)?.TimeZone ?? "Etc/UTC" })];
        VectorKey[] keys = [.. rows.Select(r => new VectorKey(r.PatientId, r.AsOf, r.KnownBy))];
        var ours = await FeatureStage.BuildAsync(store, manifest with { Rollups = null }, set, reference, keys, null, CancellationToken.None);
        // Once from readings alone, and once as a night does it: bit for bit the same.
        var rolledUp = await FeatureStage.BuildAsync(store, await CompactionStage.RollUpAsync(store, manifest, set, CancellationToken.None), set, reference, keys, null, CancellationToken.None);
        Assert.All(ours.Values.Zip(rolledUp.Values), c => Assert.True(MemoryMarshal.Cast<double, long>(c.First).SequenceEqual(MemoryMarshal.Cast<double, long>(c.Second))));
        using var duck = DuckFeatures.Open([.. manifest.Files.Select(f => ((LakeDirectory)store.Lake).FullPath(f.Path))], reference);
        var comparison = EngineComparison.Of(set.Columns, rows, ours.Values, duck.Compute(set.Columns, set.LookBack, rows));
        output.WriteLine($"{rows.Count} rows of {set.Columns.Count} columns, {comparison.Known} of {comparison.Cells} values known to both, worst relative difference {comparison.Worst:E1}");
        Assert.True(comparison.Differences.Count == 0, string.Join('\n', comparison.Differences));
        Assert.True(comparison.Known > comparison.Cells / 20, "next to nothing was known, so nothing was compared");
    }
}
