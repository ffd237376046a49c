using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Ingestion.Tests;

public sealed class DocumentProjectionTests : IAsyncLifetime, IDisposable
{
    private const string Roster = """{"patientId":"p1","careTeamId":"t1","known":"2025-01-01T00:00:00Z"}""";
    private readonly TempHome _home = new();
    private readonly CohortStore _store;

    public DocumentProjectionTests() => _store = _home.Store();

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _store.DisposeAsync().AsTask();

    public void Dispose() => _home.Dispose();

    [Fact]
    public async Task Projecting_again_changes_nothing_and_a_deleted_projection_is_made_again()
    {
        await Ingest(TempHome.Messages(0, 3), Assigned("d1", "p1"));
        var before = await Telemetry();
        Assert.Equal(3, before.Length);
        Assert.Equal("p1", Assert.Single(await _store.Documents.ListAsync(Containers.Patients, default).ToArrayAsync()).Id);
        var silver = TempHome.Silver(_store.Lake);
        Assert.Equal(0, (await DocumentProjection.RunAsync(_store, silver, default)).Written);
        foreach (var container in new[] { Containers.Telemetry, Containers.Patients, Containers.Runs })
        {
            await _store.Documents.DeleteAllAsync(container, default);
        }

        Assert.Equal(4, (await DocumentProjection.RunAsync(_store, silver, default)).Written);
        Assert.Equal(before, await Telemetry());
    }

    [Fact]
    public async Task Only_the_hot_window_has_documents()
    {
        const int Day = 24 * 60;
        await Ingest(TempHome.Message(0) + "\n" + TempHome.Message(2 * Day) + "\n", Assigned("d1", "p1"));
        Assert.Equal(2, await _store.Documents.CountAsync(Containers.Telemetry, default));
        // Thirty days after the first message exactly: it is out.
        await Ingest(TempHome.Message(0) + "\n" + TempHome.Message(2 * Day) + "\n" + TempHome.Message(30 * Day) + "\n", Assigned("d1", "p1"));
        Assert.Equal(2, await _store.Documents.CountAsync(Containers.Telemetry, default));
    }

    [Fact]
    public async Task Devices_of_nobody_have_no_documents()
    {
        await Ingest(TempHome.Message(0, "d1") + "\n" + TempHome.Message(1, "stranger") + "\n" + TempHome.Message(0, "d1", id: "early").Replace("2025-01-31", "2024-12-31", StringComparison.Ordinal) + "\n", Assigned("d1", "p1"));
        Assert.Equal("p1", Assert.Single(await _store.Documents.ListAsync(Containers.Telemetry, default).ToArrayAsync()).PartitionKey);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_message_delivered_again_has_the_same_document(bool bodyHasTime)
    {
        var body = bodyHasTime ? """{"time":"2025-01-31T00:00:00Z","readings":[{"code":"8867-4","value":72,"unit":"/min"}]}""" : """{"readings":[{"code":"8867-4","value":72,"unit":"/min"}]}""";
        await Ingest(TempHome.Message(0, id: "same", body: body) + "\n" + TempHome.Message(5, id: "same", body: body) + "\n", Assigned("d1", "p1"));
        Assert.Single(await _store.Documents.ListAsync(Containers.Telemetry, default).ToArrayAsync());
    }

    [Fact]
    public async Task A_message_whose_device_changed_hands_gives_each_patient_their_own_readings()
    {
        const string Body = """{"readings":[{"code":"8867-4","value":61,"unit":"/min","time":"2025-01-30T22:00:00Z"},{"code":"8867-4","value":82,"unit":"/min","time":"2025-01-31T02:00:00Z"}]}""";
        await Ingest(TempHome.Message(300, body: Body) + "\n",
            Assigned("d1", "p1", to: "2025-01-31T00:00:00Z") + "\n" + Assigned("d1", "p2", from: "2025-01-31T00:00:00Z"));
        var (first, second) = (Assert.Single(await _store.Documents.ListAsync(Containers.Telemetry, "p1", default)), Assert.Single(await _store.Documents.ListAsync(Containers.Telemetry, "p2", default)));
        Assert.True(first.Body.Contains("61", StringComparison.Ordinal) && !first.Body.Contains("\"value\":82", StringComparison.Ordinal), first.Body);
        Assert.True(second.Body.Contains("82", StringComparison.Ordinal) && !second.Body.Contains("\"value\":61", StringComparison.Ordinal), second.Body);
    }

    [Fact]
    public async Task A_back_dated_assignment_moves_messages_to_the_other_patient()
    {
        await Ingest(TempHome.Messages(0, 2), Assigned("d1", "p1"));
        await Ingest(TempHome.Messages(0, 2), Assigned("d1", "p1") + "\n" + Assigned("d1", "p2", from: "2025-01-15T00:00:00Z"));
        Assert.Empty(await _store.Documents.ListAsync(Containers.Telemetry, "p1", default));
        Assert.Equal(2, (await _store.Documents.ListAsync(Containers.Telemetry, "p2", default)).Count);
    }

    [Theory]
    [InlineData("p2", null, 2)] // it was another's all the time
    [InlineData("p1", "2025-01-15T00:00:00Z", 0)] // it was nobody's when it measured
    public async Task A_reassignment_known_later_leaves_documents_with_the_current_patient_only(string patient, string? to, int documents)
    {
        var first = Assigned("d1", "p1");
        await Ingest(TempHome.Messages(0, 2), first);
        Assert.Equal(2, (await _store.Documents.ListAsync(Containers.Telemetry, "p1", default)).Count);
        await Ingest(TempHome.Messages(0, 2), first + "\n" + Assigned("d1", patient, to: to, known: "2025-02-02T00:00:00Z"));
        Assert.Empty(await _store.Documents.ListAsync(Containers.Telemetry, "p1", default));
        Assert.Equal(documents, (await _store.Documents.ListAsync(Containers.Telemetry, "p2", default)).Count);
    }

    /// <summary>What the documents say, whichever writing of them it is.</summary>
    private ValueTask<Document[]> Telemetry() => _store.Documents.ListAsync(Containers.Telemetry, default).Select(d => d with { ETag = null }).ToArrayAsync();

    private static string Assigned(string device, string patient, string from = "2025-01-01T00:00:00Z", string? to = null, string? known = null) =>
        $$"""{"deviceId":"{{device}}","patientId":"{{patient}}","from":"{{from}}",{{(to is null ? "" : $"\"to\":\"{to}\",")}}"known":"{{known ?? from}}"}""";

    private async Task Ingest(string messages, string assignments)
    {
        var folder = _home.WriteFeed(messages, messages.Count(c => c == '\n'), null, (ReferenceKinds.Roster, Roster), (ReferenceKinds.Assignments, assignments));
        await FeedIngestion.RunAsync(_store, FeedFolder.Open(folder, null, true), TimeProvider.System, null, default);
    }
}
