using System.Globalization;
using NodaTime;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>A patient who was scored by what there was, used to send daily, and has sent nothing for <see cref="Silence.After"/>.</summary>
/// <param name="PatientId">Whose.</param>
/// <param name="LastReading">When the last reading was taken.</param>
/// <param name="Probability">Calibrated probability.</param>
/// <param name="Band">Its band; null where there are none.</param>
public sealed record QuietPatient(string PatientId, Instant LastReading, double Probability, RiskBand? Band);

/// <summary>A fault of measuring, and whose readings show it.</summary>
/// <param name="PatientId">Whose.</param>
/// <param name="Fault">What.</param>
public sealed record FaultOf(string PatientId, MeasuringFault Fault);

/// <summary>Who says nothing any more: of those at high risk a clinical matter, of the others a technical one. All thresholds are ours.</summary>
internal static class Silence
{
    /// <summary>From so long after the last reading on a patient who sent daily is silent: one day missed is ordinary.</summary>
    public static readonly Duration After = Duration.FromHours(48);

    /// <summary>Share of the riskiest that are at high risk where no bands were decided on.</summary>
    public const double HighShare = 0.1;

    // Daily is five days of the last seven before the silence, or as many of those that can still be seen.
    private const int DaysBefore = 7;
    private const int DaysNeeded = 5;

    /// <summary>Whether a patient whose last reading was then used to send daily, by the days of all vitals that had a reading.</summary>
    public static bool SentDaily(IEnumerable<VitalCell> cells, long last, long lookBack, long asOf)
    {
        var seen = Math.Min(DaysBefore, (int)((last - (asOf - lookBack)) / UnixMicros.PerDay));
        var days = cells.Select(c => (last - c.LastTime) / UnixMicros.PerDay).Where(d => d >= 0 && d < seen).Distinct().Count();
        return seen > 0 && days * DaysBefore >= seen * DaysNeeded;
    }

    /// <summary>The probability from which on a patient is at high risk where there are no bands: of the top <see cref="HighShare"/>, ties all in.</summary>
    public static double TopTenth(IReadOnlyCollection<double> probabilities)
    {
        double[] sorted = [.. probabilities.OrderDescending()];
        return sorted.Length == 0 ? 1 : sorted[(int)Math.Ceiling(sorted.Length * HighShare) - 1];
    }

    /// <summary>Whether a patient is silent and at high risk.</summary>
    public static bool IsClinical(QuietPatient quiet, double top) => quiet.Band is { } band ? band == RiskBand.High : quiet.Probability >= top;

    /// <summary>How long it has been silent, in a sentence.</summary>
    public static string InWords(QuietPatient quiet, Instant asOf) =>
        string.Create(CultureInfo.InvariantCulture, $"no reading for {(int)(asOf - quiet.LastReading).TotalDays} days, where readings came daily");

    /// <summary>Whether somebody knows: the patient is in hospital, away, or was put off.</summary>
    public static bool IsExpected(PatientFollowUp state, Instant asOf, Instant? urgent) => state.PauseAt(asOf) is not null || state.SnoozeAt(asOf, urgent) is not null;

    /// <summary>Whether a technical problem was put right after what shows it, so that it takes new readings, or new silence, to show it again.</summary>
    public static bool IsFixed(PatientFollowUp state, Instant evidence) => state.Holding.LastOrDefault(a => a.Kind == ActionKind.TechnicalFixed) is { } done && done.Known >= evidence;
}
