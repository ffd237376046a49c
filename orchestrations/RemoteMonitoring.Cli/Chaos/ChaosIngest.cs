using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using NodaTime;
using RemoteMonitoring.Ingestion.Gateway;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Cli.Chaos;

/// <summary>The chaos run: a log that fills while two workers land it and are killed again and again; then the comparison.</summary>
internal sealed class ChaosIngest(Terminal terminal, string folder, int messages, int kills, int seed)
{
    private const string Cohort = "chaos";
    private const int Partitions = 4;
    private const int LostOffsets = 50;
    private const int ManyKills = 50;
    private static readonly TimeSpan s_perKill = TimeSpan.FromMilliseconds(2000);

    private readonly Random _random = new(seed);
    private readonly ConcurrentDictionary<string, int> _met = new(StringComparer.Ordinal);

    /// <summary>Workers killed so far.</summary>
    public int Killed { get; private set; }

    /// <summary>Messages in the log.</summary>
    public int Appended { get; private set; }

    private string Disturbed => Path.Combine(folder, "disturbed");

    private string Undisturbed => Path.Combine(folder, "undisturbed");

    /// <summary>Runs it; the promises that did not hold, none when all is well.</summary>
    public async Task<IReadOnlyList<string>> RunAsync(CancellationToken cancellationToken)
    {
        var time = TimeProvider.System;
        var clock = Stopwatch.StartNew();
        await PrepareAsync(Disturbed, cancellationToken);
        var home = Path.Combine(Disturbed, Cohort, "gateway");
        Directory.CreateDirectory(home);
        var file = Path.Combine(home, "log.db");
        var source = new ChaosMessages(seed, time.GetUtcNow().ToUnixTimeMilliseconds() * 1000);
        await using (var log = GatewayLog.Open(file, new GatewayLogOptions { Partitions = Partitions }, time))
        {
            // A first record beyond the offset that the chain expects: the log has forgotten what came before.
            await AppendAsync(log, source, Math.Min(messages, Partitions * LostOffsets * 4), cancellationToken);
            using (var reader = new GatewayLogReader(file))
            {
                await reader.TrimAsync(Partitions - 1, LostOffsets, cancellationToken);
            }

            using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var feeding = FeedAsync(log, source, cancellationToken);
            await Task.WhenAll(FightAsync(1, cancellationToken), FightAsync(2, cancellationToken));
            terminal.Line($"{Terminal.Number(Killed)} workers killed in {clock.Elapsed.TotalSeconds:F0} s");
            await feeding;
        }

        terminal.Line($"{Terminal.Number(Appended)} messages in the log");
        var left = await ChaosWork.LookAsync(Disturbed, Cohort, cancellationToken);
        await LandAsync(Disturbed, cancellationToken);
        await PrepareAsync(Undisturbed, cancellationToken);
        Directory.CreateDirectory(Path.Combine(Undisturbed, Cohort, "gateway"));
        foreach (var part in Directory.EnumerateFiles(home, "log.db*"))
        {
            File.Copy(part, Path.Combine(Undisturbed, Cohort, "gateway", Path.GetFileName(part)));
        }

        await LandAsync(Undisturbed, cancellationToken);
        await using var disturbed = CohortStore.Open(Disturbed, Cohort);
        await using var undisturbed = CohortStore.Open(Undisturbed, Cohort);
        var comparison = new ChaosComparison(terminal, disturbed, undisturbed);
        // A run whose workers all died before they did anything would keep every promise.
        comparison.Check(
            "the killed workers worked",
            left.Files >= Killed && left.Messages >= Appended / 2,
            $"{Terminal.Number(left.Messages)} messages in {Terminal.Number(left.Files)} files when the last was killed, {left.Unfinished} of them without their readings");
        comparison.Check(
            "the store failed them",
            // In a short run not every fault comes up.
            !_met.IsEmpty && (kills < ManyKills || ChaosWork.Faults.All(_met.ContainsKey)),
            string.Join(", ", ChaosWork.Faults.Select(f => $"{f} {Terminal.Number(_met.GetValueOrDefault(f))} times")));
        return await comparison.RunAsync(Appended, cancellationToken);
    }

    private async Task FeedAsync(GatewayLog log, ChaosMessages source, CancellationToken cancellationToken)
    {
        // As long as workers are killed there is something to land.
        var clock = Stopwatch.StartNew();
        var whole = s_perKill * kills / 2;
        while (Appended < messages)
        {
            var due = Math.Min(messages, (int)(messages * (clock.Elapsed / whole)) + 1);
            await AppendAsync(log, source, due - Appended, cancellationToken);
            await Task.Delay(20, cancellationToken);
        }
    }

    private async Task AppendAsync(GatewayLog log, ChaosMessages source, int count, CancellationToken cancellationToken)
    {
        foreach (var some in Enumerable.Range(0, Math.Max(0, count)).Chunk(512))
        {
            await Task.WhenAll(some.Select(_ => log.AppendAsync(source.Next(), cancellationToken)));
            Appended += some.Length;
        }
    }

    /// <summary>One worker after the other, each killed at a random instant, until enough were.</summary>
    private async Task FightAsync(int fighter, CancellationToken cancellationToken)
    {
        for (var turn = 0; Killed < kills; turn++)
        {
            var faults = string.Create(CultureInfo.InvariantCulture, $"seed={(seed * 1000) + (fighter * 100) + turn},lost=0.04,busy=0.01,full=0.01,half=0.02");
            using var worker = Start(Disturbed, "--no-gateway", "--batch-age", "0.1", "--faults", faults);
            var reads = new TaskCompletionSource();
            var last = "";
            worker.ErrorDataReceived += (_, e) => Note(last = e.Data ?? last, reads);
            worker.BeginErrorReadLine();
            // One in five dies while it starts, the others at some instant of their work.
            var early = _random.NextDouble() < 0.2;
            var life = TimeSpan.FromMilliseconds(_random.NextDouble() * (early ? 500 : 1500));
            var ended = worker.WaitForExitAsync(cancellationToken);
            await Task.WhenAny(ended, early ? Task.CompletedTask : reads.Task);
            await Task.WhenAny(ended, Task.Delay(life, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
            if (worker.HasExited)
            {
                throw new UserException($"a worker ended by itself with exit code {worker.ExitCode}: {last}");
            }

            worker.Kill();
            await ended;
            Killed++;
        }
    }

    /// <summary>What a worker says: that it reads, or what has failed it.</summary>
    private void Note(string line, TaskCompletionSource reads)
    {
        if (line.Contains("reading on from", StringComparison.Ordinal))
        {
            reads.TrySetResult();
        }

        foreach (var fault in ChaosWork.Faults.Where(f => line.Contains(f, StringComparison.Ordinal)))
        {
            _met.AddOrUpdate(fault, 1, (_, times) => times + 1);
        }
    }

    /// <summary>One worker that nobody disturbs, until everything has landed.</summary>
    private static Task LandAsync(string home, CancellationToken cancellationToken) => ChaosProcess.EndAsync(Start(home, "--once"), cancellationToken);

    private static Process Start(string home, params IEnumerable<string> options) => ChaosProcess.Start(home, ["worker", "--cohort", Cohort, .. options]);

    /// <summary>A cohort in which each device is a patient's, but one that is nobody's.</summary>
    private static async Task PrepareAsync(string home, CancellationToken cancellationToken)
    {
        await using var store = CohortStore.Open(home, Cohort);
        var since = Instant.FromUtc(2020, 1, 1, 0, 0);
        var lines = string.Concat(Enumerable.Range(0, ChaosMessages.Devices - 1).Select(d => ReferenceJson.ToLine(new DeviceAssignment
        {
            DeviceId = string.Create(CultureInfo.InvariantCulture, $"chaos-{d:D3}"),
            PatientId = string.Create(CultureInfo.InvariantCulture, $"p{d % 50:D2}"),
            From = since,
            Known = since,
        }) + "\n"));
        await store.Reference.AppendAsync(ReferenceKinds.Assignments, Encoding.UTF8.GetBytes(lines), cancellationToken);
    }
}
