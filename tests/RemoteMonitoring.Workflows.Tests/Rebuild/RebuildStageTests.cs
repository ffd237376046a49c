using System.Globalization;
using System.Text;
using CsCheck;
using NodaTime;
using RemoteMonitoring.Ingestion;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Erasure;
using RemoteMonitoring.Workflows.Rebuild;

namespace RemoteMonitoring.Workflows.Tests.Rebuild;

/// <summary>What is derived, deleted and made again, is what it was: after whatever was stated since.</summary>
public sealed class RebuildStageTests
{
    /// <summary>A mapping of bodies that no bundled mapping knows: until it is in force they are rejected.</summary>
    private const string OddMapping = """
        {"schemaVersion": 1, "name": "odd-device", "version": 1, "description": "A device of the tests", "match": {"shape": [["pulse", "at"]]},
         "time": {"from": ["at"]}, "readings": [{"code": "8867-4", "value": "pulse", "unit": "/min"}]}
        """;

    private static readonly Gen<Step[]> s_steps = Gen.Enum<Step>().Array[1, 6];

    private enum Step
    {
        Activate,
        Reassign,
        Reprocess,
        Erase,
        Land,
    }

    [Theory]
    [InlineData("")]
    [InlineData("Activate")]
    [InlineData("Activate,Reprocess")]
    [InlineData("Reassign")]
    [InlineData("Erase")]
    [InlineData("Activate,Land,Reprocess,Reassign,Erase,Land")]
    public async Task Rebuilding_gives_the_same(string steps) =>
        await RunAsync([.. steps.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(Enum.Parse<Step>)]);

    [Fact]
    public async Task Rebuilding_gives_the_same_after_any_of_these_in_any_order() =>
        await s_steps.SampleAsync(RunAsync, iter: 12, threads: 1, print: steps => string.Join(',', steps));

    [Fact]
    public async Task Trying_out_changes_nothing()
    {
        await using var home = new TempHome();
        await LandAsync(home, 0);
        await CompactionStage.RunAsync(home.Store, new CompactionOptions { RollupsFor = ["home"], ReadingsPerCell = 0 }, default);
        var before = await home.FilesAsync();
        var places = await RebuildStage.TryOutAsync(home.Store, default);
        Assert.Equal(before, await home.FilesAsync());
        Assert.All(places.Where(p => p.Place is not ("readings of nobody" or "patients documents")), p => Assert.True(p.Before > 0, p.Place));
    }

    [Fact]
    public async Task Observations_of_before_that_nothing_refers_to_go()
    {
        await using var home = new TempHome();
        await LandAsync(home, 0);
        var first = (await ObservationsManifest.TryReadAsync(home.Lake, default))!;
        await LandAsync(home, 1);
        Assert.Contains(await RebuildStage.RunAsync(home.Store, default), p => p.Superseded > 0);
        Assert.False(await home.Lake.ExistsAsync(first.Files[0].Path, default));
    }

    [Fact]
    public async Task An_urgent_reading_that_nothing_says_any_more_goes()
    {
        await using var home = new TempHome();
        await LandAsync(home, 0);
        var before = await UrgentAsync(home);
        Assert.NotEmpty(before);
        var stale = new Document { PartitionKey = before[0].PartitionKey, Id = "stale", Body = (UrgentReading.TryRead(before[0].Body)! with { Id = "stale" }).ToJson(), Expires = before[0].Expires };
        await home.Store.Documents.UpsertAsync(Containers.Urgent, [stale], default);
        var places = await RebuildStage.RunAsync(home.Store, default);
        Assert.Equal((before.Length + 1, before.Length), places.Single(p => p.Place == "urgent documents") is var urgent ? ((int)urgent.Before, (int)urgent.Made) : default);
        Assert.Equal(before.Select(d => d.Body), (await UrgentAsync(home)).Select(d => d.Body));
    }

    [Fact]
    public async Task A_reading_that_was_urgent_by_a_fault_of_a_mapping_goes_when_it_is_mended_and_reprocessed()
    {
        await using var home = new TempHome();
        await ActivateAsync("odd-device/1", OddMapping, MadeUpFeed.At(-1));
        await LandAsync(home, 0);
        var before = await UrgentAsync(home);
        Assert.Contains(before, d => d.Body.Contains("\"value\":68,", StringComparison.Ordinal)); // the ninth, a pulse

        // What it calls pulse is a saturation.
        await ActivateAsync("odd-device/2", OddMapping.Replace("8867-4", "59408-5", StringComparison.Ordinal).Replace("/min", "%", StringComparison.Ordinal).Replace("\"version\": 1", "\"version\": 2", StringComparison.Ordinal), MadeUpFeed.At(5));
        await home.Store.Reference.AppendAsync(ReferenceKinds.Reprocess, Line(new ReprocessCommand { Known = MadeUpFeed.At(5) }), default);
        await DocumentProjection.RunAsync(home.Store, await Ingestion.Landing.Silver.OpenAsync(home.Store.Lake, home.Store.Reference, default), default);
        var after = await UrgentAsync(home);
        Assert.NotEmpty(after);
        Assert.Equal(before.Select(d => d.Body).Where(b => !b.Contains("\"value\":68,", StringComparison.Ordinal)), after.Select(d => d.Body));

        Task ActivateAsync(string mapping, string document, Instant known) =>
            home.Store.Reference.AppendAsync(ReferenceKinds.Mappings, Line(new MappingActivation { Mapping = mapping, Document = document, Known = known }), default);
    }

    private static async Task<Document[]> UrgentAsync(TempHome home) => [.. (await home.Store.Documents.ListAsync(Containers.Urgent, default).ToArrayAsync()).OrderBy(d => d.Id, StringComparer.Ordinal)];

    private static async Task RunAsync(Step[] steps)
    {
        await using var home = new TempHome();
        await LandAsync(home, 0);
        for (var i = 0; i < steps.Length; i++)
        {
            await DoAsync(home, steps[i], i + 1);
        }

        await CompactionStage.RunAsync(home.Store, new CompactionOptions { RollupsFor = ["home"], ReadingsPerCell = 0 }, default);
        await DocumentProjection.RunAsync(home.Store, await Ingestion.Landing.Silver.OpenAsync(home.Store.Lake, home.Store.Reference, default), default);
        var before = await StateAsync(home);
        Assert.All(await RebuildStage.RunAsync(home.Store, default), p => Assert.True(p.IsEqual, p.ToString()));
        Assert.Equal(before, await StateAsync(home));
        if (steps.Contains(Step.Erase))
        {
            Assert.Empty(await Erasure.HomeSearch.FindAsync(home.Store.Folder, "patient-of-the-past", "device-of-the-past"));
        }
    }

    private static async Task DoAsync(TempHome home, Step step, int number)
    {
        var known = Instant.FromUnixTimeMilliseconds(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());
        var isErased = (await home.Store.Reference.ErasuresAsync(default)).Count > 0; // who gave a command then would name the device anew
        await (step switch
        {
            Step.Activate => home.Store.Reference.AppendAsync(ReferenceKinds.Mappings, Line(new MappingActivation { Mapping = "odd-device/1", Document = OddMapping, Known = known }), default),
            Step.Reprocess => home.Store.Reference.AppendAsync(ReferenceKinds.Reprocess, Line(new ReprocessCommand { DeviceId = number % 2 == 0 && !isErased ? "device-of-the-past" : null, Known = known }), default),
            Step.Reassign => home.Store.Reference.AppendAsync(
                ReferenceKinds.Assignments, Line(new DeviceAssignment { DeviceId = "d-b", PatientId = number % 2 == 0 ? "a" : "b", From = MadeUpFeed.At(number % 3), Known = known }), default),
            Step.Erase => EraseAsync(home),
            _ => LandAsync(home, number),
        });
    }

    private static async Task EraseAsync(TempHome home) => await PatientErasure.RunAsync(home.Store, "patient-of-the-past", TimeProvider.System, default);

    private static async Task LandAsync(TempHome home, int number)
    {
        if (number == 0)
        {
            await home.Store.Reference.AppendAsync(ReferenceKinds.Roster, Line("a", "b", "patient-of-the-past"), default);
            await home.Store.Reference.AppendAsync(ReferenceKinds.Assignments,
                (byte[])[.. Line(Assigned("d-a", "a")), .. Line(Assigned("d-b", "b")), .. Line(Assigned("device-of-the-past", "patient-of-the-past"))], default);
            await home.Store.Reference.AppendAsync(ReferenceKinds.CarePlans,
                (byte[])[.. Line(Limited("a", 64)), .. Line(Limited("b", 66)), .. Line(Limited("patient-of-the-past", 64))], default);
        }

        var lines = new List<string>();
        for (var i = 0; i < 12; i++)
        {
            var device = (i % 3) switch { 0 => "d-a", 1 => "d-b", _ => "device-of-the-past" };
            var time = MadeUpFeed.At((i / 3) + (number / 24.0)).ToString();
            var body = i % 4 == 0
                ? $$"""{"pulse":{{60 + i}},"at":"{{time}}"}"""
                : $$"""{"time":"{{time}}","readings":[{"code":"8867-4","value":{{(i == 5 ? 999 : 60 + i)}},"unit":"/min"}]}""";
            lines.Add($$$"""{"EnqueuedTimeUtc":"{{{time}}}","Properties":{},"SystemProperties":{"connectionDeviceId":"{{{device}}}","messageId":"{{{number}}}-{{{(i == 11 ? 8 : i)}}}"},"Body":{{{body}}}}""");
        }

        var file = Path.Combine(home.Root, string.Create(CultureInfo.InvariantCulture, $"messages-{number}.ndjson"));
        await File.WriteAllLinesAsync(file, lines);
        await FeedIngestion.RunAsync(home.Store, FeedFolder.Open(file, MadeUpFeed.Cohort, imported: true), TimeProvider.System, null, default);
        await CompactionStage.RunAsync(home.Store, default);
    }

    private static async Task<SortedDictionary<string, string>> StateAsync(TempHome home)
    {
        var manifest = (await ObservationsManifest.TryReadAsync(home.Lake, default))!;
        var state = await home.HashesAsync("silver");
        foreach (var path in manifest.Paths.Append(LakePaths.ObservationsManifestOf(manifest.InputHash)).Append(LakePaths.ObservationsManifest))
        {
            state.Add(path, Lake.Hash(await home.Lake.ReadAsync(path, default)));
        }

        foreach (var container in (string[])[Containers.Telemetry, Containers.Patients, Containers.Urgent])
        {
            await foreach (var document in home.Store.Documents.ListAsync(container, default))
            {
                state.Add($"{container} {document.PartitionKey} {document.Id}", $"{document.Body} {document.Expires}");
            }
        }

        return state;
    }

    private static DeviceAssignment Assigned(string device, string patient) => new() { DeviceId = device, PatientId = patient, From = MadeUpFeed.Begin, Known = MadeUpFeed.Begin };

    private static CarePlan Limited(string patient, double high) => new() { PatientId = patient, Limits = [new PersonalLimit("heart_rate", null, high)], By = "dr", Known = MadeUpFeed.Begin };

    private static byte[] Line(params string[] patients) =>
        [.. patients.SelectMany(p => Line(new Patient { PatientId = p, CareTeamId = "north", Known = MadeUpFeed.Begin }))];

    private static byte[] Line<T>(T row) => Encoding.UTF8.GetBytes(ReferenceJson.ToLine(row) + "\n");
}
