using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Features;

namespace RemoteMonitoring.Workflows.Lineage;

/// <summary>The patient's row in a file that a run made.</summary>
/// <param name="File">The file.</param>
/// <param name="Row">Number of the row, from 0; null where the file has none of the patient, or cannot be read.</param>
/// <param name="Known">Of features, how many have a value; of predictions, 1 where the row says what the document does, else 0.</param>
/// <param name="Columns">How many there are.</param>
public sealed record PatientRow(RecordedFile File, int? Row, int Known, int Columns);

/// <summary>The model of a prediction.</summary>
/// <param name="Folder">Lake path.</param>
/// <param name="Document">What it says of itself; null where it is not in this lake.</param>
/// <param name="Files">Its files, held against the hashes that it names.</param>
/// <param name="Observations">Whether the observations it was taught with are still there; null where it does not name them.</param>
public sealed record ModelLineage(string Folder, ModelDocument? Document, IReadOnlyList<RecordedFile> Files, bool? Observations);

/// <summary>A file of observations that the vector looked at, and how many of its readings are the patient's.</summary>
/// <param name="File">The file, held against its manifest.</param>
/// <param name="EventDate">UTC day of effective time.</param>
/// <param name="Readings">Readings of the patient in the look-back, all versions; 0 where the file cannot be read.</param>
public sealed record ObservationsLineage(RecordedFile File, DateOnly EventDate, int Readings);

/// <summary>What bronze has of a message.</summary>
public enum MessageState
{
    /// <summary>The message is there, of the device that the reading names.</summary>
    Found,

    /// <summary>Its offset is there, and the message was erased.</summary>
    Erased,

    /// <summary>The message is of another device.</summary>
    OtherDevice,

    /// <summary>No bronze file has the offset.</summary>
    Gone,
}

/// <summary>Messages that follow on each other in one bronze file, and how many readings came of them.</summary>
/// <param name="Stream">Partition of the stream, <c>hub/epoch/partition</c>.</param>
/// <param name="First">First offset.</param>
/// <param name="Last">Last offset; those between are of other messages where <paramref name="Messages"/> is less.</param>
/// <param name="Messages">Messages.</param>
/// <param name="Readings">Readings in them.</param>
/// <param name="File">Lake path of the bronze file; null where no file has them.</param>
/// <param name="State">What is there.</param>
public sealed record MessageRange(string Stream, long First, long Last, int Messages, int Readings, string? File, MessageState State);

/// <summary>Everything that a prediction was made of, from the score down to the raw messages, with what of it is still there.</summary>
public sealed record PredictionLineage
{
    /// <summary>The prediction.</summary>
    public required FoundPrediction Prediction { get; init; }

    /// <summary>Its run; null where the ledger has none, and then nothing below is known.</summary>
    public LedgeredRun? Run { get; init; }

    /// <summary>The file of predictions that has it.</summary>
    public PatientRow? Scores { get; init; }

    /// <summary>The vector that was scored.</summary>
    public PatientRow? Features { get; init; }

    /// <summary>The model.</summary>
    public ModelLineage? Model { get; init; }

    /// <summary>The observations; null where their manifest was collected or deleted.</summary>
    public ObservationsManifest? Observations { get; init; }

    /// <summary>Whether this program has the feature set: else it is not known how far it looks back, and the readings are not told.</summary>
    public bool HasFeatureSet { get; init; }

    /// <summary>How far the vector looks back, microseconds.</summary>
    public long LookBack { get; init; }

    /// <summary>The files that have the days of the look-back.</summary>
    public IReadOnlyList<ObservationsLineage> ObservationFiles { get; init; } = [];

    /// <summary>The patient's readings of the look-back, also those that did not count.</summary>
    public IReadOnlyList<PatientReading> Readings { get; init; } = [];

    /// <summary>The messages that brought them, by stream and offset.</summary>
    public IReadOnlyList<MessageRange> Messages { get; init; } = [];

    /// <summary>What is gone, erased or not as it was recorded; each a sentence. None where everything was found and verified.</summary>
    public IReadOnlyList<string> Gaps { get; init; } = [];
}
