using NodaTime;
using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Workflows.Tests.Engine.Conformance;

/// <summary>Events from outside: none is lost, taken twice, or taken by who waits no more.</summary>
public abstract partial class WorkflowConformance
{
    private static readonly WorkflowDefinition<int, string> s_listens = new("listens", 1, Samples.Number, Samples.Text, async (context, count) =>
    {
        Show(context, "waits");
        var heard = new List<string>();
        for (var i = 0; i < count; i++)
        {
            heard.Add(await context.EventAsync(Samples.Said, CancellationToken.None));
        }

        return string.Join(',', heard);
    });

    [Fact]
    public async Task Events_are_taken_in_their_order_duplicates_too_and_by_name_without_regard_to_case()
    {
        await StartHostAsync(s_listens);
        await StartAsync(s_listens, 5);
        await StatusAsync("waits");
        foreach (var (definition, word) in new[] { (Samples.Said, "a"), (Samples.SaidAloud, "b"), (Samples.Said, "b"), (Samples.Go, "x"), (Samples.SaidAloud, "c"), (Samples.Said, "d") })
        {
            await RaiseAsync(definition, word);
        }

        Assert.Equal("a,b,b,c,d", await OutputAsync());
    }

    [Fact]
    public async Task Events_that_come_before_anybody_waits_are_kept_over_a_crash()
    {
        var late = new WorkflowDefinition<int, string>("late", 1, Samples.Number, Samples.Text, async (context, count) =>
        {
            await context.CallAsync(Samples.Gate, "late");
            return await s_listens.Run(context, count);
        });
        await StartHostAsync(late);
        await StartAsync(late, 3);
        await AskedAsync("late");
        await RaiseAsync(Samples.Said, "1");
        await RaiseAsync(Samples.Said, "2");
        await CrashAndStartAsync();
        await RaiseAsync(Samples.Said, "3");
        _gates.Open("late");
        Assert.Equal("1,2,3", await OutputAsync());
    }

    [Fact]
    public async Task An_event_for_who_has_ended_or_never_was_is_refused()
    {
        await StartHostAsync(s_listens);
        await StartAsync(s_listens, 0);
        await OutputAsync();
        Assert.False(await Client.RaiseAsync(Id, Samples.Said, "too late", default));
        Assert.False(await Client.RaiseAsync("nobody", Samples.Said, "", default));
        Assert.Equal("", await OutputAsync());
    }

    [Fact]
    public async Task Who_gave_up_waiting_takes_no_event_from_who_waits_next()
    {
        var gaveUp = Samples.Of("gives-up", async (context, _) =>
        {
            var (first, _) = await context.EventByAsync(Samples.Said, context.Now + Duration.FromMilliseconds(50));
            var (second, _) = await context.EventByAsync(Samples.Said, context.Now + Duration.FromMilliseconds(50));
            Show(context, "waits");
            return $"{first} {second} {await context.EventAsync(Samples.Said, CancellationToken.None)}";
        });
        await StartHostAsync(gaveUp);
        await StartAsync(gaveUp, "");
        await StatusAsync("waits");
        await CrashAndStartAsync();
        await RaiseAsync(Samples.Said, "word");
        Assert.Equal("False False word", await OutputAsync());
    }

    [Fact]
    public async Task Two_who_wait_for_the_same_event_get_one_each_in_the_order_in_which_they_asked()
    {
        var two = Samples.Of("two", async (context, _) =>
        {
            var (one, other) = (context.EventAsync(Samples.Said, CancellationToken.None), context.EventAsync(Samples.SaidAloud, CancellationToken.None));
            Show(context, "waits");
            await Task.WhenAll(one, other);
            return $"{await one} {await other}";
        });
        await StartHostAsync(two);
        await StartAsync(two, "");
        await StatusAsync("waits");
        await RaiseAsync(Samples.Said, "a");
        await RaiseAsync(Samples.Said, "b");
        Assert.Equal("a b", await OutputAsync());
    }
}
