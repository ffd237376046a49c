using System.Text.Json.Nodes;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Workflows.Tests.DailyRisk;

[Collection(TrainedOnce.Name)]
public sealed class ListsIndexTests(TrainedHome trained)
{
    private DailyRiskRequest Request(double day) => new() { Task = TrainedHome.Task, AsOf = MadeUpFeed.At(day), Model = trained.Model.Version };

    [Fact]
    public async Task Lists_that_are_published_are_in_the_index_and_it_finds_their_documents()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        var (ledger, lists, _) = await DailyRiskRun.RunAsync(home.Store, manifest, Request(12), default);
        var made = Assert.Single(await ListsIndex.ReadAsync(home.Store.Documents, default));
        Assert.Equal((ledger.Run, ledger.Task, TrainedHome.Task.Title, ledger.AsOf, ledger.Scored), (made.Run, made.Task, made.Title, made.AsOf, made.Scored));
        Assert.All(lists, l => Assert.Equal(l.Watermark, made.Watermark));
        Assert.NotNull(await ListsIndex.ShippedAsync(home.Store.Documents, made, default));
        // A program of before reads no other members: whoever goes back to it goes on with these lists.
        var document = (await home.Store.Documents.FindAsync(Containers.Runs, ListsMade.Partition, made.Id, default))!;
        Assert.Equal(["run", "task", "title", "asOf", "watermark", "scored"], JsonNode.Parse(document.Body)!.AsObject().Select(m => m.Key));
        foreach (var list in lists)
        {
            Assert.NotNull(await home.Store.Documents.FindAsync(Containers.Worklists, list.CareTeamId, made.Id, default));
        }
    }

    [Fact]
    public async Task Lists_of_before_there_was_an_index_are_put_into_it_when_it_is_read_as_the_program_would_have()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        await DailyRiskRun.RunAsync(home.Store, manifest, Request(11), default);
        await DailyRiskRun.RunAsync(home.Store, manifest, Request(12), default);
        var then = await ListsIndex.ReadAsync(home.Store.Documents, default);
        Assert.Equal(2, then.Count);
        await home.Store.Documents.DeletePartitionAsync(Containers.Runs, ListsMade.Partition, default);
        await home.Store.Documents.DeletePartitionAsync(Containers.Runs, "lists-index", default);
        // One night by this program, before anybody has read the index.
        await DailyRiskRun.RunAsync(home.Store, manifest, Request(10), default);
        Assert.Equal(then, (await ListsIndex.ReadAsync(home.Store.Documents, default)).Skip(1));
        Assert.Equal(3, (await ListsIndex.ReadAsync(home.Store.Documents, default)).Count);
    }

    [Fact]
    public void Of_a_task_the_latest_lists_hold_that_have_anybody_and_of_one_instant_those_with_the_most_data()
    {
        static ListsMade Made(string run, double day, double watermark, int scored = 5, string task = "a") => new(run, task, task, MadeUpFeed.At(day), MadeUpFeed.At(watermark), scored);
        ListsMade[] lists = [Made("r1", 1, 1), Made("r2", 2, 2), Made("r3", 2, 2.5), Made("r4", 3, 3, scored: 0), Made("r5", 1, 1, task: "b")];
        Assert.Equal(["r3", "r5"], ListsIndex.Latest(lists).Select(l => l.Run));
        Assert.Equal(["r1", "r5"], ListsIndex.Latest(lists, MadeUpFeed.At(1)).Select(l => l.Run));
        Assert.Equal(["r4"], ListsIndex.Latest(lists, MadeUpFeed.At(3)).Select(l => l.Run));
        Assert.Empty(ListsIndex.Latest(lists, MadeUpFeed.At(4)));
    }
}
