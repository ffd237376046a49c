using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Ingestion.Landing;

/// <summary>
/// The accepted readings of a partition, as its silver has them: in pieces with known times that never fall, the first
/// that of landing, one more for each command to read messages again. What a command took back has its end in
/// <see cref="ReadingBatch.KnownTo"/>.
/// </summary>
public static class SilverReadings
{
    /// <summary>Reads the pieces, of messages before an offset.</summary>
    public static async Task<IReadOnlyList<ReadingBatch>> ReadAsync(
        Lake lake, Silver silver, StreamPartition partition, long end, CancellationToken cancellationToken)
    {
        var pieces = new List<ReadingBatch> { new() };
        foreach (var file in (await BronzeFile.ListAsync(lake, partition, cancellationToken)).Where(f => f.Start < end))
        {
            var paths = await silver.PathsAsync(file, cancellationToken);
            if (file.SealedEnd > end)
            {
                // An end that was stated before the file was sealed may lie within it.
                await AppendBeforeAsync(lake, paths, end, pieces, cancellationToken);
            }
            else
            {
                await AppendAsync(lake, paths, pieces, cancellationToken);
            }
        }

        return pieces;
    }

    /// <summary>
    /// The pieces of one bronze file, of which these are the silver files: that of its landing, then one for each command that
    /// concerns it.
    /// </summary>
    public static async Task<IReadOnlyList<ReadingBatch>> ReadAsync(Lake lake, IReadOnlyList<SilverPaths> paths, CancellationToken cancellationToken)
    {
        var pieces = new List<ReadingBatch> { new() };
        await AppendAsync(lake, paths, pieces, cancellationToken);
        return pieces;
    }

    /// <summary>The accepted readings of one bronze file as they hold now, in order of offset and ordinal.</summary>
    public static async Task<ReadingBatch> HoldingAsync(Lake lake, Silver silver, BronzeFile file, CancellationToken cancellationToken)
    {
        var pieces = new List<ReadingBatch> { new() };
        await AppendAsync(lake, await silver.PathsAsync(file, cancellationToken), pieces, cancellationToken);
        if (pieces.Count == 1)
        {
            return pieces[0];
        }

        var holds = new ReadingBatch();
        foreach (var (piece, row) in pieces
            .SelectMany(piece => Enumerable.Range(0, piece.Count).Where(row => !piece.KnownTo.ContainsKey(row)).Select(row => (piece, row)))
            .OrderBy(r => r.piece.Offset[r.row])
            .ThenBy(r => r.piece.Ordinal[r.row]))
        {
            holds.AddFrom(piece, row);
        }

        return holds;
    }

    private static async Task AppendBeforeAsync(Lake lake, IReadOnlyList<SilverPaths> paths, long end, List<ReadingBatch> pieces, CancellationToken cancellationToken)
    {
        var whole = new List<ReadingBatch> { new() };
        await AppendAsync(lake, paths, whole, cancellationToken);
        while (pieces.Count < whole.Count)
        {
            pieces.Insert(1, new ReadingBatch());
        }

        for (var p = 0; p < whole.Count; p++)
        {
            var (from, piece) = (whole[p], pieces[p == 0 ? 0 : pieces.Count - whole.Count + p]);
            foreach (var row in Enumerable.Range(0, from.Count).Where(row => from.Offset[row] < end))
            {
                piece.AddFrom(from, row);
                if (from.KnownTo.TryGetValue(row, out var known))
                {
                    piece.KnownTo[piece.Count - 1] = known;
                }
            }
        }
    }

    /// <summary>Appends the silver of one bronze file to pieces: landing to the first, the n-th command from the end to the n-th from the end.</summary>
    internal static async Task AppendAsync(Lake lake, IReadOnlyList<SilverPaths> paths, List<ReadingBatch> pieces, CancellationToken cancellationToken)
    {
        while (pieces.Count < paths.Count)
        {
            pieces.Insert(1, new ReadingBatch()); // the earlier the file landed, the more commands concern it
        }

        var holds = new Dictionary<(long Offset, int Ordinal), (ReadingBatch Piece, int Row)>();
        for (var p = 0; p < paths.Count; p++)
        {
            var piece = pieces[p == 0 ? 0 : pieces.Count - paths.Count + p];
            var table = await lake.ReadTableAsync(paths[p].Readings, null, cancellationToken);
            if (paths.Count == 1)
            {
                TelemetryTables.AppendReadings(table, VitalSignCatalog.Default, piece);
                return;
            }

            var read = new ReadingBatch();
            TelemetryTables.AppendReadings(table, VitalSignCatalog.Default, read);
            for (var i = 0; i < read.Count; i++)
            {
                var key = (read.Offset[i], read.Ordinal[i]);
                if (read.TakenBack.Contains(i))
                {
                    var (before, row) = holds[key];
                    before.KnownTo[row] = read.KnownFrom[i];
                    holds.Remove(key);
                }
            }

            for (var i = 0; i < read.Count; i++)
            {
                if (!read.TakenBack.Contains(i))
                {
                    piece.AddFrom(read, i);
                    holds[(read.Offset[i], read.Ordinal[i])] = (piece, piece.Count - 1);
                }
            }
        }
    }
}
