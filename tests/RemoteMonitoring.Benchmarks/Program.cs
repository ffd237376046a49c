using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using RemoteMonitoring.Benchmarks;
using RemoteMonitoring.Benchmarks.Features;
using RemoteMonitoring.Benchmarks.MorningList;
using RemoteMonitoring.Benchmarks.Night;

if (args is ["--land", var file, var lake])
{
    await IngestBenchmark.LandAsync(file, lake);
    using var self = Process.GetCurrentProcess();
    Console.Write(self.PeakWorkingSet64 >> 20);
    return 0;
}

if (args is ["--features-alone", var small, var cohort, var times])
{
    Console.Write(await FeaturesAlone.RunAsync(small, cohort, int.Parse(times, CultureInfo.InvariantCulture)));
    return 0;
}

if (args is ["--night-alone", var home])
{
    Console.Write(await NightAlone.RunAsync(home));
    return 0;
}

if (args is ["--pages-alone", var ward])
{
    await PagesAlone.RunAsync(ward, Console.In, Console.Out);
    return 0;
}

var cases = typeof(Benchmark).Assembly.GetTypes()
    .Where(t => t.IsSubclassOf(typeof(Benchmark)) && !t.IsAbstract)
    .Select(t => (Benchmark)Activator.CreateInstance(t)!)
    .OrderBy(c => c.Name, StringComparer.Ordinal)
    .ToArray();
var wanted = args.Length == 1 && args[0] == "all" ? cases : [.. cases.Where(c => args.Contains(c.Name))];
if (wanted.Length == 0 || (args is not ["all"] && wanted.Length != args.Distinct().Count()))
{
    Console.Error.WriteLine($"Name one or more cases, or 'all': {string.Join(", ", cases.Select(c => c.Name))}");
    return 2;
}

var withoutNulls = new JsonSerializerOptions { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };
foreach (var benchmark in wanted)
{
    var folder = Directory.CreateTempSubdirectory("rmon-bench-").FullName;
    try
    {
        await benchmark.PrepareAsync(folder);
        var (ours, peer) = (new List<double>(), new List<double>());
        for (var run = 0; run <= benchmark.Runs; run++)
        {
            var (we, they) = (await benchmark.OursAsync(), await benchmark.PeerAsync());
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{benchmark.Name} {(run == 0 ? "warm-up" : $"run {run}")}: ours {we.Value:N0} {we.Said}, peer {they.Value:N0} {they.Said}"));
            if (run > 0)
            {
                ours.Add(we.Value);
                peer.Add(they.Value);
            }
        }

        using var process = Process.GetCurrentProcess();
        Console.WriteLine(JsonSerializer.Serialize(new
        {
            @case = benchmark.Name,
            unit = benchmark.Unit,
            ours = Math.Round(Median(ours), 3),
            peer_name = benchmark.PeerName,
            peer = Math.Round(Median(peer), 3),
            ratio = Math.Round(Median(ours) / Median(peer), 3),
            runs = benchmark.Runs,
            peak_mb = benchmark.PeakMegabytes ?? process.PeakWorkingSet64 >> 20,
            beside = benchmark.Beside,
        }, withoutNulls));
    }
    finally
    {
        (benchmark as IDisposable)?.Dispose();
        Directory.Delete(folder, recursive: true);
    }
}

return 0;

static double Median(List<double> values)
{
    values.Sort();
    return (values[(values.Count - 1) / 2] + values[values.Count / 2]) / 2;
}
