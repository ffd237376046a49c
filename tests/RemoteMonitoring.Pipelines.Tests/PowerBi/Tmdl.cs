using System.Text.RegularExpressions;

namespace RemoteMonitoring.Pipelines.Tests.PowerBi;

/// <summary>An object of TMDL: its kind, its name, what stands behind <c>=</c> or <c>:</c>, and what is indented below it.</summary>
/// <param name="Kind">Keyword: table, column, measure, partition, and so on; or the name of a property.</param>
/// <param name="Name">Name, without quotes; empty for a property.</param>
/// <param name="Value">What follows <c>=</c> or <c>:</c>, with the lines of an expression below it; empty for a flag.</param>
/// <param name="Description">Lines that begin with <c>///</c> before it.</param>
/// <param name="Line">Line of the file.</param>
internal sealed record TmdlObject(string Kind, string Name, string Value, string Description, int Line)
{
    public List<TmdlObject> Children { get; } = [];

    public IEnumerable<TmdlObject> Of(string kind) => Children.Where(c => c.Kind == kind);

    /// <summary>The value of a property; null where it is not there.</summary>
    public string? this[string property] => Children.SingleOrDefault(c => c.Kind == property && c.Name.Length == 0)?.Value;
}

/// <summary>
/// Reads the part of TMDL that the semantic model is written in, and refuses anything else: tabs alone indent, objects and properties are of the kinds below, an expression that goes over several
/// lines is indented two deeper than what it belongs to.
/// </summary>
internal static partial class Tmdl
{
    /// <summary>Kinds of objects, and what each may have below it: objects, properties and flags.</summary>
    private static readonly Dictionary<string, string[]> s_kinds = new()
    {
        [""] = ["database", "model", "expression", "table", "relationship", "role", "ref"],
        ["database"] = ["compatibilityLevel"],
        ["model"] = ["culture", "defaultPowerBIDataSourceVersion", "discourageImplicitMeasures", "sourceQueryCulture", "annotation"],
        ["expression"] = ["lineageTag", "annotation"],
        ["table"] = ["isHidden", "lineageTag", "dataCategory", "refreshPolicy", "measure", "column", "partition"],
        ["refreshPolicy"] = ["policyType", "rollingWindowGranularity", "rollingWindowPeriods", "incrementalGranularity", "incrementalPeriods", "sourceExpression"],
        ["measure"] = ["formatString", "lineageTag"],
        ["column"] = ["dataType", "isKey", "isHidden", "formatString", "lineageTag", "summarizeBy", "sourceColumn", "sortByColumn"],
        ["partition"] = ["mode", "source"],
        ["relationship"] = ["fromColumn", "toColumn"],
        ["role"] = ["modelPermission", "tablePermission", "annotation"],
        ["tablePermission"] = [],
        ["annotation"] = [],
        ["ref"] = [],
    };

    public static TmdlObject Parse(string text, string file)
    {
        var root = new TmdlObject("", "", "", "", 0);
        var open = new Stack<(int Depth, TmdlObject Object)>([(-1, root)]);
        var lines = text.Split('\n');
        var description = "";
        for (var i = 0; i < lines.Length; i++)
        {
            var line = lines[i];
            if (line.Length == 0)
            {
                continue;
            }

            var depth = line.TakeWhile(c => c == '\t').Count();
            var content = line[depth..];
            Fail(content.Length == 0 || char.IsWhiteSpace(content[0]) || char.IsWhiteSpace(content[^1]) || content.Contains('\r'), "white space where none belongs");
            if (content.StartsWith("/// ", StringComparison.Ordinal))
            {
                description += (description.Length == 0 ? "" : " ") + content[4..];
                continue;
            }

            while (open.Peek().Depth >= depth)
            {
                open.Pop();
            }

            var parent = open.Peek();
            Fail(parent.Depth != depth - 1, "it is indented deeper than what it belongs to");
            var match = Declaration().Match(content);
            Fail(!match.Success, $"'{content}' is no declaration");
            var (kind, name, sign, value) = (match.Groups["kind"].Value, match.Groups["name"].Value, match.Groups["sign"].Value.Trim(), match.Groups["value"].Value);
            Fail(!s_kinds[parent.Object.Kind].Contains(kind), $"'{kind}' does not belong below '{parent.Object.Kind}'");
            if (sign == "=" && value.Length == 0)
            {
                var expression = new List<string>();
                while (i + 1 < lines.Length && (lines[i + 1].Length == 0 || lines[i + 1].StartsWith(new string('\t', depth + 2), StringComparison.Ordinal)))
                {
                    expression.Add(lines[++i]);
                }

                value = string.Join('\n', expression.Select(l => l.Length == 0 ? l : l[(depth + 2)..])).Trim();
                Fail(value.Length == 0, $"'{kind}' has no expression");
            }

            var declared = new TmdlObject(kind, Unquote(name), value, description, i + 1);
            Fail(parent.Object.Children.Any(c => c.Kind == kind && c.Name == declared.Name), $"'{content}' stands here twice");
            description = "";
            parent.Object.Children.Add(declared);
            if (s_kinds.ContainsKey(kind))
            {
                open.Push((depth, declared));
            }

            void Fail(bool isWrong, string why)
            {
                if (isWrong)
                {
                    throw new FormatException($"{file}, line {i + 1}: {why}.");
                }
            }
        }

        return description.Length == 0 ? root : throw new FormatException($"{file}: a description at its end belongs to nothing.");
    }

    /// <summary>A name without its quotes.</summary>
    public static string Unquote(string name) => name.StartsWith('\'') ? name[1..^1].Replace("''", "'", StringComparison.Ordinal) : name;

    [GeneratedRegex("^(?<kind>[A-Za-z]+)(?: (?<name>(?:role |table )?(?:'(?:[^']|'')+'|[A-Za-z0-9_-]+)))?(?:(?<sign>:| =)(?: (?<value>.*))?)?$")]
    private static partial Regex Declaration();
}
