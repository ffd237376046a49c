using System.Globalization;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Cli.Worker;

/// <summary>
/// A lake that fails as stores do, with the chances that a specification gives: <c>seed=7,lost=0.05,busy=0.05,full=0.02,half=0.02</c>.
/// Lost: a file is created, and the reply says otherwise. Busy: refused, as with 429 or 503. Full: refused for some calls in
/// a row. Half: a half-written draft is left behind. For <c>rmon chaos</c> only.
/// </summary>
internal sealed class UnreliableLake : Lake
{
    /// <summary>How the faults end their one line.</summary>
    public const string LostReply = "the reply was lost";
    public const string Busy = "the store is busy (503)";
    public const string Full = "cannot be written (the disk is full)";

    private const int FullCalls = 5;

    private readonly Lake _lake;
    private readonly Random _random;
    private readonly Dictionary<string, double> _chances;
    private readonly Lock _lock = new();
    private int _fullFor;

    private UnreliableLake(Lake lake, Dictionary<string, double> spec) =>
        (_lake, _chances, _random) = (lake, spec, new Random((int)spec.GetValueOrDefault("seed", 1)));

    /// <summary>The same cohort behind a lake that fails.</summary>
    public static CohortStore Behind(CohortStore store, string spec)
    {
        var chances = new Dictionary<string, double>(StringComparer.Ordinal);
        foreach (var part in spec.Split(','))
        {
            if (part.Split('=') is not [var name, var text] || !double.TryParse(text, CultureInfo.InvariantCulture, out var chance))
            {
                throw new UserException($"--faults takes NAME=CHANCE, with commas between; got '{part}'.", ExitCodes.Usage);
            }

            chances[name] = chance;
        }

        return new CohortStore(store.Cohort, new UnreliableLake(store.Lake, chances), store.Documents, store.Folder);
    }

    public override string NameOf(string path) => _lake.NameOf(path);

    public override async Task<bool> TryCreateAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        RefuseSometimes(path);
        if (Happens("half") && _lake is LakeDirectory directory)
        {
            var draft = Path.Combine(directory.Root, ".drafts", $"half-{_random.Next():x8}");
            await File.WriteAllBytesAsync(draft, content[..(content.Length / 2)], cancellationToken);
        }

        var created = await _lake.TryCreateAsync(path, content, cancellationToken);
        return created && Happens("lost") ? throw new LakeException($"{NameOf(path)}: {LostReply}") { IsTransient = true } : created;
    }

    public override Task ReplaceAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        RefuseSometimes(path);
        return _lake.ReplaceAsync(path, content, cancellationToken);
    }

    public override Task<bool> ExistsAsync(string path, CancellationToken cancellationToken) => _lake.ExistsAsync(path, cancellationToken);

    public override Task<byte[]?> TryReadAsync(string path, CancellationToken cancellationToken)
    {
        BusySometimes(path);
        return _lake.TryReadAsync(path, cancellationToken);
    }

    public override Task<Stream> OpenReadAsync(string path, CancellationToken cancellationToken)
    {
        BusySometimes(path);
        return _lake.OpenReadAsync(path, cancellationToken);
    }

    public override Task<IReadOnlyList<string>> ListAsync(string folder, CancellationToken cancellationToken)
    {
        BusySometimes(folder);
        return _lake.ListAsync(folder, cancellationToken);
    }

    public override Task<bool> DeleteAsync(string path, CancellationToken cancellationToken)
    {
        BusySometimes(path);
        return _lake.DeleteAsync(path, cancellationToken);
    }

    private bool Happens(string what)
    {
        lock (_lock)
        {
            return _chances.TryGetValue(what, out var chance) && _random.NextDouble() < chance;
        }
    }

    private void BusySometimes(string path)
    {
        if (Happens("busy"))
        {
            throw new LakeException($"{NameOf(path)}: {Busy}") { IsTransient = true };
        }
    }

    private void RefuseSometimes(string path)
    {
        BusySometimes(path);
        if (Interlocked.Decrement(ref _fullFor) > 0)
        {
            throw new LakeException($"{NameOf(path)}: {Full}");
        }

        if (Happens("full"))
        {
            _fullFor = FullCalls;
        }
    }
}
