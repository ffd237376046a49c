namespace RemoteMonitoring.Cohorts.Simulation;

/// <summary>What is wrong with a message, as only the simulator knows. Never written to a feed.</summary>
[Flags]
public enum FeedBlemishes : ushort
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>A second delivery of a message already sent.</summary>
    Redelivered = 1 << 0,

    /// <summary>Reached the hub more than an hour after it was made.</summary>
    Late = 1 << 1,

    /// <summary>Sent by a hub that empties its store newest first.</summary>
    NewestFirst = 1 << 2,

    /// <summary>The device's clock was wrong.</summary>
    ClockOff = 1 << 3,

    /// <summary>The device's clock had started again from 2010.</summary>
    ClockReset = 1 << 4,

    /// <summary>Degrees Fahrenheit, said to be Celsius.</summary>
    FahrenheitAsCelsius = 1 << 5,

    /// <summary>Millimoles per litre, said to be milligrams per decilitre.</summary>
    MillimolarAsMass = 1 << 6,

    /// <summary>Pounds, said to be kilograms: still plausible, so nothing rejects it.</summary>
    PoundsAsKilograms = 1 << 7,

    /// <summary>A value that no body has.</summary>
    Impossible = 1 << 8,

    /// <summary>The body ends in the middle.</summary>
    CutOff = 1 << 9,

    /// <summary>A device that nobody registered.</summary>
    Stranger = 1 << 10,

    /// <summary>A registered device used while nobody had it.</summary>
    BetweenPatients = 1 << 11,

    /// <summary>Somebody else stood on the scales.</summary>
    OtherPerson = 1 << 12,

    /// <summary>The device gives its messages no id.</summary>
    NoMessageId = 1 << 13,

    /// <summary>Carries a reading under a code that no catalog has.</summary>
    UnknownCode = 1 << 14,

    /// <summary>Another unit than the usual one, honestly stated: no fault.</summary>
    OtherUnit = 1 << 15,
}
