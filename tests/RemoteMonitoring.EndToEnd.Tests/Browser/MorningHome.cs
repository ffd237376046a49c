using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Playwright;
using NodaTime;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Worklist;
using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.EndToEnd.Tests.Browser;

/// <summary>A cohort with a morning list, users of every role, and the pages served to a browser.</summary>
public sealed class MorningHome(MorningCohort cohort, Chromium chromium) : IAsyncLifetime, IDisposable
{
    public const string Password = "a long enough phrase";

    private CohortStore? _store;
    private WorklistServices? _services;
    private WebApplication? _app;
    private Instant _night = Instant.FromUtc(2025, 3, 1, 0, 0);

    public Rmon Rmon { get; } = new();

    /// <summary>Ten minutes before the night after the cohort's data: what is done is known to the nights that follow, and what they read is of yesterday.</summary>
    public MovedClock Clock { get; } = new(Instant.FromUtc(2025, 3, 1, 23, 50).ToDateTimeOffset());

    public string Url { get; private set; } = "";

    public CohortStore Store => _store!;

    public WorklistServices Services => _services!;

    /// <summary>The teams with a list, the longest list first.</summary>
    public IReadOnlyList<string> Teams { get; private set; } = [];

    /// <summary>The lists that were there when the tests began.</summary>
    public ListsMade Lists { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        cohort.CopyTo(Rmon.Home);
        await ServeAsync();
    }

    /// <summary>Serves the pages of what is in the home, to users of its two longest lists.</summary>
    internal async Task ServeAsync()
    {
        _store = CohortStore.Open(Rmon.Home, CohortStore.List(Rmon.Home).Single());
        _services = new WorklistServices(_store, new PatientHandles(new byte[32]), null, Clock);
        Lists = (await _services.Lists.LatestAsync(CancellationToken.None)).Single();
        var lists = await _store.Documents.ListAsync(Storage.Documents.Containers.Worklists, CancellationToken.None).Select(d => RiskDocumentJson.ReadWorklist(d.Body)).ToArrayAsync();
        Teams = [.. lists.OrderByDescending(l => l.Listed.Count).Select(l => l.CareTeamId)];
        foreach (var (name, role, teams) in ((string, Role, string[])[])[
            ("ann", Role.CareManager, [Teams[0]]), ("bob", Role.CareManager, [Teams[0]]), ("cleo", Role.CareManager, [Teams[1]]), ("lea", Role.Lead, [Teams[0]]),
            ("dan", Role.DataScientist, []), ("audrey", Role.Auditor, []), ("adam", Role.Administrator, [])])
        {
            await _services.Members.ChangeAsync(
                name,
                _ => new Member { UserName = name, DisplayName = char.ToUpperInvariant(name[0]) + name[1..], Roles = [role], Teams = teams, By = "test", Known = Instant.FromUnixTimeSeconds(0) },
                CancellationToken.None);
            await _services.Logins.SetPasswordAsync(name, Password, CancellationToken.None);
        }

        _app = WorklistApp.Create(_services, new WorklistOptions(IPAddress.Loopback, 0) { SignInsAMinute = 10_000, LookEvery = TimeSpan.FromSeconds(0.3) });
        await _app.StartAsync();
        Url = _app.Urls.Single();
    }

    public async Task DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.DisposeAsync();
        }

        if (_store is not null)
        {
            await _store.DisposeAsync();
        }

        Rmon.Dispose();
    }

    public void Dispose() => _services?.Dispose();

    /// <summary>Name of a team for people.</summary>
    public async Task<string> NameOfAsync(string team) => (await Services.Reference.TodayAsync(default)).Teams[team].Name;

    /// <summary>The list of a team by the last night.</summary>
    public async Task<TeamWorklist> ListAsync(string team)
    {
        var lists = (await ListsIndex.ReadAsync(Store.Documents, default)).MaxBy(l => l.AsOf)!;
        return RiskDocumentJson.ReadWorklist((await Store.Documents.FindAsync(Storage.Documents.Containers.Worklists, team, lists.Id, default))!.Body);
    }

    /// <summary>Ten minutes before the next night: what is done then it knows, and whoever signs in then is still signed in after it.</summary>
    public void Evening()
    {
        var evening = (_night + Duration.FromDays(1) - Duration.FromMinutes(10)).ToDateTimeOffset();
        Clock.Move(evening > Clock.GetUtcNow() ? evening - Clock.GetUtcNow() : TimeSpan.Zero);
    }

    /// <summary>The next night, a day after the last, and five minutes of the next day. Of the cohort one device of another team alone goes on sending.</summary>
    public async Task NightAsync()
    {
        Evening();
        _night += Duration.FromDays(1);
        await LandAsync((await ListAsync(Teams[1])).Listed[0].PatientId, "8867-4", 75, "/min", _night);
        var result = await Rmon.RunAsync("score", "admission-7d", "--as-of", _night.ToString());
        Assert.True(result.ExitCode == 0, result.Errors);
        Clock.Move((_night + Duration.FromMinutes(5)).ToDateTimeOffset() - Clock.GetUtcNow());
    }

    /// <summary>A reading of a patient's cuff arrives, taken now.</summary>
    public Task LandAsync(string patientId, string code, double value, string unit) => LandAsync(patientId, code, value, unit, Instant.FromDateTimeOffset(Clock.GetUtcNow()));

    private async Task LandAsync(string patientId, string code, double value, string unit, Instant at)
    {
        var reference = await Store.Reference.LoadAsync(await Store.Reference.PositionAsync(default), default);
        var device = reference.Assignments.First(a => a.PatientId == patientId && a.To is null && a.DeviceId.StartsWith("cuff-", StringComparison.Ordinal)).DeviceId;
        var now = at.ToString("uuuu-MM-dd'T'HH:mm:ss.ffffff'Z'", System.Globalization.CultureInfo.InvariantCulture);
        var message = new JsonObject
        {
            ["EnqueuedTimeUtc"] = now,
            ["Properties"] = new JsonObject(),
            ["SystemProperties"] = new JsonObject { ["connectionDeviceId"] = device, ["contentType"] = "application/json", ["contentEncoding"] = "utf-8", ["enqueuedTime"] = now },
            ["Body"] = new JsonObject { ["time"] = now, ["readings"] = new JsonArray(new JsonObject { ["code"] = code, ["value"] = value, ["unit"] = unit }) },
        };
        var file = Rmon.Folder($"message-{at.ToUnixTimeTicks()}.ndjson");
        await File.WriteAllTextAsync(file, message.ToJsonString() + "\n");
        var result = await Rmon.RunAsync("ingest", file, "--imported", "--cohort", Store.Cohort);
        Assert.True(result.ExitCode == 0, result.Errors);
    }

    /// <summary>A browser of one user, not yet signed in.</summary>
    public async Task<UserBrowser> OpenAsync(int width = 1280, bool script = true, ColorScheme colours = ColorScheme.Light)
    {
        var context = await chromium.Browser.NewContextAsync(new()
        {
            BaseURL = Url,
            ViewportSize = new() { Width = width, Height = 900 },
            JavaScriptEnabled = script,
            ColorScheme = colours,
        });
        return new UserBrowser(context, await context.NewPageAsync());
    }

    /// <summary>A browser whose user is signed in.</summary>
    public async Task<UserBrowser> SignInAsync(string user, int width = 1280, bool script = true, ColorScheme colours = ColorScheme.Light)
    {
        var browser = await OpenAsync(width, script, colours);
        await browser.SignInAsync(user, Password);
        return browser;
    }
}

/// <summary>A clock that begins at an instant, goes on by itself, and is moved by hand.</summary>
public sealed class MovedClock(DateTimeOffset begins) : TimeProvider
{
    private readonly TimeSpan _ahead = begins - System.GetUtcNow();
    private TimeSpan _moved;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + _ahead + _moved;

    public override long GetTimestamp() => System.GetTimestamp() + (long)(_moved.TotalSeconds * TimestampFrequency);

    public void Move(TimeSpan by) => _moved += by;
}

/// <summary>What one user has open.</summary>
public sealed class UserBrowser : IAsyncDisposable
{
    private readonly IBrowserContext _context;

    internal UserBrowser(IBrowserContext context, IPage page)
    {
        (_context, Page) = (context, page);
        page.Console += (_, message) => Said.Add(message.Text);
        page.PageError += (_, error) => Said.Add(error);
    }

    public IPage Page { get; }

    /// <summary>What the browser complained of: a policy that was broken, a script that failed.</summary>
    public List<string> Said { get; } = [];

    public async Task SignInAsync(string user, string password)
    {
        await Page.GotoAsync("/sign-in");
        await Page.GetByLabel("Name").FillAsync(user);
        await Page.GetByLabel("Password").FillAsync(password);
        await Page.GetByRole(AriaRole.Main).GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
    }

    /// <summary>Another page in the same session.</summary>
    public async Task<IPage> NewPageAsync()
    {
        var page = await _context.NewPageAsync();
        page.Console += (_, message) => Said.Add(message.Text);
        page.PageError += (_, error) => Said.Add(error);
        return page;
    }

    /// <summary>Fails where the page is wider than its window.</summary>
    public async Task FitsAsync(string what) =>
        Assert.True(await Page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth"), $"It scrolls sideways: {what}");

    public Task PictureAsync(string name) => Page.ScreenshotAsync(new() { Path = Path.Combine(Chromium.Pictures, name + ".png"), FullPage = true });

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();
}
