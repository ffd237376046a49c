namespace RemoteMonitoring.Workflows.Tests.Engine;

/// <summary>The machine's time, as far off as a test wants; time that has passed is the machine's.</summary>
internal sealed class OffsetTime : TimeProvider
{
    private long _ticks;

    public void Move(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddTicks(Interlocked.Read(ref _ticks));
}
