using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.FollowUps;
using RemoteMonitoring.Worklist.Access;
using RemoteMonitoring.Worklist.Layout;

namespace RemoteMonitoring.Worklist.Lists;

/// <summary>The lists of a team: the latest, an earlier one, for print; and whether there is something new.</summary>
internal static class ListEndpoints
{
    private const int MostFrom = 100_000;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/teams/{team}", ListAsync).For(RouteRules.OfCare);
        routes.MapGet("/teams/{team}/print", PrintAsync).For(RouteRules.OfCare);
        routes.MapGet("/teams/{team}/lists", EarlierAsync).For(RouteRules.OfCare);
        routes.MapGet("/teams/{team}/version", VersionAsync).For(RouteRules.OfCare).InBackground();
    }

    private static async Task<IResult> ListAsync(
        string team, string? task, string? lists, string? from, string? done, Viewer viewer, WorklistServices services, CancellationToken cancellationToken)
    {
        using var span = ListTraces.Begin("list page");
        if (await services.Access.AskTeamAsync(viewer, team, cancellationToken) is not { } allowed)
        {
            return Pages.NotFound(viewer);
        }

        var first = int.TryParse(from, System.Globalization.CultureInfo.InvariantCulture, out var row) && row is > 0 and < MostFrom ? row : 0;
        if (await new ListReader(services).ReadAsync(allowed, string.IsNullOrEmpty(task) ? null : task, lists, first, ListView.PageRows, cancellationToken) is not { } view)
        {
            return Pages.NotFound(viewer);
        }

        span.Shows(view);
        await services.Audit.RecordAsync(viewer, AuditEvent.ListViewed, team: team, detail: view.Lists is null ? "no list" : "list", shown: view.Shown, cancellationToken: cancellationToken);
        return Pages.Of<ListPage>(view with { Said = Done(services, allowed, done) });
    }

    private static async Task<IResult> PrintAsync(string team, string? lists, Viewer viewer, WorklistServices services, CancellationToken cancellationToken)
    {
        using var span = ListTraces.Begin("list for print");
        if (await services.Access.AskTeamAsync(viewer, team, cancellationToken) is not { } allowed
            || await new ListReader(services).ReadAsync(allowed, null, lists, 0, int.MaxValue, cancellationToken) is not { } view)
        {
            return Pages.NotFound(viewer);
        }

        span.Shows(view);
        await services.Audit.RecordAsync(viewer, AuditEvent.Exported, team: team, detail: "print", shown: view.Shown, cancellationToken: cancellationToken);
        return Pages.Of<PrintPage>(view);
    }

    private static async Task<IResult> EarlierAsync(string team, Viewer viewer, WorklistServices services, CancellationToken cancellationToken) =>
        await services.Access.OpenTeamAsync(viewer, team, AuditEvent.ListViewed, cancellationToken, "earlier lists") is { } allowed
            ? Pages.Of<EarlierPage>(new EarlierLists(allowed, await services.Lists.AllAsync(cancellationToken)))
            : Pages.NotFound(viewer);

    /// <summary>What the open page asks for now and then; it names nobody.</summary>
    private static async Task<IResult> VersionAsync(string team, Viewer viewer, WorklistServices services, CancellationToken cancellationToken)
    {
        if (await services.Access.PollTeamAsync(viewer, team, cancellationToken) is not { } allowed)
        {
            return Results.StatusCode(StatusCodes.Status404NotFound);
        }

        await services.Actions.RefreshAsync(cancellationToken);
        return Results.Json(new ListVersion(await new ListReader(services).VersionAsync(allowed, cancellationToken), "There is something new: a list, or an urgent reading."), ListVersionJson.Default.ListVersion);
    }

    /// <summary>What was just recorded, by the id of the action: an address that is kept says nothing of anybody.</summary>
    private static string? Done(WorklistServices services, AllowedTeam team, string? id)
    {
        if (id is not { Length: 32 })
        {
            return null;
        }

        foreach (var patientId in team.Patients.Keys)
        {
            if (services.Actions.Of(patientId).All is [.., var last] && last.Id == id && last.By == team.Viewer.UserName)
            {
                return last.Kind == ActionKind.Undo
                    ? $"{patientId}: taken back."
                    : $"{patientId}: {Relisting.InWords(last.Kind)}, recorded. It can be undone for a minute.";
            }
        }

        return null;
    }
}
