using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Risk.Training;

namespace RemoteMonitoring.Risk.Evaluation;

/// <summary>What a rule of thumb says of every held-out row; the higher, the more at risk. What is not known scores 0.</summary>
/// <param name="Name">Scorer, a name of <see cref="MetricNames"/>.</param>
/// <param name="Score">By held-out row.</param>
public sealed record RuleScores(string Name, double[] Score);

/// <summary>
/// Rules of thumb over columns of a feature table: the points that a chart would give for what was known as of the row. An input that is not known gives none.
/// </summary>
public static class RulesOfThumb
{
    private const double UreaPerUreaNitrogen = 0.357;
    private const double GlucoseMolarMass = 18.016;

    private static readonly Rule[] s_rules =
    [
        new(BaselineRules.Qsofa, MetricNames.Qsofa, ["qsofa_low"], v => double.IsNaN(v[0]) ? 0 : v[0]),
        new(BaselineRules.Sirs, MetricNames.Sirs, ["temperature_last", "heart_rate_last", "respiratory_rate_last", "paco2_last", "wbc_last"], v => Sirs(v[0], v[1], v[2], v[3], v[4])),
        new(BaselineRules.Weight, MetricNames.WeightRule, ["weight_gain_3d"], v => WeightGain(v[0])),
        new(
            BaselineRules.SapsI,
            MetricNames.SapsI,
            [
                "age", "heart_rate_min_48h", "heart_rate_max_48h", "invasive_systolic_bp_min_48h", "invasive_systolic_bp_max_48h", "noninvasive_systolic_bp_min_48h",
                "noninvasive_systolic_bp_max_48h", "temperature_min_48h", "temperature_max_48h", "respiratory_rate_min_48h", "respiratory_rate_max_48h",
                "ventilation_count_48h", "urine_mean_24h", "urine_count_24h", "bun_min_48h", "bun_max_48h", "hematocrit_min_48h", "hematocrit_max_48h", "wbc_min_48h",
                "wbc_max_48h", "glucose_min_48h", "glucose_max_48h", "potassium_min_48h", "potassium_max_48h", "sodium_min_48h", "sodium_max_48h", "bicarbonate_min_48h",
                "bicarbonate_max_48h", "gcs_min_48h",
            ],
            SapsIOfColumns),
    ];

    /// <summary>
    /// Criteria of the systemic inflammatory response syndrome that are met, 0 to 4: a temperature (°C) above 38 or below 36; a heart rate above 90 /min; a
    /// respiratory rate above 20 /min or a PaCO2 below 32 mmHg; white cells (10*3/uL) above 12 or below 4. Immature forms are not known. Source: Bone et al.,
    /// Definitions for sepsis and organ failure, Chest 1992;101:1644, table 1.
    /// </summary>
    public static int Sirs(double temperature, double heartRate, double respiratoryRate, double paco2, double whiteCells) =>
        (temperature is > 38 or < 36 ? 1 : 0) + (heartRate > 90 ? 1 : 0) + (respiratoryRate > 20 || paco2 < 32 ? 1 : 0) + (whiteCells is > 12 or < 4 ? 1 : 0);

    /// <summary>
    /// 1 where the weight rose by more than 2 kg in 3 days, else 0. Source: McDonagh et al., 2021 ESC guidelines for the diagnosis and treatment of acute and
    /// chronic heart failure, Eur Heart J 2021;42:3599, section on self-care.
    /// </summary>
    public static int WeightGain(double kilograms) => kilograms > 2 ? 1 : 0;

    /// <summary>
    /// Points of one input of the first simplified acute physiology score, 0 to 4; of an input that is not known, 0. Units: years, /min, mmHg, °C, L in 24 h, mmol/L
    /// (urea, glucose, potassium, sodium, bicarbonate), %, 10*3/uL. Source: Le Gall et al., A simplified acute physiology score for ICU patients, Crit Care Med
    /// 1984;12:975, table 2.
    /// </summary>
    public static int SapsI(SapsInput input, double value) => double.IsNaN(value) ? 0 : input switch
    {
        SapsInput.Age => Points(value, [(76, 4), (66, 3), (56, 2), (46, 1)], 0),
        SapsInput.HeartRate => Points(value, [(180, 4), (140, 3), (110, 2), (70, 0), (55, 2), (40, 3)], 4),
        SapsInput.SystolicPressure => Points(value, [(190, 4), (150, 2), (80, 0), (55, 2)], 4),
        SapsInput.Temperature => Points(value, [(41, 4), (39, 3), (38.5, 1), (36, 0), (34, 1), (32, 2), (30, 3)], 4),
        SapsInput.RespiratoryRate => Points(value, [(50, 4), (35, 3), (25, 1), (12, 0), (10, 1), (6, 2)], 4),
        SapsInput.Urine => Points(value, [(5, 2), (3.5, 1), (0.7, 0), (0.5, 2), (0.2, 3)], 4),
        SapsInput.Urea => Points(value, [(55, 4), (36, 3), (29, 2), (7.5, 1), (3.5, 0)], 1),
        SapsInput.Hematocrit => Points(value, [(60, 4), (50, 2), (46, 1), (30, 0), (20, 2)], 4),
        SapsInput.WhiteCells => Points(value, [(40, 4), (20, 2), (15, 1), (3, 0), (1, 2)], 4),
        SapsInput.Glucose => Points(value, [(44.5, 4), (27.8, 3), (14, 1), (3.9, 0), (2.8, 2), (1.6, 3)], 4),
        SapsInput.Potassium => Points(value, [(7, 4), (6, 3), (5.5, 1), (3.5, 0), (3, 1), (2.5, 2)], 4),
        SapsInput.Sodium => Points(value, [(180, 4), (161, 3), (156, 2), (151, 1), (130, 0), (120, 2), (110, 3)], 4),
        SapsInput.Bicarbonate => Points(value, [(40, 3), (30, 1), (20, 0), (10, 1), (5, 3)], 4),
        SapsInput.GlasgowComaScale => Points(value, [(13, 0), (10, 1), (7, 2), (4, 3)], 4),
        _ => throw new ArgumentOutOfRangeException(nameof(input), input, null),
    };

    /// <summary>The column that a rule reads and a feature set lacks; null where it has all.</summary>
    internal static string? Lacking(string baseline, IReadOnlyList<FeatureColumn> columns) =>
        s_rules.FirstOrDefault(r => r.Baseline == baseline)?.Columns.FirstOrDefault(c => columns.All(has => has.Name != c));

    /// <summary>The task's rules over its rows, without NEWS2, which is always there; a rule whose columns the feature set lacks is left out.</summary>
    internal static IReadOnlyList<RuleScores> Of(LabelledRows data, IReadOnlyList<int> rows)
    {
        var scores = new List<RuleScores>();
        foreach (var baseline in data.Task.Baselines)
        {
            if (baseline == BaselineRules.TrailingSevenDays)
            {
                scores.Add(new(MetricNames.TrailingRate, [.. rows.Select(r => (double)data.PriorOutcomes7Days[r])]));
            }
            else if (baseline == BaselineRules.TrailingTwentyEightDays)
            {
                scores.Add(new(MetricNames.TrailingRate28Days, [.. rows.Select(r => (double)data.PriorOutcomes28Days[r])]));
            }
            else if (s_rules.FirstOrDefault(r => r.Baseline == baseline) is { } rule && Lacking(baseline, data.Features.Columns) is null)
            {
                var columns = Array.ConvertAll(rule.Columns, c => data.Features.Values[data.Features.IndexOf(c)]);
                scores.Add(new(rule.Name, [.. rows.Select(r => rule.Score(Array.ConvertAll(columns, c => c[data.FeatureRow[r]])))]));
            }
        }

        return scores;
    }

    /// <summary>Each input at its worst in the last 48 hours, as the score takes the worst of a day; urine of the last 24; who is ventilated has 3 points for breathing.</summary>
    private static double SapsIOfColumns(double[] v)
    {
        var points = SapsI(SapsInput.Age, double.Floor(v[0]));
        void Worst(SapsInput input, params ReadOnlySpan<double> values)
        {
            var worst = 0;
            foreach (var value in values)
            {
                worst = int.Max(worst, SapsI(input, value));
            }

            points += worst;
        }

        Worst(SapsInput.HeartRate, v[1], v[2]);
        Worst(SapsInput.SystolicPressure, v[3], v[4], v[5], v[6]);
        Worst(SapsInput.Temperature, v[7], v[8]);
        if (v[11] > 0)
        {
            points += 3;
        }
        else
        {
            Worst(SapsInput.RespiratoryRate, v[9], v[10]);
        }

        Worst(SapsInput.Urine, v[12] * v[13] / 1000);
        Worst(SapsInput.Urea, v[14] * UreaPerUreaNitrogen, v[15] * UreaPerUreaNitrogen);
        Worst(SapsInput.Hematocrit, v[16], v[17]);
        Worst(SapsInput.WhiteCells, v[18], v[19]);
        Worst(SapsInput.Glucose, v[20] / GlucoseMolarMass, v[21] / GlucoseMolarMass);
        Worst(SapsInput.Potassium, v[22], v[23]);
        Worst(SapsInput.Sodium, v[24], v[25]);
        Worst(SapsInput.Bicarbonate, v[26], v[27]);
        Worst(SapsInput.GlasgowComaScale, v[28]);
        return points;
    }

    /// <summary>Points of the highest band that the value reaches; <paramref name="below"/> all of them, the last.</summary>
    private static int Points(double value, ReadOnlySpan<(double From, int Points)> bands, int below)
    {
        foreach (var (from, points) in bands)
        {
            if (value >= from)
            {
                return points;
            }
        }

        return below;
    }

    private sealed record Rule(string Baseline, string Name, string[] Columns, Func<double[], double> Score);
}

/// <summary>Inputs of the first simplified acute physiology score.</summary>
public enum SapsInput
{
    /// <summary>Age, years.</summary>
    Age,

    /// <summary>Heart rate, /min.</summary>
    HeartRate,

    /// <summary>Systolic blood pressure, mmHg.</summary>
    SystolicPressure,

    /// <summary>Body temperature, °C.</summary>
    Temperature,

    /// <summary>Spontaneous respiratory rate, /min.</summary>
    RespiratoryRate,

    /// <summary>Urine, L in 24 hours.</summary>
    Urine,

    /// <summary>Urea in blood, mmol/L.</summary>
    Urea,

    /// <summary>Hematocrit, %.</summary>
    Hematocrit,

    /// <summary>White cells, 10*3/uL.</summary>
    WhiteCells,

    /// <summary>Glucose, mmol/L.</summary>
    Glucose,

    /// <summary>Potassium, mmol/L.</summary>
    Potassium,

    /// <summary>Sodium, mmol/L.</summary>
    Sodium,

    /// <summary>Bicarbonate, mmol/L.</summary>
    Bicarbonate,

    /// <summary>Glasgow Coma Scale, 3 to 15.</summary>
    GlasgowComaScale,
}
