using System.Text.Json;
using DuckDB.NET.Data;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.EndToEnd.Tests;

/// <summary>Thirty simulated people over thirty days; made once.</summary>
public sealed class FeaturesHome : IAsyncLifetime
{
    public Rmon Rmon { get; } = new();

    public async Task InitializeAsync()
    {
        Assert.Equal(0, (await Rmon.RunAsync("simulate", Rmon.Folder("feed"), "--patients", "30", "--days", "30", "--seed", "7")).ExitCode);
        Assert.Equal(0, (await Rmon.RunAsync("ingest", Rmon.Folder("feed"))).ExitCode);
    }

    public Task DisposeAsync()
    {
        Rmon.Dispose();
        return Task.CompletedTask;
    }
}

[Collection("runs the program")]
public sealed class FeaturesCommandTests(FeaturesHome home) : IClassFixture<FeaturesHome>
{
    private const string AsOf = "2025-01-20T00:00:00Z";

    private readonly Rmon _rmon = home.Rmon;

    [Fact]
    public async Task The_list_names_the_sets_and_the_columns_of_one()
    {
        var sets = (await _rmon.RunAsync("features", "list", "--json")).Document.GetProperty("sets").EnumerateArray().ToArray();
        Assert.Equal(FeatureSet.All.Select(s => (s.Name, s.Hash, s.Columns.Count)), sets.Select(s => (s.GetProperty("name").GetString()!, s.GetProperty("hash").GetString()!, s.GetProperty("columns").GetInt32())));
        var columns = (await _rmon.RunAsync("features", "list", "--set", "home")).Output;
        Assert.All(FeatureSet.Home.Columns, c => Assert.Contains(c.Name, columns, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_column_is_explained_with_the_instants_of_its_window_in_utc_and_local_time()
    {
        var said = (await _rmon.RunAsync("features", "explain", "heart_rate_night_mean_7d", "--as-of", "2025-03-30T23:00:00Z", "--zone", "Europe/London")).Output;
        foreach (var part in (string[])["mean Heart rate", "/min", "(as-of − 7d, as-of]", "(2025-03-23T23:00:00Z, 2025-03-30T23:00:00Z]", "(Sun 23 Mar 2025 23:00:00, Mon 31 Mar 2025 00:00:00] Europe/London", "00:00 up to 06:00", "sum of the values ÷ n", "NaN when", "O'Brien"])
        {
            Assert.Contains(part, said, StringComparison.Ordinal);
        }
    }

    /// <summary>Silver, observations and vectors once more on machines without the wider vector instructions; as text, since what compresses Parquet hashes by them.</summary>
    [Theory]
    [InlineData("DOTNET_EnableAVX2")]
    [InlineData("DOTNET_EnableHWIntrinsic")]
    public async Task The_width_of_the_machines_vectors_changes_no_byte(string switchedOff)
    {
        using var narrow = new Rmon();
        string[] export = ["features", "export", "--set", "home", "--from", "2025-01-10T00:00:00Z", "--to", "2025-01-28T00:00:00Z", "--every", "36h", "--out"];
        foreach (var arguments in (string[][])[["ingest", _rmon.Folder("feed")], [.. export, narrow.Folder("vectors.csv")]])
        {
            using var process = RmonProcess.Run(["dotnet", Path.Combine(AppContext.BaseDirectory, "rmon.dll"), .. arguments, "--home", narrow.Home], [new(switchedOff, "0")]);
            Assert.Equal(0, await process.ExitAsync(TimeSpan.FromMinutes(2)));
        }

        var wide = _rmon.Folder($"{switchedOff}.csv");
        Assert.Equal(0, (await _rmon.RunAsync([.. export, wide])).ExitCode);
        Assert.Equal(await File.ReadAllBytesAsync(wide), await File.ReadAllBytesAsync(narrow.Folder("vectors.csv")));
    }

    /// <summary>Parquet and CSV as a database reads them, without being told anything of either.</summary>
    [Fact]
    public async Task An_export_reads_alike_as_parquet_and_as_csv_with_its_dictionary_beside_it()
    {
        var (parquet, csv) = (_rmon.Folder("alike.parquet"), _rmon.Folder("alike.csv"));
        foreach (var file in (string[])[parquet, csv])
        {
            var export = await _rmon.RunAsync("features", "export", "admission-7d", "--labels", "--from", "2025-01-08T00:00:00Z", "--to", "2025-01-12T00:00:00Z", "--every", "12h", "--out", file, "--json");
            Assert.True(export.ExitCode == 0, export.Errors);
            Assert.Equal((9, false, file), (export.Document.GetProperty("instants").GetInt32(), export.Document.GetProperty("retrospective").GetBoolean(), export.Document.GetProperty("path").GetString()));
        }

        using var duck = new DuckDBConnection("DataSource=:memory:");
        duck.Open();
        Ask(duck, $"CREATE TABLE p AS SELECT * FROM '{parquet}'; CREATE TABLE c AS SELECT * FROM read_csv('{csv}', sample_size = -1)");
        Ask(duck, $"CREATE TABLE d AS SELECT * FROM read_csv('{csv}.dictionary.csv', all_varchar = true)");
        Assert.True(Ask(duck, "SELECT count(*) FROM p") > 50);
        Assert.Equal(Ask(duck, "SELECT count(*) FROM p"), Ask(duck, "SELECT count(*) FROM c"));
        Assert.Equal(0, Ask(duck, "SELECT count(*) FROM p WHERE known_by <> as_of"));
        Assert.True(Ask(duck, "SELECT count(*) FROM p WHERE isnan(spo2_mean_24h)") > 0);
        string[] names = ["patient_id", "as_of", "known_by", .. FeatureSet.Home.Columns.Select(c => c.Name), "label", "label_known"];
        Assert.Equal(names, Texts(duck, "SELECT column_name FROM (DESCRIBE p)"));
        Assert.Equal(names, Texts(duck, "SELECT column_name FROM (DESCRIBE c)"));
        Assert.Equal(names, Texts(duck, "SELECT name FROM d"));
        Assert.Equal(0, Ask(duck, "SELECT count(*) FROM d WHERE type IS NULL OR meaning IS NULL OR missing IS NULL OR hash IS NULL"));

        // NaN there is empty here; everything else is the same to the last bit.
        var same = string.Join(" AND ", FeatureSet.Home.Columns.Select(c => $"nullif(p.{c.Name}, 'NaN'::DOUBLE) IS NOT DISTINCT FROM c.{c.Name}::DOUBLE"));
        Assert.Equal(
            Ask(duck, "SELECT count(*) FROM p"),
            Ask(duck, $"SELECT count(*) FROM p JOIN c ON p.patient_id = c.patient_id AND p.as_of::TIMESTAMPTZ = c.as_of::TIMESTAMPTZ AND p.known_by::TIMESTAMPTZ = c.known_by::TIMESTAMPTZ AND p.label = c.label AND p.label_known::TIMESTAMPTZ = c.label_known::TIMESTAMPTZ AND {same}"));
    }

    [Fact]
    public async Task A_retrospective_table_says_so_in_its_name_its_footer_its_dictionary_and_aloud()
    {
        var asked = _rmon.Folder("late.parquet");
        var export = await _rmon.RunAsync("features", "export", "--set", "acute", "--as-of", AsOf, "--known-by", "2025-01-25T00:00:00Z", "--out", asked);
        Assert.Equal(0, export.ExitCode);
        Assert.Contains("RETROSPECTIVE", export.Output, StringComparison.Ordinal);
        var written = _rmon.Folder("late.retrospective.parquet");
        Assert.False(File.Exists(asked));
        Assert.Contains("RETROSPECTIVE", await File.ReadAllTextAsync(written + ".dictionary.csv"), StringComparison.Ordinal);
        await using var file = File.OpenRead(written);
        var table = await ParquetTable.ReadAsync(file, [], default);
        Assert.Equal(("true", "2025-01-25T00:00:00Z"), (table.Metadata["remotemonitoring.retrospective"], table.Metadata["remotemonitoring.known-by"]));
    }

    [Fact]
    public async Task A_vector_shows_the_readings_behind_each_value()
    {
        var exported = await _rmon.RunAsync("features", "export", "--set", "home", "--as-of", AsOf, "--out", _rmon.Folder("one.parquet"));
        Assert.Equal(0, exported.ExitCode);
        await using var file = File.OpenRead(_rmon.Folder("one.parquet"));
        var table = await ParquetTable.ReadAsync(file, null, default);
        var row = Array.FindIndex(table.Float64("spo2_mean_7d"), v => !double.IsNaN(v));
        var patient = table.Text("patient_id")[row]!;

        var shown = (await _rmon.RunAsync("features", "show", patient, "--as-of", AsOf, "--json")).Document;
        var readings = shown.GetProperty("readings").EnumerateArray().ToArray();
        var mean = shown.GetProperty("features").EnumerateArray().Single(f => f.GetProperty("name").GetString() == "spo2_mean_7d");
        JsonElement[] behind = [.. mean.GetProperty("readings").EnumerateArray().Select(i => readings[i.GetInt32()])];
        Assert.Equal(table.Float64("spo2_mean_7d")[row], mean.GetProperty("value").GetDouble());
        Assert.Equal(mean.GetProperty("value").GetDouble(), behind.Average(r => r.GetProperty("value").GetDouble()), 1e-9);
        Assert.Equal(FeatureSet.Home.Columns.Select(c => c.Name), shown.GetProperty("features").EnumerateArray().Select(f => f.GetProperty("name").GetString()!));

        var people = (await _rmon.RunAsync("features", "show", patient, "--as-of", AsOf, "--column", "spo2_mean_7d", "age")).Output;
        Assert.All(behind, r => Assert.Contains($"{r.GetProperty("time").GetString()}", people, StringComparison.Ordinal));
        Assert.Contains(behind[0].GetProperty("device_id").GetString()!, people, StringComparison.Ordinal);
        Assert.Contains("roster, as stated", people, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_set_of_ones_own_is_listed_explained_exported_and_shown()
    {
        var own = _rmon.Folder("own.json");
        await File.WriteAllTextAsync(own, """
            {"schemaVersion": 1, "name": "mine", "version": 1, "description": "mine", "rollup": "day", "lookBack": "14d",
             "groups": [{"vitals": ["spo2"], "statistics": {"median": ["10d"], "mean": ["10d"]}}]}
            """);
        Assert.Contains("spo2_median_10d", (await _rmon.RunAsync("features", "list", "--set", own)).Output, StringComparison.Ordinal);
        Assert.Contains("(as-of − 10d, as-of]", (await _rmon.RunAsync("features", "explain", "spo2_median_10d", "--set", own)).Output, StringComparison.Ordinal);
        var export = (await _rmon.RunAsync("features", "export", "--set", own, "--as-of", AsOf, "--out", _rmon.Folder("own.csv"), "--json")).Document;
        Assert.Equal((2, "mine"), (export.GetProperty("columns").GetInt32(), export.GetProperty("feature_set").GetString()));
        Assert.StartsWith("patient_id,as_of,known_by,spo2_mean_10d,spo2_median_10d\r\n", await File.ReadAllTextAsync(_rmon.Folder("own.csv")), StringComparison.Ordinal);
        var patient = (await File.ReadAllLinesAsync(_rmon.Folder("own.csv"))).Skip(1).First(l => !l.EndsWith(',')).Split(',')[0];
        Assert.Contains("spo2_median_10d", (await _rmon.RunAsync("features", "show", patient, "--set", own, "--as-of", AsOf)).Output, StringComparison.Ordinal);

        await File.WriteAllTextAsync(own, """{"schemaVersion": 1, "nam": "mine"}""");
        await RefusesAsync(3, "own.json: not a feature set: line 1, nam", "features", "export", "--set", own, "--as-of", AsOf);
    }

    [Theory]
    [InlineData(3, "did you mean spo2_mean_3d", "explain", "spo2_men_3d")]
    [InlineData(2, "no time zone", "explain", "spo2_mean_3d", "--zone", "Europe/Nowhere")]
    [InlineData(3, "neither a feature set", "list", "--set", "nope")]
    [InlineData(3, "There is no patient 'nobody'", "show", "nobody", "--as-of", AsOf)]
    [InlineData(3, "There is no patient 'nobody'", "export", "--set", "home", "--as-of", AsOf, "--patients", "nobody")]
    [InlineData(2, "Name a task, or a set", "export", "--as-of", AsOf)]
    [InlineData(2, "--labels needs a task", "export", "--set", "home", "--labels")]
    [InlineData(2, "Give --as-of, or both", "export", "admission-7d", "--from", AsOf)]
    [InlineData(2, "whole number of hours or days", "export", "admission-7d", "--from", AsOf, "--to", AsOf, "--every", "1w")]
    [InlineData(3, "no such folder", "export", "admission-7d", "--as-of", AsOf, "--out", "nowhere/at/all.csv")]
    public Task What_cannot_be_done_gets_one_line(int exitCode, string says, params string[] arguments) => RefusesAsync(exitCode, says, ["features", .. arguments]);

    private async Task RefusesAsync(int exitCode, string says, params string[] arguments)
    {
        var result = await _rmon.RunAsync(arguments);
        Assert.Equal(exitCode, result.ExitCode);
        Assert.Contains(says, Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    private static long Ask(DuckDBConnection duck, string sql)
    {
        using var command = duck.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar() as long? ?? 0;
    }

    private static List<string> Texts(DuckDBConnection duck, string sql)
    {
        using var command = duck.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var texts = new List<string>();
        while (reader.Read())
        {
            texts.Add(reader.GetString(0));
        }

        return texts;
    }
}
