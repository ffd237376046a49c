using System.Text;

namespace RemoteMonitoring.EndToEnd.Tests;

[Collection("runs the program")]
public sealed class ImportReferenceTests : IDisposable
{
    private readonly Rmon _rmon = new();

    public void Dispose() => _rmon.Dispose();

    [Theory]
    [InlineData("roster", "patient_id,care_team_id,age,sex,conditions,time_zone", "p1,north,71.5,Female,heart-failure; copd,Europe/Berlin", "p2,north,,,,")]
    [InlineData("teams", "capacity,name,care_team_id", "12,\"North, upper\",north", "0,South,south")]
    [InlineData("assignments", "device_id,patient_id,from,to", "d1,p1,2025-01-01T00:00:00Z,2025-02-01T01:00:00+01:00", "d1,p2,2025-02-01T00:00:00Z,")]
    [InlineData("outcomes", "patient_id,kind,effective,detail,known", "p1,hospital-admission,2025-01-03T04:05:06Z,fall,2025-01-04T00:00:00Z", "p1,death,2025-01-05T00:00:00Z,,")]
    [InlineData("census", "patient_id,kind,effective", "p1,enrolled,2025-01-01T00:00:00Z", "p1,Died,2025-03-01T00:00:00Z")]
    public async Task Rows_are_appended_once_and_a_dry_run_appends_nothing(string kind, params string[] lines)
    {
        var file = Write("rows.csv", ["\uFEFF" + lines[0], .. lines[1..]]);
        var dry = await _rmon.RunAsync("import", kind, file, "--cohort", "c", "--dry-run", "--json");
        Assert.Equal((0, 2, 0), (dry.ExitCode, Count(dry, "new"), Count(dry, "appended")));
        Assert.Equal(0, Batches(kind));
        var done = await _rmon.RunAsync("import", kind, file, "--cohort", "c", "--json");
        Assert.Equal((0, 2, 2), (done.ExitCode, Count(done, "new"), Count(done, "appended")));
        var again = await _rmon.RunAsync("import", kind, file, "--json");
        Assert.Equal((0, 0, 2, 0), (again.ExitCode, Count(again, "new"), Count(again, "unchanged"), Count(again, "appended")));
        Assert.Equal(1, Batches(kind));
    }

    [Fact]
    public async Task What_a_row_says_is_what_the_log_says_and_only_what_changed_is_appended_again()
    {
        var file = Write("roster.csv", "patient_id,care_team_id,age,sex,conditions,time_zone", "p1,north,71.5,Female,heart-failure; copd,Europe/Berlin", "p2,north,,,,");
        await _rmon.RunAsync("import", "roster", file, "--cohort", "c");
        var changed = await _rmon.RunAsync("import", "roster", Write("roster.csv", "patient_id,care_team_id", "p1,north", "p2,north", "p3,south"), "--json");
        Assert.Equal((1, 1, 1), (Count(changed, "new"), Count(changed, "changed"), Count(changed, "unchanged")));
        var lines = Log("roster").Select(l => l[..l.IndexOf(",\"known\"", StringComparison.Ordinal)]).ToArray();
        Assert.Equal("""{"patientId":"p1","careTeamId":"north","age":71.5,"sex":"female","conditions":["heart-failure","copd"],"timeZone":"Europe/Berlin","attributes":{}""", lines[0]);
        Assert.Equal(4, lines.Length);
    }

    [Fact]
    public async Task Every_bad_row_gets_one_line_and_nothing_is_appended_unless_told_so()
    {
        var file = Write("a.csv", "device_id,patient_id,from,to", "d1,p1,2025-01-01T00:00:00Z,", "d2,,2025-01-01T00:00:00Z,", "d3,p3,yesterday,", "d4,p4,2025-01-02T00:00:00Z,2025-01-01T00:00:00Z", "d5,p5");
        var refused = await _rmon.RunAsync("import", "assignments", file, "--cohort", "c");
        Assert.Equal(3, refused.ExitCode);
        Assert.Equal(5, refused.ErrorLines.Length);
        Assert.StartsWith($"rmon: {file}, line 3, column patient_id: is empty; fill it in", refused.ErrorLines[0], StringComparison.Ordinal);
        Assert.Contains("line 4, column from: 'yesterday' is not an instant with a zone; write it like", refused.ErrorLines[1], StringComparison.Ordinal);
        Assert.Contains("line 5, column to: is before 'from'", refused.ErrorLines[2], StringComparison.Ordinal);
        Assert.Contains("line 6: has 2 fields where the header has 4", refused.ErrorLines[3], StringComparison.Ordinal);
        Assert.Equal(0, Batches("assignments"));
        var skipped = await _rmon.RunAsync("import", "assignments", file, "--cohort", "c", "--skip-bad", "--json");
        Assert.Equal((4, 1, 4), (skipped.ExitCode, Count(skipped, "appended"), Count(skipped, "bad")));
    }

    [Theory]
    [InlineData("no such file", "roster", null)]
    [InlineData("no column 'care_team_id'", "roster", "patient_id\np1\n")]
    [InlineData("'weight' is none of this kind", "roster", "patient_id,care_team_id,weight\n")]
    [InlineData("is not CSV", "teams", "care_team_id,name,capacity\na,\"b,1\n")]
    [InlineData("is later than it was known", "outcomes", "patient_id,kind,effective\np1,fall,2999-01-01T00:00:00Z\n")]
    [InlineData("is no time zone", "roster", "patient_id,care_team_id,time_zone\np1,t,Mars/Base\n")]
    public async Task A_file_that_cannot_be_used_gets_one_line(string says, string kind, string? text)
    {
        var file = _rmon.Folder("bad.csv");
        if (text is not null)
        {
            await File.WriteAllTextAsync(file, text);
        }

        var result = await _rmon.RunAsync("import", kind, file, "--cohort", "c");
        Assert.Equal(3, result.ExitCode);
        Assert.Contains(says, result.ErrorLines[0], StringComparison.Ordinal);
        Assert.Equal(0, Batches(kind));
    }

    [Fact]
    public async Task A_back_dated_reassignment_says_what_it_moves_and_moves_it_in_documents_and_observations()
    {
        var messages = Write("m.ndjson", [.. Enumerable.Range(1, 3).Select(day =>
            $$$"""{"EnqueuedTimeUtc":"2025-01-0{{{day}}}T07:41:00Z","Properties":{},"SystemProperties":{"connectionDeviceId":"d1"},"Body":{"time":"2025-01-0{{{day}}}T07:40:00Z","readings":[{"code":"8867-4","value":70,"unit":"/min"}]}}""")]);
        await _rmon.RunAsync("ingest", messages, "--cohort", "c");
        Write("a.csv", "device_id,patient_id,from", "d1,A,2025-01-01T00:00:00Z");
        var first = await _rmon.RunAsync("import", "assignments", _rmon.Folder("a.csv"));
        Assert.Contains("nobody", first.Output, StringComparison.Ordinal);
        Assert.Equal(3, (await _rmon.RunAsync("ingest", messages, "--cohort", "c", "--json")).Document.GetProperty("readings").GetProperty("accepted").GetInt32());

        Write("b.csv", "device_id,patient_id,from", "d1,B,2025-01-02T00:00:00Z");
        var dry = await _rmon.RunAsync("import", "assignments", _rmon.Folder("b.csv"), "--dry-run", "--json");
        var move = Assert.Single(dry.Document.GetProperty("moves").EnumerateArray());
        Assert.Equal(("A", "B", 2), (move.GetProperty("from").GetString(), move.GetProperty("to").GetString(), move.GetProperty("readings").GetInt32()));
        var done = await _rmon.RunAsync("import", "assignments", _rmon.Folder("b.csv"), "--json");
        Assert.Equal(2, Count(done, "documents_moved"));
        var readings = (await _rmon.RunAsync("ingest", messages, "--cohort", "c", "--json")).Document.GetProperty("readings");
        Assert.Equal((2, true), (readings.GetProperty("reassigned").GetInt32(), readings.GetProperty("conserves").GetBoolean()));
    }

    [Fact]
    public async Task A_hospitals_messages_become_census_and_outcomes_once()
    {
        await _rmon.RunAsync("import", "roster", Write("r.csv", "patient_id,care_team_id", "p1,north"), "--cohort", "c");
        var adt = Write("adt.hl7",
            "MSH|^~\\&|h|h|r|r|2025||ADT^A01|1|P|2.5\rEVN||20250103040506+0000\rPID|||p1", "MSH|^~\\&|h|h|r|r|2025||ADT^A01|2|P|2.5\rEVN||20250103040506+0000\rPID|||stranger");
        Assert.Equal(3, (await _rmon.RunAsync("import", "adt", adt)).ExitCode);
        Assert.Equal(0, Batches("census"));
        var done = await _rmon.RunAsync("import", "adt", adt, "--skip-bad", "--json");
        Assert.Equal((4, 2, 1, 1, 1), (done.ExitCode, Count(done, "read"), Count(done, "admissions"), Count(done, "outcomes"), Count(done, "bad")));
        Assert.Contains("line 4: the patient 'stranger' is not on the roster", done.ErrorLines[0], StringComparison.Ordinal);
        var fhir = Write("e.ndjson", """{"resourceType":"Encounter","status":"finished","class":{"code":"IMP"},"subject":{"reference":"Patient/p1"},"period":{"start":"2025-01-03T04:05:06Z","end":"2025-01-04T00:00:00Z"}}""");
        var more = await _rmon.RunAsync("import", "fhir", fhir, "--json");
        Assert.Equal((0, 0, 1, 1), (more.ExitCode, Count(more, "admissions"), Count(more, "discharges"), Count(more, "unchanged")));
        Assert.Equal(3, (await _rmon.RunAsync("import", "adt", adt, "--time-zone", "Mars/Base")).ExitCode);
    }

    private static int Count(RmonResult result, string name) => result.Document.GetProperty(name).GetInt32();

    private int Batches(string kind) => Directory.Exists(LogFolder(kind)) ? Directory.GetFiles(LogFolder(kind)).Length : 0;

    private string[] Log(string kind) => [.. Directory.GetFiles(LogFolder(kind)).Order(StringComparer.Ordinal).SelectMany(File.ReadAllLines)];

    private string LogFolder(string kind) => Path.Combine(_rmon.Home, "c", "lake", "bronze", "reference", kind);

    private string Write(string name, params string[] lines)
    {
        var path = _rmon.Folder(name);
        File.WriteAllText(path, string.Join('\n', lines) + "\n", new UTF8Encoding(false));
        return path;
    }
}
