using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Risk.Drift;

namespace RemoteMonitoring.Risk.Tests.Drift;

/// <summary>Made-up patients with a temperature, a weight, a count and a heart rate that is often missing, on one of two device models.</summary>
internal static class MadeUpRows
{
    public const int Temperature = 0;
    public const int Weight = 1;
    public const int Count = 2;
    public const int HeartRate = 3;

    public static IReadOnlyList<FeatureColumn> Columns { get; } =
    [
        Column("body_temperature_mean_3d", "mean", "Cel"), Column("weight_last_7d", "last", "kg"), Column("spo2_count_3d", "count", "{count}"), Column("heart_rate_mean_1d", "mean", "/min"),
    ];

    /// <summary>Rows of a draw. Days of a person are alike: half of the variance is the person's own.</summary>
    /// <param name="seed">Seed.</param>
    /// <param name="patients">Patients.</param>
    /// <param name="rowsOfAPatient">Rows of each.</param>
    /// <param name="ofB">Share of the patients whose device model is <c>B</c>, which reads temperatures half a degree higher.</param>
    /// <param name="shift">What the people's temperature is higher by, on whatever device.</param>
    /// <param name="missing">Share of the rows without a heart rate.</param>
    /// <param name="withModels">Whether device models are on record.</param>
    public static DriftRows Draw(int seed, int patients = 300, int rowsOfAPatient = 10, double ofB = 0.3, double shift = 0, double missing = 0.4, bool withModels = true)
    {
        var random = new Random(seed);
        var rows = patients * rowsOfAPatient;
        var (patient, devices, values) = (new string[rows], new string[rows], Columns.Select(_ => new double[rows]).ToArray());
        (double Kind, double Temperature, double Weight, double Rate)[] own = [.. Enumerable.Range(0, patients).Select(_ => (random.NextDouble(), Normal(random), Normal(random), Normal(random)))];
        for (var i = 0; i < rows; i++)
        {
            var p = i / rowsOfAPatient;
            var (kind, temperature, weight, rate) = own[p];
            patient[i] = $"p{seed}-{p}";
            devices[i] = !withModels ? "" : kind < ofB ? "B" : "A";
            values[Temperature][i] = 36.8 + shift + (0.25 * (temperature + Normal(random))) + (kind < ofB ? 0.5 : 0);
            values[Weight][i] = 80 + (10 * (weight + (0.2 * Normal(random))));
            values[Count][i] = Math.Max(0, Math.Round(1 + Normal(random)));
            values[HeartRate][i] = random.NextDouble() < missing ? double.NaN : 70 + (8 * (rate + Normal(random)));
        }

        return new DriftRows(patient, devices, values);
    }

    /// <summary>The same rows with a column changed.</summary>
    public static DriftRows With(this DriftRows rows, int column, Func<double, string, double> change) =>
        rows with { Values = [.. rows.Values.Select((v, c) => c == column ? v.Select((x, i) => change(x, rows.Devices[i])).ToArray() : v)] };

    private static FeatureColumn Column(string name, string statistic, string unit) => new() { Name = name, Statistic = statistic, Unit = unit, Meaning = name.Replace('_', ' '), From = "rollups" };

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
