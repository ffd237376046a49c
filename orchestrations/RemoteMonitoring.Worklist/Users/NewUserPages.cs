using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Worklist.Access;
using RemoteMonitoring.Worklist.Layout;

namespace RemoteMonitoring.Worklist.Users;

/// <summary>What the page of a user who was just made shows.</summary>
/// <param name="Viewer">Who made them.</param>
/// <param name="Member">The user.</param>
/// <param name="Password">Their password, which is kept nowhere; null for who signs in by their organisation.</param>
public sealed record MadeUser(Viewer Viewer, Member Member, string? Password);

/// <summary>
/// An administrator makes a user: with a password of ours, shown in the answer and never again, or without one where everybody signs in by their organisation. The answer to the form is
/// the page itself: nothing that could be asked for again holds the password.
/// </summary>
internal static class NewUserPages
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/users", MakeAsync).For(Role.Administrator);

    private static async Task<IResult> MakeAsync(HttpContext context, Viewer viewer, WorklistServices services, WorklistOptions options, CancellationToken cancellationToken)
    {
        var form = context.Request.Form;
        var name = TypedText.Of(form["name"]);
        var teams = await UserPages.TeamsAsync(services, cancellationToken);
        var wanted = UserPages.WantedOf(form);
        async Task<IResult> RefusedAsync(string problem, int status) => Pages.Of<UsersPage>(
            new UsersModel(viewer, await services.Members.ListAsync(cancellationToken), teams, null, new NewUser(name, wanted.DisplayName, wanted.Roles, wanted.Teams, problem)), status);

        var problem = !MemberRegister.IsName(name) ? $"A name to sign in by has {MemberRegister.NameRule}."
            : wanted.Wrong(teams) ?? (wanted.Roles.Count == 0 ? "Say what they may do: choose a role." : null);
        if (problem is not null)
        {
            return await RefusedAsync(problem, StatusCodes.Status400BadRequest);
        }

        // On record before it is so, as everything is.
        await services.Audit.RecordAsync(viewer, AuditEvent.UserChanged, detail: name, cancellationToken: cancellationToken);
        var made = await services.Members.ChangeAsync(
            name, before => before is null ? wanted.Of(new Member { UserName = name, DisplayName = wanted.DisplayName, Roles = [], Teams = [], By = viewer.UserName, Known = default }, viewer.UserName) : null, cancellationToken);
        if (made is null)
        {
            return await RefusedAsync("There is a user of that name already.", StatusCodes.Status409Conflict);
        }

        services.Reference.Expire();
        var password = options.Organisation is null ? PasswordRule.Make() : null;
        if (password is not null)
        {
            await services.Logins.SetPasswordAsync(made.UserName, password, cancellationToken);
        }

        return Pages.Of<MadeUserPage>(new MadeUser(viewer, made, password));
    }
}
