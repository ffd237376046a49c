using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using NodaTime;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Engine.Embedded;
using RemoteMonitoring.Workflows.Registry;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Workflows.Tests.Training;

/// <summary>Trainings as runs, on a home that has been trained once: what is trained here and by a job, and what a person says to it.</summary>
[Collection(TrainedOnce.Name)]
public sealed class TrainingWorkflowTests(TrainedHome trained) : IAsyncLifetime, IAsyncDisposable
{
    private static readonly TrainingInput s_input = new() { Cohort = MadeUpFeed.Cohort, Task = TrainedHome.Task.Name, FirstLook = Duration.FromMilliseconds(20), ApprovalWithin = Duration.FromDays(14) };

    private readonly AzureMlStub _stub = new();
    private TempHome _home = null!;
    private WorkflowEngine? _engine;

    public async Task InitializeAsync() => _home = (await trained.CopyAsync()).Home;

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stub.Dispose();
        await _home.DisposeAsync();
    }

    [Fact]
    public async Task What_was_trained_before_is_found_and_only_registered()
    {
        var outcome = await EndAsync(s_input, seed: TrainedHome.Quick.Seed);
        Assert.Equal(new TrainingOutcome(TrainingResult.Champion, s_input.Task, trained.Model.Version, AlreadyThere: true), outcome);
    }

    [Fact]
    public async Task Another_becomes_the_challenger_with_the_bytes_of_training_without_a_workflow()
    {
        var outcome = await EndAsync(s_input);
        Assert.Equal((TrainingResult.Challenger, false), (outcome.Result, outcome.AlreadyThere));
        await AssertAsTrainedAtOnceAsync(outcome.Version);
    }

    [Fact]
    public async Task A_job_elsewhere_makes_the_same_bytes_and_the_result_is_registered_as_if_trained_here()
    {
        _stub.Work = WorkAsync;
        var outcome = await EndAsync(s_input with { Place = TrainingPlace.AzureMl });
        Assert.Equal(TrainingResult.Challenger, outcome.Result);
        Assert.Equal(outcome.Version, (await StateAsync()).Challenger);
        Assert.StartsWith($"rmon-{outcome.Version}-", Assert.Single(_stub.Jobs), StringComparison.Ordinal);
        await AssertAsTrainedAtOnceAsync(outcome.Version);
    }

    [Fact]
    public async Task A_job_that_fails_fails_the_run_in_one_line_and_leaves_no_model()
    {
        _stub.States = ["Running", "Failed"];
        await _home.Lake.ReplaceAsync(LakePaths.Work("run", $"{TrainedFiles.Folder}/held-out.parquet"), "half"u8.ToArray(), default);
        var run = await RunAsync(s_input with { Place = TrainingPlace.AzureMl });
        Assert.Equal(InstanceStatus.Failed, run.Status);
        Assert.Contains("ended as Failed", run.Failure!.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', run.Failure.Message);
        Assert.DoesNotContain(await _home.Lake.ListAsync("work", default), p => p.Contains($"/{TrainedFiles.Folder}/", StringComparison.Ordinal));
        Assert.Equal([trained.Model.Version], (await ModelVersions.ListAsync(_home.Lake, default))[s_input.Task]);
    }

    [Fact]
    public async Task What_a_job_wrote_and_was_altered_since_is_not_taken()
    {
        _stub.Work = async job =>
        {
            await WorkAsync(job);
            var report = (await _home.Lake.ListAsync("work", default)).Single(p => p.EndsWith("/report.html", StringComparison.Ordinal));
            _home.Overwrite(report, "altered");
        };
        var run = await RunAsync(s_input with { Place = TrainingPlace.AzureMl });
        Assert.Equal(InstanceStatus.Failed, run.Status);
        Assert.Contains("report.html: its bytes are not those that were written", run.Failure!.Message, StringComparison.Ordinal);
        Assert.Equal([trained.Model.Version], (await ModelVersions.ListAsync(_home.Lake, default))[s_input.Task]);
    }

    [Fact]
    public async Task What_was_erased_while_a_job_was_at_work_does_not_come_back_with_it()
    {
        _stub.Work = async job =>
        {
            await WorkAsync(job);
            var snapshot = PathIn(job, "inputs", TrainingCommand.SnapshotInput);
            var table = await _home.Lake.ReadTableAsync(snapshot, null, default);
            await _home.Lake.ReplaceAsync(snapshot, table.Select([.. Enumerable.Range(1, table.Rows - 1)]).ToBytes(), default);
        };
        var run = await RunAsync(s_input with { Place = TrainingPlace.AzureMl });
        Assert.Contains("rows may have been erased", run.Failure!.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', run.Failure.Message);
        Assert.DoesNotContain(await _home.Lake.ListAsync("work", default), p => p.Contains($"/{TrainedFiles.Folder}/", StringComparison.Ordinal));
        Assert.Equal([trained.Model.Version], (await ModelVersions.ListAsync(_home.Lake, default))[s_input.Task]);
    }

    [Fact]
    public async Task Told_to_cancel_it_cancels_its_job_before_it_ends()
    {
        _stub.States = ["Queued"];
        await StartAsync(s_input with { Place = TrainingPlace.AzureMl });
        await UntilAsync(run => run.CustomStatus?.Contains("Queued", StringComparison.Ordinal) == true);
        var found = (await Client.FindAsync("run", default))!;
        Assert.True(TrainingRuns.HaveJob(found));
        Assert.False(TrainingRuns.Wait(found));
        await _home.Lake.ReplaceAsync(LakePaths.Work("run", $"{TrainedFiles.Folder}/held-out.parquet"), "half"u8.ToArray(), default);
        Assert.True(await Client.RaiseAsync("run", TrainingSteps.Cancel, "too dear", default));
        var outcome = Outcome(await EndedAsync());
        Assert.Equal((TrainingResult.Cancelled, "too dear"), (outcome.Result, outcome.Note));
        Assert.Equal("Canceled", _stub.StatusOf(Assert.Single(_stub.Jobs)));
        Assert.DoesNotContain(await _home.Lake.ListAsync("work", default), p => p.Contains($"/{TrainedFiles.Folder}/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Told_to_cancel_before_there_is_a_job_it_makes_none_and_decides_nothing()
    {
        var decisions = (await StateAsync()).Decisions.Count;
        foreach (var seed in (int[])[TrainedHome.Quick.Seed, 8])
        {
            // Told at once: it hears it when it has compacted and made its snapshot, be the model there or not.
            await StartAsync(s_input with { Place = TrainingPlace.AzureMl, WaitForApproval = true }, seed);
            Assert.True(await Client.RaiseAsync("run", TrainingSteps.Cancel, "too early", default));
            Assert.Equal((TrainingResult.Cancelled, "too early"), Outcome(await EndedAsync()) is var outcome ? (outcome.Result, outcome.Note) : default);
            Assert.Empty(_stub.Jobs);
            Assert.Equal(decisions, (await StateAsync()).Decisions.Count);
            await StopAsync();
            File.Delete(Path.Combine(_home.Root, "workflows.db"));
        }
    }

    [Fact]
    public async Task Told_to_cancel_when_its_job_has_ended_already_it_registers_nothing()
    {
        _stub.Work = async job =>
        {
            await WorkAsync(job);
            Assert.True(await Client.RaiseAsync("run", TrainingSteps.Cancel, "too late", default));
        };
        var outcome = await EndAsync(s_input with { Place = TrainingPlace.AzureMl });
        Assert.Equal((TrainingResult.Cancelled, "too late"), (outcome.Result, outcome.Note));
        Assert.Null((await StateAsync()).Challenger);
    }

    [Fact]
    public async Task Told_to_cancel_while_it_waits_for_an_approval_it_ends_and_the_challenger_stays()
    {
        await StartAsync(s_input with { WaitForApproval = true });
        await UntilAsync(TrainingRuns.Wait);
        Assert.True(await Client.RaiseAsync("run", TrainingSteps.Cancel, "later", default));
        var outcome = Outcome(await EndedAsync());
        Assert.Equal((TrainingResult.Cancelled, "later"), (outcome.Result, outcome.Note));
        Assert.Equal((trained.Model.Version, outcome.Version), await StateAsync() is var state ? (state.Champion, state.Challenger) : default);
    }

    [Fact]
    public async Task A_process_that_comes_after_one_that_stopped_finds_the_job_again()
    {
        _stub.States = ["Running"];
        await StartAsync(s_input with { Place = TrainingPlace.AzureMl });
        await UntilAsync(run => run.CustomStatus?.Contains("Running", StringComparison.Ordinal) == true);
        await StopAsync();
        _stub.States = ["Completed"];
        _stub.Work = WorkAsync;
        Engine(seed: 8);
        Assert.Equal(TrainingResult.Challenger, Outcome(await EndedAsync()).Result);
        Assert.Single(_stub.Jobs);
        Assert.Single(_stub.Asked, a => a.StartsWith("PUT", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Approved_of_it_is_promoted_as_the_gate_allows(bool insist)
    {
        await StartAsync(s_input with { WaitForApproval = true });
        await UntilAsync(TrainingRuns.Wait);
        var before = await StateAsync();
        // What the gate says of them is asked beside the run; of so few events it concludes nothing, or fails it.
        var gate = PromotionGate.Judge(
            new GateEvidence
            {
                Report = (await EvaluationAsync(before.Challenger!)).Report,
                Challenger = (await EvaluationAsync(before.Challenger!)).HeldOut,
                Champion = (await EvaluationAsync(before.Champion!)).HeldOut,
            },
            new GateSettings());
        var expected = insist || gate.Verdict != Verdict.Failed ? TrainingResult.Promoted : TrainingResult.GateFailed;
        Assert.True(await Client.RaiseAsync("run", TrainingSteps.Approve, new TrainingApproval("Ada", "better", insist), default));
        var outcome = Outcome(await EndedAsync());
        var after = await StateAsync();
        Assert.Equal(expected, outcome.Result);
        Assert.Equal(outcome.Result == TrainingResult.Promoted ? outcome.Version : before.Champion, after.Champion);
        if (outcome.Result == TrainingResult.Promoted)
        {
            Assert.Equal(("Ada", "better"), (after.Decisions[^1].By, after.Decisions[^1].Why));
            Assert.NotNull(after.Decisions[^1].Verdict);
        }
        else
        {
            Assert.NotEmpty(outcome.Note!);
        }
    }

    [Fact]
    public async Task A_margin_wider_than_the_gates_own_goes_against_it_and_is_recorded_so()
    {
        await EndAsync(s_input);
        var promotion = new ModelPromotion(_home.Store, new ModelRegistry(_home.Store, TimeProvider.System));
        Task<AskedPromotion> AskAsync(bool insist) => promotion.PromoteAsync(s_input.Task, ModelVersions.Challenger, "Bob", "no worse than by half", insist, new GateSettings { AurocMargin = 0.5 }, null, default);
        Assert.Null((await AskAsync(insist: false)).Decision);
        Assert.True((await AskAsync(insist: true)).Decision!.Overridden);
    }

    [Fact]
    public async Task One_that_was_promoted_by_hand_meanwhile_ends_so_and_is_decided_about_once()
    {
        await StartAsync(s_input with { WaitForApproval = true });
        await UntilAsync(TrainingRuns.Wait);
        var registry = new ModelRegistry(_home.Store, TimeProvider.System);
        await new ModelPromotion(_home.Store, registry).PromoteAsync(s_input.Task, ModelVersions.Challenger, "Bob", "by hand", true, new(), null, default);
        var decisions = (await StateAsync()).Decisions.Count;
        Assert.True(await Client.RaiseAsync("run", TrainingSteps.Approve, new TrainingApproval("Bob", "by hand"), default));
        Assert.Equal(TrainingResult.Promoted, Outcome(await EndedAsync()).Result);
        Assert.Equal(decisions, (await StateAsync()).Decisions.Count);
    }

    [Fact]
    public async Task One_that_was_promoted_where_nobody_told_the_run_ends_so_all_the_same()
    {
        await StartAsync(s_input with { WaitForApproval = true, ApprovalWithin = Duration.FromSeconds(3) });
        await UntilAsync(TrainingRuns.Wait);
        await new ModelPromotion(_home.Store, new ModelRegistry(_home.Store, TimeProvider.System)).PromoteAsync(s_input.Task, ModelVersions.Challenger, "Bob", "by hand", true, new(), null, default);
        var outcome = Outcome(await EndedAsync());
        Assert.Equal((TrainingResult.Promoted, "by hand"), (outcome.Result, outcome.Note));
    }

    [Fact]
    public async Task That_nobody_approved_of_in_time_stays_the_challenger()
    {
        var outcome = await EndAsync(s_input with { WaitForApproval = true, ApprovalWithin = Duration.FromMilliseconds(50) });
        Assert.Equal(TrainingResult.NotApproved, outcome.Result);
        var state = await StateAsync();
        Assert.Equal((trained.Model.Version, outcome.Version), (state.Champion, state.Challenger));
    }

    [Fact]
    public async Task A_feature_set_that_is_none_and_a_task_that_is_none_fail_for_good()
    {
        var run = await RunAsync(s_input with { FeatureSet = "none" });
        Assert.Equal("This version of the program has no feature set 'none'.", run.Failure!.Message);
        Assert.False(run.Failure.Retryable);
    }

    /// <summary>What the job's command does, on the lake that its datastore is.</summary>
    private async Task WorkAsync(JsonObject job)
    {
        var line = (string)job["command"]!;
        Assert.StartsWith(TrainingCommand.Line + " --sha256 ", line, StringComparison.Ordinal);
        var snapshot = _home.Lake.FullPath(PathIn(job, "inputs", TrainingCommand.SnapshotInput));
        Assert.Equal(line[^64..], Lake.Hash(await File.ReadAllBytesAsync(snapshot)));
        var task = TaskDefinition.Read(await File.ReadAllBytesAsync(_home.Lake.FullPath(PathIn(job, "inputs", TrainingCommand.TaskInput))), "task.json");
        var folder = new LakeDirectory(_home.Lake.FullPath(PathIn(job, "outputs", TrainingCommand.ModelOutput)));
        using var stream = File.OpenRead(snapshot);
        var training = TrainingSnapshot.FromParquet(await ParquetTable.ReadAsync(stream, null, default), task, snapshot);
        await ModelTraining.RunAsync(folder, training, null, default);
        await TrainedFiles.WriteAsync(folder, task.Name, training.Version, default);
    }

    private static string PathIn(JsonObject job, string kind, string name)
    {
        var start = $"azureml://datastores/home/paths/{MadeUpFeed.Cohort}/";
        var uri = (string)job[kind]![name]!["uri"]!;
        Assert.StartsWith(start, uri, StringComparison.Ordinal);
        return uri[start.Length..];
    }

    /// <summary>On another home, without a workflow, the same training makes the same files.</summary>
    private async Task AssertAsTrainedAtOnceAsync(string version)
    {
        var (other, manifest) = await trained.CopyAsync();
        await using var _ = other;
        var (model, alreadyThere) = await TrainingStage.RunAsync(other.Store, manifest, TrainedHome.Task, TrainedHome.Quick with { Seed = 8 }, null, default);
        Assert.False(alreadyThere);
        Assert.Equal(version, model.Version);
        var files = await other.HashesAsync(model.Folder);
        Assert.True(files.Count >= 6, "There are few files.");
        Assert.Equal(files, await _home.HashesAsync(model.Folder));
        Assert.Equal(await other.HashesAsync("gold/features"), await _home.HashesAsync("gold/features"));
    }

    private JournalClient Client => _engine!.Client;

    private void Engine(int seed)
    {
        var registry = new WorkflowRegistry();
        new RiskActivities((_, _) => ValueTask.FromResult(_home.Store), [TrainedHome.Task]).AddTo(registry);
        new TrainingActivities((_, _) => ValueTask.FromResult(_home.Store), TimeProvider.System, [TrainedHome.Task], TrainedHome.Quick with { Seed = seed }, () => _stub.Client()).AddTo(registry);
        _engine = WorkflowEngine.Start(Path.Combine(_home.Root, "workflows.db"), registry, new EngineOptions(), TimeProvider.System, NullLogger.Instance);
    }

    private async Task StopAsync()
    {
        if (_engine is { } engine)
        {
            _engine = null;
            await engine.DisposeAsync();
        }
    }

    private async Task StartAsync(TrainingInput input, int seed = 8)
    {
        Engine(seed);
        Assert.True(await Client.TryStartAsync(TrainingWorkflow.Definition, "run", input, default));
    }

    private async Task<WorkflowInstance> RunAsync(TrainingInput input, int seed = 8)
    {
        await StartAsync(input, seed);
        return await EndedAsync();
    }

    private async Task<TrainingOutcome> EndAsync(TrainingInput input, int seed = 8) => Outcome(await RunAsync(input, seed));

    private Task<WorkflowInstance> EndedAsync() => Client.WaitAsync("run", default).WaitAsync(TimeSpan.FromSeconds(120));

    private async Task UntilAsync(Func<WorkflowInstance, bool> condition)
    {
        for (var i = 0; !condition((await Client.FindAsync("run", default))!); i++)
        {
            var run = (await Client.FindAsync("run", default))!;
            Assert.True(i < 3000 && run.Status == InstanceStatus.Running, $"It does not come to it: {run.CustomStatus} {run.Failure}");
            await Task.Delay(20);
        }
    }

    private async Task<VersionEvaluation> EvaluationAsync(string version) => (await ModelVersions.EvaluationAsync(_home.Lake, s_input.Task, version, null, default))!;

    private Task<RegistryState> StateAsync() => new ModelRegistry(_home.Store, TimeProvider.System).ReadAsync(s_input.Task, default);

    private static TrainingOutcome Outcome(WorkflowInstance run)
    {
        Assert.True(run.Status == InstanceStatus.Completed, run.Failure?.ToString());
        return JsonSerializer.Deserialize(run.Output!, TrainingWorkflow.Definition.Output)!;
    }
}
