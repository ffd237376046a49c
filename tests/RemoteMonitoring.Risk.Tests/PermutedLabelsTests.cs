using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Training;

namespace RemoteMonitoring.Risk.Tests;

/// <summary>Labels dealt out anew between patients: what is still foreseen then has leaked. The same over real rows is a long test, end to end.</summary>
public sealed class PermutedLabelsTests
{
    private const int Patients = 150;
    private const int Days = 8;

    private static readonly TrainingSettings s_small = SyntheticCohort.Quick with { Resamples = 2, InnerFolds = 2, Boosting = SyntheticCohort.Quick.Boosting with { MaximumTrees = 30 } };

    [Fact]
    public void Labels_permuted_between_patients_are_not_foreseen_by_any_scorer()
    {
        // A patient's days are alike, in columns as in labels, so that who has seen one of them has seen the others.
        var patient = new Random(3);
        var severity = Enumerable.Range(0, Patients).Select(_ => (patient.NextDouble() * 4) - 2).ToArray();
        var at = 0;
        var (cohort, table) = SyntheticCohort.Make(Patients, Days, 6, 0.3, _ => (2 * severity[at++ / Days]) - 1);
        for (var row = 0; row < table.Rows; row++)
        {
            table.Values[4][row] = severity[row / Days];
        }

        var data = LabelledRows.Join(cohort, table);
        Assert.Equal(Patients * Days, data.Rows);
        var truth = (bool[])data.Label.Clone();
        Assert.True(Aurocs(data, 1).Model > 0.75, "the signal that the permutation is to take away is not there");

        var permuted = Enumerable.Range(1, 20).Select(seed =>
        {
            var order = Enumerable.Range(0, Patients).ToArray();
            new Random(seed).Shuffle(order);
            for (var row = 0; row < truth.Length; row++)
            {
                data.Label[row] = truth[(order[row / Days] * Days) + (row % Days)];
            }

            return Aurocs(data, seed);
        }).ToArray();
        Assert.InRange(permuted.Average(a => a.Model), 0.48, 0.52);
        Assert.InRange(permuted.Average(a => a.Logistic), 0.48, 0.52);
    }

    private static (double Model, double Logistic) Aurocs(LabelledRows data, int seed)
    {
        var metrics = Evaluator.Evaluate(data, [], SplitKind.NewPatients, s_small with { Seed = seed }, null, CancellationToken.None).Report.Metrics;
        return (metrics[MetricNames.Model][MetricNames.Auroc].Value, metrics[MetricNames.Logistic][MetricNames.Auroc].Value);
    }
}
