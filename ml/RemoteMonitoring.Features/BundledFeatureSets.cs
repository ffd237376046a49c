using static RemoteMonitoring.Features.Statistic;

namespace RemoteMonitoring.Features;

/// <summary>The definitions that ship with this version.</summary>
internal static class BundledFeatureSets
{
    private const int Day = 24;

    public static FeatureSetDefinition Home { get; } = new()
    {
        Name = "home",
        Version = 1,
        LookBack = 28 * Day,
        Groups =
        [
            new FeatureGroup
            {
                Vitals =
                [
                    "heart_rate", "spo2", "respiratory_rate", "systolic_bp", "diastolic_bp", "temperature", "skin_temperature",
                    "weight", "body_water", "muscle_mass", "capillary_glucose", "steps", "peak_flow",
                ],
                Statistics = new Dictionary<Statistic, IReadOnlyList<int>>
                {
                    [Count] = [Day, 3 * Day, 7 * Day, 28 * Day],
                    [Mean] = [Day, 3 * Day, 7 * Day, 28 * Day],
                    [Min] = [3 * Day, 7 * Day],
                    [Max] = [3 * Day, 7 * Day],
                    [Sd] = [7 * Day, 28 * Day],
                    [Slope] = [3 * Day, 7 * Day, 28 * Day],
                    [Last] = [],
                    [Age] = [],
                    [Change] = [Day, 3 * Day, 7 * Day],
                    [Z] = [Day, 3 * Day],
                },
            },
            new FeatureGroup
            {
                Vitals = ["breathlessness", "swelling", "sputum"],
                Statistics = new Dictionary<Statistic, IReadOnlyList<int>>
                {
                    [Count] = [7 * Day],
                    [Mean] = [3 * Day, 7 * Day, 28 * Day],
                    [Max] = [3 * Day, 7 * Day],
                    [Last] = [],
                    [Age] = [],
                    [Change] = [3 * Day],
                },
            },
            new FeatureGroup
            {
                Vitals =
                [
                    "activity_kitchen", "activity_hallway", "activity_lounge", "activity_bedroom", "activity_fridge_door",
                    "activity_bathroom", "activity_front_door", "activity_back_door",
                ],
                Statistics = new Dictionary<Statistic, IReadOnlyList<int>> { [Count] = [Day, 3 * Day, 7 * Day, 28 * Day] },
            },
        ],
        Conditions = ["heart-failure", "copd", "diabetes", "hypertension"],
        PriorOutcomes = ["hospital-admission", "clinical-alert"],
        PriorOutcomeDays = [1, 7, 28, 90],
        StayTimes = true,
    };

    public static FeatureSetDefinition Acute { get; } = new()
    {
        Name = "acute",
        Version = 1,
        LookBack = 2 * Day,
        Groups =
        [
            new FeatureGroup
            {
                Vitals =
                [
                    "heart_rate", "respiratory_rate", "temperature", "spo2", "sao2", "gcs", "weight", "urine", "fio2", "ventilation",
                    "invasive_systolic_bp", "invasive_diastolic_bp", "invasive_mean_bp",
                    "noninvasive_systolic_bp", "noninvasive_diastolic_bp", "noninvasive_mean_bp",
                ],
                Statistics = new Dictionary<Statistic, IReadOnlyList<int>>
                {
                    [Count] = [6, 12, Day, 2 * Day],
                    [Mean] = [6, 12, Day, 2 * Day],
                    [Min] = [12, Day, 2 * Day],
                    [Max] = [12, Day, 2 * Day],
                    [Sd] = [Day, 2 * Day],
                    [Slope] = [12, Day, 2 * Day],
                    [Last] = [],
                    [Age] = [],
                    [Change] = [12, Day],
                },
            },
            new FeatureGroup
            {
                Vitals =
                [
                    "albumin", "alkaline_phosphatase", "alt", "ast", "bilirubin", "bun", "cholesterol", "creatinine", "glucose",
                    "bicarbonate", "hematocrit", "potassium", "lactate", "magnesium", "sodium", "paco2", "pao2", "ph", "platelets",
                    "troponin_i", "troponin_t", "wbc", "height",
                ],
                Statistics = new Dictionary<Statistic, IReadOnlyList<int>>
                {
                    [Count] = [Day, 2 * Day],
                    [Mean] = [Day, 2 * Day],
                    [Min] = [2 * Day],
                    [Max] = [2 * Day],
                    [Slope] = [2 * Day],
                    [Last] = [],
                    [Age] = [],
                    [Change] = [Day],
                },
            },
        ],
        Attributes = ["icu_type"],
    };
}
