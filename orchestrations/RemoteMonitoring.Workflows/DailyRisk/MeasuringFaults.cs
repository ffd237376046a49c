using System.Globalization;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Risk.Reporting;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>Something about a patient's readings that speaks of the measuring, and not of the patient.</summary>
/// <param name="Kind">As of <see cref="TechnicalFinding"/>.</param>
/// <param name="Vital">The vital, by its key; null where it is of all.</param>
/// <param name="Text">In one sentence, with the figures.</param>
/// <param name="Evidence">When the latest reading that shows it was taken, Unix microseconds.</param>
public sealed record MeasuringFault(string Kind, string? Vital, string Text, long Evidence);

/// <summary>
/// Rules that tell faults of measuring from the readings of a home, each a pure function of cells of local days. They take nobody off a list: a true reading that looks like a fault stays
/// where it is. The thresholds are ours unless a source is named, and kept wide, since half of the false alerts of heart-failure telemonitoring were technique.
/// </summary>
public static class MeasuringFaults
{
    /// <summary>The same value stands on so many days in a row with a reading before it is a flat line.</summary>
    public const int FlatDays = 7;

    /// <summary>Kilograms from one day to the next that nobody gains or loses: heart failure is suspected from two in three days on (ESC guideline on heart failure, 2021), so a scale that was shared has to be well beyond it.</summary>
    public const double SharedScale = 5;

    /// <summary>Kilograms within which the weight is back where it was.</summary>
    public const double Back = 1.5;

    /// <summary>Percentage points that a day's SpO2 lies below the days before and after, for a finger that was cold or moved.</summary>
    public const double Spike = 8;

    /// <summary>What those days have at least, percent: NEWS2 gives no points from 96 on, and one from 94.</summary>
    public const double Normal = 94;

    /// <summary>Pulse pressure in mmHg below which a pair is taken for mismeasured; below a quarter of the systolic pressure it is called narrow, which this is far under.</summary>
    public const double LeastPulsePressure = 10;

    /// <summary>Jumps and pairs are told for so many days.</summary>
    public const int ToldFor = 7;

    /// <summary>Vitals that vary from day to day in everybody, to the digit that devices show. SpO2, temperature and answers to questions may well stand still.</summary>
    private static readonly string[] s_vary = ["weight", "heart_rate", "systolic_bp", "diastolic_bp", "glucose"];

    /// <summary>The vitals that the rules look at, in the catalog's order.</summary>
    public static IReadOnlyList<string> Vitals { get; } = [.. s_vary.Append("spo2").OrderBy(v => VitalSignCatalog.Default[v].Index)];

    /// <summary>All that is wrong, by rule. <paramref name="cellsOf"/> tells the cells of a vital's look-back in order of time; none where the set does not read it.</summary>
    public static IEnumerable<MeasuringFault> Of(Func<string, IReadOnlyList<VitalCell>> cellsOf, long asOf)
    {
        var cells = Vitals.ToDictionary(v => v, cellsOf, StringComparer.Ordinal);
        return s_vary.Select(v => FlatLine(VitalSignCatalog.Default[v], cells[v]))
            .Append(OddWeights(cells["weight"], asOf) ?? OtherOnTheScale(cells["weight"], asOf))
            .Append(SpikeDown(cells["spo2"], asOf))
            .Append(Pair(cells["systolic_bp"], cells["diastolic_bp"], asOf))
            .OfType<MeasuringFault>();
    }

    /// <summary>The same value in every reading of the last days that have one.</summary>
    public static MeasuringFault? FlatLine(VitalSign vital, IReadOnlyList<VitalCell> cells)
    {
        var run = cells.Reverse().TakeWhile(c => c.Last == cells[^1].Last && Math.Abs(c.Mean - c.Last) < 1e-9).Count();
        return run < FlatDays ? null : new("flat-line", vital.Key, string.Create(CultureInfo.InvariantCulture, $"{vital.Label} has been {Quantity.With(cells[^1].Last, vital.Unit)} in every reading of {run} days: it varies in everybody, so look at the device"), cells[^1].LastTime);
    }

    /// <summary>Weights that cannot be the person's, told for as long as the last of them is young; days count as their last reading.</summary>
    public static MeasuringFault? OddWeights(IReadOnlyList<VitalCell> weight, long asOf)
    {
        var vital = VitalSignCatalog.Default["weight"];
        var values = weight.Select(c => c.Last).ToArray();
        return OddReadings.Of(vital, values) is { } odd && weight.LastOrDefault(c => odd.Has(c.Last)) is { Readings: > 0 } last && last.LastTime > asOf - (ToldFor * UnixMicros.PerDay)
            ? new("technique", vital.Key, odd.InWords(vital, values)!, last.LastTime)
            : null;
    }

    /// <summary>A weight that jumps from one day to the next and is back the day after.</summary>
    public static MeasuringFault? OtherOnTheScale(IReadOnlyList<VitalCell> weight, long asOf)
    {
        for (var i = weight.Count - 1; i >= 2; i--)
        {
            var (before, odd, after) = (weight[i - 2], weight[i - 1], weight[i]);
            if (after.LastTime > asOf - (ToldFor * UnixMicros.PerDay) && AreNeighbours(before, odd, after)
                && Math.Abs(odd.Last - before.Last) >= SharedScale && Math.Abs(after.Last - before.Last) <= Back)
            {
                return new("technique", "weight", string.Create(CultureInfo.InvariantCulture, $"Weight went from {before.Last:0.#} to {odd.Last:0.#} kg and back to {after.Last:0.#} kg within two days: somebody else may be using the scale"), after.LastTime);
            }
        }

        return null;
    }

    /// <summary>An SpO2 that falls for one day between normal ones.</summary>
    public static MeasuringFault? SpikeDown(IReadOnlyList<VitalCell> spo2, long asOf)
    {
        for (var i = spo2.Count - 1; i >= 2; i--)
        {
            var (before, odd, after) = (spo2[i - 2], spo2[i - 1], spo2[i]);
            if (after.LastTime > asOf - (ToldFor * UnixMicros.PerDay) && AreNeighbours(before, odd, after)
                && Math.Min(before.Last, after.Last) is var normal && normal >= Normal && normal - odd.Last >= Spike)
            {
                return new("technique", "spo2", string.Create(CultureInfo.InvariantCulture, $"SpO2 was {odd.Last:0} % for a day between {before.Last:0} and {after.Last:0} %: ask how it is measured (cold hands, nail varnish, movement)"), after.LastTime);
            }
        }

        return null;
    }

    /// <summary>A pair of pressures taken together that are too close, or the wrong way round.</summary>
    public static MeasuringFault? Pair(IReadOnlyList<VitalCell> systolic, IReadOnlyList<VitalCell> diastolic, long asOf)
    {
        foreach (var upper in systolic.Reverse().TakeWhile(c => c.LastTime > asOf - (ToldFor * UnixMicros.PerDay)))
        {
            var lower = diastolic.FirstOrDefault(c => c.LastTime == upper.LastTime);
            if (lower.Readings > 0 && upper.Last - lower.Last < LeastPulsePressure)
            {
                return new("technique", "systolic_bp", string.Create(CultureInfo.InvariantCulture, $"Blood pressure {upper.Last:0}/{lower.Last:0} mmHg: the two are too close to be right, so look at the cuff and how it is worn"), upper.LastTime);
            }
        }

        return null;
    }

    /// <summary>Whether three days with a reading lie within four days.</summary>
    private static bool AreNeighbours(in VitalCell before, in VitalCell odd, in VitalCell after) => odd.End - before.End <= 2 * UnixMicros.PerDay && after.End - odd.End <= 2 * UnixMicros.PerDay;
}
