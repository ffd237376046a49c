using System.Text.Json;
using System.Text.RegularExpressions;
using Xunit.Sdk;

namespace RemoteMonitoring.Worklist.Tests.Delivery;

/// <summary>
/// What FHIR R4 (4.0.1) says of the resources that are exported, written down from its pages and not from the library that makes them: which members there may be and
/// must be, primitives by their regular expressions, bound codes, invariants, and that a reference within the file leads to a line before it.
/// </summary>
internal static partial class FhirR4Rules
{
    // A member's name, '!' where it is required, '*' where it is a list, and its type.
    private static readonly Dictionary<string, string[]> s_types = new(StringComparer.Ordinal)
    {
        ["Device"] = ["resourceType!:code", "id!:id", "identifier*:Identifier", "status:code=active|inactive|entered-in-error|unknown", "deviceName*:Device.deviceName", "type:CodeableConcept", "version*:Device.version"],
        ["Device.deviceName"] = ["name!:string", "type!:code=udi-label-name|user-friendly-name|patient-reported-name|manufacturer-name|model-name|other"],
        ["Device.version"] = ["value!:string"],
        ["Observation"] = ["resourceType!:code", "id!:id", "status!:code=final|corrected", "code!:CodeableConcept", "subject!:Reference", "effectiveDateTime:dateTime", "effectivePeriod:Period", "valueQuantity!:Quantity", "device:Reference"],
        ["RiskAssessment"] = ["resourceType!:code", "id!:id", "identifier*:Identifier", "status!:code=final", "method!:CodeableConcept", "subject!:Reference", "occurrenceDateTime!:dateTime", "performer!:Reference", "basis*:Reference", "prediction!*:RiskAssessment.prediction"],
        ["RiskAssessment.prediction"] = ["outcome!:CodeableConcept", "probabilityDecimal!:percentage", "qualitativeRisk:CodeableConcept", "whenPeriod:Period", "rationale:string"],
        ["OperationOutcome"] = ["resourceType!:code", "issue!*:OperationOutcome.issue"],
        ["OperationOutcome.issue"] = ["severity!:code=fatal|error|warning|information", "code!:code=informational", "diagnostics:string"],
        ["CodeableConcept"] = ["coding*:Coding", "text:string"],
        ["Coding"] = ["system!:uri", "code!:code", "display:string"],
        ["Quantity"] = ["value!:decimal", "unit:string", "system!:uri", "code!:code"],
        ["Identifier"] = ["system!:uri", "value!:string"],
        ["Reference"] = ["reference:string", "type:uri", "identifier:Identifier"],
        ["Period"] = ["start!:dateTime", "end:dateTime"],
    };

    /// <summary>Reads the lines of a file as resources; the first that is not as R4 says fails the test.</summary>
    public static IReadOnlyList<JsonElement> Read(string file)
    {
        if (file.Length == 0 || file[^1] != '\n' || file.Contains('\r', StringComparison.Ordinal) || file[0] == '\uFEFF')
        {
            throw new XunitException("NDJSON ends each line with a line feed, and begins with its first resource.");
        }

        var (read, names) = (new List<JsonElement>(), new HashSet<string>(StringComparer.Ordinal));
        foreach (var line in file[..^1].Split('\n'))
        {
            var resource = JsonDocument.Parse(line, new JsonDocumentOptions { AllowDuplicateProperties = false }).RootElement;
            var type = resource.GetProperty("resourceType").GetString()!;
            Check(type, resource, type, names);
            if (resource.TryGetProperty("id", out var id) && !names.Add($"{type}/{id}"))
            {
                throw new XunitException($"{type}/{id} is there twice.");
            }

            read.Add(resource);
        }

        return read;
    }

    private static void Check(string type, JsonElement value, string at, HashSet<string> names)
    {
        if (!s_types.TryGetValue(type, out var members))
        {
            Primitive(type, value, at);
            return;
        }

        var known = members.Select(m => (Name: m.Split(':')[0].TrimEnd('!', '*'), Flags: m.Split(':')[0], Type: m[(m.IndexOf(':', StringComparison.Ordinal) + 1)..])).ToArray();
        foreach (var member in value.EnumerateObject())
        {
            var rule = known.FirstOrDefault(k => k.Name == member.Name);
            Require(rule.Name is not null, $"{at}.{member.Name} is not known");
            var isList = rule.Flags.Contains('*', StringComparison.Ordinal);
            Require(isList == (member.Value.ValueKind == JsonValueKind.Array), $"{at}.{member.Name} is a list, or is none");
            Require(!isList || member.Value.GetArrayLength() > 0, $"{at}.{member.Name} is an empty list");
            foreach (var item in isList ? member.Value.EnumerateArray() : (IEnumerable<JsonElement>)[member.Value])
            {
                Check(rule.Type, item, $"{at}.{member.Name}", names);
            }
        }

        Require(value.EnumerateObject().Any(), $"{at} is empty");
        Assert.All(known.Where(k => k.Flags.Contains('!', StringComparison.Ordinal)), k => Require(value.TryGetProperty(k.Name, out _), $"{at}.{k.Name} is missing"));
        if (type == "Reference")
        {
            // ref-1 is of contained resources, of which there are none: a reference leads to a line before it, or names whom it is of by identifier.
            Require(value.TryGetProperty("reference", out var to) ? names.Contains(to.GetString()!) : value.TryGetProperty("identifier", out _) && value.TryGetProperty("type", out _), $"{at} leads nowhere");
        }

        if (type == "Quantity")
        {
            var unit = value.GetProperty("code").GetString()!;
            Require(value.GetProperty("system").GetString() != "http://unitsofmeasure.org" || unit.TrimStart('/').Split('/', '.').All(u => UcumUnit().IsMatch(u)), $"{at}: UCUM does not know '{unit}'");
        }

        if (type == "Period" && value.TryGetProperty("end", out var end))
        {
            Require(DateTimeOffset.Parse(value.GetProperty("start").GetString()!, System.Globalization.CultureInfo.InvariantCulture) <= DateTimeOffset.Parse(end.GetString()!, System.Globalization.CultureInfo.InvariantCulture), $"{at}: per-1");
        }
    }

    private static void Primitive(string type, JsonElement value, string at)
    {
        var isNumber = type is "decimal" or "percentage";
        Require(value.ValueKind == (isNumber ? JsonValueKind.Number : JsonValueKind.String), $"{at} is no {type}");
        var text = isNumber ? value.GetRawText() : value.GetString()!;
        var form = type.Split('=') switch
        {
            ["id"] => Id().IsMatch(text),
            ["code", var codes] => codes.Split('|').Contains(text),
            ["code"] => Code().IsMatch(text),
            ["uri"] => Uri().IsMatch(text),
            ["string"] => text.Length is > 0 and < 1024 * 1024 && !text.Any(c => char.IsControl(c) && c is not '\t' and not '\n' and not '\r') && text.Trim().Length > 0,
            ["dateTime"] => DateTime().IsMatch(text),
            ["decimal"] => Decimal().IsMatch(text),
            // ras-2 of RiskAssessment: a decimal is a percentage.
            ["percentage"] => Decimal().IsMatch(text) && value.GetDecimal() is >= 0 and <= 100,
            _ => throw new XunitException($"{at}: no rule for {type}."),
        };
        Require(form, $"{at}: '{text}' is no {type}");
    }

    private static void Require(bool holds, string problem)
    {
        if (!holds)
        {
            throw new XunitException(problem);
        }
    }

    [GeneratedRegex(@"^[A-Za-z0-9\-\.]{1,64}$")]
    private static partial Regex Id();

    [GeneratedRegex(@"^[^\s]+(\s[^\s]+)*$")]
    private static partial Regex Code();

    [GeneratedRegex(@"^\S+$")]
    private static partial Regex Uri();

    [GeneratedRegex(@"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$")]
    private static partial Regex Decimal();

    // Of the Unified Code for Units of Measure what clinics measure in: prefixes go before metric units alone; what is in braces is a remark, which may be all.
    [GeneratedRegex(@"^(\{[!-z|~]+\}|([1-9][0-9]*|10\*|%|min|h|d|wk|\[pH\]|\[lb_av\]|[YZEPTGMkhdcmunpfaAzy]?(m\[Hg\]|m|g|s|L|l|mol|U|Cel|K|eq|\[iU\]|Pa))-?[0-9]*(\{[!-z|~]+\})?)$")]
    private static partial Regex UcumUnit();

    // With a time, which has seconds and a zone.
    [GeneratedRegex(@"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[1-2][0-9]|3[0-1])T([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?(Z|(\+|-)((0[0-9]|1[0-3]):[0-5][0-9]|14:00))$")]
    private static partial Regex DateTime();
}
