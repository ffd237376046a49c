using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Primitives;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.Worklist.Users;

/// <summary>What the page of all users shows.</summary>
/// <param name="Viewer">Who looks at it.</param>
/// <param name="Members">Users, by name.</param>
/// <param name="Teams">Teams that there are, by id, and their names.</param>
/// <param name="Said">What was just done; null for nothing.</param>
/// <param name="Refused">A user who was typed and not made; null for none.</param>
public sealed record UsersModel(Viewer Viewer, IReadOnlyList<Member> Members, IReadOnlyDictionary<string, string> Teams, string? Said, NewUser? Refused);

/// <summary>A user as typed, who was not made.</summary>
/// <param name="Name">Name.</param>
/// <param name="DisplayName">Name that others read.</param>
/// <param name="Roles">Roles.</param>
/// <param name="Teams">Teams.</param>
/// <param name="Problem">Why not, in a sentence.</param>
public sealed record NewUser(string Name, string DisplayName, IReadOnlyList<Role> Roles, IReadOnlyList<string> Teams, string Problem);

/// <summary>What the page of a user shows.</summary>
/// <param name="Viewer">Who looks at it.</param>
/// <param name="Member">The user.</param>
/// <param name="Teams">Teams that there are, by id, and their names.</param>
/// <param name="Message">What was wrong; null where nothing was.</param>
public sealed record UserModel(Viewer Viewer, Member Member, IReadOnlyDictionary<string, string> Teams, string? Message);

/// <summary>The administrator's pages: who may do what, for which teams.</summary>
internal static class UserPages
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/users", ListAsync).For(Role.Administrator);
        routes.MapGet("/users/{name}", ShowAsync).For(Role.Administrator);
        routes.MapPost("/users/{name}", ChangeAsync).For(Role.Administrator);
    }

    private static async Task<IResult> ListAsync(string? saved, Viewer viewer, WorklistServices services, CancellationToken cancellationToken)
    {
        await services.Audit.RecordAsync(viewer, AuditEvent.UsersViewed, cancellationToken: cancellationToken);
        var members = await services.Members.ListAsync(cancellationToken);
        var said = members.FirstOrDefault(m => m.UserName == saved) is { } member ? $"{member.UserName}: saved. It holds at once." : null;
        return new RazorComponentResult<UsersPage>(new { Model = new UsersModel(viewer, members, await TeamsAsync(services, cancellationToken), said, null) });
    }

    private static async Task<IResult> ShowAsync(string name, Viewer viewer, WorklistServices services, CancellationToken cancellationToken)
    {
        if (await services.Members.FindAsync(name, cancellationToken) is not { } member)
        {
            return Refusal.NotFound.Page(viewer);
        }

        await services.Audit.RecordAsync(viewer, AuditEvent.UsersViewed, detail: member.UserName, cancellationToken: cancellationToken);
        return Page(new UserModel(viewer, member, await TeamsAsync(services, cancellationToken), null), StatusCodes.Status200OK);
    }

    private static async Task<IResult> ChangeAsync(string name, HttpContext context, Viewer viewer, WorklistServices services, CancellationToken cancellationToken)
    {
        if (await services.Members.FindAsync(name, cancellationToken) is not { } member)
        {
            return Refusal.NotFound.Page(viewer);
        }

        var form = context.Request.Form;
        var teams = await TeamsAsync(services, cancellationToken);
        var isDisabled = form["state"] == "disabled";
        var change = WantedOf(form);
        var isOneself = string.Equals(member.UserName, viewer.UserName, StringComparison.OrdinalIgnoreCase);
        var wrong = change.Wrong(teams)
            ?? (isOneself && (isDisabled || !change.Roles.Contains(Role.Administrator)) ? "You cannot take this page away from yourself; another administrator can." : null);
        if (wrong is not null)
        {
            return Page(new UserModel(viewer, member, teams, wrong), StatusCodes.Status400BadRequest);
        }

        // On record before it is so, as everything is.
        await services.Audit.RecordAsync(viewer, AuditEvent.UserChanged, detail: member.UserName, cancellationToken: cancellationToken);
        var after = await services.Members.ChangeAsync(member.UserName, now => now is not null && MemberRegister.VersionOf(now) == form["version"] ? change.Of(now, viewer.UserName) : null, cancellationToken);
        services.Reference.Expire();
        if (after is null)
        {
            var now = await services.Members.FindAsync(name, cancellationToken);
            return Page(new UserModel(viewer, now ?? member, teams, "Somebody else changed this user meanwhile. This is how they stand now; nothing of yours was taken."), StatusCodes.Status409Conflict);
        }

        if (isDisabled)
        {
            await services.Logins.EndSessionsAsync(after.UserName, cancellationToken);
        }

        return new SeeOther($"/users?saved={Uri.EscapeDataString(after.UserName)}");
    }

    private static RazorComponentResult<UserPage> Page(UserModel model, int status) => new(new { Model = model }) { StatusCode = status };

    /// <summary>What a form says of how a user shall stand.</summary>
    internal static Wanted WantedOf(IFormCollection form) => new(Texts(form["role"]), Texts(form["team"]), form["state"] == "disabled", TypedText.Of(form["display"]));

    private static string[] Texts(StringValues values) => [.. values.OfType<string>().Distinct(StringComparer.Ordinal)];

    internal static async Task<IReadOnlyDictionary<string, string>> TeamsAsync(WorklistServices services, CancellationToken cancellationToken)
    {
        var today = await services.Reference.TodayAsync(cancellationToken);
        return new OrderedDictionary<string, string>(
            today.PatientsOfTeam.Keys.Union(today.Teams.Keys).Select(id => KeyValuePair.Create(id, today.Teams.GetValueOrDefault(id)?.Name ?? id)).OrderBy(t => t.Value, StringComparer.Ordinal).ThenBy(t => t.Key, StringComparer.Ordinal),
            StringComparer.Ordinal);
    }

    /// <summary>How an administrator wants a user to stand.</summary>
    internal sealed record Wanted(string[] RoleNames, string[] Teams, bool IsDisabled, string DisplayName)
    {
        private const int MostNameCharacters = 100;

        public IReadOnlyList<Role> Roles { get; } = [.. RoleNames.Where(Enum.GetNames<Role>().Contains).Select(Enum.Parse<Role>)];

        public string? Wrong(IReadOnlyDictionary<string, string> teams) =>
            Roles.Count != RoleNames.Length ? "There is no such role."
            : Teams.Any(t => !teams.ContainsKey(t)) ? "There is no such team."
            : DisplayName.Length is 0 or > MostNameCharacters ? $"A name that others read has 1 to {MostNameCharacters} characters."
            : null;

        public Member Of(Member now, string by) => now with { Roles = Roles, Teams = Teams, IsDisabled = IsDisabled ? true : null, DisplayName = DisplayName, By = by };
    }
}
