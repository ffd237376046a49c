using System.Diagnostics.Metrics;
using NodaTime;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Ingestion.Worker;

/// <summary>The worker's instruments. Tags have few values: hubs and reasons, never devices or patients.</summary>
public sealed class WorkerMetrics : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "RemoteMonitoring.Ingestion";

    /// <summary>Gauge: age of the oldest message that the hub has and the lake has not, in seconds, 0 where there is none; silent while that cannot be said.</summary>
    public const string WaitingAge = "remotemonitoring.ingestion.waiting.age";

    private readonly Meter _meter;
    private readonly Counter<long> _landed;
    private readonly Counter<long> _accepted;
    private readonly Counter<long> _rejected;
    private readonly Counter<long> _lost;
    private readonly Counter<long> _documents;
    private readonly Counter<long> _failures;
    private readonly Histogram<double> _age;

    /// <summary>Makes the instruments; lag and request units are asked for when somebody collects. The clock is for ages; default the system's.</summary>
    public WorkerMetrics(IMeterFactory meters, WorkerState state, Func<double> requestUnits, TimeProvider? time = null)
    {
        var clock = time ?? TimeProvider.System;
        _meter = meters.Create(MeterName);
        _landed = _meter.CreateCounter<long>("remotemonitoring.ingestion.landed", "{message}", "Messages landed in bronze");
        _accepted = _meter.CreateCounter<long>("remotemonitoring.ingestion.accepted", "{reading}", "Readings accepted");
        _rejected = _meter.CreateCounter<long>("remotemonitoring.ingestion.rejected", "{reading}", "Readings rejected, by reason");
        _lost = _meter.CreateCounter<long>("remotemonitoring.ingestion.lost", "{message}", "Offsets that the source no longer had");
        _documents = _meter.CreateCounter<long>("remotemonitoring.ingestion.documents", "{document}", "Documents written");
        _failures = _meter.CreateCounter<long>("remotemonitoring.ingestion.failures", "{attempt}", "Attempts to land or to write documents that failed");
        _age = _meter.CreateHistogram<double>("remotemonitoring.ingestion.age", "s", "Age of a batch's oldest message, from the hub to the lake");
        _meter.CreateObservableGauge(
            "remotemonitoring.ingestion.lag",
            () => state.Lag is < long.MaxValue and var lag ? [new Measurement<long>(lag)] : Array.Empty<Measurement<long>>(), // a source may not be able to say
            "{message}",
            "Messages that the source has and the lake has not");
        _meter.CreateObservableGauge(
            WaitingAge,
            () => state.Stated is { Count: > 0 } stated ? [new Measurement<double>(stated.Max(s => s.Behind(Instant.FromDateTimeOffset(clock.GetUtcNow())).TotalSeconds))] : Array.Empty<Measurement<double>>(),
            "s",
            "Age of the oldest message that the hub has and the lake has not; 0 where there is none");
        _meter.CreateObservableCounter("remotemonitoring.ingestion.request_units", requestUnits, "{request_unit}", "Request units paid for documents");
    }

    /// <inheritdoc />
    public void Dispose() => _meter.Dispose();

    internal void Landed(in LandedBatch batch, double ageSeconds)
    {
        _landed.Add(batch.Rows);
        _accepted.Add(batch.Accepted);
        foreach (var (reason, count) in batch.Rejected)
        {
            _rejected.Add(count, new KeyValuePair<string, object?>("reason", reason.ToText()));
        }

        _age.Record(ageSeconds);
    }

    internal void Lost(long messages) => _lost.Add(messages);

    internal void Documents(long written) => _documents.Add(written);

    internal void Failed(string what) => _failures.Add(1, new KeyValuePair<string, object?>("what", what));
}
