using NodaTime;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Risk.Training;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Risk.Tests;

/// <summary>Made-up patients with one row a day, columns drawn at random, and labels that follow what a test plants.</summary>
internal static class SyntheticCohort
{
    internal static readonly Instant Start = Instant.FromUtc(2025, 1, 6, 0, 0);

    internal static readonly TaskDefinition Task = BundledTasks.TihmAlertNextDay with { MinimumUnderMonitoring = Duration.FromHours(1) };

    /// <summary>Settings small enough for a test.</summary>
    internal static readonly TrainingSettings Quick = new()
    {
        Seed = 1,
        Resamples = 40,
        Boosting = new() { ExtraTrees = false, Bags = 1, LearningRate = 0.1, MaximumTrees = 60, Patience = 10, Leaves = 7, MinimumRowsPerLeaf = 10, FeatureFraction = 0.8 },
    };

    /// <summary>
    /// <paramref name="logOdds"/> sees the row's columns; each column is missing with probability <paramref name="missing"/>.
    /// </summary>
    internal static (Cohort Cohort, FeatureTable Table) Make(
        int patients, int days, int columns, double missing, Func<double[], double> logOdds, int seed = 5)
    {
        var random = new Random(seed);
        var census = new List<CensusEvent>();
        var outcomes = new List<Outcome>();
        var roster = new List<Patient>();
        var ids = new List<string>();
        var asOfs = new List<long>();
        var values = Enumerable.Range(0, columns).Select(_ => new List<double>()).ToArray();
        for (var p = 0; p < patients; p++)
        {
            var id = $"p{p:D4}";
            roster.Add(new() { PatientId = id, CareTeamId = "team", Known = Start });
            census.Add(new() { PatientId = id, Kind = CensusKind.Enrolled, Effective = Start, Known = Start });
            for (var d = 1; d <= days; d++)
            {
                var asOf = Start + Duration.FromDays(d);
                var row = new double[columns];
                for (var c = 0; c < columns; c++)
                {
                    row[c] = random.NextDouble() < missing ? double.NaN : Math.Round((random.NextDouble() * 4) - 2, 3);
                    values[c].Add(row[c]);
                }

                ids.Add(id);
                asOfs.Add(asOf.ToUnixMicros());
                if (random.NextDouble() < 1 / (1 + Math.Exp(-logOdds(row))))
                {
                    var time = asOf + Duration.FromHours(10);
                    outcomes.Add(new() { PatientId = id, Kind = "clinical-alert", Effective = time, Known = time });
                }
            }
        }

        var reference = new ReferenceData { Patients = roster, Census = census, Outcomes = outcomes };
        var cohort = Cohort.Build(Task, reference, Start + Duration.FromDays(days + 2));
        return (cohort, Table([.. ids], [.. asOfs], [.. values.Select(v => v.ToArray())]));
    }

    internal static FeatureTable Table(string[] ids, long[] asOf, double[][] values, string hash = "set-1") => new()
    {
        SetName = "synthetic",
        SetHash = hash,
        Columns = [.. values.Select((_, c) => Column(c))],
        PatientId = ids,
        AsOf = asOf,
        Values = values,
        News2Low = new double[ids.Length],
        News2Point = [.. values[0].Select(v => double.IsNaN(v) ? double.NaN : Math.Round(v + 2))],
        News2High = new double[ids.Length],
        HasReading = [.. ids.Select(_ => true)],
    };

    internal static LabelledRows Rows(
        int patients, int days, int columns, double missing, Func<double[], double> logOdds, int seed = 5)
    {
        var (cohort, table) = Make(patients, days, columns, missing, logOdds, seed);
        return LabelledRows.Join(cohort, table);
    }

    private static FeatureColumn Column(int c) => new()
    {
        Name = $"vital{c / 2}_stat{c % 2}",
        VitalKey = c < 6 ? $"vital{c / 2}" : null,
        Statistic = $"stat{c % 2}",
        Unit = "1",
        Meaning = $"statistic {c % 2} of vital {c / 2}",
    };
}
