using System.Globalization;

namespace RemoteMonitoring.Benchmarks.Features;

/// <summary>
/// How time and memory grow with the cohort: all of <c>home</c> for ten thousand, a hundred thousand and a million patients, each
/// in a process of its own that warms up on the smallest. The value is the exponent: the slope of log time over log patients, by
/// least squares. Its peer is growth in proportion. Times take in the reading of the reference log. The first run takes the
/// smallest only, so that the million is done once.
/// </summary>
internal sealed class FeaturesGrowthBenchmark : Benchmark
{
    private static readonly int[] s_patients = [10_000, 100_000, 1_000_000];

    private string _folder = "";
    private bool _isWarm;
    private long _peak;

    public override string Name => "features-growth";

    public override string Unit => "exponent of time over patients, 10 k to 1 M";

    public override string PeerName => "growth in proportion";

    public override int Runs => 1;

    /// <summary>Peak memory of the process that did the largest.</summary>
    public override long? PeakMegabytes => _peak;

    public override async Task PrepareAsync(string folder)
    {
        _folder = folder;
        await WriteAsync(s_patients[0]);
    }

    public override async Task<Measured> OursAsync()
    {
        var points = new List<(int Patients, AloneMeasured Measured)>();
        foreach (var patients in _isWarm ? s_patients : s_patients[..1])
        {
            if (patients != s_patients[0])
            {
                await WriteAsync(patients);
            }

            var measured = FeaturesAlone.Start(FolderOf(s_patients[0]), FolderOf(patients), patients <= s_patients[1] ? 5 : 1);
            points.Add((patients, measured));
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{Name}, {patients:N0} patients: {measured.Seconds:F2} s, of which reference {measured.LoadSeconds:F2} s and vectors {measured.VectorSeconds:F2} s (only to read the columns {measured.ReadSeconds:F2} s); peak {measured.LoadPeak:N0} MB while loading, {measured.VectorPeak:N0} MB after; reference and rows hold {measured.Held:N0} MB"));
            if (patients != s_patients[0])
            {
                Directory.Delete(FolderOf(patients), recursive: true);
            }
        }

        _isWarm = true;
        _peak = points[^1].Measured.Peak;
        return points.Count == 1
            ? new Measured(1)
            : new Measured(Slope(points, m => m.Seconds), string.Create(CultureInfo.InvariantCulture,
                $"({Slope(points, m => m.Seconds):F3}; by steps {string.Join(" and ", points.Zip(points[1..], (a, b) => Slope([a, b], m => m.Seconds).ToString("F3", CultureInfo.InvariantCulture)))}; vectors alone {Slope(points, m => m.VectorSeconds):F3})"));
    }

    public override Task<Measured> PeerAsync() => Task.FromResult(new Measured(1));

    private static double Slope(List<(int Patients, AloneMeasured Measured)> points, Func<AloneMeasured, double> seconds)
    {
        var (x, y) = (points.ConvertAll(p => Math.Log(p.Patients)), points.ConvertAll(p => Math.Log(seconds(p.Measured))));
        var (meanX, meanY) = (x.Average(), y.Average());
        return x.Zip(y, (a, b) => (a - meanX) * (b - meanY)).Sum() / x.Sum(a => (a - meanX) * (a - meanX));
    }

    private string FolderOf(int patients) => Path.Combine(_folder, patients.ToString(CultureInfo.InvariantCulture));

    private async Task WriteAsync(int patients)
    {
        var cohort = FeatureCohort.Write(Path.Combine(FolderOf(patients), "observations"), patients);
        await FeaturesAlone.WriteLakeAsync(cohort, FolderOf(patients));
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Name}, {patients:N0} patients: {cohort.Readings:N0} rows in {cohort.Files.Count:N0} files, {cohort.Files.Sum(f => new FileInfo(f.Path).Length) >> 20:N0} MiB"));
    }
}
