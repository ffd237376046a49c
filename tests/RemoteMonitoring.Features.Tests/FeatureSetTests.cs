using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.Features.Tests;

public sealed class FeatureSetTests
{
    public static TheoryData<string> Names => ["home", "acute"];

    /// <summary>A changed hash separates stored vectors and models from this version's: change it here on purpose or not at all.</summary>
    [Theory]
    [InlineData("home", "cb0fa64e9f4fc9a8")]
    [InlineData("acute", "03910451611a9add")]
    public void The_hash_is_the_one_that_stored_vectors_and_models_carry(string name, string hash) => Assert.Equal(hash, FeatureSet.Named(name).Hash);

    [Theory]
    [MemberData(nameof(Names))]
    public void The_same_definition_has_the_same_hash_and_columns(string name)
    {
        var set = FeatureSet.Named(name);
        var again = new FeatureSet(set.Definition with { Groups = [.. set.Definition.Groups] });
        Assert.Equal(set.Hash, again.Hash);
        Assert.Equal(set.Columns, again.Columns);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Any_change_of_the_definition_changes_the_hash(string name)
    {
        var definition = FeatureSet.Named(name).Definition;
        var group = definition.Groups[0];
        FeatureSetDefinition With(FeatureGroup first) => definition with { Groups = [first, .. definition.Groups.Skip(1)] };
        FeatureSetDefinition[] changed =
        [
            definition,
            definition with { Name = "other" },
            definition with { Version = definition.Version + 1 },
            definition with { LookBack = definition.LookBack + 1 },
            definition with { Groups = [.. definition.Groups.Reverse()] },
            With(group with { Vitals = [.. group.Vitals.Skip(1)] }),
            With(group with { Statistics = group.Statistics.Where(s => s.Key != Statistic.Min).ToDictionary() }),
            With(group with { Statistics = group.Statistics.ToDictionary(s => s.Key, s => (IReadOnlyList<int>)[.. s.Value.Select(h => h + 1)]) }),
            definition with { Conditions = [.. definition.Conditions, "asthma"] },
            definition with { Attributes = [.. definition.Attributes, "frailty"] },
            definition with { PriorOutcomes = [.. definition.PriorOutcomes, "fall"] },
            definition with { PriorOutcomeDays = [.. definition.PriorOutcomeDays, 180] },
            definition with { StayTimes = !definition.StayTimes },
        ];
        Assert.Distinct(changed.Select(d => new FeatureSet(d).Hash));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_column_has_a_name_of_its_own_a_unit_and_a_meaning(string name)
    {
        var columns = FeatureSet.Named(name).Columns;
        Assert.Distinct(columns.Select(c => c.Name));
        Assert.Distinct(columns.Select(c => c.Meaning));
        Assert.All(columns, column =>
        {
            Assert.Matches("^[a-z][a-z0-9]*(_[a-z0-9]+)*$", column.Name);
            Assert.False(string.IsNullOrWhiteSpace(column.Unit));
            Assert.False(string.IsNullOrWhiteSpace(column.Meaning));
            Assert.False(string.IsNullOrWhiteSpace(column.Statistic));
        });
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_column_of_a_vital_is_named_after_it_and_speaks_in_its_unit(string name) =>
        Assert.All(FeatureSet.Named(name).Columns.Where(c => c.VitalKey is not null), column =>
        {
            var vital = VitalSignCatalog.Default[column.VitalKey!];
            Assert.StartsWith(vital.Key + "_", column.Name, StringComparison.Ordinal);
            Assert.Contains(vital.Label, column.Meaning, StringComparison.Ordinal);
            Assert.True(column.Window is >= UnixMicros.PerHour and <= 28 * UnixMicros.PerDay);
            Assert.Equal(
                column.Statistic switch
                {
                    "count" => "{readings}",
                    "age" => "h",
                    "z" => "1",
                    "slope" => vital.Unit + "/d",
                    _ => vital.Unit,
                },
                column.Unit);
        });

    [Theory]
    [InlineData(6, "6h")]
    [InlineData(24, "24h")]
    [InlineData(48, "48h")]
    [InlineData(49, "49h")]
    [InlineData(72, "3d")]
    [InlineData(672, "28d")]
    public void Windows_are_named_in_hours_up_to_two_days(int hours, string window) => Assert.Equal(window, FeatureSet.WindowName(hours));

    [Fact]
    public void Names_of_sets_and_columns_that_are_not_there_say_so()
    {
        Assert.Contains("'home' and 'acute'", Assert.Throws<ArgumentException>(() => FeatureSet.Named("ward")).Message, StringComparison.Ordinal);
        var table = new VectorBuilder(FeatureSet.Home, new PatientObservations([]), new Dictionary<string, PatientRecord>()).Build([]);
        Assert.Contains("'spo2_mean_2d'", Assert.Throws<ArgumentException>(() => table.IndexOf("spo2_mean_2d")).Message, StringComparison.Ordinal);
        Assert.Equal("spo2_mean_3d", table.Columns[table.IndexOf("spo2_mean_3d")].Name);
    }
}
