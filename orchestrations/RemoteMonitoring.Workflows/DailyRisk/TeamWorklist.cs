using System.Text.Json.Serialization;
using NodaTime;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>A patient who was not scored, and why.</summary>
/// <param name="PatientId">Whose.</param>
/// <param name="Why">In one sentence.</param>
public sealed record NotScored(string PatientId, string Why);

/// <summary>A care team's list for a day: the riskiest of its patients, cut to what the team can call.</summary>
public sealed record TeamWorklist
{
    /// <summary>The version that this program writes: 2 since it says what is missing, 3 since it has bands and technical causes, 4 since it says who rests, is silent or has a technical problem, and what the list is expected to find, 5 since it says how many were erased.</summary>
    public const int CurrentSchemaVersion = 5;

    /// <summary>Version of this record.</summary>
    public int SchemaVersion { get; init; } = CurrentSchemaVersion;

    /// <summary>Team.</summary>
    public required string CareTeamId { get; init; }

    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Patients it can call in a morning; where nobody has stated the team, all of its patients who were scored.</summary>
    public required int Capacity { get; init; }

    /// <summary>What is foreseen, for people.</summary>
    public required string Title { get; init; }

    /// <summary>What happened to those that a risk counts, as <see cref="RiskWords"/> says it; null in lists that do not say.</summary>
    public string? Outcome { get; init; }

    /// <summary>Instant the list speaks for.</summary>
    public required Instant AsOf { get; init; }

    /// <summary>Run that made it.</summary>
    public required string Run { get; init; }

    /// <summary>How far the data had come: of two lists of one instant the one with the later watermark holds. The epoch in the first lists, which did not say.</summary>
    public Instant Watermark { get; init; }

    /// <summary>The team's patients who were scored; who was erased since does not count.</summary>
    public required int Scored { get; init; }

    /// <summary>The bands, in a sentence: from where, and who approved them; null where there are none.</summary>
    public string? Bands { get; init; }

    /// <summary>The list, riskiest first.</summary>
    public required IReadOnlyList<Prediction> Listed { get; init; }

    /// <summary>The team's patients under monitoring who could not be scored.</summary>
    public required IReadOnlyList<NotScored> NotScored { get; init; }

    /// <summary>The team's patients whom the run could not get through, or did not reach in time.</summary>
    public IReadOnlyList<NotScored> SetAside { get; init => field = value ?? []; } = [];

    /// <summary>What the team has to know of the list as a whole, in sentences: gaps, late data.</summary>
    public IReadOnlyList<string> Notices { get; init => field = value ?? []; } = [];

    /// <summary>Who would be listed by risk, and is not since somebody was in touch, or by pause or snooze.</summary>
    public IReadOnlyList<RestingPatient> Resting { get; init => field = value ?? []; } = [];

    /// <summary>Who was at high risk when last scored, and says nothing any more: a clinical matter.</summary>
    public IReadOnlyList<SilentPatient> Silent { get; init => field = value ?? []; } = [];

    /// <summary>What is wrong with the measuring: somebody other than a nurse may see to it.</summary>
    public IReadOnlyList<TechnicalFinding> Technical { get; init => field = value ?? []; } = [];

    /// <summary>Keyed hashes of patients who were erased since: they are on no list and in no figure of it. Null where nobody was, so that programs of before read the lists of today.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Erased { get; init; }

    /// <summary>What the list is expected to find; null where the probabilities have not been held against outcomes, or did not hold.</summary>
    public ExpectedYield? Expected { get; init; }

    /// <summary>Why there is no such figure, in a sentence; null where there is one, and in lists that do not say.</summary>
    public string? WhyNotExpected { get; init; }
}

/// <summary>A patient who would be listed by risk, and is not.</summary>
/// <param name="PatientId">Whose.</param>
/// <param name="Probability">Calibrated probability.</param>
/// <param name="Why">In one sentence.</param>
public sealed record RestingPatient(string PatientId, double Probability, string Why);

/// <summary>A patient at high risk who sends nothing.</summary>
/// <param name="PatientId">Whose.</param>
/// <param name="LastReading">When the last reading was taken; null where none is known.</param>
/// <param name="Probability">Calibrated probability when last scored; null where that was never.</param>
/// <param name="Why">In one sentence.</param>
public sealed record SilentPatient(string PatientId, Instant? LastReading, double? Probability, string Why);

/// <summary>Something wrong with how a patient is measured.</summary>
/// <param name="PatientId">Whose.</param>
/// <param name="Kind">Stable name: <c>flat-line</c>, <c>clock</c>, <c>battery</c>, <c>technique</c>, <c>no-data</c>.</param>
/// <param name="Vital">The vital, by its key; null where it is of the device or of all.</param>
/// <param name="Text">In one sentence, with the figures.</param>
public sealed record TechnicalFinding(string PatientId, string Kind, string? Vital, string Text);

/// <summary>How many of the listed will have the outcome, by their probabilities.</summary>
/// <param name="Mean">Sum of the probabilities.</param>
/// <param name="Low">10th percentile of the number: it is between this and <paramref name="High"/> four times in five.</param>
/// <param name="High">90th percentile.</param>
/// <param name="ObservedExpected">Outcomes observed to those expected by the predictions of the last 90 days that have matured.</param>
public sealed record ExpectedYield(double Mean, int Low, int High, double ObservedExpected);

/// <summary>That the lists of a run are there: what is looked through to find the lists of a day.</summary>
/// <param name="Run">The run.</param>
/// <param name="Task">What is foreseen.</param>
/// <param name="Title">The same for people.</param>
/// <param name="AsOf">Instant.</param>
/// <param name="Watermark">How far the data had come.</param>
/// <param name="Scored">Patients scored over all teams: lists that have nobody take no other's place.</param>
public sealed record ListsMade(string Run, string Task, string Title, Instant AsOf, Instant Watermark, int Scored)
{
    /// <summary>Partition of these documents in <see cref="Containers.Runs"/>.</summary>
    public const string Partition = "lists";

    /// <summary>Id of this document, and of the document of each team's list.</summary>
    [JsonIgnore]
    public string Id => $"{LakePaths.Stamp(AsOf.ToUnixMicros())}-{Run}";
}
