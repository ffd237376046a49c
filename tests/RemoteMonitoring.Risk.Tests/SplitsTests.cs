using CsCheck;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Risk.Training;

namespace RemoteMonitoring.Risk.Tests;

public sealed class SplitsTests
{
    private static readonly LabelledRows s_data = SyntheticCohort.Rows(60, 30, 3, 0.1, row => -2);

    [Fact]
    public void No_patient_is_in_training_and_test()
    {
        foreach (var fold in Splits.ByPatient(s_data, 5, 1, long.MinValue))
        {
            var train = fold.Train.Select(r => s_data.PatientId[r]).ToHashSet();
            Assert.DoesNotContain(fold.Test, r => train.Contains(s_data.PatientId[r]));
        }
    }

    [Fact]
    public void Every_row_is_held_out_exactly_once()
    {
        var tested = Splits.Of(SplitKind.NewPatients, s_data, 5, 1).SelectMany(f => f.Test).Order();
        Assert.Equal(Enumerable.Range(0, s_data.Rows), tested);
    }

    [Fact]
    public void Folds_are_a_function_of_ids_events_and_salt_whatever_the_order() =>
        Gen.Select(Gen.Bool.Array[20, 60], Gen.Int[2, 5], Gen.Int[0, 99]).Sample((events, folds, seed) =>
        {
            var ids = events.Select((_, i) => $"patient-{i}").ToArray();
            var one = GroupedFolds.OfPatients(ids, events, folds, "salt");
            var shuffled = Enumerable.Range(0, ids.Length).ToArray();
            new Random(seed).Shuffle(shuffled);
            var other = GroupedFolds.OfPatients([.. shuffled.Select(i => ids[i])], [.. shuffled.Select(i => events[i])], folds, "salt");
            for (var i = 0; i < shuffled.Length; i++)
            {
                Assert.Equal(one[shuffled[i]], other[i]);
            }
        });

    [Fact]
    public void Patients_with_events_are_shared_out_evenly()
    {
        bool[] events = [.. Enumerable.Range(0, 50).Select(i => i % 5 == 0)];
        var folds = GroupedFolds.OfPatients([.. events.Select((_, i) => $"{i}")], events, 5, "s");
        Assert.All(Enumerable.Range(0, 5), f => Assert.Equal(2, Enumerable.Range(0, 50).Count(i => events[i] && folds[i] == f)));
        Assert.All(Enumerable.Range(0, 5), f => Assert.Equal(10, folds.Count(x => x == f)));
    }

    [Fact]
    public void Forward_windows_purge_what_was_not_certain_at_their_start()
    {
        var folds = Splits.Forward(s_data, 4).ToArray();
        foreach (var fold in folds)
        {
            var start = fold.Test.Min(r => s_data.AsOf[r]);
            Assert.All(fold.Train, r => Assert.True(s_data.LabelKnown[r] <= start));
            // Horizon of a day and delay of a day: the two days before the window are purged, no more.
            Assert.Equal(start - (2 * Telemetry.UnixMicros.PerDay), fold.Train.Max(r => s_data.AsOf[r]));
        }

        Assert.Equal(folds.Sum(f => f.Test.Length), folds.SelectMany(f => f.Test).Distinct().Count());
    }

    [Fact]
    public void New_patients_at_later_times_are_neither_known_nor_of_the_past()
    {
        foreach (var fold in Splits.Of(SplitKind.NewPatientsLater, s_data, 4, 1))
        {
            var train = fold.Train.Select(r => s_data.PatientId[r]).ToHashSet();
            var start = fold.Test.Min(r => s_data.AsOf[r]);
            Assert.DoesNotContain(fold.Test, r => train.Contains(s_data.PatientId[r]));
            Assert.All(fold.Train, r => Assert.True(s_data.LabelKnown[r] <= start));
        }
    }

    [Fact]
    public void A_row_without_a_vector_is_refused()
    {
        var (cohort, table) = SyntheticCohort.Make(3, 5, 2, 0, row => 0);
        var shorter = SyntheticCohort.Table(table.PatientId[1..], table.AsOf[1..], [.. table.Values.Select(v => v[1..])]);
        var e = Assert.Throws<ArgumentException>(() => LabelledRows.Join(cohort, shorter));
        Assert.Contains("1 of 15", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Stated_windows_hold_out_their_local_days_and_learn_from_what_was_certain_before()
    {
        // Rows of 7 January to 5 February; labels are certain two days after as-of.
        var windows = new ForwardWindows { First = new(2025, 1, 20), Days = 7, Count = 3 };
        var folds = Splits.Forward(s_data, windows).ToArray();
        Assert.Equal([0, 1, 2], folds.Select(f => f.Number));
        for (var w = 0; w < 3; w++)
        {
            var (first, last) = (windows.First.PlusDays(7 * w), windows.First.PlusDays((7 * w) + 6));
            var from = first.AtMidnight().InUtc().ToInstant().ToUnixTimeTicks() / 10;
            Assert.Equal(Enumerable.Range(0, s_data.Rows).Where(r => s_data.Day[r] >= first && s_data.Day[r] <= last), folds[w].Test);
            Assert.NotEmpty(folds[w].Test);
            Assert.Equal(Enumerable.Range(0, s_data.Rows).Where(r => s_data.LabelKnown[r] <= from), folds[w].Train);
            Assert.NotEmpty(folds[w].Train);
        }
    }

    [Fact]
    public void Windows_before_all_rows_have_nothing_to_learn_from_or_to_foresee() =>
        Assert.All(Splits.Forward(s_data, new ForwardWindows { First = new(2024, 1, 1), Days = 7, Count = 2 }), f => Assert.Empty(f.Test.Concat(f.Train)));
}
