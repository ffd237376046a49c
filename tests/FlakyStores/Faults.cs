using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.FlakyStores;

/// <summary>What a call suffers.</summary>
internal enum Suffered
{
    /// <summary>Nothing.</summary>
    Nothing,

    /// <summary>It fails before it did anything.</summary>
    Refused,

    /// <summary>It is done, and fails then.</summary>
    ReplyLost,
}

/// <summary>
/// Fails a share of the calls it is asked about, by a seed: half of them before anything was done, half after, as when a reply is lost.
/// What it throws is transient. Safe for several threads; which call of several at once fails is then theirs to settle.
/// </summary>
internal sealed class Faults(int seed, double share = 0.2)
{
    private readonly Random _random = new(seed);
    private readonly Lock _lock = new();
    private readonly int[] _suffered = new int[3];

    /// <summary>What the next calls suffer, before chance decides again.</summary>
    public Queue<Suffered> Next { get; } = [];

    /// <summary>What others do right after the next call that fails.</summary>
    public Func<Task>? Meanwhile { get; set; }

    /// <summary>How many calls suffered this.</summary>
    public int Count(Suffered what) => Volatile.Read(ref _suffered[(int)what]);

    public async Task<T> CallAsync<T>(string name, Func<Task<T>> call)
    {
        var suffers = Draw();
        var answer = suffers == Suffered.Refused ? default : await call();
        if (suffers == Suffered.Nothing)
        {
            return answer!;
        }

        if (Meanwhile is { } others)
        {
            Meanwhile = null;
            await others();
        }

        throw new LakeException($"{name}: {(suffers == Suffered.Refused ? "the store is busy (503)" : "the reply was lost")}") { IsTransient = true };
    }

    private Suffered Draw()
    {
        lock (_lock)
        {
            if (!Next.TryDequeue(out var suffers))
            {
                var drawn = _random.NextDouble();
                suffers = drawn < share / 2 ? Suffered.Refused : drawn < share ? Suffered.ReplyLost : Suffered.Nothing;
            }

            _suffered[(int)suffers]++;
            return suffers;
        }
    }
}
