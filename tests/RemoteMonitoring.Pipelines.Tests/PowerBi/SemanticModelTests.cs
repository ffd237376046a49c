using System.Text.RegularExpressions;
using RemoteMonitoring.Workflows.ReportTables;

namespace RemoteMonitoring.Pipelines.Tests.PowerBi;

[Collection(ExportedOnce.Name)]
public sealed partial class SemanticModelTests(ExportedHome home)
{
    private static readonly SemanticModel s_model = SemanticModel.Read();

    /// <summary>Type in the model, kind in the M of partitions, and type in Parquet, as another engine names it.</summary>
    private static readonly (string Model, string Kind, string[] Parquet)[] s_types =
        [("string", "text", ["VARCHAR"]), ("int64", "int", ["INTEGER"]), ("double", "number", ["DOUBLE"]), ("dateTime", "time", ["TIMESTAMP WITH TIME ZONE", "TIMESTAMP"]), ("boolean", "flag", ["BOOLEAN"])];

    public static TheoryData<string> Tables => [.. s_model.Tables.Keys];

    [Fact]
    public void The_model_has_the_tables_that_the_program_writes_and_no_others() =>
        Assert.Equal(ReportSchema.All.Select(t => t.Name).Order(StringComparer.Ordinal), s_model.Tables.Keys.Order(StringComparer.Ordinal));

    [Fact]
    public void The_data_dictionary_is_that_of_the_schema() => Assert.Equal(ReportSchemaText.ToMarkdown(), Repository.Read("pipelines/powerbi/data-dictionary.md"));

    [Theory]
    [MemberData(nameof(Tables))]
    public async Task Every_column_is_in_the_Parquet_that_was_written_with_the_matching_type(string table)
    {
        var columns = s_model.Tables[table].Of("column").ToArray();
        Assert.All(columns, c => Assert.Equal(c.Name, c["sourceColumn"]));
        Assert.All(columns, c => Assert.Equal("none", c["summarizeBy"]));
        var schema = ReportSchema.Named(table);
        Assert.Equal(schema.Columns.Select(c => (c.Name, c.Meaning)), columns.Select(c => (c.Name, c.Description)));
        var files = await home.FilesAsync(table);
        // Of the days of the home nobody had an urgent reading.
        Assert.True(files.Count > 0 || table == "fact_alert", $"{table} has no file.");
        foreach (var file in files)
        {
            var types = (await ExportedHome.QueryAsync($"DESCRIBE SELECT * FROM read_parquet('{file}', hive_partitioning = false)")).ToDictionary(r => (string)r["column_name"]!, r => (string)r["column_type"]!);
            Assert.Equal(columns.Select(c => c.Name), types.Keys);
            Assert.All(columns, c => Assert.Contains(types[c.Name], s_types.Single(t => t.Model == c["dataType"]).Parquet));
        }
    }

    [Theory]
    [MemberData(nameof(Tables))]
    public void A_partition_reads_its_table_with_the_columns_of_the_model_and_facts_by_increments(string table)
    {
        var (declared, schema) = (s_model.Tables[table], ReportSchema.Named(table));
        var partition = Assert.Single(declared.Of("partition"));
        Assert.Equal((table, "m", "import"), (partition.Name, partition.Value, partition["mode"]));
        var columns = string.Join(", ", declared.Of("column").Select(c => $"{{\"{c.Name}\", \"{s_types.Single(t => t.Model == c["dataType"]).Kind}\"}}"));
        var isCut = schema.Cut != ReportCut.Whole;
        var expected = $"let\n    Source = ReadTable(\"{table}\", {{{columns}}}, {(isCut ? "RangeStart, RangeEnd" : "null, null")})\nin\n    Source";
        Assert.Equal(expected, partition["source"]);
        Assert.Equal(isCut ? 1 : 0, declared.Of("refreshPolicy").Count());
        foreach (var policy in declared.Of("refreshPolicy"))
        {
            Assert.Equal(("basic", "month", expected), (policy["policyType"], policy["incrementalGranularity"], policy["sourceExpression"]));
            // A month more than the export makes anew: it may be refreshed in the month after.
            Assert.True(int.Parse(policy["incrementalPeriods"]!, System.Globalization.CultureInfo.InvariantCulture) > ReportStage.MonthsRewritten);
        }
    }

    [Fact]
    public void The_parameters_are_there_and_each_query_reads_only_what_is()
    {
        var expressions = s_model.All.SelectMany(f => f.Of("expression")).ToDictionary(e => e.Name, e => e.Value, StringComparer.Ordinal);
        Assert.Equal(["Cohort", "Container", "Files", "RangeEnd", "RangeStart", "ReadTable", "StorageUrl"], expressions.Keys.Order(StringComparer.Ordinal));
        Assert.All(["StorageUrl", "Container", "Cohort", "RangeStart", "RangeEnd"], (string name) => Assert.Contains("IsParameterQuery=true", expressions[name], StringComparison.Ordinal));
        Assert.All(["RangeStart", "RangeEnd"], (string name) => Assert.Contains("Type=\"DateTime\"", expressions[name], StringComparison.Ordinal));
        Assert.Contains("StorageUrl & \"/\" & Container & \"/\" & Cohort & \"/bi/v1\"", expressions["Files"], StringComparison.Ordinal);
        Assert.Contains("[start] >= from and [start] < to", expressions["ReadTable"], StringComparison.Ordinal);
        var model = s_model.All.SelectMany(f => f.Of("model")).Single();
        Assert.Equal(s_model.Tables.Keys.Order(StringComparer.Ordinal), model.Children.Concat(s_model.All.SelectMany(f => f.Of("ref"))).Where(r => r.Kind == "ref" && r.Name.StartsWith("table ", StringComparison.Ordinal)).Select(r => r.Name[6..]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Relationships_join_columns_of_one_type_and_one_side_has_each_value_once()
    {
        Assert.Distinct(s_model.Relationships);
        foreach (var relationship in s_model.Relationships)
        {
            var from = s_model.Tables[relationship.FromTable].Of("column").Single(c => c.Name == relationship.FromColumn);
            var to = s_model.Tables[relationship.ToTable].Of("column").Single(c => c.Name == relationship.ToColumn);
            Assert.Equal(to["dataType"], from["dataType"]);
            var (many, one) = ((await home.RowsAsync(relationship.FromTable)).Select(r => r[relationship.FromColumn]).ToHashSet(), (await home.RowsAsync(relationship.ToTable)).Select(r => r[relationship.ToColumn]).ToArray());
            Assert.Distinct(one);
            Assert.DoesNotContain(null, one);
            Assert.True(many.IsSubsetOf(one), $"{relationship}: {string.Join(", ", many.Except(one).Take(3))} of the many are none of the ones.");
        }
    }

    [Fact]
    public void A_filter_reaches_a_table_by_one_way_alone()
    {
        int Ways(string from, string to) => from == to ? 1 : s_model.Relationships.Where(r => r.ToTable == from).Sum(r => Ways(r.FromTable, to));
        Assert.All(from one in s_model.Tables.Keys from other in s_model.Tables.Keys select (one, other), pair => Assert.True(Ways(pair.one, pair.other) <= 1, $"{pair.one} filters {pair.other} in several ways."));
        Assert.Equal(1, Ways("dim_team", "fact_prediction"));
    }

    [Fact]
    public void Measures_name_only_columns_and_measures_that_there_are_and_say_what_they_mean()
    {
        Assert.True(s_model.Measures.Count > 40);
        foreach (var (table, measure) in s_model.Measures.Values)
        {
            var (columns, measures) = SemanticModel.NamedIn(measure.Value);
            Assert.All(columns, c => Assert.Contains(c.Column, s_model.ColumnsOf(c.Table)));
            Assert.All(measures, m => Assert.Contains(m, s_model.Measures.Keys));
            Assert.True(columns.Count + measures.Count > 0 || measure.Value == $"COUNTROWS ( {table} )", measure.Name);
            Assert.DoesNotContain(measure.Name, s_model.ColumnsOf(table));
            Assert.True(measure.Description.EndsWith('.'), $"{measure.Name} does not say what it means.");
            Assert.Equal(measure.Value.Count(c => c == '('), measure.Value.Count(c => c == ')'));
            // What is called with rows of a table names one that there is.
            Assert.All(CountRows().Matches(measure.Value), m => Assert.Contains(m.Groups[1].Value, s_model.Tables.Keys));
        }
    }

    [Fact]
    public void What_is_of_thirty_days_is_of_each_teams_own_last_list_of_a_task()
    {
        var measures = s_model.Measures.Values.Select(m => m.Measure).Where(m => SemanticModel.NamedIn(m.Value).Columns.Any(c => c.Column.EndsWith("_30d", StringComparison.Ordinal))).ToArray();
        Assert.True(measures.Length > 5);
        Assert.All(measures, m => Assert.True(
            m.Value.StartsWith("SUMX ( SUMMARIZE ( fact_list, fact_list[team_id], fact_list[task] ), VAR LastDay = CALCULATE ( MAX ( fact_list[date_key] ) ) RETURN CALCULATE ( SUM ( ", StringComparison.Ordinal)
            || m.Value.Contains("IF ( HASONEVALUE ( fact_list[team_id] ) && HASONEVALUE ( fact_list[task] ), ", StringComparison.Ordinal),
            $"{m.Name} takes one last day for all teams and tasks."));
        Assert.All(["Patients 30 days", "Yield 30 days", "Events in reach 30 days", "Spells 30 days"], (string name) => Assert.Contains("hoose one task", s_model.Measures[name].Measure.Description, StringComparison.Ordinal));
    }

    [Fact]
    public void The_container_is_the_one_that_is_deployed() => Assert.StartsWith(
        $"\"{Regex.Match(Repository.Read("pipelines/azure/modules/lake.bicep"), "var containerName = '(.+)'").Groups[1].Value}\" meta",
        s_model.All.SelectMany(f => f.Of("expression")).Single(e => e.Name == "Container").Value, StringComparison.Ordinal);

    [Fact]
    public async Task The_query_of_the_page_finds_the_files_that_are_current()
    {
        var page = Repository.Read("pipelines/powerbi/README.md");
        var sql = page[(page.IndexOf("```sql", StringComparison.Ordinal) + 6)..].Split("```")[0];
        var manifest = Path.Combine(home.Rmon.Home, ExportedHome.Cohort, "lake", "bi", "v1", "manifest.json");
        var found = await ExportedHome.QueryAsync(sql.Replace("bi/v1/manifest.json", manifest, StringComparison.Ordinal));
        Assert.Equal(await home.FilesAsync("fact_list"), found.Select(f => Path.Combine(home.Rmon.Home, ExportedHome.Cohort, "lake", (string)f["path"]!)));
    }

    [Fact]
    public void The_page_says_the_filter_and_the_parameters_that_there_are()
    {
        var page = Repository.Read("pipelines/powerbi/README.md");
        Assert.Contains(s_model.Role.Of("tablePermission").Single(p => p.Name == "dim_patient").Value, page, StringComparison.Ordinal);
        Assert.Contains($"Role **{s_model.Role.Name}**", page, StringComparison.Ordinal);
        Assert.All(s_model.All.SelectMany(f => f.Of("expression")).Where(e => e.Value.Contains("IsParameterQuery", StringComparison.Ordinal)), e => Assert.Contains($"`{e.Name}`", page, StringComparison.Ordinal));
    }

    [Fact]
    public void No_measure_comes_back_to_itself()
    {
        void Walk(string measure, string[] above)
        {
            Assert.DoesNotContain(measure, above);
            foreach (var next in SemanticModel.NamedIn(s_model.Measures[measure].Measure.Value).Measures)
            {
                Walk(next, [.. above, measure]);
            }
        }

        Assert.All(s_model.Measures.Keys, m => Walk(m, []));
    }

    [Fact]
    public void Tags_are_each_ones_own() => Assert.Distinct(s_model.All.SelectMany(f => Regex.Matches(string.Join('\n', Lines(f)), "^lineageTag (.+)$", RegexOptions.Multiline).Select(m => m.Groups[1].Value)));

    [Theory]
    [InlineData("table t\n  column c\n", "white space")]
    [InlineData("table t\n\t\tcolumn c\n", "deeper")]
    [InlineData("table t\n\tcolum c\n", "does not belong")]
    [InlineData("table t\n\tcolumn c\n\tcolumn c\n", "twice")]
    [InlineData("table t\n\tpartition p = m\n\t\tsource =\n", "no expression")]
    [InlineData("table t\n/// of nothing\n", "belongs to nothing")]
    public void What_is_not_of_the_form_is_refused(string text, string why) => Assert.Contains(why, Assert.Throws<FormatException>(() => Tmdl.Parse(text, "f")).Message, StringComparison.Ordinal);

    private static IEnumerable<string> Lines(TmdlObject of) => of.Children.SelectMany(c => Lines(c).Prepend($"{c.Kind} {(c.Name.Length == 0 ? c.Value : c.Name)}"));

    [GeneratedRegex(@"COUNTROWS \( (\w+) \)")]
    private static partial Regex CountRows();
}
