using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using NodaTime;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.FollowUps;
using RemoteMonitoring.Worklist.Access;
using RemoteMonitoring.Worklist.Acting;

namespace RemoteMonitoring.Worklist.Tests.Lists;

/// <summary>What nobody was shown nobody settles.</summary>
public sealed partial class UrgentLaneTests
{
    private const string ListPath = "/teams/team-001";

    [Fact]
    public async Task A_reading_is_settled_by_who_was_shown_it()
    {
        await using var pages = await ServedPages.StartAsync();
        await LandAsync(pages, "u1", "P-one", 20);
        await LandAsync(pages, "u2", "P-one", 10);
        using var nurse = await pages.SignedInAsync("nurse");
        await ActAsync(pages, nurse, ListPath, ActionKind.NoAnswer);
        Assert.Equal(2, (await OpenAsync(pages)).Count);
        await ActAsync(pages, nurse, ListPath, ActionKind.Contacted);
        Assert.Empty(await OpenAsync(pages));
    }

    [Theory]
    [InlineData(ListPath)]
    [InlineData("")]
    public async Task A_reading_that_lands_between_the_page_and_the_form_stays_open(string page)
    {
        await using var pages = await ServedPages.StartAsync();
        await LandAsync(pages, "u1", "P-one", 20);
        using var nurse = await pages.SignedInAsync("nurse");
        page = page.Length > 0 ? page : $"/patients/{pages.HandleOf("P-one")}";
        var form = await FormAsync(pages, nurse, page);
        await LandAsync(pages, "u2", "P-one", 1);
        await SendAsync(pages, nurse, form, ActionKind.Contacted);
        Assert.Equal("u2", Assert.Single(await OpenAsync(pages)).Id);
        await ActAsync(pages, nurse, page, ActionKind.FalseAlarm);
        Assert.Empty(await OpenAsync(pages));
    }

    [Fact]
    public async Task A_contact_that_was_shown_none_settles_none()
    {
        await using var pages = await ServedPages.StartAsync();
        using var nurse = await pages.SignedInAsync("nurse");
        var form = await FormAsync(pages, nurse, $"/patients/{pages.HandleOf("P-one")}");
        Assert.DoesNotContain(form, f => f.Name == ActingForm.SeenField);
        await LandAsync(pages, "u1", "P-one", 1);
        await SendAsync(pages, nurse, form, ActionKind.Contacted);
        Assert.Single(await OpenAsync(pages));
    }

    [Fact]
    public async Task A_form_cannot_settle_what_is_yet_to_come()
    {
        await using var pages = await ServedPages.StartAsync();
        await LandAsync(pages, "u1", "P-one", 20);
        using var nurse = await pages.SignedInAsync("nurse");
        var form = await FormAsync(pages, nurse, ListPath);
        var later = (pages.Now + Duration.FromDays(1)).ToUnixTimeTicks().ToString(CultureInfo.InvariantCulture);
        await SendAsync(pages, nurse, [.. form.Where(f => f.Name != ActingForm.SeenField), (ActingForm.SeenField, later)], ActionKind.Contacted);
        Assert.Empty(await OpenAsync(pages));
        await LandAsync(pages, "u2", "P-one", -1);
        Assert.Equal("u2", Assert.Single(await OpenAsync(pages)).Id);
    }

    [Fact]
    public async Task What_is_settled_and_found_to_be_worse_is_open_again()
    {
        await using var pages = await ServedPages.StartAsync();
        var reading = await LandAsync(pages, "u1", "P-one", 20);
        using var nurse = await pages.SignedInAsync("nurse");
        await ActAsync(pages, nurse, ListPath, ActionKind.Contacted);
        await WriteAsync(pages, reading with { Value = 170, Changed = pages.Now });
        Assert.Equal(170, Assert.Single(await OpenAsync(pages)).Value);
        await ActAsync(pages, nurse, ListPath, ActionKind.Contacted);
        Assert.Empty(await OpenAsync(pages));
    }

    [Fact]
    public async Task The_version_of_an_open_page_changes_with_what_lands_and_not_with_what_is_settled()
    {
        await using var pages = await ServedPages.StartAsync();
        using var nurse = await pages.SignedInAsync("nurse");
        async Task<string> Version() => await (await nurse.GetAsync(ListPath + "/version")).Content.ReadAsStringAsync();
        var none = await Version();
        await LandAsync(pages, "u1", "P-one", 20);
        var one = await Version();
        Assert.NotEqual(none, one);
        await ActAsync(pages, nurse, ListPath, ActionKind.Contacted);
        pages.Clock.Move(TimeSpan.FromSeconds(2));
        Assert.Equal(one, await Version());
        await LandAsync(pages, "u2", "P-other", 5);
        Assert.Equal(one, await Version());
        await LandAsync(pages, "u3", "P-two", 5);
        Assert.NotEqual(one, await Version());
    }

    [Theory]
    [InlineData(ListPath)]
    [InlineData("")]
    public async Task What_lands_while_a_page_is_put_together_is_new_to_it(string page)
    {
        await using var pages = await ServedPages.StartAsync(over: store => store.Over(store.Lake, new WatchedDocuments(store.Documents)));
        await ListAsync(pages, Instant.FromUnixTimeSeconds(pages.Now.ToUnixTimeSeconds()) - Duration.FromDays(1));
        await ListAsync(pages, Instant.FromUnixTimeSeconds(pages.Now.ToUnixTimeSeconds()));
        using var nurse = await pages.SignedInAsync("nurse");
        page = page.Length > 0 ? page : $"/patients/{pages.HandleOf("P-one")}";
        var documents = (WatchedDocuments)pages.Store.Documents;
        // Predictions are read when the urgent readings were.
        documents.Before = async (_, container) =>
        {
            if (container == Containers.Predictions)
            {
                documents.Before = null;
                await LandAsync(pages, "u1", "P-one", 0);
            }
        };
        var html = await (await nurse.GetAsync(page)).Content.ReadAsStringAsync();
        Assert.Null(documents.Before);
        Assert.DoesNotContain("Heart rate 141", html, StringComparison.Ordinal);
        var seen = WebUtility.HtmlDecode(Regex.Match(html, "data-seen=\"([^\"]*)\"").Groups[1].Value);
        Assert.NotEmpty(seen);
        Assert.DoesNotContain($"\"{seen}\"", await (await nurse.GetAsync(ListPath + "/version")).Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Contains("Heart rate 141", await (await nurse.GetAsync(page)).Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_snooze_that_a_reading_has_broken_is_not_said_to_last_also_when_somebody_has_seen_to_it()
    {
        await using var pages = await ServedPages.StartAsync();
        await ListAsync(pages, Instant.FromUnixTimeSeconds(pages.Now.ToUnixTimeSeconds()));
        using var nurse = await pages.SignedInAsync("nurse");
        var snooze = new WorklistAction { Id = new string('1', 32), PatientId = "P-one", CareTeamId = "team-001", Kind = ActionKind.Snooze, By = "nurse", Until = pages.Now + Duration.FromDays(5), Known = default };
        Assert.Equal(ActStatus.Done, (await pages.Services.Actions.ActAsync(snooze, "", default)).Status);
        async Task<bool> SaysSnoozed() => (await (await nurse.GetAsync(ListPath)).Content.ReadAsStringAsync()).Contains("snoozed until", StringComparison.Ordinal);
        Assert.True(await SaysSnoozed());
        pages.Clock.Move(TimeSpan.FromMinutes(2));
        await LandAsync(pages, "u1", "P-one", 1);
        // Technical: it is settled, and ends no snooze by itself.
        await ActAsync(pages, nurse, ListPath, ActionKind.TechnicalFixed);
        Assert.Empty(await OpenAsync(pages));
        Assert.False(await SaysSnoozed());
    }

    /// <summary>A list on which P-one stands.</summary>
    private static async Task ListAsync(ServedPages pages, Instant asOf)
    {
        var lists = new ListsMade("run-1", "admission-7d", "Admission", asOf, asOf, 1);
        var prediction = new Prediction { Id = lists.Id, PatientId = "P-one", Task = lists.Task, AsOf = asOf, KnownBy = asOf, Model = "m", FeatureSetHash = "f", Run = lists.Run, Probability = 0.1, Raw = 0, Reasons = [] };
        var list = new TeamWorklist { CareTeamId = "team-001", Name = "North", Capacity = 5, Title = lists.Title, AsOf = asOf, Run = lists.Run, Scored = 1, Listed = [prediction], NotScored = [] };
        await pages.Store.Documents.UpsertAsync(Containers.Worklists, [new Document { PartitionKey = "team-001", Id = lists.Id, Body = RiskDocumentJson.ToJson(list) }], default);
        await pages.Store.Documents.UpsertAsync(Containers.Runs, [new Document { PartitionKey = ListsMade.Partition, Id = lists.Id, Body = RiskDocumentJson.ToJson(lists) }], default);
        pages.Clock.Move(TimeSpan.FromSeconds(3));
    }

    [Fact]
    public async Task A_document_that_cannot_be_read_hides_no_other_and_the_page_says_that_it_is_there()
    {
        await using var pages = await ServedPages.StartAsync();
        await LandAsync(pages, "u1", "P-one", 5);
        using var nurse = await pages.SignedInAsync("nurse");
        Assert.DoesNotContain("cannot be read", await HtmlText.OfAsync(await nurse.GetAsync(ListPath)), StringComparison.Ordinal);
        var today = UrgentReading.PartitionOf(pages.Now);
        await pages.Store.Documents.UpsertAsync(
            Containers.Urgent, [new Document { PartitionKey = today, Id = "torn", Body = "{\"id\":\"torn\"" }, new Document { PartitionKey = today, Id = "odd", Body = "{}" }], default);
        pages.Clock.Move(TimeSpan.FromSeconds(2));
        foreach (var page in (string[])[ListPath, ListPath + "/print"])
        {
            var text = await HtmlText.OfAsync(await nurse.GetAsync(page));
            Assert.Contains("2 urgent readings are stored in a form that cannot be read", text, StringComparison.Ordinal);
            Assert.Contains("Heart rate 141", text, StringComparison.Ordinal);
        }
    }

    private static async Task<UrgentReading> LandAsync(ServedPages pages, string id, string patient, int minutesAgo)
    {
        var known = pages.Now - Duration.FromMinutes(minutesAgo);
        var reading = new UrgentReading(id, patient, "heart_rate", 141, "/min", known, known, 45, 120);
        await WriteAsync(pages, reading);
        return reading;
    }

    /// <summary>Writes a document, and lets the time go by after which it is looked at.</summary>
    private static async Task WriteAsync(ServedPages pages, UrgentReading reading)
    {
        await pages.Store.Documents.UpsertAsync(Containers.Urgent, [new Document { PartitionKey = UrgentReading.PartitionOf(reading.Known), Id = reading.Id, Body = reading.ToJson() }], default);
        pages.Clock.Move(TimeSpan.FromSeconds(2));
    }

    private static async Task<IReadOnlyList<UrgentReading>> OpenAsync(ServedPages pages)
    {
        await pages.Services.Actions.RefreshAsync(default);
        var viewer = new Viewer(new Member { UserName = "nurse", DisplayName = "Nurse", Roles = [Role.CareManager], Teams = ["team-001"], By = "test", Known = default });
        return await pages.Services.Urgent.OfAsync((await pages.Services.Access.PatientAsync(viewer, "P-one", default))!, default);
    }

    private static async Task ActAsync(ServedPages pages, ServedPages.Browser nurse, string page, ActionKind kind) =>
        await SendAsync(pages, nurse, await FormAsync(pages, nurse, page), kind);

    private static async Task SendAsync(ServedPages pages, ServedPages.Browser nurse, IReadOnlyList<(string Name, string Value)> form, ActionKind kind)
    {
        var answer = await nurse.SendFormAsync($"/patients/{pages.HandleOf("P-one")}/actions", [.. form, ("kind", kind.ToString())]);
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
    }

    /// <summary>What the last form about P-one on a page carries.</summary>
    private static async Task<IReadOnlyList<(string Name, string Value)>> FormAsync(ServedPages pages, ServedPages.Browser nurse, string page)
    {
        var html = await (await nurse.GetAsync(page)).Content.ReadAsStringAsync();
        var form = html.Split("<form").Last(f => f.Contains($"/patients/{pages.HandleOf("P-one")}/actions", StringComparison.Ordinal)).Split("</form>")[0];
        return [.. Field().Matches(form).Select(m => (m.Groups[1].Value, WebUtility.HtmlDecode(m.Groups[2].Value))).Where(f => f.Item1 != "undoes")];
    }

    [GeneratedRegex("<input type=\"hidden\" name=\"([^\"]+)\" value=\"([^\"]*)\"")]
    private static partial Regex Field();
}
