using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Workflows.Compaction;

/// <summary>How a compaction is run. None of this changes what the observations of a patient are.</summary>
public sealed record CompactionOptions
{
    /// <summary>Patients of a shard, by which the number of shards is chosen where nobody sets it.</summary>
    public const int PatientsPerShard = 10_000;

    /// <summary>A cell is as large as about three readings.</summary>
    public const double ReadingsThatPay = 3;

    /// <summary>The greatest number of shards.</summary>
    public const int MostShards = 9_999;

    /// <summary>
    /// Number of patient shards, from 1 to <see cref="MostShards"/>; it then stays until another is set. 0 goes back to the
    /// default: one for every 10,000 patients, changed only when that is off by a factor of two or more, since all has to be
    /// redone then. Null, the default, leaves it as it is.
    /// </summary>
    public int? Shards { get; init; }

    /// <summary>
    /// Readings that are resolved at a time at the most, where a day and shard has not more by itself. Default 2 million,
    /// which take somewhat more than a gigabyte.
    /// </summary>
    public long ReadingsAtATime { get; init; } = 2_000_000;

    /// <summary>
    /// Feature sets, by name, whose rollups are made beside those that are kept already. Default none: who scores with a set asks
    /// for its rollups, and from then on they are kept. They save time and change nothing.
    /// </summary>
    public IReadOnlyList<string> RollupsFor { get; init; } = [];

    /// <summary>
    /// Rollups are made where a cell stands for so many readings on the mean. Null, the default, leaves it as it is, at first
    /// <see cref="ReadingsThatPay"/>; 0 makes all.
    /// </summary>
    public double? ReadingsPerCell { get; init; }

    /// <summary>Redo everything, whatever is there; comes out the same, byte for byte. Default false.</summary>
    public bool Full { get; init; }

    /// <summary>The shards of a manifest that was deleted to be made again.</summary>
    internal (int Shards, bool AreSet)? Before { get; init; }

    /// <summary>The number of shards, and whether somebody set it, behind a manifest, for so many patients.</summary>
    internal (int Shards, bool AreSet) ShardsAfter(ObservationsManifest? previous, int patients)
    {
        if (Shards is < 0 or > MostShards)
        {
            throw new LakeException($"{Shards} cannot be the number of shards: take 1 to {MostShards}, or 0 for one for every {PatientsPerShard} patients.");
        }

        if (Shards is > 0 and { } set)
        {
            return (set, true);
        }

        var fresh = Math.Clamp((int)Math.Ceiling(patients / (double)PatientsPerShard), 1, MostShards);
        var before = Before ?? (previous is null ? null : (previous.Shards, previous.Index?.ShardsAreSet == true));
        return before switch
        {
            (var kept, true) when Shards is null => (kept, true),
            (var kept, _) when fresh < 2 * kept && kept < 2 * fresh => (kept, false),
            _ => (fresh, false),
        };
    }
}
