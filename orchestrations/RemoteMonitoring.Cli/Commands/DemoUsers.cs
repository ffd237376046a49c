using System.Text.Json.Nodes;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.Cli.Commands;

/// <summary>Users of a demo's cohort, one of each role, with passwords that are made and shown once.</summary>
internal static class DemoUsers
{
    private static readonly (string Name, string Called, Role Role)[] s_users =
    [
        ("nurse", "Nurse of the demo", Role.CareManager),
        ("lead", "Lead of the demo", Role.Lead),
        ("scientist", "Data scientist of the demo", Role.DataScientist),
        ("auditor", "Auditor of the demo", Role.Auditor),
        ("admin", "Administrator of the demo", Role.Administrator),
    ];

    /// <summary>Makes those that are missing where the cohort has no other users, and says how the pages are opened.</summary>
    /// <param name="terminal">Where it is said.</param>
    /// <param name="store">The cohort.</param>
    /// <param name="options">What names home and cohort on a command line.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>For <c>--json</c>: the users that were made, with their passwords; empty where there were users.</returns>
    public static async Task<JsonArray> OfferAsync(Terminal terminal, CohortStore store, string options, CancellationToken cancellationToken)
    {
        var users = new CohortUsers(store, TimeProvider.System);
        var made = new List<(string Name, Role Role, string Password)>();
        // A demo that was killed between two of them has made the first: the rest are made now.
        var there = await users.Members.ListAsync(cancellationToken);
        if (there.All(m => s_users.Any(u => u.Name == m.UserName && u.Called == m.DisplayName)))
        {
            using var reference = new LiveReference(store.Reference, TimeProvider.System);
            var team = (await reference.TodayAsync(cancellationToken)).PatientsOfTeam.Keys.Order(StringComparer.Ordinal).First();
            foreach (var (name, called, role) in s_users)
            {
                if (there.Any(m => m.UserName == name) && await users.Logins.FindAsync(name, cancellationToken) is { PasswordHash: not null })
                {
                    continue;
                }

                var password = PasswordInput.New().Text;
                await users.ChangeAsync(
                    name,
                    _ => new Member { UserName = name, DisplayName = called, Roles = [role], Teams = role is Role.CareManager or Role.Lead ? [team] : [], By = AuditLog.CommandLine, Known = default },
                    cancellationToken);
                await users.Logins.SetPasswordAsync(name, password, cancellationToken);
                made.Add((name, role, password));
            }
        }

        terminal.Heading("The morning list, in a browser");
        if (made.Count > 0)
        {
            terminal.Table(["user", "role", "password (shown this once)"], made.Select(m => new[] { m.Name, UsersCommand.NameOf(m.Role), m.Password }));
        }

        terminal.Line("Next, in this terminal, and then sign in at the address it prints, as nurse to begin with:");
        terminal.Line($"  rmon serve {options}");
        if (made.All(m => m.Name != "nurse"))
        {
            terminal.Line("Passwords were shown when the users were made; another one:");
            terminal.Line($"  rmon users set-password nurse --generate {options}");
        }

        return [.. made.Select(m => new JsonObject { ["user"] = m.Name, ["role"] = UsersCommand.NameOf(m.Role), ["password"] = m.Password })];
    }
}
