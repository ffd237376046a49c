using RemoteMonitoring.Cohorts.Simulation;
using Xunit.Abstractions;

namespace RemoteMonitoring.Cohorts.Tests.Simulation;

/// <summary>The simulated world may be neither hopeless nor easy: no single number foretells an admission, and most give no warning.</summary>
public sealed class BelievabilityTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void No_single_feature_foretells_admissions_and_most_come_without_warning(ulong seed)
    {
        var options = new SimulationOptions { Patients = 1000, Days = 180, Seed = seed };
        var cohort = HomeSimulator.Run(options);
        var grid = PatientGrid.Of(cohort, options);
        var ranked = Enumerable.Range(0, grid.Names.Count)
            .SelectMany(f => new[] { (Feature: f, Auroc: grid.Auroc(f, false)), (Feature: f, Auroc: grid.Auroc(f, true)) })
            .Where(a => !double.IsNaN(a.Auroc))
            .Select(a => (a.Feature, Auroc: Math.Max(a.Auroc, 1 - a.Auroc)))
            .OrderByDescending(a => a.Auroc)
            .ToList();
        var best = ranked[0];
        var adherence = ranked.First(a => grid.IsAdherence(a.Feature));
        var admitted = cohort.Truth.Episodes.Where(e => e.Admitted is not null).ToList();
        var silent = admitted.Count(e => !e.HasProdrome) / (double)admitted.Count;
        output.WriteLine(
            $"seed {seed}: {grid.Rows} rows, prevalence {grid.Prevalence:P2}, without prodrome {silent:P1} of {admitted.Count}, "
            + $"best {grid.Names[best.Feature]} {best.Auroc:F3}, adherence {grid.Names[adherence.Feature]} {adherence.Auroc:F3}");

        Assert.InRange(grid.Prevalence, 0.005, 0.02);
        Assert.True(silent >= 0.5, $"only {silent:P1} of the admissions come without a prodrome");
        Assert.True(best.Auroc < 0.75, $"{grid.Names[best.Feature]} alone has AUROC {best.Auroc:F3}");
        Assert.True(adherence.Auroc < 0.65, $"adherence alone ({grid.Names[adherence.Feature]}) has AUROC {adherence.Auroc:F3}");
    }
}
