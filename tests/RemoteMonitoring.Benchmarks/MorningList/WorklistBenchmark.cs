using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace RemoteMonitoring.Benchmarks.MorningList;

/// <summary>
/// The morning list of a random team of 200 with 50,000 patients, asked for ten times a second by signed-in users while a night is under way all
/// the time, at parallelism 1, in the process that serves; beside the same without a night. The value is the time that 95 of 100 requests
/// took at the most, from when they were due. Ours and peer's other figures go to the terminal, and beside the case.
/// </summary>
internal sealed partial class WorklistBenchmark : Benchmark, IDisposable
{
    private const int Patients = 50_000;
    private const double PerSecond = 10;

    private static readonly TimeSpan s_length = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_lengthOfOthers = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, object> _beside = [];
    private readonly Random _random = new(7);
    private readonly List<(string Team, NurseSession Session)> _sessions = [];
    private readonly List<Answers> _ours = [];
    private Process? _process;
    private HttpClient? _client;
    private bool _isWarm;
    private long _peak;

    public override string Name => "worklist";

    public override string Unit => "ms at p95 for a list page, 10/s, with a night under way";

    public override string PeerName => "the same without a night";

    public override int Runs => 3;

    public override long? PeakMegabytes => _peak;

    public override IReadOnlyDictionary<string, object> Beside => _beside;

    public override async Task PrepareAsync(string folder)
    {
        var home = Path.Combine(folder, "home");
        await ServeAsync(home, await WardHome.WriteAsync(home, Patients));
        await MeasureOthersAsync();
    }

    public override async Task<Measured> OursAsync()
    {
        await TellAsync(PagesAlone.Nights);
        var answers = await AskForListsAsync(_isWarm ? s_length : s_length / 4);
        var served = JsonSerializer.Deserialize<PagesMeasured>(await TellAsync(PagesAlone.Quiet))!;
        _peak = Math.Max(_peak, served.Peak);
        if (_isWarm)
        {
            _ours.Add(answers);
            Say("p50_ms", _ours.Average(a => a.Quantile(0.5)));
            Say("p99_ms", _ours.Average(a => a.Quantile(0.99)));
            Say("max_ms", _ours.Max(a => a.Quantile(1)));
            Say("errors", _ours.Sum(a => a.Errors));
            Say("resident_mb", served.Resident);
        }

        return new Measured(answers.Quantile(0.95), string.Create(CultureInfo.InvariantCulture,
            $"({Words(answers)}; {served.Nights} nights ended meanwhile, {served.Between:F2} s between them; collections stopped it {served.PauseShare:P1} of the time, at most {served.LongestPause:F0} ms)"));
    }

    public override async Task<Measured> PeerAsync()
    {
        var answers = await AskForListsAsync(_isWarm ? s_length : s_length / 4);
        _isWarm = true;
        return new Measured(answers.Quantile(0.95), $"({Words(answers)})");
    }

    public void Dispose()
    {
        _client?.Dispose();
        if (_process is not null)
        {
            _process.StandardInput.Close();
            _process.WaitForExit();
            _process.Dispose();
        }
    }

    /// <summary>Starts the process that serves, and signs a user of each team in.</summary>
    private async Task ServeAsync(string home, IReadOnlyList<string> teams)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(Benchmark).Assembly.Location);
        }

        start.ArgumentList.Add("--pages-alone");
        start.ArgumentList.Add(home);
        _process = Process.Start(start)!;
        _client = NurseSession.ClientOf(new Uri((await _process.StandardOutput.ReadLineAsync())!));
        var times = new List<double>();
        foreach (var team in teams)
        {
            var (session, clock) = (new NurseSession(_client), Stopwatch.StartNew());
            await session.SignInAsync(WardHome.UserOf(team), WardHome.Password);
            times.Add(clock.Elapsed.TotalMilliseconds);
            _sessions.Add((team, session));
        }

        times.Sort();
        Say("sign_in_p50_ms", times[times.Count / 2]);
    }

    private async Task<string> TellAsync(string what)
    {
        await _process!.StandardInput.WriteLineAsync(what);
        return (await _process.StandardOutput.ReadLineAsync())!;
    }

    private Task<Answers> AskForListsAsync(TimeSpan length) => OpenLoop.RunAsync(PerSecond, length, _ =>
    {
        var (team, session) = AnySession();
        return session.AskAsync($"/teams/{team}");
    });

    /// <summary>Weights of the pages, and the pages that are not held to the same.</summary>
    private async Task MeasureOthersAsync()
    {
        var (heaviest, transferred, patients) = (0, 0, new List<(string, NurseSession)>());
        var files = 0;
        foreach (var (team, session) in _sessions)
        {
            var text = await session.TextAsync($"/teams/{team}");
            heaviest = Math.Max(heaviest, System.Text.Encoding.UTF8.GetByteCount(text));
            transferred = Math.Max(transferred, await session.AskAsync($"/teams/{team}") ?? 0);
            patients.AddRange(PatientLinks().Matches(text).Select(m => (m.Value, session)));
            if (files == 0)
            {
                foreach (Match file in FileLinks().Matches(text))
                {
                    files += await session.AskAsync(file.Groups[1].Value) ?? 0;
                }
            }
        }

        Say("page_kb", heaviest / 1024.0);
        Say("page_transferred_kb", transferred / 1024.0);
        Say("style_and_script_transferred_kb", files / 1024.0);
        var ofPatients = await OpenLoop.RunAsync(2, s_lengthOfOthers, _ =>
        {
            var (path, session) = patients[Next(patients.Count)];
            return session.AskAsync(path);
        });
        Say("patient_page_p95_ms", ofPatients.Quantile(0.95));
        var (team0, nurse) = _sessions[0];
        foreach (var name in (string[])["figures_first_ms", "figures_again_ms"])
        {
            var clock = Stopwatch.StartNew();
            await nurse.TextAsync($"/teams/{team0}/figures");
            Say(name, clock.Elapsed.TotalMilliseconds);
        }

        Console.Error.WriteLine($"{Name}: {JsonSerializer.Serialize(_beside)}, patient pages {Words(ofPatients)}");
    }

    private (string Team, NurseSession Session) AnySession() => _sessions[Next(_sessions.Count)];

    private int Next(int below)
    {
        lock (_random)
        {
            return _random.Next(below);
        }
    }

    private void Say(string name, double value) => _beside[name] = Math.Round(value, 1);

    private static string Words(Answers answers) => string.Create(CultureInfo.InvariantCulture,
        $"{answers.Milliseconds.Count} requests, p50 {answers.Quantile(0.5):F1}, p95 {answers.Quantile(0.95):F1}, p99 {answers.Quantile(0.99):F1}, max {answers.Quantile(1):F1} ms, {answers.Errors} errors, at most {answers.Heaviest / 1024.0:F0} KB");

    [GeneratedRegex("/patients/[A-Za-z0-9_-]{22}(?=\")")]
    private static partial Regex PatientLinks();

    [GeneratedRegex("(?:href|src)=\"(/(?:style.css|enhance.js)[^\"]*)\"")]
    private static partial Regex FileLinks();
}
