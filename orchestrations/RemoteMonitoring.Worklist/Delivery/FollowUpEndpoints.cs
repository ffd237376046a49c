using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using NodaTime;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.FollowUps;
using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.Worklist.Delivery;

/// <summary>
/// Where whoever was told of a follow-up says that they have taken notice: <c>POST /follow-ups/{key}/acknowledge?user=…&amp;team=…&amp;patient=…&amp;expires=…&amp;token=…</c>,
/// as the payload gives it, <c>patient</c> a handle. The token is the permission, and is good for nothing else. What it says is enough to write it down, also where the
/// workflow runs out of reach of these pages, or has not been found yet.
/// </summary>
public static class FollowUpEndpoints
{
    private const int MostConflicts = 10;

    /// <summary>Characters of what stands in the address.</summary>
    private const int Longest = 200;

    private const string OnRecord = "Acknowledge by link";

    /// <summary>Maps the route.</summary>
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapPost("/follow-ups/{key}/acknowledge", AcknowledgeAsync).ForAnybody().DisableAntiforgery();

    private static async Task<IResult> AcknowledgeAsync(
        HttpContext context, string key, string? user, string? team, string? patient, string? expires, string? token, WorklistServices services, CancellationToken cancellationToken)
    {
        // What is expired is held against the token as well, so that whoever guesses learns nothing.
        if (!FollowUpSteps.IsKey(key) || user is not { Length: > 0 and <= Longest } || team is not { Length: > 0 and <= Longest } || patient is not { Length: > 0 and <= Longest } || token is not { Length: 64 }
            || !long.TryParse(expires, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || seconds > Instant.MaxValue.ToUnixTimeSeconds()
            || !new AcknowledgementToken(services.Store).Verifies(token, new Acknowledgement(key, user, team, patient, Instant.FromUnixTimeSeconds(seconds)), services.Now))
        {
            return Results.Text("This acknowledgement is not valid, or no longer. Open the list instead.\n", statusCode: StatusCodes.Status403Forbidden);
        }

        if (await services.Members.FindAsync(user, cancellationToken) is { IsDisabled: true })
        {
            return Results.Text("Whom this was sent to is no user any more. Open the list instead.\n", statusCode: StatusCodes.Status403Forbidden);
        }

        var instance = services.Client is { } client ? await client.FindAsync(FollowUpSteps.InstanceOf(key), cancellationToken) : null;
        if (instance is { Status: not InstanceStatus.Running } || (instance is null && await services.Store.Lake.ExistsAsync(LakePaths.RunArchive(FollowUpSteps.InstanceOf(key)), cancellationToken)))
        {
            return Results.Text("The follow-up was closed before.\n");
        }

        var today = await services.Reference.TodayAsync(cancellationToken);
        if (today.Patients.Keys.FirstOrDefault(id => services.Handles.Of(id) == patient) is not { } patientId)
        {
            return Results.Text("There is no such patient any more.\n", statusCode: StatusCodes.Status404NotFound);
        }

        await services.Audit.RecordAsync(
            new AuditEntry { Id = "", At = default, Event = AuditEvent.Acted, User = user, PatientId = patientId, CareTeamId = team, Detail = OnRecord, Address = Viewer.ClassOf(context.Connection.RemoteIpAddress) },
            cancellationToken);
        if (!await ActAsync(services, key, patientId, team, user, cancellationToken))
        {
            return Results.Text("Others are acting on the same patient just now. Try again.\n", statusCode: StatusCodes.Status409Conflict);
        }

        if (instance is not null)
        {
            await services.Client!.RaiseAsync(instance.Id, FollowUpSteps.Changed, "acknowledged", cancellationToken);
        }

        return Results.Text("Acknowledged.\n");
    }

    private static async Task<bool> ActAsync(WorklistServices services, string key, string patientId, string team, string user, CancellationToken cancellationToken)
    {
        var action = new WorklistAction
        {
            // The same again is the same action.
            Id = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"acknowledge\n{key}\n{user}")).AsSpan(0, 16)),
            PatientId = patientId,
            CareTeamId = team,
            Kind = ActionKind.Acknowledge,
            By = user,
            Known = default,
        };
        await services.Actions.RefreshAsync(cancellationToken);
        for (var conflicts = 0; conflicts < MostConflicts; conflicts++)
        {
            // Taking notice is no decision by what was shown, so whatever others did meanwhile, it stands beside it.
            if ((await services.Actions.ActAsync(action, services.Actions.Of(patientId).Version, cancellationToken)).Status != ActStatus.Conflict)
            {
                return true;
            }
        }

        return false;
    }
}
