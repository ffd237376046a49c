namespace RemoteMonitoring.Telemetry.Readings;

/// <summary>Why a reading was not accepted. The list is closed; each has a stable text form that counts and files carry.</summary>
public enum RejectionReason
{
    /// <summary>The line or body is not JSON of a form we know, or names a field twice.</summary>
    Unparsable,

    /// <summary>A field that a reading must have is not there.</summary>
    MissingField,

    /// <summary>The code names no vital in the catalog.</summary>
    UnknownCode,

    /// <summary>The unit does not measure this quantity, or is not one we convert.</summary>
    WrongDimension,

    /// <summary>Outside the hard limits of the vital.</summary>
    Implausible,

    /// <summary>Outside the limits in the unit stated, but ordinary in another unit of the same vital.</summary>
    SuspectedUnitMixUp,

    /// <summary>Taken later than the hub had it, by more than clocks drift.</summary>
    FutureTime,

    /// <summary>Taken so long before the hub had it that the time cannot be trusted.</summary>
    TooOld,

    /// <summary>The body is larger than a hub message may be.</summary>
    Oversize,

    /// <summary>No assignment ever named this device.</summary>
    UnknownDevice,

    /// <summary>The device is known, but was with no patient at the time of the reading.</summary>
    UnassignedDevice,
}

/// <summary>The stable text of each reason.</summary>
public static class RejectionReasons
{
    /// <summary>Every reason with its text, in a fixed order.</summary>
    public static IReadOnlyList<(RejectionReason Reason, string Text)> All { get; } =
        [.. Enum.GetValues<RejectionReason>().Select(r => (r, r.ToText()))];

    /// <summary>The text that files and counts carry, for instance <c>unknown-code</c>.</summary>
    public static string ToText(this RejectionReason reason) => reason switch
    {
        RejectionReason.Unparsable => "unparsable",
        RejectionReason.MissingField => "missing-field",
        RejectionReason.UnknownCode => "unknown-code",
        RejectionReason.WrongDimension => "wrong-dimension",
        RejectionReason.Implausible => "implausible",
        RejectionReason.SuspectedUnitMixUp => "suspected-unit-mix-up",
        RejectionReason.FutureTime => "future-time",
        RejectionReason.TooOld => "too-old",
        RejectionReason.Oversize => "oversize",
        RejectionReason.UnknownDevice => "unknown-device",
        RejectionReason.UnassignedDevice => "unassigned-device",
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}
