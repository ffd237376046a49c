using NodaTime;
using RemoteMonitoring.Features.Rollups;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Rollups;

namespace RemoteMonitoring.Workflows.Features;

/// <summary>Builds the vectors of one shard after the other; safe for many threads.</summary>
public sealed class ShardVectors
{
    private readonly Lake _lake;
    private readonly FeatureSet _set;
    private readonly IReadOnlyDictionary<string, PatientRecord> _records;
    private readonly PatientZones? _zones;
    private readonly ILookup<int, ObservationsFile> _files;
    private readonly ILookup<int, RollupFile> _rollups;

    internal ShardVectors(Lake lake, ObservationsManifest manifest, FeatureSet set, IReadOnlyDictionary<string, PatientRecord> records, PatientZones? zones)
    {
        (_lake, _set, _records, _zones) = (lake, set, records, zones);
        _files = manifest.Files.ToLookup(f => f.Shard);
        _rollups = (zones is null ? [] : manifest.Rollups!.Files).ToLookup(f => f.Shard);
    }

    /// <summary>Reads what the vectors of these rows need, all of patients of the shard.</summary>
    public async Task<VectorBuilder> OpenAsync(int shard, IReadOnlyList<VectorKey> rows, CancellationToken cancellationToken)
    {
        // Rollups only save time: where a file of them is not there, readings are read.
        var tables = new List<RollupColumns>();
        foreach (var file in _zones is null ? [] : Rollups(shard, rows))
        {
            if (await _lake.ExistsAsync(file.Path, cancellationToken))
            {
                tables.Add(RollupTables.ToRollups(await _lake.ReadVerifiedTableAsync(file.Path, file.Sha256, null, cancellationToken)));
            }
        }

        var days = Days(rows, tables.Select(t => (t.Kind, t.Date)).ToHashSet());
        var observations = new List<ObservationColumns>();
        foreach (var file in _files[shard].Where(f => days.Contains(UnixMicros.DayOf(f.EventDate))).OrderBy(f => f.EventDate))
        {
            observations.Add(await CompactionStage.ReadAsync(_lake, file, cancellationToken));
        }

        var rollups = tables.Count == 0 ? null : new PatientRollups(tables, _zones!.Of);
        return new VectorBuilder(_set, new PatientObservations(observations), _records, rollups);
    }

    /// <summary>The UTC days whose readings the rows need.</summary>
    private HashSet<int> Days(IReadOnlyList<VectorKey> rows, HashSet<(CellKind Kind, int Date)> tables)
    {
        var days = new HashSet<int>();
        foreach (var (zone, asOf, knownBy, isCutBy) in rows.Select(r => (Zone(r), r.AsOf, r.KnownBy, tables.Count > 0 && _zones!.Of(r.PatientId).Id == Zone(r).Id)).Distinct())
        {
            foreach (var (after, to) in VectorReads.Readings(_set, zone, asOf, knownBy, (kind, date) => isCutBy && tables.Contains((kind, date))))
            {
                days.UnionWith(Enumerable.Range(UnixMicros.DayOf(after + 1), UnixMicros.DayOf(to) - UnixMicros.DayOf(after + 1) + 1));
            }
        }

        return days;
    }

    /// <summary>The rollups of the shard that the rows read.</summary>
    private RollupFile[] Rollups(int shard, IReadOnlyList<VectorKey> rows)
    {
        var (first, last) = (int.MaxValue, int.MinValue);
        foreach (var (zone, asOf) in rows.Select(r => (Zone(r), r.AsOf)).Distinct())
        {
            var dates = VectorReads.RollupDates(_set, zone, asOf);
            (first, last) = (Math.Min(first, dates.First), Math.Max(last, dates.Last));
        }

        var names = _set.Cells.Select(RollupTables.NameOf).ToHashSet(StringComparer.Ordinal);
        return [.. _rollups[shard].Where(f => names.Contains(f.Cells) && UnixMicros.DayOf(f.LocalDate) >= first && UnixMicros.DayOf(f.LocalDate) <= last)];
    }

    private DateTimeZone Zone(VectorKey row) => PatientRecord.ZoneAt(_records.GetValueOrDefault(row.PatientId), row.KnownBy);
}
