using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Benchmarks.Features;

/// <summary>What a process of its own measured of a full recomputation.</summary>
/// <param name="LoadSeconds">Time to read manifest and reference log, and to list the rows.</param>
/// <param name="VectorSeconds">Time from there to the last written vector.</param>
/// <param name="ReadSeconds">Time only to read the same columns of the observations, without hashes.</param>
/// <param name="LoadPeak">Peak resident memory while loading, MiB.</param>
/// <param name="VectorPeak">The same of the rest.</param>
/// <param name="Held">Managed memory that reference data and rows hold, MiB.</param>
internal sealed record AloneMeasured(double LoadSeconds, double VectorSeconds, double ReadSeconds, long LoadPeak, long VectorPeak, long Held)
{
    /// <summary>Time of all that a run does.</summary>
    public double Seconds => LoadSeconds + VectorSeconds;

    /// <summary>Peak resident memory, MiB.</summary>
    public long Peak => Math.Max(LoadPeak, VectorPeak);
}

/// <summary>A full recomputation in a process that has nothing else in memory: it gets a lake, and reads from it what a run reads.</summary>
internal static class FeaturesAlone
{
    private const int LinesOfABatch = 100_000;

    /// <summary>Writes what a run needs beside the cohort's observations into the lake at a folder: manifest and reference log.</summary>
    public static async Task WriteLakeAsync(FeatureCohort cohort, string folder)
    {
        var lake = new LakeDirectory(folder);
        await lake.TryCreateAsync(LakePaths.ObservationsManifest, FeaturesOurs.ManifestOf(cohort, folder).ToBytes(), CancellationToken.None);
        var log = new ReferenceLog(lake);
        await AppendAsync(log, ReferenceKinds.Roster, cohort.Reference.Patients);
        await AppendAsync(log, ReferenceKinds.Teams, cohort.Reference.Teams);
        await AppendAsync(log, ReferenceKinds.Census, cohort.Reference.Census);
        await AppendAsync(log, ReferenceKinds.Outcomes, cohort.Reference.Outcomes);
    }

    /// <summary>Starts the process over a lake, which warms up on another, and waits for its last word.</summary>
    public static AloneMeasured Start(string warmUp, string folder, int runs)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(Benchmark).Assembly.Location);
        }

        string[] arguments = ["--features-alone", warmUp, folder, runs.ToString(CultureInfo.InvariantCulture)];
        Array.ForEach(arguments, start.ArgumentList.Add);
        using var process = Process.Start(start)!;
        var said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return JsonSerializer.Deserialize<AloneMeasured>(said)!;
    }

    /// <summary>What the process does: the run of the median time, as JSON.</summary>
    public static async Task<string> RunAsync(string warmUp, string folder, int runs)
    {
        for (var i = 0; i < 3; i++)
        {
            await MeasureAsync(warmUp);
        }

        var measured = new List<AloneMeasured>();
        for (var i = 0; i < runs; i++)
        {
            measured.Add(await MeasureAsync(folder));
        }

        return JsonSerializer.Serialize(measured.OrderBy(m => m.Seconds).ElementAt(runs / 2));
    }

    private static async Task<AloneMeasured> MeasureAsync(string folder)
    {
        var output = Directory.CreateDirectory(Path.Combine(folder, "alone")).FullName;
        ForgetPeak();
        var clock = Stopwatch.StartNew();
        var ours = await FeaturesOurs.OpenAsync(folder, FeatureSet.Home);
        var load = clock.Elapsed.TotalSeconds;
        var loadPeak = Peak();
        ForgetPeak();
        clock.Restart();
        await ours.RecomputeAsync(output);
        var vectors = clock.Elapsed.TotalSeconds;
        var vectorPeak = Peak();
        var held = GC.GetTotalMemory(forceFullCollection: true) >> 20;
        var (read, _) = await ours.ReadAsync();
        GC.KeepAlive(ours);
        Directory.Delete(output, recursive: true);
        return new AloneMeasured(load, vectors, read, loadPeak, vectorPeak, held);
    }

    private static long Peak()
    {
        using var self = Process.GetCurrentProcess();
        return self.PeakWorkingSet64 >> 20;
    }

    /// <summary>Lets the peak begin anew at what is resident now, where the system can; elsewhere it is that of all before.</summary>
    private static void ForgetPeak()
    {
        if (OperatingSystem.IsLinux())
        {
            File.WriteAllText("/proc/self/clear_refs", "5");
        }
    }

    private static async Task AppendAsync<T>(ReferenceLog log, string kind, IReadOnlyList<T> events)
        where T : notnull
    {
        foreach (var batch in events.Chunk(LinesOfABatch))
        {
            await log.AppendAsync(kind, Encoding.UTF8.GetBytes(string.Join('\n', batch.Select(ReferenceJson.ToLine)) + "\n"), CancellationToken.None);
        }
    }
}
