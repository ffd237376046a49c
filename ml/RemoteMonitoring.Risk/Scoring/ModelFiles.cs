using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using RemoteMonitoring.Risk.Elsewhere;
using RemoteMonitoring.Risk.Trees;

namespace RemoteMonitoring.Risk.Scoring;

/// <summary>
/// A model as named files: <c>trees.txt</c> (LightGBM's model text, which LightGBM loads in any language) or <c>model.onnx</c>,
/// of one from elsewhere <c>features.json</c>, and <c>model.json</c>, which names the others' hashes and its own (over itself
/// with zeros in its place) and is to be written last.
/// </summary>
public static class ModelFiles
{
    private static readonly string s_noHash = new('0', 64);

    /// <summary>The trees.</summary>
    public const string TreesName = "trees.txt";

    /// <summary>An ONNX model.</summary>
    public const string OnnxName = "model.onnx";

    /// <summary>What the features of a model from elsewhere are made of.</summary>
    public const string MappingName = "features.json";

    /// <summary>Everything else.</summary>
    public const string DocumentName = "model.json";

    /// <summary>All files that a model may have.</summary>
    public static IReadOnlyList<string> Names { get; } = [TreesName, OnnxName, MappingName, DocumentName];

    /// <summary>Those of a model that was trained here.</summary>
    public static IReadOnlyList<string> TrainedNames { get; } = [TreesName, DocumentName];

    /// <summary>The files' contents, in the order to write them in.</summary>
    public static IReadOnlyList<KeyValuePair<string, byte[]>> Save(RiskModel model)
    {
        var document = model.Document with
        {
            Sha256 = new SortedDictionary<string, string>(model.Artefacts.ToDictionary(a => a.Key, a => Hash(a.Value)), StringComparer.Ordinal) { [DocumentName] = s_noHash },
        };
        var bytes = JsonSerializer.SerializeToUtf8Bytes(document, RiskJsonContext.Default.ModelDocument);
        Encoding.ASCII.GetBytes(Hash(bytes)).CopyTo(bytes.AsSpan(bytes.AsSpan().LastIndexOf(Encoding.ASCII.GetBytes(s_noHash))));
        return [.. model.Artefacts.OrderBy(a => a.Key, StringComparer.Ordinal), new(DocumentName, bytes)];
    }

    /// <summary>Names a version by all that its scores depend on.</summary>
    public static string VersionOf(RiskModel model)
    {
        var document = model.Document;
        var endpoint = document.Endpoint is { } e ? $"{e.Url} {e.BatchRows} {e.Timeout} {e.KeyVariable}" : "";
        string[] parts =
        [
            "elsewhere 1", document.Kind.ToString(), document.TaskHash, document.FeatureSetHash, endpoint, document.Calibration.ToString(), document.Training.TrainedUntil.ToString(),
            .. model.Artefacts.OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => $"{a.Key} {Hash(a.Value)}"),
        ];
        return Hash(Encoding.UTF8.GetBytes(string.Join('\n', parts)))[..16];
    }

    /// <summary>
    /// Loads a model for tables of the feature set with hash <paramref name="featureSetHash"/> (null: whatever set it has).
    /// Throws <see cref="ModelException"/> with one line when a file is missing or damaged, the layout is newer than this
    /// program or older than its trees, or the set is another.
    /// </summary>
    public static RiskModel Load(IReadOnlyDictionary<string, byte[]> files, string? featureSetHash)
    {
        var document = ReadDocument(Get(files, DocumentName));
        if (document.SchemaVersion < ModelDocument.OldestWithTrees)
        {
            throw new ModelException(
                $"The model for '{document.Task}' has layout version {document.SchemaVersion}, from before trees were kept as LightGBM's text: train it again.");
        }

        if (featureSetHash is not null && document.FeatureSetHash != featureSetHash)
        {
            throw new ModelException(
                $"The model for '{document.Task}' was trained on feature set '{document.FeatureSet}' {document.FeatureSetHash}, but the set in use is {featureSetHash}: train it again.");
        }

        var artefacts = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        foreach (var name in NamesOf(document))
        {
            var bytes = Get(files, name);
            artefacts.Add(name, document.Sha256.TryGetValue(name, out var hash) && Hash(bytes) == hash
                ? bytes
                : throw new ModelException($"{name} of the model for '{document.Task}' is damaged: its SHA-256 is not the one in {DocumentName}."));
        }

        return Make(document, artefacts);
    }

    /// <summary>A model of its files; what does not fit throws <see cref="ModelException"/>.</summary>
    internal static RiskModel Make(ModelDocument document, IReadOnlyDictionary<string, byte[]> artefacts)
    {
        try
        {
            var columns = artefacts.TryGetValue(MappingName, out var json) ? new MappedColumns(FeatureMapping.Read(json, MappingName), document.Columns) : null;
            return document.Kind switch
            {
                ModelKind.Onnx => new(document, new OnnxModel(artefacts[OnnxName], columns!), columns!, artefacts),
                ModelKind.Http => new(document, new HttpModel(document.Endpoint ?? throw new ModelException($"{DocumentName} of the model for '{document.Task}' names no endpoint."), columns!), columns!, artefacts),
                _ => new(document, ReadTrees(Encoding.UTF8.GetString(artefacts[TreesName]), document, columns), columns, artefacts),
            };
        }
        catch (FormatException e)
        {
            throw new ModelException($"The model for '{document.Task}' cannot be read: {e.Message}", e);
        }
    }

    private static IEnumerable<string> NamesOf(ModelDocument document) => document.Kind switch
    {
        ModelKind.Onnx => [OnnxName, MappingName],
        ModelKind.Http => [MappingName],
        _ => document.Origin is null ? [TreesName] : [TreesName, MappingName],
    };

    private static TreeEnsemble ReadTrees(string text, ModelDocument document, MappedColumns? columns)
    {
        try
        {
            return columns is null ? TreeModelText.Read(text, document.Columns.Count) : TreesFromElsewhere.Read(text, columns.Mapping);
        }
        catch (FormatException e)
        {
            throw new ModelException($"{TreesName} of the model for '{document.Task}' cannot be read: {e.Message}.", e);
        }
    }

    /// <summary>What a model says of itself: <c>model.json</c>. One that is damaged, or of a newer program, throws <see cref="ModelException"/>.</summary>
    public static ModelDocument ReadDocument(byte[] bytes)
    {
        try
        {
            // The version first and by itself: a newer layout may have fields that the strict reader would stumble over.
            using (var json = JsonDocument.Parse(bytes))
            {
                var version = json.RootElement.GetProperty("schemaVersion").GetInt32();
                if (version > ModelDocument.CurrentSchemaVersion)
                {
                    throw new ModelException(
                        $"{DocumentName} has layout version {version}; this program reads up to {ModelDocument.CurrentSchemaVersion}: update it.");
                }
            }

            var document = JsonSerializer.Deserialize(bytes, RiskJsonContext.Default.ModelDocument)
                ?? throw new ModelException($"{DocumentName} is null.");
            return IsWhole(document, bytes) ? document : throw new ModelException($"{DocumentName} of the model for '{document.Task}' is damaged: its SHA-256 is not the one it names.");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new ModelException($"{DocumentName} is damaged: {FirstLine(e.Message)}", e);
        }
    }

    /// <summary>Whether the document is as it was written; of one from before it named its own hash nobody knows.</summary>
    private static bool IsWhole(ModelDocument document, byte[] bytes)
    {
        if (document.SchemaVersion < ModelDocument.OldestWithTrees)
        {
            return true;
        }

        if (!document.Sha256.TryGetValue(DocumentName, out var hash))
        {
            return document.Sha256.Keys.All(Names.Contains);
        }

        var at = bytes.AsSpan().LastIndexOf(Encoding.UTF8.GetBytes(hash));
        if (at < 0 || hash.Length != s_noHash.Length)
        {
            return false;
        }

        var zeroed = bytes.ToArray();
        zeroed.AsSpan(at, hash.Length).Fill((byte)'0');
        return Hash(zeroed) == hash;
    }

    private static byte[] Get(IReadOnlyDictionary<string, byte[]> files, string name) =>
        files.TryGetValue(name, out var bytes) ? bytes : throw new ModelException($"The model has no {name}.");

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static string FirstLine(string message) => message.ReplaceLineEndings("\n").Split('\n')[0];
}
