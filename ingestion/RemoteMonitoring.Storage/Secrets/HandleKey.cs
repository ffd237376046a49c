using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Storage.Secrets;

/// <summary>
/// The secret by which patients are named where their ids must not stand: in addresses, and in what is sent to others. Made at random when
/// first asked for; with another key everybody has another name, and addresses that were given out lead nowhere.
/// </summary>
public sealed class HandleKey
{
    private const int HandleBytes = 16;

    private readonly byte[] _key;

    private HandleKey(byte[] key) => _key = key;

    /// <summary>The secret itself, 32 bytes.</summary>
    public ReadOnlyMemory<byte> Bytes => _key;

    /// <summary>A key from where secrets are kept: 64 hex digits. Text that is none throws <see cref="LakeException"/>.</summary>
    public static HandleKey Parse(string hex, string nameForPeople) => SecretFile.TryParse(hex) is { } key
        ? new HandleKey(key)
        : throw new LakeException($"{nameForPeople}: is no key of handles (64 hex digits). Restore it, or delete it to have another made: addresses of patients that were given out then lead nowhere.");

    /// <summary>The key in a file, which is made where it is not there, durable and for its owner alone.</summary>
    public static HandleKey FindOrMake(string file)
    {
        if (SecretFile.TryRead(file) is null)
        {
            SecretFile.Make(file);
        }

        return Parse(SecretFile.TryRead(file)!, file);
    }

    /// <summary>The name of a patient: 22 characters that may stand in an address, from which nobody without the key can tell the patient.</summary>
    public static string HandleOf(ReadOnlySpan<byte> key, string patientId) =>
        Base64Url.EncodeToString(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(patientId)).AsSpan(0, HandleBytes));

    /// <summary>The name of a patient by this key.</summary>
    public string HandleOf(string patientId) => HandleOf(_key, patientId);

    /// <summary>Another secret that follows from this one, of 32 bytes, and is good for one purpose.</summary>
    public byte[] For(string purpose) => HKDF.Expand(HashAlgorithmName.SHA256, _key, SecretFile.Bytes, Encoding.UTF8.GetBytes(purpose));
}
