using NodaTime;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Risk.Training;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Risk.Tests;

public sealed class EvaluationVariantTests
{
    private const int Hours = 30;

    private static readonly Lazy<EvaluationResult> s_evaluated = new(() => Evaluator.Evaluate(
        Stays(), [], SplitKind.NewPatients, SyntheticCohort.Quick, null, CancellationToken.None));

    /// <summary>
    /// Two hundred stays of thirty hours, every fourth with sepsis, of which every fifth from the first hour on. Column
    /// <c>vital0_stat0</c> rises with the label, the other three follow nothing.
    /// </summary>
    private static LabelledRows Stays()
    {
        var task = BundledTasks.Named("sepsis-hourly") with
        {
            Ablations =
            [
                new() { Name = "without the signal", Without = ["vital0_stat0"] },
                new() { Name = "without noise", Without = ["vital1_*"] },
            ],
        };
        var random = new Random(7);
        var reference = new ReferenceData
        {
            Patients = [.. Ids.Select(id => new Patient { PatientId = id, CareTeamId = "icu", Known = SyntheticCohort.Start })],
            Census =
            [
                .. Ids.Select(id => new CensusEvent { PatientId = id, Kind = CensusKind.Enrolled, Effective = SyntheticCohort.Start, Known = SyntheticCohort.Start }),
                .. Ids.Select(id => new CensusEvent { PatientId = id, Kind = CensusKind.Discharged, Effective = End, Known = End }),
            ],
            Outcomes = [.. Ids.Index().Where(p => p.Index % 4 == 0).Select(p => new Outcome
            {
                PatientId = p.Item,
                Kind = "sepsis-window",
                Effective = SyntheticCohort.Start + Duration.FromHours(p.Index % 20 == 0 ? 0 : 8 + (p.Index % 15)),
                Known = End,
            })],
        };
        var cohort = Cohort.Build(task, reference, End);
        Assert.Equal(Ids.Length * Hours, cohort.Rows.Count);
        double[] Noise() => [.. cohort.Rows.Select(_ => random.NextDouble())];
        var signal = cohort.Rows.Select(r => random.NextDouble() + (r.Label ? 0.5 : 0)).ToArray();
        return LabelledRows.Join(cohort, SyntheticCohort.Table(
            [.. cohort.Rows.Select(r => r.PatientId)], [.. cohort.Rows.Select(r => r.AsOf.ToUnixMicros())], [signal, Noise(), Noise(), Noise()]));
    }

    private static string[] Ids { get; } = [.. Enumerable.Range(0, 200).Select(p => $"p{p:D3}")];

    private static Instant End { get; } = SyntheticCohort.Start + Duration.FromHours(Hours - 1) + Duration.FromSeconds(1);

    private static EvaluationVariant Variant(string columns, string population) =>
        Assert.Single(s_evaluated.Value.Report.Variants, v => v.Columns == columns && v.Population == population);

    [Fact]
    public void Every_set_of_columns_stands_on_every_population_beside_the_model_as_it_is()
    {
        Assert.Equal(6, s_evaluated.Value.Report.Variants.Count);
        var model = Variant(EvaluationVariant.AllColumns, EvaluationVariant.AllPatients);
        Assert.Equal((4, 200 * Hours, 200), (model.ColumnCount, model.Rows, model.Patients));
        var metrics = s_evaluated.Value.Report.Metrics[MetricNames.Model];
        Assert.Equal(metrics[MetricNames.Auprc], model.Auprc);
        Assert.Equal(metrics[MetricNames.Auroc], model.Auroc);
        Assert.Equal(metrics[MetricNames.Utility].Value, model.Utility!.Value, 12);
    }

    [Fact]
    public void What_a_column_says_is_lost_without_it_and_noise_is_not_missed()
    {
        Assert.True(Variant(EvaluationVariant.AllColumns, EvaluationVariant.AllPatients).Auroc.Value > 0.8);
        Assert.Equal(2, Variant("without noise", EvaluationVariant.AllPatients).ColumnCount);
        Assert.True(Variant("without noise", EvaluationVariant.AllPatients).Auroc.Value > 0.8);
        Assert.Equal(3, Variant("without the signal", EvaluationVariant.AllPatients).ColumnCount);
        Assert.InRange(Variant("without the signal", EvaluationVariant.AllPatients).Auroc.Value, 0.4, 0.6);
    }

    [Fact]
    public void Patients_who_had_the_outcome_at_their_first_row_are_left_out_once()
    {
        var without = Variant(EvaluationVariant.AllColumns, EvaluationVariant.WithoutFirstRow);
        Assert.Equal((190, 190 * Hours), (without.Patients, without.Rows));
        Assert.Equal(s_evaluated.Value.Report.Events - (10 * Hours), without.Events);
    }

    [Fact]
    public void Utility_can_be_worked_out_again_from_the_held_out_rows()
    {
        var rows = s_evaluated.Value.HeldOut;
        var byPatient = Enumerable.Range(0, rows.Rows).GroupBy(r => rows.PatientId[r]).Select(g => g.OrderBy(r => rows.AsOf[r]).ToArray()).ToArray();
        var score = SepsisScorer.Score(
            [.. byPatient.Select(p => p.Select(r => rows.Label[r]).ToArray())],
            [.. byPatient.Select(p => p.Select(r => rows.Alert[r]).ToArray())],
            [.. byPatient.Select(p => p.Select(r => rows.P[r]).ToArray())]);
        Assert.Equal(score.Utility, s_evaluated.Value.Report.Metrics[MetricNames.Model][MetricNames.Utility].Value, 9);
        Assert.True(score.Utility > 0.2);
    }

    [Fact]
    public void The_threshold_is_the_one_that_gains_the_most_on_the_training_patients()
    {
        // Alerts at as many rows as have the outcome would be another threshold.
        var data = Stays();
        int[] rows = [.. Enumerable.Range(0, data.Rows)];
        var trees = CrossFitting.Train(data, rows, SyntheticCohort.Quick, CancellationToken.None);
        var raw = trees.Trees.Ensemble.Raw(data.Matrix, rows);
        double At(double threshold) => SepsisScorer.Normalised(data.AlertGain, Array.ConvertAll(raw, r => r >= threshold));
        Assert.True(At(trees.AlertRaw) > At(CrossFitting.AlertThreshold(raw, data.Label)) - 0.02);
        Assert.InRange(At(trees.AlertRaw), 0.9 * At(SepsisScorer.BestThreshold(raw, data.AlertGain!)), 1);
    }

    [Fact]
    public void A_report_keeps_its_variants() =>
        Assert.Equal(s_evaluated.Value.Report.Variants, EvaluationReport.FromJson(s_evaluated.Value.Report.ToJson()).Variants);
}
