using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Trainers;
using NodaTime;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Features;

namespace RemoteMonitoring.EndToEnd.Tests.Agitation;

/// <summary>
/// Agitation on the same day as the study itself detected it (Palermo et al., Sci Data 2023;10:606), its leak included: every column is
/// scaled by the patient's own least and greatest value over all days, those of the test too. Made of our features, so that they can be
/// held against published figures; nothing else of the program scales like this. Front and back door stay two rooms, where the study counts them as one.
/// </summary>
internal sealed class PublishedRecipe
{
    private const int DaysOfWindow = 7;

    private readonly Day[] _days;

    private PublishedRecipe(Day[] days) => _days = days;

    /// <summary>Patient-days with any reading.</summary>
    public int Days => _days.Length;

    /// <summary>Those with an alert of agitation.</summary>
    public int Positive => _days.Count(d => d.Label);

    /// <summary>Describes every day of the study, by local dates; alerts go by the date in the file, which is that of UTC.</summary>
    public static async Task<PublishedRecipe> OfAsync(CohortStore store, LocalDate first, LocalDate last, CancellationToken cancellationToken)
    {
        var manifest = (await ObservationsManifest.TryReadAsync(store.Lake, cancellationToken))! with { Rollups = null };
        var reference = await store.Reference.LoadAsync(manifest.Inputs.Reference, cancellationToken);
        var set = FeatureSet.Of(FeatureSetDefinition.Parse(await File.ReadAllBytesAsync(Path.Combine(AppContext.BaseDirectory, "Agitation", "published-recipe.json"), cancellationToken)));
        var dates = Enumerable.Range(0, Period.DaysBetween(first, last) + 1).Select(first.PlusDays).ToArray();
        (Patient Patient, LocalDate Date)[] rows = [.. from patient in reference.Patients.DistinctBy(p => p.PatientId) from date in dates select (patient, date)];
        var table = await FeatureStage.BuildAsync(store, manifest, set, reference, [.. rows.Select(r => KeyOf(r.Patient, r.Date))], null, cancellationToken);
        var alerts = reference.Outcomes.Where(o => o.Detail == "agitation").Select(o => (o.PatientId, o.Effective.InUtc().Date)).ToHashSet();
        Day[] days =
        [
            .. from row in Enumerable.Range(0, rows.Length)
               where table.HasReading[row]
               let patient = rows[row].Patient.PatientId
               select new Day(patient, rows[row].Date, alerts.Contains((patient, rows[row].Date)), [.. table.Values.Select(c => double.IsNaN(c[row]) ? 0f : (float)c[row])]),
        ];
        ScaleByPatient(days);
        return new PublishedRecipe(days);
    }

    /// <summary>Sensitivity and specificity over a week from all days before it, at probability one half.</summary>
    /// <param name="first">First day of the week.</param>
    /// <param name="seed">Of the draw of positive days, with replacement, until there are as many as negative ones.</param>
    public (double Sensitivity, double Specificity) Foresee(LocalDate first, int seed)
    {
        var random = new Random(seed);
        var train = _days.Where(d => d.Date < first).ToLookup(d => d.Label);
        Day[] positive = [.. train[true]];
        Row[] balanced = [.. train[false].Concat(train[false].Select(_ => positive[random.Next(positive.Length)])).Select(d => new Row { Label = d.Label, Features = d.Values })];
        var context = new MLContext(seed);
        var trainer = context.BinaryClassification.Trainers.LbfgsLogisticRegression(new LbfgsLogisticRegressionBinaryTrainer.Options
        {
            L1Regularization = 0,
            L2Regularization = 1,
            OptimizationTolerance = 1e-6f,
            MaximumNumberOfIterations = 1000,
            NumberOfThreads = 1,
        });
        var schema = SchemaDefinition.Create(typeof(Row));
        schema[nameof(Row.Features)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, positive[0].Values.Length);
        var fit = trainer.Fit(context.Data.LoadFromEnumerable(balanced, schema)).Model.SubModel;
        var test = _days.Where(d => d.Date >= first && d.Date < first.PlusDays(DaysOfWindow)).ToLookup(d => d.Label);
        bool IsDetected(Day day) => fit.Bias + fit.Weights.Zip(day.Values, (w, v) => (double)w * v).Sum() > 0;
        return (test[true].Average(d => IsDetected(d) ? 1.0 : 0), test[false].Average(d => IsDetected(d) ? 0.0 : 1));
    }

    private static VectorKey KeyOf(Patient patient, LocalDate date)
    {
        var end = DateTimeZoneProviders.Tzdb[patient.TimeZone].AtStartOfDay(date.PlusDays(1)).ToInstant().ToUnixMicros();
        return new VectorKey(patient.PatientId, end, end);
    }

    /// <summary>From 0 to 1 between a patient's least and greatest value; a half where they are one and not zero.</summary>
    private static void ScaleByPatient(Day[] days)
    {
        foreach (var own in days.GroupBy(d => d.PatientId, StringComparer.Ordinal))
        {
            for (var c = 0; c < own.First().Values.Length; c++)
            {
                var (least, greatest) = (own.Min(d => d.Values[c]), own.Max(d => d.Values[c]));
                foreach (var day in own)
                {
                    day.Values[c] = greatest > least ? (day.Values[c] - least) / (greatest - least) : greatest == 0 ? 0 : 0.5f;
                }
            }
        }
    }

    private sealed record Day(string PatientId, LocalDate Date, bool Label, float[] Values);

    private sealed class Row
    {
        public bool Label { get; set; }

        public float[] Features { get; set; } = [];
    }
}
