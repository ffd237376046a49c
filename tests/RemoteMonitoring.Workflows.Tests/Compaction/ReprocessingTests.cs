using System.Globalization;
using System.Text;
using NodaTime;
using RemoteMonitoring.Ingestion;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Mappings;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Compaction;

namespace RemoteMonitoring.Workflows.Tests.Compaction;

/// <summary>
/// From mapping to observations: four messages of a cuff that no bundled mapping knows, of which one has an implausible value
/// and one is canonical, land on day 1; mappings come into force on days 2 and 4, and are applied on days 3 and 5.
/// </summary>
public sealed class ReprocessingTests : IAsyncDisposable
{
    private static readonly Instant s_start = Instant.FromUtc(2025, 1, 1, 0, 0);
    private readonly TempHome _home = new();
    private readonly SetTime _time = new();

    public ValueTask DisposeAsync() => _home.DisposeAsync();

    [Fact]
    public async Task Activation_changes_nothing_that_has_landed_and_reprocessing_does_and_all_accounts_add_up()
    {
        await LandAsync();
        var (landed, _) = await CompactionStage.RunAsync(_home.Store, default);
        Assert.Equal((4L, 1L, 3L), (landed.Received, landed.Accepted, landed.Rejected.Values.Sum()));

        await ActivateAsync(2, Mapping(1, "p"));
        var (activated, _) = await CompactionStage.RunAsync(_home.Store, default);
        Assert.Equal((4L, 1L, 3L), (activated.Received, activated.Accepted, activated.Rejected.Values.Sum()));

        await ReprocessAsync(3);
        var (reread, _) = await CompactionStage.RunAsync(_home.Store, default);
        Assert.Equal((4L, 3L), (reread.Received, reread.Accepted));
        Assert.Equal([KeyValuePair.Create("implausible", 1L)], reread.Rejected);
        Assert.True(reread.Conserves);

        await ActivateAsync(4, Mapping(2, "q"));
        await ReprocessAsync(5);
        var (again, _) = await CompactionStage.RunAsync(_home.Store, default);
        Assert.Equal((5L, 4L), (again.Received, again.Accepted)); // the message of two readings under q has one rejected
        Assert.True(again.Conserves);
        var account = await AccountAsync();
        Assert.Equal((again.Received, again.Accepted, 1L), (account.Received, account.Accepted, account.RejectedTotal));
    }

    [Fact]
    public async Task What_was_known_before_stays_and_what_was_taken_back_ends()
    {
        await LandAsync();
        await ActivateAsync(2, Mapping(1, "p"));
        await ReprocessAsync(3);
        var before = await RowsAsync();
        Assert.Equal(["canonical 70 from 1", "p 72 from 3", "p 73 from 3"], before);

        await ActivateAsync(4, Mapping(2, "q"));
        await ReprocessAsync(5);
        var after = await RowsAsync();
        Assert.Equal(["canonical 70 from 1", "p 72 from 3 to 5", "p 73 from 3 to 5", "q 82 from 5", "q 83 from 5", "q 84 from 5"], after);
    }

    [Fact]
    public async Task The_preview_counts_what_the_command_then_does()
    {
        await LandAsync();
        await ActivateAsync(2, Mapping(1, "p"));
        var history = await MappingHistory.LoadAsync(_home.Store.Reference, default);
        var diff = await MappingDiff.OfReprocessingAsync(_home.Lake, history, RejectionReason.UnknownCode, null, 10, default);
        Assert.True(diff.IsEmpty, "no reading is rejected for that reason");

        diff = await MappingDiff.OfReprocessingAsync(_home.Lake, history, null, "cuff", 10, default);
        var before = await AccountAsync();
        Assert.Equal((2, 0, 1), (diff.Added, diff.TakenBack, diff.StillRejected));
        await ReprocessAsync(3);
        var after = await AccountAsync();
        Assert.Equal((before.Accepted + diff.Added, diff.StillRejected), (after.Accepted, after.RejectedTotal));
        Assert.True((await MappingDiff.OfReprocessingAsync(_home.Lake, await MappingHistory.LoadAsync(_home.Store.Reference, default), null, null, 10, default)).IsEmpty);
    }

    [Fact]
    public async Task The_diff_of_a_mapping_is_what_activating_and_reprocessing_it_does()
    {
        await LandAsync();
        await ActivateAsync(2, Mapping(1, "p"));
        await ReprocessAsync(3);
        var second = Parse(Mapping(2, "q"));
        var diff = await MappingDiff.OfMappingAsync(_home.Lake, await MappingHistory.LoadAsync(_home.Store.Reference, default), second, 10, default);
        Assert.Equal((2, 1, 0), (diff.Count(ReadingChangeKind.Differs), diff.Count(ReadingChangeKind.Appears), diff.Count(ReadingChangeKind.Disappears)));
        Assert.Contains(diff.First, c => c is { Kind: ReadingChangeKind.Differs, Before: { Value: 72, Mapping: "mine/1" }, After: { Value: 82, Mapping: "mine/2" } });

        await ActivateAsync(4, Mapping(2, "q"));
        var asked = await MappingDiff.OfReprocessingAsync(_home.Lake, await MappingHistory.LoadAsync(_home.Store.Reference, default), null, null, 10, default);
        Assert.Equal(diff.ByCode, asked.ByCode);
        Assert.Equal(diff.ByReason, asked.ByReason);
        Assert.Equal(diff.First, asked.First);
    }

    [Fact]
    public async Task Silver_deleted_after_commands_comes_out_the_same_byte_for_byte()
    {
        await LandAsync();
        await ActivateAsync(2, Mapping(1, "p"));
        await ReprocessAsync(3);
        await LandAsync(Line("""{"p":75,"q":85}""", "late", 3.5));
        await ActivateAsync(4, Mapping(2, "q"));
        await ReprocessAsync(5);
        var files = await _home.HashesAsync("silver");
        Assert.Equal(2 * (3 + 2), files.Count); // pairs: of the landing and of two commands, and of the later file one less
        Directory.Delete(_home.Lake.FullPath("silver"), recursive: true);
        await CatchUpAsync();
        Assert.Equal(files, await _home.HashesAsync("silver"));
    }

    [Fact]
    public async Task Documents_follow()
    {
        await LandAsync();
        await ProjectAsync();
        Assert.Equal(["70"], await DocumentsAsync());
        await ActivateAsync(2, Mapping(1, "p"));
        await ReprocessAsync(3);
        await ProjectAsync();
        Assert.Equal(["70", "72", "73"], await DocumentsAsync());
        await ActivateAsync(4, Mapping(2, "q"));
        await ReprocessAsync(5);
        await ProjectAsync();
        Assert.Equal(["70", "82,84", "83"], await DocumentsAsync());
    }

    [Fact]
    public async Task A_command_is_known_after_all_that_landed_even_where_another_clock_was_ahead()
    {
        await LandAsync();
        _time.Now = At(0.5);
        var activation = await new HistoryCommands(_home.Store, _time).ActivateAsync(Parse(Mapping(1, "p")), default);
        Assert.True(activation!.Known > At(1));
        Assert.Null(await new HistoryCommands(_home.Store, _time).ActivateAsync(Parse(Mapping(1, "p")), default));
        var command = await new HistoryCommands(_home.Store, _time).ReprocessAsync(null, null, default);
        Assert.True(command.Known > activation.Known);
        await CatchUpAsync();
        Assert.Equal(3, (await AccountAsync()).Accepted);
    }

    private async Task LandAsync(params string[] more)
    {
        await _home.Store.Reference.AppendAsync(ReferenceKinds.Roster, Lines(new Patient { PatientId = "A", CareTeamId = "north", Known = At(0) }), default);
        await _home.Store.Reference.AppendAsync(ReferenceKinds.Assignments, Lines(new DeviceAssignment { DeviceId = "cuff", PatientId = "A", From = At(0), Known = At(0) }), default);
        var file = Path.Combine(_home.Root, "messages.ndjson");
        await File.WriteAllLinesAsync(file,
        [
            Line("""{"p":72,"q":82,"r":84}""", "1", 0.1),
            Line("""{"p":7,"q":7}""", "2", 0.2),
            Line("""{"p":73,"q":83}""", "3", 0.3),
            Line("""{"time":"2025-01-01T06:00:00Z","readings":[{"code":"8867-4","value":70,"unit":"/min"}]}""", "4", 0.4, model: "other"),
            .. more,
        ]);
        _time.Now = At(more.Length > 0 ? 3.6 : 1);
        await FeedIngestion.RunAsync(_home.Store, FeedFolder.Open(file, MadeUpFeed.Cohort, imported: false), _time, null, default);
    }

    private async Task ActivateAsync(int day, string mapping)
    {
        _time.Now = At(day);
        Assert.NotNull(await new HistoryCommands(_home.Store, _time).ActivateAsync(Parse(mapping), default));
    }

    private async Task ReprocessAsync(int day)
    {
        _time.Now = At(day);
        await new HistoryCommands(_home.Store, _time).ReprocessAsync(null, null, default);
        await CatchUpAsync();
    }

    private async Task<Silver> CatchUpAsync()
    {
        var silver = await Silver.OpenAsync(_home.Lake, _home.Store.Reference, default);
        foreach (var partition in await BronzeFile.PartitionsAsync(_home.Lake, default))
        {
            await silver.CatchUpAsync(partition, default);
        }

        return silver;
    }

    private async Task<IngestionAccount> AccountAsync() => await IngestionAccount.TakeAsync(_home.Lake, await CatchUpAsync(), default);

    private async Task ProjectAsync() => await DocumentProjection.RunAsync(_home.Store, await CatchUpAsync(), default);

    private async Task<string[]> DocumentsAsync() =>
    [
        .. (await _home.Store.Documents.ListAsync(Containers.Telemetry, default).ToArrayAsync())
            .Select(d => string.Join(',', System.Text.Json.JsonDocument.Parse(d.Body).RootElement.GetProperty("readings").EnumerateArray().Select(r => r.GetProperty("value").GetRawText())))
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>The observations: value, and the days from and to which they were known.</summary>
    private async Task<string[]> RowsAsync()
    {
        var (manifest, _) = await CompactionStage.RunAsync(_home.Store, default);
        var rows = new List<string>();
        foreach (var file in manifest.Files)
        {
            var all = TelemetryTables.ToObservations(await _home.Lake.ReadTableAsync(file.Path, null, default), VitalSignCatalog.Default);
            rows.AddRange(Enumerable.Range(0, all.Count).Select(i => string.Create(CultureInfo.InvariantCulture,
                $"{(all.Value[i] >= 80 ? "q" : all.Value[i] > 70 ? "p" : "canonical")} {all.Value[i]} from {Day(all.KnownFrom[i])}{(all.KnownTo[i] == UnixMicros.Open ? "" : $" to {Day(all.KnownTo[i])}")}")));
        }

        return [.. rows.Order(StringComparer.Ordinal)];
    }

    private static double Day(long micros) => (UnixMicros.ToInstant(micros) - s_start).TotalDays;

    private static DeviceMapping Parse(string mapping) => DeviceMapping.Parse(Encoding.UTF8.GetBytes(mapping), VitalSignCatalog.Default);

    /// <summary>A mapping that reads a heart rate from a field, and, from version 2 on, another from <c>r</c> where there is one.</summary>
    private static string Mapping(int version, string field) => $$$"""
        {"schemaVersion": 1, "name": "mine", "version": {{{version}}}, "description": "mine", "match": {"properties": {"model": "m1"}},
         "readings": [{"code": "8867-4", "value": "{{{field}}}", "unit": "/min"}{{{(version > 1 ? """, {"code": "59408-5", "value": "r", "unit": "%"}""" : "")}}}]}
        """;

    private static byte[] Lines<T>(params T[] rows) => Encoding.UTF8.GetBytes(string.Concat(rows.Select(r => ReferenceJson.ToLine(r) + "\n")));

    private static Instant At(double day) => s_start + Duration.FromDays(day);

    private static string Line(string body, string id, double day, string model = "m1") =>
        $$$"""{"EnqueuedTimeUtc":"{{{At(day)}}}","Properties":{"model":"{{{model}}}"},"SystemProperties":{"connectionDeviceId":"cuff","messageId":"{{{id}}}"},"Body":{{{body}}}}""";

    /// <summary>Time that stands still until it is set.</summary>
    private sealed class SetTime : TimeProvider
    {
        public Instant Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now.ToDateTimeOffset();
    }
}
