using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Features.Resolution;

/// <summary>What became of the accepted readings when patient, duplicates and corrections were settled.</summary>
public sealed class ResolvedObservations
{
    /// <summary>
    /// Observations: a row for each version of a reading and each patient it was held to be of, while it was; sorted by
    /// (patient, vital, effective time, order of knowing). A version that was replaced before its patient was known has none.
    /// </summary>
    public required ObservationBatch Observations { get; init; }

    /// <summary>
    /// Readings that are, or since they were known once were, held to be a patient's, and repeat no other. A reading that was
    /// taken back from everybody stays accepted: it was used, and what was told of it then still stands for then.
    /// </summary>
    public required long Accepted { get; init; }

    /// <summary>Readings that repeat another: the same message again, or the same value of the same instant and device.</summary>
    public required long Duplicates { get; init; }

    /// <summary>
    /// Readings that were taken back, since their message was read again by another mapping. They count nowhere else; what was
    /// told of them before still stands for then.
    /// </summary>
    public required long TakenBack { get; init; }

    /// <summary>Accepted readings that another version has replaced.</summary>
    public required long Corrected { get; init; }

    /// <summary>Rows that close when their reading turns out to be another patient's, or nobody's.</summary>
    public required long Reassigned { get; init; }

    /// <summary>Readings of devices that no assignment names, by (stream, position in its batch).</summary>
    public required IReadOnlyList<(int Stream, int Row)> UnknownDevice { get; init; }

    /// <summary>Readings of devices that, at any time since the reading was known, were held to be with nobody when it was taken.</summary>
    public required IReadOnlyList<(int Stream, int Row)> UnassignedDevice { get; init; }
}

/// <summary>
/// The part of a resolution that is asked for: the rows of some patients, and the counts of the readings that count with them
/// or with nobody. A reading counts with the last patient it was held to be of since it was known, and with nobody where there
/// is none; so the counts of parts that cover everybody once add up to those of the whole.
/// </summary>
/// <param name="Has">Whether a patient is in it.</param>
/// <param name="HasNobody">Whether the readings of nobody are.</param>
public sealed record ResolutionScope(Func<string, bool> Has, bool HasNobody)
{
    /// <summary>Everybody, and nobody.</summary>
    public static ResolutionScope All { get; } = new(_ => true, true);

    internal bool Counts(string? home) => home is null ? HasNobody : Has(home);
}
