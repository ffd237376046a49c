using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Ingestion.Landing;

/// <summary>A bronze file: where its offsets start and, when it was sealed from several, where they end (exclusive).</summary>
public readonly record struct BronzeFile(StreamPartition Partition, long Start, long? SealedEnd)
{
    /// <summary>Where it lies.</summary>
    public string Path => SealedEnd is { } end ? LakePaths.Sealed(Partition, Start, end) : LakePaths.Bronze(Partition, Start);

    /// <summary>The part of its name that its silver carries too.</summary>
    public string Stem => LakePaths.StemOf(Path);

    /// <summary>Every partition that has a bronze file.</summary>
    public static async Task<IReadOnlyList<StreamPartition>> PartitionsAsync(Lake lake, CancellationToken cancellationToken) =>
        [.. (await lake.ListAsync(LakePaths.BronzeTelemetry, cancellationToken))
            .Where(LakePaths.IsBronze)
            .Select(path => path.Split('/'))
            .Select(parts => new StreamPartition(parts[2], parts[3], int.Parse(parts[4], System.Globalization.CultureInfo.InvariantCulture)))
            .Distinct()];

    /// <summary>The files of a partition that count, by offset. One that lies in the range of a sealed file is a leftover of sealing.</summary>
    public static async Task<IReadOnlyList<BronzeFile>> ListAsync(Lake lake, StreamPartition partition, CancellationToken cancellationToken) =>
        InForce(await AllAsync(lake, partition, cancellationToken));

    /// <summary>All files of a partition, by offset; of those that start at one offset the longest first.</summary>
    internal static async Task<IReadOnlyList<BronzeFile>> AllAsync(Lake lake, StreamPartition partition, CancellationToken cancellationToken) =>
    [
        .. (await lake.ListAsync(LakePaths.Bronze(partition), cancellationToken))
            .Where(LakePaths.IsBronze)
            .Select(path => LakePaths.RangeOf(LakePaths.StemOf(path))!.Value)
            .Select(range => new BronzeFile(partition, range.Start, range.End))
            .OrderBy(f => f.Start)
            .ThenByDescending(f => f.SealedEnd ?? f.Start),
    ];

    /// <summary>Of all files, in their order, those that count.</summary>
    internal static IReadOnlyList<BronzeFile> InForce(IReadOnlyList<BronzeFile> all)
    {
        var files = new List<BronzeFile>(all.Count);
        foreach (var file in all)
        {
            if (files is not [.., var last] || file.Start >= (last.SealedEnd ?? last.Start + 1))
            {
                files.Add(file);
            }
        }

        return files;
    }
}
