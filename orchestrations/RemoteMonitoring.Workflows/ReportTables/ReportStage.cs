using NodaTime;
using NodaTime.Text;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Workflows.ReportTables;

/// <summary>What came of a month of an export.</summary>
/// <param name="Month">The month, as in 2025-06.</param>
/// <param name="Rows">Rows of facts that it has now.</param>
/// <param name="Files">Files that were made anew.</param>
/// <param name="Problems">What could not be made, in sentences; what was there stays.</param>
public sealed record ReportMonthMade(string Month, int Rows, int Files, IReadOnlyList<string> Problems);

/// <summary>What came of an export.</summary>
/// <param name="AsOf">When it began.</param>
/// <param name="Months">Months it looked at.</param>
/// <param name="Files">Files that are current.</param>
/// <param name="Rows">Their rows.</param>
/// <param name="Problems">What could not be made, in sentences; the next export tries again.</param>
public sealed record ReportOutcome(Instant AsOf, int Months, int Files, long Rows, IReadOnlyList<string> Problems);

/// <summary>
/// Lists, predictions, outcomes and actions → the tables of <see cref="ReportSchema"/>, month by month, then the dimensions. A step reads what was known when the export began, writes what is
/// new under the hash of its bytes and makes it current; done again it writes nothing. One process at a time: the others wait.
/// </summary>
public static class ReportStage
{
    /// <summary>Months that each export makes anew: that of the export and those before it. What becomes known later of older days is not in the tables until these months are asked for.</summary>
    public const int MonthsRewritten = 4;

    private static readonly YearMonthPattern s_month = YearMonthPattern.CreateWithInvariantCulture("uuuu'-'MM");

    /// <summary>The months that an export has to look at: the latest <see cref="MonthsRewritten"/>, and older ones that were never made, or with another key.</summary>
    /// <param name="store">Cohort.</param>
    /// <param name="now">When the export begins.</param>
    /// <param name="since">The first month to make anew, as in 2025-06; null for the latest alone.</param>
    /// <param name="tasks">The tasks there are; null for the bundled ones.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async Task<IReadOnlyList<string>> PlanAsync(CohortStore store, Instant now, string? since, IReadOnlyList<TaskDefinition>? tasks, CancellationToken cancellationToken)
    {
        var context = await ReportContext.LoadAsync(store, tasks ?? BundledTasks.All, now, cancellationToken);
        var manifest = await ReportManifest.TryReadAsync(store.Lake, cancellationToken);
        var made = manifest?.KeyId == context.KeyId ? manifest.Months : [];
        var first = FirstRewritten(now, since);
        if (context.Days.Count == 0)
        {
            return [];
        }

        var months = new List<string>();
        for (var month = context.Days[0].Day.ToYearMonth(); month <= now.InUtc().Date.ToYearMonth(); month = month.OnDayOfMonth(1).PlusMonths(1).ToYearMonth())
        {
            if (month >= first || !made.Contains(s_month.Format(month)))
            {
                months.Add(s_month.Format(month));
            }
        }

        return months;
    }

    /// <summary>Makes the facts of a month and makes them current.</summary>
    public static Task<ReportMonthMade> WriteMonthAsync(CohortStore store, string month, Instant now, IReadOnlyList<TaskDefinition>? tasks, CancellationToken cancellationToken) =>
        LeaseOf(store).RunAsync(token => WriteAsync(store, s_month.Parse(month).GetValueOrThrow(), now, tasks ?? BundledTasks.All, token), cancellationToken);

    /// <summary>Makes the dimensions, and says that the export is complete.</summary>
    public static Task<ReportOutcome> FinishAsync(CohortStore store, Instant now, string? since, IReadOnlyList<ReportMonthMade> months, IReadOnlyList<TaskDefinition>? tasks, CancellationToken cancellationToken) =>
        LeaseOf(store).RunAsync(token => FinishAloneAsync(store, now, since, months, tasks ?? BundledTasks.All, token), cancellationToken);

    /// <summary>All steps in one go, in this process. A month that cannot be made is among the problems, and stops no other.</summary>
    public static async Task<ReportOutcome> RunAsync(CohortStore store, Instant now, string? since, IReadOnlyList<TaskDefinition>? tasks, IProgress<string>? progress, CancellationToken cancellationToken)
    {
        var made = new List<ReportMonthMade>();
        foreach (var month in await PlanAsync(store, now, since, tasks, cancellationToken))
        {
            progress?.Report(month);
            try
            {
                made.Add(await WriteMonthAsync(store, month, now, tasks, cancellationToken));
            }
            catch (LakeException e) when (!e.IsTransient)
            {
                made.Add(new(month, 0, 0, [$"{month}: {e.Message}"]));
            }
        }

        return await FinishAsync(store, now, since, made, tasks, cancellationToken);
    }

    /// <summary>What only one process at a time may hold: who makes other files the current ones.</summary>
    internal static StoreLease LeaseOf(CohortStore store) => new(store.Documents, "report-tables");

    /// <summary>Whether a text is a month, as in 2025-06.</summary>
    public static bool IsMonth(string text) => s_month.Parse(text).Success;

    private static YearMonth FirstRewritten(Instant now, string? since)
    {
        var latest = now.InUtc().Date.ToYearMonth().OnDayOfMonth(1).PlusMonths(1 - MonthsRewritten).ToYearMonth();
        return since is not null && s_month.Parse(since).GetValueOrThrow() is var asked && asked < latest ? asked : latest;
    }

    private static async Task<ReportMonthMade> WriteAsync(CohortStore store, YearMonth of, Instant now, IReadOnlyList<TaskDefinition> tasks, CancellationToken cancellationToken)
    {
        var context = await ReportContext.LoadAsync(store, tasks, now, cancellationToken);
        var before = await ReportManifest.TryReadAsync(store.Lake, cancellationToken);
        if (before is not null && before.KeyId != context.KeyId)
        {
            // Under another key everybody has another name: nothing of before fits what is made now.
            await ReportManifest.Empty(context.KeyId).ReplaceAsync(store.Lake, before, cancellationToken);
            before = null;
        }

        before ??= ReportManifest.Empty(context.KeyId);
        var month = await ReportMonth.LoadAsync(context, of, cancellationToken);
        var writing = new Writing(store.Lake, before);
        var (problems, models) = (new List<string>(), before.Models.ToHashSet(StringComparer.Ordinal));
        var kept = await WritePredictionsAsync(month, writing, models, problems, cancellationToken);
        var first = of.OnDayOfMonth(1);
        await writing.AddAsync(ReportSchema.List, first, ListFacts.Lists(month), cancellationToken);
        await writing.AddAsync(ReportSchema.Outcome, first, ListFacts.Outcomes(month), cancellationToken);
        await writing.AddAsync(ReportSchema.FollowUp, first, ListFacts.FollowUps(month), cancellationToken);
        await writing.AddAsync(ReportSchema.Action, first, ListFacts.Actions(month), cancellationToken);
        await writing.AddAsync(ReportSchema.Alert, first, await ListFacts.AlertsAsync(month, table => writing.BeforeAsync(table, first, cancellationToken), cancellationToken), cancellationToken);
        var others = before.Months.Where(m => m != s_month.Format(of));
        var after = before with
        {
            // With a day that could not be made it is not done with, however old: the next export tries again, and tells of it again.
            Months = [.. (problems.Count == 0 ? others.Append(s_month.Format(of)) : others).Order(StringComparer.Ordinal)],
            Models = [.. models.Order(StringComparer.Ordinal)],
        };
        after = after.With(f => ReportTable.MonthOf(f.Period) == of, [.. writing.Files, .. kept]);
        await after.ReplaceAsync(store.Lake, before, cancellationToken);
        return new(s_month.Format(of), after.Files.Where(f => ReportTable.MonthOf(f.Period) == of).Sum(f => f.Rows), writing.Made, problems);
    }

    /// <summary>Makes the predictions of days whose inputs are others than they were; of a day that cannot be read what was there stays.</summary>
    private static async Task<IReadOnlyList<ReportFile>> WritePredictionsAsync(ReportMonth month, Writing writing, HashSet<string> models, List<string> problems, CancellationToken cancellationToken)
    {
        var (facts, kept) = (PredictionFacts.Of(month), new List<ReportFile>());
        foreach (var ofDay in month.Days.GroupBy(d => d.Day))
        {
            var days = new List<DayOfPredictions>();
            foreach (var day in ofDay)
            {
                if (await facts.DayAsync(day, cancellationToken) is { } found)
                {
                    days.Add(found);
                    models.Add($"{found.Entry.Task}/{found.Entry.Model}");
                }
                else
                {
                    problems.Add($"{day.Day:uuuu-MM-dd}: the ledger has no entry of run {day.Made.Run}, so its predictions are not in the tables.");
                }
            }

            var (inputs, there) = (facts.InputsOf(days), writing.There(ofDay.Key));
            if (there.Count > 0 && there.All(f => f.Inputs == inputs))
            {
                kept.AddRange(there);
                continue;
            }

            try
            {
                var (predictions, calibration) = await facts.RowsAsync(days, cancellationToken);
                await writing.AddAsync(ReportSchema.Prediction, ofDay.Key, predictions, cancellationToken, inputs);
                await writing.AddAsync(ReportSchema.Calibration, ofDay.Key, calibration, cancellationToken, inputs);
            }
            catch (LakeException e) when (!e.IsTransient)
            {
                problems.Add($"{ofDay.Key:uuuu-MM-dd}: {e.Message}");
                kept.AddRange(there);
            }
        }

        return kept;
    }

    private static async Task<ReportOutcome> FinishAloneAsync(CohortStore store, Instant now, string? since, IReadOnlyList<ReportMonthMade> months, IReadOnlyList<TaskDefinition> tasks, CancellationToken cancellationToken)
    {
        var context = await ReportContext.LoadAsync(store, tasks, now, cancellationToken);
        var before = await ReportManifest.TryReadAsync(store.Lake, cancellationToken) ?? ReportManifest.Empty(context.KeyId);
        var writing = new Writing(store.Lake, before);
        TaskDefinition[] used = [.. context.Days.Select(d => d.Task).DistinctBy(t => t.Name).OrderBy(t => t.Name, StringComparer.Ordinal)];
        foreach (var (table, rows) in await ReportDimensions.MakeAsync(context, used, before, s_month.Format(FirstRewritten(now, since)), cancellationToken))
        {
            await writing.AddAsync(table, default, rows, cancellationToken);
        }

        string[] problems = [.. months.SelectMany(m => m.Problems)];
        var after = (before with { KeyId = context.KeyId, AsOf = now, Problems = problems }).With(f => f.Period is null, writing.Files);
        await after.ReplaceAsync(store.Lake, before, cancellationToken);
        return new(now, months.Count, after.Files.Count, after.Files.Sum(f => (long)f.Rows), problems);
    }

    /// <summary>Files as they are written beside those of a manifest.</summary>
    private sealed class Writing(Lake lake, ReportManifest before)
    {
        private readonly Dictionary<(string, string?), ReportFile> _before = before.Files.ToDictionary(f => (f.Table, f.Period));

        public List<ReportFile> Files { get; } = [];

        /// <summary>How many of them were not there before.</summary>
        public int Made { get; private set; }

        /// <summary>Files of predictions of a day that are current.</summary>
        public List<ReportFile> There(LocalDate day) =>
            [.. ((ReportTable[])[ReportSchema.Prediction, ReportSchema.Calibration]).Select(t => _before.GetValueOrDefault((t.Name, t.PeriodOf(day)))).OfType<ReportFile>()];

        /// <summary>The rows of a table and period that are current; null where there are none.</summary>
        public async Task<ParquetTable?> BeforeAsync(ReportTable table, LocalDate day, CancellationToken cancellationToken) =>
            _before.TryGetValue((table.Name, table.PeriodOf(day)), out var file) && await lake.ExistsAsync(file.Path, cancellationToken) ? await lake.ReadTableAsync(file.Path, null, cancellationToken) : null;

        /// <summary>Writes rows; of a table that is cut by time, none make no file.</summary>
        public async Task AddAsync(ReportTable table, LocalDate day, ReportRows rows, CancellationToken cancellationToken, string? inputs = null)
        {
            if (rows.Count == 0 && table.Cut != ReportCut.Whole)
            {
                return;
            }

            var bytes = rows.ToParquet().ToBytes();
            var (hash, period) = (Lake.Hash(bytes), table.PeriodOf(day));
            var path = LakePaths.Report(table.Name, period, hash[..32]);
            await lake.CreateDerivedAsync(path, bytes, cancellationToken);
            Made += _before.TryGetValue((table.Name, period), out var there) && there.Path == path ? 0 : 1;
            Files.Add(new(table.Name, period, path, rows.Count, hash, inputs));
        }
    }
}
