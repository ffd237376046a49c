using System.Net;
using System.Text;

namespace RemoteMonitoring.Risk.Reporting;

/// <summary>Writes HTML: what is data is encoded, and only literals of the program are markup.</summary>
internal sealed class Html
{
    private readonly StringBuilder _text = new();

    internal static string Encode(string text) => WebUtility.HtmlEncode(text);

    /// <summary>Markup as it is.</summary>
    internal Html Raw(string markup)
    {
        _text.Append(markup);
        return this;
    }

    /// <summary>An element around text that is encoded.</summary>
    internal Html Element(string name, string text, string attributes = "")
    {
        _text.Append('<').Append(name).Append(attributes.Length == 0 ? "" : " ").Append(attributes).Append('>').Append(Encode(text)).Append("</").Append(name).Append(">\n");
        return this;
    }

    /// <summary>A bulleted list.</summary>
    internal Html List(IEnumerable<string> lines)
    {
        Raw("<ul>\n");
        foreach (var line in lines)
        {
            Element("li", line);
        }

        return Raw("</ul>\n");
    }

    /// <summary>A table that scrolls by itself where it is too wide.</summary>
    internal Html Table(ReportTable table)
    {
        Raw("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"").Raw(Encode(table.Caption)).Raw("\">\n<table>\n");
        Raw("<caption>").Element("span", table.Caption).Raw("</caption>\n<thead><tr>");
        foreach (var head in table.Head)
        {
            // A column without a name has nothing to say to whoever hears it read out.
            _ = head.Length == 0 ? Raw("<td></td>") : Element("th", head, "scope=\"col\"");
        }

        Raw("</tr></thead>\n<tbody>\n");
        foreach (var row in table.Rows)
        {
            Raw("<tr>").Element("th", row[0], "scope=\"row\"");
            foreach (var cell in row.Skip(1))
            {
                Element("td", cell);
            }

            Raw("</tr>\n");
        }

        return Raw("</tbody>\n</table>\n</div>\n");
    }

    public override string ToString() => _text.ToString();
}
