using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Cohorts.Simulation;

/// <summary>
/// What stands between the devices of a home and the cloud: it connects or does not, sends again when unsure, and passes
/// on whatever the devices say, right or wrong.
/// </summary>
internal sealed class HomeHub
{
    private readonly FeedBuffer _feed;
    private readonly LocalDays _days;
    private readonly ulong _idKey;
    private readonly bool _newestFirst;
    private readonly List<(long Time, double Steps)> _untransmitted = [];
    private long _offlineFrom;
    private long _offlineUntil;
    private ulong _sent;

    public HomeHub(ulong seed, int patient, LocalDays days, FeedBuffer feed)
    {
        _feed = feed;
        _days = days;
        _idKey = RandomStream.Mix(RandomStream.Mix(seed ^ 0x6D657373616765) ^ (ulong)patient);
        _newestFirst = new RandomStream(seed, patient, StreamPurpose.Network).Chance(SimulationParameters.Feed.NewestFirst);
    }

    /// <summary>Moves to the next day: the connection may be lost.</summary>
    public void Wake(int day, RandomStream r)
    {
        var from = _days.At(day, r.Uniform(0, 24));
        var lost = r.Chance(SimulationParameters.Feed.OfflinePerDay);
        var hours = Math.Min(r.LogNormal(SimulationParameters.Feed.OfflineHoursMedian, SimulationParameters.Feed.OfflineSigma), SimulationParameters.Feed.OfflineHoursHigh);
        if (lost && from > _offlineUntil)
        {
            _offlineFrom = from;
            _offlineUntil = from + (long)(hours * UnixMicros.PerHour);
        }
    }

    /// <summary>A device took readings at one moment.</summary>
    public void Take(HomeDevice device, long time, ReadOnlySpan<(HomeVital Vital, double Value)> readings, FeedBlemishes blemishes, ref RandomStream r)
    {
        var first = _feed.Readings;
        var stated = StateTime(device, time, ref blemishes, ref r);
        foreach (var (vital, value) in readings)
        {
            _feed.Add(State(device, vital, value, stated, ref blemishes, ref r));
        }

        if (device.ReportsBattery)
        {
            blemishes |= FeedBlemishes.UnknownCode;
            _feed.Add(new ReadingSeed(stated, 20 + r.Below(80), 0, HomeVital.Battery, SentUnit.Canonical));
        }

        Send(device, time, first, device.TimeInProperty ? TimeForm.InProperty : TimeForm.InBody, blemishes, ref r);
    }

    /// <summary>The tracker closed a day; it is sent at the next synchronisation.</summary>
    public void CloseDay(long time, double steps) => _untransmitted.Add((time, steps));

    /// <summary>The tracker sends what it has, if the hub is there to take it.</summary>
    public void Synchronise(HomeDevice tracker, long time, ref RandomStream r)
    {
        if (_untransmitted.Count == 0 || IsOffline(time))
        {
            return;
        }

        var first = _feed.Readings;
        var blemishes = FeedBlemishes.None;
        foreach (var (closed, steps) in _untransmitted.TakeLast(30))
        {
            _feed.Add(State(tracker, HomeVital.Steps, steps, StateTime(tracker, closed, ref blemishes, ref r), ref blemishes, ref r));
        }

        var oldest = _untransmitted[0].Time;
        var form = _untransmitted.Count > 1 ? TimeForm.InEachReading : tracker.TimeInProperty ? TimeForm.InProperty : TimeForm.InBody;
        _untransmitted.Clear();
        if (time - oldest > UnixMicros.PerDay)
        {
            blemishes |= FeedBlemishes.Late;
        }

        Send(tracker, time, first, form, blemishes, ref r);
    }

    private bool IsOffline(long time) => time >= _offlineFrom && time < _offlineUntil;

    private void Send(HomeDevice device, long time, int first, TimeForm form, FeedBlemishes blemishes, ref RandomStream r)
    {
        var delay = r.LogNormal(SimulationParameters.Feed.DelaySecondsMedian, SimulationParameters.Feed.DelaySigma);
        var enqueued = time + (long)(delay * 1_000_000);
        if (IsOffline(time))
        {
            var done = (double)(time - _offlineFrom) / (_offlineUntil - _offlineFrom);
            enqueued = _offlineUntil + (long)((_newestFirst ? 1 - done : done) * SimulationParameters.Feed.DrainSeconds * 1_000_000);
            if (_newestFirst)
            {
                blemishes |= FeedBlemishes.NewestFirst;
            }

            if (enqueued - time > UnixMicros.PerHour)
            {
                blemishes |= FeedBlemishes.Late;
            }
        }

        if (r.Chance(SimulationParameters.Feed.CutOff))
        {
            blemishes |= FeedBlemishes.CutOff;
        }

        if (device.GivesNoId)
        {
            blemishes |= FeedBlemishes.NoMessageId;
        }

        var message = new MessageSeed
        {
            Enqueued = enqueued,
            Id = device.GivesNoId ? 0 : RandomStream.Mix(_idKey + ++_sent),
            Device = device.FeedIndex,
            First = first,
            Count = (byte)(_feed.Readings - first),
            Form = form,
            Blemishes = blemishes,
        };
        _feed.Add(message);
        if (r.Chance(SimulationParameters.Feed.Redelivered))
        {
            var again = r.LogNormal(SimulationParameters.Feed.RedeliveredSecondsMedian, SimulationParameters.Feed.RedeliveredSigma);
            _feed.Add(message with { Enqueued = enqueued + (long)(again * 1_000_000), Blemishes = blemishes | FeedBlemishes.Redelivered });
        }
    }

    private long StateTime(HomeDevice device, long time, ref FeedBlemishes blemishes, ref RandomStream r)
    {
        if (r.Chance(SimulationParameters.Feed.ClockReset))
        {
            blemishes |= FeedBlemishes.ClockReset;
            return (new DateTime(2010, 1, 1).Ticks - DateTime.UnixEpoch.Ticks) / 10 + (time % UnixMicros.PerDay);
        }

        var error = device.ClockError(time, _days);
        if (error != 0)
        {
            blemishes |= FeedBlemishes.ClockOff;
        }

        // Devices state whole seconds.
        return (time + error) / 1_000_000 * 1_000_000;
    }

    private static ReadingSeed State(HomeDevice device, HomeVital vital, double value, long time, ref FeedBlemishes blemishes, ref RandomStream r)
    {
        if (r.Chance(SimulationParameters.Feed.Impossible))
        {
            blemishes |= FeedBlemishes.Impossible;
            return new ReadingSeed(time, Impossible(vital, ref r), 0, vital, SentUnit.Canonical);
        }

        var unit = (vital, device.SentUnit) switch
        {
            (HomeVital.Temperature, SentUnit.Fahrenheit) or (HomeVital.Glucose, SentUnit.Millimolar) or (HomeVital.Weight, SentUnit.Pounds) => device.SentUnit,
            (HomeVital.Systolic or HomeVital.Diastolic or HomeVital.HeartRate, SentUnit.OtherName) => SentUnit.OtherName,
            _ => SentUnit.Canonical,
        };
        var shown = unit switch
        {
            SentUnit.Fahrenheit => (value * 9 / 5) + 32,
            SentUnit.Millimolar => value / 18.016,
            SentUnit.Pounds => value / 0.45359237,
            _ => value,
        };
        var decimals = vital is HomeVital.Weight or HomeVital.Temperature || unit == SentUnit.Millimolar ? 1 : 0;
        if (device.MislabelsUnit && unit != SentUnit.Canonical)
        {
            blemishes |= unit == SentUnit.Fahrenheit ? FeedBlemishes.FahrenheitAsCelsius : FeedBlemishes.MillimolarAsMass;
            unit = SentUnit.Canonical;
        }
        else if (unit != SentUnit.Canonical)
        {
            blemishes |= FeedBlemishes.OtherUnit;
        }

        return new ReadingSeed(time, (int)Math.Round(shown * (decimals == 1 ? 10 : 1)), (byte)decimals, vital, unit);
    }

    // What broken sensors and half-filled registers say.
    private static int Impossible(HomeVital vital, ref RandomStream r) => vital switch
    {
        HomeVital.Steps => 655_350,
        HomeVital.Breathlessness or HomeVital.Swelling or HomeVital.Sputum => 9,
        HomeVital.Weight => r.Chance(0.5) ? 0 : 655,
        HomeVital.Spo2 => r.Chance(0.5) ? 0 : 127,
        HomeVital.HeartRate or HomeVital.Systolic or HomeVital.Diastolic => r.Chance(0.5) ? 0 : 511,
        _ => 0,
    };
}
