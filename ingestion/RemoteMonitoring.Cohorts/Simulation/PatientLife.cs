using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Cohorts.Simulation;

/// <summary>
/// One patient from enrolment until leaving, dying, or the end, day by day. Depends on (seed, patient index) and the
/// calendar only.
/// </summary>
internal sealed class PatientLife
{
    private readonly ulong _seed;
    private readonly PatientProfile _profile;
    private readonly LocalDays _days;
    private readonly ReferenceBuilder _reference;
    private readonly List<Episode> _episodes = [];
    private readonly EpisodeCourse _course;
    private readonly Physiology _body;
    private readonly Habits _habits;
    private readonly NurseDesk _desk = new();
    private readonly PatientHome _home;
    private readonly Dictionary<string, (long From, long Known)> _held = [];
    private long _awayUntil = long.MinValue;
    private bool _diesAway;
    private bool _isAway;
    private long _censusKnown = long.MinValue;

    public PatientLife(ulong seed, PatientProfile profile, LocalDays days, FeedBuffer feed, ReferenceBuilder reference)
    {
        _seed = seed;
        _profile = profile;
        _days = days;
        _reference = reference;
        _course = new EpisodeCourse(profile);
        _body = new Physiology(profile, _course);
        _habits = new Habits(profile);
        _home = new PatientHome(seed, profile, days, feed);
    }

    /// <summary>Everything that befell the patient, known to the simulator alone.</summary>
    public IEnumerable<SimulatedEpisode> Episodes => _episodes.Select(e => new SimulatedEpisode(_profile.Id, e, _days));

    /// <summary>Lives the days from enrolment up to, not including, <paramref name="days"/>.</summary>
    public void Live(int days)
    {
        if (_profile.EnrolDay >= days)
        {
            return;
        }

        var enrolled = _days.At(_profile.EnrolDay, _profile.EnrolHour);
        Enrol(enrolled);
        var present = true;
        for (var day = _profile.EnrolDay; day < days && present; day++)
        {
            present = LiveOneDay(day, day == _profile.EnrolDay ? enrolled : _days.Midnight(day));
        }

        if (_profile.PlannedLeaveDay + 1L < days)
        {
            var r = Stream(StreamPurpose.Handover, _profile.PlannedLeaveDay + 1);
            _home.TryOut(_days.At(_profile.PlannedLeaveDay + 1, r.Uniform(9, 16)), ref r);
        }
    }

    private bool LiveOneDay(int day, long from)
    {
        var until = _days.Midnight(day + 1);
        var weekend = _days.IsWeekend(day);
        _body.Wake(Stream(StreamPurpose.Body, day));
        _habits.Wake(day, Stream(StreamPurpose.Lapses, day));
        if (_home.Wake(day, Stream(StreamPurpose.Network, day), Stream(StreamPurpose.Replacement, day)) is { } swap)
        {
            // Before the first round, so that every reading of the day is from one scale.
            var swapped = Math.Max(_days.At(day, 3.5), from);
            HandBack(swap.Old, swapped, UnixMicros.PerDay);
            HandOut(swap.New, swapped, swapped + UnixMicros.PerDay);
        }

        _episodes.AddRange(_course.Begin(day, _days.Winter(day), Hazard(day, from), Stream(StreamPurpose.Episodes, day)));
        var (leaves, how) = Leaving(day, from, until);
        if (_isAway)
        {
            var back = Math.Min(_awayUntil, until);
            if (how == CensusKind.Withdrawn && leaves < back)
            {
                Leave(leaves, how);
                return false;
            }

            if (_awayUntil >= until)
            {
                return true;
            }

            if (_diesAway)
            {
                Leave(_awayUntil, CensusKind.Died);
                return false;
            }

            ComeHome(day);
            from = Math.Max(from, _awayUntil);
        }

        Call(day, from, Math.Min(until, leaves), weekend);
        var admitted = NextAdmission(from, Math.Min(until, leaves));
        var end = admitted?.Time ?? Math.Min(until, leaves);
        Measure(day, from, end, end == until, weekend);
        if (admitted is { } admission)
        {
            Admit(day, admission.Time, admission.Episode);
            return true;
        }

        if (leaves < until)
        {
            Leave(leaves, how);
            return false;
        }

        return true;
    }

    private double Hazard(int day, long at)
    {
        var hazard = _awayUntil == long.MinValue
            ? 1
            : 1 + (SimulationParameters.Hospital.ReadmissionLift
                * Math.Exp(-(double)Math.Max(0, at - _awayUntil) / UnixMicros.PerDay / SimulationParameters.Hospital.ReadmissionDays));
        return _desk.SinceCall(day) <= SimulationParameters.Nurse.HazardDays ? hazard * SimulationParameters.Nurse.HazardRatio : hazard;
    }

    private (long Time, CensusKind How) Leaving(int day, long from, long until)
    {
        var r = Stream(StreamPurpose.Leaving, day);
        var dies = r.Chance(SimulationParameters.Hospital.DiesAtHomePerYear / 365.25 * _profile.Frailty
            * Math.Exp(SimulationParameters.Hospital.DeathPerYearOfAge * (_profile.Age - 75)));
        var deathAt = _days.At(day, r.Uniform(0, 24));
        var withdraws = r.Chance(SimulationParameters.Cohort.WithdrawalPerDay) || day >= _profile.PlannedLeaveDay;
        var withdrawnAt = _days.At(day, r.Uniform(9, 17));
        if (dies && deathAt > Math.Max(from, _awayUntil) && (!withdraws || deathAt < withdrawnAt))
        {
            return (deathAt, CensusKind.Died);
        }

        return withdraws && withdrawnAt > from ? (withdrawnAt, CensusKind.Withdrawn) : (long.MaxValue, CensusKind.Withdrawn);
    }

    private void Call(int day, long from, long until, bool weekend)
    {
        var r = Stream(StreamPurpose.Nurse, day);
        var calls = _desk.Calls(day, !weekend, ref r);
        var at = _days.At(day, r.Uniform(9, 16.5));
        var ends = r.Chance(SimulationParameters.Habits.LapseEndedByCall);
        var noted = r.LogNormal(SimulationParameters.Nurse.NotedHoursMedian, SimulationParameters.Nurse.NotedSigma);
        if (!calls || at < from || at >= until || NextAdmission(from, at) is not null)
        {
            return;
        }

        _reference.Contact(_profile.Id, at, at + (long)(noted * UnixMicros.PerHour));
        _habits.Called(day, ends);
        _desk.Called(day);
        var t = _days.DaysSinceStart(at);
        foreach (var episode in _course.Active)
        {
            if (r.Chance(SimulationParameters.Nurse.AvertsEpisode) && !episode.Rule.IsAbrupt && episode.Rule.Cause is not null && episode.Level(t) > 0 && t < episode.Peak)
            {
                episode.Turn(t, 1);
            }
        }
    }

    private (long Time, Episode Episode)? NextAdmission(long from, long until)
    {
        (long Time, Episode Episode)? next = null;
        foreach (var episode in _course.Active)
        {
            if (!episode.EndsInHospital)
            {
                continue;
            }

            var at = _days.Midnight(0) + (long)(episode.Peak * UnixMicros.PerDay);
            if (at >= from && at < until && (next is null || at < next.Value.Time))
            {
                next = (at, episode);
            }
        }

        return next;
    }

    private void Measure(int day, long from, long end, bool untilMidnight, bool weekend)
    {
        var habits = Stream(StreamPurpose.Habits, day);
        var readings = Stream(StreamPurpose.Readings, day);
        var morning = _habits.MorningHour(weekend, ref habits);
        var evening = _habits.EveningHour(ref habits);
        var illness = _course.Illness(_days.DaysSinceStart(_days.At(day, morning)));
        var kept = _habits.Kept(day, illness, weekend);
        _home.Synchronise(Math.Max(from, _days.At(day, morning)), ref readings);
        if (habits.Chance(kept))
        {
            _home.Round(day, morning, evening: false, from, end, _body, _desk, ref readings);
        }

        if (_profile.MeasuresInTheEvening && habits.Chance(kept * SimulationParameters.Habits.EveningKept))
        {
            _home.Round(day, evening, evening: true, from, end, _body, _desk, ref readings);
        }

        var worn = habits.Chance(SimulationParameters.Habits.TrackerWorn * (0.3 + (0.7 * kept)));
        if (untilMidnight && worn && !_habits.IsLapsed(day))
        {
            _home.CloseDay(day, _days.Midnight(day + 1) - 60_000_000, _body, ref readings);
        }
    }

    private void Admit(int day, long admitted, Episode episode)
    {
        var r = Stream(StreamPurpose.Hospital, day);
        var length = Math.Clamp(r.LogNormal(SimulationParameters.Hospital.StayMedian, SimulationParameters.Hospital.StaySigma),
            SimulationParameters.Hospital.StayLow, SimulationParameters.Hospital.StayHigh);
        var discharged = _days.At(DayOf(admitted + (long)(length * UnixMicros.PerDay)), r.Uniform(10, 18));
        discharged = Math.Max(discharged, admitted + (long)(SimulationParameters.Hospital.StayLow * UnixMicros.PerDay));
        _diesAway = r.Chance(SimulationParameters.Hospital.Dies * _profile.Frailty
            * Math.Exp(SimulationParameters.Hospital.DeathPerYearOfAge * (_profile.Age - 75)));
        var died = admitted + (long)((discharged - admitted) * r.Uniform(0.1, 0.99));
        _awayUntil = _diesAway ? died : discharged;
        _isAway = true;
        episode.Admitted = admitted;
        var known = admitted + Delay(SimulationParameters.Hospital.OutcomeKnownMedian, SimulationParameters.Hospital.OutcomeKnownSigma, ref r);
        _reference.Outcome(_profile.Id, "hospital-admission", episode.Rule.Cause, admitted, known);
        Census(CensusKind.Admitted, admitted, ref r);
        foreach (var active in _course.Active)
        {
            active.Turn(_days.DaysSinceStart(_awayUntil), SimulationParameters.Hospital.Residual);
        }
    }

    private void ComeHome(int day)
    {
        var r = Stream(StreamPurpose.Homecoming, day);
        _isAway = false;
        _desk.CameHome(day);
        Census(CensusKind.Discharged, _awayUntil, ref r);
    }

    private void Enrol(long enrolled)
    {
        var r = Stream(StreamPurpose.Enrolment, 1);
        _reference.Patient(Roster.Describe(_profile, enrolled, _days.Zone.Id));
        var late = r.Chance(SimulationParameters.Cohort.BackdatedAssignment);
        var delay = r.Uniform(SimulationParameters.Cohort.BackdatedDaysLow, SimulationParameters.Cohort.BackdatedDaysHigh);
        foreach (var device in _home.Kit)
        {
            HandOut(device, enrolled, late ? enrolled + (long)(delay * UnixMicros.PerDay) : enrolled);
        }

        _censusKnown = enrolled;
        _reference.Census(_profile.Id, CensusKind.Enrolled, enrolled, enrolled);
    }

    private void Leave(long at, CensusKind how)
    {
        var r = Stream(StreamPurpose.Leaving, -1 - DayOf(at));
        Census(how, at, ref r);
        if (how == CensusKind.Died)
        {
            _reference.Outcome(_profile.Id, "death", null, at, at + Delay(SimulationParameters.Hospital.OutcomeKnownMedian, SimulationParameters.Hospital.OutcomeKnownSigma, ref r));
        }

        foreach (var device in _home.Kit)
        {
            HandBack(device, at, _censusKnown - at);
        }
    }

    private void HandOut(HomeDevice device, long from, long known)
    {
        _held[device.Id] = (from, known);
        _reference.Assignment(device.Id, _profile.Id, from, null, known);
    }

    // The end of an assignment is a later statement about the same (device, patient, from); it never stands in the first.
    private void HandBack(HomeDevice device, long at, long delay)
    {
        var (from, known) = _held[device.Id];
        _reference.Assignment(device.Id, _profile.Id, from, at, Math.Max(at + delay, known + 60_000_000));
    }

    // A register may learn late, but it does not learn of a discharge before the admission.
    private void Census(CensusKind kind, long effective, ref RandomStream r)
    {
        var delay = Delay(SimulationParameters.Hospital.CensusKnownMedian, SimulationParameters.Hospital.CensusKnownSigma, ref r);
        _censusKnown = Math.Max(effective + delay, _censusKnown + 60_000_000);
        _reference.Census(_profile.Id, kind, effective, _censusKnown);
    }

    private static long Delay(double medianDays, double sigma, ref RandomStream r) =>
        (long)(Math.Min(r.LogNormal(medianDays, sigma), SimulationParameters.Hospital.KnownHigh) * UnixMicros.PerDay);

    private int DayOf(long instant) => (int)_days.DaysSinceStart(instant);

    private RandomStream Stream(StreamPurpose purpose, int day) => new(_seed, _profile.Index, purpose, day);
}
