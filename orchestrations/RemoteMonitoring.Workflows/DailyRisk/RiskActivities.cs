using System.Globalization;
using System.Text.Json;
using RemoteMonitoring.Ingestion.Watermarks;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.FollowUps;
using RemoteMonitoring.Workflows.Registry;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>
/// Does the steps of a night. Each may be done twice, by two machines at once: what they write is named by what it is made of, and only
/// the last makes it visible.
/// </summary>
/// <param name="cohorts">Opens a cohort by its name; it is not closed here.</param>
/// <param name="tasks">The tasks there are; null for the bundled ones.</param>
/// <param name="before">Called for each patient before scoring, by tests that inject faults.</param>
/// <param name="time">Time; null for the system's.</param>
/// <param name="metrics">What nights are measured by; null where nobody measures.</param>
public sealed class RiskActivities(
    Func<string, CancellationToken, ValueTask<CohortStore>> cohorts, IReadOnlyList<TaskDefinition>? tasks = null, Action<string>? before = null, TimeProvider? time = null,
    WorkflowMetrics? metrics = null)
{
    /// <summary>How often a part may have stopped its process, before it is taken to be its fault: others may have stopped it too. For one patient more, since nobody is set aside lightly.</summary>
    private const int MostDeaths = 3;

    private const int MostDeathsOfOne = 5;

    private readonly TogetherOrAlone _room = new();
    private readonly RiskPlans _plans = new(cohorts, tasks ?? BundledTasks.All);

    /// <summary>Adds the workflows of the night and their steps.</summary>
    public void AddTo(WorkflowRegistry registry) => registry
        .Add(DailyRiskWorkflow.Daily).Add(DailyRiskWorkflow.Hourly).Add(ScoreShardsWorkflow.Definition).Add(BackfillWorkflow.Definition)
        .Add(RiskSteps.Ingestion, IngestionAsync)
        .Add(RiskSteps.Compact, CompactAsync)
        .Add(RiskSteps.Plan, PlanAsync)
        .Add(RiskSteps.ScorePart, ScorePartAsync)
        .Add(RiskSteps.PublishPredictions, PublishPredictionsAsync)
        .Add(RiskSteps.PublishLists, PublishListsAsync)
        .Add(RiskSteps.ScoreShadow, ScoreShadowAsync);

    private async Task<IngestionState> IngestionAsync(IngestionAsked asked, CancellationToken cancellationToken)
    {
        var store = await cohorts(asked.Cohort, cancellationToken);
        var watermark = await IngestionWatermark.ReadAsync(store, cancellationToken);
        return new IngestionState(watermark is null || watermark.Through >= asked.AsOf, watermark?.Through);
    }

    private async Task<CompactedInputs> CompactAsync(CompactionAsked asked, CancellationToken cancellationToken)
    {
        var store = await cohorts(asked.Cohort, cancellationToken);
        if (asked.OnlyFind)
        {
            // Without the lease, which the compaction may hold that took too long. What is current is not collected.
            return await PinAsync(
                store,
                await ObservationsManifest.TryReadAsync(store.Lake, cancellationToken) ?? throw new PermanentFailureException("Nothing has been compacted yet, so there is nothing to score."),
                asked.InstanceId,
                cancellationToken);
        }

        return await CompactionStage.LeaseOf(store).RunAsync(
            async token =>
            {
                // Rollups only save time: where they pay they are made with the observations.
                var compacted = await CompactionStage.RunAloneAsync(store, new CompactionOptions { RollupsFor = await SetsOfAsync(store, _plans.TaskOf(asked.Task), token) }, token);
                // With the lease: nobody collects what was made just now, before it is pinned.
                return await PinAsync(store, compacted.Manifest, asked.InstanceId, token);
            },
            cancellationToken);
    }

    /// <summary>The feature sets of the models that score tonight. One that cannot be read makes its trouble where it is needed, and the task's own set stands for it.</summary>
    private static async Task<IReadOnlyList<string>> SetsOfAsync(CohortStore store, TaskDefinition task, CancellationToken cancellationToken)
    {
        var sets = new List<string>();
        try
        {
            var models = await new ModelRegistry(store, TimeProvider.System).ReadAsync(task.Name, cancellationToken);
            foreach (var version in new[] { models.Champion, models.Challenger }.OfType<string>())
            {
                sets.Add((await ModelVersions.SetOfAsync(store.Lake, task.Name, version, cancellationToken)).Name);
            }
        }
        catch (LakeException e) when (!e.IsTransient)
        {
            sets.Add(task.FeatureSet);
        }

        return sets is [] ? [task.FeatureSet] : sets;
    }

    /// <summary>Pins observations for an instance; each has a pin of its own, so that a compaction that comes too late unpins nothing.</summary>
    private static async Task<CompactedInputs> PinAsync(CohortStore store, ObservationsManifest manifest, string instanceId, CancellationToken cancellationToken)
    {
        await store.Lake.TryCreateAsync(LakePaths.Pin(instanceId, manifest.InputHash), Array.Empty<byte>(), cancellationToken);
        return new CompactedInputs(manifest.InputHash, UnixMicros.ToInstant(manifest.Inputs.Watermark));
    }

    private async Task<PlannedRun> PlanAsync(RiskSpec spec, CancellationToken cancellationToken)
    {
        var store = await cohorts(spec.Cohort, cancellationToken);
        var task = _plans.TaskOf(spec.Task);
        var models = await new ModelRegistry(store, TimeProvider.System).ReadAsync(task.Name, cancellationToken);
        spec = spec with
        {
            Model = spec.Model switch
            {
                "" or ModelVersions.Champion => models.Champion ?? throw new PermanentFailureException(models.Damage ?? $"There is no model for '{task.Name}' yet: train one first."),
                ModelVersions.Challenger => models.Challenger ?? throw new PermanentFailureException($"'{task.Name}' has no challenger: train one, or name a version."),
                var version => version,
            },
        };
        var (model, ofModel) = spec.Model == models.Champion ? await StandIns.ForFilesAsync(store.Lake, task, models, cancellationToken) : (spec.Model, null);
        spec = spec with { Model = model };
        var (pinned, ofBands) = await BandDecisions.PinAsync(store.Lake, _plans.RequestOf(spec), cancellationToken);
        spec = spec with { Bands = pinned.Bands };
        var isChampion = spec.Model == models.Champion;
        var manifest = await RiskPlans.ManifestAsync(store, spec, cancellationToken);
        var run = RiskPlan.IdOf(_plans.RequestOf(spec), manifest, await ModelVersions.SetOfAsync(store.Lake, task.Name, spec.Model, cancellationToken));
        var done = await RiskPublication.TryFindAsync(store, run, cancellationToken);
        if (done is { SetAside: 0 })
        {
            return new PlannedRun { Spec = spec, Run = run, Rows = [], Notices = [], Done = OutcomeOf(done, alreadyThere: true) };
        }

        var plan = await _plans.LoadAsync(spec, cancellationToken);
        if (plan.IsRetrospective && !spec.Retrospective)
        {
            throw new PermanentFailureException(
                $"Model {spec.Model} was taught what became known up to {plan.Model.Document.Training.TrainedUntil}, after {spec.AsOf}: of that day it knows the future. Name an older model, or ask for a retrospective run, which says so.");
        }

        return new PlannedRun
        {
            Spec = spec,
            Run = run,
            Rows = [.. plan.Shards.Select(s => s.Length)],
            Notices = [.. DataQuality.Judge(manifest, spec.AsOf), .. isChampion && models.Warning is { } warning ? [warning] : (string[])[], .. ofModel is null ? (string[])[] : [ofModel], .. ofBands],
            Challenger = isChampion ? models.Challenger : null,
            Delivers = await FollowUpActivities.IsAskedForAsync(store, cancellationToken) ? true : null,
        };
    }

    private async Task<PartOutcome> ScorePartAsync(PartAsked asked, CancellationToken cancellationToken)
    {
        var store = await cohorts(asked.Spec.Cohort, cancellationToken);
        var part = asked.Part;
        var name = string.Create(CultureInfo.InvariantCulture, $"{part.Shard:D4}-{part.From}-{part.To}");
        var file = LakePaths.Work(asked.Run, $"{name}.json");
        if (await store.Lake.ExistsAsync(file, cancellationToken))
        {
            return new PartOutcome(part, file, null);
        }

        var attempts = new ScoringAttempts(store.Lake, asked.Run, name);
        var deaths = await attempts.DeathsAsync(cancellationToken);
        if (deaths >= (part.Count == 1 ? MostDeathsOfOne : MostDeaths))
        {
            await attempts.EndAsync(deaths);
            return new PartOutcome(part, null, string.Create(CultureInfo.InvariantCulture, $"scoring stopped the program {deaths} times"));
        }

        // Once is chance, or another's fault who was at it beside. From then on it is alone, so that it answers for itself.
        return await _room.RunAsync(alone: deaths > 0, () => ScoreAsync(store, asked, attempts, file, deaths, cancellationToken), cancellationToken);
    }

    private async Task<PartOutcome> ScoreAsync(CohortStore store, PartAsked asked, ScoringAttempts attempts, string file, int deaths, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(asked.Timeout.ToTimeSpan());
        try
        {
            await attempts.BeginAsync(deaths, cancellationToken);
            var plan = await _plans.LoadAsync(asked.Spec, timeout.Token);
            // Of code that does not heed its token the thread is lost, but not the place in the queue.
            var scored = await Task.Run(() => RiskScoring.RunAsync(store.Lake, plan, asked.Part, 1, before, timeout.Token), timeout.Token).WaitAsync(timeout.Token);
            await store.Lake.TryCreateAsync(TrendsOf(file), JsonSerializer.SerializeToUtf8Bytes(scored.Trends, RiskSteps.Json.IReadOnlyDictionaryStringIReadOnlyListTrend), cancellationToken);
            // Last: where it is, the part is done.
            await store.Lake.TryCreateAsync(file, JsonSerializer.SerializeToUtf8Bytes(scored, RiskSteps.Json.ScoredRows), cancellationToken);
            return new PartOutcome(asked.Part, file, null);
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return new PartOutcome(asked.Part, null, string.Create(CultureInfo.InvariantCulture, $"scoring took longer than {asked.Timeout.TotalSeconds:0} s"));
        }
        finally
        {
            await attempts.EndAsync(deaths);
        }
    }

    private async Task<int> PublishPredictionsAsync(PublishAsked asked, CancellationToken cancellationToken)
    {
        var store = await cohorts(asked.Spec.Cohort, cancellationToken);
        var published = 0;
        if (await DoneAsync(store, asked.Run, asked.Parts, cancellationToken) is not null)
        {
            return published;
        }

        foreach (var part in asked.Parts)
        {
            published += await RiskPublication.PredictionsAsync(store.Documents, (await ReadAsync(store.Lake, part, cancellationToken)).Predictions, cancellationToken);
        }

        return published;
    }

    private async Task<DailyRiskOutcome> PublishListsAsync(ListsAsked asked, CancellationToken cancellationToken)
    {
        var store = await cohorts(asked.Spec.Cohort, cancellationToken);
        var plan = await _plans.LoadAsync(asked.Spec, cancellationToken);
        var done = await DoneAsync(store, plan.Run, asked.Parts, cancellationToken);
        var ledger = done ?? await FinishAsync(store, plan, asked, cancellationToken);
        foreach (var folder in (string[])[plan.Run, asked.InstanceId])
        {
            foreach (var path in await store.Lake.ListAsync(LakePaths.WorkOf(folder), cancellationToken))
            {
                await store.Lake.DeleteAsync(path, cancellationToken);
            }
        }

        _plans.Forget(asked.Spec);
        WorkflowTraces.Shipped(plan.Run);
        if (done is null)
        {
            metrics?.Published(ledger.Task, ledger.Scored, ledger.SetAside, ledger.Listed);
        }

        return OutcomeOf(ledger, alreadyThere: false);
    }

    private async Task<ShadowOutcome> ScoreShadowAsync(ShadowAsked asked, CancellationToken cancellationToken)
    {
        var store = await cohorts(asked.Cohort, cancellationToken);
        var ledger = await RiskPublication.TryFindAsync(store, asked.Run, cancellationToken)
            ?? throw new PermanentFailureException($"The run {asked.Run} is not there as it was published, so nothing is scored in its shadow.");
        var attempts = new ScoringAttempts(store.Lake, asked.Run, $"shadow-{asked.Challenger}");
        var deaths = await attempts.DeathsAsync(cancellationToken);
        try
        {
            if (deaths >= MostDeaths)
            {
                return new ShadowOutcome(asked.Challenger, 0, string.Create(CultureInfo.InvariantCulture, $"scoring stopped the program {deaths} times"));
            }

            await attempts.BeginAsync(deaths, cancellationToken);
            var shadow = await _room.RunAsync(
                alone: deaths > 0, () => Task.Run(() => ShadowScoring.RunAsync(store, ledger, _plans.TaskOf(asked.Task), asked.Challenger, cancellationToken), cancellationToken), cancellationToken);
            return new ShadowOutcome(shadow.Challenger, shadow.Scored, shadow.Problem);
        }
        finally
        {
            await attempts.EndAsync(deaths);
        }
    }

    /// <summary>A run that is out, and what it was made of is gone: only the word of it was lost, or another instance made the same.</summary>
    private static async Task<LedgerEntry?> DoneAsync(CohortStore store, string run, IReadOnlyList<PartOutcome> parts, CancellationToken cancellationToken) =>
        await store.Lake.AllExistAsync(parts.Select(p => p.File).OfType<string>(), cancellationToken) ? null : await RiskPublication.TryFindAsync(store, run, cancellationToken);

    private async Task<LedgerEntry> FinishAsync(CohortStore store, RiskPlan plan, ListsAsked asked, CancellationToken cancellationToken)
    {
        var parts = new List<ScoredRows>();
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        var (candidates, kept) = (new List<Prediction>(), 0);
        var probabilities = new List<double>();
        foreach (var part in asked.Parts)
        {
            var rows = await ReadAsync(store.Lake, part, plan, cancellationToken);
            foreach (var (team, count) in TeamWorklists.Count(plan, rows.Predictions))
            {
                counts[team] = counts.GetValueOrDefault(team) + count;
            }

            probabilities.AddRange(rows.Predictions.Select(p => p.Probability));
            // Of all parts so far only those that may be listed are held: a team's patients lie in many parts, and each alone is cut little.
            candidates.AddRange(TeamWorklists.Candidates(plan, rows.Predictions));
            if (candidates.Count > 2 * kept)
            {
                candidates = [.. TeamWorklists.Candidates(plan, candidates)];
                kept = candidates.Count;
            }

            parts.Add(rows with { Predictions = [] });
        }

        candidates = await WithTrendsAsync(store.Lake, asked.Parts, [.. TeamWorklists.Candidates(plan, candidates)], cancellationToken);
        return (await RiskPublication.FinishAsync(store, plan, parts, candidates, counts, Silence.TopTenth(probabilities), asked.Notices, time ?? TimeProvider.System, cancellationToken)).Ledger;
    }

    /// <summary>Candidates with their trends; those of all who may be listed of a part are not held at once.</summary>
    private static async Task<List<Prediction>> WithTrendsAsync(Lake lake, IReadOnlyList<PartOutcome> parts, List<Prediction> candidates, CancellationToken cancellationToken)
    {
        var places = candidates.Index().ToDictionary(c => c.Item.PatientId, c => c.Index, StringComparer.Ordinal);
        foreach (var file in parts.Select(p => p.File).OfType<string>())
        {
            if (await lake.TryReadAsync(TrendsOf(file), cancellationToken) is not { } bytes)
            {
                // Left by a program that knew no trends.
                continue;
            }

            foreach (var (patient, trends) in JsonSerializer.Deserialize(bytes, RiskSteps.Json.IReadOnlyDictionaryStringIReadOnlyListTrend)!)
            {
                if (places.TryGetValue(patient, out var at))
                {
                    candidates[at] = candidates[at] with { Trends = trends };
                }
            }
        }

        return candidates;
    }

    private static string TrendsOf(string file) => file[..^".json".Length] + "-trends.json";

    private static DailyRiskOutcome OutcomeOf(LedgerEntry ledger, bool alreadyThere) =>
        new(ledger.Run, ledger.Scored, ledger.NotScored, ledger.SetAside, ledger.Listed, alreadyThere, ledger.Notices);

    private static async Task<ScoredRows> ReadAsync(Lake lake, PartOutcome part, CancellationToken cancellationToken) =>
        JsonSerializer.Deserialize(await lake.ReadAsync(part.File!, cancellationToken), RiskSteps.Json.ScoredRows)!;

    /// <summary>What came of a part; of one that did not get through, all of its patients are set aside.</summary>
    private static async Task<ScoredRows> ReadAsync(Lake lake, PartOutcome part, RiskPlan plan, CancellationToken cancellationToken) => part.File is not null
        ? await ReadAsync(lake, part, cancellationToken)
        : new ScoredRows
        {
            Predictions = [],
            NotScored = [],
            SetAside = [.. plan.Shards[part.Part.Shard][part.Part.From..part.Part.To].Select(k => new NotScored(k.PatientId, part.Problem!))],
            Outputs = [],
        };
}
