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

/// <summary>What a patient is shown with.</summary>
/// <param name="Clinical">What speaks of the patient, strongest first.</param>
/// <param name="Technical">What speaks of the measuring, strongest first.</param>
public sealed record ShownReasons(IReadOnlyList<Reason> Clinical, IReadOnlyList<Reason> Technical);

/// <summary>
/// Turns what moved a score into what a care manager can check: the latest value with its time, beside the person's usual.
/// It says what moved the score, not the cause of illness. A reading that is too old to act on says nothing.
/// </summary>
public static class ReasonText
{
    /// <summary>Reasons a patient is shown with at the most.</summary>
    public const int Most = 3;

    /// <summary>Technical causes that are shown beside them, at the most.</summary>
    public const int MostTechnical = 2;

    /// <summary>What stands beside reasons wherever they are shown.</summary>
    public const string Footer = "what moved the score, not the cause";

    private const string Steady = "(steady over ";

    /// <summary>Share of the usual range's width that a vital has to move by over the window of its column, else it is steady; without a range the share of its value. Ours.</summary>
    private const double LeastOfRange = 0.1;
    private const double LeastOfValue = 0.002;

    private static readonly LocalDateTimePattern s_time = LocalDateTimePattern.CreateWithInvariantCulture("dddd HH':'mm");
    private static readonly LocalDateTimePattern s_date = LocalDateTimePattern.CreateWithInvariantCulture("d MMM HH':'mm");

    /// <summary>What is asked once a week or less often at home: a day late is still this week's.</summary>
    private static readonly string[] s_weekly = ["breathlessness", "swelling", "sputum", "height", "muscle_mass"];

    /// <summary>
    /// The first reasons of an explanation, one a cause. A vital whose absence drives the score is a technical cause; a
    /// column that speaks of no vital is said in its own words with its value. <paramref name="cellsOf"/> tells the cells of a vital's look-back;
    /// without <paramref name="news2"/> the score is no reason, since it is not made for this patient.
    /// </summary>
    public static ShownReasons Of(
        Explanation explanation, FeatureTable table, int row, Func<int, IReadOnlyList<VitalCell>> cellsOf, long lookBack, DateTimeZone zone, bool news2 = true)
    {
        var (clinical, technical) = (new List<Reason>(), new List<Reason>());
        foreach (var candidate in explanation.Candidates)
        {
            if (clinical.Count == Most && technical.Count == MostTechnical)
            {
                break;
            }

            var value = table.Values[table.IndexOf(candidate.Strongest.Name)][row];
            if (!candidate.IsVital)
            {
                Add(clinical, Most, candidate.Strongest.Topic == "news2" && !news2 ? null : OfColumn(candidate, value));
                continue;
            }

            var vital = VitalSignCatalog.Default[candidate.Key];
            var range = PersonalRange.Of(vital, cellsOf(vital.Index), lookBack, table.AsOf[row]);
            if (candidate.IsTechnical || range is null || double.IsNaN(value))
            {
                // One line a vital, however many of its columns are about the measuring.
                Add(technical, MostTechnical, technical.Exists(t => t.Vital == vital.Key) ? null : OfMeasuring(candidate, value, vital, range, table.AsOf[row], lookBack));
            }
            else if (table.AsOf[row] - range.Value.Time <= FreshFor(vital, lookBack))
            {
                Add(clinical, Most, OfVital(candidate, value, vital, range.Value, table.AsOf[row], lookBack, zone));
            }
        }

        // What stands still is no news: it comes behind the others, whatever it added.
        return new ShownReasons([.. clinical.OrderBy(r => r.Text.Contains(Steady, StringComparison.Ordinal))], technical);
    }

    /// <summary>A value as people read it: the vital's short name, the number to the precision that matters, the unit.</summary>
    public static string Format(VitalSign vital, double value) => $"{vital.Label} {With(value, vital)}";

    /// <summary>The number to the precision that matters, with its unit.</summary>
    public static string Value(VitalSign vital, double value) => With(value, vital);

    /// <summary>A vital's short name with the unit its values are shown in.</summary>
    public static string WithUnit(VitalSign vital) => Quantity.Unit(vital.Unit) is { Length: > 0 } unit ? $"{vital.Label}, {unit}" : vital.Label;

    /// <summary>How old a reading may be and still be a reason, microseconds: a day in acute care; at home three days, and eight of what is asked weekly.</summary>
    internal static long FreshFor(VitalSign vital, long lookBack) =>
        lookBack <= 2 * UnixMicros.PerDay ? UnixMicros.PerDay : (s_weekly.Contains(vital.Key) ? 8 : 3) * UnixMicros.PerDay;

    private static void Add(List<Reason> reasons, int most, Reason? reason)
    {
        if (reason is not null && reasons.Count < most)
        {
            reasons.Add(reason);
        }
    }

    private static Reason OfVital(ReasonCandidate candidate, double value, VitalSign vital, PersonalRange range, long asOf, long lookBack, DateTimeZone zone)
    {
        var usual = double.IsNaN(range.UsualLow)
            ? $"no usual range yet ({range.UsualCells} earlier {(lookBack > 2 * UnixMicros.PerDay ? "day" : "hour")}{(range.UsualCells == 1 ? "" : "s")} with a reading)"
            : $"{(range.Value > range.UsualHigh ? "above usual " : range.Value < range.UsualLow ? "below usual " : "within the usual range ")}{Usual(range, vital)}";
        // What columns say of single readings is another thing than the sums that are told.
        var steady = !vital.IsCounted && IsSteady(candidate.Strongest, value, range);
        return new Reason
        {
            Vital = vital.Key,
            Key = candidate.Key,
            Contribution = candidate.Contribution,
            Direction = range.Value > range.UsualHigh ? "above-usual" : range.Value < range.UsualLow ? "below-usual" : steady || vital.IsCounted ? null : Going(candidate.Strongest, value) is { Length: > 0 } going ? going : null,
            Value = range.Value,
            Unit = vital.Unit,
            EffectiveTime = UnixMicros.ToInstant(range.Time),
            UsualLow = double.IsNaN(range.UsualLow) ? null : range.UsualLow,
            UsualHigh = double.IsNaN(range.UsualHigh) ? null : range.UsualHigh,
            Text = vital.IsCounted
                ? $"{Format(vital, range.Value)} {(lookBack > 2 * UnixMicros.PerDay ? "in the day" : "in the hour")} up to {When(range.Time, asOf, zone)}, {usual}{(candidate.Strongest.Statistic == "count" ? Driver(candidate.Strongest, value, vital, lookBack) : "")}"
                : $"{Format(vital, range.Value)} on {When(range.Time, asOf, zone)}, {usual}{(steady ? $" {Steady}{Over(candidate.Strongest)})" : Driver(candidate.Strongest, value, vital, lookBack))}",
        };
    }

    /// <summary>What is to be said of how a vital was measured: that it was not, else how long ago, else how often.</summary>
    private static Reason? OfMeasuring(ReasonCandidate candidate, double value, VitalSign vital, PersonalRange? range, long asOf, long lookBack)
    {
        var column = candidate.Strongest;
        var text = range is not { } last ? $"no {vital.Label} reading in the last {Span(lookBack)}"
            : asOf - last.Time > FreshFor(vital, lookBack) ? $"no {vital.Label} for {Long(asOf - last.Time)}"
            : column.Statistic switch
            {
                _ when double.IsNaN(value) => $"too few {vital.Label} readings{(column.Window > 0 ? $" in {Over(column)}" : "")}",
                "count" => $"{vital.Label}: {(value == 0 ? "no" : Quantity.Number(value))} {(value == 1 ? "reading" : "readings")} in {Over(column)}",
                "adherence" => $"{vital.Label}: a reading on {Quantity.Number(value * 100)} % of the days in {Span(column.Window)}",
                _ => $"{vital.Label}: last reading {Long(asOf - last.Time)} ago",
            };
        return new Reason { Vital = vital.Key, Key = candidate.Key, Contribution = candidate.Contribution, Text = text };
    }

    private static string Usual(PersonalRange range, VitalSign vital) => Quantity.Number(range.UsualLow) == Quantity.Number(range.UsualHigh)
        ? With(range.UsualHigh, vital)
        : $"{Quantity.Number(range.UsualLow)}–{With(range.UsualHigh, vital)}";

    /// <summary>That something is not known, a condition is absent, nothing happened or a score is zero is no reason to call anybody.</summary>
    private static Reason? OfColumn(ReasonCandidate candidate, double value)
    {
        var yesOrNo = candidate.Key == "female" || candidate.Key.StartsWith("condition_", StringComparison.Ordinal);
        var counts = yesOrNo || candidate.Strongest.Unit is "{events}" or "{score}";
        return double.IsNaN(value) || (counts && value == 0)
            ? null
            : new Reason
            {
                Key = candidate.Key,
                Contribution = candidate.Contribution,
                Text = yesOrNo ? candidate.Fallback : Event(candidate.Strongest, value) ?? $"{candidate.Fallback}: {Quantity.Number(value)}",
            };
    }

    /// <summary>What happened to the patient, and when, as people say it; null for a column that speaks of nothing of the kind.</summary>
    private static string? Event(FeatureColumn column, double value)
    {
        var before = column.BeforeDay ? ", before the local day that ends at as-of" : "";
        var days = Math.Round(value);
        var ago = days == 0 ? "less than a day ago" : days == 1 ? "a day ago" : string.Create(CultureInfo.InvariantCulture, $"{days:0} days ago");
        var kind = column.Topic?.Replace('-', ' ').Replace(":", ", ", StringComparison.Ordinal);
        return column switch
        {
            { Unit: "{events}", Statistic: "count" } => string.Create(CultureInfo.InvariantCulture, $"{Quantity.Number(value)} {kind}{(value == 1 ? "" : "s")} in the last {column.Window / UnixMicros.PerDay} days{before}"),
            { Name: "since_discharged" } => $"left hospital {ago}",
            { Unit: "d", Statistic: "age" } when column.Name.StartsWith("since_", StringComparison.Ordinal) && kind is not null => $"last {kind} {ago}{before}",
            _ => null,
        };
    }

    /// <summary>What of the vital moved the score, where it is not plainly the value that is quoted.</summary>
    private static string Driver(FeatureColumn strongest, double value, VitalSign vital, long lookBack) => strongest.Statistic switch
    {
        _ when double.IsNaN(value) => "",
        "last" => "",
        "count" => $" ({Quantity.Number(value)} {(value == 1 ? "reading" : "readings")} in {Over(strongest)})",
        "sd" => $" (varies by {With(value, vital)} over {Over(strongest)})",
        "cv" => $" (varies by {Quantity.Number(value * 100)} % of its mean over {Over(strongest)})",
        "range" => $" (spans {With(value, vital)} over {Over(strongest)})",
        "gain" => $" ({Said(strongest, value)}{Signed(value, vital)} from first to last over {Over(strongest)})",
        "slope" => $" ({Said(strongest, value)}trend {Signed(value, vital)} a day over {Over(strongest)})",
        "change" => $" ({Said(strongest, value)}{Span(strongest.Window)} mean {Signed(value, vital)} against the {Span(lookBack - strongest.Window)} before)",
        "z" => $" ({Said(strongest, value)}{Span(strongest.Window)} mean {Signed(value, null)} standard deviations from the {Span(lookBack - strongest.Window)} before)",
        "min" => $" (lowest in {Over(strongest)} {With(value, vital)})",
        "max" => $" (highest in {Over(strongest)} {With(value, vital)})",
        _ => $" ({strongest.Statistic} over {Over(strongest)} {With(value, vital)})",
    };

    /// <summary>Whether a trend that moved the score comes to nothing that anybody could see in the readings.</summary>
    private static bool IsSteady(FeatureColumn strongest, double value, PersonalRange range)
    {
        var moved = strongest.Statistic switch
        {
            "slope" => value * strongest.Window / UnixMicros.PerDay,
            "change" or "gain" => value,
            _ => double.NaN,
        };
        return double.IsFinite(moved) && Math.Abs(moved) < Math.Max(double.IsNaN(range.UsualLow) ? 0 : LeastOfRange * (range.UsualHigh - range.UsualLow), LeastOfValue * Math.Abs(range.Value));
    }

    /// <summary>Where a vital is going, by the column that moved the score; empty where that says nothing of it.</summary>
    private static string Going(FeatureColumn strongest, double value) =>
        strongest.Statistic is "gain" or "slope" or "change" or "z" && value != 0 && !double.IsNaN(value) ? value > 0 ? "rising" : "falling" : "";

    private static string Said(FeatureColumn strongest, double value) => Going(strongest, value) is { Length: > 0 } going ? going + ", " : "";

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

    private static string Long(long micros) => micros >= 2 * UnixMicros.PerDay
        ? string.Create(CultureInfo.InvariantCulture, $"{micros / UnixMicros.PerDay} days")
        : string.Create(CultureInfo.InvariantCulture, $"{micros / UnixMicros.PerHour} h");

    private static string Over(FeatureColumn column) =>
        Span(column.Window) + column.Part switch { "night" => " at night", "daytime" => " by day", _ => "" };

    private static string Signed(double value, VitalSign? vital) =>
        (value >= 0 ? "+" : "−") + (vital is null ? Quantity.Number(Math.Abs(value)) : With(Math.Abs(value), vital));

    private static string With(double value, VitalSign vital) => Quantity.With(value, vital.Unit);
}
