using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Workflows.Compaction;

namespace RemoteMonitoring.Workflows.Features;

/// <summary>What an instant of knowing makes of a reading.</summary>
public enum ReadingStatus
{
    /// <summary>It was held then: vectors use it.</summary>
    Used,

    /// <summary>It was known only later.</summary>
    KnownLater,

    /// <summary>It had been replaced by a correction by then.</summary>
    Corrected,

    /// <summary>It had been taken back, or given to somebody else, by then.</summary>
    TakenBack,
}

/// <summary>A version of a reading of a patient, and where it came from.</summary>
public sealed record PatientReading
{
    /// <summary>How long after it was taken a reading may be known without being late, microseconds: an hour.</summary>
    public const long InTime = UnixMicros.PerHour;

    /// <summary>What was measured.</summary>
    public required VitalSign Vital { get; init; }

    /// <summary>When it was taken, Unix microseconds.</summary>
    public required long Time { get; init; }

    /// <summary>Value in the canonical unit.</summary>
    public required double Value { get; init; }

    /// <summary>Device that took it.</summary>
    public required string DeviceId { get; init; }

    /// <summary>Partition of the stream that its message came in, and the offset there.</summary>
    public required (string Stream, long Offset) Origin { get; init; }

    /// <summary>From when it was held for true, inclusive.</summary>
    public required long KnownFrom { get; init; }

    /// <summary>Until when, exclusive; <see cref="UnixMicros.Open"/> while nothing has replaced it.</summary>
    public required long KnownTo { get; init; }

    /// <summary>The value that it replaced; null where it is no correction.</summary>
    public double? Corrects { get; init; }

    /// <summary>The value that replaced it; null where none did.</summary>
    public double? CorrectedTo { get; init; }

    /// <summary>Whether it was known more than <see cref="InTime"/> after it was taken.</summary>
    public bool IsLate => KnownFrom - Time > InTime;

    /// <summary>What it was at an instant of knowing.</summary>
    public ReadingStatus At(long knownBy) =>
        KnownFrom > knownBy ? ReadingStatus.KnownLater
        : knownBy < KnownTo ? ReadingStatus.Used
        : CorrectedTo is null ? ReadingStatus.TakenBack
        : ReadingStatus.Corrected;
}

/// <summary>The readings of one patient with where each came from, all versions, whenever known.</summary>
public static class PatientReadings
{
    /// <summary>Those taken in (after, to], in order of vital, time and knowing. Only the patient's rows of the days that overlap it are looked at.</summary>
    public static async Task<IReadOnlyList<PatientReading>> ReadAsync(
        Lake lake, ObservationsManifest manifest, string patientId, long after, long to, CancellationToken cancellationToken)
    {
        static DateOnly Day(long micros) => DateOnly.FromDateTime(UnixMicros.ToInstant(micros).ToDateTimeUtc());
        var shard = Partitioning.PartitionOf(patientId, manifest.Shards);
        var readings = new List<PatientReading>();
        foreach (var file in manifest.Files.Where(f => f.Shard == shard && f.EventDate >= Day(after) && f.EventDate <= Day(to)))
        {
            var table = await lake.ReadVerifiedTableAsync(file.Path, file.Sha256, null, cancellationToken);
            var (patients, starts) = TelemetryTables.PatientsOf(table);
            var place = Array.BinarySearch(patients, patientId, StringComparer.Ordinal);
            if (place >= 0)
            {
                var rows = TelemetryTables.ToObservations(table.Select([.. Enumerable.Range(starts[place], starts[place + 1] - starts[place])]), VitalSignCatalog.Default);
                Add(rows, after, to, readings);
            }
        }

        return [.. readings.OrderBy(r => r.Vital.Index).ThenBy(r => r.Time)];
    }

    /// <summary>Whether the cohort has any reading of a patient, of whatever time.</summary>
    public static async Task<bool> AnyAsync(Lake lake, ObservationsManifest manifest, string patientId, CancellationToken cancellationToken)
    {
        var shard = Partitioning.PartitionOf(patientId, manifest.Shards);
        foreach (var file in manifest.Files.Where(f => f.Shard == shard))
        {
            var table = await lake.ReadVerifiedTableAsync(file.Path, file.Sha256, ["patient_id"], cancellationToken);
            if (Array.BinarySearch(TelemetryTables.PatientsOf(table).Patients, patientId, StringComparer.Ordinal) >= 0)
            {
                return true;
            }
        }

        return false;
    }

    private static void Add(ObservationBatch rows, long after, long to, List<PatientReading> readings)
    {
        var first = readings.Count;
        for (var i = 0; i < rows.Count; i++)
        {
            if (rows.EffectiveTime[i] <= after || rows.EffectiveTime[i] > to)
            {
                continue;
            }

            // The version before it stands before it: same vital, instant and device, held until this one was known.
            var before = readings.FindLastIndex(r => r.Time == rows.EffectiveTime[i] && r.Vital.Index == rows.Vital[i] && r.DeviceId == rows.DeviceId[i] && r.KnownTo == rows.KnownFrom[i]);
            var corrects = before >= first && readings[before].Value != rows.Value[i];
            readings.Add(new PatientReading
            {
                Vital = VitalSignCatalog.Default.Vitals[rows.Vital[i]],
                Time = rows.EffectiveTime[i],
                Value = rows.Value[i],
                DeviceId = rows.DeviceId[i],
                Origin = (rows.Stream[i], rows.Offset[i]),
                KnownFrom = rows.KnownFrom[i],
                KnownTo = rows.KnownTo[i],
                Corrects = corrects ? readings[before].Value : null,
            });
            if (corrects)
            {
                readings[before] = readings[before] with { CorrectedTo = rows.Value[i] };
            }
        }
    }
}
