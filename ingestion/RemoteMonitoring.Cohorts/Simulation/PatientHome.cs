namespace RemoteMonitoring.Cohorts.Simulation;

/// <summary>A patient's kit and the rounds of measuring with it.</summary>
internal sealed class PatientHome
{
    private static readonly HomeVital[] s_scale = [HomeVital.Weight];
    private static readonly HomeVital[] s_cuff = [HomeVital.Systolic, HomeVital.Diastolic, HomeVital.HeartRate];
    private static readonly HomeVital[] s_oximeter = [HomeVital.Spo2, HomeVital.HeartRate];
    private static readonly HomeVital[] s_oximeterWithBreaths = [HomeVital.Spo2, HomeVital.HeartRate, HomeVital.RespiratoryRate];
    private static readonly HomeVital[] s_thermometer = [HomeVital.Temperature];
    private static readonly HomeVital[] s_glucometer = [HomeVital.Glucose];
    private static readonly HomeVital[] s_peakFlow = [HomeVital.PeakFlow];
    private static readonly HomeVital[] s_swelling = [HomeVital.Breathlessness, HomeVital.Swelling];
    private static readonly HomeVital[] s_sputum = [HomeVital.Breathlessness, HomeVital.Sputum];
    private static readonly HomeVital[] s_breathlessness = [HomeVital.Breathlessness];
    private static readonly HomeVital[] s_steps = [HomeVital.Steps];

    private readonly PatientProfile _profile;
    private readonly ulong _seed;
    private readonly LocalDays _days;
    private readonly FeedBuffer _feed;
    private readonly HomeHub _hub;
    private readonly List<HomeDevice> _kit = [];
    private int _poundsUntil = int.MinValue;

    public PatientHome(ulong seed, PatientProfile profile, LocalDays days, FeedBuffer feed)
    {
        _seed = seed;
        _profile = profile;
        _days = days;
        _feed = feed;
        _hub = new HomeHub(seed, profile.Index, days, feed);
        var inherited = profile.KitFrom < 0 ? [] : Prescription.For(seed, PatientProfile.Draw(seed, profile.KitFrom)).ToArray();
        foreach (var kind in Prescription.For(seed, profile))
        {
            _kit.Add(new HomeDevice(seed, inherited.Contains(kind) ? profile.KitFrom : profile.Index, kind, 0, feed));
        }
    }

    public IReadOnlyList<HomeDevice> Kit => _kit;

    /// <summary>Moves to the next day; new scales may take the place of the old.</summary>
    /// <returns>The scales replaced and those that came, or null.</returns>
    public (HomeDevice Old, HomeDevice New)? Wake(int day, RandomStream network, RandomStream replacement)
    {
        _hub.Wake(day, network);
        var replaced = replacement.Chance(SimulationParameters.Sensors.NewScalesPerDay);
        if (replacement.Chance(SimulationParameters.Feed.PoundsAsKilogramsPerDay))
        {
            _poundsUntil = day + SimulationParameters.Feed.PoundsDays;
        }

        var at = _kit.FindIndex(d => d.Kind == DeviceKind.Scale);
        if (!replaced || at < 0 || _profile.PlannedLeaveDay != int.MaxValue)
        {
            return null;
        }

        var old = _kit[at];
        _kit[at] = new HomeDevice(_seed, _profile.Index, DeviceKind.Scale, old.Generation + 1, _feed);
        return (old, _kit[at]);
    }

    /// <summary>One round: every device in turn, a few minutes apart, none after <paramref name="until"/>.</summary>
    public void Round(int day, double hour, bool evening, long from, long until, Physiology body, NurseDesk desk, ref RandomStream r)
    {
        Span<(HomeVital, double)> readings = stackalloc (HomeVital, double)[3];
        foreach (var device in _kit)
        {
            hour += r.Uniform(0.3, 1) * SimulationParameters.Kit.MinutesBetweenDevices / 60;
            var kept = r.Chance(SimulationParameters.Habits.DeviceKept);
            var sometimes = r.Chance(SimulationParameters.Kit.ScaleWithoutHeartFailure);
            if (!kept || !IsAskedFor(device.Kind, evening, sometimes))
            {
                continue;
            }

            var time = _days.At(day, hour);
            if (time < from || time >= until)
            {
                continue;
            }

            var blemishes = FeedBlemishes.None;
            var count = 0;
            foreach (var vital in VitalsOf(device))
            {
                var truth = body.Truth(vital, _days.DaysSinceStart(time), hour);
                var value = SensorReadings.Read(device, vital, truth, _profile, ref r);
                if (vital == HomeVital.Weight)
                {
                    value = OnTheScales(day, device, value, ref blemishes, ref r);
                }

                desk.See(day, vital, value);
                readings[count++] = (vital, value);
            }

            _hub.Take(device, time, readings[..count], blemishes, ref r);
        }
    }

    /// <summary>The tracker closes its day at a minute to midnight.</summary>
    public void CloseDay(int day, long time, Physiology body, ref RandomStream r)
    {
        if (_kit.Find(d => d.Kind == DeviceKind.Tracker) is { } tracker)
        {
            var truth = body.Truth(HomeVital.Steps, day + 0.7, 17);
            _hub.CloseDay(time, SensorReadings.Read(tracker, HomeVital.Steps, truth, _profile, ref r));
        }
    }

    /// <summary>The tracker sends the days it has closed.</summary>
    public void Synchronise(long time, ref RandomStream r)
    {
        if (_kit.Find(d => d.Kind == DeviceKind.Tracker) is { } tracker)
        {
            _hub.Synchronise(tracker, time, ref r);
        }
    }

    /// <summary>Somebody at the office tries a returned device.</summary>
    public void TryOut(long time, ref RandomStream r)
    {
        if (_kit.Count == 0)
        {
            return; // a frail person who took none of the devices on offer
        }

        var device = _kit[0];
        Span<(HomeVital, double)> readings = stackalloc (HomeVital, double)[3];
        var count = 0;
        foreach (var vital in VitalsOf(device))
        {
            readings[count++] = (vital, vital == HomeVital.Steps ? 0 : _profile.Baseline[(int)vital]);
        }

        _hub.Take(device, time, readings[..count], FeedBlemishes.BetweenPatients, ref r);
    }

    private double OnTheScales(int day, HomeDevice scales, double value, ref FeedBlemishes blemishes, ref RandomStream r)
    {
        if (r.Chance(SimulationParameters.Sensors.OtherPersonOnScales))
        {
            blemishes |= FeedBlemishes.OtherPerson;
            value = Math.Max(35, value + r.Normal(0, SimulationParameters.Sensors.OtherPersonSd));
        }

        if (day < _poundsUntil && scales.SentUnit == SentUnit.Canonical)
        {
            blemishes |= FeedBlemishes.PoundsAsKilograms;
            value /= 0.45359237;
        }

        return value;
    }

    private bool IsAskedFor(DeviceKind kind, bool evening, bool sometimes) => kind switch
    {
        DeviceKind.Tracker => false,
        DeviceKind.Scale => !evening && (sometimes || _profile.Has(Condition.HeartFailure)),
        DeviceKind.Questionnaire or DeviceKind.Thermometer => !evening,
        _ => true,
    };

    private HomeVital[] VitalsOf(HomeDevice device) => device.Kind switch
    {
        DeviceKind.Scale => s_scale,
        DeviceKind.Cuff => s_cuff,
        DeviceKind.Oximeter => device.CountsBreaths ? s_oximeterWithBreaths : s_oximeter,
        DeviceKind.Thermometer => s_thermometer,
        DeviceKind.Glucometer => s_glucometer,
        DeviceKind.PeakFlowMeter => s_peakFlow,
        DeviceKind.Questionnaire => _profile.Has(Condition.HeartFailure) ? s_swelling : _profile.Has(Condition.Copd) ? s_sputum : s_breathlessness,
        DeviceKind.Tracker => s_steps,
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
