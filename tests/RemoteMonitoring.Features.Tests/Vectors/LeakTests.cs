using NodaTime;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Tests.Resolution;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Features.Tests.Vectors;

/// <summary>What would give the label away, put where a vector must not look. Each test also shows that the vector sees it where it may.</summary>
public sealed class LeakTests
{
    private const int Patients = 40;

    private static readonly VectorKey[] s_keys = [.. Enumerable.Range(0, Patients).Select(p => new VectorKey(Id(p), History.AsOf, History.AsOf))];

    public static TheoryData<string> Sets => [.. FeatureSet.All.Select(s => s.Name)];

    [Theory]
    [MemberData(nameof(Sets))]
    public void A_reading_equal_to_the_label_that_became_known_after_known_by_changes_no_vector(string name)
    {
        var set = FeatureSet.Named(name);
        var without = Of(Readings());
        var telling = Enumerable.Range(0, Patients).Select(p => new Version(Id(p), "heart_rate", History.AsOf - UnixMicros.PerHour, Told(p), History.AsOf + 1));
        Assert.True(Same(without.Build(set, s_keys), Of(Readings().Concat(telling)).Build(set, s_keys)));

        // Known a microsecond earlier, it tells.
        var known = Of(Readings().Concat(telling.Select(v => v with { KnownFrom = History.AsOf }))).Build(set, s_keys);
        Assert.False(Same(without.Build(set, s_keys), known));
        var last = known.Values[known.IndexOf("heart_rate_last")];
        Assert.All(Enumerable.Range(0, Patients), p => Assert.Equal(Told(p), last[p]));
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void How_long_a_record_goes_on_after_as_of_changes_no_vector_even_by_somebody_who_knows_all_of_it(string name)
    {
        var set = FeatureSet.Named(name);
        VectorKey[] known = [.. s_keys, .. s_keys.Select(k => k with { KnownBy = History.AsOf + (60 * UnixMicros.PerDay) })];
        var ended = Of(Readings()).Build(set, known);
        foreach (var hours in (int[])[1, 30, 400])
        {
            // A sick patient's record ends early, as it does in many public data sets.
            var longer = Enumerable.Range(0, Patients).SelectMany(p => Enumerable.Range(1, IsSick(p) ? 1 : hours).Select(h => new Version(Id(p), "heart_rate", History.AsOf + (h * UnixMicros.PerHour), 80, History.AsOf + (h * UnixMicros.PerHour))));
            var census = Enumerable.Range(0, Patients).Select(p => new CensusEvent
            {
                PatientId = Id(p),
                Kind = IsSick(p) ? CensusKind.Died : CensusKind.Discharged,
                Effective = Assigned.At(History.AsOf) + Duration.FromHours(hours),
                Known = Assigned.At(History.AsOf) + Duration.FromHours(hours),
            });
            Assert.True(Same(ended, Of(Readings().Concat(longer), census).Build(set, known)));
        }

        // The same an hour and more before as-of: what has been is seen.
        var before = Readings().Concat(Enumerable.Range(0, Patients).Where(IsSick).Select(p => new Version(Id(p), "heart_rate", History.AsOf - 1, 80, History.AsOf - 1)));
        Assert.False(Same(ended, Of(before).Build(set, known)));
    }

    [Theory]
    [MemberData(nameof(Sets))]
    public void No_column_is_of_the_length_of_a_record_or_of_what_is_stated_at_its_end(string name) =>
        Assert.All(FeatureSet.Named(name).Columns, column =>
        {
            Assert.DoesNotMatch("(^|_)(length|los|until|remaining|survival|saps|sofa|total|rows|end|died|death)(_|$)", column.Name);
            Assert.DoesNotMatch("length of stay|until (the )?(discharge|death|end)|of the whole (stay|record)|after as-of", column.Meaning);
        });

    private static string Id(int patient) => $"p{patient:D2}";

    private static bool IsSick(int patient) => patient % 3 == 0;

    /// <summary>The label as a plausible heart rate.</summary>
    private static double Told(int patient) => IsSick(patient) ? VitalSignCatalog.Default["heart_rate"].High : VitalSignCatalog.Default["heart_rate"].Low;

    private static History Of(IEnumerable<Version> versions, IEnumerable<CensusEvent>? census = null) => new(
        [.. versions.OrderBy(v => v.Time)],
        new ReferenceData
        {
            Patients = [.. Enumerable.Range(0, Patients).Select(p => new Patient { PatientId = Id(p), CareTeamId = "t", Age = 70, Known = Assigned.At(History.AsOf - (90 * UnixMicros.PerDay)) })],
            Census =
            [
                .. Enumerable.Range(0, Patients).Select(p => new CensusEvent { PatientId = Id(p), Kind = CensusKind.Enrolled, Effective = Assigned.At(History.AsOf - (20 * UnixMicros.PerDay)), Known = Assigned.At(History.AsOf - (20 * UnixMicros.PerDay)) }),
                .. census ?? [],
            ],
        });

    /// <summary>Every two hours over two days.</summary>
    private static IEnumerable<Version> Readings() => Enumerable.Range(0, Patients).SelectMany(p => Enumerable.Range(1, 24).Select(i =>
        new Version(Id(p), "heart_rate", History.AsOf - (2 * i * UnixMicros.PerHour), 60 + ((p * 7) + (i * 3)) % 40, History.AsOf - (2 * i * UnixMicros.PerHour))));

    private static bool Same(FeatureTable a, FeatureTable b) => a.Values.Zip(b.Values, (x, y) => x.SequenceEqual(y)).All(same => same);
}
