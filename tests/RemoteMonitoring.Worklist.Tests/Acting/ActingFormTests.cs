using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using NodaTime;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Worklist.Acting;

namespace RemoteMonitoring.Worklist.Tests.Acting;

public sealed class ActingFormTests
{
    private static readonly Instant s_now = Instant.FromUtc(2026, 3, 2, 23, 30); // 3 March in Paris
    private static readonly DateTimeZone s_paris = DateTimeZoneProviders.Tzdb["Europe/Paris"];

    [Fact]
    public void A_whole_form_is_an_action_by_who_sent_it()
    {
        var form = Read(("kind", "Contacted"), ("note", "  feels well \r\n"), ("by", "somebody else"), ("patientId", "other"));
        Assert.Null(form.Problem);
        Assert.Equal(("p", "t", "ann", "feels well"), (form.Action!.PatientId, form.Action.CareTeamId, form.Action.By, form.Action.Note));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Explode")]
    [InlineData("3")]
    [InlineData("Claim,Release")]
    public void A_kind_that_there_is_not_is_refused(string kind) => Assert.StartsWith("Say what was done", Read(("kind", kind)).Problem, StringComparison.Ordinal);

    [Theory]
    [InlineData("2026-03-03", false)] // today there
    [InlineData("2026-03-04", true)]
    [InlineData("2027-03-04", true)]
    [InlineData("2027-03-05", false)]
    [InlineData("4.3.2026", false)]
    [InlineData("", false)]
    public void A_snooze_ends_on_a_day_after_today_within_a_year(string until, bool isRight)
    {
        var form = Read(("kind", "Snooze"), ("until", until));
        Assert.Equal(isRight, form.Problem is null);
    }

    [Fact]
    public void It_ends_when_that_day_begins_for_the_patient() =>
        Assert.Equal(Instant.FromUtc(2026, 3, 9, 23, 0), Read(("kind", "Snooze"), ("until", "2026-03-10")).Action!.Until);

    [Fact]
    public void A_pause_says_why_and_may_be_open()
    {
        Assert.StartsWith("Why", Read(("kind", "Pause"), ("why", "tired")).Problem, StringComparison.Ordinal);
        Assert.Null(Read(("kind", "Pause"), ("why", "hospital")).Action!.Until);
    }

    [Fact]
    public void A_note_has_text_and_not_too_much()
    {
        Assert.StartsWith("A note without text", Read(("kind", "Note"), ("note", "  ")).Problem, StringComparison.Ordinal);
        Assert.Null(Read(("kind", "Note"), ("note", new string('n', WorklistAction.MostNoteCharacters))).Problem);
        Assert.Contains("2001 characters", Read(("kind", "Note"), ("note", new string('n', WorklistAction.MostNoteCharacters + 1))).Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/teams/t?task=x", "/teams/t?task=x")]
    [InlineData("//evil.example", "/")]
    [InlineData("/\\evil.example", "/")]
    [InlineData("https://evil.example", "/")]
    [InlineData("/a\r\nSet-Cookie: x", "/")]
    [InlineData("", "/")]
    public void It_leads_back_to_a_page_of_ours_only(string to, string path) => Assert.Equal(path, Read(("kind", "Claim"), ("return", to)).Return);

    [Theory]
    [InlineData("")]
    [InlineData("ABCDEFABCDEFABCDEFABCDEFABCDEFAB")]
    [InlineData("../../etc/passwd0000000000000000")]
    public void A_form_without_its_own_name_is_not_whole(string id) => Assert.StartsWith("The form is not whole", Read(("kind", "Claim"), ("id", id)).Problem, StringComparison.Ordinal);

    private static ActingForm Read(params (string Name, string Value)[] fields)
    {
        var form = new Dictionary<string, StringValues> { ["id"] = new string('a', 32), ["version"] = "" };
        foreach (var (name, value) in fields)
        {
            form[name] = value;
        }

        return ActingForm.Read(new FormCollection(form), new Patient { PatientId = "p", CareTeamId = "t", Known = s_now }, "ann", s_paris, s_now);
    }
}
