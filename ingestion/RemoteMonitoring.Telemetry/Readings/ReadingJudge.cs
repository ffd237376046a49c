using System.Globalization;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Messages;

namespace RemoteMonitoring.Telemetry.Readings;

/// <summary>What is asked of every reading, whichever mapping made it: a known quantity, a unit of its dimension, a plausible value, a believable time.</summary>
internal static class ReadingJudge
{
    public static (RejectionReason Reason, string Hint) UnknownCode(string code) => (RejectionReason.UnknownCode, $"the catalog has no code '{Shorten(code)}'");

    public static (RejectionReason Reason, string Hint) WrongUnit(VitalSign vital, string unit) =>
        (RejectionReason.WrongDimension, $"{vital} is accepted in {string.Join(", ", vital.AcceptedUnits.Select(u => u.Unit))}; got '{Shorten(unit)}'");

    /// <summary>Why a value sent in a unit of the vital is not accepted; null where it is, and <paramref name="value"/> is in the canonical unit.</summary>
    public static (RejectionReason Reason, string Hint)? Judge(VitalSign vital, in UnitConversion conversion, double sent, long time, long enqueued, out double value)
    {
        value = conversion.ToCanonical(sent);
        if (!vital.IsPlausible(value))
        {
            return Implausible(vital, in conversion, sent, value);
        }

        if (enqueued == ReceivedMessage.UnknownTime)
        {
            return null;
        }

        if (time > enqueued + ReadingExtractor.FutureTolerance)
        {
            return (RejectionReason.FutureTime, $"taken {UnixMicros.Format(time)}, later than the hub had it ({UnixMicros.Format(enqueued)}): check the device's clock");
        }

        return time < enqueued - ReadingExtractor.MaxAge
            ? (RejectionReason.TooOld, $"taken {UnixMicros.Format(time)}, more than 90 days before the hub had it: check the device's clock")
            : null;
    }

    private static (RejectionReason Reason, string Hint) Implausible(VitalSign vital, in UnitConversion conversion, double sent, double value)
    {
        foreach (var other in vital.AcceptedUnits)
        {
            if (other.Unit != conversion.Unit && vital.IsPlausible(other.ToCanonical(sent)))
            {
                return (RejectionReason.SuspectedUnitMixUp, string.Create(CultureInfo.InvariantCulture,
                    $"{sent:R} {conversion.Unit} lies outside {vital.Low:R} to {vital.High:R} {vital.Unit}, but {sent:R} {other.Unit} would not: is the unit right?"));
            }
        }

        return (RejectionReason.Implausible, string.Create(CultureInfo.InvariantCulture,
            $"{vital} of {value:R} {vital.Unit} lies outside {vital.Low:R} to {vital.High:R}"));
    }

    private static string Shorten(string text)
    {
        const int Kept = 40;
        var shown = text.Length <= Kept ? text : text[..(char.IsHighSurrogate(text[Kept - 1]) ? Kept - 1 : Kept)] + "…";
        // A hint is one line, whatever was sent.
        return shown.Any(char.IsControl) ? string.Concat(shown.Select(c => char.IsControl(c) ? ' ' : c)) : shown;
    }
}
