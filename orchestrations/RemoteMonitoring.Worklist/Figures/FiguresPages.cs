using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using NodaTime;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.FollowUps;
using RemoteMonitoring.Worklist.Access;
using RemoteMonitoring.Worklist.Layout;

namespace RemoteMonitoring.Worklist.Figures;

/// <summary>How a team fared, as its page shows it: counts and shares, no patient.</summary>
/// <param name="Viewer">Who looks.</param>
/// <param name="CareTeamId">The team.</param>
/// <param name="Name">Its name.</param>
/// <param name="Until">The 30 days of lists end with it.</param>
/// <param name="Now">What staff did counts up to then.</param>
/// <param name="Zone">The team's zone.</param>
/// <param name="Tasks">Of each task its title and figures; null for a task that is not bundled.</param>
public sealed record TeamFiguresView(Viewer Viewer, string CareTeamId, string Name, Instant Until, Instant Now, DateTimeZone Zone, IReadOnlyList<(ListsMade Lists, TeamFigures? Figures)> Tasks);

/// <summary>The teams whose figures somebody may see.</summary>
/// <param name="Viewer">Who looks.</param>
/// <param name="Teams">Id and name, in order of name.</param>
public sealed record FigureTeams(Viewer Viewer, IReadOnlyList<(string Id, string Name)> Teams);

/// <summary>
/// <c>/figures</c> and <c>/teams/{team}/figures</c>: care staff see their teams', data scientists all. Figures are worked out at most every five
/// minutes.
/// </summary>
internal static class FiguresPages
{
    private static readonly Duration s_kept = Duration.FromMinutes(5);

    /// <summary>A cohort whose lists ended longer ago is shown up to their end.</summary>
    private static readonly Duration s_ended = Duration.FromDays(7);

    public static void Map(IEndpointRouteBuilder routes)
    {
        var kept = new ConcurrentDictionary<(string Team, string Task), (Instant At, TeamFigures? Figures)>();
        Role[] roles = [.. RouteRules.OfCare, Role.DataScientist];
        routes.MapGet("/figures", TeamsAsync).For(roles);
        routes.MapGet("/teams/{team}/figures", (string team, Viewer viewer, WorklistServices services, CancellationToken cancellationToken) => TeamAsync(team, viewer, services, kept, cancellationToken)).For(roles);
    }

    private static async Task<IResult> TeamsAsync(Viewer viewer, WorklistServices services, CancellationToken cancellationToken)
    {
        var today = await services.Reference.TodayAsync(cancellationToken);
        await services.Audit.RecordAsync(viewer, AuditEvent.FiguresViewed, cancellationToken: cancellationToken);
        return Pages.Of<FiguresPage>(new FigureTeams(
            viewer,
            [
                .. today.PatientsOfTeam.Keys.Concat(today.Teams.Keys).Distinct(StringComparer.Ordinal).Where(t => MaySee(viewer, t))
                    .Select(t => (Id: t, Name: today.Teams.GetValueOrDefault(t)?.Name ?? t)).OrderBy(t => t.Name, StringComparer.Ordinal),
            ]));
    }

    private static async Task<IResult> TeamAsync(
        string team, Viewer viewer, WorklistServices services, ConcurrentDictionary<(string Team, string Task), (Instant At, TeamFigures? Figures)> kept, CancellationToken cancellationToken)
    {
        var today = await services.Reference.TodayAsync(cancellationToken);
        if (!MaySee(viewer, team) || !(today.Teams.ContainsKey(team) || today.PatientsOfTeam.ContainsKey(team)))
        {
            await services.Access.DenyTeamAsync(viewer, team, cancellationToken);
            return Pages.NotFound(viewer);
        }

        await services.Audit.RecordAsync(viewer, AuditEvent.FiguresViewed, team: team, cancellationToken: cancellationToken);
        var latest = await services.Lists.LatestAsync(cancellationToken);
        var now = services.Now;
        var until = latest.Count > 0 && latest.Max(l => l.AsOf) is var last && now - last > s_ended ? last : now;
        var tasks = new List<(ListsMade, TeamFigures?)>();
        foreach (var lists in latest)
        {
            if (!kept.TryGetValue((team, lists.Task), out var figures) || now - figures.At >= s_kept || now < figures.At)
            {
                figures = kept[(team, lists.Task)] = (now, await TeamFigures.TryLoadAsync(services.Store, lists.Task, team, now, cancellationToken, until));
            }

            tasks.Add((lists, figures.Figures));
        }

        return Pages.Of<TeamFiguresPage>(new TeamFiguresView(viewer, team, today.Teams.GetValueOrDefault(team)?.Name ?? team, until, now, today.ZoneOf(team), tasks));
    }

    /// <summary>Whether somebody may see the figures of a team: what the pages go by.</summary>
    internal static bool MaySee(Viewer viewer, string team) => viewer.Member.SeesFiguresOf(team);
}
