using NodaTime;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Risk.Evaluation;

/// <summary>
/// Every held-out row of an evaluation with what each scorer said of it, as columns: all figures of an
/// <see cref="EvaluationReport"/> can be computed again from these. A patient and instant may occur in one fold only.
/// </summary>
public sealed class HeldOutRows
{
    /// <summary>Patient.</summary>
    public required string[] PatientId { get; init; }

    /// <summary>Instant, Unix microseconds.</summary>
    public required long[] AsOf { get; init; }

    /// <summary>The local date that the row is about, see <see cref="Tasks.CohortRow.Day"/>.</summary>
    public required LocalDate[] Day { get; init; }

    /// <summary>Fold in which the row was held out.</summary>
    public required int[] Fold { get; init; }

    /// <summary>What happened.</summary>
    public required bool[] Label { get; init; }

    /// <summary>Calibrated probability of the model.</summary>
    public required double[] P { get; init; }

    /// <summary>Raw log-odds of the model before calibration.</summary>
    public required double[] Raw { get; init; }

    /// <summary>True where the model's score reached the threshold chosen on the fold's training rows.</summary>
    public required bool[] Alert { get; init; }

    /// <summary>Calibrated probability by logistic regression.</summary>
    public required double[] Logistic { get; init; }

    /// <summary>Raw log-odds of logistic regression, before they are made a probability.</summary>
    public required double[] LogisticRaw { get; init; }

    /// <summary>Lowest NEWS2 by what is known; NaN where nothing is.</summary>
    public required double[] News2Low { get; init; }

    /// <summary>NEWS2 with missing parts scored 0; NaN where all inputs are missing, which ranks as 0.</summary>
    public required double[] News2Point { get; init; }

    /// <summary>Highest NEWS2 by what is known.</summary>
    public required double[] News2High { get; init; }

    /// <summary>
    /// When the outcome was that makes the row positive, Unix microseconds; <see cref="UnixMicros.Open"/> where none does. Rows of a patient with the same
    /// one are of one event.
    /// </summary>
    public required long[] OwnEvent { get; init; }

    /// <summary>When the patient's next outcome of the task was, Unix microseconds; <see cref="UnixMicros.Open"/> where none is known of.</summary>
    public required long[] NextEvent { get; init; }

    /// <summary>Team by the roster; empty where it names none.</summary>
    public required string[] Team { get; init; }

    /// <summary>How many patients the team can call a day, as it had stated by then; NaN where it had not.</summary>
    public required double[] TeamCapacity { get; init; }

    /// <summary>Patients of the team who have a row on the same day, held out or not; 0 where the team is not known.</summary>
    public required int[] TeamPatients { get; init; }

    /// <summary>Age in years by the roster; NaN where unknown.</summary>
    public required double[] Age { get; init; }

    /// <summary>Sex by the roster, <c>unknown</c> where it says nothing.</summary>
    public required string[] Sex { get; init; }

    /// <summary>Conditions by the roster in ordinal order, with <c>;</c> between them; empty where it names none.</summary>
    public required string[] Conditions { get; init; }

    /// <summary>Models of the devices that the patient had, as known then, in ordinal order, with <c>;</c> between them; empty where none is on record.</summary>
    public required string[] DeviceModels { get; init; }

    /// <summary>Contacts of staff with the patient in the 7 days before; NaN throughout where the cohort has no record of contacts.</summary>
    public required double[] Contacts7Days { get; init; }

    /// <summary>Whether the task's window lies behind as-of: a row detects its own event, and warns of none.</summary>
    public bool LooksBack { get; set; }

    /// <summary>The task's rules of thumb other than NEWS2, in the task's order.</summary>
    public IReadOnlyList<RuleScores> Rules { get; set => field = value ?? []; } = [];

    /// <summary>What models said of the rows that were trained without some columns; empty where the task asks for none.</summary>
    public IReadOnlyList<AblatedScores> Ablated { get; set => field = value ?? []; } = [];

    /// <summary>Number of rows.</summary>
    public int Rows => PatientId.Length;

    /// <summary>Rows of this many, to be filled in.</summary>
    internal static HeldOutRows Empty(int rows) => new()
    {
        PatientId = new string[rows],
        AsOf = new long[rows],
        Day = new LocalDate[rows],
        Fold = new int[rows],
        Label = new bool[rows],
        P = new double[rows],
        Raw = new double[rows],
        Alert = new bool[rows],
        Logistic = new double[rows],
        LogisticRaw = new double[rows],
        News2Low = new double[rows],
        News2Point = new double[rows],
        News2High = new double[rows],
        OwnEvent = new long[rows],
        NextEvent = new long[rows],
        Team = new string[rows],
        TeamCapacity = [.. Enumerable.Repeat(double.NaN, rows)],
        TeamPatients = new int[rows],
        Age = new double[rows],
        Sex = new string[rows],
        Conditions = new string[rows],
        DeviceModels = new string[rows],
        Contacts7Days = new double[rows],
    };

    /// <summary>A number for each row's patient, 0 … count − 1, in the order in which patients first come.</summary>
    internal (int[] Patient, int Count) NumberPatients()
    {
        var number = new Dictionary<string, int>(StringComparer.Ordinal);
        var patient = new int[Rows];
        for (var i = 0; i < patient.Length; i++)
        {
            number.TryAdd(PatientId[i], number.Count);
            patient[i] = number[PatientId[i]];
        }

        return (patient, number.Count);
    }

    /// <summary>The model, and what stands beside it.</summary>
    internal IReadOnlyList<Scorer> Scorers()
    {
        // Nothing known scores nothing: the chart has no other answer.
        var news2 = Array.ConvertAll(News2Point, p => double.IsNaN(p) ? 0 : p);
        return
        [
            new(MetricNames.Model, P, Scorer.RankOf(P, Raw), true),
            new(MetricNames.Logistic, Logistic, Scorer.RankOf(Logistic, LogisticRaw), true),
            new(MetricNames.News2, news2, news2, false),
            .. Rules.Select(r => new Scorer(r.Name, r.Score, r.Score, false)),
        ];
    }
}
