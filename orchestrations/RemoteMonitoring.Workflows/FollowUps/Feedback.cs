using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using NodaTime;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Features;

namespace RemoteMonitoring.Workflows.FollowUps;

/// <summary>
/// What staff did about a patient, and what they were shown when they did. It says how lists are worked with; it is never a label, and no feature comes from it:
/// who was called may have been well because of the call. Notes and names of staff are not in it.
/// </summary>
/// <param name="Action">The action: it has a row for each task that had scored the patient, and one where none had.</param>
/// <param name="PatientId">About whom.</param>
/// <param name="CareTeamId">For which team.</param>
/// <param name="Kind">What was done.</param>
/// <param name="Known">When.</param>
/// <param name="Undone">Whether it was taken back.</param>
/// <param name="Until">Until when, where the kind has an end.</param>
/// <param name="Why">Why the patient is paused; null where it is no pause.</param>
/// <param name="Task">What was foreseen; null where nothing was, as are the others.</param>
/// <param name="AsOf">Instant it spoke for.</param>
/// <param name="Run">Run that made it.</param>
/// <param name="Probability">Calibrated probability.</param>
/// <param name="Reasons">Keys of the reasons.</param>
public sealed record Feedback(
    string Action, string PatientId, string CareTeamId, ActionKind Kind, Instant Known, bool Undone, Instant? Until, string? Why, string? Task, Instant? AsOf, string? Run, double? Probability, IReadOnlyList<string>? Reasons)
{
    private static readonly string[] s_columns = ["action", "patient_id", "care_team_id", "kind", "known", "undone", "until", "why", "task", "as_of", "run", "probability", "reasons"];

    /// <summary>All of a cohort, in order of time.</summary>
    public static async Task<IReadOnlyList<Feedback>> ReadAsync(ReferenceLog log, CancellationToken cancellationToken)
    {
        var (actions, _) = await log.ReadAfterAsync<WorklistAction>(ReferenceKinds.Actions, 0, cancellationToken);
        return Of(actions);
    }

    /// <summary>That of actions, in their order; what takes one back is a mark on it, and no row of its own.</summary>
    public static IReadOnlyList<Feedback> Of(IReadOnlyList<WorklistAction> actions)
    {
        var undone = actions.Where(a => a.Kind == ActionKind.Undo).Select(a => a.Undoes).OfType<string>().ToHashSet(StringComparer.Ordinal);
        return
        [
            .. actions.Where(a => a.Kind != ActionKind.Undo).DistinctBy(a => a.Id).SelectMany(a => (a.Shown.Count == 0 ? (IReadOnlyList<ShownRisk?>)[null] : a.Shown).Select(shown => new Feedback(
                a.Id, a.PatientId, a.CareTeamId, a.Kind, a.Known, undone.Contains(a.Id), a.Until, a.Why, shown?.Task, shown?.AsOf, shown?.Run, shown?.Probability, shown?.Reasons))),
        ];
    }

    /// <summary>Writes a line of JSON for each.</summary>
    public static async Task WriteNdjsonAsync(IEnumerable<Feedback> rows, Stream output, CancellationToken cancellationToken)
    {
        foreach (var row in rows)
        {
            await JsonSerializer.SerializeAsync(output, row, FeedbackJson.Default.Feedback, cancellationToken);
            await output.WriteAsync("\n"u8.ToArray(), cancellationToken);
        }
    }

    /// <summary>Writes CSV: <c>reasons</c> apart by a semicolon, what is not known empty.</summary>
    public static Task WriteCsvAsync(IEnumerable<Feedback> rows, Stream output, CancellationToken cancellationToken) =>
        TableCsv.WriteAsync(s_columns, [.. rows.Select(r => (IReadOnlyList<string?>)
        [
            r.Action, r.PatientId, r.CareTeamId, JsonNamingPolicy.CamelCase.ConvertName(r.Kind.ToString()), Text(r.Known), r.Undone ? "true" : "false", Text(r.Until), r.Why, r.Task, Text(r.AsOf), r.Run,
            r.Probability?.ToString("R", CultureInfo.InvariantCulture), r.Reasons is null ? null : string.Join(';', r.Reasons),
        ])], output, cancellationToken);

    private static string? Text(Instant? instant) => instant?.ToString("uuuu-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    Converters = [typeof(InstantJsonConverter), typeof(LowerCaseEnum<ActionKind>)])]
[JsonSerializable(typeof(Feedback))]
internal sealed partial class FeedbackJson : JsonSerializerContext;
