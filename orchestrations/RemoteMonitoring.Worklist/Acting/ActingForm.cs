using System.Buffers;
using System.Globalization;
using Microsoft.AspNetCore.Http;
using NodaTime;
using NodaTime.Text;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.Worklist.Acting;

/// <summary>What a form asks to have done about a patient, or what is wrong with it.</summary>
/// <param name="Action">The action, without what only the server knows; null where something is wrong.</param>
/// <param name="Version">The state that was shown.</param>
/// <param name="Lists">The lists that were shown, by their id; null where it was another page.</param>
/// <param name="Return">Where to go afterwards, a path of ours.</param>
/// <param name="Problem">What is wrong, in a sentence; null where nothing is.</param>
public sealed record ActingForm(WorklistAction? Action, string Version, string? Lists, string Return, string? Problem)
{
    private const int IdDigits = 32;

    private static readonly SearchValues<char> s_hex = SearchValues.Create("0123456789abcdef");

    /// <summary>Field that says how far the urgent readings reached that the page showed of the patient, in Unix ticks; absent where it showed none.</summary>
    public const string SeenField = "seen";

    /// <summary>Reasons of a pause.</summary>
    public static readonly string[] PauseReasons = ["hospital", "holiday"];

    /// <summary>The farthest that a pause or snooze may reach.</summary>
    public static readonly Period Farthest = Period.FromDays(366);

    /// <summary>A name for an action, to be sent with a form, so that sending it twice does it once.</summary>
    public static string NewId() => DocumentStore.NewWrite();

    /// <summary>Reads a form.</summary>
    /// <param name="form">The form.</param>
    /// <param name="patient">About whom.</param>
    /// <param name="by">Who asks.</param>
    /// <param name="zone">The zone in which the dates of the form are meant.</param>
    /// <param name="now">Now.</param>
    public static ActingForm Read(IFormCollection form, Patient patient, string by, DateTimeZone zone, Instant now)
    {
        string? Text(string name) => TypedText.Of(form[name]) is { Length: > 0 } text ? text : null;
        var version = form["version"].ToString();
        var back = LocalPath.Of(Text("return"));
        ActingForm Wrong(string problem) => new(null, version, Text("lists"), back, problem);

        if (!Enum.TryParse<ActionKind>(Text("kind"), out var kind) || Enum.GetName(kind) != Text("kind")) // no number, and no list of names
        {
            return Wrong("Say what was done: choose one of the actions.");
        }

        if (Text("id") is not { Length: IdDigits } id || id.AsSpan().ContainsAnyExcept(s_hex))
        {
            return Wrong("The form is not whole. Load the page again and repeat.");
        }

        var note = Text("note");
        if (note?.Length > WorklistAction.MostNoteCharacters)
        {
            return Wrong(string.Create(CultureInfo.InvariantCulture, $"The note has {note.Length} characters; {WorklistAction.MostNoteCharacters} are the most. Shorten it."));
        }

        if (kind == ActionKind.Note && note is null)
        {
            return Wrong("A note without text says nothing: write it.");
        }

        Instant? until = null;
        if (kind is ActionKind.Snooze or ActionKind.Pause && Text("until") is { } day)
        {
            var today = now.InZone(zone).Date;
            if (!LocalDatePattern.Iso.Parse(day).TryGetValue(default, out var date) || date <= today || date > today + Farthest)
            {
                return Wrong("Until when? Give a day after today, within a year.");
            }

            until = date.AtStartOfDayInZone(zone).ToInstant();
        }

        if (kind == ActionKind.Snooze && until is null)
        {
            return Wrong("A snooze has an end: say until when.");
        }

        var why = kind == ActionKind.Pause ? Text("why") : null;
        if (kind == ActionKind.Pause && !PauseReasons.Contains(why))
        {
            return Wrong("Why is the patient paused? Choose hospital or holiday.");
        }

        var to = kind == ActionKind.HandOver ? Text("to") : null;
        if (kind == ActionKind.HandOver && to is null)
        {
            return Wrong("To whom? Choose a member of the team.");
        }

        var undoes = kind == ActionKind.Undo ? Text("undoes") : null;
        if (kind == ActionKind.Undo && undoes is null)
        {
            return Wrong("The form is not whole. Load the page again and repeat.");
        }

        Instant? seen = null;
        if (form[SeenField].ToString() is { Length: > 0 } reach)
        {
            if (!long.TryParse(reach, NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) || ticks > Instant.MaxValue.ToUnixTimeTicks())
            {
                return Wrong("The form is not whole. Load the page again and repeat.");
            }

            seen = Instant.FromUnixTimeTicks(ticks);
        }

        return new(
            new WorklistAction { Id = id, PatientId = patient.PatientId, CareTeamId = patient.CareTeamId, Kind = kind, By = by, Until = until, To = to, Why = why, Note = note, Undoes = undoes, SeenUrgent = seen, Known = now },
            version, Text("lists"), back, null);
    }
}
