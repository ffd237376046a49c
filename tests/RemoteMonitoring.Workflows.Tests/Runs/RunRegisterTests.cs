using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Logging.Abstractions;
using NodaTime;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Engine.Embedded;
using RemoteMonitoring.Workflows.Runs;

namespace RemoteMonitoring.Workflows.Tests.Runs;

public sealed partial class RunRegisterTests : IAsyncDisposable
{
    private static readonly EventDefinition<int> s_go = new("go", RunRegisterJson.Default.Int32);

    /// <summary>Fails below zero, waits for a word at zero, else gives its input.</summary>
    private static readonly WorkflowDefinition<int, int> s_workflow = new("echo", 1, RunRegisterJson.Default.Int32, RunRegisterJson.Default.Int32, async (context, n) =>
        n < 0 ? throw new PermanentFailureException("below zero") : n == 0 ? await context.EventAsync(s_go, CancellationToken.None) : n);

    private readonly TempHome _home = new();
    private readonly ClockByHand _clock = new(Instant.FromUtc(2025, 6, 1, 5, 30));
    private readonly WorkflowEngine _engine;
    private readonly RunRegister _register;

    public RunRegisterTests()
    {
        _engine = WorkflowEngine.Start(Path.Combine(_home.Root, "workflows.db"), new WorkflowRegistry().Add(s_workflow), new EngineOptions(), _clock, NullLogger.Instance);
        _register = Register();
    }

    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync();
        await _home.DisposeAsync();
    }

    [Theory]
    [InlineData(7, InstanceStatus.Completed)]
    [InlineData(-1, InstanceStatus.Failed)]
    [InlineData(0, InstanceStatus.Terminated)]
    public async Task What_has_ended_is_not_started_again_whatever_became_of_it_also_when_the_engine_has_forgotten_it(int input, InstanceStatus status)
    {
        Assert.Equal(("night", true), await _register.StartAsync(s_workflow, "night", input, default));
        if (status == InstanceStatus.Terminated)
        {
            Assert.True(await _engine.Client.TerminateAsync("night", "enough", default));
        }

        Assert.Equal(status, (await EndAsync("night")).Status);
        Assert.Equal(("night", false), await _register.StartAsync(s_workflow, "night", 8, default));

        _clock.Now += Duration.FromDays(31);
        await PurgeAsync();
        Assert.Null(await _engine.Client.FindAsync("night", default));
        Assert.Equal(("night", false), await _register.StartAsync(s_workflow, "night", 8, default));
        Assert.Null(await _engine.Client.FindAsync("night", default));
        var archived = (await RunArchive.TryReadAsync(_home.Store.Lake, "night", default))!;
        Assert.Equal(HistoryKind.Started, archived[0].Kind);
        Assert.Contains(archived[^1].Kind, (HistoryKind[])[HistoryKind.Completed, HistoryKind.Failed, HistoryKind.Terminated]);
    }

    [Fact]
    public async Task Stopped_between_its_document_and_its_start_it_is_started_by_the_next_with_the_input_of_then()
    {
        var record = new RunRecord { InstanceId = "night", Request = "night", Attempt = 1, Workflow = s_workflow.Name, Input = JsonSerializer.SerializeToElement(7, RunRegisterJson.Default.Int32), Started = _clock.Now };
        Assert.True(await _home.Store.Lake.TryCreateAsync(LakePaths.RunRecord("night"), record.ToBytes(), default));
        Assert.Equal(("night", true), await _register.StartAsync(s_workflow, "night", 8, default));
        Assert.Equal("7", (await EndAsync("night")).Output);
    }

    [Fact]
    public async Task Of_many_that_ask_at_once_one_starts_it_and_all_have_the_same()
    {
        var asked = await Task.WhenAll(Enumerable.Range(1, 12).Select(i => Task.Run(() => Register().StartAsync(s_workflow, "night", i, default))));
        Assert.All(asked, a => Assert.Equal("night", a.InstanceId));
        Assert.Single(await _engine.Client.ListAsync(null, 100, default));
        var record = (await _register.FindAsync("night", default))!;
        Assert.Equal(record.Input.GetRawText(), (await EndAsync("night")).Output);
    }

    [Fact]
    public async Task A_person_who_asks_again_finds_what_succeeded_and_tries_again_what_did_not()
    {
        Assert.Equal(("night", AskedRun.New), await AskAsync(-1));
        Assert.Equal(InstanceStatus.Failed, (await EndAsync("night")).Status);
        Assert.Equal(("night.attempt-2", AskedRun.Again), await AskAsync(-1));
        Assert.Equal(InstanceStatus.Failed, (await EndAsync("night.attempt-2")).Status);
        // Asked for otherwise now, and that counts.
        Assert.Equal(("night.attempt-3", AskedRun.Again), await AskAsync(7));
        Assert.Equal("7", (await EndAsync("night.attempt-3")).Output);
        Assert.Equal(("night.attempt-3", AskedRun.Stands), await AskAsync(7));
        // What does not make it another is no reason to do it again.
        Assert.Equal(("night.attempt-3", AskedRun.Stands), await _register.AskAsync(s_workflow, "night", 17, n => n % 10, anew: false, default));
        Assert.Equal(("night.attempt-4", AskedRun.Again), await AskAsync(7, anew: true));
        await EndAsync("night.attempt-4");
        Assert.Equal(("night.attempt-5", AskedRun.Again), await AskAsync(0));
        Assert.Equal(("night.attempt-5", AskedRun.UnderWay), await AskAsync(7));
        Assert.Equal((null, 5), (await _register.ResumeAsync(s_workflow, "night", null, default), (await _register.LatestAsync("night", default))!.Attempt));
    }

    [Fact]
    public async Task What_is_tried_again_may_be_asked_for_otherwise_and_many_who_do_make_one_attempt()
    {
        await _register.StartAsync(s_workflow, "night", -1, default);
        await EndAsync("night");
        var attempts = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => Register().ResumeAsync(s_workflow, "night", n => n + 1, default))));
        Assert.All(attempts.OfType<string>(), id => Assert.Equal("night.attempt-2", id));
        Assert.Equal(0, (await _register.FindAsync("night.attempt-2", default))!.Input.GetInt32());
        Assert.Null(await _register.FindAsync("night.attempt-3", default));
        Assert.Null(await _register.ResumeAsync(s_workflow, "never asked for", null, default));
    }

    private RunRegister Register() => new(_home.Store.Lake, new JournalClient(Path.Combine(_home.Root, "workflows.db"), _clock), _clock);

    private Task<(string, AskedRun)> AskAsync(int input, bool anew = false) => _register.AskAsync(s_workflow, "night", input, null, anew, default);

    private Task<WorkflowInstance> EndAsync(string id) => _engine.Client.WaitAsync(id, default).WaitAsync(TimeSpan.FromSeconds(30));

    private Task<int> PurgeAsync() =>
        _engine.Client.PurgeAsync(_clock.Now - Duration.FromDays(30), (a, token) => RunArchive.WriteAsync(_home.Store.Lake, a.Instance.Id, a.History!, token), default);

    [JsonSerializable(typeof(int))]
    private sealed partial class RunRegisterJson : JsonSerializerContext;
}
