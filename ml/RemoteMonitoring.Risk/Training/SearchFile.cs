using System.Text.Json;
using RemoteMonitoring.Risk.Scoring;

namespace RemoteMonitoring.Risk.Training;

/// <summary>What searches tried and found, as a file beside the model: every trial of every fit, the best first.</summary>
public static class SearchFile
{
    /// <summary>Its name.</summary>
    public const string Name = "search.json";

    /// <summary>As JSON.</summary>
    public static byte[] Write(IReadOnlyList<FitSearch> searches) => JsonSerializer.SerializeToUtf8Bytes(searches, RiskJsonContext.Default.IReadOnlyListFitSearch);

    /// <summary>The best settings of each fit; throws <see cref="ModelException"/> with one line that names the file where it is none.</summary>
    public static IReadOnlyDictionary<string, BoostingSettings> Read(byte[] bytes, string where)
    {
        try
        {
            return JsonSerializer.Deserialize(bytes, RiskJsonContext.Default.IReadOnlyListFitSearch)!
                .Where(s => s.Trials.Count > 0)
                .ToDictionary(s => s.Fit, s => s.Trials[0].Settings, StringComparer.Ordinal);
        }
        catch (Exception e) when (e is JsonException or ArgumentException or NullReferenceException)
        {
            throw new ModelException($"{where}: not what a search found ({e.Message.Split('\n')[0]}). Delete it and train again.", e);
        }
    }
}
