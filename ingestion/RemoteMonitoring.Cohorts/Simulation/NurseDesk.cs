namespace RemoteMonitoring.Cohorts.Simulation;

/// <summary>
/// Usual care: what a nurse sees of a patient, and whether that leads to a call today. The rules are the simple ones of
/// everyday practice; they look at what was measured, not at how the patient is.
/// </summary>
internal sealed class NurseDesk
{
    private const int Window = 4;
    private readonly double[] _weights = [double.NaN, double.NaN, double.NaN, double.NaN];
    private double _lowestSpo2 = double.NaN;
    private double _worstSymptom = double.NaN;
    private int _lastReading = int.MinValue / 2;
    private int _lastCall = int.MinValue / 2;
    private int _discharged = int.MinValue / 2;

    /// <summary>A reading was taken; the desk remembers the last days.</summary>
    public void See(int day, HomeVital vital, double value)
    {
        _lastReading = Math.Max(_lastReading, day);
        switch (vital)
        {
            case HomeVital.Weight:
                _weights[day % Window] = value;
                break;
            case HomeVital.Spo2:
                _lowestSpo2 = double.IsNaN(_lowestSpo2) ? value : Math.Min(_lowestSpo2, value);
                break;
            case HomeVital.Breathlessness or HomeVital.Swelling:
                _worstSymptom = double.IsNaN(_worstSymptom) ? value : Math.Max(_worstSymptom, value);
                break;
            default:
                break;
        }
    }

    public void CameHome(int day) => _discharged = day;

    public void Called(int day) => _lastCall = day;

    /// <summary>Days since the last call.</summary>
    public int SinceCall(int day) => day - _lastCall;

    /// <summary>Whether to call today on what was seen until yesterday; forgets the oldest day.</summary>
    public bool Calls(int day, bool workingDay, ref RandomStream r)
    {
        var gain = _weights[(day + Window - 1) % Window] - _weights[day % Window];
        var alert = gain >= SimulationParameters.Nurse.WeightGain
            || _lowestSpo2 <= SimulationParameters.Nurse.LowSpo2
            || _worstSymptom >= SimulationParameters.Nurse.Symptom - 0.5;
        var silent = day - _lastReading >= SimulationParameters.Nurse.SilentDays;
        var chance = SimulationParameters.Nurse.RoutinePerDay
            + (alert ? SimulationParameters.Nurse.OnAlert : 0)
            + (silent ? SimulationParameters.Nurse.OnSilence : 0)
            + (day - _discharged is >= 1 and <= 3 && _lastCall < _discharged ? SimulationParameters.Nurse.AfterDischarge / 2 : 0);
        _weights[day % Window] = double.NaN;
        if (workingDay)
        {
            // Over a weekend the alerts stay on the desk.
            _lowestSpo2 = double.NaN;
            _worstSymptom = double.NaN;
        }

        return r.Chance(chance) && workingDay;
    }
}
