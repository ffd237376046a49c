using System.Globalization;
using System.Text;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Ingestion.Sources;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Ingestion.Tests.Landing;

/// <summary>A partition that lands small files by a clock that the test sets, and what all its readers see of it.</summary>
internal sealed class SealedStream : IDisposable
{
    private readonly TempHome _home = new();

    public SealedStream(DateTimeOffset? now = null)
    {
        Time = new SetTime(now ?? new DateTimeOffset(2026, 3, 1, 8, 0, 0, TimeSpan.Zero));
        Store = _home.Store();
    }

    public SetTime Time { get; }

    public CohortStore Store { get; }

    public Lake Lake => Store.Lake;

    public long Next { get; private set; }

    /// <summary>Lands small files of some messages each, a minute apart, with their silver.</summary>
    public async Task LandAsync(int files, int messages = 5, int bodyBytes = 0)
    {
        for (var f = 0; f < files; f++, Time.Now += TimeSpan.FromMinutes(1))
        {
            var chain = await PartitionChain.OpenAsync(Lake, TempHome.Partition, Time, default);
            var landed = await new PartitionLanding(await SilverAsync(), chain).LandAsync(Batch(chain, messages, bodyBytes), default);
            Assert.Equal(messages, landed.Rows);
            Next = chain.Next;
        }
    }

    public async Task LoseAsync(int offsets)
    {
        var chain = await PartitionChain.OpenAsync(Lake, TempHome.Partition, Time, default);
        Assert.True(await chain.TryRecordLossAsync(chain.Next + offsets, "the source had them no more", Micros(), default));
        await (await SilverAsync()).CatchUpAsync(TempHome.Partition, default);
        Next = chain.Next;
    }

    /// <summary>A stamped batch at the end of a chain: readings that are accepted, one that is rejected, a body that cannot be read.</summary>
    public MicroBatch Batch(PartitionChain chain, int messages, int bodyBytes = 0)
    {
        var batch = new MicroBatch();
        for (var offset = chain.Next; offset < chain.Next + messages; offset++)
        {
            var value = offset % 7 == 3 ? 999 : 60 + (offset % 40);
            var body = offset % 11 == 5 ? "{\"time\":" : string.Create(CultureInfo.InvariantCulture, $$"""{"readings":[{"code":"8867-4","value":{{value}},"unit":"/min"}],"pad":"{{new string('x', bodyBytes)}}"}""");
            batch.Add(new StreamRecord
            {
                Offset = offset,
                DeviceId = string.Create(CultureInfo.InvariantCulture, $"d{offset % 3}"),
                MessageId = offset % 2 == 0 ? string.Create(CultureInfo.InvariantCulture, $"m{offset}") : null,
                EnqueuedTime = Micros() - 1_000_000,
                Properties = offset % 5 == 0 ? """{"k":"v"}""" : null,
                Body = Encoding.UTF8.GetBytes(body),
            });
        }

        batch.Stamp(chain.Known, chain.Landed, Micros(), imported: false);
        return batch;
    }

    public async Task<SealedFiles> SealAsync(Lake? lake = null, long most = 64 << 20) =>
        await new Sealing(lake ?? Lake, await SilverAsync(lake), Time, most).RunAsync(TempHome.Partition, default);

    public Task<Silver> SilverAsync(Lake? lake = null) => Silver.OpenAsync(lake ?? Lake, Store.Reference, default);

    public async Task AssignAsync()
    {
        var since = NodaTime.Instant.FromUtc(2020, 1, 1, 0, 0);
        var lines = string.Concat(Enumerable.Range(0, 3).Select(d => ReferenceJson.ToLine(new DeviceAssignment { DeviceId = $"d{d}", PatientId = $"p{d}", From = since, Known = since }) + "\n"));
        await Store.Reference.AppendAsync(ReferenceKinds.Assignments, Encoding.UTF8.GetBytes(lines), default);
    }

    public Task ActivateAsync(string mapping) => AppendAsync(ReferenceKinds.Mappings, new MappingActivation { Mapping = "rmon/2", Document = mapping, Known = NodaTime.Instant.FromDateTimeOffset(Time.Now) });

    public Task ReprocessAsync() => AppendAsync(ReferenceKinds.Reprocess, new ReprocessCommand { Known = NodaTime.Instant.FromDateTimeOffset(Time.Now) });

    /// <summary>What counts of bronze: where each file starts, and where a sealed one ends.</summary>
    public async Task<IReadOnlyList<string>> FilesAsync() => [.. (await BronzeFile.ListAsync(Lake, TempHome.Partition, default)).Select(f => f.SealedEnd is { } end ? $"{f.Start}-{end}" : $"{f.Start}")];

    public async Task<IReadOnlyList<string>> AllFilesAsync() => [.. await Lake.ListAsync(LakePaths.BronzeTelemetry, default)];

    /// <summary>All that a reader sees: rows of bronze, silver and quarantine in order, the readings as they hold, the account, the lost offsets.</summary>
    public async Task<string> ReadingAsync()
    {
        var silver = await SilverAsync();
        var said = new StringBuilder();
        foreach (var file in await BronzeFile.ListAsync(Lake, TempHome.Partition, default))
        {
            said.Append(await RowsAsync(file.Path));
        }

        foreach (var pick in new Func<SilverPaths, string>[] { p => p.Readings, p => p.Quarantine })
        {
            var generations = new SortedDictionary<int, StringBuilder>();
            foreach (var file in await BronzeFile.ListAsync(Lake, TempHome.Partition, default))
            {
                var paths = await silver.PathsAsync(file, default);
                for (var p = 0; p < paths.Count; p++)
                {
                    // Landing, and the commands counted from the last.
                    var generation = p == 0 ? 0 : paths.Count - p;
                    generations.TryAdd(generation, new StringBuilder());
                    generations[generation].Append(await RowsAsync(pick(paths[p])));
                }
            }

            said.AppendJoin("\n--\n", generations.Values);
        }

        foreach (var piece in await SilverReadings.ReadAsync(Lake, silver, TempHome.Partition, long.MaxValue, default))
        {
            said.AppendLine().AppendJoin(';', Enumerable.Range(0, piece.Count).Select(i => $"{piece.Offset[i]}/{piece.Ordinal[i]}/{piece.Value[i]}/{piece.KnownFrom[i]}/{piece.KnownTo.GetValueOrDefault(i)}"));
        }

        var account = await IngestionAccount.TakeAsync(Lake, silver, default);
        return said.AppendLine().Append(CultureInfo.InvariantCulture, $"{account.Messages}/{account.Received}/{account.Accepted}/{account.Lost}/{account.Watermark}/").AppendJoin(',', account.Frontier).AppendJoin(',', account.Rejected).ToString();
    }

    public void Dispose()
    {
        Store.DisposeAsync().AsTask().Wait();
        _home.Dispose();
    }

    private async Task<string> RowsAsync(string path)
    {
        var table = await Lake.ReadTableAsync(path, null, default);
        var columns = table.ColumnNames.Select(table.Column).ToArray();
        return string.Concat(Enumerable.Range(0, table.Rows).Select(r => string.Join('|', columns.Select(c => c.GetValue(r) is ReadOnlyMemory<byte> bytes ? Convert.ToHexString(bytes.Span) : Convert.ToString(c.GetValue(r) ?? "∅", CultureInfo.InvariantCulture))) + "\n"));
    }

    private Task<bool> AppendAsync<T>(string kind, T row) => Store.Reference.AppendAsync(kind, Encoding.UTF8.GetBytes(ReferenceJson.ToLine(row) + "\n"), default);

    private long Micros() => Time.GetUtcNow().ToUnixTimeMilliseconds() * 1000;
}
