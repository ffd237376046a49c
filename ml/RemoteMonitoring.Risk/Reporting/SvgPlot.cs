using System.Globalization;
using System.Text;

namespace RemoteMonitoring.Risk.Reporting;

/// <summary>
/// A plot as SVG: axes from 0 or below, lines, points with intervals, bars along the bottom. Colours and dashes are those of
/// the page's style, by class, so that it reads in light, dark and on paper.
/// </summary>
internal sealed class SvgPlot
{
    private const int Width = 480;
    private const int Height = 340;
    private const int Left = 58;
    private const int Right = 26;
    private const int Top = 12;
    private const int Bottom = 46;
    private const double BarShare = 0.18;

    private readonly StringBuilder _marks = new();
    private readonly string _title;
    private readonly string _xLabel;
    private readonly string _yLabel;
    private readonly double _xMax;
    private readonly double _yMin;
    private readonly double _yMax;
    private readonly bool _yPercent;
    private readonly bool _xPercent;

    internal SvgPlot(string title, string xLabel, string yLabel, double xMax, double yMin, double yMax, bool yPercent = true, bool xPercent = true) =>
        (_title, _xLabel, _yLabel, _xMax, _yMin, _yMax, _yPercent, _xPercent) = (title, xLabel, yLabel, xMax, yMin, yMax, yPercent, xPercent);

    private static int PlotWidth => Width - Left - Right;

    private static int PlotHeight => Height - Top - Bottom;

    /// <summary>A line; points that are no numbers interrupt it.</summary>
    internal SvgPlot Line(string style, IEnumerable<(double X, double Y)> points)
    {
        var path = new StringBuilder();
        var drawing = false;
        foreach (var (x, y) in points)
        {
            if (!double.IsFinite(y))
            {
                drawing = false;
                continue;
            }

            path.Append(drawing ? 'L' : 'M').Append(At(X(x))).Append(' ').Append(At(Y(y)));
            drawing = true;
        }

        _marks.Append($"<path class=\"line {style}\" d=\"{path}\"/>\n");
        return this;
    }

    /// <summary>A point with its interval.</summary>
    internal SvgPlot Point(string style, double x, double y, double low, double high)
    {
        if (double.IsFinite(low) && double.IsFinite(high))
        {
            _marks.Append($"<path class=\"line {style}\" d=\"M{At(X(x))} {At(Y(low))}V{At(Y(high))}\"/>\n");
        }

        _marks.Append($"<circle class=\"dot {style}\" cx=\"{At(X(x))}\" cy=\"{At(Y(y))}\" r=\"3.5\"/>\n");
        return this;
    }

    /// <summary>Bars of equal width along the bottom, the highest a sixth or so of the plot: how many, not what.</summary>
    internal SvgPlot Bars(IReadOnlyList<int> counts)
    {
        var most = Math.Max(1, counts.Count == 0 ? 1 : counts.Max());
        var width = (double)PlotWidth / counts.Count;
        for (var b = 0; b < counts.Count; b++)
        {
            var height = PlotHeight * BarShare * counts[b] / most;
            if (height > 0)
            {
                _marks.Append($"<rect class=\"bar\" x=\"{At(b * width)}\" y=\"{At(PlotHeight - height)}\" width=\"{At(width * 0.9)}\" height=\"{At(height)}\"/>\n");
            }
        }

        return this;
    }

    /// <summary>The picture.</summary>
    internal string ToSvg()
    {
        var svg = new StringBuilder($"<svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"{Html.Encode(_title)}\" xmlns=\"http://www.w3.org/2000/svg\">\n");
        foreach (var tick in Ticks(0, _xMax))
        {
            svg.Append($"<path class=\"grid\" d=\"M{At(Left + X(tick))} {Top}V{Top + PlotHeight}\"/>");
            svg.Append($"<text x=\"{At(Left + X(tick))}\" y=\"{Top + PlotHeight + 17}\" text-anchor=\"middle\">{Label(tick, _xMax, _xPercent)}</text>\n");
        }

        foreach (var tick in Ticks(_yMin, _yMax))
        {
            svg.Append($"<path class=\"{(tick == 0 && _yMin < 0 ? "axis" : "grid")}\" d=\"M{Left} {At(Top + Y(tick))}H{Left + PlotWidth}\"/>");
            svg.Append($"<text x=\"{Left - 7}\" y=\"{At(Top + Y(tick) + 4)}\" text-anchor=\"end\">{Label(tick, _yMax - _yMin, _yPercent)}</text>\n");
        }

        svg.Append($"<path class=\"axis\" d=\"M{Left} {Top}V{Top + PlotHeight}H{Left + PlotWidth}\"/>\n");
        svg.Append($"<text x=\"{Left + (PlotWidth / 2)}\" y=\"{Height - 8}\" text-anchor=\"middle\">{Html.Encode(_xLabel)}</text>\n");
        svg.Append($"<text x=\"14\" y=\"{Top + (PlotHeight / 2)}\" text-anchor=\"middle\" transform=\"rotate(-90 14 {Top + (PlotHeight / 2)})\">{Html.Encode(_yLabel)}</text>\n");
        // What lies outside the axes is cut off by a picture in the picture.
        return svg.Append($"<svg x=\"{Left}\" y=\"{Top}\" width=\"{PlotWidth}\" height=\"{PlotHeight}\" overflow=\"hidden\">\n").Append(_marks).Append("</svg>\n</svg>\n").ToString();
    }

    /// <summary>A round number at or above a value: the end of an axis.</summary>
    internal static double RoundUp(double value)
    {
        if (!(value > 0))
        {
            return 1;
        }

        var power = Math.Pow(10, Math.Floor(Math.Log10(value)));
        return ((double[])[1, 1.5, 2, 3, 4, 5, 6, 8, 10]).First(m => m * power >= value * (1 - 1e-9)) * power;
    }

    private static IEnumerable<double> Ticks(double from, double to)
    {
        var step = Step(to - from);
        for (var i = (int)Math.Ceiling((from / step) - 1e-9); i * step <= to + (step * 1e-9); i++)
        {
            yield return i * step;
        }
    }

    private static double Step(double span)
    {
        var power = Math.Pow(10, Math.Floor(Math.Log10(span / 5)));
        return ((double[])[1, 2, 5, 10]).First(m => span / (m * power) <= 6) * power;
    }

    private static string Label(double value, double span, bool percent)
    {
        var scale = percent ? 100 : 1;
        var decimals = Math.Max(0, -(int)Math.Floor(Math.Log10(Step(span) * scale) + 1e-9));
        var text = (Math.Abs(value) * scale).ToString("F" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        return (value < 0 ? "−" : "") + text + (percent ? " %" : "");
    }

    private static string At(double coordinate) => coordinate.ToString("0.##", CultureInfo.InvariantCulture);

    private double X(double value) => value / _xMax * PlotWidth;

    private double Y(double value) => PlotHeight - ((value - _yMin) / (_yMax - _yMin) * PlotHeight);
}
