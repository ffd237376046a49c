using RemoteMonitoring.Features.Sets;

namespace RemoteMonitoring.Features.Vectors;

/// <summary>
/// Feature vectors as columns: shape [columns × rows], one row per (patient, as-of). NaN is "unknown", never zero.
/// Every value speaks of readings effective at or before as-of and known at or before the row's known-by.
/// </summary>
public sealed class FeatureTable
{
    /// <summary>Name of the feature set.</summary>
    public required string SetName { get; init; }

    /// <summary>Hash of the set's definition; travels with models and scores.</summary>
    public required string SetHash { get; init; }

    /// <summary>What the columns hold; <see cref="Values"/> is parallel to it.</summary>
    public required IReadOnlyList<FeatureColumn> Columns { get; init; }

    /// <summary>Patient of each row.</summary>
    public required string[] PatientId { get; init; }

    /// <summary>Instant each row speaks for, Unix microseconds.</summary>
    public required long[] AsOf { get; init; }

    /// <summary>[column][row].</summary>
    public required double[][] Values { get; init; }

    /// <summary>NEWS2 with every missing part at its lowest possible points, per row; NaN where none of the inputs is there.</summary>
    public required double[] News2Low { get; init; }

    /// <summary>NEWS2 with missing parts scored 0: the baseline that models are compared with.</summary>
    public required double[] News2Point { get; init; }

    /// <summary>NEWS2 with every missing part at its highest possible points.</summary>
    public required double[] News2High { get; init; }

    /// <summary>Whether the row's patient has any reading in the look-back, of a vital that the set reads.</summary>
    public required bool[] HasReading { get; init; }

    /// <summary>When the latest of these readings was taken, Unix microseconds; says nothing where there is none. Empty in a table that was not built of readings.</summary>
    public long[] LastReading { get; init; } = [];

    /// <summary>Number of rows.</summary>
    public int Rows => PatientId.Length;

    /// <summary>A table of a set for these rows, its values still to come.</summary>
    public static FeatureTable Empty(FeatureSet set, IReadOnlyList<VectorKey> rows)
    {
        double[] Column() => new double[rows.Count];
        return new FeatureTable
        {
            SetName = set.Name,
            SetHash = set.Hash,
            Columns = set.Columns,
            PatientId = [.. rows.Select(r => r.PatientId)],
            AsOf = [.. rows.Select(r => r.AsOf)],
            Values = [.. set.Columns.Select(_ => Column())],
            News2Low = Column(),
            News2Point = Column(),
            News2High = Column(),
            HasReading = new bool[rows.Count],
            LastReading = new long[rows.Count],
        };
    }

    /// <summary>Position of a column by name; throws on a name the set does not have.</summary>
    public int IndexOf(string name)
    {
        for (var i = 0; i < Columns.Count; i++)
        {
            if (Columns[i].Name == name)
            {
                return i;
            }
        }

        throw new ArgumentException($"The feature set '{SetName}' has no column '{name}'.", nameof(name));
    }
}
