using RemoteMonitoring.Ingestion;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Workflows.Compaction;

/// <summary>
/// What a run has to do: the partitions that new silver, other silver than before, or other assignments touch. Of silver only
/// what is new is read, and where a message may have a copy of another day, what may hold that.
/// </summary>
internal sealed class CompactionPlan
{
    private readonly SortedDictionary<PartitionKey, long> _touched = new(PartitionKey.Order);

    /// <summary>The partitions to redo, with how many rows are thought to have to be read for each: those of the silver that is new and those of before; a device that is newly stated to be a patient's brings more.</summary>
    public IReadOnlyDictionary<PartitionKey, long> Touched => _touched;

    /// <summary>The silver there is now, by stream and offset.</summary>
    public required IReadOnlyList<LiveSource> Sources { get; init; }

    /// <summary>Plans.</summary>
    /// <param name="lake">The lake.</param>
    /// <param name="files">What has landed.</param>
    /// <param name="previous">The manifest to begin from; null to redo everything.</param>
    /// <param name="before">The assignments it was made by; null where they are the same.</param>
    /// <param name="places">The assignments and shards of now.</param>
    /// <param name="there">The paths there are in gold: a partition whose file is gone is redone.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public static async Task<CompactionPlan> MakeAsync(
        Lake lake,
        IReadOnlyList<AccountedFile> files,
        ObservationsManifest? previous,
        AssignmentIndex? before,
        DevicePlaces places,
        HashSet<string> there,
        CancellationToken cancellationToken)
    {
        var known = (previous?.Index?.Sources ?? []).GroupBy(s => s.Stream, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.OrderBy(s => s.Start).ToArray(), StringComparer.Ordinal);
        var taken = new HashSet<SilverSource>(ReferenceEqualityComparer.Instance);
        (AccountedFile File, SilverSource Source, int From)[] found =
        [
            .. files.Select(f => (File: f, Source: SilverSource.Of(f))).Select(f => Recall(f.Source, known.GetValueOrDefault(f.Source.Stream, []), taken) is var (source, from)
                ? (f.File, source, from)
                : (f.File, f.Source, 0)),
        ];
        var scans = new SilverScan[found.Length];
        await Parallel.ForAsync(0, found.Length, cancellationToken, async (i, token) =>
            scans[i] = await SilverScan.OfAsync(lake, [.. found[i].File.Silver.Select(s => s.Readings)], found[i].From, previous is not null, places, token));
        var plan = new CompactionPlan
        {
            Sources =
            [
                .. found.Zip(scans, (f, scan) => new LiveSource(f.Source with { Days = SilverSource.Join(f.Source.Days.Concat(scan.Days)) }, f.File.Silver))
                    .OrderBy(s => s.Source.Stream, StringComparer.Ordinal)
                    .ThenBy(s => s.Source.Start),
            ],
        };
        foreach (var (key, rows) in scans.SelectMany(s => s.Touched))
        {
            plan.Touch(key, rows);
        }

        if (previous is null)
        {
            return plan;
        }

        plan.TouchLost(known.Values.SelectMany(s => s).Where(s => !taken.Contains(s)), previous, there);
        plan.TouchReassigned(before, places);
        await plan.TouchCopiesAsync(lake, scans, places, cancellationToken);
        foreach (var partition in previous.Partitions)
        {
            var key = new PartitionKey(UnixMicros.DayOf(partition.EventDate), partition.Shard);
            if (plan._touched.TryGetValue(key, out var rows))
            {
                plan._touched[key] = rows + partition.Read;
            }
        }

        return plan;
    }

    /// <summary>Groups of partitions, in their order, that have no more rows than a budget, or are a single one.</summary>
    public IEnumerable<IReadOnlyList<PartitionKey>> Groups(long budget)
    {
        var group = new List<PartitionKey>();
        var rows = 0L;
        foreach (var (key, more) in _touched)
        {
            if (group.Count > 0 && rows + more > budget)
            {
                yield return group;
                (group, rows) = ([], 0);
            }

            group.Add(key);
            rows += more;
        }

        if (group.Count > 0)
        {
            yield return group;
        }
    }

    /// <summary>
    /// What was known before of a source's range, with its days, and the first generation that is new in it; null where it has to
    /// be read whole. What was sealed since is the same as the small files that it was made of.
    /// </summary>
    private static (SilverSource Source, int From)? Recall(SilverSource source, SilverSource[] known, HashSet<SilverSource> taken)
    {
        SilverSource[] parts = Array.FindAll(known, k => k.Start >= source.Start && k.End <= source.End);
        if (parts.Length == 0 || parts[0].Start != source.Start || parts[^1].End != source.End
            || parts.Zip(parts.Skip(1)).Any(p => p.First.End != p.Second.Start)
            || parts.Any(p => !p.Generations.SequenceEqual(parts[0].Generations))
            || !source.Generations.Take(parts[0].Generations.Count).SequenceEqual(parts[0].Generations))
        {
            return null;
        }

        taken.UnionWith(parts);
        return (source with { Days = SilverSource.Join(parts.SelectMany(p => p.Days)) }, parts[0].Generations.Count);
    }

    /// <summary>What was read before and is not there any more, or is there otherwise: of its days nobody knows whom it was of.</summary>
    private void TouchLost(IEnumerable<SilverSource> lost, ObservationsManifest previous, HashSet<string> there)
    {
        var days = new HashSet<int>();
        foreach (var day in lost.SelectMany(s => s.Days))
        {
            days.UnionWith(day.HubTimed > 0 ? DevicePlaces.Near(UnixMicros.DayOf(day.Date)) : [UnixMicros.DayOf(day.Date)]);
        }

        foreach (var partition in previous.Partitions.Where(p => days.Contains(UnixMicros.DayOf(p.EventDate))))
        {
            Touch(new PartitionKey(UnixMicros.DayOf(partition.EventDate), partition.Shard));
        }

        foreach (var file in previous.Files.Where(f => !there.Contains(f.Path)))
        {
            Touch(new PartitionKey(UnixMicros.DayOf(file.EventDate), file.Shard));
        }

        foreach (var file in previous.Unassigned.Where(f => !there.Contains(f.Path)))
        {
            Touch(new PartitionKey(UnixMicros.DayOf(file.EventDate), PartitionKey.Nobody));
        }
    }

    private void TouchReassigned(AssignmentIndex? before, DevicePlaces places)
    {
        if (before is null)
        {
            return;
        }

        int[] days = [.. Sources.SelectMany(s => s.Days).Distinct().Order()];
        foreach (var change in places.Assignments.Differences(before))
        {
            var (first, last) = (
                change.From == long.MinValue ? int.MinValue : UnixMicros.DayOf(change.From),
                change.To == UnixMicros.Open ? int.MaxValue : UnixMicros.DayOf(change.To - 1));
            int[] shards = [.. change.Patients.Select(places.ShardOf).Distinct()];
            foreach (var day in days.SkipWhile(d => d < first).TakeWhile(d => d <= last))
            {
                foreach (var shard in change.IsNobodys ? shards.Append(PartitionKey.Nobody) : shards)
                {
                    Touch(new PartitionKey(day, shard));
                }
            }
        }
    }

    /// <summary>The partitions of other days that hold a copy of a new message whose time is the hub's.</summary>
    private async Task TouchCopiesAsync(Lake lake, SilverScan[] scans, DevicePlaces places, CancellationToken cancellationToken)
    {
        var copies = scans.SelectMany(s => s.Copies).ToHashSet();
        var days = scans.SelectMany(s => s.CopyDays).SelectMany(DevicePlaces.Near).ToHashSet();
        foreach (var source in Sources.Where(s => copies.Count > 0 && s.HubTimedDays.Overlaps(days)))
        {
            foreach (var key in await SilverScan.HoldingAsync(lake, [.. source.Silver.Select(s => s.Readings)], copies, days, places, cancellationToken))
            {
                Touch(key);
            }
        }
    }

    private void Touch(PartitionKey key, long rows = 0) => _touched[key] = _touched.GetValueOrDefault(key) + rows;
}
