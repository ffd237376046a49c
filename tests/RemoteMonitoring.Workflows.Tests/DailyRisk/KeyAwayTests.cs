using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using NodaTime;
using RemoteMonitoring.Risk.Elsewhere;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Engine.Embedded;

namespace RemoteMonitoring.Workflows.Tests.DailyRisk;

/// <summary>A night whose model's key the vault does not give, by a clock that is moved by hand.</summary>
[Collection(TrainedOnce.Name)]
public sealed class KeyAwayTests(TrainedHome trained)
{
    private const string Away = "the model at models.example.org cannot be asked: RMON_MODEL_KEY: the secret at https://v.example.org/secrets/k cannot be had (no answer in 30 s)";

    private static readonly Instant s_begun = MadeUpFeed.At(12) + Duration.FromMinutes(30);

    /// <summary>A night of which the key is away for so long.</summary>
    private async Task<(DailyRiskOutcome Outcome, IReadOnlyList<TeamWorklist> Lists, Duration Took)> RunAsync(Duration away, string problem = Away, bool mayPass = true, Instant? deadline = null)
    {
        var (home, _) = await trained.CopyAsync();
        await using var _1 = home;
        var clock = new ClockByHand(s_begun);
        await using var night = new NightOf(home, _ =>
        {
            if (clock.Now < s_begun + away)
            {
                throw new ElsewhereException(problem, mayPass);
            }
        });
        await using var engine = WorkflowEngine.Start(night.Journal, night.Registry(), new EngineOptions(), clock, NullLogger.Instance);
        Assert.True(await engine.Client.TryStartAsync(DailyRiskWorkflow.Daily, "night", NightOf.Input() with { Deadline = deadline }, default));
        var ended = engine.Client.WaitAsync("night", default);
        var seen = 0;
        for (var i = 0; i < 2000 && !ended.IsCompleted; i++)
        {
            await Task.Delay(20);
            // Steps do not end by this clock: it goes on while scoring waits, and that is while nothing more is written down.
            var events = await engine.Client.HistoryAsync("night.score-0000", default);
            clock.Now += events.Count > 0 && events.Count == seen && events[^1].Kind != HistoryKind.Completed ? Duration.FromSeconds(1) : Duration.Zero;
            seen = events.Count;
        }

        var instance = await ended.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.True(instance.Status == InstanceStatus.Completed, instance.Failure?.ToString());
        var outcome = JsonSerializer.Deserialize(instance.Output!, DailyRiskWorkflow.Daily.Output)!;
        return (outcome, await DailyRiskRun.WorklistsAsync(home.Store, outcome.Run, default), clock.Now - s_begun);
    }

    [Fact]
    public async Task It_waits_for_the_key_and_scores_everybody_when_the_key_is_there()
    {
        var (outcome, lists, _) = await RunAsync(Duration.FromMinutes(3), deadline: s_begun + Duration.FromHours(1));
        Assert.Equal((18, 0), (outcome.Scored, outcome.SetAside));
        Assert.Empty(outcome.Notices);
        Assert.NotEmpty(lists);
    }

    [Fact]
    public async Task Where_the_key_does_not_come_the_lists_are_out_before_the_deadline_and_say_why()
    {
        var (outcome, lists, took) = await RunAsync(Duration.FromHours(10), deadline: s_begun + Duration.FromMinutes(5));
        Assert.Equal((0, 18), (outcome.Scored, outcome.SetAside));
        Assert.NotEmpty(lists);
        Assert.All(lists, list => Assert.Contains($"The model that scores is asked over the network: {Away}.", list.Notices));
        Assert.InRange(took, Duration.FromMinutes(2), Duration.FromMinutes(5));
    }

    [Theory]
    [InlineData(Away, false)]
    [InlineData("the model at models.example.org answered HTTP 503, 3 times", true)]
    public async Task A_key_that_is_none_and_a_model_that_does_not_answer_are_not_waited_for(string problem, bool mayPass)
    {
        var (outcome, lists, took) = await RunAsync(Duration.FromHours(10), problem, mayPass, s_begun + Duration.FromHours(1));
        Assert.Equal(18, outcome.SetAside);
        Assert.All(lists, list => Assert.Contains($"The model that scores is asked over the network: {problem}.", list.Notices));
        Assert.True(took < Duration.FromMinutes(1), $"It took {took}.");
    }
}
