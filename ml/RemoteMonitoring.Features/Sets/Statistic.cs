using System.Numerics;
using RemoteMonitoring.Features.Rollups;
using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.Features.Sets;

/// <summary>What a statistic is worked out from: this says what a night must read for it.</summary>
public enum StatisticInput
{
    /// <summary>The mergeable state of its window: rollups do.</summary>
    Rollups,

    /// <summary>The states of its window and of the rest of the look-back before it, the person's own baseline: rollups do.</summary>
    RollupsAndBaseline,

    /// <summary>The readings of its window.</summary>
    Readings,

    /// <summary>How many readings each local hour of its window has: the readings again.</summary>
    Hours,
}

/// <summary>What a statistic sees of one vital and window.</summary>
internal ref struct StatisticWindow
{
    /// <summary>State of the window (as-of − w, as-of].</summary>
    public ref readonly CellState State;

    /// <summary>State of the look-back before the window, (as-of − look-back, as-of − w].</summary>
    public ref readonly CellState Baseline;

    /// <summary>Local days in which the window has a reading, a bit a day.</summary>
    public UInt128 Days;

    /// <summary>Length of the window, days.</summary>
    public double Length;

    /// <summary>Hours from the last reading to as-of.</summary>
    public double Age;

    /// <summary>The values of the window in order of time; only for statistics that read readings.</summary>
    public ReadOnlySpan<double> Values;

    /// <summary>Number of readings of each local hour that has one, in order of time; only for statistics of hours.</summary>
    public ReadOnlySpan<int> Hours;
}

internal delegate double StatisticFormula(in StatisticWindow window);

/// <summary>
/// A statistic of a vital over a window: one pure function, with what people need to know of it. To add one, write the function
/// and its row in <see cref="All"/>; feature sets then name it.
/// </summary>
public sealed class Statistic
{
    private const string NoReading = "NaN when the window has no reading";
    private const string TooFew = "NaN below two readings";
    private const string PerHour = "{readings}/h";

    private const string GainSource =
        "McDonagh et al., 2021 ESC Guidelines for heart failure, Eur Heart J 2021;42:3599, self-care: more than 2 kg in 3 days";

    private Statistic(string name, StatisticInput input, string missing, Func<VitalSign, string> unit, string meaning, StatisticFormula formula)
    {
        (Name, Input, Missing, UnitOf, Meaning, Formula) = (name, input, missing, unit, meaning, formula);
    }

    /// <summary>All of them, in the order of columns.</summary>
    public static IReadOnlyList<Statistic> All { get; } =
    [
        new("count", StatisticInput.Rollups, "0 when the window has no reading", _ => "{readings}", "number of readings of {vital} {window}", Count)
            { InWords = "n, the number of readings in the window" },
        new("adherence", StatisticInput.Rollups, "0 when the window has no reading", _ => "1", "share of local days with a reading of {vital} {window}", Adherence)
            { InWords = "local days in which the window has a reading ÷ days of the window, at most 1" },
        new("mean", StatisticInput.Rollups, NoReading, v => v.Unit, "mean {vital} {window}", Mean)
            { InWords = "sum of the values ÷ n" },
        new("median", StatisticInput.Readings, NoReading, v => v.Unit, "median {vital} {window}", Median)
            { InWords = "the middle value in order of size; of an even number of values the mean of the two in the middle" },
        new("min", StatisticInput.Rollups, NoReading, v => v.Unit, "lowest {vital} {window}", Min)
            { InWords = "lowest value" },
        new("max", StatisticInput.Rollups, NoReading, v => v.Unit, "highest {vital} {window}", Max)
            { InWords = "highest value" },
        new("range", StatisticInput.Rollups, NoReading, v => v.Unit, "highest less lowest {vital} {window}", Range)
            { InWords = "highest value − lowest value" },
        new("sd", StatisticInput.Rollups, TooFew, v => v.Unit, "standard deviation of {vital} {window}", Sd)
            { InWords = "√(Σ(value − mean)² ÷ (n − 1))" },
        new("cv", StatisticInput.Rollups, TooFew + " or where the mean is 0", _ => "1", "coefficient of variation (standard deviation / mean) of {vital} {window}", Cv)
            { InWords = "√(Σ(value − mean)² ÷ (n − 1)) ÷ mean" },
        new("slope", StatisticInput.Rollups, "NaN below two readings at different times", v => v.Unit + "/d", "trend of {vital} {window}, per day", Slope)
            { InWords = "slope of the least-squares line through (time in days, value): Σ(t − mean t)(value − mean) ÷ Σ(t − mean t)²" },
        new("gain", StatisticInput.Rollups, NoReading, v => v.Unit, "last less first {vital} {window}", Gain)
            { InWords = "value of the last reading − value of the first", Source = GainSource },
        new("last", StatisticInput.Rollups, "NaN when there was none", v => v.Unit, "latest {vital} within {lookback}", Last)
            { InWords = "value of the latest reading; of several at one instant, of the one known last", HasWindow = false },
        new("age", StatisticInput.Rollups, "NaN when there was none", _ => "h", "hours since the latest {vital}", Age)
            { InWords = "as-of − time of the latest reading, in hours", HasWindow = false },
        new("change", StatisticInput.RollupsAndBaseline, "NaN when the window or the baseline has no reading", v => v.Unit, "mean {vital} {window} less the person's mean from then back to {lookback}", Change)
            { InWords = "mean of the window − mean of the baseline, the rest of the look-back before the window" },
        new("z", StatisticInput.RollupsAndBaseline, "NaN where the change is, and where the baseline has no spread", _ => "1", "change of mean {vital} {window} against the person's own earlier values back to {lookback}, in their standard deviations", Z)
            { InWords = "(mean of the window − mean of the baseline) ÷ standard deviation of the baseline, the rest of the look-back before the window" },
        new("hourly_count_mean", StatisticInput.Hours, NoReading, _ => PerHour, "mean number of readings of {vital} in a local hour that has one, {window}", HourlyMean)
            { InWords = "n ÷ local hours in which the window has a reading" },
        new("hourly_count_sd", StatisticInput.Hours, "NaN below two local hours with a reading", _ => PerHour, "standard deviation of the number of readings of {vital} in a local hour that has one, {window}", HourlySd)
            { InWords = "√(Σ(readings of the hour − their mean)² ÷ (hours − 1)) over the local hours in which the window has a reading" },
        new("hourly_count_max", StatisticInput.Hours, NoReading, _ => PerHour, "most readings of {vital} in one local hour {window}", HourlyMax)
            { InWords = "highest number of readings in one local hour of the window" },
    ];

    /// <summary>Name, as it stands in definitions and column names.</summary>
    public string Name { get; }

    /// <summary>What it is worked out from.</summary>
    public StatisticInput Input { get; }

    /// <summary>When it has no value, and what stands there then.</summary>
    public string Missing { get; }

    /// <summary>The formula, in words.</summary>
    public required string InWords { get; init; }

    /// <summary>Where the rule comes from; null where it is plain arithmetic.</summary>
    public string? Source { get; private init; }

    /// <summary>Whether it is taken over the windows that a definition lists; else it looks back as far as the set does.</summary>
    public bool HasWindow { get; private init; } = true;

    /// <summary>Whether a night must read the readings of the window for it, since rollups do not do.</summary>
    public bool ReadsReadings => Input is StatisticInput.Readings or StatisticInput.Hours;

    internal Func<VitalSign, string> UnitOf { get; }

    /// <summary>Meaning, with <c>{vital}</c>, <c>{window}</c> and <c>{lookback}</c> for what it is of.</summary>
    internal string Meaning { get; }

    internal StatisticFormula Formula { get; }

    private static double Count(in StatisticWindow w) => w.State.Count;

    /// <summary>Adherence to daily measurement: days with at least one reading over days asked for.</summary>
    private static double Adherence(in StatisticWindow w)
    {
        var days = BitOperations.PopCount((ulong)w.Days) + BitOperations.PopCount((ulong)(w.Days >> 64));
        return Math.Min(1, days / w.Length);
    }

    private static double Mean(in StatisticWindow w) => w.State.Count == 0 ? double.NaN : w.State.Mean;

    /// <summary>The middle value, of an even number the mean of the two in the middle.</summary>
    private static double Median(in StatisticWindow w)
    {
        if (w.Values.IsEmpty)
        {
            return double.NaN;
        }

        var sorted = w.Values.ToArray();
        Array.Sort(sorted);
        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    private static double Min(in StatisticWindow w) => w.State.Count == 0 ? double.NaN : w.State.Min;

    private static double Max(in StatisticWindow w) => w.State.Count == 0 ? double.NaN : w.State.Max;

    private static double Range(in StatisticWindow w) => w.State.Count == 0 ? double.NaN : w.State.Max - w.State.Min;

    private static double Sd(in StatisticWindow w) => w.State.Sd;

    private static double Cv(in StatisticWindow w) => w.State.Mean == 0 ? double.NaN : w.State.Sd / w.State.Mean;

    private static double Slope(in StatisticWindow w) => w.State.Slope;

    /// <summary>
    /// Rapid weight gain is the sign of fluid that heart failure guidelines act on: more than 2 kg in 3 days
    /// (McDonagh et al., 2021 ESC Guidelines, Eur Heart J 2021;42:3599, section on self-care).
    /// </summary>
    private static double Gain(in StatisticWindow w) => w.State.Count == 0 ? double.NaN : w.State.Last - w.State.First;

    private static double Last(in StatisticWindow w) => w.State.Count == 0 ? double.NaN : w.State.Last;

    private static double Age(in StatisticWindow w) => w.State.Count == 0 ? double.NaN : w.Age;

    private static double Change(in StatisticWindow w) => w.State.Count == 0 || w.Baseline.Count == 0 ? double.NaN : w.State.Mean - w.Baseline.Mean;

    private static double Z(in StatisticWindow w) => w.Baseline.Sd > 0 ? Change(in w) / w.Baseline.Sd : double.NaN;

    private static double HourlyMean(in StatisticWindow w)
    {
        var readings = 0;
        foreach (var hour in w.Hours)
        {
            readings += hour;
        }

        return w.Hours.IsEmpty ? double.NaN : readings / (double)w.Hours.Length;
    }

    private static double HourlySd(in StatisticWindow w)
    {
        if (w.Hours.Length < 2)
        {
            return double.NaN;
        }

        var mean = HourlyMean(in w);
        var squares = 0.0;
        foreach (var hour in w.Hours)
        {
            squares += (hour - mean) * (hour - mean);
        }

        return Math.Sqrt(squares / (w.Hours.Length - 1));
    }

    private static double HourlyMax(in StatisticWindow w)
    {
        var most = double.NaN;
        foreach (var hour in w.Hours)
        {
            most = hour <= most ? most : hour;
        }

        return most;
    }
}
