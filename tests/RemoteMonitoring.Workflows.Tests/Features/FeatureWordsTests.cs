using System.Text;
using NodaTime;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Features;

namespace RemoteMonitoring.Workflows.Tests.Features;

/// <summary>What people are told of columns: explanations, dictionaries, and names that are nearly right.</summary>
public sealed class FeatureWordsTests
{
    private static readonly CancellationToken s_none = CancellationToken.None;

    [Theory]
    [InlineData("home")]
    [InlineData("acute")]
    [InlineData("home-detection")]
    public void Every_column_of_a_bundled_set_is_explained(string name)
    {
        var set = FeatureSet.Named(name);
        Assert.All(set.Columns, column =>
        {
            var explanation = FeatureExplanation.Of(set, column);
            Assert.False(string.IsNullOrWhiteSpace(explanation.Formula));
            Assert.False(string.IsNullOrWhiteSpace(explanation.From));
            Assert.Equal(column.Window > 0, explanation.Window is not null);
            Assert.Equal(column.VitalKey is not null && column.Statistic is "change" or "z", explanation.Baseline is not null);
            Assert.True(column.Statistic is not ("score" or "gain") || explanation.Source is not null);
        });
    }

    [Fact]
    public void The_bounds_of_a_window_are_half_open_and_stand_in_local_time_too()
    {
        var explanation = Assert.Single(FeatureExplanation.Find([FeatureSet.Home, FeatureSet.Acute], "spo2_z_3d"));
        var (asOf, london) = (Instant.FromUtc(2025, 3, 31, 23, 0), DateTimeZoneProviders.Tzdb["Europe/London"]);
        Assert.Equal("(as-of − 3d, as-of]", explanation.Window.ToString());
        Assert.Equal("(2025-03-28T23:00:00Z, 2025-03-31T23:00:00Z]", explanation.Window!.Value.At(asOf));
        // The clocks went forward in between: three days of 24 hours are what counts, and local clocks show it.
        Assert.Equal("(Fri 28 Mar 2025 23:00:00, Tue 1 Apr 2025 00:00:00] Europe/London", explanation.Window!.Value.At(asOf, london));
        Assert.Equal("(as-of − 28d, as-of − 3d]", explanation.Baseline.ToString());
        Assert.Equal("(2025-03-03T23:00:00Z, 2025-03-28T23:00:00Z]", explanation.Baseline!.Value.At(asOf));
    }

    [Fact]
    public void A_history_that_ends_before_the_day_says_so()
    {
        var explanation = Assert.Single(FeatureExplanation.Find([FeatureSet.HomeDetection], "prior_clinical_alert_agitation_7d"));
        Assert.Equal("(as-of − 8d, as-of − 24h]", explanation.Window.ToString());
        Assert.Contains("before the local day that ends at as-of", explanation.Column.Meaning, StringComparison.Ordinal);
        Assert.Contains("known when that day began", explanation.Formula, StringComparison.Ordinal);
    }

    [Fact]
    public void A_column_of_two_sets_is_explained_for_each_since_they_look_back_differently()
    {
        var both = FeatureExplanation.Find([FeatureSet.Home, FeatureSet.Acute], "heart_rate_last");
        Assert.Equal(["(as-of − 28d, as-of]", "(as-of − 48h, as-of]"], both.Select(e => e.Window.ToString()));
    }

    [Theory]
    [InlineData("spo2_men_3d", "spo2_mean_3d")]
    [InlineData("heart_rate_sloep_7d", "heart_rate_slope_7d")]
    [InlineData("since_", "since_enrolled")]
    public void A_name_that_is_nearly_right_finds_its_neighbour(string typed, string meant) =>
        Assert.Contains(meant, NearestNames.Of(typed, FeatureSet.Home.Columns.Select(c => c.Name)));

    [Fact]
    public void A_name_far_from_all_finds_none() => Assert.Empty(NearestNames.Of("zzzz", FeatureSet.Home.Columns.Select(c => c.Name)));

    [Fact]
    public void The_dictionary_has_a_row_for_each_column_of_the_table_in_order()
    {
        var set = FeatureSet.Acute;
        var table = FeatureStage.ToParquet(FeatureTable.Empty(set, []), []);
        var rows = FeatureDictionaryFile.Rows(set, false, null);
        Assert.Equal(table.ColumnNames, rows.Select(r => r[0]));
        Assert.All(rows, row =>
        {
            Assert.Equal(FeatureDictionaryFile.Header.Count, row.Count);
            Assert.Equal((set.Name, set.Hash), (row[^2], row[^1]));
            Assert.All((string[])["meaning", "type", "missing"], what => Assert.False(string.IsNullOrEmpty(row[FeatureDictionaryFile.Header.ToList().IndexOf(what)])));
        });
        Assert.DoesNotContain("RETROSPECTIVE", rows[2][1], StringComparison.Ordinal);
        Assert.Contains("RETROSPECTIVE", FeatureDictionaryFile.Rows(set, true, null)[2][1], StringComparison.Ordinal);
        Assert.Equal(["label", "label_known"], FeatureDictionaryFile.Rows(set, false, "Death").TakeLast(2).Select(r => r[0]));
    }

    [Fact]
    public async Task The_lake_keeps_one_dictionary_for_a_hash_and_never_replaces_it()
    {
        await using var home = new TempHome();
        await FeatureDictionaryFile.KeepAsync(home.Lake, FeatureSet.Home, s_none);
        var path = LakePaths.FeatureDictionary("home", FeatureSet.Home.Hash);
        home.Overwrite(path, "as it was");
        await FeatureDictionaryFile.KeepAsync(home.Lake, FeatureSet.Home, s_none);
        Assert.Equal("as it was", Encoding.UTF8.GetString(await home.Lake.ReadAsync(path, s_none)));
    }
}
