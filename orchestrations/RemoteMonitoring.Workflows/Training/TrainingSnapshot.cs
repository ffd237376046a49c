using System.Text.Json;
using System.Text.Json.Serialization;
using NodaTime;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Risk.Training;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Features;

namespace RemoteMonitoring.Workflows.Training;

/// <summary>
/// All that a training is made of, but for the task: labelled rows with their vectors, what is known around them, settings. One Parquet file
/// holds it, so that who has file and task needs neither cohort nor lake, and makes the same model, byte for byte.
/// </summary>
/// <remarks>The table is that of <see cref="FeatureStage.ToParquet"/>, with a column <c>row_…</c> for each thing that belongs to the row and is no feature.</remarks>
public sealed record TrainingSnapshot
{
    /// <summary>Metadata key: the observations it was made of.</summary>
    internal const string ObservationsKey = "remotemonitoring.observations";

    private const string TrainingKey = "remotemonitoring.training";

    // 2 since a positive row names its own event.
    private const int SchemaVersion = 2;

    /// <summary>Version of the model: a hash of everything it is made of.</summary>
    public required string Version { get; init; }

    /// <summary>Settings.</summary>
    public required TrainingSettings Settings { get; init; }

    /// <summary>The rows, with their task.</summary>
    public required LabelledRows Data { get; init; }

    /// <summary>From roster to rows.</summary>
    public required IReadOnlyList<CohortFlowStep> Flow { get; init; }

    /// <summary>Up to when outcomes had the time to become known.</summary>
    public required Instant EndOfData { get; init; }

    /// <summary>What is known around each row.</summary>
    public required RowContext Context { get; init; }

    /// <summary>Hash of the observations that the vectors are made of.</summary>
    public required string Observations { get; init; }

    /// <summary>The streams that they came by.</summary>
    public required IReadOnlyList<string> Streams { get; init; }

    /// <summary>The task.</summary>
    public TaskDefinition Task => Data.Task;

    /// <summary>As a table.</summary>
    public ParquetTable ToParquet()
    {
        var (features, rows) = (Data.Features, Data.Rows);
        if (features.Rows != rows)
        {
            throw new InvalidOperationException($"{features.Rows} vectors for {rows} rows: a snapshot has one for each.");
        }

        T[] InOrder<T>(T[] ofFeatures) => Array.ConvertAll(Data.FeatureRow, r => ofFeatures[r]);
        var ordered = new FeatureTable
        {
            SetName = features.SetName,
            SetHash = features.SetHash,
            Columns = features.Columns,
            PatientId = Data.PatientId,
            AsOf = Data.AsOf,
            Values = Array.ConvertAll(features.Values, InOrder),
            News2Low = InOrder(features.News2Low),
            News2Point = InOrder(features.News2Point),
            News2High = InOrder(features.News2High),
            HasReading = InOrder(features.HasReading),
        };
        RowFacts[] facts = [.. Enumerable.Range(0, rows).Select(r => Context.At(Data.PatientId[r], Data.AsOf[r]))];
        // In training nothing counts that was not known at the row's own instant.
        var table = FeatureStage.ToParquet(ordered, [.. Enumerable.Range(0, rows).Select(r => new VectorKey(Data.PatientId[r], Data.AsOf[r], Data.AsOf[r]))])
            .Boolean("row_label", Data.Label)
            .Time("row_own_event", Data.OwnEvent)
            .Time("row_label_known", Data.LabelKnown)
            .Int32("row_prior_outcomes_7d", Data.PriorOutcomes7Days)
            .Int32("row_prior_outcomes_28d", Data.PriorOutcomes28Days)
            .Text("row_day", Array.ConvertAll(Data.Day, d => d.ToString("uuuu-MM-dd", null)))
            .Float64("row_news2_low", ordered.News2Low)
            .Float64("row_news2_point", ordered.News2Point)
            .Float64("row_news2_high", ordered.News2High)
            .Boolean("row_has_reading", ordered.HasReading)
            .Text("row_team", Array.ConvertAll(facts, f => f.Team))
            .Float64("row_team_capacity", Array.ConvertAll(facts, f => f.TeamCapacity))
            .Float64("row_age", Array.ConvertAll(facts, f => f.Age))
            .Text("row_sex", Array.ConvertAll(facts, f => f.Sex))
            .Text("row_conditions", Array.ConvertAll(facts, f => f.Conditions))
            .Text("row_device_models", Array.ConvertAll(facts, f => f.DeviceModels))
            .Time("row_next_event", Array.ConvertAll(facts, f => f.NextEvent))
            .Float64("row_contacts_7d", Array.ConvertAll(facts, f => f.Contacts7Days));
        table.Metadata[ObservationsKey] = Observations;
        table.Metadata[TrainingKey] = JsonSerializer.Serialize(
            new SnapshotDocument(SchemaVersion, Version, Task.Name, Task.Hash, Task.EvaluationHash, Settings.Canonical(), EndOfData, Flow, Streams), SnapshotJson.Default.SnapshotDocument);
        return table;
    }

    /// <summary>Reads one; what is none, of a newer form, or of another task or feature set than this program has, throws <see cref="LakeException"/> with one line.</summary>
    /// <param name="table">The table.</param>
    /// <param name="task">The task, which must be the one it was made for.</param>
    /// <param name="nameForPeople">What it is called in that line.</param>
    public static TrainingSnapshot FromParquet(ParquetTable table, TaskDefinition task, string nameForPeople)
    {
        var document = DocumentOf(table, nameForPeople);
        var set = FeatureSet.Named(task.FeatureSet);
        var problem = document.SchemaVersion > SchemaVersion ? $"is a training snapshot of version {document.SchemaVersion}; this program reads {SchemaVersion}: take a newer program"
            : document.SchemaVersion < SchemaVersion ? $"is a training snapshot of version {document.SchemaVersion}, which lacks columns that this program's version {SchemaVersion} has: make it again"
            : document.Task != task.Name ? $"was made for the task '{document.Task}', not '{task.Name}': name that one"
            : document.TaskHash != task.Hash || document.EvaluationHash != task.EvaluationHash ? $"was made for another definition of '{task.Name}': take the definition that it was made with, or make it again"
            : table.Metadata.GetValueOrDefault("remotemonitoring.feature-set-hash") != set.Hash ? $"was made with another feature set than this program's '{task.FeatureSet}': take the program that made it, or make it again"
            : null;
        if (problem is not null)
        {
            throw new LakeException($"{nameForPeople}: {problem}.");
        }

        try
        {
            return Read(table, task, set, document);
        }
        catch (Exception e) when (e is FormatException or JsonException or ArgumentException or InvalidDataException)
        {
            throw new LakeException($"{nameForPeople}: a damaged training snapshot ({e.Message.Split('\n')[0]}). Make it again.", e);
        }
    }

    private static SnapshotDocument DocumentOf(ParquetTable table, string nameForPeople)
    {
        try
        {
            return table.Metadata.TryGetValue(TrainingKey, out var json)
                ? JsonSerializer.Deserialize(json, SnapshotJson.Default.SnapshotDocument) ?? throw new JsonException("null")
                : throw new LakeException($"{nameForPeople}: is no training snapshot: its footer has no '{TrainingKey}'.");
        }
        catch (JsonException e)
        {
            throw new LakeException($"{nameForPeople}: '{TrainingKey}' in its footer cannot be read ({e.Message.Split('\n')[0]}): make it again, or take a newer program.", e);
        }
    }

    private static TrainingSnapshot Read(ParquetTable table, TaskDefinition task, FeatureSet set, SnapshotDocument document)
    {
        var (patients, asOf, rows) = (Array.ConvertAll(table.Text("patient_id"), t => t ?? ""), table.Time("as_of"), table.Rows);
        var features = new FeatureTable
        {
            SetName = set.Name,
            SetHash = set.Hash,
            Columns = set.Columns,
            PatientId = patients,
            AsOf = asOf,
            Values = [.. set.Columns.Select(c => table.Float64(c.Name))],
            News2Low = table.Float64("row_news2_low"),
            News2Point = table.Float64("row_news2_point"),
            News2High = table.Float64("row_news2_high"),
            HasReading = table.Boolean("row_has_reading"),
        };
        var (label, own, known, week, month, day) =
            (table.Boolean("row_label"), table.Time("row_own_event"), table.Time("row_label_known"), table.Int32("row_prior_outcomes_7d"), table.Int32("row_prior_outcomes_28d"), table.Text("row_day"));
        var (team, capacity, age, sex, conditions, devices, next, contacts) =
            (table.Text("row_team"), table.Float64("row_team_capacity"), table.Float64("row_age"), table.Text("row_sex"), table.Text("row_conditions"), table.Text("row_device_models"), table.Time("row_next_event"), table.Float64("row_contacts_7d"));
        var cohort = new CohortRow[rows];
        var facts = new Dictionary<(string, long), RowFacts>(rows);
        for (var r = 0; r < rows; r++)
        {
            var certain = known[r] == UnixMicros.Open ? Instant.MaxValue : UnixMicros.ToInstant(known[r]);
            Instant? outcome = own[r] == UnixMicros.Open ? null : UnixMicros.ToInstant(own[r]);
            cohort[r] = new CohortRow(patients[r], UnixMicros.ToInstant(asOf[r]), label[r], certain, week[r], month[r], NodaTime.Text.LocalDatePattern.Iso.Parse(day[r] ?? "").GetValueOrThrow(), outcome);
            facts[(patients[r], asOf[r])] = new RowFacts(team[r] ?? "", capacity[r], age[r], sex[r] ?? "", conditions[r] ?? "", devices[r] ?? "", next[r], contacts[r]);
        }

        return new TrainingSnapshot
        {
            Version = document.Version,
            Settings = TrainingSettings.Read(document.Settings),
            Data = LabelledRows.Join(Cohort.Of(task, cohort, document.Flow), features),
            Flow = document.Flow,
            EndOfData = document.EndOfData,
            Context = RowContext.Of(facts),
            Observations = table.Metadata.GetValueOrDefault(ObservationsKey) ?? "",
            Streams = document.Streams,
        };
    }
}

/// <summary>What stands in the footer.</summary>
internal sealed record SnapshotDocument(
    int SchemaVersion, string Version, string Task, string TaskHash, string EvaluationHash, string Settings, Instant EndOfData, IReadOnlyList<CohortFlowStep> Flow, IReadOnlyList<string> Streams);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Strict, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, Converters = [typeof(InstantJsonConverter)])]
[JsonSerializable(typeof(SnapshotDocument))]
internal sealed partial class SnapshotJson : JsonSerializerContext;
