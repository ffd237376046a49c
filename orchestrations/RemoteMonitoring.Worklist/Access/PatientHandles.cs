using System.Collections.Concurrent;
using RemoteMonitoring.Storage.Secrets;

namespace RemoteMonitoring.Worklist.Access;

/// <summary>
/// Names for patients that may stand in an address: keyed hashes, the same as long as the key is, from which nobody without the key
/// can tell a patient.
/// </summary>
public sealed class PatientHandles(ReadOnlyMemory<byte> key)
{
    private readonly ConcurrentDictionary<string, string> _patients = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _handles = new(StringComparer.Ordinal);

    /// <summary>The handle of a patient.</summary>
    public string Of(string patientId) => _handles.GetOrAdd(patientId, id =>
    {
        var handle = HandleKey.HandleOf(key.Span, id);
        _patients[handle] = id;
        return handle;
    });

    /// <summary>The patient of a handle, of those that were ever asked for; null for any other text.</summary>
    public string? Find(string handle) => _patients.GetValueOrDefault(handle);
}
