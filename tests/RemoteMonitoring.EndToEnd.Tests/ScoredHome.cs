namespace RemoteMonitoring.EndToEnd.Tests;

/// <summary>A small simulated cohort with a trained model and a scored day, made once for a class of tests.</summary>
public sealed class ScoredHome : IAsyncLifetime
{
    public Rmon Rmon { get; } = new();

    public string Run { get; private set; } = "";

    public string Patient { get; private set; } = "";

    public string Prediction { get; private set; } = "";

    public async Task InitializeAsync()
    {
        var feed = Rmon.Folder("feed");
        foreach (var arguments in (string[][])[["simulate", feed, "--patients", "120", "--days", "60", "--seed", "3"], ["ingest", feed], ["train", "admission-7d"]])
        {
            var result = await Rmon.RunAsync(arguments);
            Assert.True(result.ExitCode is 0 or 4, result.Errors);
        }

        var scored = (await Rmon.RunAsync("score", "admission-7d", "--json")).Document;
        var first = scored.GetProperty("worklists").EnumerateArray().SelectMany(w => w.GetProperty("listed").EnumerateArray()).First();
        (Run, Patient, Prediction) = (scored.GetProperty("run").GetString()!, first.GetProperty("patient_id").GetString()!, first.GetProperty("prediction").GetString()!);
    }

    public Task DisposeAsync()
    {
        Rmon.Dispose();
        return Task.CompletedTask;
    }
}
