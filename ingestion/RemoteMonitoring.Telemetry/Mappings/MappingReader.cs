using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.Telemetry.Mappings;

/// <summary>Reads a mapping's document field by field, and gathers all that is wrong with it.</summary>
internal sealed partial class MappingReader(VitalSignCatalog catalog)
{
    private const int SchemaVersion = 1;
    private const int MaxDocumentBytes = 256 * 1024;
    private const int MaxRules = 200;
    private const int MaxPaths = 1000;

    private readonly Dictionary<(string Group, string Path), int> _slots = [];
    private readonly List<MappingPath> _paths = [];
    private readonly List<RuleGroup> _groups = [];
    private JsonElement? _time; // read anew for each rule: its paths start at the rule's elements

    public List<MappingProblem> Problems { get; } = [];

    public string Name { get; private set; } = "";

    public int Version { get; private set; }

    public string Description { get; private set; } = "";

    public string? Source { get; private set; }

    public MatchRule Match { get; private set; } = new([], [], []);

    public IReadOnlyList<RuleGroup> Groups => _groups;

    public IReadOnlyList<MappingPath> Paths => _paths;

    public VitalSignCatalog Catalog => catalog;

    /// <summary>False where anything is wrong.</summary>
    public bool Read(byte[] text)
    {
        if (text.Length > MaxDocumentBytes)
        {
            Report("", $"the document has {text.Length} bytes; a mapping may have {MaxDocumentBytes}");
            return false;
        }

        try
        {
            using var json = JsonDocument.Parse(text);
            ReadDocument(json.RootElement);
        }
        catch (JsonException e)
        {
            Report("", $"not valid JSON: mend line {(e.LineNumber ?? 0) + 1}, byte {(e.BytePositionInLine ?? 0) + 1}");
        }

        return Problems.Count == 0;
    }

    public void Report(string path, string text)
    {
        var problem = new MappingProblem(path, text);
        if (!Problems.Contains(problem))
        {
            Problems.Add(problem);
        }
    }

    private void ReadDocument(JsonElement root)
    {
        if (Fields(root, "", ["schemaVersion", "name", "version", "description", "match", "readings"], ["source", "time"]) is not { } fields)
        {
            return;
        }

        if (fields.TryGetValue("name", out var name) && Text(name, "name") is { } n)
        {
            Name = n.Length <= 64 ? n : n[..64];
            if (!NameForm().IsMatch(n))
            {
                Report("name", "is no name; take lower-case letters, digits and hyphens, at most 64, a letter or digit first");
            }
        }

        if (Whole(fields, "schemaVersion") is { } schema && schema != SchemaVersion)
        {
            Report("schemaVersion", $"is {schema}; this version reads {SchemaVersion}");
        }

        Version = Whole(fields, "version") ?? 0;
        if (fields.TryGetValue("description", out var description) && Text(description, "description") is { } d)
        {
            Description = d;
            if (d.Length is 0 or > 200 || d.Contains('\n', StringComparison.Ordinal))
            {
                Report("description", "is to be one line of 1 to 200 characters that says which devices the mapping is for");
            }
        }

        Source = fields.TryGetValue("source", out var source) ? Text(source, "source") : null;
        if (fields.TryGetValue("match", out var match))
        {
            Match = ReadMatch(match);
        }

        if (fields.TryGetValue("time", out var time))
        {
            _time = time;
        }

        if (fields.TryGetValue("readings", out var readings))
        {
            ReadRules(readings);
        }
    }

    private MatchRule ReadMatch(JsonElement match)
    {
        if (Fields(match, "match", [], ["properties", "shape", "unless"]) is not { } fields)
        {
            return Match;
        }

        var problems = Problems.Count;
        var properties = new List<(string, byte[])>();
        if (fields.TryGetValue("properties", out var listed) && Fields(listed, "match.properties", [], null) is { } named)
        {
            foreach (var (name, value) in named)
            {
                if (Text(value, $"match.properties.{name}") is { } text)
                {
                    properties.Add((name, Encoding.UTF8.GetBytes(text)));
                    if (text.Length > 60)
                    {
                        Report($"match.properties.{name}", "is longer than the 60 characters that are compared; shorten it");
                    }
                }
            }
        }

        var shape = new List<ShapeCondition[]>();
        if (fields.TryGetValue("shape", out var groups))
        {
            foreach (var (group, path) in Items(groups, "match.shape", "a list of groups, each a list of paths: [[\"systolic\", \"diastolic\"], [\"pulse\"]]"))
            {
                ShapeCondition[] conditions = [.. Items(group, path, "a list of paths: [\"systolic\", \"diastolic\"]").Select(c => ReadCondition(c.Item, c.Path)).OfType<ShapeCondition>()];
                if (conditions.Length > 0)
                {
                    shape.Add(conditions);
                }
            }
        }

        ShapeCondition[] unless = fields.TryGetValue("unless", out var not)
            ? [.. Items(not, "match.unless", "a list of paths").Select(c => ReadCondition(c.Item, c.Path)).OfType<ShapeCondition>()]
            : [];
        if (properties.Count == 0 && shape.Count == 0 && Problems.Count == problems)
        {
            Report("match", "matches every message; name a property under 'properties', or the fields by which the body is known under 'shape'");
        }

        return new MatchRule([.. properties], [.. shape], unless);
    }

    private ShapeCondition? ReadCondition(JsonElement condition, string at)
    {
        string? equals = null;
        if (condition.ValueKind == JsonValueKind.Object)
        {
            if (Fields(condition, at, ["path", "equals"], []) is not { Count: 2 } fields)
            {
                return null;
            }

            equals = Text(fields["equals"], $"{at}.equals");
            condition = fields["path"];
            at += ".path";
        }

        if (Text(condition, at) is not { } text || ParsePath(text, at) is not { } path)
        {
            return null;
        }

        var anywhere = path.Has(PathStepKind.Anywhere);
        if (path.Origin == PathOrigin.Parent || path.Has(PathStepKind.Where) || (anywhere && path.Steps is not [{ Kind: PathStepKind.Anywhere }, { Kind: PathStepKind.Member }]) || (anywhere && equals is not null))
        {
            Report(at, $"'{text}' cannot be asked of a body; write names, [], [0], * or **.name, from the body");
            return null;
        }

        return new ShapeCondition(Slot(path, ""), equals is null ? null : Encoding.UTF8.GetBytes(equals));
    }

    private void ReadRules(JsonElement readings)
    {
        var rules = Items(readings, "readings", "a list of rules").ToArray();
        if (rules.Length > MaxRules)
        {
            Report("readings", $"has {rules.Length} rules; a mapping may have {MaxRules}");
            return;
        }

        foreach (var (rule, at) in rules)
        {
            ReadRule(rule, at);
        }

        if (_paths.Count > MaxPaths)
        {
            Report("readings", $"speaks of {_paths.Count} paths; a mapping may speak of {MaxPaths}");
        }
    }

    private void ReadRule(JsonElement rule, string at)
    {
        var isComposite = rule.ValueKind == JsonValueKind.Object && rule.TryGetProperty("parts", out _);
        if (Fields(rule, at, isComposite ? ["parts"] : ["code", "value", "unit"], ["each", "carry", "time", "required"]) is not { } fields)
        {
            return;
        }

        var each = ReadEach(fields, at, out var arrays);
        var key = string.Join('|', each.Select(p => p.Text));
        var carry = new List<string>();
        if (fields.TryGetValue("carry", out var carried))
        {
            carry.AddRange(Items(carried, $"{at}.carry", "a list of field names").Select(c => Text(c.Item, c.Path)).OfType<string>());
        }

        var expressions = new ExpressionReader(this, key, carry, arrays);
        var time = fields.TryGetValue("time", out var own) ? expressions.Time(own, $"{at}.time")
            : _time is { } common ? expressions.Time(common, "time")
            : new TimeRule([], false);
        var required = fields.TryGetValue("required", out var must) && Truth(must, $"{at}.required");
        ReadingPart?[] parts = isComposite
            ? [.. Items(fields["parts"], $"{at}.parts", "a list of readings").Select(p => ReadPart(p.Item, p.Path, expressions))]
            : [expressions.Part(fields, at, false)];
        if (isComposite && parts.Length is 0 or > ReadingRule.MaxParts)
        {
            Report($"{at}.parts", $"has {parts.Length} parts; a measurement has 1 to {ReadingRule.MaxParts}");
        }

        if (parts.Contains(null) || parts.Length == 0)
        {
            return;
        }

        var group = _groups.Find(g => g.Key == key);
        if (group is null)
        {
            group = new RuleGroup(key, [.. each.Select(p => Slot(p, ""))], [], []);
            _groups.Add(group);
        }

        group.Carried.AddRange(expressions.Carried.Except(group.Carried));
        group.Rules.Add(new ReadingRule(parts!, required, time));
    }

    private ReadingPart? ReadPart(JsonElement part, string at, ExpressionReader expressions)
    {
        if (Fields(part, at, ["code", "value", "unit"], ["required"]) is not { } fields)
        {
            return null;
        }

        return expressions.Part(fields, at, !fields.TryGetValue("required", out var must) || Truth(must, $"{at}.required"));
    }

    private MappingPath[] ReadEach(Dictionary<string, JsonElement> fields, string at, out int arrays)
    {
        arrays = 0;
        if (!fields.TryGetValue("each", out var each))
        {
            return [ParsePath("$", at)!];
        }

        var texts = each.ValueKind == JsonValueKind.Array ? Items(each, $"{at}.each", "a path or a list of paths") : [(each, $"{at}.each")];
        var paths = new List<MappingPath>();
        foreach (var (item, path) in texts)
        {
            if (Text(item, path) is not { } text || ParsePath(text, path) is not { } parsed)
            {
                continue;
            }

            if (parsed.Origin == PathOrigin.Parent || parsed.Arrays > 2 || (parsed.Has(PathStepKind.Anywhere) && parsed.Steps.Count > 1))
            {
                Report(path, $"'{text}' cannot be gone through; write a path from the body with at most two [], one within the other, or ** alone");
                continue;
            }

            arrays = Math.Max(arrays, parsed.Arrays);
            paths.Add(parsed);
        }

        return [.. paths];
    }

    public MappingPath? ParsePath(string text, string at)
    {
        var path = MappingPath.Parse(text, out var problem);
        if (path is null)
        {
            Report(at, problem);
        }

        return path;
    }

    /// <summary>The path's place in the list of paths; paths of elements that carry fields along are their group's own.</summary>
    public int Slot(MappingPath path, string group)
    {
        if (!_slots.TryGetValue((group, path.Text), out var slot))
        {
            slot = _paths.Count;
            _paths.Add(path);
            _slots.Add((group, path.Text), slot);
        }

        return slot;
    }

    /// <summary>An object's fields; null where it is none. Missing, unknown and repeated ones are reported. No list of optional ones means that any may be there.</summary>
    public Dictionary<string, JsonElement>? Fields(JsonElement element, string at, string[] required, string[]? optional)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            Report(at, "is to be an object: {…}");
            return null;
        }

        var fields = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
        foreach (var field in element.EnumerateObject())
        {
            var path = at.Length == 0 ? field.Name : $"{at}.{field.Name}";
            if (optional is not null && !required.Contains(field.Name) && !optional.Contains(field.Name))
            {
                Report(path, $"is no field here; remove it, or take one of {string.Join(", ", required.Concat(optional))}");
            }
            else if (!fields.TryAdd(field.Name, field.Value))
            {
                Report(path, "appears twice; remove one");
            }
        }

        foreach (var missing in required.Where(r => !fields.ContainsKey(r)))
        {
            Report(at.Length == 0 ? missing : $"{at}.{missing}", "is missing; add it");
        }

        return fields;
    }

    public string? Text(JsonElement element, string at)
    {
        if (element.ValueKind == JsonValueKind.String)
        {
            try
            {
                return element.GetString();
            }
            catch (InvalidOperationException)
            {
                Report(at, "is not valid text: write it in UTF-8, without half surrogate pairs");
                return null;
            }
        }

        Report(at, "is to be text: \"…\"");
        return null;
    }

    public bool Truth(JsonElement element, string at)
    {
        if (element.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            Report(at, "is to be true or false");
        }

        return element.ValueKind == JsonValueKind.True;
    }

    /// <summary>A list's items with their paths; nothing, and a report, where it is no list or an empty one.</summary>
    public IEnumerable<(JsonElement Item, string Path)> Items(JsonElement element, string at, string expected)
    {
        if (element.ValueKind != JsonValueKind.Array || element.GetArrayLength() == 0)
        {
            Report(at, $"is to be {expected}, and not empty");
            return [];
        }

        return element.EnumerateArray().Select((item, i) => (item, string.Create(CultureInfo.InvariantCulture, $"{at}[{i}]"))).ToArray();
    }

    private int? Whole(Dictionary<string, JsonElement> fields, string name)
    {
        if (!fields.TryGetValue(name, out var element))
        {
            return null;
        }

        if (element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out var whole) && whole is >= 1 and <= 9999)
        {
            return whole;
        }

        Report(name, "is to be a whole number from 1 to 9999");
        return null;
    }

    [GeneratedRegex("^[a-z0-9][a-z0-9-]{0,63}$")]
    private static partial Regex NameForm();
}
