using System.Globalization;
using RemoteMonitoring.Risk.Trees;

namespace RemoteMonitoring.Risk.Elsewhere;

/// <summary>LightGBM's model text as another program wrote it: its own feature names, and splits that may not say where an unknown value goes.</summary>
internal static class TreesFromElsewhere
{
    /// <summary>
    /// The trees, their features in the mapping's order; throws <see cref="FormatException"/> saying what does not fit. Where every
    /// feature has a value for missing, no unknown value comes to a split, and none has to say where it would go.
    /// </summary>
    internal static TreeEnsemble Read(string text, FeatureMapping mapping)
    {
        var names = (TreeModelText.Header(text, "feature_names") ?? throw new FormatException("it has no feature_names, so it is not LightGBM's model text")).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var place = mapping.Features.Index().ToDictionary(f => f.Item.Name, f => f.Index, StringComparer.Ordinal);
        if (names.FirstOrDefault(n => !place.ContainsKey(n)) is { } left)
        {
            throw new FormatException($"its feature '{left}' is missing from {Scoring.ModelFiles.MappingName}");
        }

        if (mapping.Features.FirstOrDefault(f => !names.Contains(f.Name, StringComparer.Ordinal)) is { } unknown)
        {
            throw new FormatException($"it has no feature '{unknown.Name}', which {Scoring.ModelFiles.MappingName} names; it has {string.Join(", ", names.Take(12))}{(names.Length > 12 ? ", …" : "")}");
        }

        _ = Sigmoid(text);
        try
        {
            var trees = TreeModelText.Read(mapping.Features.All(f => f.Missing is not null) ? TreeModelText.Settle(text) : text, names.Length).Trees;
            return new TreeEnsemble([.. trees.Select(t => t with { Feature = Array.ConvertAll(t.Feature, f => place[names[f]]) })]);
        }
        catch (FormatException e) when (e.Message.Contains("does not say where", StringComparison.Ordinal))
        {
            throw new FormatException($"{e.Message}: train it on rows with missing values, or give every feature a 'missing' in {Scoring.ModelFiles.MappingName}", e);
        }
    }

    /// <summary>The factor from the sum of the trees to log-odds; throws <see cref="FormatException"/> where the trees foresee no risk.</summary>
    internal static double Sigmoid(string text)
    {
        var objective = TreeModelText.Header(text, "objective")?.Split(' ') ?? [];
        return objective switch
        {
            ["binary", var sigmoid, ..] when sigmoid.StartsWith("sigmoid:", StringComparison.Ordinal)
                && double.TryParse(sigmoid.AsSpan("sigmoid:".Length), CultureInfo.InvariantCulture, out var factor) && factor > 0 => factor,
            ["binary" or "cross_entropy", ..] => 1,
            _ => throw new FormatException($"its objective is '{string.Join(' ', objective)}', and a risk needs binary or cross_entropy"),
        };
    }
}
