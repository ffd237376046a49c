using RemoteMonitoring.Telemetry.Messages;

namespace RemoteMonitoring.Risk.Training;

/// <summary>Thins the instants of each patient evenly when there are more rows than a fit needs.</summary>
internal static class Thinning
{
    /// <summary>The rows that a fit learns from under these settings.</summary>
    internal static int[] Of(LabelledRows data, int[] rows, TrainingSettings settings)
    {
        var patients = rows.Select(r => data.Patient[r]).Distinct().Count();
        return Of(data, rows, (int)Math.Max(settings.RowsPerFit, Math.Min((long)settings.RowsPerPatient * patients, settings.MostRowsPerFit)));
    }

    /// <summary>
    /// Every k-th row of each patient, with the smallest k that leaves no more than about <paramref name="most"/> rows, from a
    /// start that differs between patients. The label has no say in it, so that the share of events stays what it is.
    /// </summary>
    internal static int[] Of(LabelledRows data, int[] rows, int most)
    {
        var step = (rows.Length + most - 1) / most;
        if (step <= 1)
        {
            return rows;
        }

        var kept = new List<int>((rows.Length / step) + data.Patients);
        var seen = new Dictionary<int, int>();
        foreach (var row in rows)
        {
            var place = seen.TryGetValue(data.Patient[row], out var at) ? at : Partitioning.PartitionOf(data.PatientId[row], step);
            if (place % step == 0)
            {
                kept.Add(row);
            }

            seen[data.Patient[row]] = place + 1;
        }

        return [.. kept];
    }
}
