namespace RemoteMonitoring.Workflows;

/// <summary>
/// Names of all workflows and activities, as histories keep them: constants, so that a host that writes a function of its own for each
/// is held to them by the compiler.
/// </summary>
public static class WorkflowNames
{
    public const string DailyRisk = "daily-risk";
    public const string HourlyRisk = "hourly-risk";
    public const string ScoreShards = "score-shards";
    public const string Backfill = "backfill";
    public const string Housekeeping = "housekeeping";
    public const string Training = "training";
    public const string Drift = "drift";
    public const string FollowUp = "follow-up";
    public const string ReportTables = "report-tables";

    public const string IngestionWatermark = "ingestion-watermark";
    public const string Compact = "compact";
    public const string PlanRisk = "plan-risk";
    public const string ScorePart = "score-part";
    public const string PublishPredictions = "publish-predictions";
    public const string PublishLists = "publish-lists";
    public const string ScoreShadow = "score-shadow";
    public const string PurgeRuns = "purge-runs";
    public const string Seal = "seal";
    public const string CollectGarbage = "collect-garbage";
    public const string ExpireDocuments = "expire-documents";
    public const string PrepareTraining = "prepare-training";
    public const string TrainModel = "train-model";
    public const string SubmitTraining = "submit-training";
    public const string FollowTraining = "follow-training";
    public const string CancelTraining = "cancel-training";
    public const string CollectTraining = "collect-training";
    public const string RegisterModel = "register-model";
    public const string PromoteModel = "promote-model";
    public const string MeasureDrift = "measure-drift";
    public const string ReportDrift = "report-drift";
    public const string StartFollowUps = "start-follow-ups";
    public const string LookAtFollowUp = "look-at-follow-up";
    public const string DeliverFollowUp = "deliver-follow-up";
    public const string PlanReportTables = "plan-report-tables";
    public const string WriteReportMonth = "write-report-month";
    public const string FinishReportTables = "finish-report-tables";
}
