using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using NodaTime;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.FollowUps;
using RemoteMonitoring.Worklist.Access;
using RemoteMonitoring.Worklist.Layout;
using RemoteMonitoring.Worklist.Lists;

namespace RemoteMonitoring.Worklist.Acting;

/// <summary>
/// <c>POST /patients/{handle}/actions</c>: what a nurse did. Who acts on a state that is no longer the patient's is told what was done
/// meanwhile, and by whom; nothing is written then.
/// </summary>
internal static class ActingEndpoints
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/patients/{handle}/actions", ActAsync).For(RouteRules.OfCare);

    private static async Task<IResult> ActAsync(string handle, Viewer viewer, HttpContext context, WorklistServices services, CancellationToken cancellationToken)
    {
        var fields = await context.Request.ReadFormAsync(cancellationToken);
        var kind = Enum.GetNames<ActionKind>().FirstOrDefault(n => n == fields["kind"].ToString());
        if (await services.Access.OpenAsync(viewer, handle, AuditEvent.Acted, cancellationToken, kind) is not { } patient)
        {
            return Pages.NotFound(viewer);
        }

        var today = await services.Reference.TodayAsync(cancellationToken);
        var zone = today.ZoneOf(patient.Roster.CareTeamId);
        var form = ActingForm.Read(fields, patient.Roster, viewer.UserName, zone, services.Now);
        async Task<IResult> RefusedAsync(string problem, int status)
        {
            await services.Audit.RecordAsync(viewer, AuditEvent.Refused, patient, detail: kind, cancellationToken: cancellationToken);
            return Pages.Of<MessagePage>(new Message(viewer, "Not recorded", problem, form.Return, "Back to where you were", fields["note"].ToString() is { Length: > 0 } note ? note : null), status);
        }

        if (form.Action is not { } action)
        {
            return await RefusedAsync(form.Problem!, StatusCodes.Status400BadRequest);
        }

        if (patient.Ground != AccessGround.Team && !IsOfWhoHelped(action.Kind))
        {
            return await RefusedAsync(PatientAccess.BrokenGlassRule, StatusCodes.Status403Forbidden);
        }

        if (action.To is { } to && !(today.Members.TryGetValue(to, out var other) && other.IsDisabled != true && new Viewer(other).IsOf(patient.Roster.CareTeamId)))
        {
            return await RefusedAsync("To whom? Choose a member of the team.", StatusCodes.Status400BadRequest);
        }

        // Nobody has seen what is not there: later readings of theirs would be settled before they came.
        var reach = action.SeenUrgent is { } seen ? Earlier(seen, await services.Urgent.ReachAsync(patient, cancellationToken)) : null;
        var outcome = await services.Actions.ActAsync(action with { SeenUrgent = reach, Shown = await ShownAsync(services, patient, form.Lists, cancellationToken) }, form.Version, cancellationToken);
        return outcome.Status switch
        {
            ActStatus.Conflict => await RefusedAsync(
                $"Somebody was faster: {(outcome.State.All is [.., var last] ? ListWords.Action(last, zone) : "what was done was erased")}. Nothing of yours was recorded. Look at the patient as they stand now, and repeat it if it is still right.",
                StatusCodes.Status409Conflict),
            ActStatus.TooLate => await RefusedAsync("It can no longer be taken back: a minute has passed, or somebody has acted since. Record what is true now instead.", StatusCodes.Status409Conflict),
            _ => new SeeOther($"{form.Return}{(form.Return.Contains('?', StringComparison.Ordinal) ? '&' : '?')}done={action.Id}"),
        };
    }

    /// <summary>What who is of no team of the patient's may record: that they were in touch or tried to be, and what came of it. The rest decides for the team.</summary>
    internal static bool IsOfWhoHelped(ActionKind kind) => PatientFollowUp.Settles(kind) || kind is ActionKind.NoAnswer or ActionKind.Note or ActionKind.Undo;

    /// <summary>
    /// What is foreseen for the patient: of the task whose lists the form names what those say, of every other what its latest say. So a contact is held against what
    /// comes next, of whatever task and from whatever lane it was made.
    /// </summary>
    private static async Task<IReadOnlyList<ShownRisk>> ShownAsync(WorklistServices services, AllowedPatient patient, string? id, CancellationToken cancellationToken)
    {
        var named = id is null ? null : (await services.Lists.AllAsync(cancellationToken)).FirstOrDefault(l => l.Id == id);
        var shown = new List<ShownRisk>();
        foreach (var latest in await services.Lists.LatestAsync(cancellationToken))
        {
            if (await services.Lists.PredictionAsync(patient, named?.Task == latest.Task ? named : latest, cancellationToken) is { } prediction)
            {
                shown.Add(new ShownRisk(prediction.Task, prediction.AsOf, prediction.Run, prediction.Probability, [.. prediction.Reasons.Select(KeyOf)]));
            }
        }

        return shown;
    }

    private static Instant? Earlier(Instant seen, Instant? there) => there is { } reach ? Instant.Min(seen, reach) : null;

    private static string KeyOf(Reason reason) => reason.Key ?? reason.Vital ?? reason.Text;
}
