using System.Globalization;
using NodaTime;
using NodaTime.Text;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Risk.Reporting;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>
/// Turns what moved a score into what a care manager can check: the latest value with its time, beside the person's usual.
/// It says what moved the score, not the cause of illness.
/// </summary>
public static class ReasonText
{
    /// <summary>Reasons a patient is shown with at the most.</summary>
    public const int Most = 3;

    private static readonly LocalDateTimePattern s_time = LocalDateTimePattern.CreateWithInvariantCulture("dddd HH':'mm");
    private static readonly LocalDateTimePattern s_date = LocalDateTimePattern.CreateWithInvariantCulture("d MMM HH':'mm");

    /// <summary>
    /// The first reasons of an explanation, one a vital. A vital whose absence drives the score is said to be missing; a
    /// column that speaks of no vital is said in its own words with its value. <paramref name="cellsOf"/> tells the cells of a vital's look-back.
    /// </summary>
    public static IReadOnlyList<Reason> Of(
        Explanation explanation, FeatureTable table, int row, Func<int, IReadOnlyList<VitalCell>> cellsOf, long lookBack, DateTimeZone zone)
    {
        var reasons = new List<Reason>();
        foreach (var candidate in explanation.Candidates)
        {
            var value = table.Values[table.IndexOf(candidate.Strongest.Name)][row];
            var reason = candidate.IsVital
                ? OfVital(candidate, value, cellsOf, table.AsOf[row], lookBack, zone)
                : OfColumn(candidate, value);
            if (reason is not null)
            {
                reasons.Add(reason);
            }

            if (reasons.Count == Most)
            {
                break;
            }
        }

        return reasons;
    }

    /// <summary>A value as people read it: the vital's short name, the number to the precision that matters, the unit.</summary>
    public static string Format(VitalSign vital, double value) => $"{vital.Label} {With(value, vital)}";

    private static Reason? OfVital(
        ReasonCandidate candidate, double value, Func<int, IReadOnlyList<VitalCell>> cellsOf, long asOf, long lookBack, DateTimeZone zone)
    {
        var vital = VitalSignCatalog.Default[candidate.Key];
        if (PersonalRange.Of(cellsOf(vital.Index), lookBack, asOf) is not { } range)
        {
            return new Reason
            {
                Vital = vital.Key,
                Contribution = candidate.Contribution,
                Text = $"no {vital.Label} reading in the last {Span(lookBack)}",
            };
        }

        var usual = double.IsNaN(range.UsualLow)
            ? $"no usual range yet ({range.UsualCells} earlier {(lookBack > 2 * UnixMicros.PerDay ? "day" : "hour")}{(range.UsualCells == 1 ? "" : "s")} with a reading)"
            : Usual(range, vital);
        return new Reason
        {
            Vital = vital.Key,
            Contribution = candidate.Contribution,
            Value = range.Value,
            Unit = vital.Unit,
            EffectiveTime = UnixMicros.ToInstant(range.Time),
            UsualLow = double.IsNaN(range.UsualLow) ? null : range.UsualLow,
            UsualHigh = double.IsNaN(range.UsualHigh) ? null : range.UsualHigh,
            Text = $"{Format(vital, range.Value)} on {When(range.Time, asOf, zone)}, {usual}{Driver(candidate.Strongest, value, vital, lookBack)}",
        };
    }

    private static string Usual(PersonalRange range, VitalSign vital) => Quantity.Number(range.UsualLow) == Quantity.Number(range.UsualHigh)
        ? $"usual {With(range.UsualHigh, vital)}"
        : $"usual {Quantity.Number(range.UsualLow)}–{With(range.UsualHigh, vital)}";

    /// <summary>That something is not known, a condition is absent, nothing happened or a score is zero is no reason to call anybody.</summary>
    private static Reason? OfColumn(ReasonCandidate candidate, double value)
    {
        var yesOrNo = candidate.Key == "female" || candidate.Key.StartsWith("condition_", StringComparison.Ordinal);
        var counts = yesOrNo || candidate.Strongest.Unit is "{events}" or "{score}";
        return double.IsNaN(value) || (counts && value == 0)
            ? null
            : new Reason
            {
                Contribution = candidate.Contribution,
                Text = yesOrNo ? candidate.Fallback : $"{candidate.Fallback}: {Quantity.Number(value)}",
            };
    }

    /// <summary>What of the vital moved the score, where it is not plainly the value that is quoted.</summary>
    private static string Driver(FeatureColumn strongest, double value, VitalSign vital, long lookBack) => strongest.Statistic switch
    {
        _ when double.IsNaN(value) => "",
        "last" => "",
        "count" => $" ({Quantity.Number(value)} {(value == 1 ? "reading" : "readings")} in {Over(strongest)})",
        "age" => "",
        "adherence" => $" (a reading on {Quantity.Number(value * 100)} % of the days in {Span(strongest.Window)})",
        "sd" => $" (varies by {With(value, vital)} over {Over(strongest)})",
        "cv" => $" (varies by {Quantity.Number(value * 100)} % of its mean over {Over(strongest)})",
        "range" => $" (spans {With(value, vital)} over {Over(strongest)})",
        "gain" => $" ({Signed(value, vital)} from first to last over {Over(strongest)})",
        "slope" => $" (trend {Signed(value, vital)} a day over {Over(strongest)})",
        "change" => $" ({Span(strongest.Window)} mean {Signed(value, vital)} against the {Span(lookBack - strongest.Window)} before)",
        "z" => $" ({Span(strongest.Window)} mean {Signed(value, null)} standard deviations from the {Span(lookBack - strongest.Window)} before)",
        "min" => $" (lowest in {Over(strongest)} {With(value, vital)})",
        "max" => $" (highest in {Over(strongest)} {With(value, vital)})",
        _ => $" ({strongest.Statistic} over {Over(strongest)} {With(value, vital)})",
    };

    /// <summary>The weekday while it names one day only, that is, on as-of's own local day and the six before it; else the date.</summary>
    private static string When(long time, long asOf, DateTimeZone zone)
    {
        var local = UnixMicros.ToInstant(time).InZone(zone).LocalDateTime;
        var today = UnixMicros.ToInstant(asOf).InZone(zone).Date;
        return (Period.DaysBetween(local.Date, today) < 7 ? s_time : s_date).Format(local);
    }

    private static string Span(long micros) => micros > 2 * UnixMicros.PerDay
        ? string.Create(CultureInfo.InvariantCulture, $"{micros / UnixMicros.PerDay} d")
        : string.Create(CultureInfo.InvariantCulture, $"{micros / UnixMicros.PerHour} h");

    private static string Over(FeatureColumn column) =>
        Span(column.Window) + column.Part switch { "night" => " at night", "daytime" => " by day", _ => "" };

    private static string Signed(double value, VitalSign? vital) =>
        (value >= 0 ? "+" : "−") + (vital is null ? Quantity.Number(Math.Abs(value)) : With(Math.Abs(value), vital));

    private static string With(double value, VitalSign vital) => Quantity.With(value, vital.Unit);
}
