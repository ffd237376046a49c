namespace RemoteMonitoring.Features.Scores;

/// <summary>The seven inputs of NEWS2; null (or NaN) where one is not known.</summary>
public readonly record struct News2Inputs
{
    /// <summary>Respirations, /min.</summary>
    public double? RespiratoryRate { get; init; }

    /// <summary>Oxygen saturation, %.</summary>
    public double? Spo2 { get; init; }

    /// <summary>Whether SpO2 is read on scale 2: only where a clinician decided so for this patient.</summary>
    public bool Spo2Scale2 { get; init; }

    /// <summary>Whether the patient breathes supplemental oxygen.</summary>
    public bool? OnOxygen { get; init; }

    /// <summary>Systolic blood pressure, mm[Hg].</summary>
    public double? Systolic { get; init; }

    /// <summary>Pulse, /min.</summary>
    public double? Pulse { get; init; }

    /// <summary>Whether the patient is alert; false for new confusion, voice, pain or unresponsive.</summary>
    public bool? Alert { get; init; }

    /// <summary>Temperature, Cel.</summary>
    public double? Temperature { get; init; }
}

/// <summary>
/// A NEWS2 score with what missing inputs could change. <see cref="Point"/> scores them 0 and is the baseline figure;
/// the true score lies from <see cref="Low"/> to <see cref="High"/>.
/// </summary>
/// <param name="Low">Every missing input at its fewest points.</param>
/// <param name="Point">Every missing input at 0 points.</param>
/// <param name="High">Every missing input at its most points.</param>
/// <param name="InputsPresent">How many of the 7 inputs were there.</param>
/// <param name="AnyRed">Whether a single input that is there scores 3.</param>
public readonly record struct News2Score(int Low, int Point, int High, int InputsPresent, bool AnyRed)
{
    /// <summary>Urgency by the chart: emergency from 7, urgent from 5, urgent ward review on any single 3, else low.</summary>
    public string Urgency => Point >= 7 ? "emergency" : Point >= 5 ? "urgent" : AnyRed ? "urgent-ward-review" : "low";
}

/// <summary>
/// National Early Warning Score 2. Source: Royal College of Physicians, National Early Warning Score (NEWS) 2,
/// London 2017, chart 1. Temperature is rounded to one decimal and the others to whole numbers, as they stand on the
/// chart, before banding. Not for people under 16 or in pregnancy; at home it describes, it does not decide.
/// </summary>
public static class News2
{
    /// <summary>Age in years below which the score is not made for anybody (RCP, National Early Warning Score (NEWS) 2, 2017: not for children under 16).</summary>
    public const int YoungestAge = 16;

    /// <summary>Number of inputs.</summary>
    public const int Inputs = 7;

    /// <summary>The score of the inputs.</summary>
    public static News2Score Score(in News2Inputs inputs)
    {
        int low = 0, point = 0, high = 0, present = 0;
        var red = false;

        void Add(int? points, int most)
        {
            low += points ?? 0;
            point += points ?? 0;
            high += points ?? most;
            present += points is null ? 0 : 1;
            red |= points == 3;
        }

        Add(Respiration(inputs.RespiratoryRate), 3);
        Add(inputs.OnOxygen is { } oxygen ? (oxygen ? 2 : 0) : null, 2);
        Add(SystolicPoints(inputs.Systolic), 3);
        Add(PulsePoints(inputs.Pulse), 3);
        Add(inputs.Alert is { } alert ? (alert ? 0 : 3) : null, 3);
        Add(TemperaturePoints(inputs.Temperature), 3);
        if (inputs is { Spo2Scale2: true, OnOxygen: null } && Known(inputs.Spo2) is { } spo2)
        {
            // On scale 2 the points of a high saturation hang on whether oxygen is given, which is not known here.
            var air = Scale2(spo2, onOxygen: false);
            var given = Scale2(spo2, onOxygen: true);
            low += Math.Min(air, given);
            point += air;
            high += Math.Max(air, given);
            present++;
            red |= air == 3;
        }
        else
        {
            Add(Known(inputs.Spo2) is { } value ? (inputs.Spo2Scale2 ? Scale2(value, inputs.OnOxygen ?? false) : Scale1(value)) : null, 3);
        }

        return new News2Score(low, point, high, present, red);
    }

    private static double? Known(double? value) => value is { } v && double.IsNaN(v) ? null : value;

    private static double Whole(double value) => Math.Round(value, MidpointRounding.AwayFromZero);

    private static int? Respiration(double? rate) => Known(rate) is not { } r ? null : Whole(r) switch
    {
        <= 8 => 3,
        <= 11 => 1,
        <= 20 => 0,
        <= 24 => 2,
        _ => 3,
    };

    private static int Scale1(double spo2) => Whole(spo2) switch
    {
        <= 91 => 3,
        <= 93 => 2,
        <= 95 => 1,
        _ => 0,
    };

    private static int Scale2(double spo2, bool onOxygen) => Whole(spo2) switch
    {
        <= 83 => 3,
        <= 85 => 2,
        <= 87 => 1,
        <= 92 => 0,
        _ when !onOxygen => 0,
        <= 94 => 1,
        <= 96 => 2,
        _ => 3,
    };

    private static int? SystolicPoints(double? systolic) => Known(systolic) is not { } s ? null : Whole(s) switch
    {
        <= 90 => 3,
        <= 100 => 2,
        <= 110 => 1,
        <= 219 => 0,
        _ => 3,
    };

    private static int? PulsePoints(double? pulse) => Known(pulse) is not { } p ? null : Whole(p) switch
    {
        <= 40 => 3,
        <= 50 => 1,
        <= 90 => 0,
        <= 110 => 1,
        <= 130 => 2,
        _ => 3,
    };

    private static int? TemperaturePoints(double? temperature) => Known(temperature) is not { } t ? null : Math.Round(t, 1, MidpointRounding.AwayFromZero) switch
    {
        <= 35.0 => 3,
        <= 36.0 => 1,
        <= 38.0 => 0,
        <= 39.0 => 1,
        _ => 2,
    };
}
