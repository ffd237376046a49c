using System.Security.Cryptography;
using RemoteMonitoring.Storage.Lake;
using Xunit.Abstractions;

namespace RemoteMonitoring.EndToEnd.Tests;

[Collection("runs the program")]
public sealed class DemoTests(DemoRuns demos, ITestOutputHelper output) : IDisposable
{
    private static readonly string[] s_small = ["demo", "--patients", "250", "--days", "90", "--seed", "7"];

    private readonly Rmon _rmon = new();

    public void Dispose() => _rmon.Dispose();

    [Fact]
    public async Task One_command_goes_from_messages_to_explained_lists_and_a_second_run_changes_nothing()
    {
        var first = await _rmon.RunAsync([.. s_small, "--json"]);
        Assert.True(first.ExitCode == 0, first.Errors);
        var document = first.Document;

        var readings = document.GetProperty("readings");
        Assert.True(readings.GetProperty("conserves").GetBoolean());
        Assert.Equal(
            readings.GetProperty("received").GetInt64(),
            readings.GetProperty("accepted").GetInt64() + readings.GetProperty("rejected").GetInt64() + readings.GetProperty("duplicate").GetInt64());
        Assert.True(readings.GetProperty("duplicate").GetInt64() > 0);

        foreach (var scorer in (string[])["model", "logistic", "news2"])
        {
            var auroc = document.GetProperty("metrics").GetProperty(scorer).GetProperty("auroc");
            Assert.InRange(auroc.GetProperty("value").GetDouble(), auroc.GetProperty("low").GetDouble(), auroc.GetProperty("high").GetDouble());
        }

        var listed = document.GetProperty("scored").GetProperty("worklists").EnumerateArray().SelectMany(w => w.GetProperty("listed").EnumerateArray()).ToArray();
        Assert.NotEmpty(listed);
        Assert.Contains(listed, p => p.GetProperty("reasons").EnumerateArray().Any(r => r.GetString()!.Contains("usual", StringComparison.Ordinal)));

        // Users are made once, and their passwords said once; the last line that people read is what opens the pages.
        var users = document.GetProperty("users").EnumerateArray().ToArray();
        Assert.Equal(["care-manager", "lead", "data-scientist", "auditor", "administrator"], users.Select(u => u.GetProperty("role").GetString()));
        Assert.Equal(users.Length, users.Select(u => u.GetProperty("password").GetString()).Distinct().Count());

        var before = Snapshot();
        var second = await _rmon.RunAsync([.. s_small, "--json"]);
        Assert.Equal(0, second.ExitCode);
        Assert.True(second.Document.GetProperty("nothing_new").GetBoolean());
        Assert.Equal(before, Snapshot());
        Assert.Empty(second.Document.GetProperty("users").EnumerateArray());

        var forPeople = await _rmon.RunAsync(s_small);
        Assert.Contains("nothing was written twice", forPeople.Output, StringComparison.Ordinal);
        Assert.Contains("not a medical device", forPeople.Output, StringComparison.Ordinal);
        Assert.Contains($"rmon serve --cohort simulated --home {_rmon.Home}", forPeople.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(users[0].GetProperty("password").GetString()!, forPeople.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_figures_can_be_computed_again_from_the_held_out_file()
    {
        var document = (await demos.OfAsync("simulated", output))!.Value.Document;
        await using var file = File.OpenRead(document.GetProperty("held_out").GetString()!);
        var table = await ParquetTable.ReadAsync(file, null, CancellationToken.None);
        Assert.Equal(
            ["patient_id", "as_of", "fold", "label", "p", "news2_low", "news2_point", "news2_high"],
            table.ColumnNames.Take(8));

        var (fold, label) = (table.Int32("fold"), table.Boolean("label"));
        foreach (var (scorer, column) in ((string, string)[])[("model", "raw"), ("logistic", "raw_logistic"), ("news2", "news2_point")])
        {
            // Within a fold rows are ranked by what there was before calibration and clipping. A NEWS2 without any input ranks as zero points.
            var score = Array.ConvertAll(table.Float64(column), v => double.IsNaN(v) ? 0 : v);
            var folds = fold.Distinct()
                .Select(f => Enumerable.Range(0, table.Rows).Where(r => fold[r] == f).ToArray())
                .Where(rows => rows.Any(r => label[r]) && rows.Any(r => !label[r]))
                .Select(rows => BruteForceAuroc([.. rows.Select(r => score[r])], [.. rows.Select(r => label[r])]))
                .ToArray();
            Assert.Equal(
                folds.Average(),
                document.GetProperty("metrics").GetProperty(scorer).GetProperty("auroc").GetProperty("value").GetDouble(),
                1e-9);
        }

        var p = table.Float64("p");
        Assert.Equal(
            Enumerable.Range(0, table.Rows).Average(r => Math.Pow(p[r] - (label[r] ? 1 : 0), 2)),
            document.GetProperty("metrics").GetProperty("model").GetProperty("brier").GetProperty("value").GetDouble(),
            1e-9);
        Assert.All(p, value => Assert.InRange(value, 1e-4, 1 - 1e-4));
    }

    [Fact]
    public async Task The_steps_of_the_demo_are_commands_of_their_own()
    {
        Assert.Equal(0, (await _rmon.RunAsync("simulate", _rmon.Folder("feed"), "--patients", "120", "--days", "60", "--seed", "3")).ExitCode);
        Assert.Equal(0, (await _rmon.RunAsync("ingest", _rmon.Folder("feed"))).ExitCode);
        Assert.Equal(0, (await _rmon.RunAsync("train", "admission-7d")).ExitCode);
        var features = (await _rmon.RunAsync("features", "export", "admission-7d", "--out", _rmon.Folder("vectors.parquet"), "--json")).Document;
        Assert.True(File.Exists(features.GetProperty("path").GetString()));
        var scored = (await _rmon.RunAsync("score", "admission-7d", "--json")).Document;
        var worklist = (await _rmon.RunAsync("worklist", "--json")).Document;
        Assert.Equal(
            scored.GetProperty("worklists").EnumerateArray().Sum(w => w.GetProperty("listed").GetArrayLength()),
            worklist.GetProperty("worklists").EnumerateArray().Sum(w => w.GetProperty("listed").GetArrayLength()));

        // What is derived is disposable: made again from bronze, it is the same.
        var predictions = scored.GetProperty("predictions")[0].GetString()!;
        var before = await File.ReadAllBytesAsync(predictions);
        foreach (var derived in (string[])["gold", "silver"])
        {
            Directory.Delete(Path.Combine(_rmon.Home, "simulated", "lake", derived), recursive: true);
        }

        foreach (var documents in Directory.EnumerateFiles(Path.Combine(_rmon.Home, "simulated"), "documents.db*"))
        {
            File.Delete(documents);
        }

        Assert.Equal(0, (await _rmon.RunAsync("ingest", _rmon.Folder("feed"))).ExitCode);
        Assert.Equal(0, (await _rmon.RunAsync("score", "admission-7d")).ExitCode);
        Assert.Equal(worklist.GetRawText(), (await _rmon.RunAsync("worklist", "--json")).Document.GetRawText());
        Assert.Equal(before, await File.ReadAllBytesAsync(predictions));
    }

    private string[] Snapshot() =>
    [
        .. Directory.EnumerateFiles(Path.Combine(_rmon.Home, "simulated", "lake"), "*", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
            .Select(f => $"{f} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(f)))}"),
    ];

    private static double BruteForceAuroc(double[] score, bool[] label)
    {
        double wins = 0, pairs = 0;
        for (var i = 0; i < score.Length; i++)
        {
            for (var j = 0; label[i] && j < score.Length; j++)
            {
                if (!label[j])
                {
                    wins += score[i] > score[j] ? 1 : score[i] == score[j] ? 0.5 : 0;
                    pairs++;
                }
            }
        }

        return wins / pairs;
    }
}
