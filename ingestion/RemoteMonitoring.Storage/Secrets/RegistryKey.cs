using System.Security.Cryptography;
using System.Text;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Storage.Secrets;

/// <summary>
/// The secret with which decisions about models are signed (HMAC-SHA256). Made at random by the first decision; without it nobody can
/// tell whether those that are there were altered, and no other can be made.
/// </summary>
public sealed class RegistryKey
{
    private readonly byte[] _key;

    private RegistryKey(byte[] key)
    {
        _key = key;
        Id = Sign("key", [])[..16];
    }

    /// <summary>Tells this key from others.</summary>
    public string Id { get; }

    /// <summary>A key from where secrets are kept: 64 hex digits. Text that is none throws <see cref="LakeException"/>.</summary>
    public static RegistryKey Parse(string hex, string nameForPeople) => SecretFile.TryParse(hex) is { } key
        ? new RegistryKey(key)
        : throw new LakeException($"{nameForPeople}: is no key of the registry (64 hex digits). Restore it: without it decisions about models can be neither verified nor made.");

    /// <summary>The key in a file, or null where there is none.</summary>
    public static RegistryKey? Find(string file) => SecretFile.TryRead(file) is { } text ? Parse(text, file) : null;

    /// <summary>The key in a file, which is made where it is not there, durable and for its owner alone.</summary>
    public static RegistryKey FindOrMake(string file)
    {
        if (Find(file) is { } key)
        {
            return key;
        }

        SecretFile.Make(file);
        return Find(file)!;
    }

    /// <summary>Signature of bytes that stand for something, lower-case hex.</summary>
    /// <param name="what">What they stand for: the same bytes as something else have another signature.</param>
    /// <param name="bytes">The bytes.</param>
    public string Sign(string what, ReadOnlySpan<byte> bytes)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key);
        hash.AppendData(Encoding.UTF8.GetBytes(what + "\n"));
        hash.AppendData(bytes);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Whether a signature is of these bytes as that.</summary>
    public bool Verifies(string signature, string what, ReadOnlySpan<byte> bytes) =>
        CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(signature), Encoding.ASCII.GetBytes(Sign(what, bytes)));
}
