using System.Text.Json;
using NodaTime.Text;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Workflows.Lineage;

/// <summary>A prediction as documents or lake have it.</summary>
/// <param name="Id">Id within the patient: <c>{as-of}-{run}</c>.</param>
/// <param name="PatientId">Whose.</param>
/// <param name="AsOf">Instant it speaks for, Unix microseconds.</param>
/// <param name="Task">What is foreseen.</param>
/// <param name="Run">Its run.</param>
/// <param name="Document">The document; null where it is only in the lake.</param>
public sealed record FoundPrediction(string Id, string PatientId, long AsOf, string Task, string Run, Prediction? Document);

/// <summary>Finds the prediction that somebody means.</summary>
public static class PredictionSearch
{
    /// <summary>
    /// The predictions of a patient that a text names, oldest first: an id as documents and <c>rmon worklist --json</c> have it, a run, or an
    /// as-of instant; without one, those of the latest instant. One that documents do not have is looked for in the lake, by its run.
    /// </summary>
    public static async Task<IReadOnlyList<FoundPrediction>> FindAsync(CohortStore store, string patientId, string? named, CancellationToken cancellationToken)
    {
        FoundPrediction[] documents =
        [
            .. (await store.Documents.ListAsync(Containers.Predictions, patientId, cancellationToken))
                .Select(d => Read(store, d.Body))
                .Select(p => new FoundPrediction(p.Id, p.PatientId, p.AsOf.ToUnixMicros(), p.Task, p.Run, p))
                .OrderBy(p => p.AsOf).ThenBy(p => p.Id, StringComparer.Ordinal),
        ];
        if (named is null)
        {
            return [.. documents.Where(p => p.AsOf == documents[^1].AsOf)];
        }

        var asOf = InstantPattern.ExtendedIso.Parse(named) is { Success: true } parsed ? parsed.Value.ToUnixMicros() : (long?)null;
        FoundPrediction[] found = [.. documents.Where(p => p.Id == named || p.Run == named || p.AsOf == asOf)];
        return found.Length > 0 || asOf is not null ? found
            : await FindInLakeAsync(store.Lake, patientId, named[(named.LastIndexOf('-') + 1)..], cancellationToken) is { } inLake && (named == inLake.Id || named == inLake.Run) ? [inLake]
            : [];
    }

    private static async Task<FoundPrediction?> FindInLakeAsync(Lake lake, string patientId, string run, CancellationToken cancellationToken)
    {
        if (await LedgeredRun.TryReadAsync(lake, run, cancellationToken) is not { Entry: var entry })
        {
            return null;
        }

        foreach (var output in entry.Outputs.Where(o => RunOutputs.IsPredictions(o.Path)))
        {
            if (await lake.ExistsAsync(output.Path, cancellationToken) && (await lake.ReadTableAsync(output.Path, ["patient_id"], cancellationToken)).Text("patient_id").Contains(patientId, StringComparer.Ordinal))
            {
                return new FoundPrediction($"{LakePaths.Stamp(entry.AsOf.ToUnixMicros())}-{entry.Run}", patientId, entry.AsOf.ToUnixMicros(), entry.Task, entry.Run, null);
            }
        }

        return null;
    }

    private static Prediction Read(CohortStore store, string body)
    {
        try
        {
            return JsonSerializer.Deserialize(body, RiskDocumentJsonContext.Default.Prediction)!;
        }
        catch (JsonException e)
        {
            throw new LakeException($"{store.Documents.Name}: holds a prediction that this program cannot read ({e.Message.Split('\n')[0].Split(" Path:")[0]}). Update the program, or restore the documents.", e);
        }
    }
}

/// <summary>The kinds of files that a run makes.</summary>
internal static class RunOutputs
{
    public static bool IsPredictions(string path) => path.StartsWith("gold/predictions/", StringComparison.Ordinal);

    public static bool IsFeatures(string path) => path.StartsWith("gold/features/", StringComparison.Ordinal);
}
