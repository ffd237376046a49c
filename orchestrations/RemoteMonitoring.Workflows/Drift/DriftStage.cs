using System.Text;
using NodaTime;
using RemoteMonitoring.Risk.Drift;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Registry;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Workflows.Drift;

/// <summary>
/// Vectors and predictions that nights left in the lake → how they differ from what the champion was taught, and from the weeks before → <c>drift/{task}/{as-of}/</c>.
/// Nothing is computed anew that a night has computed; nothing is used that became known after as-of.
/// </summary>
public static class DriftStage
{
    /// <summary>Looks, and writes <see cref="DriftReport.FileName"/>. Where no model scores the task, or nothing was compacted, throws <see cref="LakeException"/>.</summary>
    public static async Task<(DriftReport Report, DriftOutcome Outcome)> MeasureAsync(
        CohortStore store, TaskDefinition task, Instant asOf, Duration window, TimeProvider time, CancellationToken cancellationToken)
    {
        var lake = store.Lake;
        var state = await new ModelRegistry(store, time).ReadAsync(task.Name, cancellationToken);
        var model = await ModelVersions.ResolveAsync(lake, state, ModelVersions.Champion, cancellationToken);
        var document = await ModelVersions.DocumentAsync(lake, task.Name, model, cancellationToken);
        var trainedUntil = document.Training.TrainedUntil;
        var evaluation = await ModelVersions.EvaluationAsync(lake, task.Name, model, null, cancellationToken);
        var manifest = await ObservationsManifest.TryReadAsync(lake, cancellationToken) ?? throw new LakeException($"{lake.NameOf(LakePaths.ObservationsManifest)}: nothing has been compacted yet, so no night can have run. Run 'rmon run daily' first.");
        var (reference, _) = UsableReference.WithZonesThatExist(UsableReference.KnownBy(await store.Reference.LoadAsync(await store.Reference.PositionAsync(cancellationToken), cancellationToken), asOf));
        var (set, tables) = (await ModelVersions.SetOfAsync(lake, task.Name, model, cancellationToken), new NightTables(lake, new DeviceModels(reference.Assignments)));

        var (after, beforeAfter) = (asOf - window, asOf - window - DriftInput.DefaultWindow);
        var nights = await NightsOnRecord.ReadAsync(lake, task.Name, asOf, cancellationToken);
        var (now, before) = (nights.Between(after, asOf, model), nights.Between(beforeAfter, after, model));
        var (vectors, vectorsBefore) = (await tables.VectorsAsync(now, set, cancellationToken), await tables.VectorsAsync(before, set, cancellationToken));
        var snapshot = await tables.SnapshotAsync(task.Name, model, set, cancellationToken);
        var (scored, scoredBefore) = (nights.Between(after, asOf, model, trainedUntil), nights.Between(beforeAfter, after, model, trainedUntil));
        var outcomes = new MaturedOutcomes(task, reference, Instant.Min(asOf, TrainingStage.EndOfData(task, manifest, reference)));
        var report = new DriftReport
        {
            SchemaVersion = DriftReport.CurrentSchemaVersion,
            Task = task.Name,
            Title = task.Title,
            Model = model,
            FeatureSet = set.Name,
            AsOf = asOf,
            After = after,
            BeforeAfter = beforeAfter,
            Rows = vectors?.Rows ?? 0,
            Patients = vectors?.Patients ?? 0,
            BeforeRows = vectorsBefore?.Rows ?? 0,
            TrainingRows = snapshot?.Rows.Rows ?? 0,
            Devices = vectors?.DeviceShares() ?? [],
            TrainingDevices = snapshot?.Rows.DeviceShares() ?? [],
            Columns = vectors is null ? [] : ColumnDrift.Of(set.Columns, vectors, snapshot?.Rows, vectorsBefore, cancellationToken),
            Scores = ScoreDrift.Of(
                Scores(await tables.ScoresAsync(scored, cancellationToken)),
                // Nobody far away is asked about rows of the past.
                snapshot is not null && document.Kind == ModelKind.LightGbm ? snapshot.Scores((await ModelVersions.LoadAsync(lake, task, model, cancellationToken)).Model, set, cancellationToken) : null,
                Scores(await tables.ScoresAsync(scoredBefore, cancellationToken))),
            Workload = new()
            {
                Now = await NightWorkload.OfAsync(store.Documents, task, now, cancellationToken) ?? s_nothing,
                Before = await NightWorkload.OfAsync(store.Documents, task, before, cancellationToken),
                TrainingShareScoreable = snapshot?.ShareWithReading,
                TrainingListedPerHundredPatientDays = evaluation?.Report.Clinical?.Lists[MetricNames.Model].GetValueOrDefault(ListFigures.AlertsPerHundredPatientDays)?.Value,
            },
            Performance = await PerformanceAsync(
                tables, outcomes, (from, to) => nights.Between(from, to, model, trainedUntil), window, evaluation?.Report, cancellationToken),
            Notices = [],
        };
        report = report with { Notices = Notices(report, now.Count, now.Count - scored.Count, evaluation is not null, snapshot is not null, tables.Gone) };
        var outcome = OutcomeOf(report);
        await lake.ReplaceAsync(outcome.Report, report.ToBytes(), cancellationToken);
        return (report, outcome);
    }

    /// <summary>Writes <see cref="DriftPage.FileName"/> of a report that was written.</summary>
    public static async Task WritePageAsync(Lake lake, DriftOutcome outcome, CancellationToken cancellationToken)
    {
        DriftReport report;
        try
        {
            report = DriftReport.Read(await lake.ReadAsync(outcome.Report, cancellationToken), lake.NameOf(outcome.Report));
        }
        catch (FormatException e)
        {
            throw new LakeException(e.Message, e);
        }

        await lake.ReplaceAsync(outcome.Page, Encoding.UTF8.GetBytes(DriftPage.Render(report)), cancellationToken);
    }

    private static readonly Workload s_nothing = new() { Runs = 0, PatientDays = 0, Listed = 0, Scored = 0, NotScored = new Dictionary<string, int>(), SetAside = 0 };

    private static async Task<PerformanceDrift> PerformanceAsync(
        NightTables tables, MaturedOutcomes outcomes, Func<Instant, Instant, IReadOnlyList<LedgerEntry>> between, Duration window, EvaluationReport? report, CancellationToken cancellationToken)
    {
        var (to, after) = (outcomes.Latest, outcomes.Latest - window);
        var beforeAfter = after - DriftInput.DefaultWindow;
        var now = await outcomes.OfAsync(tables, between(after, to), after, to, cancellationToken);
        return new()
        {
            Now = now,
            NotMatured = now is null ? outcomes.NotYet(after) : null,
            Before = await outcomes.OfAsync(tables, between(beforeAfter, after), beforeAfter, after, cancellationToken),
            Training = report is null ? null : PerformancePeriod.Of(report),
        };
    }

    private static DriftScores Scores(IReadOnlyList<NightScore> scores) => new([.. scores.Select(s => s.PatientId)], [.. scores.Select(s => s.P)]);

    private static string[] Notices(DriftReport report, int runs, int byOthers, bool isEvaluated, bool hasSnapshot, int gone) =>
    [
        .. runs == 0 ? (string[])["No run of the task speaks for an instant of this stretch: there is nothing to compare. 'rmon run backfill' scores days of the past."] : [],
        .. hasSnapshot ? (string[])[] : ["The lake has no training snapshot of this model and feature set, as of one from elsewhere: inputs and scores are compared with the stretch before alone, and bins are fixed on that."],
        .. isEvaluated ? (string[])[] : ["The lake has no evaluation of this model, as of one from elsewhere: performance is compared with the stretch before alone."],
        .. byOthers > 0 ? (string[])[$"{byOthers} of {runs} runs were scored by another model, or by this one after it had been taught what came of the day: they count in inputs and workload alone."] : [],
        .. gone > 0 ? (string[])[$"{gone} files that the ledger names are gone, and their rows are left out."] : [],
        .. report.Rows >= NightTables.MostVectors * 0.9 ? (string[])[$"Of many vectors some {NightTables.MostVectors} were drawn, by the hash of patient and instant."] : [],
        "An index tells that a distribution moved, and not that a model got worse: that is told by the performance, weeks later.",
    ];

    private static DriftOutcome OutcomeOf(DriftReport report)
    {
        static double? Known(double? value) => value is { } number && double.IsFinite(number) ? number : null;
        var stamp = LakePaths.Stamp(report.AsOf.ToUnixMicros());
        return new()
        {
            Task = report.Task,
            Model = report.Model,
            AsOf = report.AsOf,
            Verdict = report.Verdict,
            Inputs = report.Inputs,
            Scores = report.ScoreVerdict,
            Workload = report.WorkloadVerdict,
            Performance = report.Performance.Now is null ? null : report.Performance.Verdict,
            DriftedColumns = report.DriftedColumns,
            JudgedColumns = report.JudgedColumns,
            ScorePsi = Known((report.Scores.AgainstTraining ?? report.Scores.AgainstBefore)?.Psi),
            Auroc = Known(report.Performance.Now?.Auroc.Value),
            ObservedExpected = Known(report.Performance.Now?.ObservedExpected.Value),
            Report = LakePaths.Drift(report.Task, stamp, DriftReport.FileName),
            Page = LakePaths.Drift(report.Task, stamp, DriftPage.FileName),
        };
    }
}
