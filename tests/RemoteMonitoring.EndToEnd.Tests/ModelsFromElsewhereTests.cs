using System.Text;
using RemoteMonitoring.Risk.Tests.Elsewhere;

namespace RemoteMonitoring.EndToEnd.Tests;

/// <summary><c>rmon models register</c> and <c>rmon models bands</c> as people run them.</summary>
[Collection("runs the program")]
public sealed class ModelsFromElsewhereTests(ScoredHome made) : IClassFixture<ScoredHome>
{
    private const string Task = "admission-7d";
    private const string Features = """{ "name": "oxygen", "column": "spo2_mean_28d", "missing": 96 }, { "name": "pulse", "column": "heart_rate_mean_28d", "missing": 70 }""";

    private static readonly float[] s_weights = [-0.5f, 0.02f];

    private Rmon Rmon => made.Rmon;

    [Fact]
    public async Task An_ONNX_model_is_registered_scores_by_name_and_its_list_says_that_it_gives_no_reasons()
    {
        var registered = await Rmon.RunAsync("models", "register", Task, "--onnx", await FileAsync("logistic.onnx", OnnxBytes.Logistic(s_weights, 44)), "--features", await MappingAsync(Features), "--by", "ada", "--why", "ours of last year", "--calibrate", "--json");
        Assert.True(registered.ExitCode == 0, registered.Errors);
        Assert.StartsWith("calibrated on ", registered.Document.GetProperty("calibration").GetString(), StringComparison.Ordinal);
        Assert.True(registered.Document.GetProperty("challenger").GetBoolean());
        var version = registered.Document.GetProperty("version").GetString()!;
        var shown = await Rmon.RunAsync("models", "show", Task, version);
        Assert.Contains("made elsewhere (onnx), registered by ada at ", shown.Output, StringComparison.Ordinal);

        var scored = await Rmon.RunAsync("score", Task, "--model", version, "--json");
        Assert.True(scored.ExitCode == 0, scored.Errors);
        Assert.Equal(version, scored.Document.GetProperty("model").GetString());
        Assert.True(scored.Document.GetProperty("scored").GetInt32() > 50);
        Assert.Contains("this model gives no reasons", (await Rmon.RunAsync("score", Task, "--model", version)).Output, StringComparison.Ordinal);
        Assert.Contains("has no bands", Assert.Single((await Rmon.RunAsync("models", "bands", Task, version)).ErrorLines), StringComparison.Ordinal);
        var first = scored.Document.GetProperty("worklists").EnumerateArray().SelectMany(w => w.GetProperty("listed").EnumerateArray()).First();
        var lineage = await Rmon.RunAsync("lineage", first.GetProperty("patient_id").GetString()!, first.GetProperty("prediction").GetString()!);
        Assert.Contains("made elsewhere, registered by ada on ", lineage.Output.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.EndsWith("Every file is there, and every hash is right.", lineage.Output.Trim(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_endpoint_that_is_away_stops_a_score_by_hand_with_one_line()
    {
        using var server = new LoopbackModel((_, _) => (404, ""));
        var url = server.Endpoint.Url.ToString();
        var registered = await Rmon.RunAsync("models", "register", Task, "--http", url, "--features", await MappingAsync(Features), "--batch-rows", "50", "--timeout", "5", "--by", "ada", "--why", "to compare", "--json");
        Assert.True(registered.ExitCode == 0, registered.Errors);
        var scored = await Rmon.RunAsync("score", Task, "--model", registered.Document.GetProperty("version").GetString()!);
        Assert.Equal(3, scored.ExitCode);
        Assert.Equal("rmon: the model at 127.0.0.1 answered HTTP 404", Assert.Single(scored.ErrorLines));
    }

    [Fact]
    public async Task Bands_are_shown_with_who_approved_them_and_decided_by_a_person()
    {
        var before = await Rmon.RunAsync("models", "bands", Task, "@champion");
        Assert.Contains("(default, not yet approved by anybody)", before.Output, StringComparison.Ordinal);
        var decided = await Rmon.RunAsync("models", "bands", Task, "@champion", "--by-capacity", "20%", "--by", "ada", "--why", "what the teams can call", "--json");
        Assert.True(decided.ExitCode == 0, decided.Errors);
        Assert.Equal((1, "ada", "what the teams can call"), (decided.Document.GetProperty("decision").GetInt32(), decided.Document.GetProperty("by").GetString(), decided.Document.GetProperty("why").GetString()));
        var scored = (await Rmon.RunAsync("score", Task, "--json")).Document.GetProperty("worklists").EnumerateArray().ToArray();
        Assert.All(scored, w => Assert.Contains("(approved by ada on ", w.GetProperty("bands").GetString(), StringComparison.Ordinal));
        var high = decided.Document.GetProperty("high").GetDouble();
        Assert.All(scored.SelectMany(w => w.GetProperty("listed").EnumerateArray()), p => Assert.Equal(p.GetProperty("probability").GetDouble() >= high, p.GetProperty("band").GetString() == "high"));
        Assert.Contains("net benefit", Assert.Single((await Rmon.RunAsync("models", "bands", Task, "--by-net-benefit", "0.9", "--by", "ada", "--why", "x")).ErrorLines), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, "Name one model", "--onnx", "a.onnx", "--http", "https://models.example/score")]
    [InlineData(2, "Name one model")]
    [InlineData(2, "go with --http", "--onnx", "a.onnx", "--timeout", "5")]
    [InlineData(2, "Choose one of --calibrate and --platt", "--onnx", "a.onnx", "--calibrate", "--platt", "1,0")]
    [InlineData(3, "there is no such file", "--onnx", "nowhere.onnx")]
    [InlineData(3, "not an ONNX model", "--onnx", "FILE:rubbish")]
    [InlineData(3, "not LightGBM's model text", "--lightgbm", "FILE:rubbish")]
    [InlineData(3, "an address that begins with https://", "--http", "http://models.example/score")]
    public async Task What_makes_no_sense_is_refused_in_one_line(int exitCode, string says, params string[] arguments)
    {
        var given = new List<string>();
        foreach (var argument in arguments)
        {
            given.Add(argument.StartsWith("FILE:", StringComparison.Ordinal) ? await FileAsync("rubbish", Encoding.UTF8.GetBytes(argument)) : argument);
        }

        var result = await Rmon.RunAsync(["models", "register", Task, .. given, "--features", await MappingAsync(Features), "--by", "ada", "--why", "x"]);
        Assert.Equal(exitCode, result.ExitCode);
        Assert.Contains(says, result.ErrorLines[0], StringComparison.Ordinal);
        Assert.True(result.ErrorLines.Length == (exitCode == 2 ? 2 : 1), result.Errors);
    }

    private Task<string> MappingAsync(string features) => FileAsync(
        "mapping.json", Encoding.UTF8.GetBytes($$"""{ "schemaVersion": 1, "featureSet": "home", "features": [ {{features}} ], "output": { "as": "probability" } }"""));

    private async Task<string> FileAsync(string name, byte[] bytes)
    {
        var file = Rmon.Folder(name);
        await File.WriteAllBytesAsync(file, bytes);
        return file;
    }
}
