using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Ingestion.Tests.Landing;

/// <summary>A lake that is what another is, but for what a test changes.</summary>
internal abstract class AlteredLake(Lake lake) : Lake
{
    protected Lake Inner => lake;

    public override string NameOf(string path) => lake.NameOf(path);

    public override Task<bool> TryCreateAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => lake.TryCreateAsync(path, content, cancellationToken);

    public override Task ReplaceAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => lake.ReplaceAsync(path, content, cancellationToken);

    public override Task<bool> ExistsAsync(string path, CancellationToken cancellationToken) => lake.ExistsAsync(path, cancellationToken);

    public override Task<byte[]?> TryReadAsync(string path, CancellationToken cancellationToken) => lake.TryReadAsync(path, cancellationToken);

    public override Task<Stream> OpenReadAsync(string path, CancellationToken cancellationToken) => lake.OpenReadAsync(path, cancellationToken);

    public override Task<IReadOnlyList<string>> ListAsync(string folder, CancellationToken cancellationToken) => lake.ListAsync(folder, cancellationToken);

    public override Task<bool> DeleteAsync(string path, CancellationToken cancellationToken) => lake.DeleteAsync(path, cancellationToken);
}

/// <summary>Creates and deletes so many files, and then no more: at the next, or right after it.</summary>
internal sealed class CrashingLake(Lake lake, int steps, bool after) : AlteredLake(lake)
{
    private int _left = steps;

    public override Task<bool> TryCreateAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        StepAsync(() => base.TryCreateAsync(path, content, cancellationToken));

    public override Task<bool> DeleteAsync(string path, CancellationToken cancellationToken) => StepAsync(() => base.DeleteAsync(path, cancellationToken));

    private async Task<bool> StepAsync(Func<Task<bool>> step)
    {
        var crashes = _left-- == 0;
        var done = (!crashes || after) && await step();
        return crashes ? throw new LakeException("the process was killed") : done;
    }
}

/// <summary>Leaves a file out of its lists, as one that was taken while files came and went.</summary>
internal sealed class HidingLake(Lake lake, string hidden) : AlteredLake(lake)
{
    public override async Task<IReadOnlyList<string>> ListAsync(string folder, CancellationToken cancellationToken) =>
        [.. (await base.ListAsync(folder, cancellationToken)).Where(p => p != hidden)];
}

/// <summary>Sleeps, once it is told to, right before it creates; and may die right after.</summary>
internal sealed class SleepingLake(Lake lake, Func<Task<string>> meanwhile, bool dies) : AlteredLake(lake)
{
    public bool Sleepy { get; set; }

    /// <summary>What was to be read when it woke.</summary>
    public string ReadingThen { get; private set; } = "";

    public override async Task<bool> TryCreateAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        if (!Sleepy)
        {
            return await base.TryCreateAsync(path, content, cancellationToken);
        }

        Sleepy = false;
        ReadingThen = await meanwhile();
        var created = await base.TryCreateAsync(path, content, cancellationToken);
        Assert.True(created);
        return dies ? throw new LakeException("the process was killed") : created;
    }
}
