namespace RemoteMonitoring.Ingestion.Erasure;

/// <summary>A file, or a container of documents, that an erasure changed.</summary>
/// <param name="Place">Which part of the pipeline.</param>
/// <param name="Name">Lake path, or name of the container.</param>
/// <param name="Rows">Rows, lines, messages or documents that went; null where the file was made anew from what is left.</param>
/// <param name="Sha256">Hash of the new generation; null where it was deleted, or is no file of the lake.</param>
public sealed record ErasedThing(string Place, string Name, long? Rows, string? Sha256);

/// <summary>What an erasure did, as it gathers.</summary>
public sealed class ErasureReport
{
    private readonly SortedDictionary<(string, string), ErasedThing> _things = [];

    /// <summary>What was changed, by place and name.</summary>
    public IReadOnlyCollection<ErasedThing> Things => _things.Values;

    /// <summary>Messages that went on with the readings of others.</summary>
    public int Rewritten { get; set; }

    /// <summary>Readings of others that went with a message whose form does not allow to take one reading out.</summary>
    public int OthersLost { get; set; }

    /// <summary>Models that were taught with rows of the patient, as <c>task/version</c>. They are not changed.</summary>
    public SortedSet<string> Models { get; } = new(StringComparer.Ordinal);

    /// <summary>Runs whose inputs or outputs were erased.</summary>
    public SortedSet<string> Runs { get; } = new(StringComparer.Ordinal);

    /// <summary>What may still hold something, and is not the erasure's to change.</summary>
    public SortedSet<string> Remains { get; } = new(StringComparer.Ordinal);

    /// <summary>Adds a thing; what an earlier attempt at the same erasure did counts too.</summary>
    public void Add(string place, string name, long? rows, string? sha256)
    {
        var before = _things.GetValueOrDefault((place, name));
        _things[(place, name)] = new ErasedThing(place, name, before?.Rows > (rows ?? 0) ? before.Rows : rows, sha256);
    }
}
