using System.Globalization;
using System.Text;

namespace RemoteMonitoring.Worklist.Layout;

/// <summary>Names of the program's own as words: <c>GlassBroken</c> is "glass broken".</summary>
internal static class EnumWords
{
    /// <summary>The words of a name.</summary>
    public static string Of<T>(T name)
        where T : struct, Enum
    {
        var words = new StringBuilder();
        foreach (var letter in name.ToString())
        {
            words.Append(char.IsUpper(letter) && words.Length > 0 ? " " : "").Append(char.ToLower(letter, CultureInfo.InvariantCulture));
        }

        return words.ToString();
    }

    /// <summary>The same of a text that may be such a name; any other text as it is.</summary>
    public static string? OfName<T>(string? text)
        where T : struct, Enum => Enum.TryParse<T>(text, out var name) && name.ToString() == text ? Of(name) : text;
}
