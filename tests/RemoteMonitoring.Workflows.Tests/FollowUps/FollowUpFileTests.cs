using NodaTime;
using RemoteMonitoring.Storage.Secrets;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Workflows.Tests.FollowUps;

public sealed class FollowUpFileTests
{
    private const string Default = """ "webhook": "https://hooks.example.org/f?sig=very-secret", "secret": "FOLLOW_UP_SECRET" """;

    [Fact]
    public void A_team_has_what_the_default_says_where_it_does_not_say_otherwise()
    {
        var settings = Read($$"""
            { "schemaVersion": 1, "worklist": "https://rmon.example.org/lists",
              // what holds for all
              "default": { {{Default}}, "timeZone": "Europe/London", "workingDays": ["monday", "Friday"], "quietHours": "18:00-08:00", "holidays": ["2026-12-25"],
                "remindAfter": "00:30:00", "escalateAfter": "01:00:00", "giveUpAfter": "04:00:00", "escalateTo": { "user": "anna" },
                "urgentIgnoresQuietHours": true, "cover": [ { "for": "anna", "by": "ben", "from": "2026-12-21", "to": "2026-12-31" } ] },
              "teams": { "a": { "quietHours": "20:00-07:00", "includePatientId": true }, "b": { "deliver": false },
                         "c": { "webhook": "http://127.0.0.1:8080/", "secret": "OTHER" } } }
            """).Settings!;
        var (a, c, d) = (settings.Of("a")!, settings.Of("c")!, settings.Of("d")!);
        Assert.Null(settings.Of("b"));
        Assert.Equal((new LocalTime(20, 0), new LocalTime(7, 0)), a.Hours.Quiet);
        Assert.Equal((new LocalTime(18, 0), new LocalTime(8, 0)), d.Hours.Quiet);
        Assert.Equal("FOLLOW_UP_SECRET", a.Webhook.SecretVariable);
        Assert.Equal("OTHER", c.Webhook.SecretVariable);
        Assert.Equal([IsoDayOfWeek.Monday, IsoDayOfWeek.Friday], d.Hours.Days.Order());
        Assert.Equal(Duration.FromMinutes(30), c.RemindAfter);
        Assert.True(a.IncludePatientId);
        Assert.False(d.IncludePatientId);
        Assert.Equal("anna", a.EscalationUser);
        Assert.Same(WorkingHours.EveryDay, a.HoursFor(FollowUpKind.Urgent).Days);
        Assert.Null(a.HoursFor(FollowUpKind.Urgent).Quiet);
        Assert.NotNull(a.HoursFor(FollowUpKind.Listed).Quiet);
        Assert.Equal("ben", Assert.Single(a.Covers).By);
    }

    [Fact]
    public void What_nobody_sets_has_defaults_and_quiet_hours_hold_for_urgent_readings_unless_said_otherwise()
    {
        var team = Read($$"""{ "schemaVersion": 1, "worklist": "https://x.example/", "default": { {{Default}}, "quietHours": "18:00-08:00" } }""").Settings!.Of("any")!;
        Assert.Equal((Duration.FromHours(1), Duration.FromHours(2), Duration.FromHours(8)), (team.RemindAfter, team.EscalateAfter, team.GiveUpAfter));
        Assert.Equal(team.Hours, team.HoursFor(FollowUpKind.Urgent));
        Assert.False(team.Escalates);
        Assert.Null(Read("""{ "schemaVersion": 1, "worklist": "https://x.example/" }""").Settings!.Of("any"));
    }

    [Fact]
    public async Task A_variable_stands_in_place_of_the_file_and_its_faults_are_told_by_its_name()
    {
        var home = Directory.CreateTempSubdirectory("rmon-follow-ups-").FullName;
        await File.WriteAllTextAsync(Path.Combine(home, FollowUpFile.FileName), $$"""{ "schemaVersion": 1, "worklist": "https://file.example/", "default": { {{Default}} } }""");
        Assert.Equal("https://file.example/", (await FollowUpFile.FindAsync(home, new SecretSettings(_ => null, TimeProvider.System), default))!.Settings!.Worklist.AbsoluteUri);
        Assert.Equal("https://file.example/", (await FollowUpFile.FindAsync(home, new SecretSettings(_ => "", TimeProvider.System), default))!.Settings!.Worklist.AbsoluteUri);
        Assert.Equal("https://set.example/", (await FollowUpFile.FindAsync(home, new SecretSettings(name => name == "RMON_FOLLOW_UPS" ? """{ "schemaVersion": 1, "worklist": "https://set.example/" }""" : null, TimeProvider.System), default))!.Settings!.Worklist.AbsoluteUri);
        Assert.StartsWith("RMON_FOLLOW_UPS: ", Assert.Single((await FollowUpFile.FindAsync(home, new SecretSettings(_ => "no JSON", TimeProvider.System), default))!.Faults), StringComparison.Ordinal);
        Directory.Delete(home, recursive: true);
    }

    [Theory]
    [InlineData("\"webhook\": \"http://hooks.example.org/\", \"secret\": \"A\"", "default: webhook is no address that may be sent to; take an https URL without user and fragment (http on the loopback only).")]
    [InlineData("\"webhook\": \"https://me:pw@hooks.example.org/\", \"secret\": \"A\"", "default: webhook is no address that may be sent to; take an https URL without user and fragment (http on the loopback only).")]
    [InlineData("\"secret\": \"A\"", "default: webhook is missing.")]
    [InlineData("\"webhook\": \"https://h.example/\"", "default: webhook has no secret: name the environment variable that holds it.")]
    [InlineData("\"webhook\": \"https://h.example/\", \"secret\": \"s3cr3t!\"", "default: the secret of webhook is not the name of an environment variable (letters, digits and '_'); the secret itself has no place in the file.")]
    [InlineData(Default + ", \"timeZone\": \"Mars/Base\"", "default: timeZone 'Mars/Base' is none; take an IANA name such as Europe/London.")]
    [InlineData(Default + ", \"workingDays\": [\"someday\"]", "default: workingDays: 'someday' is no day; take monday to sunday.")]
    [InlineData(Default + ", \"workingDays\": []", "default: workingDays: names no day; leave it out for all seven, or write \"deliver\": false.")]
    [InlineData(Default + ", \"quietHours\": \"18-8\"", "default: quietHours '18-8' are none; take two different times, as 18:00-08:00.")]
    [InlineData(Default + ", \"quietHours\": \"08:00-08:00\"", "default: quietHours '08:00-08:00' are none; take two different times, as 18:00-08:00.")]
    [InlineData(Default + ", \"holidays\": [\"2026-02-30\"]", "default: holidays: '2026-02-30' is no day; take year-month-day, as 2026-12-25.")]
    [InlineData(Default + ", \"remindAfter\": \"soon\"", "default: remindAfter 'soon' is none; take [days.]hours:minutes:seconds, as 01:15:00, more than none and up to 14 days.")]
    [InlineData(Default + ", \"remindAfter\": \"00:00:00\"", "default: remindAfter '00:00:00' is none; take [days.]hours:minutes:seconds, as 01:15:00, more than none and up to 14 days.")]
    [InlineData(Default + ", \"remindAfter\": \"03:00:00\"", "default: remindAfter (0:03:00:00) must not be more than escalateAfter (0:02:00:00), and that must be less than giveUpAfter (0:08:00:00).")]
    [InlineData(Default + ", \"giveUpAfter\": \"02:00:00\"", "default: remindAfter (0:01:00:00) must not be more than escalateAfter (0:02:00:00), and that must be less than giveUpAfter (0:02:00:00).")]
    [InlineData(Default + ", \"escalateTo\": {}", "default: escalateTo: names nobody; give it a user, or a webhook with its secret.")]
    [InlineData(Default + ", \"cover\": [{ \"for\": \"a\", \"by\": \"b\", \"from\": \"2026-12-02\", \"to\": \"2026-12-01\" }]", "default: cover 1: ends before it begins.")]
    [InlineData(Default + ", \"cover\": [{ \"for\": \"\", \"by\": \"b\", \"from\": \"2026-12-01\", \"to\": \"2026-12-01\" }]", "default: cover 1: says not who stands in for whom; give it for and by.")]
    public void What_is_wrong_is_said_in_one_line_that_shows_no_secret(string members, string fault)
    {
        var file = Read($$"""{ "schemaVersion": 1, "worklist": "https://x.example/", "default": { {{members}} } }""");
        Assert.Null(file.Settings);
        Assert.Equal($"follow-ups.json: {fault}", Assert.Single(file.Faults));
        Assert.DoesNotContain(file.Faults, f => f.Contains("very-secret", StringComparison.Ordinal) || f.Contains("s3cr3t", StringComparison.Ordinal) || f.Contains('\n', StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("", "line 1: this is no JSON as it should stand here.")]
    [InlineData("[]", "line 1: the value is not of the kind that stands here.")]
    [InlineData("""{ "schemaVersion": 2, "worklist": "https://x.example/" }""", "has schema version 2; this version of the program reads 1.")]
    [InlineData("""{ "schemaVersion": 1, "worklist": "nowhere" }""", "worklist: 'nowhere' is no address; take the https URL of the pages (http on the loopback only), without user, query or fragment.")]
    [InlineData("""{ "schemaVersion": 1, "worklist": "https://x.example/", "teams": { "a": null } }""", "team 'a': null says nothing; take it out, or write { \"deliver\": false }.")]
    [InlineData("""{ "schemaVersion": 1, "worklist": "https://x.example/", "default": { "password": "x" } }""", "line 1, default.password: there is no such setting; take it out.")]
    public void So_is_what_is_wrong_with_the_file_as_a_whole(string text, string fault) => Assert.Equal([$"follow-ups.json: {fault}"], Read(text).Faults);

    [Theory]
    [InlineData("anna", "2026-12-20", "anna")]
    [InlineData("anna", "2026-12-21", "ben")]
    [InlineData("Anna", "2026-12-31", "ben")]
    [InlineData("anna", "2027-01-01", "anna")]
    [InlineData("anna", "2026-12-26", "carla")] // ben is away too
    [InlineData("dora", "2026-12-26", "dora")] // each is away for the other
    public void Who_stands_in_is(string user, string day, string expected)
    {
        Cover Of(string who, string by, int from, int to) => new(who, by, new LocalDate(2026, 12, from), new LocalDate(2026, 12, to));
        Cover[] covers = [Of("anna", "ben", 21, 31), Of("ben", "carla", 26, 26), Of("dora", "emil", 26, 26), Of("emil", "dora", 26, 26)];
        Assert.Equal(expected, Cover.On(covers, user, LocalDatePattern(day)));
    }

    private static LocalDate LocalDatePattern(string day) => NodaTime.Text.LocalDatePattern.Iso.Parse(day).Value;

    private static FollowUpFile Read(string text) => FollowUpFile.Parse(text, "follow-ups.json");
}
