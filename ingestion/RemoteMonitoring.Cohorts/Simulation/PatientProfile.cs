using System.Globalization;

namespace RemoteMonitoring.Cohorts.Simulation;

/// <summary>Conditions a simulated patient may have.</summary>
[Flags]
internal enum Condition
{
    None = 0,
    HeartFailure = 1,
    Copd = 2,
    Diabetes = 4,
    Hypertension = 8,
    Frailty = 16,
}

/// <summary>How a person answers feeling ill when it is time to measure.</summary>
internal enum IllnessHabit
{
    Unmoved,
    FallsSilent,
    MeasuresMore,
}

/// <summary>Who a patient is: what does not change during the simulation. Drawn from the patient's own streams alone.</summary>
internal sealed class PatientProfile
{
    public required int Index { get; init; }

    public required string Id { get; init; }

    public required Condition Conditions { get; init; }

    public required double Age { get; init; }

    public required bool Female { get; init; }

    public required double HeightCm { get; init; }

    /// <summary>What a pulse oximeter reads too high on this skin.</summary>
    public required double OximeterBias { get; init; }

    /// <summary>Factor on every hazard; log-normal with mean 1.</summary>
    public required double Frailty { get; init; }

    public required int Zone { get; init; }

    public required int EnrolDay { get; init; }

    public required double EnrolHour { get; init; }

    /// <summary>Day on which a planned short stay ends; <see cref="int.MaxValue"/> for everybody else.</summary>
    public required int PlannedLeaveDay { get; init; }

    /// <summary>The patient whose kit this one takes over, or −1.</summary>
    public required int KitFrom { get; init; }

    /// <summary>Personal mean of each vital; NaN where the person has no device for it to matter.</summary>
    public required double[] Baseline { get; init; }

    /// <summary>How much more this person varies from day to day than others do.</summary>
    public required double[] Variability { get; init; }

    public required double KeptAtFirst { get; init; }

    public required double KeptAtLast { get; init; }

    public required double FadingDays { get; init; }

    public required bool MeasuresInTheEvening { get; init; }

    public required double MorningHour { get; init; }

    public required double EveningHour { get; init; }

    public required IllnessHabit WhenIll { get; init; }

    public bool Has(Condition condition) => (Conditions & condition) != 0;

    public int ConditionCount => int.PopCount((int)Conditions);

    public static string IdOf(int index) => string.Create(CultureInfo.InvariantCulture, $"S{index:D6}");

    public static PatientProfile Draw(ulong seed, int index)
    {
        var r = new RandomStream(seed, index, StreamPurpose.Profile);
        var (primary, _, ageMean, ageSd) = DrawPrimary(ref r);
        var conditions = primary;
        foreach (var (given, other, chance) in SimulationParameters.Cohort.Comorbidity)
        {
            if (given == primary && r.Chance(chance))
            {
                conditions |= other;
            }
        }

        var age = Math.Round(Math.Clamp(r.Normal(ageMean, ageSd), SimulationParameters.Cohort.AgeLow, SimulationParameters.Cohort.AgeHigh));
        var female = r.Chance(SimulationParameters.Cohort.Female);
        var sigma = SimulationParameters.Cohort.FrailtySigma;
        var frailty = r.LogNormal(Math.Exp(-sigma * sigma / 2), sigma);
        var darker = r.Chance(SimulationParameters.Cohort.DarkerSkin);
        var bias = darker ? r.Normal(SimulationParameters.Sensors.Spo2DarkerSkinMean, SimulationParameters.Sensors.Spo2DarkerSkinSd) : 0;
        var height = Math.Round(r.Normal(female ? SimulationParameters.Baseline.HeightFemale : SimulationParameters.Baseline.HeightMale, SimulationParameters.Baseline.HeightSd));
        var baseline = DrawBaseline(ref r, conditions, age, height);
        var variability = new double[HomeVitals.Count];
        for (var v = 0; v < variability.Length; v++)
        {
            variability[v] = r.LogNormal(1, SimulationParameters.Variation.BetweenPeopleSigma);
        }

        var (first, last, fading) = DrawAdherence(ref r);
        var ill = r.Uniform();
        var (enrolDay, leaveDay, kitFrom) = DrawStay(seed, index);
        return new PatientProfile
        {
            Index = index,
            Id = IdOf(index),
            Conditions = conditions,
            Age = age,
            Female = female,
            HeightCm = height,
            OximeterBias = bias,
            Frailty = frailty,
            Zone = r.Chance(SimulationParameters.Cohort.SecondZone) ? 1 : 0,
            EnrolDay = enrolDay,
            EnrolHour = r.Uniform(9, 16),
            PlannedLeaveDay = leaveDay,
            KitFrom = kitFrom,
            Baseline = baseline,
            Variability = variability,
            KeptAtFirst = first,
            KeptAtLast = last,
            FadingDays = fading,
            MeasuresInTheEvening = r.Chance(SimulationParameters.Habits.EveningShare),
            MorningHour = Math.Clamp(r.Normal(SimulationParameters.Habits.MorningMean, SimulationParameters.Habits.MorningSd), 5.5, 11),
            EveningHour = Math.Clamp(r.Normal(SimulationParameters.Habits.EveningMean, SimulationParameters.Habits.EveningSd), 16.5, 22),
            WhenIll = ill < SimulationParameters.Habits.FallsSilentWhenIll ? IllnessHabit.FallsSilent
                : ill < SimulationParameters.Habits.FallsSilentWhenIll + SimulationParameters.Habits.MeasuresMoreWhenIll ? IllnessHabit.MeasuresMore
                : IllnessHabit.Unmoved,
        };
    }

    private static (Condition Primary, double Share, double AgeMean, double AgeSd) DrawPrimary(ref RandomStream r)
    {
        var u = r.Uniform();
        foreach (var row in SimulationParameters.Cohort.Mix)
        {
            if ((u -= row.Share) < 0)
            {
                return row;
            }
        }

        return SimulationParameters.Cohort.Mix[^1];
    }

    private static (double First, double Last, double FadingDays) DrawAdherence(ref RandomStream r)
    {
        var kind = r.Uniform();
        var u = r.Uniform();
        var fading = r.LogNormal(SimulationParameters.Habits.FadingDaysMedian, SimulationParameters.Habits.FadingDaysSigma);
        if (kind < SimulationParameters.Habits.Faithful)
        {
            var kept = Between(SimulationParameters.Habits.FaithfulLow, SimulationParameters.Habits.FaithfulHigh, u);
            return (kept, kept, fading);
        }

        if (kind < SimulationParameters.Habits.Faithful + SimulationParameters.Habits.Fading)
        {
            return (Between(SimulationParameters.Habits.FadingLow, SimulationParameters.Habits.FadingHigh, u), SimulationParameters.Habits.FadingFloor, fading);
        }

        var occasional = Between(SimulationParameters.Habits.OccasionalLow, SimulationParameters.Habits.OccasionalHigh, u);
        return (occasional, occasional, fading);
    }

    private static double Between(double low, double high, double u) => low + ((high - low) * u);

    // The first of each block has a short stay and hands its kit to the second, who is enrolled later for it. Each draws
    // both stays from the first one's stream, so neither depends on how many patients there are.
    private static (int EnrolDay, int LeaveDay, int KitFrom) DrawStay(ulong seed, int index)
    {
        var place = index % SimulationParameters.Cohort.HandoverBlock;
        var own = new RandomStream(seed, index, StreamPurpose.Enrolment);
        var enrol = own.Below(SimulationParameters.Cohort.EnrolmentDays);
        if (place > 1)
        {
            return (enrol, int.MaxValue, -1);
        }

        var first = index - place;
        var theirs = new RandomStream(seed, first, StreamPurpose.Enrolment);
        var leave = theirs.Below(SimulationParameters.Cohort.EnrolmentDays);
        var handover = new RandomStream(seed, first, StreamPurpose.Handover);
        leave += (int)handover.Uniform(SimulationParameters.Cohort.HandoverStayLow, SimulationParameters.Cohort.HandoverStayHigh);
        var gap = (int)handover.Uniform(SimulationParameters.Cohort.HandoverGapLow, SimulationParameters.Cohort.HandoverGapHigh);
        return place == 0 ? (enrol, leave, -1) : (leave + gap, int.MaxValue, first);
    }

    private static double[] DrawBaseline(ref RandomStream r, Condition conditions, double age, double height)
    {
        var copd = (conditions & Condition.Copd) != 0;
        var heart = (conditions & Condition.HeartFailure) != 0;
        var bmi = Math.Clamp(r.Normal(SimulationParameters.Baseline.BmiMean, SimulationParameters.Baseline.BmiSd), 17, 48);
        var systolic = r.Normal(SimulationParameters.Baseline.SystolicMean, SimulationParameters.Baseline.SystolicSd)
            + ((conditions & Condition.Hypertension) != 0 ? SimulationParameters.Baseline.SystolicHypertension : 0)
            + (heart ? SimulationParameters.Baseline.SystolicHeartFailure : 0);
        var spo2Sd = copd ? SimulationParameters.Baseline.Spo2CopdSd : SimulationParameters.Baseline.Spo2Sd;
        var b = new double[HomeVitals.Count];
        b[(int)HomeVital.Weight] = bmi * height * height / 10_000;
        b[(int)HomeVital.Systolic] = Math.Clamp(systolic, 95, 175);
        b[(int)HomeVital.Diastolic] = Math.Clamp(
            (SimulationParameters.Baseline.DiastolicSlope * systolic) + SimulationParameters.Baseline.DiastolicIntercept + r.Normal(0, SimulationParameters.Baseline.DiastolicSd), 50, 105);
        b[(int)HomeVital.HeartRate] = Math.Clamp(
            r.Normal(SimulationParameters.Baseline.HeartRateMean, SimulationParameters.Baseline.HeartRateSd) + (copd ? SimulationParameters.Baseline.HeartRateCopd : 0), 48, 105);
        b[(int)HomeVital.Spo2] = Math.Clamp(
            r.Normal(SimulationParameters.Baseline.Spo2Mean, spo2Sd) + (copd ? SimulationParameters.Baseline.Spo2Copd : 0) + (heart ? SimulationParameters.Baseline.Spo2HeartFailure : 0), 86, 99);
        b[(int)HomeVital.RespiratoryRate] = r.Normal(SimulationParameters.Baseline.RespiratoryMean, SimulationParameters.Baseline.RespiratorySd)
            + (copd || heart ? SimulationParameters.Baseline.RespiratoryIll : 0);
        b[(int)HomeVital.Temperature] = r.Normal(SimulationParameters.Baseline.TemperatureMean, SimulationParameters.Baseline.TemperatureSd);
        b[(int)HomeVital.Glucose] = r.LogNormal(SimulationParameters.Baseline.GlucoseMedian, SimulationParameters.Baseline.GlucoseSigma);
        b[(int)HomeVital.Steps] = r.LogNormal(
            SimulationParameters.Baseline.StepsMedian * Math.Exp(SimulationParameters.Baseline.StepsPerYearOfAge * (age - 70)), SimulationParameters.Baseline.StepsSigma);
        b[(int)HomeVital.PeakFlow] = Math.Clamp(r.Normal(SimulationParameters.Baseline.PeakFlowMean, SimulationParameters.Baseline.PeakFlowSd), 100, 450);
        b[(int)HomeVital.Breathlessness] = Math.Max(0, r.Normal(
            copd ? SimulationParameters.Baseline.BreathlessnessCopd : heart ? SimulationParameters.Baseline.BreathlessnessHeartFailure : 0, SimulationParameters.Baseline.BreathlessnessSd));
        b[(int)HomeVital.Swelling] = heart ? Math.Max(0, r.Normal(SimulationParameters.Baseline.SwellingHeartFailure, SimulationParameters.Baseline.BreathlessnessSd)) : 0;
        b[(int)HomeVital.Sputum] = copd ? Math.Max(0, r.Normal(SimulationParameters.Baseline.SputumCopd, SimulationParameters.Baseline.BreathlessnessSd)) : 0;
        return b;
    }
}
