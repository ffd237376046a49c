using RemoteMonitoring.Features.Sets;

namespace RemoteMonitoring.Risk.Drift;

/// <summary>How a column's rows differ from those of a reference.</summary>
public sealed record ColumnComparison
{
    /// <summary>The verdict, by <see cref="Psi"/>.</summary>
    public required DriftVerdict Verdict { get; init; }

    /// <summary>What the change comes from; null where there is none to explain.</summary>
    public DriftCause? Cause { get; init; }

    /// <summary>UCUM unit that the values look as if they were in; null but for <see cref="DriftCause.Unit"/>.</summary>
    public string? LooksLikeUnit { get; init; }

    /// <summary>The device models that this is so of; null for all.</summary>
    public string? LooksLikeUnitOf { get; init; }

    /// <summary>Population stability index over the reference's deciles and the missing.</summary>
    public required double Psi { get; init; }

    /// <summary>The same of what is there alone: where it is small and <see cref="Psi"/> is not, it is missingness that changed.</summary>
    public required double PsiOfPresent { get; init; }

    /// <summary>What remains when the reference has the device models of now: change within the same models. Null where no model is on record on both sides.</summary>
    public double? PsiWithinDevices { get; init; }

    /// <summary>What the change of device models alone would make of the reference. Null like the other.</summary>
    public double? PsiOfDeviceMix { get; init; }

    /// <summary>Share of the rows of now whose device models could be compared with themselves.</summary>
    public required double ComparedDevices { get; init; }

    /// <summary>1-Wasserstein distance in standard deviations of the reference; NaN where it cannot be told.</summary>
    public required double Distance { get; init; }

    /// <summary>Share of the rows now in which it is missing.</summary>
    public required double Missing { get; init; }

    /// <summary>The same in the reference.</summary>
    public required double ReferenceMissing { get; init; }

    /// <summary>Whether it is that more or less is missing, and not what is there that changed.</summary>
    public bool IsMissingness => Verdict >= DriftVerdict.Watch && PsiOfPresent < DriftLimits.WatchPsi;
}

/// <summary>A column against the rows that taught the model, and against the weeks before.</summary>
public sealed record ColumnDrift
{
    /// <summary>The column.</summary>
    public required string Name { get; init; }

    /// <summary>What it means.</summary>
    public required string Meaning { get; init; }

    /// <summary>UCUM unit.</summary>
    public required string Unit { get; init; }

    /// <summary>Against the training snapshot; null where there is none.</summary>
    public ColumnComparison? Training { get; init; }

    /// <summary>Against the stretch before; null where there was none.</summary>
    public ColumnComparison? Before { get; init; }

    /// <summary>What the column is judged by: training, else the stretch before.</summary>
    public DriftVerdict Verdict => (Training ?? Before)?.Verdict ?? DriftVerdict.TooFew;

    // Of such a column, an age or a count of events, devices tell nothing.
    private const string FromReference = "reference";

    /// <summary>Compares all columns. Bins are those of the training rows, and of the stretch before where there are none.</summary>
    public static IReadOnlyList<ColumnDrift> Of(IReadOnlyList<FeatureColumn> columns, DriftRows now, DriftRows? training, DriftRows? before, CancellationToken cancellationToken)
    {
        var drift = new ColumnDrift[columns.Count];
        for (var c = 0; c < drift.Length; c++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var column = columns[c];
            var bins = ColumnBins.Of((training ?? before ?? now).Values[c]);
            drift[c] = new ColumnDrift
            {
                Name = column.Name,
                Meaning = column.Meaning,
                Unit = column.Unit,
                Training = training is null ? null : Compare(column, c, bins, now, training),
                Before = before is null ? null : Compare(column, c, bins, now, before),
            };
        }

        return drift;
    }

    private static ColumnComparison Compare(FeatureColumn column, int at, ColumnBins bins, DriftRows now, DriftRows reference)
    {
        var (values, held) = (now.Values[at], reference.Values[at]);
        var (shares, against) = (bins.Shares(values), bins.Shares(held));
        var psi = ColumnBins.Psi(shares, against);
        var verdict = DriftLimits.Of(psi, bins.Count, (now.Rows, now.Patients), (reference.Rows, reference.Patients));
        var isOfDevices = column.From != FromReference;
        var mix = !isOfDevices ? null : DeviceMix.Of(bins, (values, now.Devices), (held, reference.Devices));
        var comparison = new ColumnComparison
        {
            Verdict = verdict,
            Psi = psi,
            PsiOfPresent = ColumnBins.PsiOfPresent(shares, against),
            PsiWithinDevices = mix?.Within,
            PsiOfDeviceMix = mix?.OfMix,
            ComparedDevices = mix?.Compared ?? 0,
            Distance = TransportDistance.Of(values, held),
            Missing = shares[^1],
            ReferenceMissing = against[^1],
        };
        if (verdict < DriftVerdict.Watch)
        {
            return comparison;
        }

        return psi >= DriftLimits.DriftedPsi && UnitOf(column.Unit, bins, against, values, now.Devices) is { } unit
            ? comparison with { Cause = DriftCause.Unit, LooksLikeUnit = unit.Unit, LooksLikeUnitOf = unit.Devices }
            : comparison with { Cause = isOfDevices ? CauseOf(mix, now, reference) : DriftCause.Population };
    }

    private static DriftCause CauseOf(DeviceMix? mix, DriftRows now, DriftRows reference) => mix switch
    {
        null => now.Devices.Any(d => d.Length > 0) && reference.Devices.Any(d => d.Length > 0) ? DriftCause.NewDevices : DriftCause.NotToldApart,
        { Compared: < 0.5 } => mix.Unknown > 0.5 ? DriftCause.NotToldApart : DriftCause.NewDevices,
        { Within: < DriftLimits.WatchPsi, OfMix: >= DriftLimits.WatchPsi } => DriftCause.DeviceMix,
        { Within: >= DriftLimits.WatchPsi, OfMix: < DriftLimits.WatchPsi } => DriftCause.Population,
        // Neither reaches the threshold alone: what is left are devices that could not be compared, or a little of both.
        { Within: < DriftLimits.WatchPsi, Compared: < 0.9 } => DriftCause.NewDevices,
        _ => DriftCause.Both,
    };

    /// <summary>The unit that all values, or all of some device models, look as if they were in; null where the reference fits no better for it.</summary>
    private static (string Unit, string? Devices)? UnitOf(string unit, ColumnBins bins, double[] reference, double[] values, string[] devices)
    {
        (string?, double[])[] groups =
        [
            (null, values),
            .. devices.Zip(values).Where(r => r.First.Length > 0).GroupBy(r => r.First, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal)
                .Select(g => ((string?)g.Key, g.Select(r => r.Second).ToArray())).Where(g => g.Item2.Length >= DriftLimits.MinimumRowsOfDevices),
        ];
        foreach (var (of, taken) in groups)
        {
            if (ColumnBins.PsiOfPresent(bins.Shares(taken), reference) < DriftLimits.DriftedPsi)
            {
                continue;
            }

            foreach (var (other, back) in OtherUnits.Of(unit))
            {
                if (ColumnBins.PsiOfPresent(bins.Shares(taken.Select(back)), reference) < DriftLimits.WatchPsi)
                {
                    return (other, of);
                }
            }
        }

        return null;
    }
}
