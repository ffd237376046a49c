using Microsoft.Playwright;
using Program = Microsoft.Playwright.Program;

namespace RemoteMonitoring.EndToEnd.Tests.Browser;

/// <summary>A Chromium for a class of tests, and the accessibility rules, which npm brings once.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private const string Hint = "The tests of the pages need a Chromium: apt-get install chromium, or name one in RMON_CHROMIUM; and Node with npm for axe-core.";
    private static readonly string[] s_names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge"];
    private static readonly string s_rules = Path.Combine(AppContext.BaseDirectory, "page-checks");

    private IPlaywright? _playwright;

    public IBrowser Browser { get; private set; } = null!;

    /// <summary>Where pictures of pages are kept.</summary>
    public static string Pictures { get; } = Directory.CreateDirectory(Path.Combine(Architecture.Repository.Root, "artifacts", "screenshots")).FullName;

    public static string Rules => Path.Combine(s_rules, "node_modules", "axe-core", "axe.min.js");

    public async Task InitializeAsync()
    {
        await InstallRulesAsync();
        _playwright = await Playwright.CreateAsync();
        var program = Environment.GetEnvironmentVariable("RMON_CHROMIUM") is { Length: > 0 } named ? named : Find();
        if (program is null)
        {
            // Playwright's own, into its cache; where that fails the launch says what to do.
            Program.Main(["install", "chromium"]);
        }

        try
        {
            // In a container nobody but root may make the sandbox; what is opened here are pages of ours.
            Browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = program, Args = ["--no-sandbox", "--disable-dev-shm-usage"] });
        }
        catch (PlaywrightException e)
        {
            Assert.Fail($"{Hint}\n{e.Message}");
        }
    }

    public async Task DisposeAsync()
    {
        if (Browser is not null)
        {
            await Browser.DisposeAsync();
        }

        _playwright?.Dispose();
    }

    private static string? Find() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .SelectMany(folder => s_names.Select(name => Path.Combine(folder, name)))
        .FirstOrDefault(File.Exists);

    private static async Task InstallRulesAsync()
    {
        if (File.Exists(Rules))
        {
            return;
        }

        Directory.CreateDirectory(s_rules);
        foreach (var file in (string[])["package.json", "package-lock.json"])
        {
            File.Copy(Path.Combine(Architecture.Repository.Root, "tests", "RemoteMonitoring.EndToEnd.Tests", "Browser", file), Path.Combine(s_rules, file), overwrite: true);
        }

        try
        {
            using var install = RmonProcess.Run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], [], s_rules);
            Assert.True(await install.ExitAsync(TimeSpan.FromMinutes(3)) == 0, $"{Hint}\n{string.Join('\n', install.Errors.TakeLast(10))}");
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Fail(Hint);
        }
    }
}
