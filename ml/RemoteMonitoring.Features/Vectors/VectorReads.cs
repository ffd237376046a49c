using NodaTime;
using RemoteMonitoring.Features.Rollups;
using RemoteMonitoring.Features.Sets;

namespace RemoteMonitoring.Features.Vectors;

/// <summary>What a vector must read where rollups are kept: who prepares a <see cref="VectorBuilder"/> asks here what to load.</summary>
public static class VectorReads
{
    /// <summary>
    /// The stretches (after, to] of effective time whose readings a vector needs: where no rollup speaks, and as far back as columns
    /// read readings; in order, none overlapping. Where rollups are not used it is the whole look-back.
    /// </summary>
    /// <param name="set">Set.</param>
    /// <param name="zone">The patient's zone.</param>
    /// <param name="asOf">Instant it speaks for.</param>
    /// <param name="knownBy">Instant of knowing.</param>
    /// <param name="isRolled">Whether cells of a kind and local date are rolled up, by that zone.</param>
    public static IReadOnlyList<(long After, long To)> Readings(FeatureSet set, DateTimeZone zone, long asOf, long knownBy, Func<CellKind, int, bool> isRolled)
    {
        var needed = new List<(long After, long To)>();
        foreach (var kind in set.Cells)
        {
            var pieces = Pieces.Of(kind, zone, asOf, set.Windows);
            for (var i = 0; i < pieces.Count; i++)
            {
                if (!(pieces.IsWhole[i] && pieces.End[i] <= knownBy && isRolled(kind, pieces.Date[i])))
                {
                    needed.Add((pieces.Start[i], pieces.End[i]));
                }
            }
        }

        if (set.ReadsBack > 0)
        {
            needed.Add((asOf - set.ReadsBack, asOf));
        }

        needed.Sort();
        var merged = new List<(long After, long To)>();
        foreach (var next in needed)
        {
            if (merged.Count > 0 && next.After <= merged[^1].To)
            {
                merged[^1] = (merged[^1].After, Math.Max(merged[^1].To, next.To));
            }
            else
            {
                merged.Add(next);
            }
        }

        return merged;
    }

    /// <summary>The local dates whose rollups a vector reads, days since 1970-01-01, both inclusive.</summary>
    public static (int First, int Last) RollupDates(FeatureSet set, DateTimeZone zone, long asOf) =>
        (LocalCells.DateOf(zone, asOf - set.LookBack), LocalCells.DateOf(zone, asOf));
}
