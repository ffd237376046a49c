using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Worklist.Access;

/// <summary>What the page to sign in shows.</summary>
/// <param name="Return">Path to go to afterwards.</param>
/// <param name="ByOrganisation">Whether people sign in with their organisation, and not with a password.</param>
/// <param name="Message">What went wrong; null where nothing has yet.</param>
public sealed record SignInModel(string Return, bool ByOrganisation, string? Message);

/// <summary>Signing in and out.</summary>
internal static class SignInPages
{
    public const string Path = "/sign-in";

    /// <summary>The same whether there is such a user, the password is wrong, or the user is disabled.</summary>
    private const string Refused = "Name and password do not match, or the user may not sign in.";

    private const int MostNameCharacters = 100;

    /// <summary>The page to sign in, which then goes on to a path.</summary>
    public static string PathTo(string? path) => LocalPath.Of(path) is var local && local == LocalPath.Start ? Path : $"{Path}?return={Uri.EscapeDataString(local)}";

    public static void Map(IEndpointRouteBuilder routes, WorklistOptions options)
    {
        routes.MapGet(Path, (HttpContext context, Viewer? viewer) => Show(viewer, context.Request.Query["return"], options)).ForAnybody();
        if (options.Organisation is null)
        {
            routes.MapPost(Path, SignInAsync).ForAnybody().RequireRateLimiting(AccessServices.SignInPolicy);
        }
        else
        {
            routes.MapGet(OrganisationSignIn.Path, OrganisationSignIn.BeginAsync).ForAnybody().RequireRateLimiting(AccessServices.SignInPolicy);
        }

        routes.MapPost("/sign-out", SignOutAsync).ForAnybody();
    }

    private static IResult Show(Viewer? viewer, string? to, WorklistOptions options) =>
        viewer is not null ? new SeeOther(LocalPath.Of(to)) : Page(new SignInModel(LocalPath.Of(to), options.Organisation is not null, null), StatusCodes.Status200OK);

    private static RazorComponentResult<SignInPage> Page(SignInModel model, int status) => new(new { Model = model }) { StatusCode = status };

    private static async Task<IResult> SignInAsync(HttpContext context, WorklistServices services, Sessions sessions, SignInDelays delays, CancellationToken cancellationToken)
    {
        var form = context.Request.Form;
        var (name, password, to) = (form["user"].ToString().Trim(), form["password"].ToString(), LocalPath.Of(form["return"]));
        if (name.Length > MostNameCharacters)
        {
            name = name[..MostNameCharacters];
        }

        if (delays.Wait(name) is { Ticks: > 0 } wait)
        {
            var seconds = (int)Math.Ceiling(wait.TotalSeconds);
            context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
            return Page(new SignInModel(to, false, $"Too many attempts with this name. Wait {seconds} s, then try again."), StatusCodes.Status429TooManyRequests);
        }

        delays.Attempt(name);
        var login = await services.Logins.VerifyAsync(name, password, cancellationToken);
        services.Reference.Expire();
        var member = (await services.Reference.TodayAsync(cancellationToken)).Members.GetValueOrDefault(name);
        var entry = new AuditEntry
        {
            Id = "",
            At = default,
            Event = AuditEvent.SignInRefused,
            User = member?.UserName,
            Address = Viewer.ClassOf(context.Connection.RemoteIpAddress),
        };
        if (login is null || member is not { IsDisabled: not true })
        {
            await services.Audit.RecordAsync(entry, cancellationToken);
            return Page(new SignInModel(to, false, Refused), StatusCodes.Status401Unauthorized);
        }

        delays.Succeeded(name);
        await services.Audit.RecordAsync(entry with { Event = AuditEvent.SignedIn }, cancellationToken);
        await sessions.BeginAsync(context, member);
        return new SeeOther(to);
    }

    private static async Task<IResult> SignOutAsync(HttpContext context, Viewer? viewer, WorklistServices services, Sessions sessions, CancellationToken cancellationToken)
    {
        if (viewer is not null)
        {
            await services.Audit.RecordAsync(viewer, AuditEvent.SignedOut, cancellationToken: cancellationToken);
            await sessions.EndAsync(context, viewer);
        }

        return new SeeOther(Path);
    }
}
