using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.Worklist.Tests.Access;

public sealed class PatientAccessTests
{
    [Fact]
    public async Task A_patient_of_ones_teams_is_given_and_it_is_on_record_first()
    {
        await using var pages = await ServedPages.StartAsync();
        var nurse = await ViewerAsync(pages, "nurse");
        var allowed = await OpenAsync(pages, nurse, "P-one");
        Assert.Equal(("P-one", AccessGround.Team), (allowed!.PatientId, allowed.Ground));
        var entry = Assert.Single(await pages.AuditAsync());
        Assert.Equal((AuditEvent.PatientViewed, "nurse", "P-one", "team-001", AccessGround.Team), (entry.Event, entry.User, entry.PatientId, entry.CareTeamId, entry.Ground!.Value));
    }

    [Fact]
    public async Task Another_teams_patient_looks_like_nobody_and_is_on_record_as_denied()
    {
        await using var pages = await ServedPages.StartAsync();
        var nurse = await ViewerAsync(pages, "nurse");
        Assert.Null(await OpenAsync(pages, nurse, "P-other"));
        Assert.Null(await pages.Services.Access.OpenAsync(nurse, "no-handle-of-anybody", AuditEvent.PatientViewed, default));
        Assert.Null(await pages.Services.Access.OpenAsync(nurse, "P-one", AuditEvent.PatientViewed, default));
        var entry = Assert.Single(await pages.AuditAsync());
        Assert.Equal((AuditEvent.PatientDenied, "nurse", "P-other"), (entry.Event, entry.User, entry.PatientId));
    }

    [Theory]
    [InlineData("scientist")]
    [InlineData("auditor")]
    [InlineData("admin")]
    public async Task Who_looks_after_nobody_sees_no_patient_whatever_teams_they_are_given(string user)
    {
        await using var pages = await ServedPages.StartAsync();
        await pages.ChangeAsync(user, m => m with { Teams = ["team-001", "team-002"] });
        var viewer = await ViewerAsync(pages, user);
        Assert.Null(await OpenAsync(pages, viewer, "P-one"));
        Assert.Null(await pages.Services.Access.TeamAsync(viewer, "team-001", default));
        Assert.Null(await pages.Services.Access.BreakGlassAsync(viewer, "P-other", "a reason that is long enough", default));
        Assert.Null(await OpenAsync(pages, viewer, "P-other"));
    }

    [Fact]
    public async Task Handles_of_all_patients_are_known_after_a_restart_and_when_the_roster_grows()
    {
        await using var pages = await ServedPages.StartAsync();
        var nurse = await ViewerAsync(pages, "nurse");
        var fresh = new PatientHandles(pages.Store.MakeHandleKey().Bytes);
        await pages.StateAsync(ReferenceKinds.Roster, pages.Patient("P-new", "team-001"));
        Assert.NotNull(await pages.Services.Access.OpenAsync(nurse, fresh.Of("P-new"), AuditEvent.PatientViewed, default));
    }

    [Fact]
    public async Task A_patient_who_changes_teams_and_a_user_who_does_are_seen_by_their_new_ones_alone()
    {
        await using var pages = await ServedPages.StartAsync();
        var nurse = await ViewerAsync(pages, "nurse");
        await pages.StateAsync(ReferenceKinds.Roster, pages.Patient("P-one", "team-002"));
        Assert.Null(await OpenAsync(pages, nurse, "P-one"));
        await pages.ChangeAsync("nurse", m => m with { Teams = ["team-002"] });
        nurse = await ViewerAsync(pages, "nurse");
        Assert.NotNull(await OpenAsync(pages, nurse, "P-one"));
        Assert.Null(await OpenAsync(pages, nurse, "P-two"));
    }

    [Fact]
    public async Task A_team_that_is_not_theirs_is_on_record_and_one_that_is_not_there_is_not()
    {
        await using var pages = await ServedPages.StartAsync();
        var nurse = await ViewerAsync(pages, "nurse");
        Assert.NotNull(await pages.Services.Access.OpenTeamAsync(nurse, "team-001", AuditEvent.ListViewed, default));
        Assert.Null(await pages.Services.Access.OpenTeamAsync(nurse, "team-002", AuditEvent.ListViewed, default));
        Assert.Null(await pages.Services.Access.OpenTeamAsync(nurse, "team-999", AuditEvent.ListViewed, default));
        Assert.Equal([(AuditEvent.ListViewed, "team-001"), (AuditEvent.TeamDenied, "team-002")], (await pages.AuditAsync()).Select(e => (e.Event, e.CareTeamId!)));
    }

    [Fact]
    public async Task Broken_glass_shows_a_patient_for_an_hour_to_who_broke_it_and_the_address_names_nobody()
    {
        await using var pages = await ServedPages.StartAsync();
        using var browser = await pages.SignedInAsync("nurse");
        var answer = await browser.PostAsync("/break-glass", "/break-glass", ("patient", "P-other"), ("reason", "covering for the other team tonight"));
        Assert.Equal((HttpStatusCode.SeeOther, "/patients/" + pages.HandleOf("P-other")), (answer.StatusCode, answer.Headers.Location!.OriginalString));
        var broken = (await pages.AuditAsync())[^1];
        Assert.Equal((AuditEvent.GlassBroken, "nurse", "P-other", "covering for the other team tonight"), (broken.Event, broken.User, broken.PatientId, broken.Reason));

        var (nurse, lead) = (await ViewerAsync(pages, "nurse"), await ViewerAsync(pages, "lead"));
        Assert.Equal(AccessGround.BrokenGlass, (await OpenAsync(pages, nurse, "P-other"))!.Ground);
        Assert.Equal(AccessGround.BrokenGlass, (await pages.AuditAsync())[^1].Ground);
        Assert.Null(await OpenAsync(pages, lead, "P-other"));
        Assert.Null(await pages.Services.Access.TeamAsync(nurse, "team-002", default));

        pages.Clock.Move(TimeSpan.FromMinutes(61));
        Assert.Null(await OpenAsync(pages, nurse, "P-other"));
    }

    [Fact]
    public async Task Glass_needs_a_reason_and_a_patient_and_trying_is_on_record()
    {
        await using var pages = await ServedPages.StartAsync();
        using var browser = await pages.SignedInAsync("nurse");
        var short_ = await browser.PostAsync("/break-glass", "/break-glass", ("patient", "P-other"), ("reason", "because"));
        Assert.Equal(HttpStatusCode.BadRequest, short_.StatusCode);
        Assert.DoesNotContain("P-other", await short_.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Null(await OpenAsync(pages, await ViewerAsync(pages, "nurse"), "P-other"));
        var nobody = await browser.PostAsync("/break-glass", "/break-glass", ("patient", "P-nobody"), ("reason", "long enough a reason"));
        Assert.Equal(HttpStatusCode.BadRequest, nobody.StatusCode);
        Assert.Equal(AuditEvent.GlassRefused, (await pages.AuditAsync())[^1].Event);

        // Of one's own team no glass breaks.
        var own = await browser.PostAsync("/break-glass", "/break-glass", ("patient", "P-one"), ("reason", "long enough a reason"));
        Assert.Equal("/patients/" + pages.HandleOf("P-one"), own.Headers.Location!.OriginalString);
        Assert.DoesNotContain(await pages.AuditAsync(), e => e.Event == AuditEvent.GlassBroken);
    }

    [Fact]
    public async Task Nothing_is_shown_that_cannot_be_put_on_record()
    {
        await using var pages = await ServedPages.StartAsync(over: store => store.Over(store.Lake, new WatchedDocuments(store.Documents)));
        var shown = 0;
        pages.App.MapGet("/shown/{handle}", async (string handle, Viewer viewer, WorklistServices services, CancellationToken token) =>
        {
            var patient = await services.Access.OpenAsync(viewer, handle, AuditEvent.PatientViewed, token);
            shown++;
            return patient is null ? Results.NotFound() : Results.Text(patient.PatientId);
        }).For(RouteRules.OfCare);
        using var nurse = await pages.SignedInAsync("nurse");
        var documents = (WatchedDocuments)pages.Store.Documents;
        var address = "/shown/" + pages.HandleOf("P-one");
        Assert.Equal(HttpStatusCode.OK, (await nurse.GetAsync(address)).StatusCode);
        documents.Before = (call, container) => call == nameof(DocumentStore.TryCreateAsync) && container == Containers.Audit ? throw new LakeException("away") : Task.CompletedTask;
        var answer = await nurse.GetAsync(address);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, 1), (answer.StatusCode, shown));
        Assert.DoesNotContain("P-one", await answer.Content.ReadAsStringAsync() + string.Concat(pages.Logged), StringComparison.Ordinal);
        documents.Before = null;
        Assert.Equal(HttpStatusCode.OK, (await nurse.GetAsync(address)).StatusCode);
    }

    private static async Task<Viewer> ViewerAsync(ServedPages pages, string user) => new((await pages.Services.Members.FindAsync(user, default))!) { Address = AddressClass.Loopback };

    private static async Task<AllowedPatient?> OpenAsync(ServedPages pages, Viewer viewer, string patient) =>
        await pages.Services.Access.OpenAsync(viewer, pages.HandleOf(patient), AuditEvent.PatientViewed, default);
}
