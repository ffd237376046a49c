namespace RemoteMonitoring.Risk.Drift;

/// <summary>
/// A column's change with the mix of device models taken apart from the people, by direct standardisation: the reference is weighted to have each
/// model as often as now. What still differs then is within the same models; what the weights made of the reference is the mix. Models with too few rows on either
/// side are left out of both.
/// </summary>
/// <param name="Within">PSI within the same models.</param>
/// <param name="OfMix">PSI that the mix alone makes.</param>
/// <param name="Compared">Share of the rows now that are of models that could be compared.</param>
/// <param name="Unknown">Share of the rows now of which no model is on record.</param>
internal sealed record DeviceMix(double Within, double OfMix, double Compared, double Unknown)
{
    /// <summary>Takes them apart; null where no model has rows enough on both sides.</summary>
    internal static DeviceMix? Of(ColumnBins bins, (double[] Values, string[] Devices) now, (double[] Values, string[] Devices) reference)
    {
        var (here, there) = (ByModel(bins, now), ByModel(bins, reference));
        string[] models = [.. here.Keys.Where(m => Rows(here, m) >= DriftLimits.MinimumRowsOfDevices && Rows(there, m) >= DriftLimits.MinimumRowsOfDevices).Order(StringComparer.Ordinal)];
        if (models.Length == 0)
        {
            return null;
        }

        var (rows, referenceRows) = (models.Sum(m => Rows(here, m)), models.Sum(m => Rows(there, m)));
        var (current, weighted, asItWas) = (new double[bins.Count], new double[bins.Count], new double[bins.Count]);
        foreach (var model in models)
        {
            var (share, referenceShare) = (Rows(here, model) / rows, Rows(there, model) / referenceRows);
            for (var b = 0; b < bins.Count; b++)
            {
                var (p, q) = (here[model][b] / Rows(here, model), there[model][b] / Rows(there, model));
                current[b] += share * p;
                weighted[b] += share * q;
                asItWas[b] += referenceShare * q;
            }
        }

        return new(
            ColumnBins.Psi(current, weighted), ColumnBins.Psi(weighted, asItWas), rows / now.Values.Length, (double)now.Devices.Count(d => d.Length == 0) / now.Values.Length);
    }

    private static double Rows(Dictionary<string, double[]> counts, string model) => counts.TryGetValue(model, out var bins) ? bins.Sum() : 0;

    private static Dictionary<string, double[]> ByModel(ColumnBins bins, (double[] Values, string[] Devices) rows)
    {
        var counts = new Dictionary<string, double[]>(StringComparer.Ordinal);
        for (var i = 0; i < rows.Values.Length; i++)
        {
            if (rows.Devices[i].Length > 0)
            {
                (counts.TryGetValue(rows.Devices[i], out var of) ? of : counts[rows.Devices[i]] = new double[bins.Count])[bins.At(rows.Values[i])]++;
            }
        }

        return counts;
    }
}
