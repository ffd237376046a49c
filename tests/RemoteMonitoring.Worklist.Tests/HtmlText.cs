using System.Text.RegularExpressions;

namespace RemoteMonitoring.Worklist.Tests;

/// <summary>What a page says.</summary>
internal static partial class HtmlText
{
    /// <summary>The text of a page without its tags, and so without tokens of forms.</summary>
    public static async Task<string> OfAsync(HttpResponseMessage answer) => WebUtilityText(Tag().Replace(await answer.Content.ReadAsStringAsync(), " "));

    private static string WebUtilityText(string text) => Space().Replace(System.Net.WebUtility.HtmlDecode(text), " ").Trim();

    [GeneratedRegex("<[^>]*>")]
    private static partial Regex Tag();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
