using System.Globalization;

namespace RemoteMonitoring.Benchmarks.Night;

/// <summary>
/// A whole night of daily risk for ten thousand, a hundred thousand and a million patients, each in a process of its own: plan,
/// vectors from readings, scores, reasons, predictions in lake and documents, a list for each of a team per 250 patients,
/// which can call 25 in a morning, ledger.
/// The value is the exponent of time over patients; beside it growth in proportion. Times and peaks of each go to the terminal.
/// </summary>
internal sealed class NightBenchmark : Benchmark
{
    private static readonly int[] s_patients = [10_000, 100_000, 1_000_000];

    private string _folder = "";
    private bool _isWarm;
    private long _peak;

    public override string Name => "night";

    public override string Unit => "exponent of time over patients, 10 k to 1 M";

    public override string PeerName => "growth in proportion";

    public override int Runs => 1;

    public override long? PeakMegabytes => _peak;

    public override async Task PrepareAsync(string folder)
    {
        _folder = folder;
        await NightAlone.WriteHomeAsync(HomeOf(s_patients[0]), s_patients[0], null);
    }

    public override async Task<Measured> OursAsync()
    {
        if (!_isWarm)
        {
            _isWarm = true;
            return new Measured(1);
        }

        var points = new List<(double Patients, double Seconds)>();
        foreach (var patients in s_patients)
        {
            if (patients != s_patients[0])
            {
                await NightAlone.WriteHomeAsync(HomeOf(patients), patients, NightAlone.ModelOf(HomeOf(s_patients[0])));
            }

            var measured = NightAlone.Start(HomeOf(patients));
            _peak = measured.Peak;
            points.Add((Math.Log(patients), Math.Log(measured.Seconds)));
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{Name}, {patients:N0} patients: {measured.Seconds:F1} s, peak {measured.Peak:N0} MB, {measured.Scored:N0} scored, {measured.Listed:N0} listed"));
            if (patients != s_patients[0])
            {
                Directory.Delete(HomeOf(patients), recursive: true);
            }
        }

        var (x, y) = (points.Average(p => p.Patients), points.Average(p => p.Seconds));
        return new Measured(points.Sum(p => (p.Patients - x) * (p.Seconds - y)) / points.Sum(p => (p.Patients - x) * (p.Patients - x)));
    }

    public override Task<Measured> PeerAsync() => Task.FromResult(new Measured(1));

    private string HomeOf(int patients) => Path.Combine(_folder, patients.ToString(CultureInfo.InvariantCulture));
}
