using System.Diagnostics;
using System.Globalization;
using System.Text;
using NodaTime;
using RemoteMonitoring.Ingestion.Gateway;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Cli.Worker;

/// <summary>The chaos run: a log that fills while two workers land it and are killed again and again; then the comparison.</summary>
internal sealed class ChaosIngest(Terminal terminal, string folder, int messages, int kills, int seed)
{
    private const string Cohort = "chaos";
    private const int Partitions = 4;
    private const int LostOffsets = 50;
    private static readonly TimeSpan s_perKill = TimeSpan.FromMilliseconds(700);

    private readonly Random _random = new(seed);

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
        return await new ChaosComparison(terminal, disturbed, undisturbed).RunAsync(Appended, cancellationToken);
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
            // Half of them die while they start or in their first batches, the others in the middle of their work.
            var life = TimeSpan.FromMilliseconds(150 + (_random.NextDouble() * 1000));
            await Task.WhenAny(worker.WaitForExitAsync(cancellationToken), Task.Delay(life, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
            if (worker.HasExited)
            {
                throw new UserException($"a worker ended by itself with exit code {worker.ExitCode}: {(await worker.StandardError.ReadToEndAsync(cancellationToken)).Trim().Split('\n')[^1]}");
            }

            worker.Kill();
            await worker.WaitForExitAsync(cancellationToken);
            Killed++;
        }
    }

    /// <summary>One worker that nobody disturbs, until everything has landed.</summary>
    private static async Task LandAsync(string home, CancellationToken cancellationToken)
    {
        using var worker = Start(home, "--once");
        var errors = worker.StandardError.ReadToEndAsync(cancellationToken);
        await worker.WaitForExitAsync(cancellationToken);
        if (worker.ExitCode != ExitCodes.Done)
        {
            throw new UserException($"the last worker ended with exit code {worker.ExitCode}: {(await errors).Trim().Split('\n')[^1]}");
        }
    }

    private static Process Start(string home, params ReadOnlySpan<string> options)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardError = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(Program).Assembly.Location);
        }

        foreach (var argument in (string[])["worker", "--home", home, "--cohort", Cohort, .. options])
        {
            start.ArgumentList.Add(argument);
        }

        var worker = Process.Start(start)!;
        worker.OutputDataReceived += (_, _) => { };
        worker.BeginOutputReadLine();
        return worker;
    }

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
