using CsCheck;
using Microsoft.Extensions.Logging.Abstractions;
using NodaTime;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Engine.Embedded;
using RemoteMonitoring.Workflows.Tests.Engine.Conformance;

namespace RemoteMonitoring.Workflows.Tests.Engine;

/// <summary>
/// Random workflows told random things in random order: told the history again, at every event of it, they come to where they were.
/// </summary>
public sealed class ReplayPropertyTests
{
    private static readonly Instant s_start = Instant.FromUtc(2025, 1, 1, 0, 0);

    /// <summary>A step of a random workflow: a leaf, or a combination of two.</summary>
    private sealed record Plan(char Kind, int Number, Plan? Left, Plan? Right)
    {
        public override string ToString() => Left is null ? $"{Kind}{Number}" : $"{Kind}({Left} {Right})";
    }

    private static readonly Gen<Plan> s_plan = Gen.Recursive<Plan>((depth, plan) => depth >= 3
        ? Leaf
        : Gen.Frequency(
            (4, Leaf),
            (6, Gen.Select(Gen.Int[0, 4].Select(i => "&|;;c"[i]), plan, plan, (kind, left, right) => new Plan(kind, 0, left, right)))));

    private static Gen<Plan> Leaf => Gen.Select(Gen.Int[0, 2].Select(i => "ate"[i]), Gen.Int[0, 3], (kind, number) => new Plan(kind, number, null, null));

    [Fact]
    public void A_history_told_again_at_every_event_leads_to_where_it_led_before() => Gen.Select(s_plan, Gen.Int[0, int.MaxValue]).Sample(
        (plan, seed) =>
        {
            var random = new Random(seed);
            var said = new List<string>();
            var live = New(plan, said);
            var history = new List<HistoryEvent>();
            Tell(live, history, new HistoryEvent(HistoryKind.Started, -1, null, "\"\"", s_start));
            for (var i = 1; i < 200 && !live.IsOver; i++)
            {
                Tell(live, history, Happening(random, history, s_start + Duration.FromSeconds(i)));
                var again = New(plan, []);
                again.Replay(history);
                Assert.Equal((live.CustomStatus, live.Now, live.Length, live.IsOver), (again.CustomStatus, again.Now, again.Length, again.IsOver));
                if (random.Next(3) == 0)
                {
                    live = again; // the process was killed after this commit
                }
            }

            Assert.True(live.IsOver, $"{plan} did not come to an end.");
            Assert.Equal(HistoryKind.Completed, history[^1].Kind);
        },
        iter: 2_000);

    [Fact]
    public void A_history_with_an_event_left_out_that_was_asked_for_is_not_taken_for_the_workflows() => Gen.Select(s_plan, Gen.Int[0, int.MaxValue]).Sample(
        (plan, seed) =>
        {
            var random = new Random(seed);
            var live = New(plan, []);
            var history = new List<HistoryEvent>();
            Tell(live, history, new HistoryEvent(HistoryKind.Started, -1, null, "\"\"", s_start));
            for (var i = 1; i < 200 && !live.IsOver; i++)
            {
                Tell(live, history, Happening(random, history, s_start + Duration.FromSeconds(i)));
            }

            var asked = Enumerable.Range(0, history.Count).Where(i => history[i].IsAsked && i < history.Count - 1).ToArray();
            if (asked.Length > 0)
            {
                history.RemoveAt(asked[random.Next(asked.Length)]);
                Assert.Throws<NonDeterminismException>(() => New(plan, []).Replay(history));
            }
        },
        iter: 1_000);

    private static WorkflowExecution New(Plan plan, List<string> said) => new(
        "random",
        0,
        Samples.Of("random", async (context, _) =>
        {
            await RunAsync(context, plan, line =>
            {
                said.Add(line);
                context.SetStatus(string.Join(' ', said), Samples.Text);
            });
            return string.Join(' ', said);
        }),
        NullLogger.Instance);

    /// <summary>Something that may happen: what is outstanding ends or fails, a timer that is not cancelled fires, an event comes.</summary>
    private static HistoryEvent Happening(Random random, List<HistoryEvent> history, Instant at)
    {
        var over = history.Where(e => e.Kind is HistoryKind.ActivityCompleted or HistoryKind.ActivityFailed or HistoryKind.TimerFired or HistoryKind.TimerCancelled).Select(e => e.Task).ToHashSet();
        var outstanding = history.Where(e => e.Kind is HistoryKind.ActivityScheduled or HistoryKind.TimerSet && !over.Contains(e.Task)).ToArray();
        if (outstanding.Length == 0 || random.Next(3) == 0)
        {
            return new HistoryEvent(HistoryKind.EventReceived, -1, random.Next(2) == 0 ? $"E{random.Next(4)}" : $"e{random.Next(4)}", $"\"{random.Next(100)}\"", at);
        }

        var step = outstanding[random.Next(outstanding.Length)];
        return step.Kind == HistoryKind.TimerSet ? new HistoryEvent(HistoryKind.TimerFired, step.Task, null, null, at)
            : random.Next(4) == 0 ? new HistoryEvent(HistoryKind.ActivityFailed, step.Task, step.Name, new Failure("X", $"f{step.Task}", true).ToJson(), at)
            : new HistoryEvent(HistoryKind.ActivityCompleted, step.Task, step.Name, $"\"{step.Task}\"", at);
    }

    private static void Tell(WorkflowExecution live, List<HistoryEvent> history, HistoryEvent told)
    {
        history.Add(told);
        history.AddRange(live.Tell(told));
    }

    private static async Task<string> RunAsync(IWorkflowContext context, Plan plan, Action<string> say)
    {
        switch (plan.Kind)
        {
            case 'a':
                string outcome;
                try
                {
                    outcome = await context.CallAsync(Samples.Gate, $"{plan.Number}");
                }
                catch (StepFailedException e)
                {
                    outcome = e.Failure.Message;
                }

                say($"a{plan.Number}={outcome}");
                return outcome;
            case 't':
                await context.TimerAsync(context.Now + Duration.FromSeconds(plan.Number), CancellationToken.None);
                say($"t{plan.Number}@{context.Now.ToUnixTimeSeconds() - s_start.ToUnixTimeSeconds()} {context.NewGuid():N}");
                return "t";
            case 'e':
                var word = await context.EventAsync(new EventDefinition<string>($"e{plan.Number}", Samples.Text), CancellationToken.None);
                say($"e{plan.Number}={word}");
                return word;
            case ';':
                return await RunAsync(context, plan.Left!, say) + await RunAsync(context, plan.Right!, say);
            case '&':
                return string.Concat(await Task.WhenAll(RunAsync(context, plan.Left!, say), RunAsync(context, plan.Right!, say)));
            case '|':
                var winner = await await Task.WhenAny(RunAsync(context, plan.Left!, say), RunAsync(context, plan.Right!, say));
                say($"|{winner}");
                return winner;
            default:
                var came = await context.EndsByAsync(RunAsync(context, plan.Left!, say), context.Now + Duration.FromSeconds(5));
                say($"c{came}");
                return came ? "c" : await RunAsync(context, plan.Right!, say);
        }
    }
}
