namespace RemoteMonitoring.Cohorts.Simulation;

/// <summary>
/// A patient's body: personal baseline, slow drift, correlated day-to-day variation, circadian rhythm, and what the
/// episodes add. Gives the truth of a moment; what a device makes of it is the device's business.
/// </summary>
internal sealed class Physiology(PatientProfile profile, EpisodeCourse course)
{
    private readonly double[] _day = new double[HomeVitals.Count];
    private double _slowWeight;

    /// <summary>Moves to the next day.</summary>
    public void Wake(RandomStream r)
    {
        for (var v = 0; v < _day.Length; v++)
        {
            var (sd, persistence) = SimulationParameters.Variation.DayToDay[v];
            _day[v] = (persistence * _day[v]) + (Math.Sqrt(1 - (persistence * persistence)) * sd * profile.Variability[v] * r.Normal());
        }

        var slow = SimulationParameters.Variation.SlowPersistence;
        _slowWeight = (slow * _slowWeight) + (Math.Sqrt(1 - (slow * slow)) * SimulationParameters.Variation.SlowWeightSd * r.Normal());
    }

    /// <summary>The true value at a moment.</summary>
    /// <param name="vital">Which; steps are those of the whole day.</param>
    /// <param name="t">Days since the first local midnight.</param>
    /// <param name="hour">Hour on the wall clock.</param>
    public double Truth(HomeVital vital, double t, double hour)
    {
        var v = (int)vital;
        var baseline = profile.Baseline[v];
        var shift = course.Shift(vital, t) + _day[v];
        switch (vital)
        {
            case HomeVital.Glucose:
                return baseline * Math.Exp(shift + (hour > 9 ? SimulationParameters.Variation.GlucoseAfterMeal : 0));
            case HomeVital.Steps:
                return baseline * Math.Exp(shift);
            default:
                var (amplitude, peak) = SimulationParameters.Variation.Circadian[v];
                var rhythm = amplitude == 0 ? 0 : amplitude * Math.Cos(2 * Math.PI * (hour - peak) / 24);
                return baseline + shift + rhythm + (vital == HomeVital.Weight ? _slowWeight : 0);
        }
    }
}
