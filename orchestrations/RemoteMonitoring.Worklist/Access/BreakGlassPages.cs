using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace RemoteMonitoring.Worklist.Access;

/// <summary>What the page to break glass shows.</summary>
/// <param name="Viewer">Who looks at it.</param>
/// <param name="Reason">What was typed for a reason.</param>
/// <param name="Message">What was wrong; null where nothing was sent yet.</param>
public sealed record BreakGlassModel(Viewer Viewer, string Reason, string? Message);

/// <summary>Seeing a patient of another team: for a reason, for an hour, on record.</summary>
internal static class BreakGlassPages
{
    public const string Path = "/break-glass";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(Path, (Viewer viewer) => Page(new BreakGlassModel(viewer, "", null), StatusCodes.Status200OK)).For(RouteRules.OfCare);
        routes.MapPost(Path, BreakAsync).For(RouteRules.OfCare);
    }

    private static RazorComponentResult<BreakGlassPage> Page(BreakGlassModel model, int status) => new(new { Model = model }) { StatusCode = status };

    private static async Task<IResult> BreakAsync(HttpContext context, Viewer viewer, WorklistServices services, CancellationToken cancellationToken)
    {
        var form = context.Request.Form;
        var (patient, reason) = (form["patient"].ToString().Trim(), TypedText.Of(form["reason"]));
        if (reason.Length is < PatientAccess.FewestReasonCharacters or > PatientAccess.MostReasonCharacters)
        {
            return Page(new BreakGlassModel(viewer, reason, $"Give a reason of {PatientAccess.FewestReasonCharacters} to {PatientAccess.MostReasonCharacters} characters."), StatusCodes.Status400BadRequest);
        }

        return await services.Access.BreakGlassAsync(viewer, patient, reason, cancellationToken) is { } allowed
            ? new SeeOther($"/patients/{services.Handles.Of(allowed.PatientId)}")
            : Page(new BreakGlassModel(viewer, reason, "There is no patient of this id. The attempt is on record."), StatusCodes.Status400BadRequest);
    }
}
