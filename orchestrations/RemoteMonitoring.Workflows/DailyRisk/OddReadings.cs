using System.Globalization;
using RemoteMonitoring.Risk.Reporting;
using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>
/// Readings that cannot be the same person's as the others, of what no body changes by much in weeks: weight and what is like it. Of anything else a value far off may be illness, and
/// is never taken for odd.
/// </summary>
/// <param name="Usual">Median of the readings.</param>
/// <param name="Low">Readings below it are odd.</param>
/// <param name="High">Readings above it are.</param>
public sealed record OddReadings(double Usual, double Low, double High)
{
    /// <summary>Fewer readings tell nothing.</summary>
    public const int FewestReadings = 5;

    /// <summary>Share of the median by which a reading has to be off. Ours: nobody gains or loses a sixth of the weight in four weeks.</summary>
    public const double LeastShare = 1 / 6.0;

    /// <summary>Deviations (1.4826 times the median absolute deviation) by which it has to be off as well, for who does change.</summary>
    public const double Deviations = 6;

    private const double PoundsPerKilogram = 2.2046;

    private static readonly string[] s_steady = ["weight", "height", "muscle_mass", "body_water"];

    /// <summary>What is odd among the readings of a vital; null where nothing can be.</summary>
    public static OddReadings? Of(VitalSign vital, IEnumerable<double> values)
    {
        if (!s_steady.Contains(vital.Key))
        {
            return null;
        }

        double[] sorted = [.. values.Order()];
        if (sorted.Length < FewestReadings)
        {
            return null;
        }

        var usual = Median(sorted);
        double[] off = [.. sorted.Select(v => Math.Abs(v - usual)).Order()];
        var reach = Math.Max(LeastShare * usual, Deviations * 1.4826 * Median(off));
        return new(usual, usual - reach, usual + reach);
    }

    /// <summary>Whether a reading is odd.</summary>
    public bool Has(double value) => value < Low || value > High;

    /// <summary>What the odd among values are, in a sentence without a full stop: <c>Weight: 2 readings near 218 kg, 2.2 times the others: pounds sent as kilograms, or somebody else</c>. Null where there are none.</summary>
    public string? InWords(VitalSign vital, IEnumerable<double> values)
    {
        double[] odd = [.. values.Where(Has).Order()];
        if (odd.Length == 0)
        {
            return null;
        }

        var near = Median(odd);
        var ratio = near / Usual;
        var why = vital.Unit != "kg" ? "somebody else, or another unit"
            : Math.Abs(ratio - PoundsPerKilogram) < 0.15 ? "pounds sent as kilograms, or somebody else"
            : Math.Abs(ratio - (1 / PoundsPerKilogram)) < 0.03 ? "kilograms taken for pounds, or somebody else"
            : "somebody else may be using the scale";
        return string.Create(CultureInfo.InvariantCulture, $"{vital.Label}: {odd.Length} {(odd.Length == 1 ? "reading" : "readings")} near {Quantity.With(near, vital.Unit)}, {ratio:0.0#} times the others: {why}");
    }

    private static double Median(double[] sorted) => (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
}
