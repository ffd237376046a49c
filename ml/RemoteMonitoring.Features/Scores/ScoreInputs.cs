using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.Features.Scores;

/// <summary>The latest value of each vital that scores are made of, and when it was taken.</summary>
internal sealed class ScoreInputs
{
    private const int Respiration = 0, Spo2 = 1, Sao2 = 2, Systolic = 3, NoninvasiveSystolic = 4, InvasiveSystolic = 5, Pulse = 6, Temperature = 7, Acvpu = 8, Gcs = 9, OxygenFlow = 10, Fio2 = 11;

    private readonly double[] _value = new double[Vitals.Length];
    private readonly long[] _time = new long[Vitals.Length];

    /// <summary>The vitals, by slot.</summary>
    public static VitalSign[] Vitals { get; } =
    [
        .. ((string[])
        [
            "respiratory_rate", "spo2", "sao2", "systolic_bp", "noninvasive_systolic_bp", "invasive_systolic_bp", "heart_rate", "temperature", "acvpu", "gcs", "oxygen_flow", "fio2",
        ]).Select(key => VitalSignCatalog.Default[key]),
    ];

    /// <summary>Forgets all.</summary>
    public void Clear() => Array.Fill(_time, long.MinValue);

    /// <summary>Takes a value that is not before the one it has.</summary>
    public void Set(int slot, double value, long time) => (_value[slot], _time[slot]) = (value, time);

    /// <summary>NEWS2 of the values taken after an instant; null where there are none.</summary>
    public News2Score? News2(bool scale2, long after)
    {
        var (flow, fio2) = (Latest(after, OxygenFlow), Latest(after, Fio2));
        var inputs = new News2Inputs
        {
            RespiratoryRate = Latest(after, Respiration),
            Spo2 = Latest(after, Spo2, Sao2),
            Spo2Scale2 = scale2,
            OnOxygen = flow is > 0 || fio2 is > 21 ? true : flow is null && fio2 is null ? null : false, // a flow of zero is room air
            Systolic = Latest(after, Systolic, NoninvasiveSystolic, InvasiveSystolic),
            Pulse = Latest(after, Pulse),
            Alert = Alert(after),
            Temperature = Latest(after, Temperature),
        };
        var score = Scores.News2.Score(inputs);
        return score.InputsPresent == 0 ? null : score;
    }

    /// <summary>qSOFA of the same; null where there are none.</summary>
    public QsofaScore? Qsofa(long after)
    {
        var score = Scores.Qsofa.Score(Latest(after, Respiration), Latest(after, Systolic, NoninvasiveSystolic, InvasiveSystolic), Alert(after));
        return score.InputsPresent == 0 ? null : score;
    }

    private bool? Alert(long after) => Latest(after, Acvpu) is { } acvpu ? acvpu == 0 : Latest(after, Gcs) is { } gcs ? gcs >= 15 : null;

    /// <summary>The latest value of any of these vitals; of one instant that of the vital named first.</summary>
    private double? Latest(long after, params ReadOnlySpan<int> slots)
    {
        var latest = -1;
        foreach (var slot in slots)
        {
            latest = _time[slot] > after && (latest < 0 || _time[slot] > _time[latest]) ? slot : latest;
        }

        return latest < 0 ? null : _value[latest];
    }
}
