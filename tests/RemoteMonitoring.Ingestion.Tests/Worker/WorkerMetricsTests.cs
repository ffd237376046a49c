using System.Diagnostics.Metrics;
using RemoteMonitoring.Ingestion.Worker;

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
}
