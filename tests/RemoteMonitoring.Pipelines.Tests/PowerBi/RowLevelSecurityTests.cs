using System.Text.RegularExpressions;
using RemoteMonitoring.Storage.Secrets;
using RemoteMonitoring.Workflows.ReportTables;
using RemoteMonitoring.Worklist.Access;
using RemoteMonitoring.Worklist.Figures;

namespace RemoteMonitoring.Pipelines.Tests.PowerBi;

/// <summary>The filters of the role, worked out over the membership that was exported, against what the worklist's own access code gives the same people.</summary>
[Collection(ExportedOnce.Name)]
public sealed partial class RowLevelSecurityTests(ExportedHome home)
{
    private static readonly SemanticModel s_model = SemanticModel.Read();

    [Fact]
    public void Filters_have_the_one_allowed_form_and_every_table_of_teams_or_patients_is_below_one()
    {
        Assert.Equal("read", s_model.Role["modelPermission"]);
        var permissions = s_model.Role.Of("tablePermission").ToDictionary(p => p.Name, p => p.Value, StringComparer.Ordinal);
        Assert.Equal(["dim_patient", "dim_team", "membership"], permissions.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("patients", Form().Match(permissions["dim_patient"]).Groups[1].Value);
        Assert.Equal("figures", Form().Match(permissions["dim_team"]).Groups[1].Value);
        Assert.Equal("[user_principal_name] = USERPRINCIPALNAME ()", permissions["membership"]);
        bool IsBelow(string table, string filtered) => table == filtered || s_model.Relationships.Any(r => r.FromTable == table && IsBelow(r.ToTable, filtered));
        foreach (var table in ReportSchema.All.Where(t => t.Name != "membership"))
        {
            Assert.Equal(table.IsOfPatients, IsBelow(table.Name, "dim_patient"));
            Assert.True(table.Columns.All(c => c.Name != "team_id") || IsBelow(table.Name, "dim_team"), $"{table.Name} has rows of teams, and no filter.");
        }
    }

    [Theory]
    [InlineData("ann@example.org")]
    [InlineData("ANN@EXAMPLE.ORG")]
    [InlineData("lea@example.org")]
    [InlineData("dan@example.org")]
    [InlineData("aud@example.org")]
    [InlineData("gone@example.org")]
    [InlineData("lost@example.org")]
    [InlineData("nobody@example.org")]
    public async Task Each_user_sees_exactly_the_rows_that_the_worklist_gives_them(string user)
    {
        await using var store = home.Open();
        using var reference = new LiveReference(store.Reference, TimeProvider.System);
        var today = await reference.TodayAsync(default);
        var access = new PatientAccess(reference, new PatientHandles(store.MakeHandleKey().Bytes), new LoginStore(store.Documents, TimeProvider.System), new AuditLog(store.Documents, TimeProvider.System), TimeProvider.System);
        // Who may not sign in is given nothing.
        var viewer = today.Members.GetValueOrDefault(user) is { IsDisabled: not true } member ? new Viewer(member) : null;
        var key = store.MakeHandleKey().For("tables for reports");
        var (patients, teams) = (new SortedSet<string>(StringComparer.Ordinal), new SortedSet<string>(StringComparer.Ordinal));
        foreach (var patient in viewer is null ? [] : today.Patients.Keys)
        {
            _ = await access.PatientAsync(viewer!, patient, default) is not null && patients.Add(HandleKey.HandleOf(key, patient));
        }

        foreach (var team in viewer is null ? [] : home.Teams)
        {
            _ = FiguresPages.MaySee(viewer!, team) && teams.Add(team);
        }

        var seen = await SeenAsync(user);
        Assert.Equal(patients, seen["dim_patient"].Select(r => (string)r["patient_key"]!).Order(StringComparer.Ordinal));
        Assert.Equal(teams, seen["dim_team"].Select(r => (string)r["team_id"]!).Order(StringComparer.Ordinal));
        foreach (var table in ReportSchema.All.Where(t => t.Name.StartsWith("fact_", StringComparison.Ordinal)))
        {
            var all = await home.RowsAsync(table.Name);
            Assert.Equal(all.Count(r => table.IsOfPatients ? patients.Contains((string)r["patient_key"]!) : teams.Contains((string)r["team_id"]!)), seen[table.Name].Count);
        }

        Assert.All(seen["membership"], r => Assert.Equal(user, (string)r["user_principal_name"]!, ignoreCase: true));
        // The test would tell: somebody sees something, and somebody less than all.
        Assert.Equal(user.StartsWith("ann", StringComparison.OrdinalIgnoreCase) || user.StartsWith("lea", StringComparison.Ordinal), patients.Count > 0);
        Assert.True(!user.StartsWith("ann", StringComparison.OrdinalIgnoreCase) || patients.Count < today.Patients.Count);
        Assert.True(seen["fact_calibration"].Count > 0 == teams.Count > 0);
    }

    [Fact]
    public async Task A_patient_who_moved_is_the_new_teams_with_all_their_rows()
    {
        var patients = (await home.RowsAsync("dim_patient")).ToDictionary(r => (string)r["patient_key"]!, r => (string)r["team_id"]!);
        var moved = (await home.RowsAsync("fact_prediction")).Where(r => (string)r["team_id"]! != patients[(string)r["patient_key"]!]).ToArray();
        Assert.NotEmpty(moved);
        var seen = (await SeenAsync("ann@example.org"))["fact_prediction"].Select(r => (string)r["patient_key"]!).ToHashSet();
        Assert.All(moved, r => Assert.DoesNotContain((string)r["patient_key"]!, seen));
    }

    /// <summary>The rows that filters leave: those of a filtered table by its filter, those of others whose one row on each relationship is left.</summary>
    private async Task<Dictionary<string, IReadOnlyList<Dictionary<string, object?>>>> SeenAsync(string user)
    {
        var membership = (await home.RowsAsync("membership")).Where(r => string.Equals((string)r["user_principal_name"]!, user, StringComparison.OrdinalIgnoreCase)).ToArray();
        var seen = new Dictionary<string, IReadOnlyList<Dictionary<string, object?>>>(StringComparer.Ordinal) { ["membership"] = membership };
        foreach (var table in s_model.Tables.Keys.Where(t => t != "membership"))
        {
            await SeeAsync(table);
        }

        return seen;

        async Task SeeAsync(string table)
        {
            if (seen.ContainsKey(table))
            {
                return;
            }

            IEnumerable<Dictionary<string, object?>> rows = await home.RowsAsync(table);
            if (s_model.Role.Of("tablePermission").SingleOrDefault(p => p.Name == table) is { } filter)
            {
                var scope = Form().Match(filter.Value).Groups[1].Value;
                var theirs = membership.Where(m => (string)m["sees"]! == scope).Select(m => m["team_id"]).ToHashSet();
                rows = rows.Where(r => theirs.Contains(r["team_id"]));
            }

            foreach (var relationship in s_model.Relationships.Where(r => r.FromTable == table))
            {
                await SeeAsync(relationship.ToTable);
                var ones = seen[relationship.ToTable].Select(r => r[relationship.ToColumn]).ToHashSet();
                rows = rows.Where(r => ones.Contains(r[relationship.FromColumn]));
            }

            seen[table] = [.. rows];
        }
    }

    [GeneratedRegex("""^\[team_id\] IN CALCULATETABLE \( VALUES \( membership\[team_id\] \), membership\[user_principal_name\] = USERPRINCIPALNAME \(\), membership\[sees\] = "(patients|figures)" \)$""")]
    private static partial Regex Form();
}
