using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.EndToEnd.Tests;

/// <summary><c>rmon erase</c> and <c>rmon rebuild</c> as people run them, on a small simulated cohort.</summary>
public sealed class EraseTests : IDisposable
{
    private const int Kills = 6;

    private readonly string _root = Directory.CreateTempSubdirectory("rmon-erase-").FullName;

    private readonly Rmon _rmon = new();

    private string Feed => Path.Combine(_root, "feed");

    public void Dispose()
    {
        _rmon.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public async Task A_patient_is_gone_though_the_erasure_was_killed_again_and_again_and_nothing_brings_them_back()
    {
        await RunAsync("simulate", Feed, "--patients", "30", "--days", "40", "--seed", "5");
        await RunAsync("ingest", Feed);
        var (patient, words) = Leaving();
        Assert.NotEmpty(await FindAsync(words));
        Assert.Equal(2, (await _rmon.RunAsync("erase", patient)).ExitCode); // nobody to ask
        Assert.NotEmpty(await FindAsync([patient]));
        await RunAsync("erase", patient, "--dry-run");
        Assert.NotEmpty(await FindAsync([patient]));

        var random = new Random(11);
        for (var kill = 0; kill < Kills; kill++)
        {
            using var process = RmonProcess.Start(["erase", patient, "--yes", "--home", _rmon.Home]);
            await Task.Delay(random.Next(150, 1200));
            process.Kill();
        }

        var proof = await RunAsync("erase", patient, "--yes", "--json");
        Assert.Equal(1, proof["erasure"]!.GetValue<int>());
        Assert.Empty(await FindAsync(words));

        var rebuilt = await RunAsync("rebuild", "--json");
        Assert.True(rebuilt["equal"]!.GetValue<bool>(), rebuilt.ToJsonString());
        Assert.Empty(await FindAsync(words));
        var again = await RunAsync("ingest", Feed, "--json");
        Assert.True(again["readings"]!["conserves"]!.GetValue<bool>());
        Assert.Empty(await FindAsync(words));
    }

    [Fact]
    public async Task One_line_says_that_nobody_of_the_id_is_known()
    {
        await RunAsync("simulate", Feed, "--patients", "3", "--days", "3");
        await RunAsync("ingest", Feed);
        var run = await _rmon.RunAsync("erase", "S-of-another-clinic", "--yes");
        Assert.Equal(3, run.ExitCode);
        Assert.StartsWith("rmon: ", Assert.Single(run.Errors.Trim().Split('\n')), StringComparison.Ordinal);
    }

    /// <summary>A patient who had devices of their own, with the ids of patient, devices and messages.</summary>
    private (string Patient, string[] Words) Leaving()
    {
        var assignments = File.ReadAllLines(Path.Combine(Feed, "assignments.ndjson")).Select(l => JsonNode.Parse(l)!)
            .Select(a => (Device: (string)a["deviceId"]!, Patient: (string)a["patientId"]!)).Distinct().ToLookup(a => a.Device, a => a.Patient);
        var patient = assignments.Where(d => d.Count() == 1).GroupBy(d => d.Single()).OrderByDescending(g => g.Count()).First();
        var devices = patient.Select(d => d.Key).ToHashSet(StringComparer.Ordinal);
        var ids = new List<string>();
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Feed, "messages")))
        {
            using var reader = new StreamReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress));
            while (reader.ReadLine() is { } line)
            {
                if (JsonNode.Parse(line)!["SystemProperties"] is { } system && devices.Contains((string)system["connectionDeviceId"]!) && (string?)system["messageId"] is { Length: >= 12 } id)
                {
                    ids.Add(id);
                }
            }
        }

        return (patient.Key, [patient.Key, .. devices, .. ids.Take(200)]);
    }

    /// <summary>Where in the home one of the words stands, in bytes as they lie or in the cells of tables.</summary>
    private async Task<List<string>> FindAsync(string[] words)
    {
        var found = new List<string>();
        foreach (var file in Directory.EnumerateFiles(_rmon.Home, "*", SearchOption.AllDirectories))
        {
            var bytes = await File.ReadAllBytesAsync(file);
            var cells = file.EndsWith(".parquet", StringComparison.Ordinal) ? await CellsAsync(bytes) : [];
            found.AddRange(words.Select(Encoding.UTF8.GetBytes).Where(w => bytes.AsSpan().IndexOf(w) >= 0 || cells.AsSpan().IndexOf(w) >= 0).Select(w => $"{file}: {Encoding.UTF8.GetString(w)}"));
        }

        return found;
    }

    private static async Task<byte[]> CellsAsync(byte[] bytes)
    {
        var table = await ParquetTable.ReadAsync(new MemoryStream(bytes), null, default);
        using var cells = new MemoryStream();
        foreach (var cell in table.ColumnNames.SelectMany(name => table.Column(name).Cast<object?>()))
        {
            cells.Write(cell is ReadOnlyMemory<byte> raw ? raw.Span : Encoding.UTF8.GetBytes(cell as string ?? ""));
            cells.WriteByte((byte)'\n');
        }

        return cells.ToArray();
    }

    private async Task<JsonNode> RunAsync(params string[] arguments)
    {
        var run = await _rmon.RunAsync(arguments);
        Assert.True(run.ExitCode is 0 or 4, run.Errors);
        return arguments.Contains("--json") ? JsonNode.Parse(run.Output)! : new JsonObject();
    }
}
