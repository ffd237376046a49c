using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using NodaTime;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>What the workflow of a night, or of an hour, is started with.</summary>
public sealed record DailyRiskInput
{
    /// <summary>Cohort.</summary>
    public required string Cohort { get; init; }

    /// <summary>Name of the task.</summary>
    public required string Task { get; init; }

    /// <summary>Instant to score.</summary>
    public required Instant AsOf { get; init; }

    /// <summary>Nothing known later is used; null for as-of itself, or as <see cref="KnownWhenBegun"/> says.</summary>
    public Instant? KnownBy { get; init; }

    /// <summary>
    /// Whether what is known when waiting ends may be used, though it became known after as-of: readings of before as-of that were late are
    /// what is waited for. For a night as it comes; days of the past are scored as they were known then.
    /// </summary>
    public bool KnownWhenBegun { get; init; }

    /// <summary>Version of the model, <c>@champion</c> or <c>@challenger</c>; null for the champion.</summary>
    public string? Model { get; init; }

    /// <summary>Observations to score, by the hash of their inputs; null to compact what has landed.</summary>
    public string? Observations { get; init; }

    /// <summary>Until when ingestion is waited for; null not to wait.</summary>
    public Instant? WaitUntil { get; init; }

    /// <summary>When the lists have to be out: what is not done by then is set aside. Null for whenever it is done.</summary>
    public Instant? Deadline { get; init; }

    /// <summary>How long a part of a shard may take, before it is split to find out who holds it up. Default 15 minutes.</summary>
    public Duration PartTimeout { get; init => field = value == default ? Duration.FromMinutes(15) : value; } = Duration.FromMinutes(15);

    /// <summary>Whether a model may be used that was taught what became known after as-of; the lists then say so.</summary>
    public bool Retrospective { get; init; }

    /// <summary>The same, asked for by somebody who is there: nothing is waited for, and it is never too late.</summary>
    public DailyRiskInput Whenever() => this with { WaitUntil = null, Deadline = null };
}

/// <summary>What came of it.</summary>
/// <param name="Run">The run in the ledger.</param>
/// <param name="Scored">Patients scored.</param>
/// <param name="NotScored">Patients who could not be scored for want of data.</param>
/// <param name="SetAside">Patients whom the run could not get through.</param>
/// <param name="Listed">Patients listed over all teams.</param>
/// <param name="AlreadyThere">Whether the run was there already.</param>
/// <param name="Notices">What the teams were told of the run as a whole.</param>
public sealed record DailyRiskOutcome(string Run, int Scored, int NotScored, int SetAside, int Listed, bool AlreadyThere, IReadOnlyList<string> Notices)
{
    /// <summary>Whether the lists are out, but not whole.</summary>
    public bool PartiallySucceeded => SetAside > 0;

    /// <summary>What the challenger did in its shadow; null where there was none.</summary>
    public ShadowOutcome? Shadow { get; init; }

    /// <summary>The follow-ups of its lists; null where none are delivered.</summary>
    public FollowUpsStarted? FollowUps { get; init; }
}

/// <summary>Where a run is, for those who watch.</summary>
/// <param name="Stage">Stage.</param>
/// <param name="Done">Parts of it that are done.</param>
/// <param name="Total">Parts of it; 0 where it has none.</param>
/// <param name="Note">What else is to be said of it; else null.</param>
public sealed record RunProgress(string Stage, int Done = 0, int Total = 0, string? Note = null)
{
    /// <summary>How it is written.</summary>
    public static JsonTypeInfo<RunProgress> Type => RiskStepsJson.Default.RunProgress;
}

/// <summary>A run, by all that its scores depend on.</summary>
public sealed record RiskSpec(string Cohort, string Task, Instant AsOf, Instant? KnownBy, string Model, string Observations, bool Retrospective)
{
    /// <summary>The thresholds of the bands, as they were when the run was planned; null before, and where there were none.</summary>
    public PinnedBands? Bands { get; init; }
}

/// <summary>What a run is made of, and for which instance.</summary>
public sealed record CompactionAsked(string Cohort, string Task, string InstanceId, bool OnlyFind);

/// <summary>Observations to score.</summary>
/// <param name="Observations">Hash of their inputs.</param>
/// <param name="Watermark">Greatest known time among them.</param>
public sealed record CompactedInputs(string Observations, Instant Watermark);

/// <summary>How far ingestion is, against an instant.</summary>
/// <param name="HasLanded">Whether all that was sent before is landed, or nobody says how far it is.</param>
/// <param name="Through">Up to where all is landed; null where nobody says.</param>
public sealed record IngestionState(bool HasLanded, Instant? Through);

/// <summary>Which ingestion is asked for.</summary>
public sealed record IngestionAsked(string Cohort, Instant AsOf);

/// <summary>A run that is planned.</summary>
public sealed record PlannedRun
{
    /// <summary>Its request, with the model that is current.</summary>
    public required RiskSpec Spec { get; init; }

    /// <summary>Its id.</summary>
    public required string Run { get; init; }

    /// <summary>Rows by shard.</summary>
    public required IReadOnlyList<int> Rows { get; init; }

    /// <summary>What came of it before; null where it is yet to be done.</summary>
    public DailyRiskOutcome? Done { get; init; }

    /// <summary>What the teams are told of the data.</summary>
    public required IReadOnlyList<string> Notices { get; init; }

    /// <summary>The challenger that scores in its shadow; null where there is none, and in histories of before there were any.</summary>
    public string? Challenger { get; init; }

    /// <summary>True where follow-ups are delivered; else null, and in histories of before there were any.</summary>
    public bool? Delivers { get; init; }
}

/// <summary>A run whose lists are out, and the challenger that scores in its shadow.</summary>
public sealed record ShadowAsked(string Cohort, string Task, string Run, string Challenger);

/// <summary>What came of a challenger in the shadow of a run.</summary>
/// <param name="Challenger">Version of the model.</param>
/// <param name="Scored">Patients scored.</param>
/// <param name="Problem">Why it did not score; null where it did.</param>
public sealed record ShadowOutcome(string Challenger, int Scored, string? Problem);

/// <summary>A part that is to be scored.</summary>
public sealed record PartAsked(RiskSpec Spec, string Run, ShardPart Part, Duration Timeout);

/// <summary>What came of a part.</summary>
/// <param name="Part">The part.</param>
/// <param name="File">What the next steps read of it; null where it did not get through.</param>
/// <param name="Problem">Why it did not get through: then it is split.</param>
public sealed record PartOutcome(ShardPart Part, string? File, string? Problem);

/// <summary>Shards that one workflow sees through.</summary>
public sealed record ShardsAsked(RiskSpec Spec, string Run, IReadOnlyList<ShardPart> Parts, Duration PartTimeout, Instant? Deadline);

/// <summary>Parts whose predictions are written as documents.</summary>
public sealed record PublishAsked(RiskSpec Spec, string Run, IReadOnlyList<PartOutcome> Parts);

/// <summary>All that the lists are made of.</summary>
public sealed record ListsAsked(RiskSpec Spec, string InstanceId, IReadOnlyList<PartOutcome> Parts, IReadOnlyList<string> Notices);

/// <summary>The steps of a night, by the names that histories keep.</summary>
public static class RiskSteps
{
    private static readonly RiskStepsJson s_json = RiskStepsJson.Default;

    /// <summary>How far ingestion is.</summary>
    public static ActivityDefinition<IngestionAsked, IngestionState> Ingestion { get; } = new(WorkflowNames.IngestionWatermark, s_json.IngestionAsked, s_json.IngestionState);

    /// <summary>Compacts and rolls up what has landed, and pins it.</summary>
    public static ActivityDefinition<CompactionAsked, CompactedInputs> Compact { get; } = new(WorkflowNames.Compact, s_json.CompactionAsked, s_json.CompactedInputs);

    /// <summary>Finds out who is scored, with which model.</summary>
    public static ActivityDefinition<RiskSpec, PlannedRun> Plan { get; } = new(WorkflowNames.PlanRisk, s_json.RiskSpec, s_json.PlannedRun);

    /// <summary>Scores a part of a shard.</summary>
    public static ActivityDefinition<PartAsked, PartOutcome> ScorePart { get; } = new(WorkflowNames.ScorePart, s_json.PartAsked, s_json.PartOutcome);

    /// <summary>Writes the predictions of some parts as documents.</summary>
    public static ActivityDefinition<PublishAsked, int> PublishPredictions { get; } = new(WorkflowNames.PublishPredictions, s_json.PublishAsked, s_json.Int32);

    /// <summary>Makes the lists and the ledger entry.</summary>
    public static ActivityDefinition<ListsAsked, DailyRiskOutcome> PublishLists { get; } = new(WorkflowNames.PublishLists, s_json.ListsAsked, s_json.DailyRiskOutcome);

    /// <summary>Scores with the challenger whom a run has scored.</summary>
    public static ActivityDefinition<ShadowAsked, ShadowOutcome> ScoreShadow { get; } = new(WorkflowNames.ScoreShadow, s_json.ShadowAsked, s_json.ShadowOutcome);

    internal static RiskStepsJson Json => s_json;
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(InstantJsonConverter), typeof(DurationJsonConverter)])]
[JsonSerializable(typeof(int))]
[JsonSerializable(typeof(DailyRiskInput))]
[JsonSerializable(typeof(DailyRiskOutcome))]
[JsonSerializable(typeof(RunProgress))]
[JsonSerializable(typeof(CompactionAsked))]
[JsonSerializable(typeof(CompactedInputs))]
[JsonSerializable(typeof(IngestionAsked))]
[JsonSerializable(typeof(IngestionState))]
[JsonSerializable(typeof(RiskSpec))]
[JsonSerializable(typeof(PlannedRun))]
[JsonSerializable(typeof(PartAsked))]
[JsonSerializable(typeof(PartOutcome))]
[JsonSerializable(typeof(IReadOnlyList<PartOutcome>))]
[JsonSerializable(typeof(ShardsAsked))]
[JsonSerializable(typeof(PublishAsked))]
[JsonSerializable(typeof(ListsAsked))]
[JsonSerializable(typeof(ShadowAsked))]
[JsonSerializable(typeof(ShadowOutcome))]
[JsonSerializable(typeof(BackfillInput))]
[JsonSerializable(typeof(BackfillOutcome))]
[JsonSerializable(typeof(ScoredRows))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, IReadOnlyList<Trend>>))]
internal sealed partial class RiskStepsJson : JsonSerializerContext;
