using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using NodaTime;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.Worklist.Tests;

/// <summary>
/// The pages of a small cohort on a loopback port: team-001 has P-one and P-two, team-002 has P-other. Users are named by their roles and
/// have <see cref="Password"/>; care people are of team-001.
/// </summary>
internal sealed partial class ServedPages : IAsyncDisposable
{
    public const string Password = "seven tall green boats";

    public static readonly string[] Patients = ["P-one", "P-two", "P-other"];

    public static readonly (string User, Role Role)[] Users =
        [("nurse", Role.CareManager), ("lead", Role.Lead), ("scientist", Role.DataScientist), ("auditor", Role.Auditor), ("admin", Role.Administrator)];

    private readonly LineLog _log = new();

    private ServedPages(CohortStore store, MovedClock clock)
    {
        Store = store;
        Clock = clock;
        Services = new WorklistServices(store, new PatientHandles(store.MakeHandleKey().Bytes), null, clock);
    }

    public CohortStore Store { get; }

    public MovedClock Clock { get; }

    public WorklistServices Services { get; }

    public WebApplication App { get; private set; } = null!;

    public Uri Address => new(App.Urls.Single());

    public IEnumerable<string> Logged => _log.Lines;

    public static async Task<ServedPages> StartAsync(Func<WorklistOptions, WorklistOptions>? with = null, Func<CohortStore, CohortStore>? over = null)
    {
        var root = Directory.CreateTempSubdirectory("rmon-worklist-").FullName;
        var store = CohortStore.Open(root, "ward");
        var pages = new ServedPages(over is null ? store : over(store), new MovedClock()) { Root = root };
        await pages.StateAsync(ReferenceKinds.Teams, new CareTeam { CareTeamId = "team-001", Name = "North <b>team</b>", Capacity = 5, Known = pages.Now });
        await pages.StateAsync(ReferenceKinds.Roster, [.. Patients.Select(p => pages.Patient(p, p == "P-other" ? "team-002" : "team-001"))]);
        foreach (var (user, role) in Users)
        {
            await pages.AddUserAsync(user, [role], role is Role.CareManager or Role.Lead ? ["team-001"] : []);
        }

        var options = new WorklistOptions(IPAddress.Loopback, 0) { Log = pages._log, SignInsAMinute = 1000 };
        pages.App = WorklistApp.Create(pages.Services, with is null ? options : with(options));
        await pages.App.StartAsync();
        return pages;
    }

    private string Root { get; init; } = "";

    public Instant Now => Instant.FromDateTimeOffset(Clock.GetUtcNow());

    public Patient Patient(string id, string team) => new() { PatientId = id, CareTeamId = team, TimeZone = "Europe/London", Known = Now };

    public async Task StateAsync<T>(string kind, params T[] rows)
    {
        Assert.True(await Store.Reference.AppendAsync(kind, Encoding.UTF8.GetBytes(string.Concat(rows.Select(r => ReferenceJson.ToLine(r) + "\n"))), default));
        Services.Reference.Expire();
    }

    public async Task AddUserAsync(string user, Role[] roles, string[] teams)
    {
        await Services.Members.ChangeAsync(user, _ => new Member { UserName = user, DisplayName = $"The {user}", Roles = roles, Teams = teams, By = AuditLog.CommandLine, Known = default }, default);
        await Services.Logins.SetPasswordAsync(user, Password, default);
        Services.Reference.Expire();
    }

    public async Task ChangeAsync(string user, Func<Member, Member> change)
    {
        Assert.NotNull(await Services.Members.ChangeAsync(user, m => change(m!), default));
        Services.Reference.Expire();
    }

    public Browser Open(X509Certificate2? trusted = null) => new(Address, trusted);

    /// <summary>A browser in which somebody is signed in.</summary>
    public async Task<Browser> SignedInAsync(string user)
    {
        var browser = Open();
        var answer = await browser.SignInAsync(user, Password);
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        return browser;
    }

    /// <summary>What is on record of today, in the order of time.</summary>
    public Task<IReadOnlyList<AuditEntry>> AuditAsync() => Services.Audit.OfDayAsync(Now.InUtc().Date, default);

    public string HandleOf(string patientId) => Services.Handles.Of(patientId);

    public async ValueTask DisposeAsync()
    {
        await App.DisposeAsync();
        Services.Dispose();
        Assert.DoesNotContain(Logged, line => Patients.Any(p => line.Contains(p, StringComparison.Ordinal)));
        await Store.DisposeAsync();
        Directory.Delete(Root, recursive: true);
    }

    /// <summary>A browser without scripts: cookies, forms with their tokens, no redirects of its own.</summary>
    internal sealed partial class Browser(Uri address, X509Certificate2? trusted) : IDisposable
    {
        private readonly HttpClient _client = new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false, SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = PolicyOf(trusted) } }) { BaseAddress = address };

        public Dictionary<string, string> Cookies { get; } = new(StringComparer.Ordinal);

        public string SessionCookie => Cookies.Single(c => c.Key.Contains("session", StringComparison.Ordinal)).Value;

        public Task<HttpResponseMessage> GetAsync(string path) => SendAsync(new HttpRequestMessage(HttpMethod.Get, path));

        /// <summary>Loads a page, and sends a form with the page's token.</summary>
        public async Task<HttpResponseMessage> PostAsync(string path, string from, params (string Name, string Value)[] fields) =>
            await SendFormAsync(path, [("form", await TokenAsync(from)), .. fields]);

        public Task<HttpResponseMessage> SendFormAsync(string path, params (string Name, string Value)[] fields) =>
            SendAsync(new HttpRequestMessage(HttpMethod.Post, path) { Content = new FormUrlEncodedContent(fields.Select(f => KeyValuePair.Create(f.Name, f.Value))) });

        public Task<HttpResponseMessage> SignInAsync(string user, string password, string to = "/") =>
            PostAsync("/sign-in", "/sign-in", ("user", user), ("password", password), ("return", to));

        public async Task<string> TokenAsync(string page)
        {
            var html = await (await GetAsync(page)).Content.ReadAsStringAsync();
            return FormToken().Match(html) is { Success: true } token ? token.Groups[1].Value : throw new InvalidOperationException($"{page} has no form: {html}");
        }

        public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request)
        {
            if (Cookies.Count > 0)
            {
                request.Headers.Add("Cookie", string.Join("; ", Cookies.Select(c => $"{c.Key}={c.Value}")));
            }

            var answer = await _client.SendAsync(request);
            // Addresses are kept by browsers and logged by others: they name nobody.
            Assert.DoesNotContain(Patients, p => answer.Headers.Location?.OriginalString.Contains(p, StringComparison.Ordinal) == true);
            foreach (var cookie in answer.Headers.TryGetValues("Set-Cookie", out var set) ? set : [])
            {
                var (name, value) = (cookie.Split('=')[0], cookie.Split(';')[0].Split('=', 2)[1]);
                if (value.Length == 0)
                {
                    Cookies.Remove(name);
                }
                else
                {
                    Cookies[name] = value;
                }
            }

            return answer;
        }

        public void Dispose() => _client.Dispose();

        private static X509ChainPolicy? PolicyOf(X509Certificate2? trusted) => trusted is null
            ? null
            : new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, CustomTrustStore = { trusted } };

        [GeneratedRegex("name=\"form\" value=\"([^\"]+)\"")]
        private static partial Regex FormToken();
    }

    /// <summary>A clock that goes on by itself and is moved by hand.</summary>
    internal sealed class MovedClock : TimeProvider
    {
        private TimeSpan _moved;

        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + _moved;

        public override long GetTimestamp() => System.GetTimestamp() + (long)(_moved.TotalSeconds * TimestampFrequency);

        public void Move(TimeSpan by) => _moved += by;
    }

    private sealed class LineLog : ILogger
    {
        public System.Collections.Concurrent.ConcurrentQueue<string> Lines { get; } = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Lines.Enqueue(formatter(state, exception));
    }
}
