using System.CommandLine;
using System.Text.Json.Nodes;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon users</c>: who may sign in to the pages, what they may do, and for which teams. No command shows a password but the one that made it.</summary>
internal static class UsersCommand
{
    private const int MostDisplayCharacters = 100;

    private static readonly Dictionary<string, Role> s_roles = new(StringComparer.Ordinal)
    {
        ["care-manager"] = Role.CareManager,
        ["lead"] = Role.Lead,
        ["data-scientist"] = Role.DataScientist,
        ["auditor"] = Role.Auditor,
        ["administrator"] = Role.Administrator,
    };

    private static readonly Argument<string> s_name = new("name") { Description = "Name that the user signs in by; with an organisation, the name it knows them by" };

    private static readonly Option<string[]> s_role = new("--role") { Description = $"What they may do: {string.Join(", ", s_roles.Keys)}. May be given several times", HelpName = "ROLE" };

    private static readonly Option<string[]> s_team = new("--team") { Description = "Care team whose patients are theirs. May be given several times", HelpName = "ID" };

    private static readonly Option<string?> s_display = new("--display-name") { Description = "Name that others read. Default: the name", HelpName = "TEXT" };

    public static Command Create() => new("users", "Users of the pages: roles, teams, passwords")
    {
        Add(), List(), Show(), Set(), SetPassword(),
        SetDisabled("disable", "Disable a user; their sessions end", true),
        SetDisabled("enable", "Let a user in again", false),
    };

    /// <summary>A role as commands call it.</summary>
    public static string NameOf(Role role) => s_roles.First(r => r.Value == role).Key;

    private static Command Add()
    {
        var noPassword = new Option<bool>("--no-password") { Description = "Give none: they sign in with an organisation" };
        var command = new Command("add", "Make a user; a password is asked for") { s_name, s_role, s_team, s_display, PasswordInput.FromStdin, PasswordInput.Generate, noPassword, GlobalOptions.MakeCohort };
        command.SetAction((parsed, token) => RunAsync(parsed, async (terminal, users) =>
        {
            var name = parsed.GetRequiredValue(s_name);
            if (!MemberRegister.IsName(name))
            {
                throw new UserException($"'{name}' cannot be the name of a user: {MemberRegister.NameRule}.");
            }

            var roles = RolesOf(parsed.GetValue(s_role) ?? []);
            if (roles.Count == 0)
            {
                throw new UserException($"Say what they may do: --role {string.Join(", ", s_roles.Keys)}.", ExitCodes.Usage);
            }

            if (await users.Members.FindAsync(name, token) is not null)
            {
                throw new UserException($"There is a user '{name}' already. Change them with 'rmon users set {name}'.");
            }

            var teams = await users.TeamsAsync(parsed.GetValue(s_team) ?? [], token);
            var display = DisplayOf(parsed.GetValue(s_display) ?? name);
            var password = parsed.GetValue(noPassword) ? null : await PasswordInput.OfAsync(parsed, terminal, name, token);
            var made = await users.ChangeAsync(
                name, before => before is null ? new Member { UserName = name, DisplayName = display, Roles = roles, Teams = teams, By = AuditLog.CommandLine, Known = default } : null, token)
                ?? throw new UserException($"There is a user '{name}' already. Change them with 'rmon users set {name}'.");
            if (password is not null)
            {
                await users.Logins.SetPasswordAsync(name, password.Text, token);
            }

            terminal.Line($"User {name} is made: {RolesOf(made)}{TeamsOf(made)}.{(made.Teams.Count == 0 && made.Roles.Any(r => r is Role.CareManager or Role.Lead) ? " They have no team, and so no patient: 'rmon users set NAME --team ID'." : "")}");
            password?.Show(terminal);
            var document = Json(made);
            if (password is { IsGenerated: true })
            {
                document["password"] = password.Text;
            }

            terminal.Document(document);
        }, token, begins: true));
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "List the users");
        command.SetAction((parsed, token) => RunAsync(parsed, async (terminal, users) =>
        {
            var members = await users.Members.ListAsync(token);
            if (members.Count == 0)
            {
                terminal.Line("There are no users yet: 'rmon users add NAME --role care-manager --team TEAM'.");
            }
            else
            {
                terminal.Table(["user", "called", "roles", "teams", ""], members.Select(m => new[] { m.UserName, m.DisplayName, RolesOf(m), string.Join(", ", m.Teams), m.IsDisabled is true ? "disabled" : "" }));
            }

            terminal.Document(new JsonObject { ["users"] = new JsonArray([.. members.Select(Json)]) });
        }, token));
        return command;
    }

    private static Command Show()
    {
        var command = new Command("show", "Show a user") { s_name };
        command.SetAction((parsed, token) => RunAsync(parsed, async (terminal, users) =>
        {
            var member = await users.FindAsync(parsed.GetRequiredValue(s_name), token);
            var login = await users.Logins.FindAsync(member.UserName, token);
            terminal.Table(
                ["what", "is"],
                [
                    ["name", member.UserName],
                    ["called", member.DisplayName],
                    ["roles", RolesOf(member)],
                    ["teams", string.Join(", ", member.Teams)],
                    ["state", member.IsDisabled is true ? "disabled" : "enabled"],
                    ["password", login?.PasswordHash is null ? "none" : $"set {login.Changed}"],
                    ["stated", $"{member.Known} by {member.By}"],
                ]);
            var document = Json(member);
            document["has_password"] = login?.PasswordHash is not null;
            terminal.Document(document);
        }, token));
        return command;
    }

    private static Command Set()
    {
        var noTeams = new Option<bool>("--no-teams") { Description = "Take all teams away" };
        var command = new Command("set", "Change a user's roles, teams or display name; what is not named stays") { s_name, s_role, s_team, noTeams, s_display };
        command.SetAction((parsed, token) => RunAsync(parsed, async (terminal, users) =>
        {
            if (parsed.GetValue(noTeams) && parsed.GetValue(s_team) is { Length: > 0 })
            {
                throw new UserException("--no-teams takes all teams away, and --team names some: say one of them.", ExitCodes.Usage);
            }

            var roles = parsed.GetValue(s_role) is { Length: > 0 } named ? RolesOf(named) : null;
            var teams = parsed.GetValue(noTeams) ? [] : parsed.GetValue(s_team) is { Length: > 0 } ids ? await users.TeamsAsync(ids, token) : null;
            var display = parsed.GetValue(s_display) is { } text ? DisplayOf(text) : null;
            if (roles is null && teams is null && display is null)
            {
                throw new UserException("Say what to change: --role, --team, --no-teams or --display-name.", ExitCodes.Usage);
            }

            var before = await users.FindAsync(parsed.GetRequiredValue(s_name), token);
            var after = (await users.ChangeAsync(before.UserName, m => m! with { Roles = roles ?? m.Roles, Teams = teams ?? m.Teams, DisplayName = display ?? m.DisplayName, By = AuditLog.CommandLine }, token))!;
            terminal.Line($"{after.UserName}: {RolesOf(after)}{TeamsOf(after)}. It holds from their next request on.");
            terminal.Document(Json(after));
        }, token));
        return command;
    }

    private static Command SetPassword()
    {
        var command = new Command("set-password", "Give a user another password; their sessions end") { s_name, PasswordInput.FromStdin, PasswordInput.Generate };
        command.SetAction((parsed, token) => RunAsync(parsed, async (terminal, users) =>
        {
            var member = await users.FindAsync(parsed.GetRequiredValue(s_name), token);
            var password = await PasswordInput.OfAsync(parsed, terminal, member.UserName, token);
            await users.RecordAsync(member.UserName, token);
            await users.Logins.SetPasswordAsync(member.UserName, password.Text, token);
            terminal.Line($"{member.UserName} has another password; their sessions have ended.");
            password.Show(terminal);
            terminal.Document(password.IsGenerated ? new JsonObject { ["user"] = member.UserName, ["password"] = password.Text } : new JsonObject { ["user"] = member.UserName });
        }, token));
        return command;
    }

    private static Command SetDisabled(string verb, string description, bool isDisabled)
    {
        var command = new Command(verb, description) { s_name };
        command.SetAction((parsed, token) => RunAsync(parsed, async (terminal, users) =>
        {
            var before = await users.FindAsync(parsed.GetRequiredValue(s_name), token);
            var after = (await users.ChangeAsync(before.UserName, m => m! with { IsDisabled = isDisabled ? true : null, By = AuditLog.CommandLine }, token))!;
            if (isDisabled)
            {
                await users.Logins.EndSessionsAsync(after.UserName, token);
            }

            terminal.Line(isDisabled ? $"{after.UserName} is disabled; their sessions have ended." : $"{after.UserName} may sign in.");
            terminal.Document(Json(after));
        }, token));
        return command;
    }

    private static IReadOnlyList<Role> RolesOf(IEnumerable<string> names) =>
        [.. names.Distinct(StringComparer.Ordinal).Select(n => s_roles.TryGetValue(n, out var role) ? role : throw new UserException($"'{n}' is no role; there are {string.Join(", ", s_roles.Keys)}.", ExitCodes.Usage))];

    private static string DisplayOf(string text) => text.Trim() is { Length: > 0 and <= MostDisplayCharacters } display && !display.Any(char.IsControl)
        ? display
        : throw new UserException($"--display-name takes 1 to {MostDisplayCharacters} characters on one line.", ExitCodes.Usage);

    private static string RolesOf(Member member) => string.Join(", ", member.Roles.Select(NameOf));

    private static string TeamsOf(Member member) => member.Teams.Count == 0 ? "" : $" of {string.Join(", ", member.Teams)}";

    private static JsonObject Json(Member member) => new()
    {
        ["user"] = member.UserName,
        ["display_name"] = member.DisplayName,
        ["roles"] = new JsonArray([.. member.Roles.Select(r => (JsonNode)NameOf(r))]),
        ["teams"] = new JsonArray([.. member.Teams.Select(t => (JsonNode)t)]),
        ["disabled"] = member.IsDisabled is true,
        ["by"] = member.By,
        ["known"] = member.Known.ToString(),
    };

    private static async Task<int> RunAsync(ParseResult parsed, Func<Terminal, CohortUsers, Task> work, CancellationToken token, bool begins = false)
    {
        await using var store = begins ? await GlobalOptions.OpenOrMakeCohortAsync(parsed, token) : await GlobalOptions.OpenCohortAsync(parsed, token);
        await work(GlobalOptions.TerminalOf(parsed), new CohortUsers(store, TimeProvider.System));
        return ExitCodes.Done;
    }
}

/// <summary>The users of a cohort, as commands see and change them: every change is on record before it is so.</summary>
internal sealed class CohortUsers(CohortStore store, TimeProvider time)
{
    private readonly AuditLog _audit = new(store.Documents, time);

    public MemberRegister Members { get; } = new(store.Reference, time);

    public LoginStore Logins { get; } = new(store.Documents, time);

    public async Task<Member> FindAsync(string name, CancellationToken cancellationToken) =>
        await Members.FindAsync(name, cancellationToken) ?? throw new UserException($"There is no user '{name}'. See 'rmon users list', or make them with 'rmon users add {name}'.");

    public async Task<Member?> ChangeAsync(string name, Func<Member?, Member?> change, CancellationToken cancellationToken)
    {
        await RecordAsync(name, cancellationToken);
        return await Members.ChangeAsync(name, change, cancellationToken);
    }

    public Task RecordAsync(string name, CancellationToken cancellationToken) => _audit.RecordAsync(
        new AuditEntry { Id = "", At = default, Event = AuditEvent.UserChanged, User = AuditLog.CommandLine, Detail = name, Address = AddressClass.CommandLine }, cancellationToken);

    /// <summary>Teams that there are; another is a typing error, and would open nothing.</summary>
    public async Task<IReadOnlyList<string>> TeamsAsync(IReadOnlyList<string> wanted, CancellationToken cancellationToken)
    {
        if (wanted.Count == 0)
        {
            return [];
        }

        using var reference = new LiveReference(store.Reference, time);
        var today = await reference.TodayAsync(cancellationToken);
        var known = today.Teams.Keys.Union(today.PatientsOfTeam.Keys).Order(StringComparer.Ordinal).ToArray();
        return wanted.FirstOrDefault(t => !known.Contains(t)) is { } unknown
            ? throw new UserException($"There is no care team '{unknown}'; there are {(known.Length == 0 ? "none" : string.Join(", ", known.Take(10)))}{(known.Length > 10 ? $" and {known.Length - 10} more" : "")}.")
            : [.. wanted.Distinct(StringComparer.Ordinal)];
    }
}
