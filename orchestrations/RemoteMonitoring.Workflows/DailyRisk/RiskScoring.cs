using System.Globalization;
using System.Text;
using System.Text.Json.Serialization;
using RemoteMonitoring.Features.Scores;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Risk.Elsewhere;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Features;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>Some rows of a shard, from one to another (exclusive) in the order of the plan.</summary>
/// <param name="Shard">Patient shard.</param>
/// <param name="From">First row.</param>
/// <param name="To">One behind the last.</param>
public sealed record ShardPart(int Shard, int From, int To)
{
    /// <summary>Number of rows.</summary>
    public int Count => To - From;
}

/// <summary>What came of the rows of a part.</summary>
public sealed record ScoredRows
{
    /// <summary>The scored.</summary>
    public required IReadOnlyList<Prediction> Predictions { get; init; }

    /// <summary>Those without a reading.</summary>
    public required IReadOnlyList<NotScored> NotScored { get; init; }

    /// <summary>Those whose data the program could not get through.</summary>
    public required IReadOnlyList<NotScored> SetAside { get; init; }

    /// <summary>Files of vectors and predictions.</summary>
    public required IReadOnlyList<LedgerOutput> Outputs { get; init; }

    /// <summary>Who of the scored used to send daily and has fallen silent.</summary>
    public IReadOnlyList<QuietPatient> Quiet { get; init => field = value ?? []; } = [];

    /// <summary>What is wrong with the measuring of the scored.</summary>
    public IReadOnlyList<FaultOf> Faults { get; init => field = value ?? []; } = [];

    /// <summary>Of those who may be listed what the vitals of their reasons did, by patient. Kept beside the rest: of few it is needed, and it is long.</summary>
    [JsonIgnore]
    public IReadOnlyDictionary<string, IReadOnlyList<Trend>> Trends { get; init; } = new Dictionary<string, IReadOnlyList<Trend>>();
}

/// <summary>Vectors, scores and reasons of some rows of a plan, and their files. A patient whose data makes the code throw is set aside, and stops nobody else.</summary>
internal static class RiskScoring
{
    /// <summary>Scores a part; <paramref name="before"/> is called for each patient, by tests that inject faults.</summary>
    public static async Task<ScoredRows> RunAsync(Lake lake, RiskPlan plan, ShardPart part, int cores, Action<string>? before, CancellationToken cancellationToken)
    {
        var keys = plan.Shards[part.Shard][part.From..part.To];
        var builder = await plan.Vectors.OpenAsync(part.Shard, keys, cancellationToken);
        var setAside = new List<NotScored>();
        var scored = TryScore(plan, keys, builder, cores, before, setAside, cancellationToken);
        if (scored is null)
        {
            var culprits = setAside.Select(n => n.PatientId).ToHashSet(StringComparer.Ordinal);
            keys = [.. keys.Where(k => !culprits.Contains(k.PatientId))];
            scored = Score(plan, keys, builder, cores, before, cancellationToken);
        }

        var (quiet, faults) = Measuring(plan, builder, scored.Value.Scored, cancellationToken);
        return new ScoredRows
        {
            Quiet = quiet,
            Faults = faults,
            Predictions = scored.Value.Scored,
            NotScored = scored.Value.NotScored,
            SetAside = setAside,
            Outputs = await WriteAsync(lake, plan, part.Shard, keys, scored.Value, cancellationToken),
            Trends = TeamWorklists.Candidates(plan, scored.Value.Scored).ToDictionary(p => p.PatientId, p => TrendsOf(plan, builder, p), StringComparer.Ordinal),
        };
    }

    /// <summary>Makes the files again of some patients of a shard, as a run left them that was split or set others aside.</summary>
    public static async Task<IReadOnlyList<LedgerOutput>> RemakeAsync(Lake lake, RiskPlan plan, int shard, IReadOnlySet<string> patients, CancellationToken cancellationToken)
    {
        VectorKey[] keys = [.. plan.Shards[shard].Where(k => patients.Contains(k.PatientId))];
        var builder = await plan.Vectors.OpenAsync(shard, keys, cancellationToken);
        return await WriteAsync(lake, plan, shard, keys, Score(plan, keys, builder, -1, null, cancellationToken), cancellationToken);
    }

    /// <summary>The shard that a file of vectors is of, and whether all of it.</summary>
    public static (int Shard, bool IsWhole) ShardOf(string path, string run)
    {
        // {run}-{shard} or {run}-{shard}-{part}
        var parts = LakePaths.StemOf(path)[(run.Length + 1)..].Split('-');
        return (int.Parse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture), parts.Length == 1);
    }

    private static async Task<IReadOnlyList<LedgerOutput>> WriteAsync(Lake lake, RiskPlan plan, int shard, VectorKey[] keys, Scores scores, CancellationToken cancellationToken)
    {
        // Named by who is in it, where that is not the whole shard: another attempt may come to others.
        var name = keys.Length == plan.Shards[shard].Length ? null : Lake.Hash(Encoding.UTF8.GetBytes(string.Join('\n', keys.Select(k => k.PatientId))))[..8];
        var stamp = LakePaths.Stamp(plan.Request.AsOf.ToUnixMicros());
        return
        [
            await WriteAsync(lake, LakePaths.Features(plan.Set.Definition.Name, stamp, $"{plan.Run}-{LakePaths.PartOf(shard, name)}"), FeatureStage.ToParquet(scores.Table, keys), cancellationToken),
            await WriteAsync(lake, LakePaths.Predictions(stamp, plan.Run, shard, name), ToParquet(scores.Scored, plan), cancellationToken),
        ];
    }

    /// <summary>Scores rows together. Where that throws, halves are tried until each culprit stands alone; then the answer is null, and they are named.</summary>
    private static Scores? TryScore(
        RiskPlan plan, VectorKey[] keys, VectorBuilder builder, int cores, Action<string>? before, List<NotScored> setAside, CancellationToken cancellationToken)
    {
        try
        {
            return Score(plan, keys, builder, cores, before, cancellationToken);
        }
        catch (Exception e) when (IsOfData(e))
        {
            if (keys.Length == 1)
            {
                setAside.Add(new NotScored(keys[0].PatientId, $"the program could not get through this patient's data ({e.GetType().Name})"));
            }
            else
            {
                var half = keys.Length / 2;
                TryScore(plan, keys[..half], builder, cores, before, setAside, cancellationToken);
                TryScore(plan, keys[half..], builder, cores, before, setAside, cancellationToken);
            }

            return null;
        }
    }

    // What the store or the machine does is tried again, and is no patient's fault.
    private static bool IsOfData(Exception exception) => exception is AggregateException { InnerExceptions: var all }
        ? all.All(IsOfData)
        : exception is not (OperationCanceledException or ElsewhereException or LakeException or IOException or OutOfMemoryException or TimeoutException);

    private static Scores Score(RiskPlan plan, VectorKey[] keys, VectorBuilder builder, int cores, Action<string>? before, CancellationToken cancellationToken)
    {
        if (before is not null)
        {
            Array.ForEach(keys, k => before(k.PatientId));
        }

        var table = builder.Build(keys, cores, cancellationToken);
        var scores = plan.Model.Score(table, cores, cancellationToken);
        var (predictions, notScored) = (new List<Prediction>(), new List<NotScored>());
        var minimum = plan.MinimumReadings;
        foreach (var (row, explanation) in plan.Model.Explain(table).Index())
        {
            cancellationToken.ThrowIfCancellationRequested();
            var key = keys[row];
            if (WhyNot(plan, table, row, key, builder, minimum, scores.Raw[row]) is { } why)
            {
                notScored.Add(new NotScored(key.PatientId, why));
                continue;
            }

            var roster = plan.Records.GetValueOrDefault(key.PatientId)?.RosterAt(key.KnownBy);
            var news2 = !(AgeAt(roster, key.AsOf) < News2.YoungestAge);
            var shown = ReasonText.Of(
                explanation, table, row, vital => builder.CellsOf(key, vital), plan.Set.LookBack, PatientRecord.ZoneAt(plan.Records.GetValueOrDefault(key.PatientId), key.KnownBy), news2);
            predictions.Add(new Prediction
            {
                Id = $"{LakePaths.Stamp(key.AsOf)}-{plan.Run}",
                PatientId = key.PatientId,
                Task = plan.Request.Task.Name,
                AsOf = UnixMicros.ToInstant(key.AsOf),
                KnownBy = UnixMicros.ToInstant(key.KnownBy),
                Model = plan.Request.Model,
                FeatureSetHash = plan.Set.Hash,
                Run = plan.Run,
                Retrospective = plan.IsRetrospective ? true : null,
                Probability = scores.P[row],
                Raw = scores.Raw[row],
                Band = plan.Request.Bands?.Of(scores.P[row]),
                News2 = !news2 || double.IsNaN(table.News2Point[row]) ? null : new News2Figures((int)table.News2Low[row], (int)table.News2Point[row], (int)table.News2High[row]),
                Reasons = shown.Clinical,
                Technical = shown.Technical,
                WithoutReasons = plan.Model.GivesReasons ? null : true,
                LastReading = UnixMicros.ToInstant(table.LastReading[row]),
            });
        }

        return new Scores(table, predictions, notScored);
    }

    /// <summary>Who fell silent, and what is wrong with readings, by the days of a home; in acute care nobody is at home with a device.</summary>
    private static (IReadOnlyList<QuietPatient> Quiet, IReadOnlyList<FaultOf> Faults) Measuring(RiskPlan plan, VectorBuilder builder, List<Prediction> scored, CancellationToken cancellationToken)
    {
        var (quiet, faults) = (new List<QuietPatient>(), new List<FaultOf>());
        if (plan.Request.Task.Population.Setting != CareSetting.Home || plan.Set.LookBack <= 2 * UnixMicros.PerDay)
        {
            return (quiet, faults);
        }

        var cellsOf = builder.CellsReader();
        foreach (var prediction in scored)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var key = KeyOf(prediction);
            faults.AddRange(MeasuringFaults.Of(vital => cellsOf(key, VitalSignCatalog.Default[vital].Index), key.AsOf).Select(f => new FaultOf(key.PatientId, f)));
            if (prediction.LastReading is { } last && prediction.AsOf - last > Silence.After
                && Silence.SentDaily(plan.Described.SelectMany(v => cellsOf(key, v.Index)), last.ToUnixMicros(), plan.Set.LookBack, key.AsOf))
            {
                quiet.Add(new(key.PatientId, last, prediction.Probability, prediction.Band));
            }
        }

        return (quiet, faults);
    }

    private static VectorKey KeyOf(Prediction prediction) => new(prediction.PatientId, prediction.AsOf.ToUnixMicros(), prediction.KnownBy.ToUnixMicros());

    private static IReadOnlyList<Trend> TrendsOf(RiskPlan plan, VectorBuilder builder, Prediction prediction)
    {
        var key = KeyOf(prediction);
        var zone = PatientRecord.ZoneAt(plan.Records.GetValueOrDefault(key.PatientId), key.KnownBy);
        Trend Of(VitalSign vital) => Trend.Of(vital, builder.CellsOf(key, vital.Index), plan.Set.LookBack, key.AsOf, zone);
        string[] ofReasons = [.. prediction.Reasons.Select(r => r.Vital).OfType<string>().Distinct(StringComparer.Ordinal)];
        return
        [
            .. ofReasons.Select(vital => Of(VitalSignCatalog.Default[vital])),
            .. plan.Described.Where(v => !ofReasons.Contains(v.Key)).Select(Of).Where(OutsideUsual.Has),
        ];
    }

    /// <summary>Why a patient is not scored; null for who is.</summary>
    private static string? WhyNot(RiskPlan plan, FeatureTable table, int row, in VectorKey key, VectorBuilder builder, MinimumReadings? minimum, double raw) =>
        !table.HasReading[row] ? $"no reading in the last {plan.Set.LookBack / UnixMicros.PerDay} days"
        : minimum is not null && !HasEnough(plan, table, row, key, builder, minimum) ? $"fewer than {minimum.InWords}"
        : double.IsNaN(raw) ? "the model gave no score"
        : null;

    private static bool HasEnough(RiskPlan plan, FeatureTable table, int row, VectorKey key, VectorBuilder builder, MinimumReadings minimum)
    {
        var within = minimum.Within.BclCompatibleTicks / 10;
        var needed = minimum.Vitals ?? 1;
        var vitals = new HashSet<string>(StringComparer.Ordinal);
        // A column that counts no further back is enough; what no column shows is counted.
        for (var c = 0; c < table.Columns.Count && vitals.Count < needed; c++)
        {
            if (table.Columns[c] is { Statistic: "count", VitalKey: { } vital } column && column.Window <= within && table.Values[c][row] >= minimum.Readings)
            {
                vitals.Add(vital);
            }
        }

        return vitals.Count >= needed || plan.Described.Count(vital =>
            vitals.Contains(vital.Key) || builder.CellsOf(key, vital.Index).Where(c => c.LastTime > key.AsOf - within).Sum(c => c.Readings) >= minimum.Readings) >= needed;
    }

    /// <summary>Age in years, the stated age and the time since it was stated; null where nobody stated it.</summary>
    private static double? AgeAt(Patient? roster, long asOf) => roster?.Age is { } stated
        ? stated + Math.Max(0, (asOf - roster.Known.ToUnixMicros()) / (365.25 * UnixMicros.PerDay))
        : null;

    private static ParquetTable ToParquet(IReadOnlyList<Prediction> predictions, RiskPlan plan)
    {
        T[] Column<T>(Func<Prediction, T> value) => [.. predictions.Select(value)];
        var table = new ParquetTable()
            .Text("patient_id", Column(p => p.PatientId))
            .Time("as_of", Column(p => p.AsOf.ToUnixMicros()))
            .Time("known_by", Column(p => p.KnownBy.ToUnixMicros()))
            .Text("task", Column(p => p.Task))
            .Text("model", Column(p => p.Model))
            .Text("run", Column(p => p.Run))
            .Float64("probability", Column(p => p.Probability))
            .Float64("raw", Column(p => p.Raw))
            .Float64("news2_low", Column(p => p.News2?.Low ?? double.NaN))
            .Float64("news2_point", Column(p => p.News2?.Point ?? double.NaN))
            .Float64("news2_high", Column(p => p.News2?.High ?? double.NaN))
            .Text("band", Column(p => p.Band?.ToString().ToLowerInvariant() ?? ""))
            .Text("reasons", Column(p => string.Join("; ", p.Reasons.Select(r => r.Text))))
            .Text("technical", Column(p => string.Join("; ", p.Technical.Select(r => r.Text))));
        return table;
    }

    private static async Task<LedgerOutput> WriteAsync(Lake lake, string path, ParquetTable table, CancellationToken cancellationToken)
    {
        var written = await lake.CreateDerivedAsync(path, table.ToBytes(), cancellationToken);
        return new LedgerOutput(path, table.Rows, written.Sha256);
    }

    private readonly record struct Scores(FeatureTable Table, List<Prediction> Scored, List<NotScored> NotScored);
}
