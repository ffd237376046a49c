using System.Text.Json;
using NodaTime;
using NodaTime.Text;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Ingestion;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Workflows.Features;

/// <summary>A reading in a picture.</summary>
/// <param name="Time">When it was taken.</param>
/// <param name="Value">Value in the vital's unit.</param>
public readonly record struct VitalPoint(Instant Time, double Value);

/// <summary>A vital of a patient over some time.</summary>
/// <param name="Vital">Which.</param>
/// <param name="Points">Its readings as they are held now, in order of time; of what readings count, the sum of each local day at the time of its last.</param>
/// <param name="UsualLow">Low end of the person's usual range at the end; null where the days are too few to tell.</param>
/// <param name="UsualHigh">High end.</param>
public sealed record VitalSeries(VitalSign Vital, IReadOnlyList<VitalPoint> Points, double? UsualLow, double? UsualHigh)
{
    /// <summary>What is odd among the readings; null where nothing can be.</summary>
    public OddReadings? Odd { get; } = OddReadings.Of(Vital, Points.Select(p => p.Value));

    /// <summary>What the odd readings are, in a sentence; null where there are none.</summary>
    public string? OddInWords => Odd?.InWords(Vital, Points.Select(p => p.Value));
}

/// <summary>What a patient's devices said, for people to look at: observations of the lake, and what has landed since they were last compacted.</summary>
public static class PatientVitals
{
    /// <summary>The usual range is that of reasons: of the daily means of four weeks.</summary>
    private const long LookBack = 28 * UnixMicros.PerDay;

    /// <summary>How far the data of the cohort have come; null where nothing was compacted.</summary>
    public static async Task<Instant?> WatermarkAsync(CohortStore store, CancellationToken cancellationToken) =>
        await ObservationsManifest.TryReadAsync(store.Lake, cancellationToken) is { } manifest ? UnixMicros.ToInstant(manifest.Inputs.Watermark) : null;

    /// <summary>The vitals with a reading in (after, to], in the catalog's order.</summary>
    public static async Task<IReadOnlyList<VitalSeries>> ReadAsync(CohortStore store, string patientId, DateTimeZone zone, Instant after, Instant to, CancellationToken cancellationToken)
    {
        var (from, end) = (after.ToUnixMicros(), to.ToUnixMicros());
        var earliest = Math.Min(from, end - LookBack);
        var manifest = await ObservationsManifest.TryReadAsync(store.Lake, cancellationToken);
        var observed = manifest is null ? [] : await ObservedAsync(store.Lake, manifest, patientId, earliest, end, cancellationToken);
        // Of an instant the last word counts: what came after the observations were made, they, and what they may not have seen yet of before.
        var landed = (await LandedAsync(store.Documents, patientId, earliest, end, cancellationToken)).ToLookup(p => p.Known > (manifest?.Inputs.Watermark ?? long.MinValue));
        var points = landed[true].Select(p => (p.Vital, p.Time, p.Value)).Concat(observed).Concat(landed[false].Select(p => (p.Vital, p.Time, p.Value)))
            .DistinctBy(p => (p.Vital.Index, p.Time))
            .ToLookup(p => p.Vital.Index);
        return
        [
            .. points.OrderBy(g => g.Key).Select(g =>
            {
                var vital = VitalSignCatalog.Default.Vitals[g.Key];
                var ordered = g.OrderBy(p => p.Time).ToArray();
                var range = PersonalRange.Of(vital, [.. Days(ordered.Where(p => p.Time > end - LookBack), zone)], LookBack, end);
                var shown = ordered.Where(p => p.Time > from);
                return new VitalSeries(
                    vital,
                    vital.IsCounted
                        // Of the day that the stretch begins in there is but a part.
                        ? [.. Days(shown, zone).Where(d => UnixMicros.ToInstant(d.LastTime).InZone(zone).Date > after.InZone(zone).Date).Select(d => new VitalPoint(UnixMicros.ToInstant(d.LastTime), d.Told(vital).Last))]
                        : [.. shown.Select(p => new VitalPoint(UnixMicros.ToInstant(p.Time), p.Value))],
                    range is { UsualLow: var low } && double.IsFinite(low) ? low : null,
                    range is { UsualHigh: var high } && double.IsFinite(high) ? high : null);
            }).Where(s => s.Points.Count > 0),
        ];
    }

    /// <summary>Readings of the lake that are held now. Files have the rows of thousands of patients: only the columns that are shown are read, and no text of a row is made.</summary>
    private static async Task<List<(VitalSign Vital, long Time, double Value)>> ObservedAsync(Lake lake, ObservationsManifest manifest, string patientId, long after, long to, CancellationToken cancellationToken)
    {
        static DateOnly Day(long micros) => DateOnly.FromDateTime(UnixMicros.ToInstant(micros).ToDateTimeUtc());
        var shard = Partitioning.PartitionOf(patientId, manifest.Shards);
        var observed = new List<(VitalSign, long, double)>();
        foreach (var file in manifest.Files.Where(f => f.Shard == shard && f.EventDate >= Day(after) && f.EventDate <= Day(to)))
        {
            var table = await lake.ReadVerifiedTableAsync(file.Path, file.Sha256, TelemetryTables.ObservationColumnNames, cancellationToken);
            var columns = TelemetryTables.ToObservationColumns(table, VitalSignCatalog.Default);
            var place = Array.BinarySearch(columns.Patients, patientId, StringComparer.Ordinal);
            for (var row = place < 0 ? 0 : columns.PatientStart[place]; row < (place < 0 ? 0 : columns.PatientStart[place + 1]); row++)
            {
                if (columns.KnownTo[row] == UnixMicros.Open && columns.EffectiveTime[row] > after && columns.EffectiveTime[row] <= to)
                {
                    observed.Add((VitalSignCatalog.Default.Vitals[columns.Vital[row]], columns.EffectiveTime[row], columns.Value[row]));
                }
            }
        }

        return observed;
    }

    /// <summary>Readings of the documents of the hot window, which are there some seconds after they landed, with when they were known: the last first.</summary>
    private static async Task<IEnumerable<(VitalSign Vital, long Time, double Value, long Known)>> LandedAsync(DocumentStore documents, string patientId, long after, long to, CancellationToken cancellationToken)
    {
        var landed = new List<(VitalSign, long, double, long Known)>();
        foreach (var document in await documents.ListAsync(Containers.Telemetry, patientId, cancellationToken))
        {
            using var json = JsonDocument.Parse(document.Body);
            var known = DocumentProjection.KnownOf(document);
            foreach (var reading in json.RootElement.GetProperty("readings"u8).EnumerateArray())
            {
                var time = InstantPattern.ExtendedIso.Parse(reading.GetProperty("effectiveTime"u8).GetString()!).Value.ToUnixMicros();
                if (time > after && time <= to && VitalSignCatalog.Default.TryGetByCode(reading.GetProperty("code"u8).GetString(), out var vital))
                {
                    landed.Add((vital!, time, reading.GetProperty("value"u8).GetDouble(), known));
                }
            }
        }

        return landed.OrderByDescending(l => l.Known);
    }

    private static IEnumerable<VitalCell> Days(IEnumerable<(VitalSign Vital, long Time, double Value)> readings, DateTimeZone zone) => readings
        .GroupBy(r => UnixMicros.ToInstant(r.Time).InZone(zone).Date)
        .Select(day => new VitalCell(
            zone.AtStartOfDay(day.Key.PlusDays(1)).ToInstant().ToUnixMicros(), day.Count(), day.Average(r => r.Value), day.Last().Value, day.Last().Time));
}
