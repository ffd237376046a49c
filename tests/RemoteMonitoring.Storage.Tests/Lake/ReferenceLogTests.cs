using System.Text;
using NodaTime;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Storage.Tests.Lake;

public sealed class ReferenceLogTests : IDisposable
{
    private const string Admission = """{"patientId":"p1","kind":"hospital-admission","effective":"2025-01-02T00:00:00Z","known":"2025-01-03T00:00:00Z"}""";
    private const string Fall = """{"patientId":"p2","kind":"fall","effective":"2025-01-04T00:00:00Z","known":"2025-01-04T00:00:00Z"}""";
    private readonly TempLake _temp = new();

    private ReferenceLog Log => new(_temp.Lake);

    public void Dispose() => _temp.Dispose();

    [Fact]
    public async Task The_same_bytes_again_are_appended_once()
    {
        Assert.True(await Append(ReferenceKinds.Outcomes, Admission));
        Assert.True(await Append(ReferenceKinds.Outcomes, Fall));
        var before = _temp.Contents;
        Assert.False(await Append(ReferenceKinds.Outcomes, Admission));
        Assert.False(await Append(ReferenceKinds.Outcomes, Fall));
        Assert.Equal(before, _temp.Contents);
        Assert.Equal(2, (await Log.PositionAsync(default))[ReferenceKinds.Outcomes]);
    }

    [Fact]
    public async Task Sequences_count_from_1_without_holes_for_each_kind()
    {
        await Append(ReferenceKinds.Outcomes, Admission);
        await Append(ReferenceKinds.Outcomes, Fall);
        await Append(ReferenceKinds.Contacts, Fall);
        Assert.Equal(
            [
                "bronze/reference/contacts/00000000000000000001.ndjson",
                "bronze/reference/outcomes/00000000000000000001.ndjson",
                "bronze/reference/outcomes/00000000000000000002.ndjson",
            ],
            await _temp.Lake.ListAsync(LakePaths.BronzeReference, default));
        Assert.Equal(0, (await Log.PositionAsync(default))[ReferenceKinds.Teams]);
    }

    [Fact]
    public async Task Writers_that_race_append_every_batch_once()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => Append(ReferenceKinds.Outcomes, Admission.Replace("p1", $"p{i % 4}", StringComparison.Ordinal)))));
        var loaded = await Log.LoadAsync(await Log.PositionAsync(default), default);
        Assert.Equal(["p0", "p1", "p2", "p3"], loaded.Outcomes.Select(o => o.PatientId).Order());
    }

    [Fact]
    public async Task Writers_that_race_with_the_same_batch_append_it_once()
    {
        var appended = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Append(ReferenceKinds.Outcomes, Admission))));
        Assert.Single(appended, a => a);
        Assert.Equal(1, (await Log.PositionAsync(default))[ReferenceKinds.Outcomes]);
    }

    [Fact]
    public async Task One_instance_reads_each_batch_at_most_once()
    {
        await Append(ReferenceKinds.Outcomes, Admission);
        await Append(ReferenceKinds.Outcomes, Fall);
        var log = Log;
        Assert.False(await log.AppendAsync(ReferenceKinds.Outcomes, Encoding.UTF8.GetBytes(Fall), default));
        // Were they read again, they would be other bytes now.
        _temp.Plant(LakePaths.Reference(ReferenceKinds.Outcomes, 1), "?"u8.ToArray());
        _temp.Plant(LakePaths.Reference(ReferenceKinds.Outcomes, 2), "?"u8.ToArray());
        Assert.False(await log.AppendAsync(ReferenceKinds.Outcomes, Encoding.UTF8.GetBytes(Admission), default));
        Assert.False(await log.AppendAsync(ReferenceKinds.Outcomes, Encoding.UTF8.GetBytes(Fall), default));
        Assert.True(await Append(ReferenceKinds.Outcomes, Fall));
        // What another instance appended is recognised too.
        Assert.False(await log.AppendAsync(ReferenceKinds.Outcomes, Encoding.UTF8.GetBytes(Fall), default));
    }

    [Theory]
    [InlineData("Thumbs.db")]
    [InlineData("00000000000000000009.ndjson.bak")]
    [InlineData("9.ndjson")]
    [InlineData("00000000000000000000.ndjson")]
    [InlineData("-0000000000000000009.ndjson")]
    [InlineData("99999999999999999999.ndjson")]
    [InlineData("old/00000000000000000009.ndjson")]
    public async Task Files_that_are_not_the_logs_are_passed_over(string name)
    {
        await Append(ReferenceKinds.Outcomes, Admission);
        _temp.Plant($"bronze/reference/outcomes/{name}", "x"u8.ToArray());
        _temp.Plant($"bronze/reference/unheard-of/{name}", "x"u8.ToArray());
        Assert.Equal(1, (await Log.PositionAsync(default))[ReferenceKinds.Outcomes]);
        Assert.True(await Append(ReferenceKinds.Outcomes, Fall));
        Assert.Equal(2, (await Log.PositionAsync(default))[ReferenceKinds.Outcomes]);
    }

    [Fact]
    public async Task A_hole_is_told_with_the_file_that_is_missing_and_is_not_filled()
    {
        foreach (var lines in new[] { Admission, Fall, Admission + "\n" })
        {
            await Append(ReferenceKinds.Outcomes, lines);
        }

        var missing = LakePaths.Reference(ReferenceKinds.Outcomes, 2);
        await _temp.Lake.DeleteAsync(missing, default);
        (await Assert.ThrowsAsync<LakeException>(() => Log.PositionAsync(default))).SaysInOneLine(_temp.Lake.FullPath(missing));
        (await Assert.ThrowsAsync<LakeException>(() => Append(ReferenceKinds.Outcomes, Fall + "\n"))).SaysInOneLine(_temp.Lake.FullPath(missing));
        Assert.False(await _temp.Lake.ExistsAsync(missing, default));
    }

    [Fact]
    public async Task A_position_pins_what_is_loaded()
    {
        await Append(ReferenceKinds.Outcomes, Admission);
        var pinned = await Log.PositionAsync(default);
        await Append(ReferenceKinds.Outcomes, Fall);
        Assert.Equal(["p1"], (await Log.LoadAsync(pinned, default)).Outcomes.Select(o => o.PatientId));
        Assert.Equal(["p1", "p2"], (await Log.LoadAsync(await Log.PositionAsync(default), default)).Outcomes.Select(o => o.PatientId));
    }

    [Fact]
    public async Task A_file_that_grew_says_its_old_lines_again_and_they_count_once()
    {
        await Append(ReferenceKinds.Outcomes, Admission + "\n");
        await Append(ReferenceKinds.Outcomes, Admission + "\n" + Fall + "\n");
        await Append(ReferenceKinds.Outcomes, "\uFEFF" + Admission + "\r\n\r\n" + Fall + "\r\n");
        Assert.Equal(["p1", "p2"], (await Log.LoadAsync(await Log.PositionAsync(default), default)).Outcomes.Select(o => o.PatientId));
    }

    [Fact]
    public void Blank_lines_line_ends_of_every_system_and_a_byte_order_mark_are_no_events()
    {
        var rows = ReferenceLog.Parse<Outcome>(Encoding.UTF8.GetBytes("\uFEFF\r\n" + Admission + "\r\n \n\n" + Fall), "x");
        Assert.Equal([Instant.FromUtc(2025, 1, 3, 0, 0), Instant.FromUtc(2025, 1, 4, 0, 0)], rows.Select(r => r.Known));
    }

    public static TheoryData<string> BadLines { get; } =
    [
        "not json",
        "null",
        "[]",
        "{}",
        "{\"patientId\":\"p1\"",
        Admission.Replace("2025-01-02T00:00:00Z", "yesterday", StringComparison.Ordinal),
        Admission.Replace("\"2025-01-02T00:00:00Z\"", "20250102", StringComparison.Ordinal),
        Admission.Replace("\"p1\"", "\"\\ud800\"", StringComparison.Ordinal),
        Admission.Replace("\"p1\"", "17", StringComparison.Ordinal),
        Admission.Replace("\"kind\"", "\"patientId\":\"p9\",\"kind\"", StringComparison.Ordinal),
        Admission.Replace("\"kind\"", "\"unheardOf\":1,\"kind\"", StringComparison.Ordinal),
    ];

    [Theory]
    [MemberData(nameof(BadLines))]
    public void A_bad_line_names_the_file_and_its_number(string line)
    {
        var e = Assert.Throws<LakeException>(() => ReferenceLog.Parse<Outcome>(Encoding.UTF8.GetBytes(Fall + "\n\n" + line + "\n" + Admission), "feed/outcomes.ndjson"));
        e.SaysInOneLine("feed/outcomes.ndjson, line 3: not a Outcome");
    }

    [Fact]
    public async Task A_bad_line_in_the_log_names_its_file_in_the_lake()
    {
        var file = _temp.Plant(LakePaths.Reference(ReferenceKinds.Outcomes, 1), Encoding.UTF8.GetBytes(Fall + "\n?\n"));
        var e = await Assert.ThrowsAsync<LakeException>(async () => await Log.LoadAsync(await Log.PositionAsync(default), default));
        e.SaysInOneLine($"{file}, line 2");
    }

    private Task<bool> Append(string kind, string lines) => Log.AppendAsync(kind, Encoding.UTF8.GetBytes(lines), default);
}
