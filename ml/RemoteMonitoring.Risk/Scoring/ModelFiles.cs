using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using RemoteMonitoring.Risk.Trees;

namespace RemoteMonitoring.Risk.Scoring;

/// <summary>
/// A model as named files: <c>trees.txt</c> (LightGBM's model text, which LightGBM loads in any language) and
/// <c>model.json</c>, which names the other's hash and its own (over itself with zeros in its place) and is to be written last.
/// </summary>
public static class ModelFiles
{
    private static readonly string s_noHash = new('0', 64);

    /// <summary>The trees.</summary>
    public const string TreesName = "trees.txt";

    /// <summary>Everything else.</summary>
    public const string DocumentName = "model.json";

    /// <summary>The files, in the order to write them in.</summary>
    public static IReadOnlyList<string> Names { get; } = [TreesName, DocumentName];

    /// <summary>The files' contents, in the order to write them in.</summary>
    public static IReadOnlyList<KeyValuePair<string, byte[]>> Save(RiskModel model)
    {
        var trees = Encoding.UTF8.GetBytes(model.Text);
        var document = model.Document with
        {
            Sha256 = new SortedDictionary<string, string>(StringComparer.Ordinal) { [TreesName] = Hash(trees), [DocumentName] = s_noHash },
        };
        var bytes = JsonSerializer.SerializeToUtf8Bytes(document, RiskJsonContext.Default.ModelDocument);
        Encoding.ASCII.GetBytes(Hash(bytes)).CopyTo(bytes.AsSpan(bytes.AsSpan().LastIndexOf(Encoding.ASCII.GetBytes(s_noHash))));
        return [new(TreesName, trees), new(DocumentName, bytes)];
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

        var bytes = Get(files, TreesName);
        if (!document.Sha256.TryGetValue(TreesName, out var hash) || Hash(bytes) != hash)
        {
            throw new ModelException($"{TreesName} of the model for '{document.Task}' is damaged: its SHA-256 is not the one in {DocumentName}.");
        }

        var text = Encoding.UTF8.GetString(bytes);
        try
        {
            return new(document, TreeModelText.Read(text, document.Columns.Count), text);
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
