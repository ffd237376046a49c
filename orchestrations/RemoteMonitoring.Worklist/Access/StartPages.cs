using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Worklist.Layout;

namespace RemoteMonitoring.Worklist.Access;

/// <summary>Where everybody comes in.</summary>
internal static class StartPages
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet(LocalPath.Start, StartAsync).For();

    /// <summary>Where a viewer's work is: the list of their first team, else what their role sees.</summary>
    private static async Task<IResult> StartAsync(Viewer viewer, WorklistServices services, CancellationToken cancellationToken)
    {
        if (viewer.CaresForPatients)
        {
            foreach (var team in viewer.Member.Teams)
            {
                if (await services.Access.TeamAsync(viewer, team, cancellationToken) is not null)
                {
                    return new SeeOther(TeamPath.Of(team));
                }
            }

            return Pages.Of<MessagePage>(new Message(viewer, "No team", "You are signed in, and belong to no team that has patients here. An administrator gives you one: rmon users set NAME --team TEAM.", "/", "Look again"));
        }

        return new SeeOther(viewer.Is(Role.Auditor) ? "/audit" : viewer.Is(Role.Administrator) ? "/users" : "/figures");
    }
}
