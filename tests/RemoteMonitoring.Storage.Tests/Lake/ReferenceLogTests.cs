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
        Assert.Equal(2, Log.Position()[ReferenceKinds.Outcomes]);
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
            _temp.Lake.List(LakePaths.BronzeReference));
        Assert.Equal(0, Log.Position()[ReferenceKinds.Teams]);
    }

    [Fact]
    public async Task Writers_that_race_append_every_batch_once()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => Append(ReferenceKinds.Outcomes, Admission.Replace("p1", $"p{i % 4}", StringComparison.Ordinal)))));
        var loaded = await Log.LoadAsync(Log.Position(), default);
        Assert.Equal(["p0", "p1", "p2", "p3"], loaded.Outcomes.Select(o => o.PatientId).Order());
    }

    [Fact]
    public async Task A_position_pins_what_is_loaded()
    {
        await Append(ReferenceKinds.Outcomes, Admission);
        var pinned = Log.Position();
        await Append(ReferenceKinds.Outcomes, Fall);
        Assert.Equal(["p1"], (await Log.LoadAsync(pinned, default)).Outcomes.Select(o => o.PatientId));
        Assert.Equal(["p1", "p2"], (await Log.LoadAsync(Log.Position(), default)).Outcomes.Select(o => o.PatientId));
    }

    [Fact]
    public async Task A_file_that_grew_says_its_old_lines_again_and_they_count_once()
    {
        await Append(ReferenceKinds.Outcomes, Admission + "\n");
        await Append(ReferenceKinds.Outcomes, Admission + "\n" + Fall + "\n");
        await Append(ReferenceKinds.Outcomes, "\uFEFF" + Admission + "\r\n\r\n" + Fall + "\r\n");
        Assert.Equal(["p1", "p2"], (await Log.LoadAsync(Log.Position(), default)).Outcomes.Select(o => o.PatientId));
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
        var e = await Assert.ThrowsAsync<LakeException>(() => Log.LoadAsync(Log.Position(), default));
        e.SaysInOneLine($"{file}, line 2");
    }

    private Task<bool> Append(string kind, string lines) => Log.AppendAsync(kind, Encoding.UTF8.GetBytes(lines), default);
}
