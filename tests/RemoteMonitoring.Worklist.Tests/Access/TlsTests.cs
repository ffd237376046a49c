using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RemoteMonitoring.Worklist.Tests.Access;

public sealed class TlsTests
{
    [Fact]
    public async Task Over_tls_cookies_are_bound_to_the_host_and_browsers_are_told_to_stay_with_it()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=ward", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        await using var pages = await ServedPages.StartAsync(o => o with { Certificate = () => certificate });
        Assert.Equal("https", pages.Address.Scheme);
        using var browser = pages.Open(certificate);
        var answer = await browser.SignInAsync("nurse", ServedPages.Password);
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        var cookie = Assert.Single(answer.Headers.GetValues("Set-Cookie"), c => c.Contains("session", StringComparison.Ordinal));
        Assert.StartsWith("__Host-rmon-session-ward=", cookie, StringComparison.Ordinal);
        Assert.Contains("; secure", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("; path=/;", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("domain", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.StartsWith("max-age=", answer.Headers.GetValues("Strict-Transport-Security").Single(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/break-glass")).StatusCode);
        Assert.All(browser.Cookies.Keys, name => Assert.StartsWith("__Host-", name, StringComparison.Ordinal));
    }
}
