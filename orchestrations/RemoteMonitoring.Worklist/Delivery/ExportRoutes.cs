using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Worklist.Access;
using RemoteMonitoring.Worklist.Layout;

namespace RemoteMonitoring.Worklist.Delivery;

/// <summary>What a team may take away: a list as CSV, a list and a patient as FHIR. It is on record before anything leaves, and files are named after nobody.</summary>
public static class ExportRoutes
{
    private const string FhirNdjson = "application/fhir+ndjson";

    /// <summary>Maps the routes.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/teams/{team}/list.csv", CsvAsync).For(RouteRules.OfCare);
        routes.MapGet("/teams/{team}/fhir.ndjson", TeamAsync).For(RouteRules.OfCare);
        routes.MapGet("/patients/{handle}/fhir.ndjson", PatientAsync).For(RouteRules.OfCare);
    }

    private static async Task<IResult> CsvAsync(string team, string? lists, Viewer viewer, WorklistServices services, CancellationToken cancellationToken)
    {
        if (await services.Access.AskTeamAsync(viewer, team, cancellationToken) is not { } allowed
            || await new Exports(services).WithUrgentAsync(allowed, lists, cancellationToken) is not { } found)
        {
            return Pages.NotFound(viewer);
        }

        await services.Audit.RecordAsync(viewer, AuditEvent.Exported, team: team, detail: "list.csv", shown: Exports.Shown(found.Lists, found.Urgent), cancellationToken: cancellationToken);
        return Results.Stream(output => ListCsv.WriteAsync(found, output, cancellationToken), "text/csv; charset=utf-8", Exports.FileName(found.Lists, "csv"));
    }

    private static async Task<IResult> TeamAsync(string team, string? lists, Viewer viewer, WorklistServices services, CancellationToken cancellationToken)
    {
        if (await services.Access.AskTeamAsync(viewer, team, cancellationToken) is not { } allowed
            || await new Exports(services).ListsAsync(allowed, lists, cancellationToken) is not { } found)
        {
            return Pages.NotFound(viewer);
        }

        await services.Audit.RecordAsync(viewer, AuditEvent.Exported, team: team, detail: "fhir.ndjson", shown: Exports.Shown(found, null), cancellationToken: cancellationToken);
        var lines = new FhirLines(services.Store.Cohort);
        return Results.Stream(output => lines.WriteAsync(Exports.Subjects(allowed, found), output, cancellationToken), FhirNdjson, Exports.FileName(found, "fhir.ndjson"));
    }

    private static async Task<IResult> PatientAsync(string handle, Viewer viewer, WorklistServices services, CancellationToken cancellationToken)
    {
        if (await services.Access.OpenAsync(viewer, handle, AuditEvent.Exported, cancellationToken, "fhir.ndjson") is not { } patient)
        {
            return Pages.NotFound(viewer);
        }

        // All is read before the answer begins: a fault is told as a fault, and not by a file that ends early.
        var subject = await new Exports(services).SubjectAsync(patient, cancellationToken);
        var lines = new FhirLines(services.Store.Cohort);
        return Results.Stream(output => lines.WriteAsync([subject], output, cancellationToken), FhirNdjson, "patient.fhir.ndjson");
    }
}
