using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Workflows.Tests.DailyRisk;

public sealed class ListOrderTests
{
    private const string Task = "admission-7d";

    private static Prediction Of(string patient, double probability, RiskBand? band = null) => new()
    {
        Id = "1",
        PatientId = patient,
        Task = Task,
        AsOf = MadeUpFeed.At(6),
        KnownBy = MadeUpFeed.At(6),
        Model = "m",
        FeatureSetHash = "f",
        Run = "run",
        Probability = probability,
        Raw = 0,
        Band = band,
        Reasons = [],
    };

    private static string Ids(IEnumerable<Prediction> listed) => string.Join(' ', listed.Select(p => p.PatientId));

    [Fact]
    public void Without_an_earlier_list_the_unrounded_risk_decides_where_the_shown_is_the_same() =>
        Assert.Equal("d b a c", Ids(ListOrder.Of([Of("a", 0.022), Of("b", 0.024), Of("c", 0.016), Of("d", 0.031)], [])));

    [Fact]
    public void Where_the_shown_risk_is_the_same_the_higher_band_stands_above_whatever_stood_before() =>
        Assert.Equal("b a c", Ids(ListOrder.Of([Of("a", 0.0219, RiskBand.Medium), Of("b", 0.022, RiskBand.High), Of("c", 0.016, RiskBand.Low)], ["c", "a", "b"])));

    [Fact]
    public void A_difference_that_nobody_is_shown_moves_nobody_from_one_list_to_the_next() =>
        Assert.Equal("a b c", Ids(ListOrder.Of([Of("c", 0.0249), Of("a", 0.016), Of("b", 0.019)], ["a", "b", "c"])));

    [Fact]
    public void A_difference_that_is_shown_moves_them() =>
        Assert.Equal("c a b", Ids(ListOrder.Of([Of("c", 0.026), Of("a", 0.016), Of("b", 0.019)], ["a", "b", "c"])));

    [Fact]
    public void Who_was_not_on_the_list_before_stands_behind_those_of_the_same_risk_who_were_by_unrounded_risk_and_patient() =>
        Assert.Equal("a z x y", Ids(ListOrder.Of([Of("x", 0.02), Of("y", 0.02), Of("z", 0.024), Of("a", 0.016)], ["gone", "a"])));

    [Fact]
    public void No_risk_that_is_shown_stands_below_a_lower_one()
    {
        var random = new Random(7);
        var listed = Enumerable.Range(0, 200).Select(i => Of($"p{i}", Math.Pow(random.NextDouble(), 4), (RiskBand)random.Next(3))).ToArray();
        var ordered = ListOrder.Of(listed, [.. listed.Select(p => p.PatientId).OrderBy(_ => random.Next())]);
        Assert.Equal(ordered.OrderByDescending(p => RiskWords.Shown(p.Probability)).ThenByDescending(p => p.Band).Select(p => (RiskWords.Shown(p.Probability), p.Band)), ordered.Select(p => (RiskWords.Shown(p.Probability), p.Band)));
        Assert.Equal(listed.Length, ordered.Select(p => p.PatientId).Distinct().Count());
    }

    [Fact]
    public async Task The_order_before_is_that_of_the_last_list_of_the_task_that_scored_anybody_for_an_earlier_instant_and_one_that_cannot_be_read_gives_none()
    {
        await using var home = new TempHome();
        var documents = home.Store.Documents;
        await MadeAsync("r1", 4, 3, "old");
        await MadeAsync("r2", 5, 3, "a", "b");
        await MadeAsync("r3", 5.5, 0);
        await MadeAsync("r4", 6, 3, "today");
        await MadeOfAsync("r5", 5.5, 3, "another", ["else"]);
        var orders = await ListOrder.BeforeAsync(documents, Task, MadeUpFeed.At(6), ["north", "south"], default);
        Assert.Equal(["a", "b"], orders["north"]);
        Assert.False(orders.ContainsKey("south"));
        Assert.Empty(await ListOrder.BeforeAsync(documents, Task, MadeUpFeed.At(4), ["north"], default));

        await documents.UpsertAsync(Containers.Worklists, [new Document { PartitionKey = "north", Id = (await ListsIndex.ReadAsync(documents, default)).Single(l => l.Run == "r2").Id, Body = "{\"schemaVersion\":99}" }], default);
        Assert.Empty(await ListOrder.BeforeAsync(documents, Task, MadeUpFeed.At(6), ["north"], default));

        async Task MadeAsync(string run, double day, int scored, params string[] listed) => await MadeOfAsync(run, day, scored, Task, listed);

        async Task MadeOfAsync(string run, double day, int scored, string task, string[] listed)
        {
            var made = new ListsMade(run, task, "Admission", MadeUpFeed.At(day), MadeUpFeed.At(day), scored);
            await ListsIndex.AddAsync(documents, made, made.AsOf, default);
            var list = new TeamWorklist { CareTeamId = "north", Name = "North", Capacity = 9, Title = "Admission", AsOf = made.AsOf, Run = run, Scored = scored, Listed = [.. listed.Select(p => Of(p, 0.5))], NotScored = [] };
            await documents.UpsertAsync(Containers.Worklists, [new Document { PartitionKey = "north", Id = made.Id, Body = RiskDocumentJson.ToJson(list) }], default);
        }
    }
}
