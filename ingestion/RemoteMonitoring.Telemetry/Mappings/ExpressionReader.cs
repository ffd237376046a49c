using System.Globalization;
using System.Text;
using System.Text.Json;
using NodaTime;
using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.Telemetry.Mappings;

/// <summary>Reads what a rule says of code, value, unit and time. Codes and units that are known beforehand are checked against the catalog.</summary>
/// <param name="document">The document's reader, which gathers problems and paths.</param>
/// <param name="group">What the rule is applied to.</param>
/// <param name="carry">Fields that hold for the elements after the one that has them.</param>
/// <param name="arrays">How many arrays the rule goes through.</param>
internal sealed class ExpressionReader(MappingReader document, string group, IReadOnlyList<string> carry, int arrays)
{
    private static readonly string[] s_places = ["path", "calc", "property"];

    /// <summary>Paths that are carried along.</summary>
    public List<int> Carried { get; } = [];

    /// <summary>A reading of fields that are there; null, and reported, where one is wrong or missing.</summary>
    public ReadingPart? Part(Dictionary<string, JsonElement> fields, string at, bool isRequired)
    {
        if (!fields.TryGetValue("code", out var code) || !fields.TryGetValue("value", out var value) || !fields.TryGetValue("unit", out var unit))
        {
            return null; // reported where the fields were read
        }

        var problems = document.Problems.Count;
        var number = Number(value, $"{at}.value");
        var constants = new List<(string Text, string Path)>();
        var codeText = Text(code, $"{at}.code", constants);
        VitalSign? vital = null;
        foreach (var (text, path) in constants)
        {
            if (!document.Catalog.TryGetByCode(text, out vital))
            {
                document.Report(path, $"the catalog has no code '{text}'; take the code of one of its vitals, for instance 8867-4");
            }
        }

        vital = codeText is ConstantText ? vital : null;
        constants.Clear();
        var unitText = Text(unit, $"{at}.unit", constants);
        var conversion = default(UnitConversion);
        foreach (var (text, path) in constants)
        {
            var isKnown = vital is null
                ? document.Catalog.Vitals.Any(v => v.TryGetUnit(text, out _))
                : vital.TryGetUnit(text, out conversion);
            if (!isKnown)
            {
                document.Report(path, vital is null
                    ? $"no vital of the catalog is accepted in '{text}'; take a UCUM unit, for instance mm[Hg]"
                    : $"'{text}' does not measure {vital}; take one of {string.Join(", ", vital.AcceptedUnits.Select(u => u.Unit))}");
            }
        }

        if (document.Problems.Count > problems || number is null || codeText is null || unitText is null)
        {
            return null;
        }

        return new ReadingPart
        {
            Value = number,
            Field = Describe(value),
            Vital = vital,
            Code = vital is null ? codeText : null,
            Conversion = conversion,
            Unit = vital is not null && unitText is ConstantText ? null : unitText,
            IsRequired = isRequired,
        };
    }

    /// <summary>A rule of time: <c>{"from": […], "required": true}</c>.</summary>
    public TimeRule Time(JsonElement time, string at)
    {
        if (document.Fields(time, at, ["from"], ["required"]) is not { } fields)
        {
            return new TimeRule([], false);
        }

        var required = fields.TryGetValue("required", out var must) && document.Truth(must, $"{at}.required");
        return fields.TryGetValue("from", out var from)
            ? new TimeRule([.. document.Items(from, $"{at}.from", "a list of places where a time may stand").Select(s => Source(s.Item, s.Path)).OfType<TimeSource>()], required)
            : new TimeRule([], required);
    }

    public int? Path(string text, string at)
    {
        if (document.ParsePath(text, at) is not { } path)
        {
            return null;
        }

        if (path.Has(PathStepKind.Each) || path.Has(PathStepKind.AnyMember) || path.Has(PathStepKind.Anywhere))
        {
            document.Report(at, $"'{text}' leads to many values; go through them with 'each', or take one with [0] or [name=text]");
            return null;
        }

        if (path.Origin == PathOrigin.Parent && arrays < 2)
        {
            document.Report(at, $"'{text}' asks for the array further out, but the rule goes through {(arrays == 0 ? "none" : "one only")}; write the path from the body: $.…");
            return null;
        }

        var isCarried = path.Origin == PathOrigin.Element && path.Steps.Count > 0 && carry.Contains(path.Steps[0].Name);
        var slot = document.Slot(path, isCarried ? group : "");
        if (isCarried && !Carried.Contains(slot))
        {
            Carried.Add(slot);
        }

        return slot;
    }

    private NumberExpression? Number(JsonElement element, string at)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Number when element.TryGetDouble(out var constant) && double.IsFinite(constant):
                return new ConstantNumber(constant);
            case JsonValueKind.String:
                return document.Text(element, at) is { } text && Path(text, at) is { } path ? new NumberAt(path) : null;
            case JsonValueKind.Array:
                var alternatives = document.Items(element, at, "a list of alternatives").Select(a => Number(a.Item, a.Path)).ToArray();
                return alternatives.Length == 0 || alternatives.Contains(null) ? null : new FirstNumber(alternatives!);
            case JsonValueKind.Object when element.TryGetProperty("calc", out var calc):
                return document.Fields(element, at, ["calc"], []) is not null && document.Text(calc, $"{at}.calc") is { } expression
                    ? new CalculationReader(expression, this, document, $"{at}.calc").Read()
                    : null;
            case JsonValueKind.Object:
                return Text(element, at, []) is { } found ? new NumberOfText(found, $"what '{Describe(element)}' stands for") : null;
            default:
                document.Report(at, "is to be a path, a number, or one of {\"path\"}, {\"calc\"}, {\"lookup\"}, or a list of such");
                return null;
        }
    }

    /// <param name="element">What the document says.</param>
    /// <param name="at">Where.</param>
    /// <param name="constants">Gathers the texts that are known beforehand.</param>
    private TextExpression? Text(JsonElement element, string at, List<(string Text, string Path)> constants)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                return Constant(element, at, constants);
            case JsonValueKind.Array:
                var alternatives = document.Items(element, at, "a list of alternatives").Select(a => Text(a.Item, a.Path, constants)).ToArray();
                return alternatives.Length == 0 || alternatives.Contains(null) ? null : new FirstText(alternatives!);
            case JsonValueKind.Object when element.TryGetProperty("lookup", out _):
                return document.Fields(element, at, ["lookup", "table"], []) is { Count: 2 } fields ? ReadLookup(fields, at, constants) : null;
            case JsonValueKind.Object:
                return document.Fields(element, at, ["path"], []) is { Count: 1 } one && document.Text(one["path"], $"{at}.path") is { } text && Path(text, $"{at}.path") is { } slot
                    ? new TextAt(slot)
                    : null;
            default:
                document.Report(at, "is to be text, or one of {\"path\"}, {\"lookup\", \"table\"}, or a list of such");
                return null;
        }
    }

    private ConstantText? Constant(JsonElement element, string at, List<(string Text, string Path)> constants)
    {
        if (document.Text(element, at) is not { } text)
        {
            return null;
        }

        constants.Add((text, at));
        return new ConstantText(Encoding.UTF8.GetBytes(text));
    }

    private Lookup? ReadLookup(Dictionary<string, JsonElement> fields, string at, List<(string Text, string Path)> constants)
    {
        // What is looked up is a path, or a list of them: text here is no constant.
        var lookup = fields["lookup"];
        var paths = lookup.ValueKind == JsonValueKind.Array ? document.Items(lookup, $"{at}.lookup", "a path or a list of paths") : [(lookup, $"{at}.lookup")];
        TextExpression?[] keys = [.. paths.Select(p => document.Text(p.Item, p.Path) is { } text && Path(text, p.Path) is { } slot ? new TextAt(slot) : null)];
        if (document.Fields(fields["table"], $"{at}.table", [], null) is not { } table || keys.Contains(null) || keys.Length == 0)
        {
            return null;
        }

        var values = new List<byte[]?>();
        foreach (var (name, value) in table)
        {
            var path = $"{at}.table.{name}";
            switch (value.ValueKind)
            {
                case JsonValueKind.Null:
                    values.Add(null);
                    break;
                case JsonValueKind.Number:
                    values.Add(Encoding.UTF8.GetBytes(value.GetRawText()));
                    break;
                default:
                    values.Add(Constant(value, path, constants) is { } constant ? Encoding.UTF8.GetBytes(constants[^1].Text) : null);
                    break;
            }
        }

        return new Lookup(keys.Length == 1 ? keys[0]! : new FirstText(keys!), new Utf8Index([.. table.Keys]), [.. values]);
    }

    private TimeSource? Source(JsonElement source, string at)
    {
        if (source.ValueKind == JsonValueKind.String)
        {
            return document.Text(source, at) is { } text && Path(text, at) is { } slot
                ? new TimeSource(new TextAt(slot), null, $"the field '{text}'", null, TimeFormat.Iso8601, null)
                : null;
        }

        if (document.Fields(source, at, [], ["path", "calc", "property", "format", "zone"]) is not { } fields)
        {
            return null;
        }

        var places = s_places.Where(fields.ContainsKey).ToArray();
        if (places.Length != 1)
        {
            document.Report(at, "is to have one of 'path', 'calc' and 'property'");
            return null;
        }

        var format = Format(fields, at, places[0] == "calc");
        var zone = Zone(fields, at, format);
        if (document.Text(fields[places[0]], $"{at}.{places[0]}") is not { } where)
        {
            return null;
        }

        switch (places[0])
        {
            case "property":
                // The hub's own property says in its name which zone it is in.
                var utc = where == Messages.DeviceMessage.CreationTimeProperty ? DateTimeZone.Utc : null;
                return new TimeSource(null, null, $"the property '{where}'", Encoding.UTF8.GetBytes(where), format, zone ?? utc);
            case "path":
                return Path(where, $"{at}.path") is { } slot ? new TimeSource(new TextAt(slot), null, $"the field '{where}'", null, format, zone) : null;
            default:
                return new CalculationReader(where, this, document, $"{at}.calc").Read() is { } number ? new TimeSource(null, number, $"'{where}'", null, format, zone) : null;
        }
    }

    private TimeFormat Format(Dictionary<string, JsonElement> fields, string at, bool isNumber)
    {
        var text = fields.TryGetValue("format", out var given) ? document.Text(given, $"{at}.format") : "iso8601";
        TimeFormat? format = text switch
        {
            "iso8601" => TimeFormat.Iso8601,
            "epoch-seconds" => TimeFormat.EpochSeconds,
            "epoch-milliseconds" => TimeFormat.EpochMilliseconds,
            "senml-seconds" => TimeFormat.SenMLSeconds,
            _ => null,
        };
        if (text is not null && (format is null || (isNumber && format == TimeFormat.Iso8601)))
        {
            document.Report($"{at}.format", $"is to be {(isNumber ? "" : "iso8601, ")}epoch-seconds, epoch-milliseconds or senml-seconds");
        }

        return format ?? TimeFormat.Iso8601;
    }

    private DateTimeZone? Zone(Dictionary<string, JsonElement> fields, string at, TimeFormat format)
    {
        if (!fields.TryGetValue("zone", out var given) || document.Text(given, $"{at}.zone") is not { } name)
        {
            return null;
        }

        if (format != TimeFormat.Iso8601)
        {
            document.Report($"{at}.zone", "is for iso8601 only: seconds since 1970 are in UTC; remove it");
            return null;
        }

        var zone = DateTimeZoneProviders.Tzdb.GetZoneOrNull(name);
        if (zone is null)
        {
            document.Report($"{at}.zone", $"'{name}' is no IANA zone; write one such as Europe/London, or UTC");
        }

        return zone;
    }

    /// <summary>Where a value is looked for, in few words.</summary>
    private static string Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Array => string.Join(" or ", value.EnumerateArray().Select(Describe)),
        JsonValueKind.Object when value.TryGetProperty("path", out var path) => Describe(path),
        JsonValueKind.Object when value.TryGetProperty("calc", out var calc) => Describe(calc),
        JsonValueKind.Object when value.TryGetProperty("lookup", out var lookup) => Describe(lookup),
        _ => value.GetRawText() is { Length: <= 40 } raw ? raw.ToString(CultureInfo.InvariantCulture) : "value",
    };
}
