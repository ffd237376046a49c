using NodaTime;

namespace RemoteMonitoring.Workflows.Tests;

/// <summary>A clock that goes on only when it is told to.</summary>
internal sealed class ClockByHand(Instant now) : TimeProvider
{
    private long _ticks = now.ToUnixTimeTicks();

    public Instant Now
    {
        get => Instant.FromUnixTimeTicks(Interlocked.Read(ref _ticks));
        set => Interlocked.Exchange(ref _ticks, value.ToUnixTimeTicks());
    }

    public override DateTimeOffset GetUtcNow() => Now.ToDateTimeOffset();
}
