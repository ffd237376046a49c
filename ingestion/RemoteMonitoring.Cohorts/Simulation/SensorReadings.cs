namespace RemoteMonitoring.Cohorts.Simulation;

/// <summary>Turns the truth of a moment into what a device shows: its own lasting error, the error of one reading, and technique.</summary>
internal static class SensorReadings
{
    /// <summary>One value as shown, in the canonical unit, before rounding to the device's resolution.</summary>
    public static double Read(HomeDevice device, HomeVital vital, double truth, PatientProfile profile, ref RandomStream r)
    {
        var v = (int)vital;
        var error = device.Bias[v] + (SimulationParameters.Sensors.ReadingSd[v] * r.Normal());
        switch (vital)
        {
            case HomeVital.Glucose:
                return Math.Clamp(truth * Math.Exp(error), 25, 600);
            case HomeVital.Steps:
                return Math.Clamp(truth * Math.Exp(error), 0, 40_000);
            case HomeVital.Spo2:
                var badlyTaken = r.Chance(SimulationParameters.Sensors.ColdFinger);
                var drop = Math.Max(0, r.Normal(SimulationParameters.Sensors.ColdFingerDrop, SimulationParameters.Sensors.ColdFingerSd));
                return Math.Clamp(truth + error + profile.OximeterBias - (badlyTaken ? drop : 0), 65, 100);
            case HomeVital.Breathlessness or HomeVital.Swelling or HomeVital.Sputum:
                return Math.Clamp(truth + error, 0, 3);
            case HomeVital.Diastolic:
                return Math.Clamp(truth + error, 35, 140);
            default:
                return Math.Max(truth + error, vital switch
                {
                    HomeVital.Weight => 30,
                    HomeVital.Systolic => 70,
                    HomeVital.HeartRate => 38,
                    HomeVital.RespiratoryRate => 7,
                    HomeVital.PeakFlow => 50,
                    _ => 34,
                });
        }
    }
}
