using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Lineage;

namespace RemoteMonitoring.Workflows.Reproduction;

/// <summary>An output of a run, made again.</summary>
public sealed record ReproducedOutput
{
    /// <summary>What the ledger names, and what the lake has of it.</summary>
    public required RecordedFile Recorded { get; init; }

    /// <summary>Hash of the bytes that were made now; null where none were.</summary>
    public required string? Made { get; init; }

    /// <summary>In what the tables differ, as far as one of then is there to compare with; null where they do not.</summary>
    public TableDifference? Difference { get; init; }

    /// <summary>Whether the bytes that the ledger names were made again.</summary>
    public bool IsSame => Made == Recorded.Sha256;
}

/// <summary>What came of making the outputs of a run again.</summary>
public sealed record ReproducedRun
{
    /// <summary>The entry.</summary>
    public required LedgerEntry Entry { get; init; }

    /// <summary>The program that made them now.</summary>
    public required string Code { get; init; }

    /// <summary>Edition of the time zones that it knows; entries do not say theirs.</summary>
    public required string TimeZones { get; init; }

    /// <summary>The outputs, in the order of the ledger.</summary>
    public required IReadOnlyList<ReproducedOutput> Outputs { get; init; }

    /// <summary>Whether the observations had to be made again, from bronze.</summary>
    public required bool FromBronze { get; init; }

    /// <summary>What was found on the way, and what explains a difference; each a sentence.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>Why nothing could be made; null where it could.</summary>
    public string? Obstacle { get; init; }

    /// <summary>Whether every output was made again byte for byte, and none in the lake is other than it was.</summary>
    public bool IsSame => Obstacle is null && Outputs.All(o => o.IsSame && o.Recorded.State is (FileState.Verified or FileState.Gone));
}
