using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.ML;
using Microsoft.ML.Calibrators;
using Microsoft.ML.Trainers.LightGbm;
using RemoteMonitoring.Risk.Training;

namespace RemoteMonitoring.Risk.Scoring;

/// <summary>
/// A model as named files: <c>model.zip</c> (ML.NET), <c>covers.bin</c> (training rows below each node, for
/// explanations; little-endian 32-bit) and <c>model.json</c>, which names the others' hashes and is to be written last.
/// </summary>
public static class ModelFiles
{
    /// <summary>The trees in ML.NET's own form.</summary>
    public const string TreesName = "model.zip";

    /// <summary>Training rows below each node.</summary>
    public const string CoversName = "covers.bin";

    /// <summary>Everything else.</summary>
    public const string DocumentName = "model.json";

    /// <summary>The files, in the order to write them in.</summary>
    public static IReadOnlyList<KeyValuePair<string, byte[]>> Save(RiskModel model)
    {
        var covers = TreeExtraction.Covers(model.Trees);
        var coverBytes = new byte[covers.Length * sizeof(int)];
        for (var i = 0; i < covers.Length; i++)
        {
            BinaryPrimitives.WriteInt32LittleEndian(coverBytes.AsSpan(i * sizeof(int)), covers[i]);
        }

        var document = model.Document with
        {
            Sha256 = new SortedDictionary<string, string>(StringComparer.Ordinal)
            {
                [TreesName] = Hash(model.TrainedBytes),
                [CoversName] = Hash(coverBytes),
            },
        };
        return
        [
            new(TreesName, model.TrainedBytes),
            new(CoversName, coverBytes),
            new(DocumentName, JsonSerializer.SerializeToUtf8Bytes(document, RiskJsonContext.Default.ModelDocument)),
        ];
    }

    /// <summary>
    /// Loads a model for tables of the feature set with hash <paramref name="featureSetHash"/> (null: whatever set it has).
    /// Throws <see cref="ModelException"/> with one line when a file is missing or damaged, the layout is newer than this
    /// program, or the set is another.
    /// </summary>
    public static RiskModel Load(IReadOnlyDictionary<string, byte[]> files, string? featureSetHash)
    {
        var document = ReadDocument(Get(files, DocumentName));
        if (featureSetHash is not null && document.FeatureSetHash != featureSetHash)
        {
            throw new ModelException(
                $"The model for '{document.Task}' was trained on feature set '{document.FeatureSet}' {document.FeatureSetHash}, but the set in use is {featureSetHash}: train it again.");
        }

        foreach (var name in (string[])[TreesName, CoversName])
        {
            if (!document.Sha256.TryGetValue(name, out var hash) || Hash(Get(files, name)) != hash)
            {
                throw new ModelException($"{name} of the model for '{document.Task}' is damaged: its SHA-256 is not the one in {DocumentName}.");
            }
        }

        var coverBytes = Get(files, CoversName);
        var covers = new int[coverBytes.Length / sizeof(int)];
        for (var i = 0; i < covers.Length; i++)
        {
            covers[i] = BinaryPrimitives.ReadInt32LittleEndian(coverBytes.AsSpan(i * sizeof(int)));
        }

        var trees = Get(files, TreesName);
        try
        {
            return new(document, TreeExtraction.OfSaved(ReadTrees(trees), covers), trees);
        }
        // ML.NET throws whatever it stumbles over; the hash has matched, so it is the writer that was wrong.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new ModelException($"{TreesName} of the model for '{document.Task}' cannot be read: {FirstLine(e.Message)}", e);
        }
    }

    internal static byte[] ToBytes(BoostedTrees trees)
    {
        using var stream = new MemoryStream();
        new MLContext(0).Model.Save(trees.Transformer, trees.Schema, stream);
        // ML.NET stamps the parts with the time of saving; without it the same trees are the same bytes.
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Update, leaveOpen: true))
        {
            foreach (var entry in zip.Entries)
            {
                entry.LastWriteTime = new DateTimeOffset(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);
            }
        }

        return stream.ToArray();
    }

    internal static LightGbmBinaryModelParameters ReadTrees(byte[] bytes)
    {
        using var stream = new MemoryStream(bytes, writable: false);
        var transformer = new MLContext(0).Model.Load(stream, out _);
        // ML.NET types what it loads by interfaces only; the trees inside are of the type that was saved.
        return transformer is ISingleFeaturePredictionTransformer<object> { Model: CalibratedModelParametersBase { SubModel: LightGbmBinaryModelParameters trees } }
            ? trees
            : throw new FormatException($"It holds {transformer.GetType().Name}, not boosted trees.");
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

            return JsonSerializer.Deserialize(bytes, RiskJsonContext.Default.ModelDocument)
                ?? throw new ModelException($"{DocumentName} is null.");
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new ModelException($"{DocumentName} is damaged: {FirstLine(e.Message)}", e);
        }
    }

    private static byte[] Get(IReadOnlyDictionary<string, byte[]> files, string name) =>
        files.TryGetValue(name, out var bytes) ? bytes : throw new ModelException($"The model has no {name}.");

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    private static string FirstLine(string message) => message.ReplaceLineEndings("\n").Split('\n')[0];
}
