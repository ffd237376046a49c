using System.Globalization;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Cohorts.Simulation;

/// <summary>Kinds of device in a home.</summary>
internal enum DeviceKind : byte
{
    Scale,
    Cuff,
    Oximeter,
    Thermometer,
    Glucometer,
    PeakFlowMeter,
    Questionnaire,
    Tracker,
}

/// <summary>How a device's clock is wrong.</summary>
internal enum DeviceClock : byte
{
    Right,
    Drifting,
    LocalTimeAsUtc,
    Slow,
}

/// <summary>One device with its lasting faults; they are the device's own and go with it to whoever has it next.</summary>
internal sealed class HomeDevice
{
    private readonly DeviceClock _clock;
    private readonly double _clockError;

    public HomeDevice(ulong seed, int owner, DeviceKind kind, int generation, FeedBuffer feed)
    {
        var r = new RandomStream(seed, owner, StreamPurpose.Device, ((int)kind * 1000) + generation);
        var name = kind switch
        {
            DeviceKind.PeakFlowMeter => "peakflow",
            DeviceKind.Questionnaire => "app",
            _ => kind.ToString().ToLowerInvariant(),
        };
        Kind = kind;
        Generation = generation;
        Id = string.Create(CultureInfo.InvariantCulture, $"{name}-{owner:D6}") + (generation == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"-{generation}"));
        FeedIndex = feed.AddDevice(Id);
        Bias = new double[HomeVitals.Count];
        for (var v = 0; v < Bias.Length; v++)
        {
            Bias[v] = SimulationParameters.Sensors.DeviceSd[v] * r.Normal();
        }

        if (generation > 0)
        {
            Bias[(int)HomeVital.Weight] += SimulationParameters.Sensors.NewScalesZeroSd * r.Normal();
        }

        GivesNoId = r.Chance(SimulationParameters.Feed.NoMessageId);
        TimeInProperty = r.Chance(SimulationParameters.Feed.TimeInProperty);
        ReportsBattery = r.Chance(SimulationParameters.Feed.ReportsBattery);
        CountsBreaths = r.Chance(SimulationParameters.Sensors.OximeterCountsBreaths);
        var otherName = r.Chance(SimulationParameters.Feed.OtherUnitNames);
        var unit = r.Uniform();
        (SentUnit, MislabelsUnit) = kind switch
        {
            DeviceKind.Thermometer when unit < SimulationParameters.Feed.FahrenheitAsCelsius => (SentUnit.Fahrenheit, true),
            DeviceKind.Thermometer when unit < SimulationParameters.Feed.FahrenheitAsCelsius + SimulationParameters.Feed.Fahrenheit => (SentUnit.Fahrenheit, false),
            DeviceKind.Glucometer when unit < SimulationParameters.Feed.MillimolarAsMass => (SentUnit.Millimolar, true),
            DeviceKind.Glucometer when unit < SimulationParameters.Feed.MillimolarAsMass + SimulationParameters.Feed.Millimolar => (SentUnit.Millimolar, false),
            DeviceKind.Scale when unit < SimulationParameters.Feed.Pounds => (SentUnit.Pounds, false),
            DeviceKind.Cuff or DeviceKind.Oximeter when otherName => (SentUnit.OtherName, false),
            _ => (SentUnit.Canonical, false),
        };
        var clock = r.Uniform();
        var size = r.Uniform();
        (_clock, _clockError) =
            clock < SimulationParameters.Feed.DriftingClock ? (DeviceClock.Drifting, ((2 * size) - 1) * SimulationParameters.Feed.DriftSecondsPerDay)
            : (clock -= SimulationParameters.Feed.DriftingClock) < SimulationParameters.Feed.LocalTimeAsUtc ? (DeviceClock.LocalTimeAsUtc, 0)
            : clock - SimulationParameters.Feed.LocalTimeAsUtc < SimulationParameters.Feed.SlowClock ? (DeviceClock.Slow, -1 - (size * (SimulationParameters.Feed.SlowHoursHigh - 1)))
            : (DeviceClock.Right, 0);
    }

    public DeviceKind Kind { get; }

    public string Id { get; }

    /// <summary>0 for the first of its kind in a home, then counted up at each replacement.</summary>
    public int Generation { get; }

    /// <summary>Lasting error by vital.</summary>
    public double[] Bias { get; }

    public bool GivesNoId { get; }

    public bool TimeInProperty { get; }

    public bool ReportsBattery { get; }

    public bool CountsBreaths { get; }

    public SentUnit SentUnit { get; }

    /// <summary>Measures in <see cref="SentUnit"/>, but says the canonical one.</summary>
    public bool MislabelsUnit { get; }

    /// <summary>Position in the feed's table of devices.</summary>
    public int FeedIndex { get; }

    /// <summary>What the device's clock says less what the time is, in microseconds.</summary>
    public long ClockError(long instant, LocalDays days) => _clock switch
    {
        DeviceClock.Right => 0,
        DeviceClock.Drifting => (long)(_clockError * 1_000_000 * (days.DaysSinceStart(instant) % SimulationParameters.Feed.DriftSyncDays)),
        DeviceClock.LocalTimeAsUtc => days.OffsetAt(instant),
        DeviceClock.Slow => (long)(_clockError * UnixMicros.PerHour),
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}

/// <summary>Which devices a patient is given.</summary>
internal static class Prescription
{
    public static IEnumerable<DeviceKind> For(ulong seed, PatientProfile profile)
    {
        var r = new RandomStream(seed, profile.Index, StreamPurpose.Profile, day: 1);
        var kinds = 0;
        foreach (var (condition, device, chance) in SimulationParameters.Kit.Prescribed)
        {
            if (r.Chance(chance) && profile.Has(condition))
            {
                kinds |= 1 << (int)device;
            }
        }

        return Enum.GetValues<DeviceKind>().Where(k => (kinds & (1 << (int)k)) != 0);
    }
}
