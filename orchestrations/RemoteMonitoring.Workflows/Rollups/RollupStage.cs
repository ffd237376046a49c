using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using NodaTime;
using RemoteMonitoring.Features.Rollups;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Workflows.Compaction;

namespace RemoteMonitoring.Workflows.Rollups;

/// <summary>One file of rollups.</summary>
/// <param name="Path">Where.</param>
/// <param name="Cells">Kind of cells, see <see cref="CellKind"/>.</param>
/// <param name="LocalDate">Local date of the cells.</param>
/// <param name="Shard">Patient shard.</param>
/// <param name="Rows">Rows.</param>
/// <param name="Sha256">Hash of the bytes.</param>
public sealed record RollupFile(string Path, string Cells, DateOnly LocalDate, int Shard, int Rows, string Sha256);

/// <summary>The rollups of a manifest's observations. They only save time: vectors are the same without them, to the last bit, and where one is missing readings are read.</summary>
public sealed record RollupManifest
{
    /// <summary>Names the rules, the vitals and cells that are rolled up, and the edition of the time zones that cut them.</summary>
    public required string Rules { get; init; }

    /// <summary>How many readings a cell must stand for, on the mean of a file, for the file to be made.</summary>
    public required double ReadingsPerCell { get; init; }

    /// <summary>The feature sets that they were made for, by name.</summary>
    public required IReadOnlyList<string> Sets { get; init; }

    /// <summary>The files, in order of cells, date and shard.</summary>
    public required IReadOnlyList<RollupFile> Files { get; init; }

    /// <summary>Files of other rules over the same observations, which go when the manifest goes.</summary>
    public IReadOnlyList<string> Superseded { get; init => field = value ?? []; } = [];

    /// <summary>The paths of all files that it names.</summary>
    [JsonIgnore]
    public IEnumerable<string> Paths => Files.Select(f => f.Path).Concat(Superseded);
}

/// <summary>
/// Observations → rollups, shard by shard: of what is there the files whose observations and zones are as they were stay, the
/// others are made again. A file is only made where it pays: where devices send seldom, a cell is as large as its readings. Files are
/// named by the hash of their content, so making one that is there changes nothing.
/// </summary>
internal static class RollupStage
{
    /// <summary>Changes whenever a rollup of the same readings does.</summary>
    private const string Code = "rollups 1";

    /// <summary>Days of observations that are held at a time: those that a local date of any zone has a part in.</summary>
    private const int DaysHeld = 4;

    /// <summary>The rollups of a manifest's observations.</summary>
    /// <param name="lake">Lake.</param>
    /// <param name="previous">The manifest before, whose rollups are taken on; null to make all.</param>
    /// <param name="files">The observations.</param>
    /// <param name="shards">Number of shards.</param>
    /// <param name="sets">Feature sets to make them for.</param>
    /// <param name="readingsPerCell">As <see cref="RollupManifest.ReadingsPerCell"/>.</param>
    /// <param name="zones">Zones of the patients.</param>
    /// <param name="movedShards">Shards with a patient whose zone is another than in the manifest before.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async Task<RollupManifest> RunAsync(
        Lake lake,
        ObservationsManifest? previous,
        IReadOnlyList<ObservationsFile> files,
        int shards,
        IReadOnlyList<FeatureSet> sets,
        double readingsPerCell,
        PatientZones zones,
        IReadOnlySet<int> movedShards,
        CancellationToken cancellationToken)
    {
        var plan = PlanOf(sets);
        var rules = RulesOf(plan, readingsPerCell);
        var before = previous?.Rollups is { } rollups && rollups.Rules == rules && previous.Shards == shards ? previous : null;
        var made = new System.Collections.Concurrent.ConcurrentBag<RollupFile>();
        var redone = new HashSet<(int Shard, int Date)>();
        var (now, then) = (files.ToLookup(f => f.Shard), (before?.Files ?? []).ToLookup(f => f.Shard));
        var work = new List<(int Shard, int[] Dates)>();
        for (var shard = 0; shard < shards; shard++)
        {
            var touched = Touched(then[shard], now[shard], before is null || movedShards.Contains(shard));
            int[] dates = [.. touched.SelectMany(day => zones.Distinct.SelectMany(zone => RollupMaker.LocalDatesOf(zone, day))).Distinct().Order()];
            redone.UnionWith(dates.Select(date => (shard, date)));
            if (dates.Length > 0)
            {
                work.Add((shard, dates));
            }
        }

        // A shard at a time on each core: what is held is some days of two shards.
        await Parallel.ForEachAsync(work, cancellationToken, async (shard, token) =>
        {
            foreach (var file in await MakeAsync(lake, [.. now[shard.Shard]], shard.Shard, shard.Dates, plan, readingsPerCell, zones, token))
            {
                made.Add(file);
            }
        });

        // Of a shard whose patient has moved nothing is kept: in the zone of before there may have been dates that are none now.
        var kept = (before?.Rollups?.Files ?? []).Where(f => !movedShards.Contains(f.Shard) && !redone.Contains((f.Shard, UnixMicros.DayOf(f.LocalDate))));
        return new RollupManifest
        {
            Rules = rules,
            ReadingsPerCell = readingsPerCell,
            Sets = [.. sets.Select(s => s.Name).Order(StringComparer.Ordinal)],
            Files = [.. kept.Concat(made).OrderBy(f => f.Cells, StringComparer.Ordinal).ThenBy(f => f.LocalDate).ThenBy(f => f.Shard)],
        };
    }

    /// <summary>Whether rollups serve a feature set: one of the bundled ones, and not another by the same name.</summary>
    public static bool Serve(RollupManifest? rollups, FeatureSet set) =>
        rollups is not null && rollups.Sets.Contains(set.Name) && FeatureSet.All.Any(s => s.Hash == set.Hash)
        && rollups.Rules == RulesOf(PlanOf([.. FeatureSet.All.Where(s => rollups.Sets.Contains(s.Name))]), rollups.ReadingsPerCell);

    private static (CellKind Kind, int[] Vitals)[] PlanOf(IReadOnlyList<FeatureSet> sets) =>
        [.. sets.SelectMany(s => s.Cells).Distinct().Order().Select(kind => (kind, sets.SelectMany(s => s.RolledUp(kind)).Distinct().Order().ToArray()))];

    private static string RulesOf((CellKind Kind, int[] Vitals)[] plan, double readingsPerCell)
    {
        var vitals = VitalSignCatalog.Default.Vitals;
        var text = DateTimeZoneProviders.Tzdb.VersionId + string.Concat(plan.Select(p => $"\n{RollupTables.NameOf(p.Kind)} {string.Join(' ', p.Vitals.Select(v => vitals[v].Code))}"));
        return string.Create(CultureInfo.InvariantCulture, $"{Code} {readingsPerCell} {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..16]}");
    }

    /// <summary>The UTC days of a shard whose observations are not those they were, or all.</summary>
    private static IEnumerable<int> Touched(IEnumerable<ObservationsFile> before, IEnumerable<ObservationsFile> files, bool all)
    {
        var now = files.ToDictionary(f => f.EventDate, f => f.Sha256);
        var then = before.ToDictionary(f => f.EventDate, f => f.Sha256);
        return now.Keys.Union(then.Keys).Where(date => all || now.GetValueOrDefault(date) != then.GetValueOrDefault(date)).Select(UnixMicros.DayOf);
    }

    private static async Task<List<RollupFile>> MakeAsync(
        Lake lake, ObservationsFile[] files, int shard, int[] dates, (CellKind Kind, int[] Vitals)[] plan, double readingsPerCell, PatientZones zones, CancellationToken cancellationToken)
    {
        var made = new List<RollupFile>();
        var byDay = files.ToDictionary(f => UnixMicros.DayOf(f.EventDate));
        var held = new SortedDictionary<int, ObservationColumns>();
        foreach (var date in dates)
        {
            var days = new List<ObservationColumns>();
            foreach (var day in zones.Distinct.SelectMany(zone => RollupMaker.UtcDatesOf(zone, date)).Distinct().Order())
            {
                if (!held.TryGetValue(day, out var columns) && byDay.TryGetValue(day, out var file))
                {
                    held.Add(day, columns = await CompactionStage.ReadAsync(lake, file, cancellationToken));
                }

                if (columns is not null)
                {
                    days.Add(columns);
                }
            }

            while (held.Count > DaysHeld)
            {
                held.Remove(held.First().Key);
            }

            // No cell is longer than a day: where the days hold too few readings of a vital, nothing pays.
            foreach (var (kind, vitals) in days.Exists(day => day.ReadingsOfAVital >= readingsPerCell) ? plan : [])
            {
                var rollups = RollupMaker.Make(kind, date, vitals, days, zones.Of);
                if (rollups.Count > 0 && rollups.Readings.Sum(n => (long)n) >= readingsPerCell * rollups.Count)
                {
                    using var bytes = RollupTables.ToTable(rollups).Encode();
                    var sha = Lake.Hash(bytes.Bytes.Span);
                    var path = LakePaths.Rollups(RollupTables.NameOf(kind), UnixMicros.DateOf(date), shard, sha[..16]);
                    await lake.CreateDerivedAsync(path, bytes.Bytes, cancellationToken);
                    made.Add(new RollupFile(path, RollupTables.NameOf(kind), UnixMicros.DateOf(date), shard, rollups.Count, sha));
                }
            }
        }

        return made;
    }
}
