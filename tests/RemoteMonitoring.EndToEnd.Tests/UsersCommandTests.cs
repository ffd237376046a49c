using System.Net;
using System.Text.RegularExpressions;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.EndToEnd.Tests;

/// <summary><c>rmon users</c>, and signing in to what <c>rmon serve</c> serves.</summary>
[Collection("runs the program")]
public sealed partial class UsersCommandTests : IDisposable
{
    private const string Password = "seven tall green boats";

    private readonly Rmon _rmon = new();

    public void Dispose() => _rmon.Dispose();

    [Fact]
    public async Task A_user_is_made_changed_disabled_and_let_in_again()
    {
        await MakeCohortAsync();
        var added = await _rmon.RunWithInputAsync(Password + "\n", "users", "add", "nurse", "--role", "care-manager", "--team", "team-001", "--display-name", "Ann Nurse", "--password-stdin", "--json");
        Assert.True(added.ExitCode == 0, added.Errors);
        Assert.False(added.Document.TryGetProperty("password", out _));

        var set = (await _rmon.RunAsync("users", "set", "nurse", "--role", "lead", "--role", "auditor", "--team", "team-002", "--json")).Document;
        Assert.Equal(["lead", "auditor"], set.GetProperty("roles").EnumerateArray().Select(r => r.GetString()));
        Assert.Equal("team-002", Assert.Single(set.GetProperty("teams").EnumerateArray()).GetString());
        Assert.Equal("Ann Nurse", set.GetProperty("display_name").GetString());

        Assert.True((await _rmon.RunAsync("users", "disable", "NURSE", "--json")).Document.GetProperty("disabled").GetBoolean());
        Assert.Contains("disabled", (await _rmon.RunAsync("users", "list")).Output, StringComparison.Ordinal);
        Assert.False((await _rmon.RunAsync("users", "enable", "nurse", "--json")).Document.GetProperty("disabled").GetBoolean());
        var shown = (await _rmon.RunAsync("users", "show", "nurse", "--json")).Document;
        Assert.True(shown.GetProperty("has_password").GetBoolean());
        Assert.Equal("command line", shown.GetProperty("by").GetString());

        // Each change is on record, and the password nowhere.
        await using (var store = CohortStore.Open(_rmon.Home, "ward"))
        {
            var entries = await store.Documents.ListAsync(Containers.Audit, default).Select(d => AuditEntry.Read(d.Body)).ToArrayAsync();
            Assert.Equal(4, entries.Count(e => e is { Event: AuditEvent.UserChanged, User: "command line", Detail: "nurse" or "NURSE", Address: AddressClass.CommandLine }));
        }

        foreach (var file in Directory.EnumerateFiles(_rmon.Home, "*", SearchOption.AllDirectories))
        {
            Assert.DoesNotContain(Password, System.Text.Encoding.UTF8.GetString(await File.ReadAllBytesAsync(file)), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_password_that_is_made_is_shown_once_by_the_command_that_made_it()
    {
        await MakeCohortAsync();
        var made = (await _rmon.RunAsync("users", "add", "admin", "--role", "administrator", "--generate", "--json")).Document.GetProperty("password").GetString()!;
        Assert.Matches("^([a-z2-9]{4}-){4}[a-z2-9]{4}$", made);
        var again = await _rmon.RunAsync("users", "set-password", "admin", "--generate");
        var other = PasswordLine().Match(again.Output).Groups[1].Value;
        Assert.NotEqual("", other);
        Assert.NotEqual(made, other);
        Assert.DoesNotContain(other, (await _rmon.RunAsync("users", "show", "admin")).Output + (await _rmon.RunAsync("users", "list", "--json")).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(3, "at least 12", "short", "users", "add", "n", "--role", "lead", "--password-stdin")]
    [InlineData(3, "tries first", "Password12345", "users", "add", "n", "--role", "lead", "--password-stdin")]
    [InlineData(3, "cannot be the name", "x", "users", "add", "a b", "--role", "lead", "--generate")]
    [InlineData(3, "no care team 'team-9'; there are team-001, team-002", "x", "users", "add", "n", "--role", "lead", "--team", "team-9", "--generate")]
    [InlineData(2, "'boss' is no role", "x", "users", "add", "n", "--role", "boss", "--generate")]
    [InlineData(2, "--role", "x", "users", "add", "n", "--generate")]
    [InlineData(2, "--password-stdin", "x", "users", "add", "n", "--role", "lead", "--json")]
    [InlineData(2, "do not go together", "x", "users", "add", "n", "--role", "lead", "--generate", "--password-stdin")]
    [InlineData(3, "There is no user 'nobody'", "x", "users", "disable", "nobody")]
    [InlineData(2, "Say what to change", "x", "users", "set", "nobody")]
    public async Task What_cannot_be_done_gets_one_line_and_changes_nothing(int exitCode, string says, string typed, params string[] arguments)
    {
        await MakeCohortAsync();
        var result = await _rmon.RunWithInputAsync(typed + "\n", arguments);
        Assert.Equal(exitCode, result.ExitCode);
        Assert.Contains(says, Assert.Single(result.ErrorLines), StringComparison.Ordinal);
        Assert.Empty((await _rmon.RunAsync("users", "list", "--json")).Document.GetProperty("users").EnumerateArray());
    }

    [Fact]
    public async Task A_user_of_that_name_is_not_made_twice()
    {
        await MakeCohortAsync();
        Assert.Equal(0, (await _rmon.RunAsync("users", "add", "nurse", "--role", "lead", "--generate")).ExitCode);
        var again = await _rmon.RunAsync("users", "add", "Nurse", "--role", "administrator", "--generate");
        Assert.Equal(3, again.ExitCode);
        Assert.Contains("already", Assert.Single(again.ErrorLines), StringComparison.Ordinal);
        Assert.Equal("lead", (await _rmon.RunAsync("users", "show", "nurse", "--json")).Document.GetProperty("roles")[0].GetString());
    }

    [Fact]
    public async Task Who_was_made_signs_in_to_what_is_served()
    {
        await MakeCohortAsync();
        using var served = RmonProcess.Start(["serve", "--no-worker", "--worklist-port", "0", "--home", _rmon.Home]);
        var line = await served.LineAsync(l => l.StartsWith("worklist: http", StringComparison.Ordinal));
        await served.LineAsync(l => l.Contains("no users yet", StringComparison.Ordinal));
        Assert.Equal(0, (await _rmon.RunWithInputAsync(Password + "\n", "users", "add", "nurse", "--role", "care-manager", "--team", "team-001", "--password-stdin")).ExitCode);

        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(line.Split(' ')[1]) };
        Assert.Equal(HttpStatusCode.SeeOther, (await client.GetAsync("/")).StatusCode);
        var token = FormToken().Match(await client.GetStringAsync("/sign-in")).Groups[1].Value;
        using var form = new FormUrlEncodedContent([new("form", token), new("user", "nurse"), new("password", Password), new("return", "/break-glass")]);
        var answer = await client.PostAsync("/sign-in", form);
        Assert.Equal("/break-glass", answer.Headers.Location?.OriginalString);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/break-glass")).StatusCode);

        Assert.Equal(0, (await _rmon.RunAsync("users", "disable", "nurse")).ExitCode);
        Assert.Equal(HttpStatusCode.SeeOther, (await client.GetAsync("/break-glass")).StatusCode);
        Assert.Equal(0, await served.TerminateAsync());
    }

    [Theory]
    [InlineData("only over TLS", "--worklist-host", "0.0.0.0")]
    [InlineData("is no IP address", "--worklist-host", "ward")]
    [InlineData("cannot be used as a certificate", "--worklist-certificate", "/nowhere/ward.pem")]
    [InlineData("0 to 65535", "--worklist-port", "70000")]
    public async Task Pages_that_cannot_be_served_so_stop_the_start_with_a_line(string says, params string[] options)
    {
        await MakeCohortAsync();
        var result = await _rmon.RunAsync(["serve", "--no-worker", .. options]);
        Assert.Equal(2, result.ExitCode);
        Assert.Contains(says, Assert.Single(result.ErrorLines), StringComparison.Ordinal);
    }

    private async Task MakeCohortAsync()
    {
        await using var store = CohortStore.Open(_rmon.Home, "ward");
        var known = NodaTime.Instant.FromUtc(2026, 1, 1, 0, 0);
        string[] lines = ["team-001", "team-002"];
        await store.Reference.AppendAsync(
            ReferenceKinds.Teams,
            System.Text.Encoding.UTF8.GetBytes(string.Concat(lines.Select(t => ReferenceJson.ToLine(new CareTeam { CareTeamId = t, Name = t, Capacity = 5, Known = known }) + "\n"))),
            default);
    }

    [GeneratedRegex("name=\"form\" value=\"([^\"]+)\"")]
    private static partial Regex FormToken();

    [GeneratedRegex(@"password: (\S+)")]
    private static partial Regex PasswordLine();
}
