using NodaTime;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Risk.Training;

/// <summary>
/// The rows of a cohort with their feature vectors, in the cohort's order (patient, then time). Values are kept once,
/// row after row, as 32-bit floats: that is what the trainers read.
/// </summary>
public sealed class LabelledRows
{
    private LabelledRows(TaskDefinition task, FeatureTable features, FeatureMatrix matrix, int rows)
    {
        Task = task;
        Features = features;
        Matrix = matrix;
        PatientId = new string[rows];
        Patient = new int[rows];
        AsOf = new long[rows];
        LabelKnown = new long[rows];
        Label = new bool[rows];
        OwnEvent = new long[rows];
        PriorOutcomes7Days = new int[rows];
        PriorOutcomes28Days = new int[rows];
        Day = new LocalDate[rows];
        FeatureRow = new int[rows];
    }

    /// <summary>The task.</summary>
    public TaskDefinition Task { get; }

    /// <summary>The table the vectors came from; <see cref="FeatureRow"/> says which row of it.</summary>
    public FeatureTable Features { get; }

    /// <summary>Patient of each row.</summary>
    public string[] PatientId { get; }

    /// <summary>Number of the patient of each row, 0 … <see cref="Patients"/> − 1.</summary>
    public int[] Patient { get; }

    /// <summary>As-of of each row, Unix microseconds.</summary>
    public long[] AsOf { get; }

    /// <summary>When the label was certain, Unix microseconds.</summary>
    public long[] LabelKnown { get; }

    /// <summary>The label.</summary>
    public bool[] Label { get; }

    /// <summary>When the outcome was that makes each row positive, Unix microseconds; <see cref="UnixMicros.Open"/> where none does. See <see cref="CohortRow.Outcome"/>.</summary>
    public long[] OwnEvent { get; }

    /// <summary>The patient's own outcomes in the 7 days before as-of, known by as-of.</summary>
    public int[] PriorOutcomes7Days { get; }

    /// <summary>The same over 28 days.</summary>
    public int[] PriorOutcomes28Days { get; }

    /// <summary>The local date each row is about, see <see cref="CohortRow.Day"/>.</summary>
    public LocalDate[] Day { get; }

    /// <summary>What an alert at each row gains over silence, by the worth that the task gives to alerts; null where it gives none.</summary>
    public double[]? AlertGain { get; private set; }

    /// <summary>Row of <see cref="Features"/> that belongs to each row.</summary>
    public int[] FeatureRow { get; }

    /// <summary>Number of patients.</summary>
    public int Patients { get; private set; }

    /// <summary>Number of rows.</summary>
    public int Rows => PatientId.Length;

    internal FeatureMatrix Matrix { get; private set; }

    /// <summary>
    /// Joins on (patient, as-of). Every row of the cohort needs a vector, if only one of NaN; a row without one throws, since
    /// dropping it would let the readings choose the cohort. Vectors without a row in the cohort are left out.
    /// </summary>
    public static LabelledRows Join(Cohort cohort, FeatureTable features)
    {
        var index = new Dictionary<(string, long), int>(features.Rows);
        for (var i = 0; i < features.Rows; i++)
        {
            if (!index.TryAdd((features.PatientId[i], features.AsOf[i]), i))
            {
                throw new ArgumentException("The feature table has two rows for the same patient and instant.", nameof(features));
            }
        }

        var count = cohort.Rows.Count;
        var order = new int[count];
        var missing = 0;
        for (var i = 0; i < count; i++)
        {
            var row = cohort.Rows[i];
            if (!index.TryGetValue((row.PatientId, row.AsOf.ToUnixMicros()), out order[i]))
            {
                missing++;
            }
        }

        if (missing > 0)
        {
            throw new ArgumentException(
                $"{missing} of {count} rows of the task '{cohort.Task.Name}' have no vector in the feature table.", nameof(features));
        }

        var rows = new LabelledRows(cohort.Task, features, FeatureMatrix.From(features, order), count);
        for (var i = 0; i < count; i++)
        {
            var row = cohort.Rows[i];
            rows.PatientId[i] = row.PatientId;
            if (i > 0 && row.PatientId != rows.PatientId[i - 1])
            {
                rows.Patients++;
            }

            rows.Patient[i] = rows.Patients;
            rows.AsOf[i] = row.AsOf.ToUnixMicros();
            rows.LabelKnown[i] = row.LabelKnown == Instant.MaxValue ? UnixMicros.Open : row.LabelKnown.ToUnixMicros();
            rows.Label[i] = row.Label;
            rows.OwnEvent[i] = row.Outcome?.ToUnixMicros() ?? UnixMicros.Open;
            rows.PriorOutcomes7Days[i] = row.PriorOutcomes7Days;
            rows.PriorOutcomes28Days[i] = row.PriorOutcomes28Days;
            rows.Day[i] = row.Day;
            rows.FeatureRow[i] = order[i];
        }

        if (count > 0)
        {
            rows.Patients++;
        }

        rows.AlertGain = AlertWorths.Gains(cohort.Task.AlertWorth, rows.PatientId, rows.Label);
        return rows;
    }

    /// <summary>The same rows without the columns that any of the patterns names; <see cref="Features"/> still has them.</summary>
    internal LabelledRows Without(IReadOnlyList<string> patterns)
    {
        var without = (LabelledRows)MemberwiseClone();
        without.Matrix = Matrix.Without(patterns);
        return without;
    }
}
