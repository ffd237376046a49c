using System.Data.Common;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using NodaTime;
using RemoteMonitoring.Ingestion;
using RemoteMonitoring.Ingestion.Watermarks;
using RemoteMonitoring.Risk.Drift;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Schedules;

namespace RemoteMonitoring.Workflows.Service;

/// <summary>
/// How a cohort stands to <see cref="ServiceObjectives"/>, by what its store says now: no program has to run for it, and it changes nothing. Footers, documents and
/// names of files are read, and no readings. One that cannot be measured is unknown, and keeps no other from being told.
/// </summary>
/// <remarks>Who measures again and again keeps the footers: those of a day are tens of thousands of files, and are read once.</remarks>
/// <param name="store">The cohort.</param>
/// <param name="schedules">What is scheduled for it.</param>
/// <param name="client">The client of the engine that runs its follow-ups; null where that is out of reach.</param>
/// <param name="footers">What was read of the last day's files before.</param>
/// <param name="time">Time.</param>
/// <param name="logger">Told of faults of the program.</param>
public sealed class ServiceLevels(CohortStore store, IReadOnlyList<Schedule> schedules, IWorkflowClient? client, LandedFooters footers, TimeProvider time, ILogger logger)
{
    private static readonly Duration s_night = Duration.FromDays(8);

    /// <summary>Measures all; at least one of each objective.</summary>
    /// <param name="measured">Told the levels of each objective as soon as they are known; null for nobody.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task<IReadOnlyList<ServiceLevel>> MeasureAsync(Action<IReadOnlyList<ServiceLevel>>? measured, CancellationToken cancellationToken)
    {
        var now = Instant.FromDateTimeOffset(time.GetUtcNow());
        IReadOnlyList<ListsMade>? lists = null;
        async Task<IReadOnlyList<ListsMade>> ListsAsync() => lists ??= await ListsIndex.ReadAsync(store.Documents, cancellationToken);
        var levels = new List<ServiceLevel>();
        async Task AddAsync(ServiceObjective objective, Func<Task<IReadOnlyList<ServiceLevel>>> measure)
        {
            IReadOnlyList<ServiceLevel> of;
            try
            {
                of = await measure();
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                // Whatever it is: a document of a newer program, a client that gives up. What it says may name files, and this goes to where metrics go.
                if (e is not (LakeException or DbException or IOException or JsonException))
                {
                    ServiceLog.NotMeasured(logger, store.Cohort, objective.Name, e.GetType().Name);
                }

                of = [new ServiceLevel(objective, null, ServiceState.Unknown, null, "cannot be read", "A file or document that it is told by cannot be read: the command that makes or shows it says which.")];
            }

            levels.AddRange(of);
            measured?.Invoke(of);
        }

        await AddAsync(ServiceObjectives.Lists, async () => await ListsInTimeAsync(await ListsAsync(), now, cancellationToken));
        await AddAsync(ServiceObjectives.Ingestion, async () => [await IngestionAsync(now, cancellationToken)]);
        await AddAsync(ServiceObjectives.Rejects, async () => [await RejectsAsync(now, cancellationToken)]);
        await AddAsync(ServiceObjectives.Coverage, async () => await CoverageAsync(await ListsAsync(), cancellationToken));
        await AddAsync(ServiceObjectives.Drift, async () => await DriftAsync(await ListsAsync(), now, cancellationToken));
        await AddAsync(ServiceObjectives.FollowUps, async () => [await WaitingFollowUps.MeasureAsync(store, client, time, cancellationToken)]);
        await AddAsync(ServiceObjectives.Erasures, async () => [await ErasuresAsync(now, cancellationToken)]);
        return levels;
    }

    private async Task<IReadOnlyList<ServiceLevel>> ListsInTimeAsync(IReadOnlyList<ListsMade> lists, Instant now, CancellationToken cancellationToken)
    {
        var nightly = schedules.Where(s => s.Workflow == WorkflowNames.DailyRisk && s.Task is not null).ToArray();
        if (nightly.Length == 0)
        {
            return [new ServiceLevel(ServiceObjectives.Lists, null, ServiceState.NotYet, null, "no night is scheduled", "Nights are scheduled once a model is trained: 'rmon train TASK'.")];
        }

        var levels = new List<ServiceLevel>();
        foreach (var schedule in nightly)
        {
            levels.Add(await ListInTimeAsync(schedule, lists, now, cancellationToken));
        }

        return levels;
    }

    private async Task<ServiceLevel> ListInTimeAsync(Schedule schedule, IReadOnlyList<ListsMade> lists, Instant now, CancellationToken cancellationToken)
    {
        ServiceLevel Level(ServiceState state, double? late, string measured, string? advice) => new(ServiceObjectives.Lists, schedule.Task, state, late, measured, advice);
        var zone = DateTimeZoneProviders.Tzdb[schedule.TimeZone];
        var begun = await Scheduler.BegunAsync(store.Lake, schedule, cancellationToken);
        if (begun is null)
        {
            return Level(ServiceState.NotYet, null, "nobody has served its schedule", "Begin with 'rmon serve'.");
        }

        // An occurrence in the evening has until the next morning.
        var last = schedule.Between(Instant.Max(begun.Value, now - s_night), now)
            .Select(o => (Occurrence: o, By: By(o.At, zone))).LastOrDefault(o => o.By <= now);
        if (last.Occurrence is null)
        {
            return Level(ServiceState.NotYet, null, "its first morning is to come", null);
        }

        var made = lists.Where(l => l.Task == schedule.Task && l.AsOf == last.Occurrence.AsOf).ToArray();
        if (made.Length == 0)
        {
            return Level(ServiceState.NotMet, (now - last.By).TotalMinutes, $"there is none of {last.By.InZone(zone):ddd d MMM}", "See where the night is with 'rmon runs list', and let the teams work by the list of before.");
        }

        Instant? first = null;
        foreach (var each in made)
        {
            first = await ListsIndex.ShippedAsync(store.Documents, each, cancellationToken) is { } at && !(at >= first) ? at : first;
        }

        if (first is not { } shipped)
        {
            return Level(ServiceState.NotYet, null, "does not say when: an older program made it", null);
        }

        var said = shipped.InZone(zone).ToString("ddd d MMM HH:mm", CultureInfo.InvariantCulture);
        return shipped <= last.By
            ? Level(ServiceState.Met, 0, said, null)
            : Level(ServiceState.NotMet, (shipped - last.By).TotalMinutes, said, "See with 'rmon runs show RUN --history' which step took long.");
    }

    private static Instant By(Instant at, DateTimeZone zone)
    {
        var local = at.InZone(zone);
        var day = local.TimeOfDay <= ServiceObjectives.ListsBy ? local.Date : local.Date.PlusDays(1);
        return (day + ServiceObjectives.ListsBy).InZoneLeniently(zone).ToInstant();
    }

    private async Task<ServiceLevel> IngestionAsync(Instant now, CancellationToken cancellationToken)
    {
        if (await IngestionWatermark.ReadAsync(store, cancellationToken) is not { } watermark)
        {
            return new ServiceLevel(ServiceObjectives.Ingestion, null, ServiceState.NotYet, null, "no worker has said how far it is", "What came from files has no lag; of devices 'rmon serve' or 'rmon worker' tells.");
        }

        var behind = watermark.FurthestBehind(now);
        var lag = behind.Behind(now);
        var isMet = lag <= ServiceObjectives.MostLag;
        return new ServiceLevel(
            ServiceObjectives.Ingestion, null, isMet ? ServiceState.Met : ServiceState.NotMet, lag.TotalSeconds, lag == Duration.Zero ? "nothing waits" : $"{Length(lag)} behind",
            isMet ? null
            : now - behind.Stated > ServiceObjectives.MostLag ? $"Nobody has read {behind.Partition} for {Length(now - behind.Stated)}: see that a worker runs."
            : "See with 'rmon stream list' whether it moves.");
    }

    private async Task<ServiceLevel> RejectsAsync(Instant now, CancellationToken cancellationToken)
    {
        var day = await footers.DayAsync(store, now, cancellationToken);
        if (day.Received == 0)
        {
            return new ServiceLevel(ServiceObjectives.Rejects, null, ServiceState.NotYet, null, "nothing has landed", null);
        }

        var share = (double)day.Rejected / day.Received;
        return new ServiceLevel(
            ServiceObjectives.Rejects, null, share <= ServiceObjectives.MostRejected ? ServiceState.Met : ServiceState.NotMet, share,
            string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.##} % of {day.Received:N0}, landed up to {day.Until:uuuu-MM-dd HH:mm} UTC{(day.IsWhole ? "" : $"; the newest {LandedFooters.MostFiles:N0} files of the day, not all of it")}"),
            share <= ServiceObjectives.MostRejected ? null : "See with 'rmon quarantine list' what for.");
    }

    private async Task<IReadOnlyList<ServiceLevel>> CoverageAsync(IReadOnlyList<ListsMade> lists, CancellationToken cancellationToken)
    {
        var levels = new List<ServiceLevel>();
        foreach (var task in lists.GroupBy(l => l.Task, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            var last = task.OrderBy(l => l.AsOf).ThenBy(l => l.Watermark).ThenBy(l => l.Run, StringComparer.Ordinal).Last();
            levels.Add(await store.Documents.FindAsync(Containers.Runs, DailyRiskRun.Workflow, last.Id, cancellationToken) is { } run
                ? Coverage(task.Key, RiskDocumentJson.ReadLedger(run.Body))
                : new ServiceLevel(ServiceObjectives.Coverage, task.Key, ServiceState.Unknown, null, "the document of its run is gone", "Make it again with 'rmon run daily --resume'."));
        }

        return levels.Count > 0 ? levels : [new ServiceLevel(ServiceObjectives.Coverage, null, ServiceState.NotYet, null, "there is no list", "Score with 'rmon serve', or 'rmon run daily' now.")];
    }

    private static ServiceLevel Coverage(string task, LedgerEntry run)
    {
        var scoreable = run.Scored + run.SetAside;
        // Where nobody can be scored of many, something is wrong with all of them.
        var (share, isMet) = scoreable > 0 ? ((double?)run.Scored / scoreable, run.Scored >= ServiceObjectives.LeastCoverage * scoreable) : run.NotScored > 0 ? (0, false) : (null, true);
        var of = $"of {run.AsOf:uuuu-MM-dd HH:mm} UTC";
        return share is null
            ? new ServiceLevel(ServiceObjectives.Coverage, task, ServiceState.NotYet, null, $"nobody is monitored, {of}", null)
            : new ServiceLevel(
                ServiceObjectives.Coverage, task, isMet ? ServiceState.Met : ServiceState.NotMet, share,
                string.Create(CultureInfo.InvariantCulture, $"{100 * share.Value:0.##} %: {run.Scored:N0} scored, {run.SetAside:N0} set aside, {run.NotScored:N0} not scoreable, {of}"),
                isMet ? null : "The list says of each who is missing, and why: 'rmon worklist'.");
    }

    private async Task<IReadOnlyList<ServiceLevel>> DriftAsync(IReadOnlyList<ListsMade> lists, Instant now, CancellationToken cancellationToken)
    {
        var levels = new List<ServiceLevel>();
        foreach (var task in lists.Select(l => l.Task).Concat(schedules.Select(s => s.Task).OfType<string>()).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            var reports = await store.Lake.ListAsync(LakePaths.DriftFolder(task), cancellationToken);
            levels.Add(reports.Where(p => p.EndsWith("/" + DriftReport.FileName, StringComparison.Ordinal)).Max(StringComparer.Ordinal) is { } path
                ? Drift(task, await ReadAsync(path, cancellationToken), now)
                : new ServiceLevel(ServiceObjectives.Drift, task, ServiceState.NotYet, null, "never looked at", $"Looked at on Mondays by 'rmon serve'; 'rmon run drift {task}' looks now."));
        }

        return levels.Count > 0 ? levels : [new ServiceLevel(ServiceObjectives.Drift, null, ServiceState.NotYet, null, "no model scores", null)];
    }

    private async Task<DriftReport> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return DriftReport.Read(await store.Lake.ReadAsync(path, cancellationToken), store.Lake.NameOf(path));
        }
        catch (FormatException e)
        {
            throw new LakeException(e.Message, e);
        }
    }

    private static ServiceLevel Drift(string task, DriftReport report, Instant now)
    {
        ServiceLevel Level(ServiceState state, double? psi, string measured, string? advice) => new(ServiceObjectives.Drift, task, state, psi, measured, advice);
        var (when, psi) = ($"as of {report.AsOf:uuuu-MM-dd}", (report.Scores.AgainstTraining ?? report.Scores.AgainstBefore)?.Psi);
        return report.ScoreVerdict == DriftVerdict.TooFew || psi is not { } index || !double.IsFinite(index) ? Level(ServiceState.NotYet, null, $"too few scores to judge, {when}", null)
            : now - report.AsOf > ServiceObjectives.OldestDrift ? Level(ServiceState.Unknown, null, $"not looked at since {report.AsOf:uuuu-MM-dd}", $"Look with 'rmon run drift {task}'.")
            : index < ServiceObjectives.DriftedPsi ? Level(ServiceState.Met, index, string.Create(CultureInfo.InvariantCulture, $"{index:0.###}, {when}"), null)
            : Level(ServiceState.NotMet, index, string.Create(CultureInfo.InvariantCulture, $"{index:0.###}, {when}"), $"See with 'rmon drift {task}' what moved; a person decides.");
    }

    private async Task<ServiceLevel> ErasuresAsync(Instant now, CancellationToken cancellationToken)
    {
        var position = (await store.Reference.PositionAsync(cancellationToken)).Where(p => p.Key == ReferenceKinds.Erasures).ToDictionary(StringComparer.Ordinal);
        var stated = position.Count == 0 ? [] : (await store.Reference.ErasuresAsync(cancellationToken)).Stated.ToArray();
        var (open, late) = (0, 0);
        for (var i = 0; i < stated.Length; i++)
        {
            if (!await store.Lake.ExistsAsync(LakePaths.ErasureProof(i + 1), cancellationToken))
            {
                open++;
                late += now - stated[i] > ServiceObjectives.LongestErasure ? 1 : 0;
            }
        }

        return new ServiceLevel(
            ServiceObjectives.Erasures, null, late == 0 ? ServiceState.Met : ServiceState.NotMet, late,
            string.Create(CultureInfo.InvariantCulture, $"{stated.Length:N0} in all, {open:N0} not complete"), late == 0 ? null : "Run the same 'rmon erase' again until it ends with 0.");
    }

    internal static string Length(Duration length) => length switch
    {
        { TotalDays: >= 2 } => $"{(int)length.TotalDays} days",
        { TotalHours: >= 2 } => $"{(int)length.TotalHours} h",
        { TotalMinutes: >= 2 } => $"{(int)length.TotalMinutes} min",
        _ => $"{(int)length.TotalSeconds} s",
    };
}

internal static partial class ServiceLog
{
    [LoggerMessage(20, LogLevel.Error, "Cohort {Cohort}: {Objective} cannot be measured, by a fault of the program ({Type}); please report it")]
    public static partial void NotMeasured(ILogger logger, string cohort, string objective, string type);
}
