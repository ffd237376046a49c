using System.Reflection;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.Worklist.Layout;

/// <summary>The style and the script of the pages, out of this assembly; they may be kept, since their address changes with them.</summary>
public static class PageFiles
{
    private static readonly byte[] s_style = Read("style.css");
    private static readonly byte[] s_script = Read("enhance.js");

    /// <summary>Changes with the files.</summary>
    public static string Version { get; } = Convert.ToHexStringLower(SHA256.HashData([.. s_style, .. s_script]).AsSpan(0, 6));

    /// <summary>Their routes.</summary>
    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/style.css", (HttpContext context) => Answer(context, s_style, "text/css; charset=utf-8")).ForAnybody();
        routes.MapGet("/enhance.js", (HttpContext context) => Answer(context, s_script, "text/javascript; charset=utf-8")).ForAnybody();
    }

    private static IResult Answer(HttpContext context, byte[] file, string type)
    {
        context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        return Results.Bytes(file, type);
    }

    private static byte[] Read(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!;
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
