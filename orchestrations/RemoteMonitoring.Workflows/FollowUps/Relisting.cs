using System.Globalization;
using NodaTime;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Workflows.FollowUps;

/// <summary>
/// When a patient is listed again: after a contact only if the odds rise past <see cref="Margin"/>, a reason appears that was not
/// shown then, or <see cref="RestDays"/> pass; not while paused or snoozed. Days are those of the team's zone.
/// </summary>
public static class Relisting
{
    /// <summary>Days that a contact holds, its own included: of a Monday up to the list of the next.</summary>
    public const int RestDays = 7;

    /// <summary>The odds must be this many times what they were at the contact.</summary>
    public const double Margin = 1.5;

    /// <summary>Why a patient is not listed, in one sentence; null for who may be.</summary>
    /// <param name="state">What was done about the patient.</param>
    /// <param name="task">What is foreseen.</param>
    /// <param name="probability">Calibrated probability now.</param>
    /// <param name="reasons">Keys of the reasons now.</param>
    /// <param name="now">The instant the list is made for.</param>
    /// <param name="zone">The zone of the team, in which days begin and are told.</param>
    /// <param name="urgent">When the patient's latest reading beyond a personal limit landed, which breaks a snooze of before; null where none did.</param>
    /// <param name="today">The day that the list is of, in the zone of the team; null for that of <paramref name="now"/>.</param>
    public static string? WhyRests(PatientFollowUp state, string task, double probability, IEnumerable<string> reasons, Instant now, DateTimeZone zone, Instant? urgent = null, LocalDate? today = null)
    {
        if (state.PauseAt(now) is { } pause)
        {
            return $"paused{(pause.Why is { } why ? $" ({why})" : "")}{(pause.Until is { } until ? $" until {Day(until.InZone(zone).Date)}" : "")}";
        }

        if (state.SnoozeAt(now, urgent) is { Until: { } asleep })
        {
            return $"snoozed until {Day(asleep.InZone(zone).Date)}";
        }

        if (state.LastContact is not { } contact)
        {
            return null;
        }

        var day = contact.Known.InZone(zone).Date;
        if ((today ?? now.InZone(zone).Date) >= day.PlusDays(RestDays))
        {
            return null;
        }

        // Of whom nothing was foreseen then, all of it is new.
        if (contact.Shown.FirstOrDefault(s => s.Task == task) is not { } shown || Odds(probability) >= Margin * Odds(shown.Probability) || reasons.Except(shown.Reasons, StringComparer.Ordinal).Any())
        {
            return null;
        }

        return $"{InWords(contact.Kind)} on {Day(day)}; listed again when the risk rises or something new appears, or on {Day(day.PlusDays(RestDays))}";
    }

    /// <summary>What a contact is called.</summary>
    public static string InWords(ActionKind kind) => kind switch
    {
        ActionKind.Contacted => "contacted",
        ActionKind.NoAnswer => "no answer",
        ActionKind.VisitArranged => "visit arranged",
        ActionKind.ClinicianArranged => "clinician arranged",
        ActionKind.MedicationQuestion => "medication question passed on",
        ActionKind.FalseAlarm => "false alarm",
        ActionKind.TechnicalFixed => "technical problem fixed",
        ActionKind.Claim => "claimed",
        ActionKind.Release => "released",
        ActionKind.HandOver => "handed over",
        ActionKind.Pause => "paused",
        ActionKind.Resume => "resumed",
        ActionKind.Snooze => "snoozed",
        ActionKind.Note => "note",
        ActionKind.Acknowledge => "acknowledged",
        ActionKind.Undo => "undone",
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private static double Odds(double p) => p / (1 - p);

    private static string Day(LocalDate day) => day.ToString("d MMM uuuu", CultureInfo.InvariantCulture);
}
