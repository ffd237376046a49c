using RemoteMonitoring.Risk.Drift;
using static RemoteMonitoring.Risk.Tests.Drift.MadeUpRows;

namespace RemoteMonitoring.Risk.Tests.Drift;

public sealed class ColumnDriftTests
{
    [Fact]
    public void Draws_of_one_population_raise_no_alarm_whatever_the_seed()
    {
        var judged = 0;
        for (var seed = 0; seed < 100; seed++)
        {
            var drift = Of(Draw((2 * seed) + 1), Draw((2 * seed) + 2));
            Assert.All(drift, c => Assert.True(c.Verdict < DriftVerdict.Watch, $"{c.Name}, seed {seed}: PSI {c.Training!.Psi}"));
            judged += drift.Count(c => c.Verdict == DriftVerdict.Stable);
        }

        // No alarm because nothing is judged would be no merit.
        Assert.InRange(judged, 360, 400);
    }

    [Fact]
    public void Ten_patients_with_many_rows_are_too_few_to_judge_and_so_are_thirty_whose_difference_chance_may_make()
    {
        Assert.All(Of(Draw(1), Draw(2, patients: 10, rowsOfAPatient: 300)), c => Assert.Equal(DriftVerdict.TooFew, c.Verdict));
        var few = Of(Draw(1, patients: 40, rowsOfAPatient: 50), Draw(2, patients: 40, rowsOfAPatient: 50))[Weight];
        Assert.True(few.Training!.Psi >= DriftLimits.WatchPsi, "Days of a person are alike, so that forty people differ from forty others.");
        Assert.Equal(DriftVerdict.TooFew, few.Verdict);
    }

    [Fact]
    public void Fahrenheit_taken_for_Celsius_is_named_as_a_unit_and_only_in_its_column()
    {
        var drift = Of(Draw(1), Draw(2).With(Temperature, (t, _) => (t * 1.8) + 32));
        Assert.Equal((DriftVerdict.Drifted, DriftCause.Unit, "[degF]", null), Said(drift[Temperature]));
        Assert.All(drift.Where((_, c) => c != Temperature), c => Assert.Equal(DriftVerdict.Stable, c.Verdict));
    }

    [Fact]
    public void A_unit_that_one_device_model_states_otherwise_is_named_with_the_model()
    {
        var drift = Of(Draw(1, ofB: 0.5), Draw(2, ofB: 0.5).With(Weight, (w, model) => model == "B" ? w * 2.2046226 : w));
        Assert.Equal((DriftVerdict.Drifted, DriftCause.Unit, "[lb_av]", "B"), Said(drift[Weight]));
    }

    [Fact]
    public void Other_devices_on_the_same_people_are_a_change_of_mix()
    {
        var drift = Of(Draw(1, ofB: 0.15), Draw(2, ofB: 0.85))[Temperature];
        Assert.Equal((DriftVerdict.Drifted, DriftCause.DeviceMix, null, null), Said(drift));
        Assert.InRange(drift.Training!.PsiWithinDevices!.Value, 0, DriftLimits.WatchPsi);
        Assert.True(drift.Training.PsiOfDeviceMix >= DriftLimits.WatchPsi);
        Assert.Equal(1, drift.Training.ComparedDevices);
    }

    [Fact]
    public void People_who_changed_on_the_same_devices_are_a_change_of_population()
    {
        var drift = Of(Draw(1), Draw(2, shift: 0.4))[Temperature];
        Assert.Equal((DriftVerdict.Drifted, DriftCause.Population, null, null), Said(drift));
        Assert.InRange(drift.Training!.PsiOfDeviceMix!.Value, 0, DriftLimits.WatchPsi);
        // The shift is 0.4 of what varies: 0.25 √2 within a model, and half a degree between two.
        Assert.InRange(drift.Training.Distance, 0.4 / 0.6, 0.4 / 0.3);
    }

    [Fact]
    public void Both_at_a_time_are_both() => Assert.Equal(DriftCause.Both, Of(Draw(1, ofB: 0.1), Draw(2, ofB: 0.9, shift: 0.4))[Temperature].Training!.Cause);

    [Fact]
    public void Devices_that_the_reference_does_not_know_are_new()
    {
        var now = Draw(2, shift: 0.6);
        var drift = Of(Draw(1), now with { Devices = [.. now.Devices.Select(_ => "C")] })[Temperature].Training!;
        Assert.Equal((DriftCause.NewDevices, 0), (drift.Cause, drift.ComparedDevices));
        Assert.Null(drift.PsiWithinDevices);
    }

    [Fact]
    public void Where_no_model_is_on_record_that_is_said_and_nothing_is_taken_apart()
    {
        var drift = Of(Draw(1, withModels: false), Draw(2, shift: 0.4, withModels: false))[Temperature].Training!;
        Assert.Equal(DriftCause.NotToldApart, drift.Cause);
        Assert.Null(drift.PsiWithinDevices);
        Assert.Null(drift.PsiOfDeviceMix);
    }

    [Fact]
    public void What_no_device_tells_is_of_the_people_whatever_devices_they_have()
    {
        var columns = Columns.Select(c => c with { From = "reference" }).ToArray();
        var drift = ColumnDrift.Of(columns, Draw(2, ofB: 0.9), Draw(1, ofB: 0.1), null, default)[Temperature].Training!;
        Assert.Equal((DriftVerdict.Drifted, DriftCause.Population, null), (drift.Verdict, drift.Cause, drift.PsiWithinDevices));
        Assert.Equal("the people: no device tells it", DriftWords.Cause(drift));
    }

    [Fact]
    public void More_that_is_missing_counts_and_is_told_apart_from_other_values()
    {
        var drift = Of(Draw(1), Draw(2, missing: 0.8));
        Assert.Equal(DriftVerdict.Drifted, drift[HeartRate].Verdict);
        Assert.True(drift[HeartRate].Training!.IsMissingness);
        Assert.InRange(drift[HeartRate].Training!.Missing, 0.77, 0.83);
        Assert.InRange(drift[HeartRate].Training!.ReferenceMissing, 0.37, 0.43);
        Assert.False(Of(Draw(1), Draw(2, shift: 0.4))[Temperature].Training!.IsMissingness);
        Assert.Equal(DriftVerdict.Drifted, Of(Draw(1), Draw(2).With(Count, (_, _) => double.NaN))[Count].Verdict);
    }

    [Fact]
    public void Without_training_rows_the_stretch_before_judges_and_gives_the_bins()
    {
        var drift = ColumnDrift.Of(Columns, Draw(2, shift: 0.4), null, Draw(1), default);
        Assert.All(drift, c => Assert.Null(c.Training));
        Assert.Equal(DriftVerdict.Drifted, drift[Temperature].Verdict);
        Assert.Equal(DriftVerdict.Stable, drift[Weight].Verdict);
        Assert.All(ColumnDrift.Of(Columns, Draw(2), null, null, default), c => Assert.Equal(DriftVerdict.TooFew, c.Verdict));
    }

    [Fact]
    public void A_column_of_two_values_is_told_apart_whichever_of_them_is_the_rare_one()
    {
        double[] Of(double share) => [.. Enumerable.Range(0, 1000).Select(i => i < share * 1000 ? 1.0 : 0)];
        foreach (var (reference, now) in new[] { (0.05, 0.5), (0.95, 0.5) })
        {
            var bins = ColumnBins.Of(Of(reference));
            Assert.True(ColumnBins.Psi(bins.Shares(Of(now)), bins.Shares(Of(reference))) > DriftLimits.DriftedPsi);
            Assert.Equal(0, ColumnBins.Psi(bins.Shares(Of(reference)), bins.Shares(Of(reference))));
        }
    }

    [Fact]
    public void The_index_is_the_textbooks_and_no_share_is_less_than_the_least()
    {
        // (0.6 − 0.5) ln(0.6 ÷ 0.5) + (0.4 − 0.5) ln(0.4 ÷ 0.5)
        Assert.Equal(0.0405465, ColumnBins.Psi([0.6, 0.4], [0.5, 0.5]), 1e-6);
        Assert.Equal((1 - 1e-4) * Math.Log(1e4) * 2, ColumnBins.Psi([1, 0], [0, 1]), 1e-9);
    }

    [Fact]
    public void The_distance_is_how_far_values_move_in_standard_deviations()
    {
        double[] reference = [.. Enumerable.Range(0, 1001).Select(i => i / 100.0)];
        var deviation = Math.Sqrt(reference.Average(v => (v - 5) * (v - 5)));
        Assert.Equal(2 / deviation, TransportDistance.Of(reference.Select(v => v + 2), reference), 1e-9);
        Assert.Equal(100 / deviation, TransportDistance.Of(reference.Select(v => v - 100).Append(double.NaN), reference), 1e-9);
        Assert.Equal(0, TransportDistance.Of([3], [3]));
        Assert.True(double.IsNaN(TransportDistance.Of([4], [3])));
        Assert.True(double.IsNaN(TransportDistance.Of([double.NaN], reference)));
    }

    private static IReadOnlyList<ColumnDrift> Of(DriftRows training, DriftRows now) => ColumnDrift.Of(Columns, now, training, null, default);

    private static (DriftVerdict, DriftCause?, string?, string?) Said(ColumnDrift drift) =>
        (drift.Training!.Verdict, drift.Training.Cause, drift.Training.LooksLikeUnit, drift.Training.LooksLikeUnitOf);
}
