using System.Diagnostics.Metrics;
using System.Text.Json.Serialization;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Workflows.Tests.Engine;

public sealed partial class StepFiguresTests : IMeterFactory
{
    private readonly List<Meter> _meters = [];
    private readonly List<string> _stated = [];

    [Fact]
    public async Task Steps_are_counted_and_timed_by_name_and_by_what_came_of_them()
    {
        using var listener = Listen();
        var step = new ActivityDefinition<string, string>("a-step", StepJson.Default.String, StepJson.Default.String);
        var registry = new WorkflowRegistry { Metrics = new WorkflowMetrics(this) }.Add(step, async (input, token) =>
        {
            await Task.Yield();
            token.ThrowIfCancellationRequested();
            return input == "zz-secret" ? throw new InvalidOperationException(input) : input;
        });
        Assert.Equal("\"well\"", await registry.RunAsync("a-step", "\"well\"", default));
        await Assert.ThrowsAsync<InvalidOperationException>(() => registry.RunAsync("a-step", "\"zz-secret\"", "run-1", default));
        await Assert.ThrowsAsync<OperationCanceledException>(() => registry.RunAsync("a-step", "\"well\"", new CancellationToken(true)));
        await Assert.ThrowsAsync<PermanentFailureException>(() => registry.RunAsync("no-step", "\"zz-secret\"", default));
        Assert.Equal(
            [
                "remotemonitoring.workflows.step.duration step=a-step outcome=done", "remotemonitoring.workflows.step.duration step=a-step outcome=failed",
                "remotemonitoring.workflows.step.duration step=a-step outcome=cancelled",
            ],
            _stated);
    }

    [Fact]
    public void Nights_and_deliveries_are_counted_by_task_and_outcome_alone()
    {
        using var listener = Listen();
        var metrics = new WorkflowMetrics(this);
        metrics.Published("admission-7d", 10, 2, 5);
        metrics.Delivered(DeliveryStatus.Refused);
        Assert.Equal(
            [
                "remotemonitoring.nights.scored 10 task=admission-7d", "remotemonitoring.nights.set_aside 2 task=admission-7d", "remotemonitoring.nights.listed 5 task=admission-7d",
                "remotemonitoring.follow_ups.deliveries 1 outcome=refused",
            ],
            _stated);
    }

    public Meter Create(MeterOptions options)
    {
        options.Scope = this;
        _meters.Add(new Meter(options));
        return _meters[^1];
    }

    public void Dispose() => _meters.ForEach(m => m.Dispose());

    private MeterListener Listen()
    {
        var listener = new MeterListener
        {
            InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Meter.Scope == this)
                {
                    l.EnableMeasurementEvents(instrument);
                }
            },
        };
        string Tags(ReadOnlySpan<KeyValuePair<string, object?>> tags) => string.Join(' ', tags.ToArray().Select(t => $"{t.Key}={t.Value}"));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => _stated.Add(value > 0 ? $"{instrument.Name} {Tags(tags)}" : "no time passed"));
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => _stated.Add($"{instrument.Name} {value} {Tags(tags)}"));
        listener.Start();
        return listener;
    }

    [JsonSerializable(typeof(string))]
    private sealed partial class StepJson : JsonSerializerContext;
}
