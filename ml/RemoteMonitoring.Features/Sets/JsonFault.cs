using System.Text.Json;
using System.Text.RegularExpressions;

namespace RemoteMonitoring.Features.Sets;

/// <summary>What is wrong with a document of ours that the strict JSON reader did not take.</summary>
public static partial class JsonFault
{
    /// <summary>One line: where in the file, and what, without the names of types that only the program knows.</summary>
    /// <param name="e">What the reader says.</param>
    /// <param name="kind">What the document is, for instance <c>feature set</c>.</param>
    public static string InWords(JsonException e, string kind)
    {
        var what = e.Message.Split('\n', '\r')[0];
        what = ReadersPlace().Replace(what, "");
        what = what.Contains("could not be converted to", StringComparison.Ordinal) ? "the value is not of the kind that stands here" : what;
        what = what.Replace("could not be mapped to any .NET member contained", "is none", StringComparison.Ordinal);
        what = what.Contains("doesn't allow null values", StringComparison.Ordinal) ? "null does not stand here" : TypeName().Replace(what, $" of a {kind}");
        var where = e.Path is { Length: > 2 } path ? $", {path[2..]}" : "";
        return $"line {(e.LineNumber ?? 0) + 1}{where}: {what.TrimEnd('.')}";
    }

    [GeneratedRegex(@" (Path: |LineNumber: ).*$")]
    private static partial Regex ReadersPlace();

    [GeneratedRegex(@" (in|on|for|of)? ?type '[^']*'")]
    private static partial Regex TypeName();
}
