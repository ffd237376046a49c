using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Components;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Worklist.Lists;

/// <summary>A vital over four weeks as a small picture: the last value of each day, the usual range behind it, gaps as gaps, and beside it the latest value. Made here, of use without scripts.</summary>
public static class TrendPicture
{
    private const int Width = 168;
    private const int Height = 40;
    private const int Label = 64;
    private const int Axis = 14;
    private const int Margin = 4;

    /// <summary>The picture; empty where there is no value.</summary>
    public static MarkupString Of(Trend trend)
    {
        var known = trend.Values.OfType<double>().ToArray();
        if (known.Length == 0)
        {
            return default;
        }

        var vital = VitalSignCatalog.Default[trend.Vital];
        // What cannot be the person's stands at the edge, and flattens nothing.
        if (OddReadings.Of(vital, known) is { } odd && known.Where(v => !odd.Has(v)).ToArray() is { Length: > 0 } ordinary)
        {
            var (least, most) = (Math.Min(ordinary.Min(), trend.UsualLow ?? double.PositiveInfinity), Math.Max(ordinary.Max(), trend.UsualHigh ?? double.NegativeInfinity));
            trend = trend with { Values = [.. trend.Values.Select(v => v is { } value ? Math.Clamp(value, least, most) : v)] };
        }

        var drawn = trend.Values.OfType<double>().ToArray();
        var (low, high) = (Math.Min(drawn.Min(), trend.UsualLow ?? double.PositiveInfinity), Math.Max(drawn.Max(), trend.UsualHigh ?? double.NegativeInfinity));
        var span = high > low ? high - low : Math.Max(Math.Abs(high) * 0.1, 1);
        double Y(double value) => high > low ? Margin + ((high - value) / span * (Height - (2 * Margin))) : Height / 2.0;
        double X(int day) => Margin + ((double)day / Math.Max(1, trend.Values.Count - 1) * (Width - (2 * Margin)));

        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg width=\"{Width + Label}\" height=\"{Height + Axis}\" viewBox=\"0 0 {Width + Label} {Height + Axis}\" role=\"img\" aria-label=\"{HtmlEncoder.Default.Encode(InWords(trend, vital, known))}\">");
        if (trend is { UsualLow: { } usualLow, UsualHigh: { } usualHigh })
        {
            var top = Y(usualHigh);
            svg.Append(CultureInfo.InvariantCulture, $"<rect class=\"usual\" x=\"0\" y=\"{top:0.#}\" width=\"{Width}\" height=\"{Math.Max(2, Y(usualLow) - top):0.#}\"/>");
        }

        // The last value, however long ago it was.
        var at = Enumerable.Range(0, trend.Values.Count).Last(d => trend.Values[d] is not null);
        for (var day = 0; day < trend.Values.Count; day++)
        {
            if (trend.Values[day] is not { } first || (day > 0 && trend.Values[day - 1] is not null))
            {
                continue;
            }

            // One stroke for each run of days with a value; a day alone is a dot.
            var end = day;
            while (end + 1 < trend.Values.Count && trend.Values[end + 1] is not null)
            {
                end++;
            }

            if (end == day && day == at)
            {
                continue;
            }

            if (end == day)
            {
                svg.Append(CultureInfo.InvariantCulture, $"<circle class=\"dot\" cx=\"{X(day):0.#}\" cy=\"{Y(first):0.#}\" r=\"1.5\"/>");
                continue;
            }

            svg.Append("<polyline class=\"line\" points=\"").AppendJoin(' ', Enumerable.Range(day, end - day + 1)
                .Select(d => string.Create(CultureInfo.InvariantCulture, $"{X(d):0.#},{Y(trend.Values[d]!.Value):0.#}"))).Append("\"/>");
        }

        var last = trend.Values[at]!.Value;
        svg.Append(CultureInfo.InvariantCulture, $"<circle class=\"dot\" cx=\"{X(at):0.#}\" cy=\"{Y(last):0.#}\" r=\"2.5\"/>")
            .Append(CultureInfo.InvariantCulture, $"<text x=\"{Width + Margin}\" y=\"{Math.Clamp(Y(last) + 4, 11, Height):0.#}\">{HtmlEncoder.Default.Encode(ReasonText.Value(vital, last))}</text>")
            .Append(CultureInfo.InvariantCulture, $"<line class=\"axis\" x1=\"0\" x2=\"{Width}\" y1=\"{Height}\" y2=\"{Height}\"/><text x=\"0\" y=\"{Height + Axis - 2}\">{trend.Values.Count} days</text>");

        return new MarkupString(svg.Append("</svg>").ToString());
    }

    private static string InWords(Trend trend, VitalSign vital, double[] known)
    {
        var (from, to) = (ReasonText.Value(vital, known.Min()), ReasonText.Value(vital, known.Max()));
        var usual = trend is { UsualLow: { } low, UsualHigh: { } high } ? $", usual {ReasonText.Value(vital, low)} to {ReasonText.Value(vital, high)}" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{vital.Label}, {trend.Values.Count} days: a value on {known.Length} of them, from {from} to {to}{usual}");
    }
}
