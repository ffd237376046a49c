using System.Globalization;
using System.Text;
using NodaTime;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Features;
using RemoteMonitoring.Workflows.FollowUps;
using RemoteMonitoring.Workflows.Registry;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>What a run of daily risk is asked for.</summary>
public sealed record DailyRiskRequest
{
    /// <summary>Task.</summary>
    public required TaskDefinition Task { get; init; }

    /// <summary>Instant to score.</summary>
    public required Instant AsOf { get; init; }

    /// <summary>Nothing known later is used; by default as-of itself.</summary>
    public Instant? KnownBy { get; init; }

    /// <summary>Version of the model.</summary>
    public required string Model { get; init; }

    /// <summary>The thresholds of the bands; null for those that are decided on when the run begins, or none.</summary>
    public PinnedBands? Bands { get; init; }

    /// <summary>Lake that holds the model, where it is not the cohort's own.</summary>
    public Lake? ModelLake { get; init; }
}

/// <summary>
/// Who is scored in a run, of what, with which model: a pure function of the request and of immutable files, so that any process
/// comes to the same. Its id is the hash of all that the scores depend on.
/// </summary>
internal sealed class RiskPlan
{
    private const string Rules = "daily-risk 6";

    /// <summary>A model that is trained on the data of a day scores that day too; who looks at it knows no more than they would have.</summary>
    private static readonly Duration s_today = Duration.FromDays(1);

    private Dictionary<string, DateTimeZone>? _zones;

    private RiskPlan(DailyRiskRequest request, ObservationsManifest manifest, FeatureSet set)
    {
        (Request, Manifest, Set) = (request, manifest, set);
        KnownBy = (request.KnownBy ?? request.AsOf).ToUnixMicros();
        Run = IdOf(request, manifest, set);
    }

    public DailyRiskRequest Request { get; }

    public ObservationsManifest Manifest { get; }

    public FeatureSet Set { get; }

    public string Run { get; }

    public long KnownBy { get; }

    public RiskModel Model { get; private init; } = null!;

    /// <summary>Whether it is a day of the past whose model was taught what became known after it: of that day it knows the future.</summary>
    public bool IsRetrospective => Model.Document.Training.TrainedUntil > Request.AsOf && UnixMicros.ToInstant(Manifest.Inputs.Watermark) > Request.AsOf + s_today;

    public ReferenceData Reference { get; private init; } = null!;

    /// <summary>What staff did about patients, as it was known by then.</summary>
    public IReadOnlyDictionary<string, PatientFollowUp> FollowUps => field ??= PatientFollowUp.Of(Reference.Actions);

    public IReadOnlyDictionary<string, PatientRecord> Records { get; private init; } = null!;

    /// <summary>The zone of a team, by its patients as they were known by then.</summary>
    public DateTimeZone ZoneOf(string careTeamId) => (_zones ??= Records.Values.Select(r => r.RosterAt(KnownBy)).OfType<Patient>()
        .GroupBy(p => p.CareTeamId, StringComparer.Ordinal).ToDictionary(g => g.Key, TeamZone.Of, StringComparer.Ordinal)).GetValueOrDefault(careTeamId, DateTimeZone.Utc);

    public ShardVectors Vectors { get; private init; } = null!;

    /// <summary>The vitals that the feature set describes.</summary>
    public IReadOnlyList<VitalSign> Described => field ??= [.. Set.Columns.Select(c => c.VitalKey).OfType<string>().Distinct(StringComparer.Ordinal).Select(k => VitalSignCatalog.Default[k])];

    /// <summary>The readings that a patient needs, where the feature set can count them; null for any at all.</summary>
    public MinimumReadings? MinimumReadings => Request.Task.DescribedBy(Set).MinimumReadings;

    /// <summary>The rows of each shard, in the order of the cohort.</summary>
    public IReadOnlyList<VectorKey[]> Shards { get; private init; } = [];

    /// <summary>The shards that have a row.</summary>
    public IEnumerable<ShardPart> Parts => Shards.Select((rows, shard) => new ShardPart(shard, 0, rows.Length)).Where(p => p.Count > 0);

    /// <summary>Patients under monitoring, but not for long enough: they are not scored, and their team is told.</summary>
    public IReadOnlyList<NotScored> TooLittleHistory { get; private init; } = [];

    public IReadOnlyList<CohortFlowStep> Flow { get; private init; } = [];

    /// <summary>Patients who are scored, or of whom is said why not.</summary>
    public int Expected => Shards.Sum(s => s.Length) + TooLittleHistory.Count;

    /// <summary>Names the run: nothing else changes its scores.</summary>
    public static string IdOf(DailyRiskRequest request, ObservationsManifest manifest, FeatureSet set) => Lake.Hash(Encoding.UTF8.GetBytes(
        $"{Rules}\n{manifest.InputHash}\n{request.Task.Hash}\n{set.Hash}\n{request.Model}\n{request.AsOf.ToUnixMicros()}\n{(request.KnownBy ?? request.AsOf).ToUnixMicros()}\n{request.Task.MinimumReadings?.InWords}\n{request.Bands}"))[..16];

    /// <summary>Plans a run, with the vectors that its model was made for; of a current manifest without rollups for the set it has them made first.</summary>
    public static async Task<RiskPlan> MakeAsync(CohortStore store, ObservationsManifest manifest, DailyRiskRequest request, CancellationToken cancellationToken)
    {
        var (model, set) = await ModelVersions.LoadAsync(request.ModelLake ?? store.Lake, request.Task, request.Model, cancellationToken);
        var known = UsableReference.KnownBy(await store.Reference.LoadAsync(manifest.Inputs.Reference, cancellationToken), request.KnownBy ?? request.AsOf);
        var (reference, zones) = UsableReference.WithZonesThatExist(known);
        manifest = await CompactionStage.RollUpAsync(store, manifest, set, cancellationToken);
        var cohort = Cohort.Scoreable(request.Task, reference, request.AsOf);
        var rows = cohort.Rows.ToLookup(r => Partitioning.PartitionOf(r.PatientId, manifest.Shards));
        var knownBy = (request.KnownBy ?? request.AsOf).ToUnixMicros();
        return new RiskPlan(request, manifest, set)
        {
            Model = model,
            Reference = reference,
            Records = PatientRecord.Index(reference),
            Vectors = await FeatureStage.ShardsAsync(store, manifest, set, reference, cancellationToken),
            Shards = [.. Enumerable.Range(0, manifest.Shards).Select(shard => rows[shard].Select(r => new VectorKey(r.PatientId, r.AsOf.ToUnixMicros(), knownBy)).ToArray())],
            TooLittleHistory = WithTooLittleHistory(request, reference, cohort),
            Flow = zones is null ? cohort.Flow : [.. cohort.Flow, zones],
        };
    }

    private static NotScored[] WithTooLittleHistory(DailyRiskRequest request, ReferenceData reference, ScoreableCohort cohort)
    {
        var anyHistory = Cohort.Scoreable(request.Task with { MinimumUnderMonitoring = Duration.Zero }, reference, request.AsOf);
        var days = request.Task.MinimumUnderMonitoring.TotalDays;
        var why = string.Create(CultureInfo.InvariantCulture, $"under monitoring for less than {(days == 1 ? "a day" : $"{days:0.#} days")}");
        return [.. anyHistory.Rows.Except(cohort.Rows).Select(r => new NotScored(r.PatientId, why))];
    }
}
