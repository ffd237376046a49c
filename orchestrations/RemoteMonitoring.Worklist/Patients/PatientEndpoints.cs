using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.FollowUps;
using RemoteMonitoring.Worklist.Access;
using RemoteMonitoring.Worklist.Layout;

namespace RemoteMonitoring.Worklist.Patients;

/// <summary>The page of a patient, and the care plan.</summary>
internal static class PatientEndpoints
{
    private const int DefaultDays = 28;
    private const string AuditedPlan = "care plan";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/patients/{handle}", PatientAsync).For(RouteRules.OfCare);
        routes.MapPost("/patients/{handle}/care-plan", SetPlanAsync).For(Role.Lead);
    }

    private static async Task<IResult> PatientAsync(string handle, string? days, string? done, Viewer viewer, WorklistServices services, CancellationToken cancellationToken)
    {
        if (await services.Access.OpenAsync(viewer, handle, AuditEvent.PatientViewed, cancellationToken) is not { } patient)
        {
            return Pages.NotFound(viewer);
        }

        var stretch = PatientView.Stretches.FirstOrDefault(s => s.ToString(CultureInfo.InvariantCulture) == days, DefaultDays);
        var view = await new PatientReader(services).ReadAsync(patient, stretch, cancellationToken);
        var last = view.Line.State.All is [.., var action] && action.Id == done && action.By == viewer.UserName ? action : null;
        return Pages.Of<PatientPage>(view with
        {
            Said = done == "plan" ? "The care plan is set."
                : last is null ? null
                : last.Kind == ActionKind.Undo ? "Taken back." : $"{Relisting.InWords(last.Kind)}: recorded. It can be undone for a minute.",
        });
    }

    private static async Task<IResult> SetPlanAsync(string handle, Viewer viewer, HttpContext context, WorklistServices services, CancellationToken cancellationToken)
    {
        if (await services.Access.OpenAsync(viewer, handle, AuditEvent.CarePlanStated, cancellationToken) is not { } patient)
        {
            return Pages.NotFound(viewer);
        }

        if (patient.Ground != AccessGround.Team)
        {
            await services.Audit.RecordAsync(viewer, AuditEvent.Refused, patient, detail: AuditedPlan, cancellationToken: cancellationToken);
            return Pages.Of<MessagePage>(new Message(viewer, "Not set", PatientAccess.BrokenGlassRule, $"/patients/{handle}", "Back to the patient"), StatusCodes.Status403Forbidden);
        }

        var (plan, typed) = CarePlanDraft.Read(await context.Request.ReadFormAsync(cancellationToken), patient.PatientId, viewer.UserName);
        if (plan is null)
        {
            return await RefusedAsync(services, patient, typed, StatusCodes.Status400BadRequest, cancellationToken);
        }

        return await services.CarePlans.TryStateAsync(plan, typed.Version, cancellationToken)
            ? new SeeOther($"/patients/{handle}?done=plan")
            : await RefusedAsync(
                services, patient, typed.With("The plan was changed since you loaded it; nothing of yours was set. Compare what you typed with what stands now, and set it if it is still right."),
                StatusCodes.Status409Conflict, cancellationToken);
    }

    /// <summary>What stands now and what was typed, to be sent again.</summary>
    private static async Task<IResult> RefusedAsync(WorklistServices services, AllowedPatient patient, CarePlanDraft typed, int status, CancellationToken cancellationToken)
    {
        await services.Audit.RecordAsync(patient.Viewer, AuditEvent.Refused, patient, detail: AuditedPlan, cancellationToken: cancellationToken);
        var view = await new PatientReader(services).ReadAsync(patient, DefaultDays, cancellationToken);
        return Pages.Of<CarePlanPage>(view with { Draft = typed }, status);
    }
}
