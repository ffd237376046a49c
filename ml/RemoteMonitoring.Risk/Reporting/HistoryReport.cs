namespace RemoteMonitoring.Risk.Reporting;

/// <summary>Prediction history of a cohort as people read it: sums over the tables for reports, patients by pseudonyms alone.</summary>
public sealed record HistoryReport
{
    /// <summary>As of when the tables were made.</summary>
    public required string AsOf { get; init; }

    /// <summary>First day, <c>uuuu-MM-dd</c>.</summary>
    public required string From { get; init; }

    /// <summary>Last day.</summary>
    public required string To { get; init; }

    /// <summary>Names of the teams, in order.</summary>
    public required IReadOnlyList<string> Teams { get; init; }

    /// <summary>Lists in the time.</summary>
    public required int Lists { get; init; }

    /// <summary>What each task foresaw and what came of it.</summary>
    public required IReadOnlyList<HistoryTask> Tasks { get; init; }

    /// <summary>Actions by kind that hold, most frequent first.</summary>
    public required IReadOnlyList<(string Kind, int Count)> Actions { get; init; }

    /// <summary>What the tables want for.</summary>
    public required IReadOnlyList<string> Problems { get; init; }
}

/// <summary>One task over the time.</summary>
public sealed record HistoryTask
{
    /// <summary>Stable name.</summary>
    public required string Task { get; init; }

    /// <summary>What is foreseen, for people.</summary>
    public required string Title { get; init; }

    /// <summary>In how many predictions one event counts, about: intervals divide counts by it.</summary>
    public required int RowsPerEvent { get; init; }

    /// <summary>Its days, all teams together, in order.</summary>
    public required IReadOnlyList<HistoryDay> Days { get; init; }

    /// <summary>Predictions that are not retrospective by bin of risk, in order.</summary>
    public required IReadOnlyList<HistoryBin> Bins { get; init; }

    /// <summary>Its teams.</summary>
    public required IReadOnlyList<HistoryTeam> Teams { get; init; }

    /// <summary>Who was listed most often.</summary>
    public required IReadOnlyList<HistoryPatient> MostListed { get; init; }

    /// <summary>Events by whether a list told of the patient: listed, not listed, out of reach.</summary>
    public required IReadOnlyList<(string Reach, int Count)> Events { get; init; }

    /// <summary>First contacts of spells by kind, most frequent first.</summary>
    public required IReadOnlyList<(string Kind, int Count)> FirstContacts { get; init; }

    /// <summary>Predictions of which the model had been taught the future, which are in no figure of how good it is.</summary>
    public required int Retrospective { get; init; }
}

/// <summary>A UTC day of a task.</summary>
/// <param name="Date"><c>uuuu-MM-dd</c>.</param>
/// <param name="Number">Day of the time, from 1.</param>
/// <param name="Listed">Listings.</param>
/// <param name="Scored">Patients scored.</param>
/// <param name="NotScored">Patients who could not be scored, those set aside among them.</param>
/// <param name="Expected">Expected outcomes among the listed, where the lists said so; NaN where none did.</param>
/// <param name="WithEvent">Listings in whose window the patient had an event.</param>
/// <param name="ActedOn">Listings that were acted on.</param>
/// <param name="Urgent">Urgent readings.</param>
/// <param name="Yield">Share of the patients listed over thirty days who had an event within reach of a list; NaN where nobody was listed.</param>
public sealed record HistoryDay(string Date, int Number, int Listed, int Scored, int NotScored, double Expected, int WithEvent, int ActedOn, int Urgent, double Yield);

/// <summary>Predictions of a bin of risk.</summary>
/// <param name="Label">The bin for people.</param>
/// <param name="Predictions">Predictions.</param>
/// <param name="Certain">Of them with a certain outcome.</param>
/// <param name="Observed">Of those with the outcome.</param>
/// <param name="Expected">Of the certain ones the sum of probabilities.</param>
public sealed record HistoryBin(string Label, int Predictions, int Certain, int Observed, double Expected);

/// <summary>A team and task over the time. Figures of thirty days are those of its last list.</summary>
public sealed record HistoryTeam
{
    /// <summary>Name.</summary>
    public required string Name { get; init; }

    /// <summary>Lists.</summary>
    public required int Lists { get; init; }

    /// <summary>Lists of them that some patients were set aside from.</summary>
    public required int Partial { get; init; }

    /// <summary>Patients under monitoring, each list anew.</summary>
    public required int PatientDays { get; init; }

    /// <summary>Listings.</summary>
    public required int Listings { get; init; }

    /// <summary>Listings that were acted on before the next list came, or from their list later.</summary>
    public required int ActedOn { get; init; }

    /// <summary>Urgent readings.</summary>
    public required int Urgent { get; init; }

    /// <summary>Technical findings.</summary>
    public required int Technical { get; init; }

    /// <summary>Patients listed over thirty days.</summary>
    public required int Patients { get; init; }

    /// <summary>Of those with an event within the horizon of a list they were on.</summary>
    public required int PatientsWithEvent { get; init; }

    /// <summary>Events within reach of the lists of thirty days, and of them those whose patient was listed.</summary>
    public required (int All, int Listed) Events { get; init; }

    /// <summary>Spells of thirty days, and of them those with a contact.</summary>
    public required (int All, int Contacted) Spells { get; init; }

    /// <summary>Median hours to the first contact; NaN where there is none.</summary>
    public required double MedianHours { get; init; }

    /// <summary>Nine of ten took no longer.</summary>
    public required double NinetiethHours { get; init; }
}

/// <summary>A patient who was listed, by the pseudonym of the tables.</summary>
/// <param name="Key">Pseudonym.</param>
/// <param name="Team">Team of today.</param>
/// <param name="AgeBand">Age band.</param>
/// <param name="Listings">Listings.</param>
/// <param name="Last">Last day on a list.</param>
/// <param name="Highest">Highest probability when listed.</param>
/// <param name="ActedOn">Listings that were acted on.</param>
/// <param name="HadEvent">Whether an event came in the window of one.</param>
public sealed record HistoryPatient(string Key, string Team, string AgeBand, int Listings, string Last, double Highest, int ActedOn, bool HadEvent);
