using CsCheck;

using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Features.Tests.Vectors;

public sealed class VectorBuilderPropertyTests
{
    private static readonly Gen<FeatureSet> s_set = Gen.OneOf(FeatureSet.Home, FeatureSet.Acute, FeatureSet.IcuHourly, FeatureSet.HomeDetection);

    [Fact]
    public void Every_column_is_what_it_is_said_to_mean() => Gen.Select(s_set, History.Any, History.Key).Sample((set, history, key) =>
    {
        var table = history.Build(set, key);
        var plain = new PlainVector(history, set, key);
        for (var c = 0; c < table.Columns.Count; c++)
        {
            var (expected, actual) = (plain.Value(table.Columns[c]), table.Values[c][0]);
            Assert.True(
                expected.Equals(actual) || Math.Abs(expected - actual) <= Tolerance(plain, table.Columns[c], expected),
                $"{table.Columns[c].Name}: expected {expected:R}, is {actual:R}");
        }

        Assert.Equal(table.Values[table.IndexOf("news2_low")], table.News2Low);
        Assert.Equal(table.Values[table.IndexOf("news2_point")], table.News2Point);
        Assert.Equal(table.Values[table.IndexOf("news2_high")], table.News2High);
    }, iter: 1500);

    [Fact]
    public void Nothing_effective_after_as_of_or_known_after_known_by_ever_changes_a_vector() =>
        Gen.Select(s_set, History.Any, History.Key).Sample((set, history, key) =>
            Same(history.Build(set, key), history.Before(key.AsOf, key.KnownBy).Build(set, key)), iter: 2000);

    [Fact]
    public void Other_patients_never_change_a_vector() => Gen.Select(s_set, History.Any, History.Key).Sample((set, history, key) =>
    {
        var alone = new History(
            [.. history.Versions.Where(v => v.Patient == key.PatientId)],
            history.Reference with
            {
                Patients = [.. history.Reference.Patients.Where(p => p.PatientId == key.PatientId)],
                Outcomes = [.. history.Reference.Outcomes.Where(o => o.PatientId == key.PatientId)],
                Census = [.. history.Reference.Census.Where(c => c.PatientId == key.PatientId)],
            });
        return Same(history.Build(set, key), alone.Build(set, key));
    }, iter: 500);

    [Fact]
    public void The_order_of_rows_and_the_company_they_are_in_change_nothing() =>
        Gen.Select(s_set, History.Any, History.Key.Array[1, 6]).Sample((set, history, keys) =>
        {
            var (forward, backward) = (history.Build(set, keys), history.Build(set, [.. keys.Reverse()]));
            for (var row = 0; row < keys.Length; row++)
            {
                var alone = history.Build(set, keys[row]);
                Assert.Equal((keys[row].PatientId, keys[row].AsOf), (forward.PatientId[row], forward.AsOf[row]));
                for (var c = 0; c < forward.Values.Length; c++)
                {
                    Assert.Equal(alone.Values[c][0], forward.Values[c][row]);
                    Assert.Equal(alone.Values[c][0], backward.Values[c][keys.Length - 1 - row]);
                }
            }
        }, iter: 200);

    [Fact]
    public void The_days_into_which_observations_are_cut_change_nothing() => Gen.Select(s_set, History.Any, History.Key).Sample((set, history, key) =>
        Same(history.Build(set, key), new VectorBuilder(set, history.ObservationsByDay(), PatientRecord.Index(history.Reference)).Build([key])), iter: 500);

    [Fact]
    public void Rollups_and_only_the_readings_they_do_not_speak_of_give_the_same_to_the_last_bit() => Gen.Select(s_set, History.Any, History.Key.Array[1, 4]).Sample((set, history, keys) =>
    {
        var records = PatientRecord.Index(history.Reference);
        var rollups = history.Rollups(set);
        var needed = keys.SelectMany(k =>
        {
            var zone = PatientRecord.ZoneAt(records.GetValueOrDefault(k.PatientId), k.KnownBy);
            return VectorReads.Readings(set, zone, k.AsOf, k.KnownBy, (kind, date) => rollups.IsCutBy(k.PatientId, zone) && rollups.Has(kind, date));
        }).ToArray();
        var days = history.Days().Where(d => needed.Any(n => n.After < (d.Key + 1) * UnixMicros.PerDay && n.To >= d.Key * UnixMicros.PerDay)).Select(d => d.Value);
        return Same(history.Build(set, keys), new VectorBuilder(set, new PatientObservations([.. days]), records, rollups).Build(keys));
    }, iter: 2000);

    [Fact]
    public void Unknown_is_NaN_and_only_counts_are_zero() => Gen.Select(s_set, History.Key).Sample((set, key) =>
    {
        var table = new History([], new Telemetry.Reference.ReferenceData()).Build(set, key);
        return table.Columns.Select((column, c) => column.Statistic is "count" or "adherence" && column.VitalKey is not null ? table.Values[c][0] == 0 : double.IsNaN(table.Values[c][0])).All(ok => ok)
            && double.IsNaN(table.News2Low[0]) && double.IsNaN(table.News2Point[0]) && double.IsNaN(table.News2High[0]);
    }, iter: 20);

    /// <summary>Bit for bit.</summary>
    private static bool Same(FeatureTable a, FeatureTable b) =>
        a.Values.Zip(b.Values, (x, y) => x.SequenceEqual(y)).All(same => same)
        && a.News2Low.SequenceEqual(b.News2Low) && a.News2Point.SequenceEqual(b.News2Point) && a.News2High.SequenceEqual(b.News2High);

    /// <summary>Readings, counts and ages exactly; what is computed of them to 1e-9 of its size, or of 1 where it cancels out.</summary>
    private static double Tolerance(PlainVector plain, FeatureColumn column, double expected) => column.Statistic switch
    {
        "mean" or "sd" or "cv" or "change" or "z" => 1e-9 * Math.Max(1, Math.Abs(expected)),
        "slope" => plain.SlopeTolerance(column),
        _ => 0,
    };
}
