using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using NodaTime;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Features;
using RemoteMonitoring.Workflows.Registry;
using Xunit.Abstractions;

namespace RemoteMonitoring.EndToEnd.Tests;

/// <summary>With a fixed model, what happens after an instant changes no score at or before it.</summary>
[Collection("runs the program")]
public sealed class TruncationTests(DemoRuns demos, ITestOutputHelper output) : IDisposable
{
    private readonly Rmon _cut = new();

    public void Dispose() => _cut.Dispose();

    [Fact]
    public Task Of_a_simulated_cohort() =>
        CheckAsync("simulated", "2025-03-12T09:30:00Z", "2025-03-12T00:00:00Z", "2025-02-20T00:00:00Z");

    [Fact]
    public Task Of_tihm() => CheckAsync("tihm", "2019-05-25T12:00:00Z", "2019-05-24T23:00:00Z", "2019-05-01T23:00:00Z");

    [Fact]
    public Task Of_the_2012_challenge() => CheckAsync("physionet2012", "2012-01-03T00:00:00Z", "2012-01-03T00:00:00Z");

    /// <summary>Among seven hundred people are kits that change hands, and paper about it that comes days later.</summary>
    [Theory]
    [InlineData("2025-02-02T00:00:00Z")]
    [InlineData("2025-02-15T00:00:00Z")]
    [InlineData("2025-02-24T12:00:00Z")]
    public async Task No_vector_of_people_whose_devices_change_hands(string cutAt)
    {
        using var whole = new Rmon();
        await Must(whole.RunAsync("simulate", whole.Folder("feed"), "--patients", "700", "--days", "60"));
        await Must(whole.RunAsync("ingest", whole.Folder("feed")));
        Assert.True(Truncate(whole.Folder("feed"), _cut.Folder("feed"), cutAt) > 0);
        await Must(_cut.RunAsync("ingest", _cut.Folder("feed")));
        foreach (var rmon in (Rmon[])[whole, _cut])
        {
            await Must(rmon.RunAsync("features", "export", "admission-7d", "--as-of", cutAt, "--out", rmon.Folder("vectors.parquet")));
        }

        Assert.Equal(await File.ReadAllBytesAsync(whole.Folder("vectors.parquet")), await File.ReadAllBytesAsync(_cut.Folder("vectors.parquet")));
    }

    /// <summary>The challenge asks once, at 48 hours, where only outcomes lie behind the cut; asked within the stay, readings do too.</summary>
    [Fact]
    public async Task Of_the_2012_challenge_within_the_stay()
    {
        if (await demos.OfAsync("physionet2012", output) is not { } demo)
        {
            return;
        }

        var cut = _cut.Folder("feed");
        Truncate(Path.Combine(demo.Rmon.Home, "feeds", "physionet2012"), cut, "2012-01-02T00:00:00Z");
        await Must(_cut.RunAsync("ingest", cut));
        await using var whole = CohortStore.Open(demo.Rmon.Home, "physionet2012");
        await using var known = CohortStore.Open(_cut.Home, "physionet2012");
        var model = await ModelVersions.LoadAsync(
            whole.Lake, "in-hospital-death-48h", demo.Document.GetProperty("version").GetString()!, FeatureSet.Acute.Hash, CancellationToken.None);
        var scores = await ScoresAsync(whole, model);
        Assert.Equal(4000, scores.Length);
        Assert.Equal(scores, await ScoresAsync(known, model));
    }

    private static async Task<double[]> ScoresAsync(CohortStore store, RiskModel model)
    {
        var asOf = Instant.FromUtc(2012, 1, 2, 0, 0).ToUnixMicros();
        var manifest = (await ObservationsManifest.TryReadAsync(store.Lake, CancellationToken.None))!;
        var reference = await store.Reference.LoadAsync(manifest.Inputs.Reference, CancellationToken.None);
        VectorKey[] keys = [.. reference.Patients.Select(p => new VectorKey(p.PatientId, asOf, asOf))];
        return model.Score(await FeatureStage.BuildAsync(store, manifest, FeatureSet.Acute, reference, keys, null, CancellationToken.None)).Raw;
    }

    private async Task CheckAsync(string dataSet, string cutAt, params string[] asOfs)
    {
        if (await demos.OfAsync(dataSet, output) is not { } demo)
        {
            return;
        }

        var task = demo.Document.GetProperty("task").GetString()!;
        var cut = _cut.Folder("feed");
        Assert.True(Truncate(Path.Combine(demo.Rmon.Home, "feeds", dataSet), cut, cutAt) > 0, "nothing lies behind the cut, so the test would show nothing");
        await Must(_cut.RunAsync("ingest", cut));
        foreach (var asOf in asOfs)
        {
            var whole = await PredictionsAsync(await Must(demo.Rmon.RunAsync("score", task, "--as-of", asOf, "--json")));
            var known = await PredictionsAsync(await Must(_cut.RunAsync("score", task, "--as-of", asOf, "--model", demo.Document.GetProperty("model").GetString()!, "--json")));
            Assert.NotEmpty(whole);
            Assert.Equal(whole, known);
            output.WriteLine($"{whole.Length} scores as of {asOf} are the same with and without what came after {cutAt}");
        }
    }

    private static async Task<RmonResult> Must(Task<RmonResult> run)
    {
        var result = await run;
        Assert.True(result.ExitCode == 0, result.Errors);
        return result;
    }

    private static async Task<string[]> PredictionsAsync(RmonResult scored)
    {
        var rows = new List<string>();
        foreach (var path in scored.Document.GetProperty("predictions").EnumerateArray())
        {
            await using var file = File.OpenRead(path.GetString()!);
            var table = await ParquetTable.ReadAsync(file, null, CancellationToken.None);
            for (var i = 0; i < table.Rows; i++)
            {
                rows.Add(string.Create(CultureInfo.InvariantCulture,
                    $"{table.Text("patient_id")[i]} {table.Float64("probability")[i]:R} {table.Float64("raw")[i]:R} {table.Float64("news2_point")[i]} {table.Text("reasons")[i]}"));
            }
        }

        return [.. rows];
    }

    /// <summary>Copies a feed without what became known after an instant; returns how many lines that left out.</summary>
    private static int Truncate(string feed, string cut, string instant)
    {
        var left = 0;
        var kept = 0;
        Directory.CreateDirectory(Path.Combine(cut, "messages"));
        foreach (var file in Directory.EnumerateFiles(Path.Combine(feed, "messages")).Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress));
            using var writer = new StreamWriter(new GZipStream(File.Create(Path.Combine(cut, "messages", Path.GetFileName(file))), CompressionLevel.Fastest), new UTF8Encoding(false));
            while (reader.ReadLine() is { } line)
            {
                // {"EnqueuedTimeUtc":"2025-01-01T… stands first in every line of a feed.
                if (IsAfter(line[20..line.IndexOf('"', 20)], instant))
                {
                    left++;
                    continue;
                }

                writer.Write(line + "\n");
                kept++;
            }
        }

        foreach (var file in Directory.EnumerateFiles(feed, "*.ndjson"))
        {
            var lines = File.ReadAllLines(file).Where(l => !IsAfter(JsonNode.Parse(l)!["known"]!.GetValue<string>(), instant)).ToArray();
            File.WriteAllText(Path.Combine(cut, Path.GetFileName(file)), string.Concat(lines.Select(l => l + "\n")));
            left += File.ReadLines(file).Count() - lines.Length;
        }

        var header = JsonNode.Parse(File.ReadAllText(Path.Combine(feed, "feed.json")))!;
        header["messages"] = kept;
        File.WriteAllText(Path.Combine(cut, "feed.json"), header.ToJsonString());
        return left;
    }

    private static bool IsAfter(string time, string instant) =>
        DateTimeOffset.Parse(time, CultureInfo.InvariantCulture) > DateTimeOffset.Parse(instant, CultureInfo.InvariantCulture);
}
