using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace RemoteMonitoring.Worklist.Tests;

/// <summary>A request byte by byte, as clients send it that put nothing right before.</summary>
internal static class RawRequest
{
    /// <summary>Sends a request line with cookies, and what else is given, and reads the whole answer.</summary>
    public static Task<(HttpStatusCode Status, string Answer)> SendAsync(ServedPages pages, ServedPages.Browser browser, string method, string target, string headers = "", string body = "") => SendAsync(
        pages,
        $"{method} {target} HTTP/1.1\r\nHost: {pages.Address.Authority}\r\nConnection: close\r\nCookie: {string.Join("; ", browser.Cookies.Select(c => $"{c.Key}={c.Value}"))}\r\n{headers}\r\n{body}");

    /// <summary>Sends bytes and reads the answer to its end; without one the status is 0.</summary>
    public static async Task<(HttpStatusCode Status, string Answer)> SendAsync(ServedPages pages, string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, pages.Address.Port);
        var stream = client.GetStream();
        var answer = new MemoryStream();
        try
        {
            await stream.WriteAsync(Encoding.Latin1.GetBytes(request));
            await stream.CopyToAsync(answer);
        }
        catch (IOException)
        {
            // The server is done with it before all was sent.
        }

        var text = Encoding.UTF8.GetString(answer.ToArray());
        return (text.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) ? (HttpStatusCode)int.Parse(text.AsSpan(9, 3), CultureInfo.InvariantCulture) : 0, text);
    }
}
