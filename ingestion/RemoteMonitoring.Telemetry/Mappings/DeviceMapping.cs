using System.Text;
using System.Text.Json;
using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.Telemetry.Mappings;

/// <summary>
/// How the messages of a kind of device become readings, as a JSON document: data, not code. Unknown and repeated fields of the
/// document are refused, codes and units are checked against the catalog when it is read.
/// <code>
/// {
///   "schemaVersion": 1,
///   "name": "acme-cuff", "version": 2,              // together the label acme-cuff/2 that every reading carries
///   "description": "Acme upper-arm cuffs, one measurement a message",
///   "source": "where the format is documented",     // optional
///   "match": {
///     "properties": {"device-model": "cuff-3"},      // application properties, all of them
///     "shape": [["sys", "dia"], [{"path": "type", "equals": "bp"}]],  // one of these groups: each path is there, and is that text
///     "unless": ["readings"]                         // none of these is there
///   },
///   "time": {"from": ["takenAt", {"path": "ts", "format": "epoch-seconds"}, {"property": "iothub-creation-time-utc"}], "required": false},
///   "readings": [
///     {"code": "8867-4", "value": "pulse", "unit": "/min"},
///     {"parts": [{"code": "8480-6", "value": "sys", "unit": "mm[Hg]"}, {"code": "8462-4", "value": "dia", "unit": "mm[Hg]"}]},
///     {"each": "log[].samples[]", "code": {"lookup": "kind", "table": {"W": "29463-7", "B": null}},
///      "value": {"calc": "raw * 10 ^ (scale ?? 0)"}, "unit": [{"path": "..unit"}, "kg"], "time": {"from": ["t"]}}
///   ]
/// }
/// </code>
/// <para>Paths: <c>a.b</c> from the element at hand (the body where a rule has no <c>each</c>), <c>..a</c> one array further out, <c>$.a</c>
/// from the body, <c>[0]</c> an element, <c>[name=text]</c> the first element with that member, <c>'any name'</c> in quotes. A field that
/// is null is absent; one that a path leads through twice makes the reading unparsable. In <c>each</c>, <c>[]</c> goes through an array
/// (at most two, one within the other), <c>*</c> through all members, and <c>**</c> alone through every object of the body; a list of
/// paths is gone through one after the other. In <c>match</c>, <c>**.name</c> asks for a name anywhere.</para>
/// <para>Values and times given as text are paths; codes and units given as text are constants. All take <c>{"path": P}</c>,
/// <c>{"lookup": P, "table": {…}}</c> (a text that is not in the table stands for itself; null says that this is no reading) and a list, of
/// which the first that is there counts. Values and times also take <c>{"calc": E}</c> with <c>+ - * / ^ ( )</c>, numbers, paths, and
/// <c>a ?? b</c> for b where a is absent. <c>carry</c> names fields that, once given by an element, hold for those after it.</para>
/// <para>Time formats: <c>iso8601</c> (the default; a text without offset is no instant unless <c>zone</c> names the IANA zone it is
/// in, <c>UTC</c> among them), <c>epoch-seconds</c>, <c>epoch-milliseconds</c>, <c>senml-seconds</c>. Where none of the places has a time, the
/// hub's enqueued time is taken, unless the time is <c>required</c>.</para>
/// <para>The identity of the device is never taken from a body: there is no field for it.</para>
/// </summary>
public sealed class DeviceMapping
{
    internal DeviceMapping(MappingReader reader, string document)
    {
        Name = reader.Name;
        Version = reader.Version;
        Description = reader.Description;
        Source = reader.Source;
        Label = $"{Name}/{Version}";
        Document = document;
        Match = reader.Match;
        Groups = [.. reader.Groups];
        Paths = [.. reader.Paths];
        NothingFound = $"the body holds no reading that the mapping {Label} knows (it looks for {Fields(reader.Groups)})";
        NothingInElement = $"this element holds no reading that the mapping {Label} knows (it looks for {Fields(reader.Groups)})";
    }

    /// <summary>Name, the same in all versions: lower-case letters, digits and hyphens.</summary>
    public string Name { get; }

    /// <summary>Version, from 1; what a version says never changes.</summary>
    public int Version { get; }

    /// <summary>Name and version, <c>name/version</c>: what each reading carries.</summary>
    public string Label { get; }

    /// <summary>Which devices or format it is for, in one line.</summary>
    public string Description { get; }

    /// <summary>Where the format is documented, or null.</summary>
    public string? Source { get; }

    /// <summary>The document as given.</summary>
    public string Document { get; }

    /// <summary>How it is chosen, for people: <c>by property device-model=cuff-3</c>, <c>by shape sys, dia</c>.</summary>
    public string ChosenBy => string.Join(" and ", new[]
    {
        Match.IsByProperty ? $"property {string.Join(", ", Match.Properties.Select(p => $"{p.Name}={Encoding.UTF8.GetString(p.Value)}"))}" : "",
        Match.Shape.Length > 0 ? $"shape {string.Join(" or ", Match.Shape.Select(g => string.Join("+", g.Select(c => c.Text is null ? Paths[c.Path].Text : $"{Paths[c.Path].Text}={Encoding.UTF8.GetString(c.Text)}"))))}" : "",
    }.Where(s => s.Length > 0));

    internal MatchRule Match { get; }

    internal RuleGroup[] Groups { get; }

    internal MappingPath[] Paths { get; }

    internal string NothingFound { get; }

    internal string NothingInElement { get; }

    /// <summary>The document without its blanks: two mappings that say the same in the same order have the same.</summary>
    internal byte[] Definition()
    {
        using var json = JsonDocument.Parse(Document, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip });
        return JsonSerializer.SerializeToUtf8Bytes(json.RootElement, MappingJson.Default.JsonElement);
    }

    /// <summary>Reads a document; throws <see cref="MappingException"/>, which lists all that is wrong with it.</summary>
    public static DeviceMapping Parse(ReadOnlySpan<byte> json, VitalSignCatalog catalog)
    {
        if (json.StartsWith(Encoding.UTF8.Preamble))
        {
            json = json[Encoding.UTF8.Preamble.Length..];
        }

        var reader = new MappingReader(catalog);
        return reader.Read(json.ToArray())
            ? new DeviceMapping(reader, Encoding.UTF8.GetString(json))
            : throw new MappingException(reader.Name, reader.Problems);
    }

    /// <inheritdoc />
    public override string ToString() => Label;

    private static string Fields(IEnumerable<RuleGroup> groups)
    {
        var fields = groups.SelectMany(g => g.Rules).SelectMany(r => r.Parts).Select(p => p.Field.Split(" or ")[0]).Distinct(StringComparer.Ordinal).ToArray();
        return string.Join(", ", fields.Take(6)) + (fields.Length > 6 ? ", …" : "");
    }
}

/// <summary>One thing that is wrong with a mapping's document.</summary>
/// <param name="Path">Where in the document, for instance <c>readings[0].unit</c>; empty for the document itself.</param>
/// <param name="Text">What is wrong, and what would be right.</param>
public readonly record struct MappingProblem(string Path, string Text)
{
    /// <inheritdoc />
    public override string ToString() => Path.Length == 0 ? Text : $"{Path}: {Text}";
}

/// <summary>A mapping that cannot be used. The message is one line that names the mapping, the field and the mend.</summary>
public sealed class MappingException(string name, IReadOnlyList<MappingProblem> problems)
    : Exception($"mapping '{name}', {problems[0]}{(problems.Count > 1 ? $" (and {problems.Count - 1} more)" : "")}")
{
    /// <summary>Name of the mapping, as far as it could be read.</summary>
    public string Name { get; } = name;

    /// <summary>All that is wrong, at least one thing.</summary>
    public IReadOnlyList<MappingProblem> Problems { get; } = problems;
}

[System.Text.Json.Serialization.JsonSerializable(typeof(JsonElement))]
internal sealed partial class MappingJson : System.Text.Json.Serialization.JsonSerializerContext;
