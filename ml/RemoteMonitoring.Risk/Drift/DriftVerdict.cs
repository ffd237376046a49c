using System.Text.Json.Serialization;

namespace RemoteMonitoring.Risk.Drift;

/// <summary>What is said of a difference between two stretches of time. Ordered by how much it asks for attention.</summary>
public enum DriftVerdict
{
    /// <summary>Too few rows, patients or events: nothing is said, and nothing is wrong.</summary>
    [JsonStringEnumMemberName("too-few")]
    TooFew,

    /// <summary>No more than from one week to another.</summary>
    [JsonStringEnumMemberName("stable")]
    Stable,

    /// <summary>Enough to look at.</summary>
    [JsonStringEnumMemberName("watch")]
    Watch,

    /// <summary>Enough to act on.</summary>
    [JsonStringEnumMemberName("drifted")]
    Drifted,
}

/// <summary>What a column's change comes from, as far as its rows can tell.</summary>
public enum DriftCause
{
    /// <summary>The values fit the reference as soon as they are taken for another unit: a mapping reads it wrongly, most likely.</summary>
    [JsonStringEnumMemberName("unit")]
    Unit,

    /// <summary>Within the same device models nothing changed; which models are in use did.</summary>
    [JsonStringEnumMemberName("device-mix")]
    DeviceMix,

    /// <summary>Most rows are of device models that the reference does not have enough rows of.</summary>
    [JsonStringEnumMemberName("new-devices")]
    NewDevices,

    /// <summary>It remains within the same device models, or is of no device at all: the people, or what they do, changed.</summary>
    [JsonStringEnumMemberName("population")]
    Population,

    /// <summary>Some of it remains within the same device models, some comes from which models are in use.</summary>
    [JsonStringEnumMemberName("population-and-device-mix")]
    Both,

    /// <summary>Nothing on record says which device models the rows come from.</summary>
    [JsonStringEnumMemberName("not-told-apart")]
    NotToldApart,
}

/// <summary>The thresholds of all verdicts. PSI: Siddiqi, Credit Risk Scorecards (2006), chapter 9; the gate's ranges are those of a promotion.</summary>
public static class DriftLimits
{
    /// <summary>From this population stability index on: watch.</summary>
    public const double WatchPsi = 0.1;

    /// <summary>From this one on: drifted.</summary>
    public const double DriftedPsi = 0.25;

    /// <summary>Fewer rows on either side: too few to judge.</summary>
    public const int MinimumRows = 200;

    /// <summary>Fewer patients on either side: too few to judge.</summary>
    public const int MinimumPatients = 30;

    /// <summary>Fewer rows of a device model on either side: it is not compared with itself.</summary>
    public const int MinimumRowsOfDevices = 100;

    /// <summary>Fewer events: no figure of performance is judged.</summary>
    public const int MinimumEvents = 20;

    /// <summary>No share of a bin is taken for smaller, so that one that was never seen counts, and not without bound.</summary>
    public const double LeastShare = 1e-4;

    /// <summary>From this share of judged columns that drifted, the inputs as a whole have.</summary>
    public const double DriftedColumns = 0.1;

    /// <summary>Observed over expected that is held for right.</summary>
    public const double LowestObservedExpected = 0.8;

    /// <summary>The same, its upper end.</summary>
    public const double HighestObservedExpected = 1.25;

    private const double OneInAThousand = 3.0902;

    /// <summary>
    /// The index that two draws of one population exceed once in a thousand times. Rows of a patient are not independent, so a patient counts
    /// as one row however many there are: too careful rather than too quick.
    /// </summary>
    /// <remarks>PSI × n·m/(n + m) is nearly χ² with bins − 1 degrees of freedom; its quantile is Wilson and Hilferty's.</remarks>
    public static double PsiByChance(int bins, int patients, int referencePatients)
    {
        var degrees = Math.Max(1, bins - 1);
        var spread = 2.0 / (9 * degrees);
        return degrees * Math.Pow(1 - spread + (OneInAThousand * Math.Sqrt(spread)), 3) * ((1.0 / patients) + (1.0 / referencePatients));
    }

    /// <summary>The verdict on an index; one that chance makes is too few to judge where it reaches the threshold, and stable below it.</summary>
    public static DriftVerdict Of(double psi, int bins, (int Rows, int Patients) now, (int Rows, int Patients) reference) => psi switch
    {
        _ when Math.Min(now.Rows, reference.Rows) < MinimumRows || Math.Min(now.Patients, reference.Patients) < MinimumPatients => DriftVerdict.TooFew,
        < WatchPsi => DriftVerdict.Stable,
        _ when psi < PsiByChance(bins, now.Patients, reference.Patients) => DriftVerdict.TooFew,
        < DriftedPsi => DriftVerdict.Watch,
        _ => DriftVerdict.Drifted,
    };

    /// <summary>The one that asks for most attention; too few where nothing could be judged.</summary>
    public static DriftVerdict Worst(IEnumerable<DriftVerdict> verdicts) => verdicts.DefaultIfEmpty(DriftVerdict.TooFew).Max();
}
