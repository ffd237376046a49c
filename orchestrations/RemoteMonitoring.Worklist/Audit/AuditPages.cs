using System.Collections.Frozen;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using NodaTime;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.Worklist.Audit;

/// <summary>What the auditor's page shows.</summary>
/// <param name="Viewer">Who looks at it.</param>
/// <param name="Search">What they look for.</param>
/// <param name="Entries">Entries of this page.</param>
/// <param name="All">Entries in all.</param>
/// <param name="Zones">The zone of each team that the entries name.</param>
/// <param name="Wrong">What is wrong with what they look for; null where nothing is.</param>
public sealed record AuditModel(Viewer Viewer, AuditSearch Search, IReadOnlyList<FoundEntry> Entries, int All, IReadOnlyDictionary<string, DateTimeZone> Zones, string? Wrong);

/// <summary>The auditor's pages: who looked at or did what. What is looked for is sent by forms, since it may be a patient, and looking is on record too.</summary>
internal static class AuditPages
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/audit", (HttpContext _, Viewer viewer, WorklistServices services, CancellationToken token) => ShowAsync(viewer, services, new AuditSearch { From = Today(services), To = Today(services) }, null, token)).For(Role.Auditor);
        routes.MapPost("/audit", (HttpContext context, Viewer viewer, WorklistServices services, CancellationToken token) =>
        {
            var (search, wrong) = SearchOf(context, services);
            return ShowAsync(viewer, services, search, wrong, token);
        }).For(Role.Auditor);
        routes.MapPost("/audit/csv", ExportAsync).For(Role.Auditor);
    }

    private static LocalDate Today(WorklistServices services) => Instant.FromDateTimeOffset(services.Time.GetUtcNow()).InUtc().Date;

    private static (AuditSearch Search, string? Wrong) SearchOf(HttpContext context, WorklistServices services) =>
        AuditSearch.Of(name => context.Request.Form[name].ToString(), Today(services));

    private static async Task<IResult> ShowAsync(Viewer viewer, WorklistServices services, AuditSearch search, string? wrong, CancellationToken cancellationToken)
    {
        if (wrong is not null)
        {
            return Page(new AuditModel(viewer, search, [], 0, FrozenDictionary<string, DateTimeZone>.Empty, wrong), StatusCodes.Status400BadRequest);
        }

        await RecordAsync(viewer, services, search, AuditEvent.AuditViewed, cancellationToken);
        var all = await search.RunAsync(services, cancellationToken);
        FoundEntry[] shown = [.. all.Skip(search.Page * AuditSearch.PageSize).Take(AuditSearch.PageSize)];
        var today = await services.Reference.TodayAsync(cancellationToken);
        var zones = shown.Select(e => e.Entry.CareTeamId).OfType<string>().Distinct(StringComparer.Ordinal).ToDictionary(t => t, today.ZoneOf, StringComparer.Ordinal);
        return Page(new AuditModel(viewer, search, shown, all.Count, zones, null), StatusCodes.Status200OK);
    }

    private static RazorComponentResult<AuditPage> Page(AuditModel model, int status) => new(new { Model = model }) { StatusCode = status };

    private static async Task<IResult> ExportAsync(HttpContext context, Viewer viewer, WorklistServices services, CancellationToken cancellationToken)
    {
        var (search, wrong) = SearchOf(context, services);
        if (wrong is not null)
        {
            return Page(new AuditModel(viewer, search, [], 0, FrozenDictionary<string, DateTimeZone>.Empty, wrong), StatusCodes.Status400BadRequest);
        }

        await RecordAsync(viewer, services, search, AuditEvent.Exported, cancellationToken);
        var rows = await search.RunAsync(services, cancellationToken);
        return Results.File(Encoding.UTF8.GetBytes(AuditCsv.Of(rows.OrderBy(e => e.Entry.Id, StringComparer.Ordinal))), "text/csv; charset=utf-8", $"audit-{search.From:uuuu-MM-dd}-{search.To:uuuu-MM-dd}.csv");
    }

    /// <summary>
    /// What was looked for is on record: a patient of the roster by their id, an erased one by the hash, a user by name. Any other text is left out, since it may be
    /// anything, and nobody would know to erase it.
    /// </summary>
    private static async Task RecordAsync(Viewer viewer, WorklistServices services, AuditSearch search, AuditEvent what, CancellationToken cancellationToken)
    {
        var today = await services.Reference.TodayAsync(cancellationToken);
        var patient = search.Patient.Length == 0 ? null : services.Handles.Find(search.Patient) ?? search.Patient;
        var isThere = patient is not null && today.Patients.ContainsKey(patient);
        await services.Audit.RecordAsync(
            new AuditEntry
            {
                Id = "",
                At = default,
                Event = what,
                User = viewer.UserName,
                PatientId = isThere ? patient : null,
                ErasedPatient = isThere || patient is null ? null : (await services.Store.Reference.ErasuresAsync(cancellationToken)).HashOf(patient),
                Detail = $"audit {search.From:uuuu-MM-dd} to {search.To:uuuu-MM-dd}{(today.Members.TryGetValue(search.User, out var user) ? $" of {user.UserName}" : "")}",
                Address = viewer.Address,
            },
            cancellationToken);
    }
}
