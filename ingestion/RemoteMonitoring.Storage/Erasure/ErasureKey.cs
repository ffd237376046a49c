using System.Security.Cryptography;
using System.Text;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Secrets;

namespace RemoteMonitoring.Storage.Erasure;

/// <summary>
/// The secret with which tombstones hash whom they are of. Made at random by the first erasure; without it nothing that was
/// erased can be recognised, so a lake that has tombstones cannot be used without it.
/// </summary>
public sealed class ErasureKey
{
    private readonly byte[] _key;

    private ErasureKey(byte[] key)
    {
        _key = key;
        Id = Hash("key", "")[..16];
    }

    /// <summary>Tells this key from others.</summary>
    public string Id { get; }

    /// <summary>A key from where secrets are kept: 64 hex digits. Text that is none throws <see cref="LakeException"/>.</summary>
    public static ErasureKey Parse(string hex, string nameForPeople) => SecretFile.TryParse(hex) is { } key
        ? new ErasureKey(key)
        : throw new LakeException($"{nameForPeople}: is no key of erasures (64 hex digits). Restore it: without it what was erased cannot be kept out.");

    /// <summary>The key in a file, or null where there is none.</summary>
    public static ErasureKey? Find(string file) => SecretFile.TryRead(file) is { } text ? Parse(text, file) : null;

    /// <summary>The key in a file, which is made where it is not there, durable and for its owner alone.</summary>
    public static ErasureKey FindOrMake(string file)
    {
        if (Find(file) is { } key)
        {
            return key;
        }

        SecretFile.Make(file);
        return Find(file)!;
    }

    /// <summary>A key for this moment only, to see what an erasure would do.</summary>
    public static ErasureKey Passing() => new(RandomNumberGenerator.GetBytes(SecretFile.Bytes));

    /// <summary>Keyed hash of a patient's id.</summary>
    public string OfPatient(string patientId) => Hash("patient", patientId);

    /// <summary>Keyed hash of a device's id.</summary>
    public string OfDevice(string deviceId) => Hash("device", deviceId);

    private string Hash(string kind, string id) => Convert.ToHexStringLower(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes($"{kind}\n{id}")));
}
