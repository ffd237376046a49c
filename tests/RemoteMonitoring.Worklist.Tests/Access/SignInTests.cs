using System.Net;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.Worklist.Tests.Access;

public sealed class SignInTests
{
    [Fact]
    public async Task Who_has_the_password_is_let_in_and_it_is_on_record()
    {
        await using var pages = await ServedPages.StartAsync();
        using var browser = pages.Open();
        var answer = await browser.SignInAsync("NURSE", ServedPages.Password, "/break-glass");
        Assert.Equal((HttpStatusCode.SeeOther, "/break-glass"), (answer.StatusCode, answer.Headers.Location!.OriginalString));
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/break-glass")).StatusCode);
        var entry = Assert.Single(await pages.AuditAsync());
        Assert.Equal((AuditEvent.SignedIn, "nurse", AddressClass.Loopback), (entry.Event, entry.User, entry.Address));
    }

    [Fact]
    public async Task A_wrong_password_a_name_of_nobody_and_a_disabled_user_are_told_the_same()
    {
        await using var pages = await ServedPages.StartAsync();
        await pages.ChangeAsync("lead", m => m with { IsDisabled = true });
        using var browser = pages.Open();
        var wrong = await browser.SignInAsync("nurse", "seven tall green boots");
        var nobody = await browser.SignInAsync("nobody", ServedPages.Password);
        var disabled = await browser.SignInAsync("lead", ServedPages.Password);
        Assert.All([wrong, nobody, disabled], a => Assert.Equal(HttpStatusCode.Unauthorized, a.StatusCode));
        Assert.Single(new[] { await TextAsync(wrong), await TextAsync(nobody), await TextAsync(disabled) }.Distinct());
        Assert.DoesNotContain(browser.Cookies, c => c.Key.Contains("session", StringComparison.Ordinal));
        // What was typed for a name of nobody may be a password: it is not kept.
        Assert.Equal(["nurse", null, "lead"], (await pages.AuditAsync()).Select(e => e.User));
        Assert.All(await pages.AuditAsync(), e => Assert.Equal(AuditEvent.SignInRefused, e.Event));
    }

    [Fact]
    public async Task After_five_failures_a_name_waits_longer_each_time_whether_it_is_a_users_or_not()
    {
        await using var pages = await ServedPages.StartAsync();
        using var browser = pages.Open();
        foreach (var name in (string[])["nurse", "nobody"])
        {
            for (var i = 0; i < SignInDelays.Free; i++)
            {
                Assert.Equal(HttpStatusCode.Unauthorized, (await browser.SignInAsync(name, "wrong wrong wrong")).StatusCode);
            }

            var first = await browser.SignInAsync(name, ServedPages.Password);
            Assert.Equal((HttpStatusCode.TooManyRequests, 1), (first.StatusCode, (int)first.Headers.RetryAfter!.Delta!.Value.TotalSeconds));
            pages.Clock.Move(TimeSpan.FromSeconds(1));
            Assert.Equal(HttpStatusCode.Unauthorized, (await browser.SignInAsync(name, "wrong wrong wrong")).StatusCode);
            var second = await browser.SignInAsync(name, ServedPages.Password);
            Assert.Equal((HttpStatusCode.TooManyRequests, 2), (second.StatusCode, (int)second.Headers.RetryAfter!.Delta!.Value.TotalSeconds));
            pages.Clock.Move(TimeSpan.FromSeconds(2));
        }

        Assert.Equal(HttpStatusCode.SeeOther, (await browser.SignInAsync("nurse", ServedPages.Password)).StatusCode);
    }

    [Fact]
    public void No_name_waits_longer_than_five_minutes()
    {
        var clock = new ServedPages.MovedClock();
        var delays = new SignInDelays(clock);
        for (var i = 0; i < 100; i++)
        {
            delays.Attempt("nurse");
        }

        Assert.InRange(delays.Wait("Nurse"), SignInDelays.Longest - TimeSpan.FromSeconds(1), SignInDelays.Longest);
        clock.Move(SignInDelays.Longest);
        Assert.Equal(TimeSpan.Zero, delays.Wait("nurse"));
    }

    [Fact]
    public async Task One_address_has_only_so_many_attempts_a_minute()
    {
        await using var pages = await ServedPages.StartAsync(o => o with { SignInsAMinute = 5 });
        using var browser = pages.Open();
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(HttpStatusCode.BadRequest, (await browser.SendFormAsync("/sign-in", ("user", $"u{i}"))).StatusCode);
        }

        var answer = await browser.SendFormAsync("/sign-in", ("user", "nurse"));
        Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
        Assert.Contains("Wait a little", await TextAsync(answer), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("//evil.example/")]
    [InlineData("/\\evil.example")]
    [InlineData("https://evil.example/")]
    [InlineData("javascript:alert(1)")]
    [InlineData("/a\r\nSet-Cookie: x=y")]
    [InlineData("")]
    public async Task Nobody_is_sent_anywhere_else_after_signing_in(string to)
    {
        await using var pages = await ServedPages.StartAsync();
        using var browser = pages.Open();
        Assert.Equal("/", (await browser.SignInAsync("nurse", ServedPages.Password, to)).Headers.Location!.OriginalString);
        Assert.Equal("/", (await browser.GetAsync("/sign-in?return=" + Uri.EscapeDataString(to))).Headers.Location!.OriginalString);
    }

    [Theory]
    [InlineData("short words", "at least 12")]
    [InlineData("the nurse is here", "user's name")]
    [InlineData("Password1234", "tries first")]
    [InlineData("aaaaaaaaaaaaaaaa", "tries first")]
    [InlineData("123456789012", "tries first")]
    [InlineData("qwertyuiop2024!", "tries first")]
    public void A_password_that_can_be_guessed_is_refused(string password, string says) => Assert.Contains(says, PasswordRule.Refusal(password, "nurse")!, StringComparison.Ordinal);

    [Fact]
    public void A_long_password_is_not() => Assert.Null(PasswordRule.Refusal(ServedPages.Password, "nurse"));

    private static Task<string> TextAsync(HttpResponseMessage answer) => HtmlText.OfAsync(answer);
}
