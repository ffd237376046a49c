using System.Text;
using NodaTime;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Risk.Elsewhere;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Tasks;

namespace RemoteMonitoring.Risk.Tests.Elsewhere;

/// <summary>A table of <c>home</c> with three columns filled in, and models over them.</summary>
internal static class ElsewhereCase
{
    internal const string Three = """
        { "name": "oxygen", "column": "spo2_mean_3d", "missing": 0.5, "scale": 0.01, "offset": -0.9 },
        { "name": "pulse", "column": "heart_rate_last", "missing": 70 },
        { "name": "gain", "column": "weight_gain_3d", "missing": 0 }
        """;

    internal static readonly string[] Columns = ["spo2_mean_3d", "heart_rate_last", "weight_gain_3d"];

    internal static byte[] Mapping(string? features = Three, string output = """, "output": { "as": "probability" }""") =>
        Encoding.UTF8.GetBytes($$"""{ "schemaVersion": 1, "featureSet": "home", "features": [ {{features}} ]{{output}} }""");

    internal static RiskModel Model(ModelKind kind, byte[]? file, byte[]? mapping = null, HttpEndpoint? endpoint = null) => RiskModel.FromElsewhere(
        BundledTasks.AdmissionSevenDays, FeatureSet.Home, kind, file, mapping ?? Mapping(), endpoint,
        new ModelOrigin { By = "ada", Why = "to compare", At = Instant.FromUtc(2025, 6, 1, 0, 0), Calibration = "as given" },
        Instant.FromUtc(2025, 1, 1, 0, 0), null);

    internal static FeatureTable Table(int rows, double missing = 0, int seed = 3)
    {
        var random = new Random(seed);
        var table = FeatureTable.Empty(FeatureSet.Home, [.. Enumerable.Range(0, rows).Select(r => new VectorKey($"patient-{r}", r, r))]);
        foreach (var column in table.Values)
        {
            Array.Fill(column, double.NaN);
        }

        for (var r = 0; r < rows; r++)
        {
            double[] values = [88 + (random.NextDouble() * 12), 50 + (random.NextDouble() * 80), (random.NextDouble() * 6) - 3];
            for (var c = 0; c < Columns.Length; c++)
            {
                table.Values[table.IndexOf(Columns[c])][r] = random.NextDouble() < missing ? double.NaN : values[c];
            }
        }

        return table;
    }

    /// <summary>What the mapping makes of a row.</summary>
    internal static double[] Mapped(FeatureTable table, int row)
    {
        double Of(string column) => table.Values[table.IndexOf(column)][row];
        return
        [
            double.IsNaN(Of(Columns[0])) ? 0.5 : (float)(((float)Of(Columns[0]) * 0.01) - 0.9),
            double.IsNaN(Of(Columns[1])) ? 70 : (float)Of(Columns[1]),
            double.IsNaN(Of(Columns[2])) ? 0 : (float)Of(Columns[2]),
        ];
    }

}
