using System.Net;
using System.Text.RegularExpressions;

namespace RemoteMonitoring.Benchmarks.MorningList;

/// <summary>A browser of somebody who is signed in, as far as the server can tell: it keeps cookies, and takes what is compressed.</summary>
internal sealed partial class NurseSession(HttpClient client)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, string> _cookies = new(StringComparer.Ordinal);

    /// <summary>A client that keeps connections and no cookies.</summary>
    public static HttpClient ClientOf(Uri address) => new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false }) { BaseAddress = address };

    /// <summary>Signs in.</summary>
    public async Task SignInAsync(string user, string password)
    {
        var page = await ReadAsync(await SendAsync(new HttpRequestMessage(HttpMethod.Get, "/sign-in")));
        var fields = new Dictionary<string, string> { ["form"] = FormToken().Match(page).Groups[1].Value, ["user"] = user, ["password"] = password, ["return"] = "/" };
        using var answer = await SendAsync(new HttpRequestMessage(HttpMethod.Post, "/sign-in") { Content = new FormUrlEncodedContent(fields) });
        if (answer.StatusCode != HttpStatusCode.SeeOther)
        {
            throw new InvalidOperationException($"{user} cannot sign in: {(int)answer.StatusCode}");
        }
    }

    /// <summary>Asks for a page; its bytes as they came, null where it is not answered with 200.</summary>
    public async Task<int?> AskAsync(string path)
    {
        using var answer = await SendAsync(Get(path));
        var bytes = await answer.Content.ReadAsByteArrayAsync();
        return answer.StatusCode == HttpStatusCode.OK ? bytes.Length : null;
    }

    /// <summary>The text of a page.</summary>
    public async Task<string> TextAsync(string path) => await ReadAsync(await SendAsync(new HttpRequestMessage(HttpMethod.Get, path)));

    private static HttpRequestMessage Get(string path) => new(HttpMethod.Get, path) { Headers = { { "Accept-Encoding", "gzip, deflate, br" } } };

    private static async Task<string> ReadAsync(HttpResponseMessage answer)
    {
        using (answer)
        {
            return answer.StatusCode == HttpStatusCode.OK ? await answer.Content.ReadAsStringAsync() : throw new InvalidOperationException($"{answer.RequestMessage!.RequestUri!.AbsolutePath}: {(int)answer.StatusCode}");
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request)
    {
        lock (_gate)
        {
            if (_cookies.Count > 0)
            {
                request.Headers.Add("Cookie", string.Join("; ", _cookies.Select(c => $"{c.Key}={c.Value}")));
            }
        }

        var answer = await client.SendAsync(request);
        lock (_gate)
        {
            foreach (var cookie in answer.Headers.TryGetValues("Set-Cookie", out var set) ? set : [])
            {
                var pair = cookie.Split(';')[0].Split('=', 2);
                _cookies[pair[0]] = pair[1];
            }
        }

        return answer;
    }

    [GeneratedRegex("name=\"form\" value=\"([^\"]+)\"")]
    private static partial Regex FormToken();
}
