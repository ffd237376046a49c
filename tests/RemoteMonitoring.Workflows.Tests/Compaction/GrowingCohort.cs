using System.Globalization;
using System.Text;
using NodaTime;
using RemoteMonitoring.Features.Resolution;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Ingestion.Sources;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Mappings;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Compaction;

namespace RemoteMonitoring.Workflows.Tests.Compaction;

/// <summary>A message as a device sends it; days count from <see cref="GrowingCohort.Begin"/>.</summary>
internal sealed record Sent(string Device, double Enqueued, string Body, string? Id = null)
{
    /// <summary>A heart rate that says when it was taken.</summary>
    public static Sent Of(string device, double taken, int heartRate, string? id = null, double? enqueued = null) => new(device, enqueued ?? taken, string.Create(
        CultureInfo.InvariantCulture, $$"""{"time":"{{GrowingCohort.At(taken)}}","readings":[{"code":"8867-4","value":{{heartRate}},"unit":"/min"}]}"""), id);

    /// <summary>One that does not: it was taken when the hub had it.</summary>
    public static Sent HubTimed(string device, double enqueued, int heartRate, string? id) => new(device, enqueued, string.Create(
        CultureInfo.InvariantCulture, $$"""{"readings":[{"code":"8867-4","value":{{heartRate}},"unit":"/min"}]}"""), id);

    /// <summary>One of a device that only a mapping of the tests knows: it reads <c>p</c>, and a later version of it <c>q</c>.</summary>
    public static Sent Odd(string device, double enqueued, int p, int q, string? id) => new(device, enqueued, $$"""{"p":{{p}},"q":{{q}}}""", id);
}

/// <summary>A cohort that grows: files land in streams, statements and commands come, by a clock that goes on by an hour each time.</summary>
internal sealed class GrowingCohort : IAsyncDisposable
{
    public static readonly Instant Begin = Instant.FromUtc(2025, 1, 1, 0, 0);

    private readonly TempHome _home = new();
    private readonly SetTime _time = new() { Now = At(12).ToDateTimeOffset() };

    public TempHome Home => _home;

    public Lake Lake => _home.Lake;

    public SetTime Time => _time;

    public static Instant At(double day) => Begin + Duration.FromTicks(Math.Round(day * UnixMicros.PerDay) * 10);

    public static DateOnly Date(int day) => new DateOnly(2025, 1, 1).AddDays(day);

    public static StreamPartition Stream(int number) => new("hub", "e1", number);

    /// <summary>Lands a file; of an imported stream the hub's time is when the messages were known.</summary>
    public async Task LandAsync(int stream, bool imported, params Sent[] messages)
    {
        _time.Now += TimeSpan.FromHours(1);
        var chain = await PartitionChain.OpenAsync(Lake, Stream(stream), _time, default);
        var batch = new MicroBatch();
        foreach (var (message, i) in messages.OrderBy(m => m.Enqueued).Select((m, i) => (m, i)))
        {
            batch.Add(new StreamRecord
            {
                Offset = chain.Next + i,
                DeviceId = message.Device,
                MessageId = message.Id,
                EnqueuedTime = At(message.Enqueued).ToUnixMicros(),
                Body = Encoding.UTF8.GetBytes(message.Body),
            });
        }

        batch.Stamp(chain.Known, chain.Landed, _time.GetUtcNow().ToUnixTimeMilliseconds() * 1000, imported);
        await new PartitionLanding(await SilverAsync(), chain).LandAsync(batch, default);
    }

    public async Task PatientsAsync(params string[] ids) =>
        await AppendAsync(ReferenceKinds.Roster, [.. ids.Select(id => new Patient { PatientId = id, CareTeamId = "north", Known = Begin })]);

    /// <summary>States that a patient lives in a zone from now on.</summary>
    public Task MoveAsync(string id, string zone)
    {
        _time.Now += TimeSpan.FromHours(1);
        return AppendAsync(ReferenceKinds.Roster, new Patient { PatientId = id, CareTeamId = "north", TimeZone = zone, Known = Instant.FromDateTimeOffset(_time.Now) });
    }

    /// <summary>States who had a device; known now where nothing else is said.</summary>
    public Task AssignAsync(string device, string patient, double from, double? to = null, double? known = null)
    {
        _time.Now += TimeSpan.FromHours(1);
        return AppendAsync(ReferenceKinds.Assignments, new DeviceAssignment
        {
            DeviceId = device,
            PatientId = patient,
            From = At(from),
            To = to is { } t ? At(t) : null,
            Known = known is { } k ? At(k) : Instant.FromDateTimeOffset(_time.Now),
        });
    }

    /// <summary>Brings the mapping of the odd device into force, version 1 or 2.</summary>
    public async Task ActivateAsync(int version)
    {
        _time.Now += TimeSpan.FromHours(1);
        var document = $$$"""
            {"schemaVersion": 1, "name": "odd-device", "version": {{{version}}}, "description": "A device of the tests", "match": {"shape": [["p", "q"]]},
             "readings": [{"code": "8867-4", "value": "{{{(version == 1 ? "p" : "q")}}}", "unit": "/min"}]}
            """;
        await new HistoryCommands(_home.Store, _time).ActivateAsync(DeviceMapping.Parse(Encoding.UTF8.GetBytes(document), VitalSignCatalog.Default), default);
    }

    public async Task ReprocessAsync()
    {
        _time.Now += TimeSpan.FromHours(1);
        await new HistoryCommands(_home.Store, _time).ReprocessAsync(null, null, default);
    }

    /// <summary>Seals what is due two hours from now.</summary>
    public async Task<int> SealAsync()
    {
        _time.Now += TimeSpan.FromHours(2);
        var count = 0;
        foreach (var partition in await BronzeFile.PartitionsAsync(Lake, default))
        {
            count += (await new Sealing(Lake, await SilverAsync(), _time).RunAsync(partition, default)).Sealed;
        }

        return count;
    }

    public Task<Compacted> CompactAsync(CompactionOptions? options = null) => CompactionStage.RunAsync(_home.Store, options ?? new CompactionOptions(), default);

    /// <summary>The rows of all files of a manifest, in an order that neither days nor shards matter to.</summary>
    public async Task<IReadOnlyList<string>> RowsAsync(ObservationsManifest manifest)
    {
        var rows = new List<string>();
        foreach (var file in manifest.Files)
        {
            rows.AddRange(Rows(TelemetryTables.ToObservations(await Lake.ReadVerifiedTableAsync(file.Path, file.Sha256, null, default), VitalSignCatalog.Default)));
        }

        return [.. rows.Order(StringComparer.Ordinal)];
    }

    /// <summary>The same of one resolution of everything there is, and its counts.</summary>
    public async Task<(IReadOnlyList<string> Rows, ResolvedObservations Resolved)> ResolveAllAsync()
    {
        var silver = await SilverAsync();
        var streams = new List<(string, ReadingBatch)>();
        foreach (var partition in await BronzeFile.PartitionsAsync(Lake, default))
        {
            await silver.CatchUpAsync(partition, default);
            streams.AddRange((await SilverReadings.ReadAsync(Lake, silver, partition, long.MaxValue, default)).Select(piece => (partition.ToString(), piece)));
        }

        var reference = await _home.Store.Reference.LoadAsync(await _home.Store.Reference.PositionAsync(default), default);
        var resolved = ObservationResolver.Resolve(streams, new AssignmentIndex(reference.Assignments));
        return ([.. Rows(resolved.Observations).Order(StringComparer.Ordinal)], resolved);
    }

    /// <summary>The values held last, by patient, vital and time.</summary>
    public static IReadOnlyList<double> Values(PatientObservations observations) =>
        [.. observations.PatientIds.SelectMany(id => VitalSignCatalog.Default.Vitals.SelectMany(v => observations.Held(id, v.Index, long.MinValue, long.MaxValue, UnixMicros.Open - 1))).Select(r => r.Value)];

    public ValueTask DisposeAsync() => _home.DisposeAsync();

    private static IEnumerable<string> Rows(ObservationBatch all) => Enumerable.Range(0, all.Count).Select(i => string.Create(
        CultureInfo.InvariantCulture,
        $"{all.PatientId[i]} {all.EffectiveTime[i]} {all.Value[i]} {all.KnownFrom[i]} {all.KnownTo[i]} {all.DeviceId[i]} {all.Stream[i]} {all.Offset[i]} {all.Ordinal[i]}"));

    private Task<Silver> SilverAsync() => Silver.OpenAsync(Lake, _home.Store.Reference, default);

    private async Task AppendAsync<T>(string kind, params T[] rows) =>
        await _home.Store.Reference.AppendAsync(kind, Encoding.UTF8.GetBytes(string.Concat(rows.Select(r => ReferenceJson.ToLine(r) + "\n"))), default);

    /// <summary>Time that stands still until it is set.</summary>
    internal sealed class SetTime : TimeProvider
    {
        public DateTimeOffset Now { get; set; }

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
