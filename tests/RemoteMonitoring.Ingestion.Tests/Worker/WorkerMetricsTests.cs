using System.Diagnostics.Metrics;
using NodaTime;
using RemoteMonitoring.Ingestion.Watermarks;
using RemoteMonitoring.Ingestion.Worker;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Ingestion.Tests.Worker;

public sealed class WorkerMetricsTests
{
    [Fact]
    public void How_far_behind_a_worker_is_is_stated_and_nothing_while_the_stream_cannot_be_asked()
    {
        var state = new WorkerState { Lag = 12 };
        using var meters = new WorkerRun.Meters();
        using var metrics = new WorkerMetrics(meters, state, () => 0);
        var stated = new List<long>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Meter.Scope == meters && instrument.Name == "remotemonitoring.ingestion.lag")
                {
                    l.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => stated.Add(value));
        listener.Start();
        listener.RecordObservableInstruments();
        state.Lag = long.MaxValue;
        listener.RecordObservableInstruments();
        state.Lag = 0;
        listener.RecordObservableInstruments();
        Assert.Equal([12, 0], stated);
    }

    [Fact]
    public void How_long_the_oldest_message_has_waited_is_stated_zero_where_none_does_and_since_it_was_told_where_nobody_reads()
    {
        var now = Instant.FromUnixTimeSeconds(1_000);
        LandingStatement Statement(long stated, long? waiting) => new(
            new StreamPartition("hub", "epoch", 0), now - Duration.FromSeconds(stated + 60), now - Duration.FromSeconds(stated), waiting is { } since ? now - Duration.FromSeconds(since) : null);
        var state = new WorkerState();
        using var meters = new WorkerRun.Meters();
        using var metrics = new WorkerMetrics(meters, state, () => 0, new Clock(now));
        var stated = new List<double>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Meter.Scope == meters && instrument.Name == WorkerMetrics.WaitingAge)
                {
                    l.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<double>((_, value, _, _) => stated.Add(value));
        listener.Start();
        foreach (var statements in (LandingStatement[][])[[], [Statement(70, null)], [Statement(5, null), Statement(5, 30)], [Statement(121, null)]])
        {
            state.Stated = statements;
            listener.RecordObservableInstruments();
        }

        Assert.Equal([0, 30, 121], stated);
    }

    private sealed class Clock(Instant now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now.ToDateTimeOffset();
    }
}
