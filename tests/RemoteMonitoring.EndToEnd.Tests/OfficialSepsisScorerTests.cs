using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using RemoteMonitoring.Risk.Evaluation;
using Xunit.Abstractions;

namespace RemoteMonitoring.EndToEnd.Tests;

/// <summary>What the official scorer of the 2019 challenge said of 200 patients, which ours says too.</summary>
public sealed class OfficialSepsisScorerTests(ITestOutputHelper output)
{
    private const double Tolerance = 1e-6;

    [Fact]
    public void The_scorer_equals_the_official_one()
    {
        if (PublicData.Find("physionet2019", output) is not { } folder)
        {
            return;
        }

        var files = Read(Path.Combine(folder, "scorer_golden.tar.gz"));
        var expected = JsonDocument.Parse(files["golden/expected_scores.json"]).RootElement.EnumerateObject().First(p => p.Name.StartsWith("subset", StringComparison.Ordinal)).Value;
        var names = files.Keys.Where(n => n.StartsWith("golden/labels/", StringComparison.Ordinal)).Select(n => Path.GetFileName(n)).ToArray();
        Assert.Equal(200, names.Length);
        bool[][] labels = [.. names.Select(n => Column(files["golden/labels/" + n], 0).Select(v => v == 1).ToArray())];
        double[][] probabilities = [.. names.Select(n => Column(files["golden/predictions/" + n], 0))];
        bool[][] alerts = [.. names.Select(n => Column(files["golden/predictions/" + n], 1).Select(v => v == 1).ToArray())];
        bool[][] All(Func<int, bool> alert) => [.. labels.Select(l => l.Select((_, i) => alert(i)).ToArray())];
        double[][] AsProbabilities(bool[][] flags) => [.. flags.Select(f => f.Select(v => v ? 1.0 : 0.0).ToArray())];

        Same(expected, "official_example", SepsisScorer.Score(labels, alerts, probabilities));
        Same(expected, "all_zero", SepsisScorer.Score(labels, All(_ => false), AsProbabilities(All(_ => false))));
        Same(expected, "all_one", SepsisScorer.Score(labels, All(_ => true), AsProbabilities(All(_ => true))));
        Same(expected, "labels_as_prediction", SepsisScorer.Score(labels, labels, AsProbabilities(labels)));
        Same(expected, "prob_ties_0.5", SepsisScorer.Score(labels, All(i => i % 2 == 1), [.. labels.Select(l => l.Select(_ => 0.5).ToArray())]));
    }

    private void Same(JsonElement expected, string name, SepsisScores scores)
    {
        output.WriteLine($"{name}: {scores}");
        foreach (var (figure, value) in new[]
        {
            ("auroc", scores.Auroc), ("auprc", scores.Auprc), ("accuracy", scores.Accuracy), ("f_measure", scores.FMeasure), ("utility", scores.Utility),
        })
        {
            Assert.Equal(expected.GetProperty(name).GetProperty(figure).GetDouble(), value, Tolerance);
        }
    }

    private static double[] Column(string text, int column) =>
        [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(l => double.Parse(l.Split('|')[column], CultureInfo.InvariantCulture))];

    private static SortedDictionary<string, string> Read(string path)
    {
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        using var packed = new GZipStream(File.OpenRead(path), CompressionMode.Decompress);
        using var tar = new TarReader(packed);
        while (tar.GetNextEntry() is { } entry)
        {
            if (entry.DataStream is { } data)
            {
                files.Add(entry.Name, new StreamReader(data).ReadToEnd());
            }
        }

        return files;
    }
}
