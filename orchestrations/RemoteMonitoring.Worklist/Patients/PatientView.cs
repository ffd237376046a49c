using NodaTime;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Features;
using RemoteMonitoring.Worklist.Access;
using RemoteMonitoring.Worklist.Lists;

namespace RemoteMonitoring.Worklist.Patients;

/// <summary>What was foreseen for a patient of one task.</summary>
/// <param name="Title">The task for people.</param>
/// <param name="Outcome">What happened to those that a risk counts, in words; null where no list says it.</param>
/// <param name="Predictions">Newest first; there is one at least.</param>
public sealed record TaskRisks(string Title, string? Outcome, IReadOnlyList<Prediction> Predictions)
{
    /// <summary>What holds.</summary>
    public Prediction Latest => Predictions[0];
}

/// <summary>All that is shown of a patient.</summary>
public sealed record PatientView
{
    /// <summary>The stretches that vitals are shown over, in days.</summary>
    public static readonly int[] Stretches = [7, 28, 90];

    /// <summary>Who, and by what right.</summary>
    public required AllowedPatient Patient { get; init; }

    /// <summary>The patient in a line.</summary>
    public required PatientLine Line { get; init; }

    /// <summary>Name of the team.</summary>
    public required string TeamName { get; init; }

    /// <summary>Members of the team whom the patient can be handed to, by user name and name.</summary>
    public required IReadOnlyList<(string UserName, string DisplayName)> Colleagues { get; init; }

    /// <summary>Vitals of the stretch.</summary>
    public required IReadOnlyList<VitalSeries> Vitals { get; init; }

    /// <summary>Days shown.</summary>
    public required int Days { get; init; }

    /// <summary>The stretch begins after it.</summary>
    public required Instant After { get; init; }

    /// <summary>The stretch ends with it: now, or, where the cohort's data ended before, their end.</summary>
    public required Instant To { get; init; }

    /// <summary>What was foreseen, by task; the task with the newest prediction first.</summary>
    public required IReadOnlyList<TaskRisks> Risks { get; init; }

    /// <summary>Urgent readings that are open.</summary>
    public required IReadOnlyList<UrgentReading> Urgent { get; init; }

    /// <summary>What the latest list says of the measuring.</summary>
    public required IReadOnlyList<TechnicalFinding> Technical { get; init; }

    /// <summary>Who was told of the patient.</summary>
    public required IReadOnlyList<ToldFollowUp> Told { get; init; }

    /// <summary>The lists on which the patient stands or stood last; null for none.</summary>
    public string? Lists { get; init; }

    /// <summary>What was just done, or not; null for nothing.</summary>
    public string? Said { get; init; }

    /// <summary>Tells what the team's list shows from what it shows later; null where the patient is not of a team of the viewer's.</summary>
    public string? ListVersion { get; init; }

    /// <summary>A care plan that was typed and not set; null for none.</summary>
    public CarePlanDraft? Draft { get; init; }

    /// <summary>Until when the viewer may look, where they broke glass; else null.</summary>
    public Instant? BrokenUntil { get; init; }

    /// <summary>Why there is no reading, as far as it is known; null where there are some, and where nobody knows.</summary>
    public string? WhyNoReading { get; init; }

    /// <summary>Now.</summary>
    public required Instant Now { get; init; }

    /// <summary>The patient's own zone, for what devices said.</summary>
    public DateTimeZone OwnZone => Line.OwnZone;

    /// <summary>The team's zone, for lists and what staff did.</summary>
    public DateTimeZone Zone => Line.Zone;

    /// <summary>The limit of a vital; null where none was set.</summary>
    public PersonalLimit? LimitOf(string vital) => Line.Plan?.Limits.FirstOrDefault(l => l.Vital == vital);
}

/// <summary>Gathers it.</summary>
public sealed class PatientReader(WorklistServices services)
{
    /// <summary>A patient over some days.</summary>
    public async Task<PatientView> ReadAsync(AllowedPatient patient, int days, CancellationToken cancellationToken)
    {
        // Before all else: what comes while the rest is read is told as new, and not taken to be shown.
        var version = await services.Access.TeamAsync(patient.Viewer, patient.Roster.CareTeamId, cancellationToken) is { } team ? await new ListReader(services).VersionAsync(team, cancellationToken) : null;
        await services.Actions.RefreshAsync(cancellationToken);
        var today = await services.Reference.TodayAsync(cancellationToken);
        var (now, own, zone) = (services.Now, ListReader.ZoneOf(patient.Roster), today.ZoneOf(patient.Roster.CareTeamId));
        var urgent = await services.Urgent.OfAsync(patient, cancellationToken);
        // A cohort whose data ended long ago is shown up to there, not as weeks of nothing.
        var watermark = await PatientVitals.WatermarkAsync(services.Store, cancellationToken);
        var to = watermark is { } end && now - end > Duration.FromDays(PatientView.Stretches[0]) ? end : now;
        var after = to - Duration.FromDays(days);
        var predictions = await services.Lists.PredictionsAsync(patient, cancellationToken);
        var lists = await services.Lists.LatestAsync(cancellationToken);
        var (technical, outcomes) = (new List<TechnicalFinding>(), new Dictionary<string, string?>(StringComparer.Ordinal));
        foreach (var made in lists)
        {
            var list = await services.Lists.OfPatientAsync(patient, made, cancellationToken);
            technical.AddRange(list?.Technical ?? []);
            outcomes[made.Task] = list?.Outcome;
        }

        var vitals = await PatientVitals.ReadAsync(services.Store, patient.PatientId, own, after, to, cancellationToken);
        return new()
        {
            Patient = patient,
            Line = new ListReader(services).LineOf(patient.Viewer, today, patient.Roster, zone, UrgentLane.Reach(urgent), await services.Urgent.ReachAsync(patient, cancellationToken), now),
            TeamName = today.Teams.GetValueOrDefault(patient.Roster.CareTeamId)?.Name ?? patient.Roster.CareTeamId,
            Colleagues =
            [
                .. today.Members.Values.Where(m => m.IsDisabled != true && m.UserName != patient.Viewer.UserName && new Viewer(m).IsOf(patient.Roster.CareTeamId))
                    .OrderBy(m => m.DisplayName, StringComparer.Ordinal).Select(m => (m.UserName, m.DisplayName)),
            ],
            Vitals = vitals,
            WhyNoReading = vitals.Count == 0 ? await new MissingReadings(services).WhyAsync(patient, predictions, to, zone, cancellationToken) : null,
            BrokenUntil = patient.Ground == AccessGround.BrokenGlass ? await services.Logins.GlassIsBrokenUntilAsync(patient.Viewer.UserName, services.Handles.Of(patient.PatientId), cancellationToken) : null,
            Days = days,
            After = after,
            To = to,
            Risks =
            [
                .. predictions.Reverse().GroupBy(p => p.Task, StringComparer.Ordinal)
                    .Select(g => new TaskRisks(lists.FirstOrDefault(l => l.Task == g.Key)?.Title ?? g.Key, outcomes.GetValueOrDefault(g.Key), [.. g])),
            ],
            Urgent = urgent,
            Technical = [.. technical.Distinct()],
            Told = await new ToldFollowUps(services).OfAsync(patient, zone, cancellationToken),
            Lists = lists.FirstOrDefault(l => predictions.Any(p => p.Id == l.Id))?.Id,
            ListVersion = version,
            Now = now,
        };
    }
}
