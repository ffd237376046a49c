namespace RemoteMonitoring.Cohorts.Simulation;

/// <summary>
/// Every number that the simulated world is made of, with where it comes from. "Order of" means that the source gives the
/// size of the effect and not this figure; "assumption" means that no source was used. The numbers were fixed before any
/// model was trained on the output. They are not for tuning: a change is another generator and needs another
/// <see cref="Generator"/>.
/// </summary>
/// <remarks>
/// Sources named by first author:
/// Chaudhry, Circulation 2007;116:1549 (weight before heart failure admissions);
/// Stehlik, Circ Heart Fail 2020;13:e006513 (continuous sensing foresees heart failure admissions by days);
/// Seemungal, AJRCCM 2000;161:1608 (onset and recovery of COPD exacerbations);
/// Hurst, BMC Pulm Med 2010;10:52 (oximetry and heart rate at COPD exacerbations);
/// Ong, JAMA Intern Med 2016;176:310 (adherence to telemonitoring, BEAT-HF);
/// Dharmarajan, JAMA 2013;309:355 (readmissions after discharge);
/// Inglis, Cochrane 2015;CD007228 (structured telephone support in heart failure);
/// Haynes, JAMA Netw Open 2020;3:e2010174 (in BEAT-HF, a week of less measuring precedes admission and death);
/// Sjoding, NEJM 2020;383:2477 (bias of pulse oximetry by skin colour);
/// Kikuya, Hypertension 2008;52:1045 and Kato 2010, PMID 20448533 (day-by-day variability at home, Ohasama: within-person
/// standard deviation 8.6 mm[Hg] systolic and 5.8 diastolic, which differs between people).
/// The figures of Ong, Inglis and Stehlik were not checked against the text of the papers; the others were, against their abstracts.
/// </remarks>
internal static class SimulationParameters
{
    /// <summary>Name and version of the generator; part of the stream's identity.</summary>
    public const string Generator = "home-simulator/1";

    public static class Cohort
    {
        public static readonly string[] Zones = ["Europe/London", "Europe/Berlin"];
        public const double SecondZone = 0.35;            // assumption
        public const int PatientsPerTeam = 125;           // assumption: one team, one region
        public const double TeamCapacity = 0.09;          // assumption: share of its patients a team can call in a morning
        public const int EnrolmentDays = 21;              // assumption: staggered over three weeks
        public const double WithdrawalPerDay = 0.0006;    // assumption: about one in five a year
        public const int HandoverBlock = 20;              // assumption: one kit in twenty goes from a short stay to a later patient
        public const double HandoverStayLow = 16;         // assumption, days of the short stay
        public const double HandoverStayHigh = 40;
        public const double HandoverGapLow = 2;           // assumption, days the kit lies at the office
        public const double HandoverGapHigh = 9;
        public const double BackdatedAssignment = 0.03;   // assumption: kits handed out before the paperwork
        public const double BackdatedDaysLow = 1;
        public const double BackdatedDaysHigh = 4;
        public const int StrangerBlock = 100;             // assumption: one device in the field that nobody registered per 100 patients
        public const double StrangerPerDay = 0.4;

        // Primary condition; shares are an assumption. Age: mean and standard deviation typical of such cohorts, assumption.
        public static readonly (Condition Primary, double Share, double AgeMean, double AgeSd)[] Mix =
        [
            (Condition.HeartFailure, 0.26, 74, 10),
            (Condition.Copd, 0.20, 69, 9),
            (Condition.Diabetes, 0.18, 63, 11),
            (Condition.Hypertension, 0.16, 66, 11),
            (Condition.Frailty, 0.20, 82, 6),
        ];

        // Probability of the second condition given the primary one: assumption, in the order of community registers.
        public static readonly (Condition Primary, Condition Other, double Chance)[] Comorbidity =
        [
            (Condition.HeartFailure, Condition.Hypertension, 0.60),
            (Condition.HeartFailure, Condition.Diabetes, 0.35),
            (Condition.HeartFailure, Condition.Copd, 0.20),
            (Condition.Copd, Condition.Hypertension, 0.45),
            (Condition.Copd, Condition.HeartFailure, 0.18),
            (Condition.Copd, Condition.Diabetes, 0.18),
            (Condition.Diabetes, Condition.Hypertension, 0.65),
            (Condition.Hypertension, Condition.Diabetes, 0.20),
            (Condition.Frailty, Condition.Hypertension, 0.55),
            (Condition.Frailty, Condition.Diabetes, 0.20),
        ];

        public const double AgeLow = 40;
        public const double AgeHigh = 98;
        public const double Female = 0.5;                 // assumption
        public const double FrailtySigma = 0.5;           // assumption: log-normal spread of hazard between people, mean 1
        public const double DarkerSkin = 0.15;            // assumption
    }

    public static class Baseline
    {
        // Between-person mean and standard deviation; assumption unless said, in the order of ordinary reference ranges.
        public const double HeightFemale = 162;
        public const double HeightMale = 175;
        public const double HeightSd = 7;
        public const double BmiMean = 28;
        public const double BmiSd = 4.8;
        public const double SystolicMean = 131;
        public const double SystolicSd = 11;
        public const double SystolicHypertension = 6;
        public const double SystolicHeartFailure = -8;
        public const double DiastolicSlope = 0.45;
        public const double DiastolicIntercept = 18;
        public const double DiastolicSd = 6;
        public const double HeartRateMean = 71;
        public const double HeartRateSd = 8.5;
        public const double HeartRateCopd = 4;
        public const double Spo2Mean = 96.6;
        public const double Spo2Sd = 0.9;
        public const double Spo2Copd = -3.2;
        public const double Spo2CopdSd = 1.6;
        public const double Spo2HeartFailure = -0.8;
        public const double RespiratoryMean = 15.8;
        public const double RespiratorySd = 1.7;
        public const double RespiratoryIll = 1.8;
        public const double TemperatureMean = 36.5;
        public const double TemperatureSd = 0.2;
        public const double GlucoseMedian = 150;
        public const double GlucoseSigma = 0.22;
        public const double StepsMedian = 4200;
        public const double StepsSigma = 0.55;
        public const double StepsPerYearOfAge = -0.02;    // on the log scale, from 70 years
        public const double PeakFlowMean = 250;
        public const double PeakFlowSd = 70;
        public const double BreathlessnessCopd = 0.8;
        public const double BreathlessnessHeartFailure = 0.55;
        public const double BreathlessnessSd = 0.4;
        public const double SwellingHeartFailure = 0.4;
        public const double SputumCopd = 0.6;
    }

    /// <summary>Within-person variation. Rows follow <see cref="HomeVital"/>.</summary>
    public static class Variation
    {
        // Day-to-day standard deviation and its autocorrelation. With the error of one reading (below) they add up to
        // Kato's 8.6 and 5.8 mm[Hg], and to Hurst's 5 /min, 1 % and 10 L/min in stable COPD. The autocorrelation and the
        // rest: assumption. Steps and glucose on the log scale.
        public static readonly (double Sd, double Persistence)[] DayToDay =
        [
            (0.45, 0.6),  // weight, kg
            (7.0, 0.3),   // systolic
            (4.8, 0.3),   // diastolic
            (3.8, 0.4),   // heart rate
            (0.7, 0.4),   // SpO2
            (1.1, 0.3),   // respiratory rate
            (0.12, 0.2),  // temperature
            (0.16, 0.3),  // glucose
            (0.35, 0.3),  // steps
            (7, 0.4),     // peak flow
            (0.30, 0.5),  // breathlessness
            (0.30, 0.5),  // swelling
            (0.30, 0.5),  // sputum
        ];

        public const double BetweenPeopleSigma = 0.25;    // people differ in how variable they are: Kikuya; size: assumption
        public const double SlowWeightSd = 0.9;           // kg, appetite and season: assumption
        public const double SlowPersistence = 0.98;       // a day, assumption

        // Half the distance from trough to peak over the day, and the hour of the peak: order of textbook circadian rhythms.
        public static readonly (double Amplitude, double PeakHour)[] Circadian =
        [
            (0.5, 20), (5, 18), (3, 18), (3, 16), (0.2, 14), (0.5, 16), (0.25, 17),
            (0, 0), (0, 0), (12, 16), (0, 0), (0, 0), (0, 0),
        ];

        public const double GlucoseAfterMeal = 0.22;      // log rise outside the fasting morning: assumption
    }

    public static class Sensors
    {
        // Error of one reading around the truth of that minute. Cuff: within ISO 81060-2 (SD at most 8 mm[Hg]);
        // oximeter: within ISO 80601-2-61 (Arms at most 4 %); glucometer: within ISO 15197 (95 % within 15 %), log scale;
        // the rest: assumption.
        public static readonly double[] ReadingSd = [0.15, 4.5, 3.2, 2.2, 0.9, 1.2, 0.12, 0.07, 0.05, 7, 0.30, 0.30, 0.30];

        // Error that one device keeps. Scale zero, cuff, oximeter, thermometer, glucometer (log), peak flow: assumption.
        public static readonly double[] DeviceSd = [0.3, 2.0, 1.5, 0, 0.6, 0.5, 0.12, 0.04, 0.06, 8, 0, 0, 0];

        public const double Spo2DarkerSkinMean = 1.2;     // order of Sjoding: occult hypoxaemia about three times as frequent
        public const double Spo2DarkerSkinSd = 0.6;
        public const double ColdFinger = 0.02;            // assumption: one oximeter reading in fifty is badly taken
        public const double ColdFingerDrop = 4;
        public const double ColdFingerSd = 2;
        public const double NewScalesPerDay = 0.0012;     // assumption: scales are replaced about once in two years
        public const double NewScalesZeroSd = 1.2;        // kg, another floor and another zero
        public const double OtherPersonOnScales = 0.002;  // assumption
        public const double OtherPersonSd = 14;           // kg
        public const double OximeterCountsBreaths = 0.5;  // assumption: share of oximeters that also report respiratory rate
    }

    /// <summary>What is handed out, and how often it is asked for. All: assumption, in the order of what programmes prescribe.</summary>
    public static class Kit
    {
        public static readonly (Condition Condition, DeviceKind Device, double Chance)[] Prescribed =
        [
            (Condition.HeartFailure, DeviceKind.Scale, 1),
            (Condition.HeartFailure, DeviceKind.Cuff, 1),
            (Condition.HeartFailure, DeviceKind.Oximeter, 0.6),
            (Condition.HeartFailure, DeviceKind.Questionnaire, 0.9),
            (Condition.HeartFailure, DeviceKind.Tracker, 0.5),
            (Condition.Copd, DeviceKind.Oximeter, 1),
            (Condition.Copd, DeviceKind.PeakFlowMeter, 0.8),
            (Condition.Copd, DeviceKind.Thermometer, 0.5),
            (Condition.Copd, DeviceKind.Questionnaire, 0.9),
            (Condition.Copd, DeviceKind.Tracker, 0.4),
            (Condition.Copd, DeviceKind.Cuff, 0.3),
            (Condition.Diabetes, DeviceKind.Glucometer, 1),
            (Condition.Diabetes, DeviceKind.Scale, 0.6),
            (Condition.Diabetes, DeviceKind.Cuff, 0.6),
            (Condition.Diabetes, DeviceKind.Tracker, 0.3),
            (Condition.Hypertension, DeviceKind.Cuff, 1),
            (Condition.Frailty, DeviceKind.Tracker, 0.7),
            (Condition.Frailty, DeviceKind.Cuff, 0.7),
            (Condition.Frailty, DeviceKind.Thermometer, 0.4),
            (Condition.Frailty, DeviceKind.Oximeter, 0.4),
            (Condition.Frailty, DeviceKind.Scale, 0.4),
            (Condition.Frailty, DeviceKind.Questionnaire, 0.3),
        ];

        public const double ScaleWithoutHeartFailure = 0.4; // share of morning rounds
        public const double MinutesBetweenDevices = 2.5;
    }

    public static class Habits
    {
        // Three kinds of people. Order of Ong: about three in five measured on more than half of the days in the first
        // month, and a few less over half a year.
        public const double Faithful = 0.55;
        public const double Fading = 0.27;                // the rest measure now and then from the start
        public const double FaithfulLow = 0.72;
        public const double FaithfulHigh = 0.98;
        public const double FadingLow = 0.60;
        public const double FadingHigh = 0.92;
        public const double FadingFloor = 0.08;
        public const double FadingDaysMedian = 70;        // assumption: time constant of the decay
        public const double FadingDaysSigma = 0.6;
        public const double OccasionalLow = 0.12;
        public const double OccasionalHigh = 0.50;
        public const double WeekSigma = 0.45;             // assumption: some weeks go better, logit scale
        public const double Weekend = -0.25;              // assumption, logit scale
        public const double EveningShare = 0.40;          // assumption: asked for a second round, or doing one
        public const double EveningKept = 0.7;
        public const double DeviceKept = 0.94;            // assumption: one device forgotten within a round
        public const double MorningMean = 7.7;            // hours, local; assumption
        public const double MorningSd = 0.9;
        public const double EveningMean = 19.6;
        public const double EveningSd = 1.0;
        public const double RoundSd = 0.55;               // hours from one day to the next
        public const double WeekendLater = 0.6;           // hours
        public const double TrackerWorn = 0.85;           // of the faithful; scaled by the round's probability
        public const double LapsePerDay = 0.004;          // well and bored, or on holiday: assumption
        public const double LapseDaysMean = 9;
        public const double LapseDaysSd = 7;
        public const double LapseEndedByCall = 0.6;       // assumption
        public const double CallLift = 0.5;               // logit, for the week after a call; assumption
        public const int CallLiftDays = 7;
        public const double FallsSilentWhenIll = 0.40;    // too ill to measure: Haynes; size: assumption
        public const double SilentStrength = 0.85;
        public const double MeasuresMoreWhenIll = 0.30;   // assumption: worried
        public const double WorriedLift = 0.8;            // logit at full illness
    }

    /// <summary>Admission causes and look-alikes. Rates are a year for a person of average frailty who has the condition.</summary>
    public static class Course
    {
        // Rates: assumption, to the order of cohort studies; COPD exacerbations 2 to 3 a year: Seemungal's cohort.
        // Progresses: share that ends in hospital if nobody acts. Days: of the prodrome.
        public static readonly EpisodeRule[] Rules =
        [
            // Chaudhry: gains begin weeks before and steepen in the last week; Stehlik: alert a median of 6.5 days ahead.
            new(EpisodeKind.HeartFailure, Condition.HeartFailure, PerYear: 0.90, Winter: 0.15, Progresses: 0.25, Days: (12, 7), Shape: 1.8, Recovery: (5, 2), Severity: 0.8, "heart-failure"),
            // Seemungal: symptoms worsen before onset; 504 exacerbations of 101 patients in 2.5 years; recovery in a median of 6 to 7 days.
            new(EpisodeKind.Copd, Condition.Copd, 2.00, 0.35, 0.08, (5, 2.5), 1.3, (6, 3), 0.8, "copd"),
            new(EpisodeKind.Infection, Condition.None, 0.35, 0.50, 0.25, (3, 1.5), 1.0, (4, 2), 1.0, "infection"),
            new(EpisodeKind.Glycaemic, Condition.Diabetes, 0.50, 0.10, 0.12, (6, 3), 1.3, (3, 1.5), 0.5, "diabetes"),
            // The same causes without any warning, and causes that never warn: assumption; falls by age below.
            new(EpisodeKind.HeartFailureAbrupt, Condition.HeartFailure, 0.20, 0.15, 1, (0, 0), 1, (0, 0), 0, "heart-failure"),
            new(EpisodeKind.CopdAbrupt, Condition.Copd, 0.14, 0.35, 1, (0, 0), 1, (0, 0), 0, "copd"),
            new(EpisodeKind.InfectionAbrupt, Condition.None, 0.05, 0.50, 1, (0, 0), 1, (0, 0), 0, "infection"),
            new(EpisodeKind.GlycaemicAbrupt, Condition.Diabetes, 0.03, 0, 1, (0, 0), 1, (0, 0), 0, "diabetes"),
            new(EpisodeKind.Fall, Condition.None, 0.07, 0.10, 1, (0, 0), 1, (0, 0), 0, "fall"),
            new(EpisodeKind.Unrelated, Condition.None, 0.20, 0, 1, (0, 0), 1, (0, 0), 0, "unrelated"),
            // Look-alikes, which never end in hospital: assumption, and far more frequent than what they look like.
            new(EpisodeKind.Cold, Condition.None, 2.2, 0.60, 0, (2, 1), 1, (3, 1.5), 0.3, null),
            new(EpisodeKind.SaltyWeekend, Condition.None, 5.0, 0, 0, (1.2, 0.4), 0.7, (1.5, 0.6), 0, null),
            new(EpisodeKind.BadTechnique, Condition.None, 3.0, 0, 0, (0.3, 0.1), 1, (4, 2), 0, null),
        ];

        public const double FallPerYearOfAge = 0.05;      // log hazard from 75 years: assumption
        public const double ColdRaisesCopd = 3;           // Seemungal: colds precede many exacerbations; size: assumption
        public const double AmplitudeSigma = 0.45;        // partial and uneven expression between episodes: assumption

        // Shift at the height of the episode when the vital takes part, and the probability that it does.
        // Heart failure: weight order of Chaudhry (gains of 1 to 5 kg); the rest order of Stehlik's multivariate change.
        // COPD: SpO2, heart rate and peak flow one to two of Hurst's stable standard deviations; dyspnoea and cold-like
        // symptoms foremost, lung function last: Seemungal. All probabilities, and infection, glycaemic, cold, salt and
        // technique: assumption. Steps and glucose on the log scale.
        public static readonly (EpisodeKind Kind, HomeVital Vital, double Shift, double Chance)[] Expression =
        [
            (EpisodeKind.HeartFailure, HomeVital.Weight, 2.2, 0.55),
            (EpisodeKind.HeartFailure, HomeVital.HeartRate, 7, 0.45),
            (EpisodeKind.HeartFailure, HomeVital.Spo2, -1.8, 0.40),
            (EpisodeKind.HeartFailure, HomeVital.RespiratoryRate, 3, 0.45),
            (EpisodeKind.HeartFailure, HomeVital.Systolic, 6, 0.25),
            (EpisodeKind.HeartFailure, HomeVital.Breathlessness, 1.2, 0.60),
            (EpisodeKind.HeartFailure, HomeVital.Swelling, 1.2, 0.50),
            (EpisodeKind.HeartFailure, HomeVital.Steps, -0.4, 0.50),
            (EpisodeKind.Copd, HomeVital.Spo2, -1.5, 0.55),
            (EpisodeKind.Copd, HomeVital.HeartRate, 6, 0.50),
            (EpisodeKind.Copd, HomeVital.RespiratoryRate, 3.5, 0.50),
            (EpisodeKind.Copd, HomeVital.Temperature, 0.4, 0.25),
            (EpisodeKind.Copd, HomeVital.PeakFlow, -12, 0.40),
            (EpisodeKind.Copd, HomeVital.Breathlessness, 1.3, 0.64),
            (EpisodeKind.Copd, HomeVital.Sputum, 1.3, 0.45),
            (EpisodeKind.Copd, HomeVital.Steps, -0.35, 0.45),
            (EpisodeKind.Infection, HomeVital.Temperature, 1.0, 0.50),
            (EpisodeKind.Infection, HomeVital.HeartRate, 9, 0.55),
            (EpisodeKind.Infection, HomeVital.RespiratoryRate, 3, 0.40),
            (EpisodeKind.Infection, HomeVital.Spo2, -1.4, 0.35),
            (EpisodeKind.Infection, HomeVital.Systolic, -8, 0.30),
            (EpisodeKind.Infection, HomeVital.Glucose, 0.15, 0.40),
            (EpisodeKind.Infection, HomeVital.Breathlessness, 0.7, 0.35),
            (EpisodeKind.Infection, HomeVital.Steps, -0.4, 0.55),
            (EpisodeKind.Glycaemic, HomeVital.Glucose, 0.45, 0.75),
            (EpisodeKind.Glycaemic, HomeVital.HeartRate, 4, 0.30),
            (EpisodeKind.Glycaemic, HomeVital.Weight, -0.8, 0.30),
            (EpisodeKind.Glycaemic, HomeVital.Steps, -0.2, 0.30),
            (EpisodeKind.Cold, HomeVital.Temperature, 0.4, 0.50),
            (EpisodeKind.Cold, HomeVital.HeartRate, 4, 0.50),
            (EpisodeKind.Cold, HomeVital.Sputum, 0.9, 0.45),
            (EpisodeKind.Cold, HomeVital.Breathlessness, 0.5, 0.35),
            (EpisodeKind.Cold, HomeVital.Spo2, -0.5, 0.30),
            (EpisodeKind.Cold, HomeVital.PeakFlow, -6, 0.30),
            (EpisodeKind.Cold, HomeVital.Steps, -0.25, 0.50),
            (EpisodeKind.SaltyWeekend, HomeVital.Weight, 1.3, 1.0),
            (EpisodeKind.SaltyWeekend, HomeVital.Systolic, 5, 0.50),
            (EpisodeKind.SaltyWeekend, HomeVital.Swelling, 0.6, 0.40),
            (EpisodeKind.BadTechnique, HomeVital.Systolic, 9, 0.60),
            (EpisodeKind.BadTechnique, HomeVital.Diastolic, 6, 0.60),
            (EpisodeKind.BadTechnique, HomeVital.Spo2, -1.5, 0.40),
            (EpisodeKind.BadTechnique, HomeVital.PeakFlow, -20, 0.40),
        ];
    }

    public static class Hospital
    {
        public const double ReadmissionLift = 5;          // hazard just after discharge is 1 + this times the usual: order of Dharmarajan (18 to 25 % within 30 days)
        public const double ReadmissionDays = 14;         // time constant; Dharmarajan: most readmissions of the month fall in its first 15 days
        public const double StayMedian = 4.5;             // days; assumption
        public const double StaySigma = 0.7;
        public const double StayLow = 0.3;
        public const double StayHigh = 45;
        public const double Dies = 0.035;                 // in hospital, at 75 years and average frailty: assumption
        public const double DiesAtHomePerYear = 0.015;    // assumption
        public const double DeathPerYearOfAge = 0.05;     // log hazard from 75 years: assumption
        public const double Residual = 0.4;               // of the episode's height, at discharge: assumption
        public const double CensusKnownMedian = 0.4;      // days until the team hears of an admission, discharge or death: assumption
        public const double CensusKnownSigma = 1.0;
        public const double OutcomeKnownMedian = 1.5;     // days until the coded cause arrives: assumption
        public const double OutcomeKnownSigma = 1.1;
        public const double KnownHigh = 30;
    }

    public static class Nurse
    {
        public const double HazardRatio = 0.85;           // for HazardDays after a call: Inglis (admissions for heart failure, RR 0.85)
        public const int HazardDays = 14;                 // assumption
        public const double AvertsEpisode = 0.30;         // assumption: treatment started on the telephone
        public const double AfterDischarge = 0.7;         // assumption: called within three days of coming home
        public const double RoutinePerDay = 0.025;        // assumption: about once in six weeks, on working days
        public const double OnAlert = 0.35;               // assumption: alerts are many and nurses few
        public const double OnSilence = 0.12;             // a day, after SilentDays without a reading: assumption
        public const int SilentDays = 5;
        public const double WeightGain = 2.0;             // kg in three days: the rule patients are taught; ESC heart failure guideline 2021
        public const double LowSpo2 = 88;                 // assumption
        public const double Symptom = 3;                  // assumption
        public const double NotedHoursMedian = 2;         // until the call is in the record: assumption
        public const double NotedSigma = 1.0;
    }

    /// <summary>What goes wrong between the body and the hub. All: assumption, at rates that programmes complain of.</summary>
    public static class Feed
    {
        public const int Partitions = 4;
        public const double DelaySecondsMedian = 15;
        public const double DelaySigma = 1.0;
        public const double OfflinePerDay = 0.008;        // a home hub loses its connection
        public const double OfflineHoursMedian = 9;
        public const double OfflineSigma = 1.3;
        public const double OfflineHoursHigh = 12 * 24;
        public const double NewestFirst = 0.25;           // of the hubs: they empty their store from the top
        public const double DrainSeconds = 240;
        public const double Redelivered = 0.012;          // at-least-once delivery
        public const double RedeliveredSecondsMedian = 45;
        public const double RedeliveredSigma = 1.8;
        public const double NoMessageId = 0.06;           // of devices
        public const double TimeInProperty = 0.06;        // of devices: state the time as a message property
        public const double OtherUnitNames = 0.15;        // of devices: bpm, mmHg, lbs
        public const double DriftingClock = 0.05;         // of devices
        public const double DriftSecondsPerDay = 12;      // either way
        public const int DriftSyncDays = 30;
        public const double LocalTimeAsUtc = 0.012;       // of devices
        public const double SlowClock = 0.012;            // of devices: hours behind
        public const double SlowHoursHigh = 9;
        public const double ClockReset = 0.0003;          // of messages: battery out, the clock starts again from 2010
        public const double Fahrenheit = 0.10;            // of thermometers, honestly [degF]
        public const double FahrenheitAsCelsius = 0.03;   // of thermometers
        public const double Millimolar = 0.45;            // of glucometers, honestly mmol/L
        public const double MillimolarAsMass = 0.02;      // of glucometers
        public const double Pounds = 0.05;                // of scales, honestly [lb_av]
        public const double PoundsAsKilogramsPerDay = 0.0006; // a switch under the scale is pressed
        public const int PoundsDays = 4;
        public const double Impossible = 0.0015;          // of readings
        public const double CutOff = 0.0004;              // of messages: the body ends in the middle
        public const double ReportsBattery = 0.03;        // of devices: a code nobody knows
    }
}
