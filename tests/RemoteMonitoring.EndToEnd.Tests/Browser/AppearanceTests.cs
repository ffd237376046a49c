using Microsoft.Playwright;

namespace RemoteMonitoring.EndToEnd.Tests.Browser;

/// <summary>Every page, narrow and wide, light and dark: none scrolls sideways, and a picture of each is kept to be looked at.</summary>
[Collection(PageTests.Name)]
public sealed class AppearanceTests(MorningHome home) : IClassFixture<MorningHome>
{
    [Fact]
    public async Task No_page_is_wider_than_its_window()
    {
        var patient = await home.FillAsync();
        var team = home.Teams[0];
        var pages = new (string User, (string Name, string Path)[] Paths)[]
        {
            ("ann",
            [
                ("list", $"/teams/{team}"), ("print", $"/teams/{team}/print"), ("earlier-lists", $"/teams/{team}/lists"), ("earlier-list", $"/teams/{team}?lists={home.Lists.Id}"), ("team-figures", $"/teams/{team}/figures"),
                ("patient", patient), ("patient-90-days", patient + "?days=90"), ("break-glass", "/break-glass"), ("not-found", "/nowhere"), ("forbidden", "/audit"),
            ]),
            ("lea", [("patient-of-lead", patient)]),
            ("dan", [("figures", "/figures"), ("scientist-figures", $"/teams/{team}/figures")]),
            ("audrey", [("audit", "/audit")]),
            ("adam", [("users", "/users"), ("user", "/users/ann")]),
            ("", [("sign-in", "/sign-in")]),
        };
        foreach (var (width, colours) in ((int, ColorScheme)[])[(320, ColorScheme.Light), (1440, ColorScheme.Light), (320, ColorScheme.Dark), (1440, ColorScheme.Dark)])
        {
            foreach (var (user, paths) in pages)
            {
                if ((width, colours) == (320, ColorScheme.Dark) && user != "ann")
                {
                    continue;
                }

                await using var browser = user.Length == 0 ? await home.OpenAsync(width, colours: colours) : await home.SignInAsync(user, width, colours: colours);
                // Colours change no width: narrow and dark, two pages are enough to be looked at.
                foreach (var (name, path) in paths.Where(p => (width, colours) != (320, ColorScheme.Dark) || p.Name is "list" or "patient"))
                {
                    await browser.Page.GotoAsync(path);
                    if (colours == ColorScheme.Light)
                    {
                        await browser.Page.EvaluateAsync("document.querySelectorAll('details').forEach(d => d.open = true)");
                    }

                    await browser.FitsAsync($"{name} at {width}");
                    await browser.PictureAsync($"{name}-{width}-{(colours == ColorScheme.Dark ? "dark" : "light")}");
                }
            }
        }
    }
}
