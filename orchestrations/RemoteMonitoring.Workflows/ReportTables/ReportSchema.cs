using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Workflows.ReportTables;

/// <summary>
/// The tables for reports, <c>bi/v1</c>: dimensions and facts, flat and typed. Days are UTC days of the instant that a list speaks for. Within this version tables and columns may be
/// added; none changes its type or meaning, and none goes.
/// </summary>
public static partial class ReportSchema
{
    /// <summary>Upper ends of the bins of risk, in order; the last bin ends at certainty.</summary>
    public static IReadOnlyList<double> RiskBinEnds { get; } = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1];

    /// <summary>Days.</summary>
    public static ReportTable Date { get; } = new("dim_date", ReportCut.Whole, "A UTC day, from the first of the first month that any fact is of to the last of the month of the export.", ["date_key"],
    [
        new("date_key", ColumnKind.Int32, "The day's digits, as in 20250630."),
        new("date", ColumnKind.Time, "Midnight UTC with which the day begins."),
        new("year", ColumnKind.Int32, "Year."),
        new("month", ColumnKind.Text, "Year and month, as in 2025-06."),
        new("month_number", ColumnKind.Int32, "Month, 1 to 12."),
        new("iso_week", ColumnKind.Text, "ISO week, as in 2025-W26."),
        new("weekday", ColumnKind.Text, "Day of the week, in English."),
        new("weekday_number", ColumnKind.Int32, "Day of the week, Monday 1 to Sunday 7."),
    ]);

    /// <summary>Teams.</summary>
    public static ReportTable Team { get; } = new("dim_team", ReportCut.Whole, "A care team that was stated, that the roster names, or that a fact is of; as of the export.", ["team_id"],
    [
        new("team_id", ColumnKind.Text, "Identity of the team."),
        new("team", ColumnKind.Text, "Name for people; the identity where nobody stated one."),
        new("capacity", ColumnKind.Int32, "Patients that the team can call in a morning; 0 where nobody stated it."),
        new("patients", ColumnKind.Int32, "Patients of the team on the roster as of the export."),
    ]);

    /// <summary>Patients.</summary>
    public static ReportTable Patient { get; } = new("dim_patient", ReportCut.Whole, "A patient on the roster, by a keyed hash; as of the export.", ["patient_key"],
    [
        new(ReportTable.PatientKey, ColumnKind.Text, "Keyed hash of the patient's identity, 22 characters, the same in every export as long as the home has its key. No other identity is in these tables, and it is not the handle of the worklist's addresses."),
        new("team_id", ColumnKind.Text, "Team that cares for the patient now: whoever may see the patient's rows is told by it."),
        new("age_band", ColumnKind.Text, "Stated age and the time since, in bands: under 18, 18–39, 40–64, 65–74, 75–84, 85 or more, unknown."),
        new("sex", ColumnKind.Text, "Administrative gender: female, male, other, unknown."),
        new("monitored", ColumnKind.Boolean, "Whether the patient is under monitoring as of the export, in hospital or not."),
    ]);

    /// <summary>Tasks.</summary>
    public static ReportTable Task { get; } = new("dim_task", ReportCut.Whole, "A task that lists are made for.", ["task"],
    [
        new("task", ColumnKind.Text, "Stable name."),
        new("title", ColumnKind.Text, "What is foreseen, for people."),
        new("horizon", ColumnKind.Text, "How far ahead, as in 7 local days."),
        new("rows_per_event", ColumnKind.Int32, "In how many predictions of a patient one event counts, about: a prediction a day that looks seven days ahead expects each event seven times. Intervals divide counts by it."),
    ]);

    /// <summary>Models.</summary>
    public static ReportTable Model { get; } = new("dim_model", ReportCut.Whole, "A version of a model that made predictions in these tables, or makes them now.", ["model_key"],
    [
        new("model_key", ColumnKind.Text, "Task and version, as in admission-7d/07f43d7055aab174."),
        new("task", ColumnKind.Text, "Task."),
        new("version", ColumnKind.Text, "Version."),
        new("kind", ColumnKind.Text, "lightgbm, onnx, http; unknown where the model's document is gone."),
        new("trained_until", ColumnKind.Text, "Labels certain by this instant taught it, ISO 8601 in UTC.", MayBeUnknown: true),
        new("training_rows", ColumnKind.Int32, "Rows it was taught with; 0 where that is not known."),
        new("training_events", ColumnKind.Int32, "Rows of them with the outcome."),
        new("high_from", ColumnKind.Float64, "Probability from which on the band is high, as decided last.", MayBeUnknown: true),
        new("medium_from", ColumnKind.Float64, "Probability from which on the band is medium.", MayBeUnknown: true),
        new("bands_approved", ColumnKind.Text, "Who approved the bands, without a name: nobody (default) or approved.", MayBeUnknown: true),
        new("scores_now", ColumnKind.Boolean, "Whether it is the champion as of the export."),
    ]);

    /// <summary>Bins of risk.</summary>
    public static ReportTable RiskBin { get; } = new("dim_risk_bin", ReportCut.Whole, "A bin of calibrated probability; bin 0 is for who was not scored.", ["risk_bin"],
    [
        new("risk_bin", ColumnKind.Int32, "Number, from the lowest."),
        new("label", ColumnKind.Text, "The bin for people."),
        new("from", ColumnKind.Float64, "Lower end, inclusive.", MayBeUnknown: true),
        new("to", ColumnKind.Float64, "Upper end, exclusive but for the last.", MayBeUnknown: true),
    ]);

    /// <summary>Who may see what.</summary>
    public static ReportTable Membership { get; } = new("membership", ReportCut.Whole, "A user, a team and what of it they may see, as of the export; of users who may sign in, by the rule that the worklist's pages go by.", ["user_principal_name", "team_id", "sees"],
    [
        new("user_principal_name", ColumnKind.Text, "Name that the user signs in by, in lower case; in an Azure home the user principal name."),
        new("team_id", ColumnKind.Text, "Team."),
        new("sees", ColumnKind.Text, "patients: rows of the team's patients of today; figures: rows that are of the team and name no patient."),
    ]);

    /// <summary>The export itself.</summary>
    public static ReportTable Export { get; } = new("export", ReportCut.Whole, "The export: one row.", ["as_of"],
    [
        new("as_of", ColumnKind.Time, "Nothing known later is in these tables; memberships are as they stood then."),
        new("schema", ColumnKind.Text, "Version of these tables."),
        new("first_month_rewritten", ColumnKind.Text, "The export made this month and all after it anew; older months are as they were last made."),
    ]);

    /// <summary>All of them, dimensions first.</summary>
    public static IReadOnlyList<ReportTable> All => field ??=
    [
        Date, Team, Patient, Task, Model, RiskBin, Membership, Export,
        Prediction, Calibration, List, Outcome, FollowUp, Action, Alert,
    ];

    /// <summary>The table of a name.</summary>
    public static ReportTable Named(string name) => All.Single(t => t.Name == name);

    /// <summary>The bin of a probability; 0 where there is none.</summary>
    public static int RiskBinOf(double probability)
    {
        for (var bin = 0; bin < RiskBinEnds.Count; bin++)
        {
            if (probability < RiskBinEnds[bin] || (bin == RiskBinEnds.Count - 1 && probability <= 1))
            {
                return bin + 1;
            }
        }

        return 0;
    }
}
