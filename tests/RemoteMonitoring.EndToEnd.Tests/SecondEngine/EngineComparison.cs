using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.EndToEnd.Tests.SecondEngine;

/// <summary>What came of asking both engines the same.</summary>
/// <param name="Cells">Values compared.</param>
/// <param name="Known">Of those, known to both.</param>
/// <param name="Worst">Greatest relative difference among those that may differ at all.</param>
/// <param name="Differences">A line for each of the first that are not equal.</param>
internal sealed record EngineComparison(long Cells, long Known, double Worst, IReadOnlyList<string> Differences)
{
    private const double Relative = 1e-6;
    private const int MostTold = 20;

    /// <summary>Statistics that involve no rounding: both engines give the same bits.</summary>
    private static readonly string[] s_exact = ["count", "min", "max", "last", "hourly_count_max"];

    /// <summary>Statistics that are differences: their error is measured by what was subtracted, of which they may leave next to nothing.</summary>
    private static readonly string[] s_differences = ["slope", "change", "z"];

    /// <summary>Compares values, [column][row].</summary>
    public static EngineComparison Of(IReadOnlyList<FeatureColumn> columns, IReadOnlyList<DuckRow> rows, double[][] ours, double[][] theirs)
    {
        var (known, worst, different) = (0L, 0.0, 0L);
        var differences = new List<string>();
        for (var c = 0; c < columns.Count; c++)
        {
            for (var r = 0; r < rows.Count; r++)
            {
                var (a, b) = (ours[c][r], theirs[c][r]);
                known += double.IsNaN(a) || double.IsNaN(b) ? 0 : 1;
                if (a.Equals(b))
                {
                    continue;
                }

                var difference = Math.Abs(a - b) / Scale(columns[c], a, b);
                if (s_exact.Contains(columns[c].Statistic) || !(difference <= Relative))
                {
                    different++;
                    if (differences.Count < MostTold)
                    {
                        differences.Add(Tell(columns[c], rows[r], a, b));
                    }
                }
                else
                {
                    worst = Math.Max(worst, difference);
                }
            }
        }

        if (different > differences.Count)
        {
            differences.Add(string.Create(CultureInfo.InvariantCulture, $"… and {different - differences.Count} more"));
        }

        return new EngineComparison((long)columns.Count * rows.Count, known, worst, differences);
    }

    /// <summary>A small value of a difference is compared as a thousandth is: no statistic of a reading is told to more than that.</summary>
    private static double Scale(FeatureColumn column, double a, double b) =>
        Math.Max(Math.Max(Math.Abs(a), Math.Abs(b)), s_differences.Contains(column.Statistic) ? 1e-3 : 0);

    private static string Tell(FeatureColumn column, DuckRow row, double ours, double theirs)
    {
        var patient = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(row.PatientId)))[..8];
        return string.Create(CultureInfo.InvariantCulture,
            $"patient {patient}, {column.Name} as of {UnixMicros.Format(row.AsOf)} known by {UnixMicros.Format(row.KnownBy)} in {row.Zone}: ours {ours:R}, DuckDB {theirs:R}");
    }
}
