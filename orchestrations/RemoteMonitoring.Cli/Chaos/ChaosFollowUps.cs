using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using NodaTime;
using RemoteMonitoring.Cli.Runs;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Workflows;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Engine.Embedded;
using RemoteMonitoring.Workflows.FollowUps;
using RemoteMonitoring.Workflows.Schedules;

namespace RemoteMonitoring.Cli.Chaos;

/// <summary>
/// Follow-ups of listed patients and urgent readings, by one or two serving processes at a time that are killed at random instants, to a receiver that fails
/// too, while staff act on some of the patients; then it is counted what was begun, delivered and closed.
/// </summary>
internal sealed class ChaosFollowUps(Terminal terminal, string folder, int followUps, int kills, int seed)
{
    private const string SecretVariable = "RMON_CHAOS_FOLLOW_UP_SECRET";

    /// <summary>Begun so many at a time, so that some are young whenever a process dies.</summary>
    private readonly int _wave = Math.Max(1, followUps / Math.Max(1, kills));

    /// <summary>Longer than processes are killed for: whatever is begun can be delivered, by the last at the latest.</summary>
    private readonly Duration _giveUp = Duration.FromSeconds(20 + (2.5 * kills));

    private readonly Random _random = new(seed);
    private readonly List<string> _failed = [];

    /// <summary>Processes killed so far.</summary>
    public int Killed { get; private set; }

    private string Home => Path.Combine(folder, "home");

    /// <summary>Runs it; the promises that did not hold, none when all is well.</summary>
    public async Task<IReadOnlyList<string>> RunAsync(CancellationToken cancellationToken)
    {
        var secret = RandomNumberGenerator.GetHexString(32);
        Environment.SetEnvironmentVariable(SecretVariable, secret);
        await using var receiver = await UnreliableReceiver.StartAsync(seed, secret);
        await using var store = CohortStore.Open(Home, ChaosWard.Cohort);
        await WriteSettingsAsync(receiver.Address, cancellationToken);
        var ward = await ChaosWard.MakeAsync(store, followUps, cancellationToken);
        var client = CohortEngine.ClientOf(store);
        using var log = new FollowUpLog(store.Reference, TimeProvider.System);
        var staff = new ChaosStaff(ward, log, receiver, store.MakeHandleKey(), _giveUp / 4);
        using var off = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var acting = staff.ActAsync(off.Token);
        while (Killed < kills || ward.Begun < followUps)
        {
            await ward.BeginAsync(client, _wave, cancellationToken);
            if (Killed < kills)
            {
                await Task.WhenAll(Enumerable.Range(0, 1 + _random.Next(2)).Select(_ => KillAsync(TimeSpan.FromMilliseconds(200 + (2800 * _random.NextDouble())), cancellationToken)));
            }
        }

        terminal.Line($"{Killed} processes killed; {ward.Begun} follow-ups begun; from now on nobody is disturbed");
        await FinishAsync(client, cancellationToken);
        await off.CancelAsync();
        await acting;
        await CheckAsync(store, client, ward, staff, receiver, cancellationToken);
        return _failed;
    }

    private async Task WriteSettingsAsync(Uri receiver, CancellationToken cancellationToken)
    {
        static string Length(Duration length) => length.ToTimeSpan().ToString("c", CultureInfo.InvariantCulture);
        await File.WriteAllTextAsync(Path.Combine(Home, FollowUpFile.FileName), $$"""
            {
              "schemaVersion": 1, "worklist": "http://127.0.0.1/",
              "default": {
                "webhook": "{{receiver}}", "secret": "{{SecretVariable}}", "escalateTo": { "user": "lead" }, "urgentIgnoresQuietHours": true,
                "remindAfter": "{{Length(_giveUp / 4)}}", "escalateAfter": "{{Length(_giveUp / 2)}}", "giveUpAfter": "{{Length(_giveUp)}}"
              }
            }
            """, cancellationToken);
        await File.WriteAllTextAsync(Path.Combine(Home, ScheduleFile.FileName), """{ "schemaVersion": 1, "schedules": [] }""", cancellationToken);
    }

    private Process Serve() => ChaosProcess.Start(Home, "serve", "--cohort", ChaosWard.Cohort, "--no-worker", "--no-gateway");

    private async Task KillAsync(TimeSpan life, CancellationToken cancellationToken)
    {
        using var process = Serve();
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        var ended = process.WaitForExitAsync(cancellationToken);
        if (await Task.WhenAny(ended, Task.Delay(life, cancellationToken)) == ended)
        {
            throw new UserException($"a serving process ended by itself with exit code {process.ExitCode}: {(await errors).Trim()}");
        }

        process.Kill();
        await ended;
        Killed++;
    }

    /// <summary>A process that nobody disturbs sees them all to their end.</summary>
    private async Task FinishAsync(JournalClient client, CancellationToken cancellationToken)
    {
        using var process = Serve();
        // What it says has to be read, or it stops when nothing more fits between.
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        var clock = Stopwatch.StartNew();
        try
        {
            while ((await client.ListAsync(WorkflowNames.FollowUp, int.MaxValue, cancellationToken)) is var all && (all.Count < followUps || all.Any(i => i.Status == InstanceStatus.Running)))
            {
                if (clock.Elapsed > (3 * _giveUp.ToTimeSpan()) + TimeSpan.FromMinutes(2) || process.HasExited)
                {
                    terminal.Line($"{all.Count(i => i.Status == InstanceStatus.Running)} of {all.Count} follow-ups are under way still, of {followUps}");
                    return;
                }

                await Task.Delay(TimeSpan.FromMilliseconds(200), cancellationToken);
            }
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
            await errors;
        }
    }

    private async Task CheckAsync(CohortStore store, JournalClient client, ChaosWard ward, ChaosStaff staff, UnreliableReceiver receiver, CancellationToken cancellationToken)
    {
        var instances = await client.ListAsync(WorkflowNames.FollowUp, int.MaxValue, cancellationToken);
        var expected = ward.All.ToDictionary(i => i.Key, StringComparer.Ordinal);
        Check("as many follow-ups as were asked for, each begun once", instances.Count == followUps && instances.All(i => expected.ContainsKey(FollowUpSteps.InputOf(i).Key)), $"{instances.Count} of {followUps}");
        Check("each came to its end", instances.All(i => i.Status == InstanceStatus.Completed), string.Join(", ", instances.CountBy(i => i.Status).Select(c => $"{c.Value} {c.Key}")));

        var key = store.MakeHandleKey();
        var taken = receiver.Taken.ToArray();
        var byPatient = taken.GroupBy(t => (t.Kind, t.Patient)).ToDictionary(g => g.Key, g => g.Select(t => t.Key).Distinct().ToArray());
        string[] KeysOf(FollowUpInput i) => byPatient.GetValueOrDefault((i.Kind == FollowUpKind.Listed ? "listed" : "urgent", key.HandleOf(i.PatientId)), []);
        Check("none is lost: each was taken in by the receiver", expected.Values.All(i => KeysOf(i).Contains(i.Key)), $"{expected.Values.Count(i => KeysOf(i).Contains(i.Key))} of {followUps}");
        Check("none is delivered under two keys", expected.Values.All(i => KeysOf(i).Length <= 1) && taken.All(t => expected.ContainsKey(t.Key)), $"{taken.Select(t => t.Key).Distinct().Count()} keys for {byPatient.Count} follow-ups");
        Check("all of it was signed, and under the key that it names", receiver.Wrong.IsEmpty, $"{Terminal.Number(taken.Length)} deliveries taken in, {receiver.Wrong.Count} wrong");

        var outcomes = instances.Where(i => i.Status == InstanceStatus.Completed).ToDictionary(i => FollowUpSteps.InputOf(i).Key, i => FollowUpSteps.OutcomeOf(i)!, StringComparer.Ordinal);
        var asSaid = expected.Values.Count(i => outcomes.TryGetValue(i.Key, out var o) && o.Result == staff.Expected(i));
        Check("each was closed with what staff had done", asSaid == followUps, string.Join(", ", outcomes.Values.CountBy(o => o.Result).OrderBy(c => c.Key).Select(c => $"{c.Value} {c.Key}".ToLowerInvariant())) + $"; {staff.TakenBack} contacts were taken back");
        var attempts = outcomes.Values.SelectMany(o => o.Deliveries).Sum(d => d.Attempts);
        var came = taken.Length + receiver.Failures.Where(f => f.Key is UnreliableReceiver.Busy or UnreliableReceiver.Down or UnreliableReceiver.Cut).Sum(f => f.Value);
        Check("what the workflows say they sent did come", came >= attempts && attempts > 0, $"{Terminal.Number(attempts)} sent on record, {Terminal.Number(came)} came: {Terminal.Number(came - attempts)} sent by processes that died before they could say so");
        Check("none was escalated after somebody had acted", staff.ActedOn > 0 && staff.ToldTooLate(taken) == 0, $"{staff.ToldTooLate(taken)} of {staff.ActedOn} acted on");
        Check("the receiver failed them", receiver.Failures.Count == 5, string.Join(", ", receiver.Failures.OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => $"{f.Value} {f.Key}")));
        var (steps, twice) = await StepsAsync(client, instances, cancellationToken);
        Check("no step was recorded as done twice", steps > 0 && twice == 0, $"{Terminal.Number(steps)} outcomes recorded, {twice} of them a second time");
        Check("processes were killed", Killed >= kills, $"{Killed} by SIGKILL");
    }

    private static async Task<(int Outcomes, int Twice)> StepsAsync(JournalClient client, IReadOnlyList<WorkflowInstance> instances, CancellationToken cancellationToken)
    {
        var (outcomes, twice) = (0, 0);
        foreach (var instance in instances)
        {
            int[] done =
            [
                .. (await client.HistoryAsync(instance.Id, cancellationToken))
                    .Where(e => e.Kind is HistoryKind.ActivityCompleted or HistoryKind.ActivityFailed or HistoryKind.TimerFired)
                    .Select(e => e.Task),
            ];
            outcomes += done.Length;
            twice += done.Length - done.Distinct().Count();
        }

        return (outcomes, twice);
    }

    private void Check(string promise, bool holds, string figures)
    {
        terminal.Line($"{(holds ? "holds" : "BROKEN")}  {promise}: {figures}");
        if (!holds)
        {
            _failed.Add(promise);
        }
    }
}
