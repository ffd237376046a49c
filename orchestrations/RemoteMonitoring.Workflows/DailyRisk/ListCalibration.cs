using System.Globalization;
using NodaTime;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Drift;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>
/// Whether the probabilities of a model have held lately: outcomes observed to those expected, over the predictions of the <see cref="Window"/> before the latest instant whose outcome
/// is certain. Only then a list says how much it is expected to find.
/// </summary>
/// <param name="Observed">Predictions whose outcome came.</param>
/// <param name="Expected">Sum of their probabilities.</param>
/// <param name="Events">Expected events: a prediction a day that looks seven days ahead expects each event seven times.</param>
public sealed record ListCalibration(int Observed, double Expected, double Events)
{
    /// <summary>How far back it is looked from the latest instant whose outcome is certain.</summary>
    public static readonly Duration Window = Duration.FromDays(90);

    /// <summary>Lower end of what is taken for holding. Ours, as the other end: beyond it a list of ten expected is off by three.</summary>
    public const double LeastRatio = 0.7;

    /// <summary>Upper end.</summary>
    public const double MostRatio = 1.3;

    /// <summary>Of fewer expected events the ratio is chance: of ten it still varies by a third (1/√10).</summary>
    public const double FewestEvents = 10;

    /// <summary>Predictions that are read at the most: of more whole shards are left out, which are patients by hash.</summary>
    internal const long MostRows = 1_500_000;

    /// <summary>Observed to expected; NaN where nothing was expected.</summary>
    public double Ratio => Expected > 0 ? Observed / Expected : double.NaN;

    /// <summary>Whether a list may say what it is expected to find.</summary>
    public bool Holds => WhyNot is null;

    /// <summary>Why a list does not, in a sentence; null where it does.</summary>
    public string? WhyNot =>
        Events < FewestEvents ? string.Create(CultureInfo.InvariantCulture, $"How many of those listed will have the outcome is not said yet: too little has happened in the last {Window.Days} days to check the risks against it (by the risks {Events:0.#} events were to be expected; it takes {FewestEvents}).")
        : Ratio is >= LeastRatio and <= MostRatio ? null
        : string.Create(CultureInfo.InvariantCulture, $"How many of those listed will have the outcome is not said: in the last {Window.Days} days {Ratio:0.00} times as many had it as the risks said, and only from {LeastRatio} to {MostRatio} the figure would hold.");

    /// <summary>What is expected of a list; null where the probabilities have not held.</summary>
    public ExpectedYield? Of(IReadOnlyCollection<double> listed)
    {
        if (!Holds)
        {
            return null;
        }

        var (mean, low, high) = PoissonBinomial.Of(listed);
        return new(mean, low, high, Ratio);
    }

    /// <summary>
    /// Reads the predictions that nights of the same model left in the lake before this one, and the outcomes that this one knows. What a night scored with the future known does not count. Null where
    /// they cannot be read: the lists go out all the same.
    /// </summary>
    internal static async Task<ListCalibration?> TryMeasureAsync(Lake lake, RiskPlan plan, CancellationToken cancellationToken)
    {
        try
        {
            return await MeasureAsync(lake, plan, cancellationToken);
        }
        catch (LakeException e) when (!e.IsTransient)
        {
            return null;
        }
    }

    private static async Task<ListCalibration> MeasureAsync(Lake lake, RiskPlan plan, CancellationToken cancellationToken)
    {
        var (task, asOf) = (plan.Request.Task, plan.Request.AsOf);
        var endOfData = Instant.Min(asOf, TrainingStage.EndOfData(task, plan.Manifest, plan.Reference));
        var matured = new MaturedOutcomes(task, plan.Reference, endOfData).Latest;
        var last = Instant.Min(matured, asOf - Duration.FromNanoseconds(1000));
        var nights = (await NightsOnRecord.ReadAsync(lake, task.Name, asOf, cancellationToken)).Between(matured - Window, last, plan.Request.Model, plan.Model.Document.Training.TrainedUntil);
        var scores = await new NightTables(lake, new DeviceModels([])).ScoresAsync(Sample(nights), cancellationToken);
        if (scores.Count == 0)
        {
            return new(0, 0, 0);
        }

        var patients = scores.Select(s => s.PatientId).ToHashSet(StringComparer.Ordinal);
        var instants = task.Grid == AsOfGrid.OnceAfterEnrolment ? null : nights.Select(n => n.AsOf).Distinct().ToArray();
        var labels = Cohort.Build(task, Of(plan.Reference, patients), instants, endOfData).Rows.ToDictionary(r => (r.PatientId, r.AsOf.ToUnixMicros()), r => r.Label);
        var (observed, expected) = (0, 0.0);
        foreach (var score in scores)
        {
            if (labels.TryGetValue((score.PatientId, score.AsOf), out var label))
            {
                observed += label ? 1 : 0;
                expected += score.P;
            }
        }

        return new(observed, expected, expected / RowsOfAnEvent(task));
    }

    /// <summary>The first shards of each night, as many as keep the rows within bounds, at least one.</summary>
    private static IEnumerable<LedgerEntry> Sample(IReadOnlyList<LedgerEntry> nights)
    {
        var share = (double)MostRows / Math.Max(1, nights.Sum(n => (long)n.Scored));
        return share >= 1 ? nights : nights.Select(n => n with { Outputs = [.. n.Outputs.Where(o => ShardOf(o.Path) < Math.Max(1, (int)(share * n.Shards)))] });
    }

    private static int ShardOf(string path) =>
        int.TryParse(LakePaths.StemOf(path).Split('-')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var shard) ? shard : int.MaxValue;

    private static ReferenceData Of(ReferenceData reference, HashSet<string> patients) => reference with
    {
        Patients = [.. reference.Patients.Where(p => patients.Contains(p.PatientId))],
        Assignments = [.. reference.Assignments.Where(a => patients.Contains(a.PatientId))],
        Census = [.. reference.Census.Where(c => patients.Contains(c.PatientId))],
        Outcomes = [.. reference.Outcomes.Where(o => patients.Contains(o.PatientId))],
    };

    /// <summary>In how many rows of a grid one event counts, about.</summary>
    internal static int RowsOfAnEvent(TaskDefinition task) => (task.Grid, task.Horizon.Unit) switch
    {
        (AsOfGrid.DailyLocalMidnight, HorizonUnit.LocalDays) or (AsOfGrid.Hourly, HorizonUnit.Hours) => Math.Max(1, task.Horizon.Count),
        _ => 1,
    };
}
