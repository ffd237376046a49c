using System.Net;

namespace RemoteMonitoring.Worklist.Tests.Access;

/// <summary>Pages that people reach through an ingress which ends TLS.</summary>
public sealed class IngressTlsTests
{
    private const string Host = "worklist.example.org";

    [Theory]
    [InlineData("https", Host, HttpStatusCode.OK)]
    [InlineData("http", Host, HttpStatusCode.BadRequest)]
    [InlineData(null, Host, HttpStatusCode.BadRequest)]
    [InlineData("https", "elsewhere.example.org", HttpStatusCode.BadRequest)]
    public async Task Shown_are_they_only_where_the_ingress_says_that_tls_was_spoken_to_their_name(string? protocol, string host, HttpStatusCode expected)
    {
        await using var pages = await ServedPages.StartAsync(o => o with { Address = new Uri("https://" + Host) });
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = pages.Address };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/sign-in") { Headers = { Host = host } };
        if (protocol is not null)
        {
            request.Headers.Add("X-Forwarded-Proto", protocol);
        }

        using var answer = await client.SendAsync(request);
        Assert.Equal(expected, answer.StatusCode);
        if (expected == HttpStatusCode.OK)
        {
            Assert.All(answer.Headers.GetValues("Set-Cookie"), cookie => Assert.Matches("(?i)^__Host-.*; secure", cookie));
            Assert.True(answer.Headers.Contains("Strict-Transport-Security"));
        }
    }

    [Fact]
    public async Task Attempts_to_sign_in_are_counted_for_the_address_that_the_ingress_saw_whatever_was_claimed_before_it()
    {
        await using var pages = await ServedPages.StartAsync(o => o with { Address = new Uri("https://" + Host), SignInsAMinute = 2 });
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = pages.Address };
        async Task<HttpStatusCode> AskAsync(string forwardedFor)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/sign-in") { Headers = { Host = Host }, Content = new FormUrlEncodedContent([]) };
            request.Headers.Add("X-Forwarded-Proto", "https");
            request.Headers.Add("X-Forwarded-For", forwardedFor);
            using var answer = await client.SendAsync(request);
            return answer.StatusCode;
        }

        Assert.NotEqual(HttpStatusCode.TooManyRequests, await AskAsync("198.51.100.1, 203.0.113.7"));
        Assert.NotEqual(HttpStatusCode.TooManyRequests, await AskAsync("198.51.100.2, 203.0.113.7"));
        Assert.Equal(HttpStatusCode.TooManyRequests, await AskAsync("198.51.100.3, 203.0.113.7"));
        Assert.NotEqual(HttpStatusCode.TooManyRequests, await AskAsync("198.51.100.3, 203.0.113.8"));
    }
}
