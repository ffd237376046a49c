namespace RemoteMonitoring.Cohorts.Simulation;

/// <summary>
/// When a patient measures: a round in the morning, for some one in the evening, kept with a probability that differs
/// between people, fades in some, and answers to illness, weeks, weekends, lapses and calls.
/// </summary>
internal sealed class Habits(PatientProfile profile)
{
    private double _week;
    private double _lapseUntil = double.NegativeInfinity;
    private int _calledOn = int.MinValue / 2;

    /// <summary>Whether the patient is well and simply not measuring, by choice or on holiday.</summary>
    public bool IsLapsed(double t) => t < _lapseUntil;

    /// <summary>Moves to the next day.</summary>
    public void Wake(int day, RandomStream r)
    {
        var week = r.Normal();
        var lapses = r.Chance(SimulationParameters.Habits.LapsePerDay);
        var length = r.Gamma(SimulationParameters.Habits.LapseDaysMean, SimulationParameters.Habits.LapseDaysSd);
        if (day % 7 == profile.Index % 7)
        {
            _week = SimulationParameters.Habits.WeekSigma * week;
        }

        if (lapses && !IsLapsed(day))
        {
            _lapseUntil = day + length;
        }
    }

    /// <summary>A call: the next week goes better, and a lapse may end.</summary>
    public void Called(int day, bool endsLapse)
    {
        _calledOn = day;
        if (endsLapse)
        {
            _lapseUntil = double.NegativeInfinity;
        }
    }

    /// <summary>Probability that a round asked for today is kept.</summary>
    public double Kept(int day, double illness, bool weekend)
    {
        if (IsLapsed(day))
        {
            return 0;
        }

        var fade = Math.Exp(-Math.Max(0, day - profile.EnrolDay) / profile.FadingDays);
        var kept = profile.KeptAtLast + ((profile.KeptAtFirst - profile.KeptAtLast) * fade);
        var logit = Math.Log(kept / (1 - kept)) + _week + (weekend ? SimulationParameters.Habits.Weekend : 0);
        if (day - _calledOn <= SimulationParameters.Habits.CallLiftDays)
        {
            logit += SimulationParameters.Habits.CallLift;
        }

        if (profile.WhenIll == IllnessHabit.MeasuresMore)
        {
            logit += SimulationParameters.Habits.WorriedLift * illness;
        }

        var probability = 1 / (1 + Math.Exp(-logit));
        return profile.WhenIll == IllnessHabit.FallsSilent
            ? probability * (1 - (SimulationParameters.Habits.SilentStrength * illness))
            : probability;
    }

    public double MorningHour(bool weekend, ref RandomStream r) =>
        Math.Clamp(profile.MorningHour + (weekend ? SimulationParameters.Habits.WeekendLater : 0) + (SimulationParameters.Habits.RoundSd * r.Normal()), 4, 12.5);

    public double EveningHour(ref RandomStream r) =>
        Math.Clamp(profile.EveningHour + (SimulationParameters.Habits.RoundSd * r.Normal()), 14, 23);
}
