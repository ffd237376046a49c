namespace RemoteMonitoring.Benchmarks;

/// <summary>What one run of a side measured.</summary>
/// <param name="Value">In the case's unit.</param>
/// <param name="Said">More about it, for people; null where there is nothing to say.</param>
internal readonly record struct Measured(double Value, string? Said = null);

/// <summary>
/// A case: ours beside its peer. To add one, derive from this in a file of its own; the program finds it by its name. Runs
/// of both sides alternate, so that whatever else the machine does meets both.
/// </summary>
internal abstract class Benchmark
{
    /// <summary>What it is called on the command line.</summary>
    public abstract string Name { get; }

    /// <summary>Unit of both values.</summary>
    public abstract string Unit { get; }

    /// <summary>What the peer is.</summary>
    public abstract string PeerName { get; }

    /// <summary>Runs of each side whose median counts; one more of each warms up.</summary>
    public virtual int Runs => 5;

    /// <summary>Peak memory of ours in MiB, where it is measured in a process of its own; null for that of the whole program.</summary>
    public virtual long? PeakMegabytes => null;

    /// <summary>What else was measured, by name, said beside the values; null for nothing.</summary>
    public virtual IReadOnlyDictionary<string, object>? Beside => null;

    /// <summary>Makes ready what both sides use; files go below this folder, which is deleted afterwards.</summary>
    public virtual Task PrepareAsync(string folder) => Task.CompletedTask;

    /// <summary>One run of ours.</summary>
    public abstract Task<Measured> OursAsync();

    /// <summary>One run of the peer's, after one of ours.</summary>
    public abstract Task<Measured> PeerAsync();
}
