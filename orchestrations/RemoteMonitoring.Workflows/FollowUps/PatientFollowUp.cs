using System.Collections.Immutable;
using NodaTime;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Workflows.FollowUps;

/// <summary>What staff did about a patient, in order, and what follows from it: a function of the actions alone.</summary>
public sealed record PatientFollowUp
{
    /// <summary>How long after it an action can be undone.</summary>
    public static readonly Duration UndoWithin = Duration.FromMinutes(1);

    /// <summary>Of whom nobody did anything.</summary>
    public static PatientFollowUp None { get; } = new();

    /// <summary>All actions in the order they became known, those undone and their undoing included.</summary>
    public ImmutableList<WorklistAction> All { get; private init; } = [];

    /// <summary>Actions that were taken back.</summary>
    public ImmutableHashSet<string> Undone { get; private init; } = ImmutableHashSet.Create<string>(StringComparer.Ordinal);

    /// <summary>Tells this state from any other: the id of the last action; empty where there is none.</summary>
    public string Version => All is [.., var last] ? last.Id : "";

    /// <summary>The actions that hold, in order.</summary>
    public IEnumerable<WorklistAction> Holding => All.Where(a => a.Kind != ActionKind.Undo && !Undone.Contains(a.Id));

    /// <summary>Who sees to the patient, and since when; null where nobody does. A contact ends it.</summary>
    public WorklistAction? Claim => Holding.LastOrDefault(a => a.Kind is ActionKind.Claim or ActionKind.HandOver or ActionKind.Release || IsContact(a.Kind)) is { Kind: ActionKind.Claim or ActionKind.HandOver } claim ? claim : null;

    /// <summary>Name of who sees to it; null where nobody does.</summary>
    public string? ClaimedBy => Claim is { } claim ? claim.To ?? claim.By : null;

    /// <summary>The last action that settled something; null where none did.</summary>
    public WorklistAction? LastContact => Holding.LastOrDefault(a => IsContact(a.Kind));

    /// <summary>Tries to reach the patient since the last that settled something.</summary>
    public int Attempts => Holding.Reverse().TakeWhile(a => !IsContact(a.Kind)).Count(a => a.Kind == ActionKind.NoAnswer);

    /// <summary>The state after another action.</summary>
    public PatientFollowUp With(WorklistAction action) => All.Exists(a => a.Id == action.Id)
        ? this
        : this with { All = All.Add(action), Undone = action is { Kind: ActionKind.Undo, Undoes: { } undone } ? Undone.Add(undone) : Undone };

    /// <summary>The pause that lasts at an instant; null for none.</summary>
    public WorklistAction? PauseAt(Instant now) =>
        Holding.LastOrDefault(a => a.Kind is ActionKind.Pause or ActionKind.Resume) is { Kind: ActionKind.Pause } pause && !(pause.Until <= now) ? pause : null;

    /// <summary>The snooze that lasts at an instant; null for none. A contact after it ends it, and so does a reading beyond a personal limit, of which <paramref name="urgent"/> is when the latest landed.</summary>
    public WorklistAction? SnoozeAt(Instant now, Instant? urgent = null) =>
        Holding.LastOrDefault(a => a.Kind == ActionKind.Snooze || IsContact(a.Kind)) is { Kind: ActionKind.Snooze } snooze && snooze.Until > now && !(urgent > snooze.Known) ? snooze : null;

    /// <summary>The last action of a user, where it can still be taken back: nobody has acted since, and it is not older than <see cref="UndoWithin"/>.</summary>
    public WorklistAction? UndoableBy(string user, Instant now) =>
        All is [.., { Kind: not ActionKind.Undo } last] && last.By == user && now - last.Known <= UndoWithin ? last : null;

    /// <summary>Whether somebody who was shown an urgent reading has seen to it; <paramref name="since"/> is from when on it was open.</summary>
    public bool Settled(Instant since) => Holding.Any(a => a.SeenUrgent >= since && Settles(a.Kind));

    /// <summary>Whether somebody was in touch, or settled that nobody needs to be.</summary>
    public static bool IsContact(ActionKind kind) => kind is ActionKind.Contacted or ActionKind.VisitArranged or ActionKind.ClinicianArranged or ActionKind.MedicationQuestion or ActionKind.FalseAlarm;

    /// <summary>Whether an urgent reading that was shown needs nobody's eye any more.</summary>
    public static bool Settles(ActionKind kind) => IsContact(kind) || kind is ActionKind.TechnicalFixed;

    /// <summary>The states of all patients by the actions of a reference log.</summary>
    public static IReadOnlyDictionary<string, PatientFollowUp> Of(IEnumerable<WorklistAction> actions) => actions
        .GroupBy(a => a.PatientId, StringComparer.Ordinal)
        .ToDictionary(g => g.Key, g => g.Aggregate(None, (state, action) => state.With(action)), StringComparer.Ordinal);
}
