namespace RemoteMonitoring.Telemetry.Readings;

/// <summary>
/// Observations of a day and shard as features read them: sorted by (patient, vital, effective time, order of knowing), the
/// patients apart. Times are Unix microseconds, values in the canonical unit; a row holds in [known-from, known-to).
/// </summary>
public sealed class ObservationColumns
{
    /// <summary>The patients, ordinal order, each once.</summary>
    public required string[] Patients { get; init; }

    /// <summary>Where the rows of each patient start; one more for the end.</summary>
    public required int[] PatientStart { get; init; }

    /// <summary>Index of the vital in the catalog.</summary>
    public required int[] Vital { get; init; }

    /// <summary>When it was taken.</summary>
    public required long[] EffectiveTime { get; init; }

    /// <summary>Value in the canonical unit.</summary>
    public required double[] Value { get; init; }

    /// <summary>From when the version was held for true, inclusive.</summary>
    public required long[] KnownFrom { get; init; }

    /// <summary>Until when, exclusive.</summary>
    public required long[] KnownTo { get; init; }

    /// <summary>Number of rows.</summary>
    public int Count => Vital.Length;

    /// <summary>How many rows a patient and vital has in the file, on the mean of those that have any.</summary>
    public double ReadingsOfAVital => field > 0 || Count == 0 ? field : field = Count / (double)Runs();

    private int Runs()
    {
        var runs = 0;
        for (var p = 0; p + 1 < PatientStart.Length; p++)
        {
            for (var i = PatientStart[p]; i < PatientStart[p + 1]; i++)
            {
                runs += i == PatientStart[p] || Vital[i] != Vital[i - 1] ? 1 : 0;
            }
        }

        return runs;
    }

    /// <summary>The same rows of a batch; throws where it is not sorted by patient.</summary>
    public static ObservationColumns Of(ObservationBatch batch)
    {
        var patients = new List<string>();
        var starts = new List<int>();
        for (var i = 0; i < batch.Count; i++)
        {
            if (i == 0 || batch.PatientId[i] != batch.PatientId[i - 1])
            {
                if (i > 0 && string.CompareOrdinal(batch.PatientId[i], batch.PatientId[i - 1]) < 0)
                {
                    throw new ArgumentException("The batch is not sorted by patient.", nameof(batch));
                }

                patients.Add(batch.PatientId[i]);
                starts.Add(i);
            }
        }

        return new ObservationColumns
        {
            Patients = [.. patients],
            PatientStart = [.. starts, batch.Count],
            Vital = batch.Vital,
            EffectiveTime = batch.EffectiveTime,
            Value = batch.Value,
            KnownFrom = batch.KnownFrom,
            KnownTo = batch.KnownTo,
        };
    }
}
