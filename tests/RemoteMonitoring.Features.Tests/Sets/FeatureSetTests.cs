using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.Features.Tests.Sets;

public sealed class FeatureSetTests
{
    public static TheoryData<string> Names => ["home", "acute", "home-detection"];

    /// <summary>A changed hash separates stored vectors and models from this version's: change it here on purpose or not at all.</summary>
    [Theory]
    [InlineData("home", "e2d0f23d69f8f2d2")]
    [InlineData("acute", "776e06e1ad3171ac")]
    [InlineData("home-detection", "ad026d64d49a12c0")]
    public void The_hash_is_the_one_that_stored_vectors_and_models_carry(string name, string hash) => Assert.Equal(hash, FeatureSet.Named(name).Hash);

    [Theory]
    [MemberData(nameof(Names))]
    public void The_same_definition_has_the_same_hash_and_columns(string name)
    {
        var set = FeatureSet.Named(name);
        var again = FeatureSet.Of(FeatureSetDefinition.Parse(set.Definition.ToBytes()));
        Assert.Equal(set.Hash, again.Hash);
        Assert.Equal(set.Columns, again.Columns);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Any_change_of_the_definition_changes_the_hash(string name)
    {
        var definition = FeatureSet.Named(name).Definition;
        var group = definition.Groups[0];
        FeatureSetDefinition With(VitalGroup first) => definition with { Groups = [first, .. definition.Groups.Skip(1)] };
        FeatureSetDefinition[] changed =
        [
            definition,
            definition with { Name = "other" },
            definition with { Version = definition.Version + 1 },
            definition with { Description = "another" },
            definition with { Rollup = definition.Rollup == "day" ? "hour" : "day" },
            definition with { LookBack = "30d" },
            definition with { Groups = [.. definition.Groups.Reverse()] },
            With(group with { Vitals = [.. group.Vitals.Skip(1)] }),
            With(group with { Statistics = group.Statistics.Where(s => s.Key != "min").ToDictionary() }),
            With(group with { Statistics = group.Statistics.ToDictionary(s => s.Key, s => (IReadOnlyList<string>)[.. s.Value.Take(1)]) }),
            definition with { Roster = ["age"] },
            definition with { Conditions = [.. definition.Conditions, "asthma"] },
            definition with { Attributes = [.. definition.Attributes, "frailty"] },
            definition with { PriorOutcomes = new PriorOutcomes { Kinds = ["fall"], Days = [7] } },
            definition with { PriorOutcomes = new PriorOutcomes { Kinds = ["fall"], Days = [7, 180] } },
            definition with { PriorOutcomes = new PriorOutcomes { Kinds = ["fall"], Days = [7], Until = "day-before" } },
            definition with { Stay = ["since_enrolled"] },
            definition with { Scores = ["news2_point"] },
        ];
        Assert.Distinct(changed.Select(d => FeatureSet.Of(d).Hash));
    }

    [Theory]
    [InlineData("""{"name":"x"}""", "required properties")]
    [InlineData("""null""", "not null")]
    [InlineData("""{"schemaVersion":1,"schemaVersion":1}""", "line 1, schemaVersion: Duplicate property")]
    [InlineData("""{"schemaVersion":1,"nam":"x"}""", "line 1, nam: The JSON property 'nam' is none of a feature set")]
    [InlineData("{\n\"schemaVersion\": \"one\"}", "line 2, schemaVersion: the value is not of the kind that stands here")]
    [InlineData(Begin + "null}", "line 1, groups: null does not stand here")]
    [InlineData(Begin + "[null]}", "groups: null does not stand in this list")]
    [InlineData(Begin + """[{"vitals":["spo2"],"statistics":{"mean":null}}]}""", "groups.statistics: null does not stand in this list")]
    [InlineData(Begin + """[{"vitals":["spo2"],"statistics":{"mean":[null]}}]}""", "groups.statistics.mean: null does not stand in this list")]
    [InlineData(Begin + """[],"scores":[null]}""", "scores: null does not stand in this list")]
    [InlineData("""{"schemaVersion":1,"name":"x","lookAhead":"6h"}""", "line 1, lookAhead: The JSON property 'lookAhead' is none of a feature set")]
    [InlineData(Begin + """[{"vitals":["spo2"],"statistics":{"mean":["24h"]},"offset":"6h"}]}""", "The JSON property 'offset' is none of a feature set")]
    [InlineData("""{"schemaVersion":2,"name":"x","somethingNew":{"schemaVersion":1}}""", "schemaVersion 2: it is of a newer form; this version reads 1, so take a newer one")]
    [InlineData("{", "line 1: ")]
    [InlineData("", "line 1: ")]
    public void What_is_no_definition_is_one_line(string json, string says)
    {
        var fault = Assert.Throws<FormatException>(() => FeatureSetDefinition.Parse(System.Text.Encoding.UTF8.GetBytes(json)));
        Assert.Contains(says, fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
        Assert.DoesNotContain("RemoteMonitoring", fault.Message, StringComparison.Ordinal);
    }

    private const string Begin = """{"schemaVersion":1,"name":"x","version":1,"description":"","rollup":"day","lookBack":"7d","groups":""";

    public static TheoryData<Func<FeatureSetDefinition, FeatureSetDefinition>, string> Mistakes => new()
    {
        { d => d with { SchemaVersion = 2 }, "schemaVersion 2: this version reads 1" },
        { d => d with { Name = "Home!" }, "name 'Home!'" },
        { d => d with { Rollup = "week" }, "rollup 'week': there are 'day' and 'hour'" },
        { d => d with { LookBack = "28" }, "lookBack '28': a window is a whole number of hours or days" },
        { d => d with { LookBack = "1y" }, "lookBack '1y'" },
        { d => d with { LookBack = "121d" }, "no window is longer than 120 days" },
        { d => d with { LookBack = "6h", Groups = [Group("heart_rate", "count", "6h")] }, "scores need the last 24h" },
        { d => d with { Groups = [Group("heart_rat", "count", "24h")] }, "vital 'heart_rat': the catalog has none of this key" },
        { d => d with { Groups = [Group("heart_rate", "average", "24h")] }, "statistic 'average': there are count, adherence, mean" },
        { d => d with { Groups = [Group("heart_rate", "mean")] }, "'mean' needs windows" },
        { d => d with { Groups = [Group("heart_rate", "last", "24h")] }, "'last' has no windows of its own" },
        { d => d with { Groups = [Group("heart_rate", "mean", "29d")] }, "mean '29d': longer than the look back of 28d" },
        { d => d with { Groups = [Group("heart_rate", "z", "28d")] }, "z '28d': the look back of 28d leaves it no baseline" },
        { d => d with { Groups = [Group("heart_rate", "mean", "24h", "1d")] }, "column 'heart_rate_mean_24h' is asked for twice" },
        { d => d with { Groups = [Group("heart_rate", "mean", "24h") with { Part = "evening" }] }, "part 'evening': there are 'night' and 'daytime'" },
        // Windows end at as-of: there is no way to write one that goes on after it.
        { d => d with { LookBack = "-7d" }, "lookBack '-7d': a window is a whole number of hours or days" },
        { d => d with { LookBack = "0d" }, "lookBack '0d'" },
        { d => d with { Groups = [Group("heart_rate", "mean", "-24h")] }, "mean '-24h': a window is a whole number of hours or days" },
        { d => d with { Groups = [Group("heart_rate", "mean", "0h")] }, "mean '0h'" },
        { d => d with { Groups = [Group("heart_rate", "mean", "24h+6h")] }, "mean '24h+6h'" },
        { d => d with { Groups = [Group("heart_rate", "next", "24h")] }, "statistic 'next': there are count" },
        { d => d with { PriorOutcomes = new PriorOutcomes { Kinds = ["fall"], Days = [-7] } }, "priorOutcomes.days -7" },
        { d => d with { Stay = ["until_discharged"] }, "stay 'until_discharged'" },
        { d => d with { Stay = ["length_of_stay"] }, "stay 'length_of_stay'" },
        { d => d with { Roster = ["height"] }, "roster 'height'" },
        { d => d with { Stay = ["since"] }, "stay 'since'" },
        { d => d with { Scores = ["mews"] }, "score 'mews': there are news2_low" },
        { d => d with { PriorOutcomes = new PriorOutcomes { Kinds = ["fall"], Days = [0] } }, "priorOutcomes.days 0" },
        { d => d with { PriorOutcomes = new PriorOutcomes { Kinds = ["fall"], Days = [2_000_000_000] } }, "priorOutcomes.days 2000000000" },
        { d => d with { PriorOutcomes = new PriorOutcomes { Kinds = ["fall"], Days = [7], Until = "yesterday" } }, "priorOutcomes.until 'yesterday': there is 'day-before'" },
        { d => d with { PriorOutcomes = new PriorOutcomes { Kinds = ["fall:"], Days = [7] } }, "priorOutcomes.kinds 'fall:': a kind, or a kind and a detail" },
        { d => d with { Groups = [Group("heart_rate", "hourly_count_max", "24h") with { Part = "night" }] }, "'hourly_count_max' counts by the hour of the whole day" },
        { d => d with { Attributes = ["known_by"] }, "column 'known_by': every table has one of this name already" },
    };

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void A_mistake_in_a_definition_says_what_and_what_there_is(Func<FeatureSetDefinition, FeatureSetDefinition> mistake, string says) =>
        Assert.Contains(says, Assert.Throws<FormatException>(() => FeatureSet.Of(mistake(FeatureSet.Home.Definition))).Message, StringComparison.Ordinal);

    private static VitalGroup Group(string vital, string statistic, params string[] windows) =>
        new() { Vitals = [vital], Statistics = new Dictionary<string, IReadOnlyList<string>> { [statistic] = windows } };

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
                    "hourly_count_mean" or "hourly_count_sd" or "hourly_count_max" => "{readings}/h",
                    "age" => "h",
                    "z" or "cv" or "adherence" => "1",
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
