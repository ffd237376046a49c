using System.Text;
using NodaTime;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Erasure;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Storage.Tests.Erasure;

/// <summary>The reference log after p was erased on the 10th: device d1 was theirs alone, d2 q's before, d3 q's since.</summary>
public sealed class ReferenceErasureTests : IAsyncDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("rmon-erasures-").FullName;
    private readonly CohortStore _store;

    public ReferenceErasureTests() => _store = CohortStore.Open(_root, "test");

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public async Task A_batch_is_rewritten_without_the_patient_and_is_known_when_it_comes_again()
    {
        var batch = Lines(Device("d1", "p", 1), Device("d2", "q", 1), Device("d2", "p", 2), Device("d3", "p", 1, 3), Device("d3", "q", 3));
        await _store.Reference.AppendAsync(ReferenceKinds.Assignments, batch, default);
        await _store.Reference.AppendAsync(ReferenceKinds.Roster, Lines(Person("p", 1)), default);
        await EraseAsync();
        Assert.Equal(2, (await _store.Reference.RewriteErasedAsync(default)).Count);
        Assert.Empty(await _store.Reference.RewriteErasedAsync(default));

        var text = Encoding.UTF8.GetString(await _store.Lake.ReadAsync(LakePaths.Reference(ReferenceKinds.Assignments, 1), default));
        Assert.DoesNotContain("\"p\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("d1", text, StringComparison.Ordinal);
        Assert.False(await _store.Reference.AppendAsync(ReferenceKinds.Assignments, batch, default));
        Assert.False(await _store.Reference.AppendAsync(ReferenceKinds.Roster, Lines(Person("p", 1)), default));
        Assert.False(await new ReferenceLog(_store.Lake, () => ErasureKey.Find(_store.ErasureKeyFile)).AppendAsync(ReferenceKinds.Assignments, batch, default));
    }

    [Fact]
    public async Task A_device_that_was_taken_over_does_not_fall_back_to_whom_it_was_taken_from()
    {
        await _store.Reference.AppendAsync(ReferenceKinds.Assignments, Lines(Device("d2", "q", 1), Device("d2", "p", 2)), default);
        await EraseAsync();
        var index = new AssignmentIndex((await LoadAsync()).Assignments);
        Assert.Equal(AssignmentStatus.Assigned, index.Find("d2", Day(1).ToUnixMicros(), out var patient, out _));
        Assert.Equal("q", patient);
        Assert.Equal(AssignmentStatus.Unassigned, index.Find("d2", Day(20).ToUnixMicros(), out _, out _));
    }

    [Fact]
    public async Task Another_writer_that_appended_before_still_knows_a_batch_after_the_erasure()
    {
        var batch = Lines(Device("d1", "p", 1), Device("d2", "q", 1));
        var other = new ReferenceLog(_store.Lake, () => ErasureKey.Find(_store.ErasureKeyFile));
        Assert.True(await other.AppendAsync(ReferenceKinds.Assignments, batch, default));
        await EraseAsync();
        await _store.Reference.RewriteErasedAsync(default);
        Assert.False(await other.AppendAsync(ReferenceKinds.Assignments, batch, default));
    }

    [Fact]
    public async Task What_is_stated_of_later_times_is_a_new_beginning_and_what_is_said_again_of_earlier_ones_is_not()
    {
        await _store.Reference.AppendAsync(ReferenceKinds.Roster, Lines(Person("p", 1)), default);
        await EraseAsync();
        Assert.False(await _store.Reference.AppendAsync(ReferenceKinds.Assignments, Lines(Device("d1", "p", 2, known: 11)), default));
        Assert.True(await _store.Reference.AppendAsync(ReferenceKinds.Roster, Lines(Person("p", 11)), default));
        Assert.True(await _store.Reference.AppendAsync(ReferenceKinds.Assignments, Lines(Device("d1", "p", 11)), default));
        var reference = await LoadAsync();
        Assert.Equal((Day(11), Day(11)), (Assert.Single(reference.Patients).Known, Assert.Single(reference.Assignments).From));
    }

    [Fact]
    public async Task Another_key_is_refused_and_the_key_is_for_its_owner_alone()
    {
        await EraseAsync();
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_store.ErasureKeyFile));
        }

        var other = new ReferenceLog(_store.Lake, ErasureKey.Passing);
        await Assert.ThrowsAsync<LakeException>(() => other.LoadAsync(new Dictionary<string, long>(), default));
        await File.WriteAllTextAsync(_store.ErasureKeyFile, "no key");
        var fault = await Assert.ThrowsAsync<LakeException>(() => new ReferenceLog(_store.Lake, () => ErasureKey.Find(_store.ErasureKeyFile)).ErasuresAsync(default));
        Assert.StartsWith(_store.ErasureKeyFile, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Compacted_documents_keep_no_bytes_of_what_was_deleted()
    {
        await _store.Documents.UpsertAsync("c", [.. Enumerable.Range(0, 500).Select(i => new Document { PartitionKey = "leaving-partition", Id = $"i{i}", Body = "{\"x\":\"leaving-body\"}" })], default);
        await _store.Documents.UpsertAsync("c", [new Document { PartitionKey = "staying", Id = "i", Body = "{}" }], default);
        await _store.Documents.DeletePartitionAsync("c", "leaving-partition", default);
        await _store.Documents.CompactAsync(default);
        foreach (var file in Directory.EnumerateFiles(_store.Folder, "documents.db*"))
        {
            await using var input = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var bytes = new MemoryStream();
            await input.CopyToAsync(bytes);
            Assert.DoesNotContain("leaving-", Encoding.Latin1.GetString(bytes.ToArray()), StringComparison.Ordinal);
        }

        Assert.NotNull(await _store.Documents.FindAsync("c", "staying", "i", default));
    }

    [Fact]
    public async Task Drafts_of_the_dead_are_deleted_and_those_being_written_are_not()
    {
        var drafts = Path.Combine(_store.Lake.NameOf(""), ".drafts");
        await File.WriteAllTextAsync(Path.Combine(drafts, "dead"), "half");
        await using (var alive = new FileStream(Path.Combine(drafts, "alive"), FileMode.CreateNew, FileAccess.Write, FileShare.None))
        {
            Assert.Equal(1, await _store.Lake.DeleteDraftsAsync(default));
            Assert.True(File.Exists(Path.Combine(drafts, "alive")));
        }
    }

    private async Task EraseAsync()
    {
        var key = _store.MakeErasureKey();
        ErasedDevice Gone(string device, bool shared) => new(key.OfDevice(device), shared, [new ErasedTime(null, Day(10))]);
        await _store.Reference.AppendAsync(ReferenceKinds.Erasures, Lines(new Tombstone
        {
            Key = key.Id,
            Patient = key.OfPatient("p"),
            Devices = [Gone("d1", false), Gone("d2", true), Gone("d3", true)],
            Known = Day(10),
        }), default);
    }

    private async Task<ReferenceData> LoadAsync() => await _store.Reference.LoadAsync(await _store.Reference.PositionAsync(default), default);

    private static DeviceAssignment Device(string device, string patient, int from, int? to = null, int? known = null) =>
        new() { DeviceId = device, PatientId = patient, From = Day(from), To = to is { } t ? Day(t) : null, Known = Day(known ?? from) };

    private static Patient Person(string id, int known) => new() { PatientId = id, CareTeamId = "north", Known = Day(known) };

    private static Instant Day(int day) => Instant.FromUtc(2025, 1, day, 0, 0);

    private static byte[] Lines<T>(params T[] rows) => Encoding.UTF8.GetBytes(string.Concat(rows.Select(r => ReferenceJson.ToLine(r) + "\n")));
}
