using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Workflows.ReportTables;

/// <content>The facts.</content>
public static partial class ReportSchema
{
    private static readonly ReportColumn s_day = new("date_key", ColumnKind.Int32, "UTC day of the list.");
    private static readonly ReportColumn s_patient = new(ReportTable.PatientKey, ColumnKind.Text, "Patient.");
    private static readonly ReportColumn s_task = new("task", ColumnKind.Text, "Task.");

    /// <summary>Predictions.</summary>
    public static ReportTable Prediction { get; } = new("fact_prediction", ReportCut.Day, "A patient, a task and a UTC day: what the run said whose lists hold for that day, also of who could not be scored.", ["date_key", ReportTable.PatientKey, "model_key"],
    [
        s_day,
        new("as_of", ColumnKind.Time, "Instant it speaks for."),
        s_patient,
        new("team_id", ColumnKind.Text, "Team that cared for the patient when the run was made; the patient's team of today is in dim_patient."),
        new("model_key", ColumnKind.Text, "Model that scored, or would have."),
        new("state", ColumnKind.Text, "scored; not scored: too little to score by; set aside: the run could not get through the patient's data, or did not reach it in time."),
        new("why", ColumnKind.Text, "Why the patient was not scored, in a sentence.", MayBeUnknown: true),
        new("probability", ColumnKind.Float64, "Calibrated probability.", MayBeUnknown: true),
        new("risk_bin", ColumnKind.Int32, "Bin of the probability in dim_risk_bin; 0 for who was not scored."),
        new("band", ColumnKind.Text, "high, medium or low by the bands of then.", MayBeUnknown: true),
        new("listed", ColumnKind.Boolean, "Whether the patient was on the team's list."),
        new("rank", ColumnKind.Int32, "Place on the list as it was shown, from 1; 0 for who was not on it."),
        new("resting", ColumnKind.Boolean, "Whether the patient would have been listed by risk, and was not after a contact, in a pause or a snooze."),
        new("news2_low", ColumnKind.Float64, "NEWS2 of the last 24 hours, missing inputs at their fewest points.", MayBeUnknown: true),
        new("news2_point", ColumnKind.Float64, "NEWS2, missing inputs scored 0.", MayBeUnknown: true),
        new("news2_high", ColumnKind.Float64, "NEWS2, missing inputs at their most points.", MayBeUnknown: true),
        new("retrospective", ColumnKind.Boolean, "Whether the model had been taught what became known after the day: such a prediction says nothing of how good the model is."),
        new("certain", ColumnKind.Boolean, "Whether the outcome is certain as of the export: window and reporting delay have passed, and the patient was there to have it, by the rules that models are taught by."),
        new("had_outcome", ColumnKind.Boolean, "Whether the patient had the outcome; false as long as it is not certain."),
        new("event_in_window", ColumnKind.Boolean, "Whether an event of the task is in the window of the list that the patient was on; false for who was not on it."),
        new("acted_on", ColumnKind.Boolean, "Whether staff acted on the listing before the next list came (of the last, within a day), or from its list later; false for who was not on it."),
    ]);

    /// <summary>Sums of predictions.</summary>
    public static ReportTable Calibration { get; } = new("fact_calibration", ReportCut.Day, "A UTC day, a team, a model and a bin of risk: sums over fact_prediction, without patients, of predictions that are not retrospective.", ["date_key", "team_id", "model_key", "risk_bin"],
    [
        s_day,
        new("team_id", ColumnKind.Text, "Team of then."),
        new("model_key", ColumnKind.Text, "Model."),
        new("risk_bin", ColumnKind.Int32, "Bin; 0 for who was not scored."),
        new("predictions", ColumnKind.Int32, "Predictions; in bin 0 patients without one."),
        new("certain", ColumnKind.Int32, "Predictions of them whose outcome is certain."),
        new("observed", ColumnKind.Int32, "Of those with the outcome."),
        new("expected", ColumnKind.Float64, "Of the certain ones the sum of probabilities; 0 in bin 0."),
    ]);

    /// <summary>Lists.</summary>
    public static ReportTable List { get; } = new("fact_list", ReportCut.Month, "A team, a task and a UTC day: the list that holds for it, in counts, and the team's figures over the lists of the thirty days that end with it, by the definitions of the page of figures.", ["date_key", "team_id", "task"],
    [
        s_day,
        new("as_of", ColumnKind.Time, "Instant the list speaks for."),
        new("team_id", ColumnKind.Text, "Team."),
        s_task,
        new("capacity", ColumnKind.Int32, "Patients that the team could call."),
        new("listed", ColumnKind.Int32, "Patients on the list."),
        new("scored", ColumnKind.Int32, "Patients of the team who were scored, as it was published."),
        new("not_scored", ColumnKind.Int32, "Patients who could not be scored."),
        new("set_aside", ColumnKind.Int32, "Patients whom the run did not get through: where there are some the list is partial."),
        new("resting", ColumnKind.Int32, "Patients who would have been listed and rested."),
        new("silent", ColumnKind.Int32, "Patients at high risk who had fallen silent."),
        new("technical", ColumnKind.Int32, "Technical findings."),
        new("acted_on", ColumnKind.Int32, "Listings that were acted on before the next list came, or from their list later."),
        new("with_event", ColumnKind.Int32, "Listings in whose window the patient had an event of the task."),
        new("expected_yield", ColumnKind.Float64, "Patients on the list who were expected to have the outcome, where the list said so.", MayBeUnknown: true),
        new("expected_low", ColumnKind.Float64, "10th percentile of that number.", MayBeUnknown: true),
        new("expected_high", ColumnKind.Float64, "90th percentile.", MayBeUnknown: true),
        new("patient_days_30d", ColumnKind.Int32, "Patients under monitoring over the lists of thirty days: scored, not scoreable and set aside, each list anew."),
        new("listings_30d", ColumnKind.Int32, "Listings."),
        new("patients_30d", ColumnKind.Int32, "Patients who were on a list."),
        new("patients_with_event_30d", ColumnKind.Int32, "Of those who had an event within the horizon of a list they were on: with patients_30d the yield."),
        new("acted_on_30d", ColumnKind.Int32, "Listings that were acted on."),
        new("spells_30d", ColumnKind.Int32, "Spells: lists in a row that a patient was on."),
        new("contacted_30d", ColumnKind.Int32, "Spells in which somebody was in touch with the patient."),
        new("median_hours_to_contact_30d", ColumnKind.Float64, "Hours from the instant of a spell's first list to the first contact, median of the spells with one.", MayBeUnknown: true),
        new("ninetieth_hours_to_contact_30d", ColumnKind.Float64, "Nine of ten of them took no longer.", MayBeUnknown: true),
        new("events_30d", ColumnKind.Int32, "Events of the team's patients in the windows of these lists, each once."),
        new("events_listed_30d", ColumnKind.Int32, "Of those whose patient was on a list that the event was within reach of."),
        new("technical_30d", ColumnKind.Int32, "Technical findings, each list anew."),
    ]);

    /// <summary>Outcomes.</summary>
    public static ReportTable Outcome { get; } = new("fact_outcome", ReportCut.Month, "An event that counts for a task, a patient, and a team whose lists it was within reach of, or that cared for the patient then.", ["task", ReportTable.PatientKey, "effective", "team_id"],
    [
        new("date_key", ColumnKind.Int32, "UTC day of the event."),
        new("effective", ColumnKind.Time, "When it happened."),
        new("known", ColumnKind.Time, "When it was known."),
        s_patient,
        new("team_id", ColumnKind.Text, "Team: of the lists, else of then."),
        s_task,
        new("kind", ColumnKind.Text, "Kind of the event, such as hospital-admission."),
        new("reach", ColumnKind.Text, "listed: the patient was on a list in whose window it is; not listed: there was such a list, without the patient; out of reach: no list has it in its window."),
        new("hours_until_known", ColumnKind.Float64, "Hours from the event until it was known."),
    ]);

    /// <summary>Follow-ups.</summary>
    public static ReportTable FollowUp { get; } = new("fact_follow_up", ReportCut.Month, "A spell: the lists of a team and task in a row that a patient was on, and what came of it within thirty days.", ["task", "team_id", ReportTable.PatientKey, "begin"],
    [
        new("date_key", ColumnKind.Int32, "UTC day of the first list."),
        new("begin", ColumnKind.Time, "Instant of the first list."),
        s_patient,
        new("team_id", ColumnKind.Text, "Team of the lists."),
        s_task,
        new("lists", ColumnKind.Int32, "Lists in the spell, 31 for 31 and more."),
        new("contacted", ColumnKind.Boolean, "Whether somebody was in touch with the patient while the spell lasted, or later from one of its lists."),
        new("hours_to_contact", ColumnKind.Float64, "Hours until the first contact.", MayBeUnknown: true),
        new("first_contact", ColumnKind.Text, "What the first contact was: contacted, visitArranged, clinicianArranged, medicationQuestion, falseAlarm.", MayBeUnknown: true),
        new("attempts", ColumnKind.Int32, "Tries to reach the patient before the first contact; of a spell without one, in its thirty days."),
    ]);

    /// <summary>Actions.</summary>
    public static ReportTable Action { get; } = new("fact_action", ReportCut.Month, "Something that staff did about a patient, whether or not they were listed. Who did it and notes are not in it.", ["date_key", "at", ReportTable.PatientKey, "kind"],
    [
        new("date_key", ColumnKind.Int32, "UTC day."),
        new("at", ColumnKind.Time, "When."),
        s_patient,
        new("team_id", ColumnKind.Text, "For which team."),
        new("kind", ColumnKind.Text, "What was done: claim, release, handOver, contacted, noAnswer, visitArranged, clinicianArranged, medicationQuestion, falseAlarm, technicalFixed, pause, resume, snooze, note, acknowledge."),
        new("holds", ColumnKind.Boolean, "False where it was taken back."),
        new("saw_risk", ColumnKind.Boolean, "Whether a prediction was shown to who did it."),
    ]);

    /// <summary>Alerts.</summary>
    public static ReportTable Alert { get; } = new("fact_alert", ReportCut.Month, "A team and a UTC day with urgent readings: readings beyond a personal limit that landed then, of patients under monitoring. Documents of urgent readings are kept for 30 days: rows of older days stay as they were last made, and cannot be made again.", ["date_key", "team_id"],
    [
        new("date_key", ColumnKind.Int32, "UTC day on which they landed."),
        new("team_id", ColumnKind.Text, "Team of then."),
        new("urgent", ColumnKind.Int32, "Urgent readings."),
        new("patients", ColumnKind.Int32, "Patients they are of."),
    ]);
}
