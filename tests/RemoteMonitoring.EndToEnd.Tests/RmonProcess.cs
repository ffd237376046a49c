using System.Collections.Concurrent;
using System.Diagnostics;

namespace RemoteMonitoring.EndToEnd.Tests;

/// <summary>A program in a process of its own, which can be killed; its lines are kept.</summary>
internal sealed class RmonProcess : IDisposable
{
    /// <summary>A machine that is busy with other tests takes long to start and to stop a program.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    private readonly Process _process;

    private RmonProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, e) => Keep(Output, e.Data);
        process.ErrorDataReceived += (_, e) => Keep(Errors, e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public ConcurrentQueue<string> Output { get; } = new();

    public ConcurrentQueue<string> Errors { get; } = new();

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <summary><c>rmon</c>, as built, possibly under another program.</summary>
    public static RmonProcess Start(string[] arguments, params string[] under) =>
        Run([.. under, "dotnet", Path.Combine(AppContext.BaseDirectory, "rmon.dll"), .. arguments], []);

    public static RmonProcess Run(string[] command, IEnumerable<KeyValuePair<string, string>> environment, string? folder = null)
    {
        var start = new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder ?? "" };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        return new RmonProcess(Process.Start(start)!);
    }

    /// <summary>Waits for a line of standard output.</summary>
    public Task<string> LineAsync(Func<string, bool> wanted, TimeSpan? most = null) => LineAsync(Output, wanted, most);

    public async Task<string> LineAsync(ConcurrentQueue<string> lines, Func<string, bool> wanted, TimeSpan? most = null)
    {
        var clock = Stopwatch.StartNew();
        while (clock.Elapsed < (most ?? s_patience))
        {
            if (lines.FirstOrDefault(wanted) is { } line)
            {
                return line;
            }

            if (_process.HasExited)
            {
                // What it said last comes after its end: until both of its streams have ended.
                await ExitAsync();
                return lines.FirstOrDefault(wanted) ?? throw new InvalidOperationException($"It ended before it said so.\n{string.Join('\n', Output)}\n{string.Join('\n', Errors)}");
            }

            await Task.Delay(20);
        }

        throw new TimeoutException($"It never said so.\n{string.Join('\n', Output.TakeLast(20))}\n{string.Join('\n', Errors.TakeLast(20))}");
    }

    /// <summary>SIGKILL, also for what it runs under itself.</summary>
    public void Kill()
    {
        _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
    }

    /// <summary>SIGTERM, and the exit code.</summary>
    public async Task<int> TerminateAsync()
    {
        using var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        return await ExitAsync();
    }

    public async Task<int> ExitAsync(TimeSpan? most = null)
    {
        using var timeout = new CancellationTokenSource(most ?? s_patience);
        await _process.WaitForExitAsync(timeout.Token);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }

    private static void Keep(ConcurrentQueue<string> lines, string? line)
    {
        if (line is not null)
        {
            lines.Enqueue(line);
        }
    }
}
