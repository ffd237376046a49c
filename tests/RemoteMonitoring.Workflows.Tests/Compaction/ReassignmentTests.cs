using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using NodaTime;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Ingestion;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Features;

namespace RemoteMonitoring.Workflows.Tests.Compaction;

/// <summary>From messages and statements to vectors: the device "d" measures at noon of days 1, 2 and 3, known an hour later, first stated to be A's.</summary>
public sealed class ReassignmentTests : IAsyncLifetime
{
    private static readonly Instant s_start = Instant.FromUtc(2025, 1, 1, 0, 0);
    private readonly string _root = Directory.CreateTempSubdirectory("rmon-reassignment-").FullName;
    private readonly CohortStore _store;

    public ReassignmentTests() => _store = CohortStore.Open(_root, "test");

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync()
    {
        await _store.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }

    [Theory]
    [InlineData("B", null)] // it was another's from the start,
    [InlineData("A", 2.0)] // it was handed back in between, and a reading is nobody's,
    [InlineData("A", 0.0)] // it was never with anybody
    public async Task Vectors_of_a_past_knowing_are_the_same_before_and_after_a_statement_known_later(string patient, double? until)
    {
        await LandAsync();
        var (before, _) = await CompactionStage.RunAsync(_store, default);
        var then = await VectorsAsync(before);
        await StateAsync(Assigned(patient, 0, until, known: 10));
        var (after, isOld) = await CompactionStage.RunAsync(_store, default);

        Assert.False(isOld);
        var now = await VectorsAsync(after);
        Assert.Equal(then[..^1], now[..^1]);
        Assert.NotEqual(then[^1], now[^1]);
    }

    [Fact]
    public async Task The_account_counts_a_reading_once_and_tells_what_was_reassigned()
    {
        await LandAsync();
        var (before, _) = await CompactionStage.RunAsync(_store, default);
        Assert.Equal((4L, 4L, 1L, 0L, 4L), (before.Received, before.Accepted, before.Corrected, before.Reassigned, before.Rows));

        await StateAsync(Assigned("B", 0, null, known: 10));
        var (after, _) = await CompactionStage.RunAsync(_store, default);
        Assert.Equal((4L, 4L, 1L, 3L, 7L), (after.Received, after.Accepted, after.Corrected, after.Reassigned, after.Rows));
        Assert.True(after.Conserves);
        var written = JsonNode.Parse(after.ToBytes())!;
        Assert.Equal((3, 7), (written["reassigned"]!.GetValue<int>(), written["rows"]!.GetValue<int>()));
        Assert.Equal(after.ToBytes(), (await ObservationsManifest.TryReadAsync(_store.Lake, default))!.ToBytes());
    }

    [Fact]
    public async Task Readings_that_belong_to_nobody_any_more_stay_accepted_and_a_new_one_does_not_become_so()
    {
        await LandAsync();
        await StateAsync(Assigned("A", 0, 0, known: 10));
        await LandAsync(Message(4, 75, known: 11));
        var (manifest, _) = await CompactionStage.RunAsync(_store, default);

        Assert.Equal((5L, 4L, 3L, 4L), (manifest.Received, manifest.Accepted, manifest.Reassigned, manifest.Rows));
        Assert.Equal([KeyValuePair.Create("unassigned-device", 1L)], manifest.Rejected);
        Assert.True(manifest.Conserves);
    }

    [Fact]
    public async Task Observations_deleted_after_a_reassignment_come_out_the_same()
    {
        await LandAsync();
        await CompactionStage.RunAsync(_store, default);
        await StateAsync(Assigned("B", 0, null, known: 10));
        var (manifest, _) = await CompactionStage.RunAsync(_store, default);
        Directory.Delete(_store.Lake.NameOf("gold"), recursive: true);
        var (again, isOld) = await CompactionStage.RunAsync(_store, default);

        Assert.False(isOld);
        Assert.Equal(manifest.ToBytes(), again.ToBytes());
        foreach (var file in again.Files)
        {
            Assert.Equal(file.Sha256, LakeDirectory.Hash(await _store.Lake.ReadAsync(file.Path, default)));
        }
    }

    [Fact]
    public async Task A_manifest_of_before_rows_were_counted_apart_still_loads()
    {
        await LandAsync();
        var (manifest, _) = await CompactionStage.RunAsync(_store, default);
        var old = JsonNode.Parse(manifest.ToBytes())!.AsObject();
        old["schemaVersion"] = 1;
        old.Remove("reassigned");
        old.Remove("rows");
        await _store.Lake.ReplaceAsync(LakePaths.ObservationsManifest, Encoding.UTF8.GetBytes(old.ToJsonString()), default);

        var read = await ObservationsManifest.TryReadAsync(_store.Lake, default);
        Assert.Equal((1, manifest.Accepted, 0L, manifest.Rows), (read!.SchemaVersion, read.Accepted, read.Reassigned, read.Rows));
        Assert.True(read.Conserves);
    }

    /// <summary>Three readings, the second corrected on day 5, and who had the device, as first stated.</summary>
    private async Task LandAsync(params string[] more)
    {
        await _store.Reference.AppendAsync(ReferenceKinds.Roster, Lines(Patient("A"), Patient("B")), default);
        await StateAsync(Assigned("A", 0, null, known: 0));
        var file = Path.Combine(_root, "messages.ndjson");
        await File.WriteAllLinesAsync(file, [Message(1, 70), Message(2, 71), Message(3, 72), Message(2, 81, known: 5), .. more]);
        await FeedIngestion.RunAsync(_store, FeedFolder.Open(file, "test", imported: true), TimeProvider.System, null, default);
    }

    private Task<bool> StateAsync(DeviceAssignment assignment) => _store.Reference.AppendAsync(ReferenceKinds.Assignments, Lines(assignment), default);

    /// <summary>Vectors of both patients at the end of day 6, as known by the ends of days 1 to 9; then by that of day 10.</summary>
    private async Task<string[]> VectorsAsync(ObservationsManifest manifest)
    {
        var reference = await _store.Reference.LoadAsync(manifest.Inputs.Reference, default);
        VectorKey[] rows =
        [
            .. from day in Enumerable.Range(1, 10)
               from patient in (string[])["A", "B"]
               select new VectorKey(patient, At(Math.Min(day, 6) + 0.99).ToUnixMicros(), At(day + 0.99).ToUnixMicros()),
        ];
        var table = await FeatureStage.BuildAsync(_store, manifest, FeatureSet.Home, reference, rows, null, default);
        var vectors = Array.ConvertAll([.. Enumerable.Range(0, rows.Length)], r => string.Join(' ', table.Values.Select(column => column[r].ToString("R", CultureInfo.InvariantCulture))));
        return [.. vectors[..^2], vectors[^2] + " | " + vectors[^1]];
    }

    private static Instant At(double day) => s_start + Duration.FromDays(day);

    private static DeviceAssignment Assigned(string patient, double from, double? to, double known) => new()
    {
        DeviceId = "d",
        PatientId = patient,
        From = At(from),
        To = to is { } t ? At(t) : null,
        Known = At(known),
    };

    private static Patient Patient(string id) => new() { PatientId = id, CareTeamId = "north", TimeZone = "Etc/UTC", Age = 70, Known = At(0) };

    private static byte[] Lines<T>(params T[] rows) => Encoding.UTF8.GetBytes(string.Concat(rows.Select(r => ReferenceJson.ToLine(r) + "\n")));

    /// <summary>A heart rate at noon of a day, known an hour later or at the end of a later day.</summary>
    private static string Message(int day, int heartRate, int? known = null) => string.Create(CultureInfo.InvariantCulture,
        $$$"""{"EnqueuedTimeUtc":"{{{(known is { } k ? At(k + 0.9) : At(day + (13 / 24.0)))}}}","Properties":{},"SystemProperties":{"connectionDeviceId":"d","messageId":"{{{day}}}-{{{heartRate}}}"},"Body":{"time":"{{{At(day + 0.5)}}}","readings":[{"code":"8867-4","value":{{{heartRate}}},"unit":"/min"}]}}""");
}
