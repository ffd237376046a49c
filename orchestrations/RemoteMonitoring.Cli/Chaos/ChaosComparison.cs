using System.Globalization;
using System.Text.Json.Nodes;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Compaction;

namespace RemoteMonitoring.Cli.Chaos;

/// <summary>
/// Holds two cohorts that landed the same log against each other: bronze offset by offset, silver and documents row by row, the
/// account of readings. When we knew is all that may differ.
/// </summary>
internal sealed class ChaosComparison(Terminal terminal, CohortStore disturbed, CohortStore undisturbed)
{
    private static readonly string[] s_ours = ["known_time", "known_from"];

    private readonly List<string> _failed = [];

    /// <summary>Runs it; the promises that did not hold.</summary>
    public async Task<IReadOnlyList<string>> RunAsync(long messages, CancellationToken cancellationToken)
    {
        var partitions = await BronzeFile.PartitionsAsync(disturbed.Lake, cancellationToken);
        Check("the same partitions", partitions.SequenceEqual(await BronzeFile.PartitionsAsync(undisturbed.Lake, cancellationToken)), $"{partitions.Count}");
        long landed = 0, lost = 0, files = 0;
        var (once, bronze, readings, quarantine) = (true, true, true, true);
        foreach (var partition in partitions)
        {
            var (ours, theirs) = (await RowsAsync(disturbed, partition, cancellationToken), await RowsAsync(undisturbed, partition, cancellationToken));
            landed += ours.Bronze.Count;
            lost += ours.Lost;
            files += ours.Files;
            once &= ours.Bronze.Select(r => r.Offset).SequenceEqual(Enumerable.Range((int)ours.Lost, ours.Bronze.Count).Select(o => (long)o));
            bronze &= ours.Bronze.SequenceEqual(theirs.Bronze) && ours.Lost == theirs.Lost;
            readings &= ours.Readings.SequenceEqual(theirs.Readings);
            quarantine &= ours.Quarantine.SequenceEqual(theirs.Quarantine);
        }

        Check("each (partition, offset) in bronze exactly once", once && landed + lost == messages, $"{Terminal.Number(landed)} landed in {Terminal.Number(files)} files + {lost} recorded as lost = {Terminal.Number(messages)} sent");
        Check("bronze equals the undisturbed run's", bronze, "row for row");
        Check("readings equal the undisturbed run's", readings, "row for row");
        Check("quarantine equals the undisturbed run's", quarantine, "row for row");
        var (documents, expected) = (await DocumentsAsync(disturbed, cancellationToken), await DocumentsAsync(undisturbed, cancellationToken));
        Check("documents equal the undisturbed run's", documents.SequenceEqual(expected), $"{Terminal.Number(documents.Count)} documents");
        var (account, _) = await CompactionStage.RunAsync(disturbed, cancellationToken);
        var (clean, _) = await CompactionStage.RunAsync(undisturbed, cancellationToken);
        Check(
            "received = accepted + rejected + duplicate",
            account.Conserves && (account.Received, account.Accepted, account.Duplicates) == (clean.Received, clean.Accepted, clean.Duplicates),
            $"{Terminal.Number(account.Received)} = {Terminal.Number(account.Accepted)} + {Terminal.Number(account.Rejected.Values.Sum())} + {Terminal.Number(account.Duplicates)}, as undisturbed");
        return _failed;
    }

    /// <summary>Says of a promise whether it holds, and by what one sees it.</summary>
    public void Check(string promise, bool holds, string seen)
    {
        terminal.Line($"{(holds ? "✓" : "✗")} {promise}: {seen}");
        if (!holds)
        {
            _failed.Add(promise);
        }
    }

    private static async Task<Rows> RowsAsync(CohortStore store, StreamPartition partition, CancellationToken cancellationToken)
    {
        var silver = await Silver.OpenAsync(store.Lake, store.Reference, cancellationToken);
        var rows = new Rows();
        foreach (var file in await BronzeFile.ListAsync(store.Lake, partition, cancellationToken))
        {
            var table = await store.Lake.ReadTableAsync(file.Path, null, cancellationToken);
            rows.Lost += table.Metadata.ContainsKey(TelemetryTables.Lost) ? TelemetryTables.Number(table.Metadata, TelemetryTables.EndOffset, file.Path) - file.Start : 0;
            rows.Files++;
            rows.Bronze.AddRange(table.Int64("offset").Zip(Text(table)));
            foreach (var paths in await silver.PathsAsync(file, cancellationToken))
            {
                rows.Readings.AddRange(Text(await store.Lake.ReadTableAsync(paths.Readings, null, cancellationToken)));
                rows.Quarantine.AddRange(Text(await store.Lake.ReadTableAsync(paths.Quarantine, null, cancellationToken)));
            }
        }

        return rows;
    }

    /// <summary>The rows of a table as text, but for when we knew.</summary>
    private static IEnumerable<string> Text(ParquetTable table)
    {
        var columns = table.ColumnNames.Except(s_ours).Select(name => table.Column(name)).ToArray();
        return Enumerable.Range(0, table.Rows).Select(row => string.Join('|', columns.Select(c => c.GetValue(row) switch
        {
            ReadOnlyMemory<byte> bytes => Convert.ToHexString(bytes.Span),
            IFormattable value => value.ToString(null, CultureInfo.InvariantCulture),
            var other => other?.ToString() ?? "∅",
        })));
    }

    private static async Task<List<string>> DocumentsAsync(CohortStore store, CancellationToken cancellationToken)
    {
        var documents = new List<string>();
        await foreach (var document in store.Documents.ListAsync(Containers.Telemetry, cancellationToken))
        {
            documents.Add($"{document.PartitionKey}|{document.Id}|{JsonNode.Parse(document.Body)!["readings"]!.ToJsonString()}");
        }

        documents.Sort(StringComparer.Ordinal);
        return documents;
    }

    private sealed class Rows
    {
        public List<(long Offset, string Text)> Bronze { get; } = [];

        public List<string> Readings { get; } = [];

        public List<string> Quarantine { get; } = [];

        public long Lost { get; set; }

        public long Files { get; set; }
    }
}
