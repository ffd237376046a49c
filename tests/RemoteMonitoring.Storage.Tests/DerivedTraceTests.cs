using System.Diagnostics;

namespace RemoteMonitoring.Storage.Tests;

public sealed class DerivedTraceTests : IDisposable
{
    private readonly ActivitySource _source = new("a test of derived traces");
    private readonly List<ActivityTraceId> _sampled = [];
    private readonly ActivityListener _listener;

    public DerivedTraceTests()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source == _source,
            Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
            {
                _sampled.Add(options.TraceId);
                return ActivitySamplingResult.AllDataAndRecorded;
            },
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public void Dispose()
    {
        _listener.Dispose();
        _source.Dispose();
    }

    [Fact]
    public void A_span_is_first_of_the_trace_that_its_name_stands_for_and_a_sampler_sees_it_so()
    {
        var trace = DerivedTrace.Of("landing", "bronze/a");
        using var outer = _source.StartActivity("outer")!;
        using var span = DerivedTrace.Start(_source, "span", trace)!;
        Assert.Equal((trace.TraceId, default), (span.TraceId, span.ParentSpanId));
        Assert.Equal([outer.TraceId, trace.TraceId], _sampled);
        Assert.NotEqual(trace.SpanId, span.SpanId);
        using var inner = _source.StartActivity("inner")!;
        Assert.Equal((trace.TraceId, span.SpanId), (inner.TraceId, inner.ParentSpanId));
    }

    [Fact]
    public void The_next_first_span_of_the_same_thread_is_of_a_trace_of_its_own()
    {
        var trace = DerivedTrace.Of("landing", "bronze/a");
        DerivedTrace.Start(_source, "span", trace)!.Dispose();
        using var other = _source.StartActivity("other")!;
        Assert.NotEqual(trace.TraceId, other.TraceId);
        Assert.NotEqual(default, other.TraceId);
    }

    [Fact]
    public void Who_links_later_finds_the_same_trace_and_nobody_else_s()
    {
        Assert.Equal(DerivedTrace.Of("landing", "bronze/a"), DerivedTrace.Of("landing", "bronze/a"));
        var traces = new[] { ("landing", "bronze/a"), ("landing", "bronze/b"), ("run", "bronze/a") }.Select(n => DerivedTrace.Of(n.Item1, n.Item2)).ToArray();
        Assert.Equal(3, traces.Select(t => t.TraceId).Distinct().Count());
        Assert.Equal(3, traces.Select(t => t.SpanId).Distinct().Count());
        Assert.True(DerivedTrace.Of("", "").IsValid());
    }

    [Fact]
    public void A_mark_links_to_what_is_under_way_and_leaves_it_under_way()
    {
        var trace = DerivedTrace.Of("lists", "run-1");
        Activity? mark = null;
        _listener.ActivityStopped = stopped => mark ??= stopped;
        using var step = _source.StartActivity("step")!;
        DerivedTrace.Mark(_source, "lists", trace);
        Assert.Same(step, Activity.Current);
        Assert.Equal(("lists", trace.TraceId, step.Context), (mark!.DisplayName, mark.TraceId, Assert.Single(mark.Links).Context));
    }

    [Fact]
    public void Where_nobody_listens_nothing_is_started_and_what_is_current_stays()
    {
        using var deaf = new ActivitySource("nobody listens");
        using var outer = _source.StartActivity("outer")!;
        Assert.Null(DerivedTrace.Start(deaf, "span", DerivedTrace.Of("a", "b")));
        Assert.Same(outer, Activity.Current);
    }
}

file static class Contexts
{
    public static bool IsValid(this ActivityContext context) => context.TraceId != default && context.SpanId != default;
}
