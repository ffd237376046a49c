using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Workflows.Tests.Engine.Conformance;

/// <summary>Sequences, fan-outs, called workflows and what goes through serialisation.</summary>
public abstract partial class WorkflowConformance
{
    private static readonly WorkflowDefinition<int, int> s_hundred = Samples.OfNumber("hundred", async (context, from) =>
        (await Task.WhenAll(Enumerable.Range(from, 100).Select(i => context.CallAsync(Samples.Next, i)))).Sum());

    private static readonly WorkflowDefinition<string, string> s_waits = Samples.Of("waits", (context, gate) => context.CallAsync(Samples.Gate, gate));

    private static readonly WorkflowDefinition<string, string> s_fails = Samples.Of("fails", async (context, how) => $"{await context.CallAsync(Samples.Fail, how)}");

    [Fact]
    public async Task Steps_in_a_sequence_each_have_what_the_one_before_gave()
    {
        var sequence = Samples.Of("sequence", async (context, _) =>
        {
            var n = 0;
            for (var i = 0; i < 20; i++)
            {
                n = await context.CallAsync(Samples.Next, n);
            }

            return $"{n}";
        });
        await StartHostAsync(sequence);
        await StartAsync(sequence, "");
        Assert.Equal("20", await OutputAsync());
    }

    [Fact]
    public async Task Ten_called_workflows_of_a_hundred_activities_each_come_to_an_end()
    {
        var fan = Samples.Of("fan", async (context, _) =>
            $"{(await Task.WhenAll(Enumerable.Range(0, 10).Select(i => context.CallAsync(s_hundred, $"{context.InstanceId}.{i}", i * 100)))).Sum()}");
        await StartHostAsync(fan, s_hundred);
        await StartAsync(fan, "");
        Assert.Equal("500500", await OutputAsync());
        var called = await Client.ChildrenAsync(Id, default);
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"{Id}.{i}"), called.Select(c => c.Id));
        Assert.All(called, c => Assert.Equal((Id, InstanceStatus.Completed), (c.Parent, c.Status)));
    }

    [Fact]
    public async Task A_called_workflow_that_fails_throws_in_its_caller_with_the_step_that_failed()
    {
        var caller = Samples.Of("caller", async (context, _) =>
        {
            try
            {
                return await context.CallAsync(s_fails, "called", "for good: a reason");
            }
            catch (StepFailedException e)
            {
                return $"{e.StepName}|{e.Failure.Type}|{e.Failure.Message}|{e.Failure.Retryable}|{e.Failure.Step}";
            }
        });
        await StartHostAsync(caller, s_fails);
        await StartAsync(caller, "");
        Assert.Equal($"fails|{typeof(PermanentFailureException).FullName}|for good: a reason|False|fail", await OutputAsync());
        Assert.Equal("for good: a reason", (await FailureAsync("called")).Message);
    }

    [Fact]
    public async Task An_id_that_is_or_was_anothers_throws_in_the_caller_and_leaves_the_other_as_it_was()
    {
        var caller = Samples.Of("caller", async (context, id) =>
        {
            try
            {
                return await context.CallAsync(s_waits, id, "mine");
            }
            catch (StepFailedException e)
            {
                return e.Failure.Type;
            }
        });
        _gates.Open("done");
        await StartHostAsync(caller, s_waits, s_fails);
        await StartAsync(s_waits, "theirs", "running");
        await StartAsync(s_waits, "done", "completed");
        await StartAsync(s_fails, "for good", "failed");
        await OutputAsync("completed");
        await FailureAsync("failed");
        foreach (var id in (string[])["running", "completed", "failed"])
        {
            await StartAsync(caller, id, $"caller of {id}");
            Assert.Equal(InstanceExistsException.TypeName, await OutputAsync($"caller of {id}"));
        }

        _gates.Open("theirs");
        Assert.Equal("theirs", await OutputAsync("running"));
        Assert.Equal(0, _gates.Asked("mine"));
    }

    [Fact]
    public async Task A_terminated_workflow_takes_with_it_all_that_it_called_and_theirs()
    {
        var middle = Samples.Of("middle", (context, gate) => context.CallAsync(s_waits, $"{context.InstanceId}.leaf", gate));
        var top = Samples.Of("top", async (context, _) =>
            string.Join(',', await Task.WhenAll(context.CallAsync(middle, $"{context.InstanceId}.a", "a"), context.CallAsync(middle, $"{context.InstanceId}.b", "b"))));
        await StartHostAsync(top, middle, s_waits);
        await StartAsync(top, "");
        await AskedAsync("a");
        await AskedAsync("b");
        Assert.True(await Client.TerminateAsync(Id, "wanted no more", default));
        foreach (var id in (string[])[Id, $"{Id}.a", $"{Id}.b", $"{Id}.a.leaf", $"{Id}.b.leaf"])
        {
            Assert.Equal(InstanceStatus.Terminated, (await EndAsync(id)).Status);
        }

        Assert.Contains("wanted no more", (await Client.FindAsync(Id, default))!.Failure!.Message, StringComparison.Ordinal);
        Assert.False(await Client.TerminateAsync(Id, "again", default));
        Assert.False(await Client.TerminateAsync("nobody", "", default));
    }

    [Fact]
    public async Task A_called_workflow_that_is_terminated_throws_in_its_caller()
    {
        var caller = Samples.Of("caller", async (context, _) =>
        {
            try
            {
                return await context.CallAsync(s_waits, "called", "never");
            }
            catch (StepFailedException e)
            {
                return $"{e.StepName} {e.Failure.Retryable}";
            }
        });
        await StartHostAsync(caller, s_waits);
        await StartAsync(caller, "");
        await AskedAsync("never");
        Assert.True(await Client.TerminateAsync("called", "", default));
        Assert.Equal("waits False", await OutputAsync());
    }

    [Fact]
    public async Task Nan_infinities_nulls_and_megabytes_come_through_as_they_were()
    {
        var large = new string('ä', 2_000_000);
        var odd = new Odd(double.NaN, null, [double.PositiveInfinity, null, -0.0, double.Epsilon], new Odd(double.NegativeInfinity, large, null, null));
        var through = new WorkflowDefinition<Odd, Odd>("through", 1, Samples.OddValue, Samples.OddValue, async (context, input) =>
        {
            var echoed = await context.CallAsync(Samples.Echo, input);
            await context.EventAsync(Samples.Go, CancellationToken.None);
            return await context.CallAsync(Samples.Echo, echoed);
        });
        await StartHostAsync(through);
        await StartAsync(through, odd);
        await RaiseAsync(Samples.Go, large);
        await CrashAndStartAsync();
        var ended = await EndAsync();
        var output = System.Text.Json.JsonSerializer.Deserialize(ended.Output!, Samples.OddValue)!;
        Assert.Equal((odd.Value, null, odd.Inner), (output.Value, output.Text, output.Inner));
        Assert.Equal(odd.Many!.Select(Bits), output.Many!.Select(Bits));

        static long? Bits(double? value) => value is { } v ? BitConverter.DoubleToInt64Bits(v) : null;
    }

    [Fact]
    public async Task What_cannot_be_written_as_json_fails_the_same_way_when_it_is_run_again()
    {
        var strict = new ActivityDefinition<double, double>("strict", System.Text.Json.Serialization.Metadata.JsonMetadataServices.CreateValueInfo<double>(
            System.Text.Json.JsonSerializerOptions.Default, System.Text.Json.Serialization.Metadata.JsonMetadataServices.DoubleConverter), null!);
        var stubborn = Samples.Of("stubborn", async (context, _) =>
        {
            try
            {
                await context.CallAsync(strict, double.NaN);
            }
            catch (ArgumentException)
            {
                // The next step is the first that is recorded.
            }

            var n = await context.CallAsync(Samples.Next, 1);
            Show(context, "waits");
            return $"{n} {await context.EventAsync(Samples.Go, CancellationToken.None)}";
        });
        await StartHostAsync(stubborn);
        await StartAsync(stubborn, "");
        await StatusAsync("waits");
        await CrashAndStartAsync();
        await RaiseAsync(Samples.Go, "on");
        Assert.Equal("2 on", await OutputAsync());
    }
}
