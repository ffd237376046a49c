using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Components;
using NodaTime;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Features;

namespace RemoteMonitoring.Worklist.Patients;

/// <summary>A vital over days or weeks as a picture: every reading, the personal band, limits, days on the axis; a day without a reading breaks the line. Readings that cannot be the person's stand as marks at the edge, so that they do not flatten the others.</summary>
public static class VitalPicture
{
    /// <summary>Readings that are drawn one by one at the most; of more the first, last, least and greatest of each step of the axis.</summary>
    private const int MostPoints = 600;

    private const string Score = "{score}";
    private const int Width = 640;
    private const int Height = 180;
    private const int Left = 52;
    private const int Bottom = 24;
    private const int Top = 8;
    private const int Right = 8;

    private static readonly Duration s_gap = Duration.FromHours(36);

    /// <summary>The picture of (after, to].</summary>
    public static MarkupString Of(VitalSeries series, PersonalLimit? limit, Instant after, Instant to, DateTimeZone zone)
    {
        // A limit is for a single reading, and here are sums.
        limit = series.Vital.IsCounted ? null : limit;
        var ordinary = series.Points.Where(p => series.Odd?.Has(p.Value) != true).ToArray();
        var values = ordinary.Select(p => p.Value).Concat(((double?[])[series.UsualLow, series.UsualHigh, limit?.Low, limit?.High]).OfType<double>()).ToArray();
        var (low, high) = (values.Min(), values.Max());
        var pad = high > low ? (high - low) * 0.08 : Math.Max(Math.Abs(high) * 0.05, 0.5);
        (low, high) = (low - pad, high + pad);
        double X(Instant time) => Left + ((time - after).TotalSeconds / (to - after).TotalSeconds * (Width - Left - Right));
        double Y(double value) => Top + ((high - value) / (high - low) * (Height - Top - Bottom));

        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg viewBox=\"0 0 {Width} {Height}\" width=\"{Width}\" height=\"{Height}\" role=\"img\" aria-label=\"{HtmlEncoder.Default.Encode(InWords(series))}\">");
        if (series is { UsualLow: { } usualLow, UsualHigh: { } usualHigh })
        {
            svg.Append(CultureInfo.InvariantCulture, $"<rect class=\"usual\" x=\"{Left}\" y=\"{Y(usualHigh):0.#}\" width=\"{Width - Left - Right}\" height=\"{Math.Max(2, Y(usualLow) - Y(usualHigh)):0.#}\"/>");
        }

        foreach (var value in Steps(low, high, series.Vital.Unit == Score ? 1 : 0))
        {
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"axis\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(value):0.#}\" y2=\"{Y(value):0.#}\"/><text x=\"{Left - 6}\" y=\"{Y(value) + 4:0.#}\" text-anchor=\"end\">{value:0.###}</text>");
        }

        foreach (var value in ((double?[])[limit?.Low, limit?.High]).OfType<double>())
        {
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"limit\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{Y(value):0.#}\" y2=\"{Y(value):0.#}\"/>");
        }

        Days(svg, after, to, zone, X);
        Line(svg, Thinned(ordinary), X, Y);
        foreach (var odd in series.Points.Except(ordinary))
        {
            var (x, edge, inside) = odd.Value > high ? (X(odd.Time), Top, Top + 8) : (X(odd.Time), Height - Bottom, Height - Bottom - 8);
            svg.Append(CultureInfo.InvariantCulture, $"<path class=\"odd\" d=\"M{x - 4:0.#},{inside} L{x + 4:0.#},{inside} L{x:0.#},{edge} Z\"/>");
        }

        return new MarkupString(svg.Append("</svg>").ToString());
    }

    /// <summary>What it shows, in a sentence.</summary>
    public static string InWords(VitalSeries series)
    {
        var values = series.Points.Select(p => p.Value).ToArray();
        double[] ordinary = [.. values.Where(v => series.Odd?.Has(v) != true)];
        var odd = values.Length - ordinary.Length;
        var usual = series is { UsualLow: { } low, UsualHigh: { } high } ? $", usual {ReasonText.Value(series.Vital, low)} to {ReasonText.Value(series.Vital, high)}" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{values.Length} {(series.Vital.IsCounted ? "days" : "readings")}, from {ReasonText.Value(series.Vital, ordinary.Min())} to {ReasonText.Value(series.Vital, ordinary.Max())}{(odd == 0 ? "" : $" but for {odd} far off, marked at the edge")}, last {ReasonText.Value(series.Vital, values[^1])}{usual}");
    }

    private static void Line(StringBuilder svg, VitalPoint[] points, Func<Instant, double> x, Func<double, double> y)
    {
        // Of few readings each has a dot; of many the last, and one that stands alone, through which no line goes.
        var dots = new List<VitalPoint>(points.Length <= MostPoints / 4 ? points : [points[^1]]);
        for (var start = 0; start < points.Length;)
        {
            var end = start + 1;
            while (end < points.Length && points[end].Time - points[end - 1].Time <= s_gap)
            {
                end++;
            }

            if (end - start > 1)
            {
                svg.Append("<polyline class=\"line\" points=\"").AppendJoin(' ', points.Skip(start).Take(end - start).Select(p => string.Create(CultureInfo.InvariantCulture, $"{x(p.Time):0.#},{y(p.Value):0.#}"))).Append("\"/>");
            }

            else if (points.Length > MostPoints / 4)
            {
                dots.Add(points[start]);
            }

            start = end;
        }

        foreach (var point in dots.Distinct())
        {
            svg.Append(CultureInfo.InvariantCulture, $"<circle class=\"dot\" cx=\"{x(point.Time):0.#}\" cy=\"{y(point.Value):0.#}\" r=\"2\"/>");
        }
    }

    /// <summary>Midnights on the axis, at most some eight of them named.</summary>
    private static void Days(StringBuilder svg, Instant after, Instant to, DateTimeZone zone, Func<Instant, double> x)
    {
        var days = (int)Math.Ceiling((to - after).TotalDays);
        var every = Math.Max(1, (int)Math.Ceiling(days / 8.0));
        for (var date = after.InZone(zone).Date.PlusDays(1); zone.AtStartOfDay(date).ToInstant() is var at && at <= to; date = date.PlusDays(every))
        {
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"axis\" x1=\"{x(at):0.#}\" x2=\"{x(at):0.#}\" y1=\"{Height - Bottom}\" y2=\"{Height - Bottom + 4}\"/><text x=\"{x(at):0.#}\" y=\"{Height - 6}\" text-anchor=\"middle\">{date.ToString("d MMM", CultureInfo.InvariantCulture)}</text>");
        }
    }

    /// <summary>Some four round values between two, no closer than <paramref name="least"/>: between the points of a score there is nothing.</summary>
    private static IEnumerable<double> Steps(double low, double high, double least)
    {
        var rough = (high - low) / 4;
        var power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        var step = Math.Max(least, power * (rough / power) switch { < 1.5 => 1, < 3.5 => 2, < 7.5 => 5, _ => 10 });
        for (var value = Math.Ceiling(low / step) * step; value <= high; value += step)
        {
            yield return value + 0.0; // no minus before a zero
        }
    }

    private static VitalPoint[] Thinned(VitalPoint[] points)
    {
        if (points.Length <= MostPoints)
        {
            return points;
        }

        var size = (int)Math.Ceiling(points.Length / (MostPoints / 4.0));
        return [.. points.Chunk(size).SelectMany(c => ((VitalPoint[])[c[0], c.MinBy(p => p.Value), c.MaxBy(p => p.Value), c[^1]]).DistinctBy(p => p.Time).OrderBy(p => p.Time))];
    }
}
